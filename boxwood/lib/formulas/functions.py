"""The list of functions of the spreadsheet dialect. Their code is in js/, with a file for each heading."""

from typing import NamedTuple


class Function(NamedTuple):
    name: str
    heading: str
    arguments: str  # [optional], and "…" where the last may be repeated
    meaning: str
    example: str
    result: str

    @property
    def least(self) -> int:
        return len([name for name in self._names() if not name.startswith(("[", "…"))])

    @property
    def most(self) -> int | None:
        return None if "…" in self.arguments else len(self._names())

    def _names(self) -> list[str]:
        return [name.strip() for name in self.arguments.split(",") if name.strip()]


# Functions whose arguments are computed only when needed, or whose arguments may be errors.
LAZY = frozenset(("IFS", "SWITCH", "CHOOSE", "IFERROR", "IFNA", "ISERROR", "ISERR", "ISNA"))
# For these functions a field is a range of a single cell: a value of the wrong type is skipped.
RANGES = frozenset(("SUM", "AVERAGE", "MIN", "MAX", "MEDIAN", "MODE", "PRODUCT", "COUNT", "COUNTA", "COUNTBLANK"))
# Functions whose value changes with time.
CLOCKS = frozenset(("TODAY", "NOW"))

_TABLE = r"""
# Logic
IF(condition, value if true, [value if false]) | One of two values | IF(2 > 1, "yes", "no") | yes
IFS(condition, value, …) | The value after the first condition that is true | IFS(1 > 2, "a", TRUE, "b") | b
SWITCH(subject, case, value, …) | The value after the case that equals the subject; a last value without a case is the default | SWITCH("b", "a", 1, "b", 2, 0) | 2
CHOOSE(index, choice, …) | The choice at a position, counted from 1 | CHOOSE(2, "low", "high") | high
AND(condition, …) | Whether all conditions are true | AND(TRUE, 1 < 2) | TRUE
OR(condition, …) | Whether any condition is true | OR(FALSE, 1 > 2) | FALSE
XOR(condition, …) | Whether an odd number of conditions are true | XOR(TRUE, TRUE) | FALSE
NOT(condition) | The opposite | NOT(FALSE) | TRUE
TRUE() | True; the parentheses are optional | TRUE() | TRUE
FALSE() | False; the parentheses are optional | FALSE() | FALSE
NA() | The error #N/A | IFNA(NA(), "none") | none
IFERROR(value, [value if error]) | The value, or the second value (default: blank) if the first is an error | IFERROR(1 / 0, "n/a") | n/a
IFNA(value, value if missing) | The same, but only for the error #N/A | IFNA(NA(), 0) | 0
ISERROR(value) | Whether it is an error | ISERROR(1 / 0) | TRUE
ISERR(value) | Whether it is an error other than #N/A | ISERR(NA()) | FALSE
ISNA(value) | Whether it is the error #N/A | ISNA(NA()) | TRUE
ISBLANK(value) | Whether it is blank, an empty text or an empty list | ISBLANK("") | TRUE
ISNUMBER(value) | Whether it is a number, or a text that looks like a number | ISNUMBER("1,200.50") | TRUE
ISTEXT(value) | Whether it is a text | ISTEXT("a") | TRUE
ISNONTEXT(value) | Whether it is anything but a text | ISNONTEXT(5) | TRUE
ISLOGICAL(value) | Whether it is TRUE or FALSE | ISLOGICAL(TRUE) | TRUE
ISDATE(value) | Whether it is a date, or a text that looks like a date | ISDATE("2024-02-29") | TRUE
ISEVEN(value) | Whether its whole part is even | ISEVEN(4.5) | TRUE
ISODD(value) | Whether its whole part is odd | ISODD(4) | FALSE
# Numbers
SUM(value, …) | The total | SUM(1, 2, 3.5) | 6.5
AVERAGE(value, …) | The mean; blanks do not count | AVERAGE(2, 4) | 3
MIN(value, …) | The smallest; the earliest of dates | MIN(4, 2, 9) | 2
MAX(value, …) | The largest; the latest of dates | MAX(4, 2, 9) | 9
MEDIAN(value, …) | The middle value | MEDIAN(1, 9, 3) | 3
MODE(value, …) | The most frequent value | MODE(4, 2, 4) | 4
PRODUCT(value, …) | The product of all values | PRODUCT(2, 3, 4) | 24
COUNT(value, …) | How many values are numbers or dates | COUNT(1, "two", 3) | 2
COUNTA(value, …) | How many values are not blank; for a list, its length | COUNTA(1, "two", "") | 2
COUNTBLANK(value, …) | How many values are blank | COUNTBLANK(1, "") | 1
ABS(value) | The value without its sign | ABS(-3) | 3
SIGN(value) | -1, 0 or 1 | SIGN(-3) | -1
INT(value) | The next whole number down | INT(-2.5) | -3
TRUNC(value, [places]) | The value cut off after this number of decimals | TRUNC(-2.59, 1) | -2.5
ROUND(value, [places]) | Rounded; halves away from zero | ROUND(2.345, 2) | 2.35
ROUNDUP(value, [places]) | Rounded away from zero | ROUNDUP(2.301, 1) | 2.4
ROUNDDOWN(value, [places]) | Rounded towards zero | ROUNDDOWN(1299, -2) | 1200
MROUND(value, factor) | The nearest multiple | MROUND(17, 5) | 15
CEILING(value, [factor]) | The next multiple up | CEILING(7.2, 5) | 10
FLOOR(value, [factor]) | The next multiple down | FLOOR(7.2, 5) | 5
EVEN(value) | The next even whole number, away from zero | EVEN(3) | 4
ODD(value) | The next odd whole number, away from zero | ODD(-2) | -3
MOD(dividend, divisor) | The remainder of a division, with the divisor's sign | MOD(-7, 3) | 2
QUOTIENT(dividend, divisor) | The whole part of a division | QUOTIENT(7, 2) | 3
POWER(value, exponent) | A power; the same as ^ | POWER(2, 10) | 1024
SQRT(value) | The square root | SQRT(81) | 9
EXP(exponent) | A power of e | EXP(0) | 1
LN(value) | The natural logarithm | LN(1) | 0
LOG(value, [base]) | The logarithm; the default base is 10 | LOG(8, 2) | 3
LOG10(value) | The logarithm to base 10 | LOG10(1000) | 3
PI() | 3.14159… | ROUND(PI(), 4) | 3.1416
N(value) | A number unchanged, TRUE as 1, a date as its day number, a text as 0 | N(TRUE) | 1
# Text
CONCATENATE(value, …) | All values joined to one text; the same as & | CONCATENATE("a", 1, "b") | a1b
CONCAT(value, …) | The same | CONCAT("a", "b") | ab
JOIN(between, value, …) | All values joined to one text, with a separator | JOIN("-", 1, 2, 3) | 1-2-3
TEXTJOIN(between, skip blanks, value, …) | The same; skip blanks if the second argument is true | TEXTJOIN(", ", TRUE, "a", "", "b") | a, b
SPLIT(text, between) | The parts of the text, as a list | COUNTA(SPLIT("a,b,c", ",")) | 3
LEFT(text, [length]) | The first characters | LEFT("Boxwood", 3) | Box
RIGHT(text, [length]) | The last characters | RIGHT("Boxwood", 4) | wood
MID(text, start, length) | Characters from the middle, counted from 1 | MID("Boxwood", 4, 2) | wo
LEN(value) | The number of characters; for a list, of items | LEN("Boxwood") | 7
UPPER(text) | The text in capitals | UPPER("box") | BOX
LOWER(text) | The text in small letters | LOWER("BOX") | box
PROPER(text) | Each word with a capital | PROPER("ada lovelace") | Ada Lovelace
TRIM(text) | The text without spaces at both ends and with single spaces inside | TRIM("  a   b ") | a b
CLEAN(text) | The text without characters that cannot be printed | CLEAN("a" & CHAR(7) & "b") | ab
SUBSTITUTE(text, old, new, [occurrence]) | The text with one part replaced by another, everywhere or once | SUBSTITUTE("a-b-c", "-", "+", 2) | a-b+c
REPLACE(text, start, length, new) | The text with the characters at a position replaced | REPLACE("2023-05", 1, 4, "2024") | 2024-05
FIND(sought, text, [start]) | The position of one text in another, counted from 1 | FIND("w", "Boxwood") | 4
SEARCH(sought, text, [start]) | The same, ignoring capitals | SEARCH("W", "Boxwood") | 4
REPT(text, times) | The text repeated | REPT("★", 3) | ★★★
EXACT(text, text) | Whether two texts are the same, capitals included | EXACT("a", "A") | FALSE
CHAR(code) | The character with a code | CHAR(65) | A
CODE(text) | The code of the first character | CODE("A") | 65
VALUE(text) | A text converted to a number or a day number | VALUE("$1,200.50") | 1200.5
FIXED(value, [places], [no commas]) | A number as text | FIXED(1234.567, 1) | 1,234.6
TEXT(value, format) | A number or date in a format | TEXT(1234.5, "#,##0.00") | 1,234.50
T(value) | A text unchanged, any other value as an empty text | T("a") | a
REGEXMATCH(text, pattern) | Whether a text matches a regular expression | REGEXMATCH("INV-204", "\d+") | TRUE
REGEXEXTRACT(text, pattern) | The part that matches, or its first group | REGEXEXTRACT("INV-204", "(\d+)") | 204
REGEXREPLACE(text, pattern, new) | The text with every match replaced | REGEXREPLACE("a1b22", "\d+", "#") | a#b#
# Dates
TODAY() | Today at midnight | DAYS(TODAY(), TODAY()) | 0
NOW() | The current time | NOW() >= TODAY() | TRUE
DATE(year, month, day) | A date; too large months and days carry over | TEXT(DATE(2024, 14, 1), "yyyy-mm-dd") | 2025-02-01
TIME(hour, minute, second) | A part of a day, to add to a date | HOUR(DATE(2024, 1, 1) + TIME(6, 30, 0)) | 6
DATEVALUE(text) | A text converted to a date: 2024-02-29 or 2/29/2024 | MONTH(DATEVALUE("2024-02-29")) | 2
YEAR(date) | The year | YEAR("2024-02-29") | 2024
MONTH(date) | The month, 1 to 12 | MONTH("2024-02-29") | 2
DAY(date) | The day of the month | DAY("2024-02-29") | 29
HOUR(date) | The hour, 0 to 23 | HOUR("2024-02-29 17:45") | 17
MINUTE(date) | The minute | MINUTE("2024-02-29 17:45") | 45
SECOND(date) | The second | SECOND("2024-02-29 17:45:09") | 9
WEEKDAY(date, [kind]) | The day of the week: 1 is Sunday; kind 2, 1 is Monday; kind 3, 0 is Monday | WEEKDAY("2024-02-29") | 5
WEEKNUM(date, [kind]) | The week of the year | WEEKNUM("2024-02-29") | 9
ISOWEEKNUM(date) | The week of the year by ISO 8601 | ISOWEEKNUM("2021-01-03") | 53
DAYS(end, start) | Days between two dates | DAYS("2024-03-01", "2024-02-01") | 29
DATEDIF(start, end, unit) | Whole years "Y", months "M", days "D"; months beyond years "YM", days beyond months "MD" or years "YD" | DATEDIF("2020-02-29", "2024-02-28", "Y") | 3
EDATE(date, months) | The same day, this number of months later | DAY(EDATE("2024-01-31", 1)) | 29
EOMONTH(date, months) | The last day of the month, this number of months later | DAY(EOMONTH("2024-01-15", 1)) | 29
NETWORKDAYS(start, end) | Days from Monday to Friday, both ends included | NETWORKDAYS("2024-02-26", "2024-03-03") | 5
WORKDAY(start, days) | The date after this number of working days | DAY(WORKDAY("2024-02-29", 2)) | 4
"""  # noqa: E501


def _read(table: str) -> dict[str, Function]:
    found, heading = {}, ""
    for line in table.strip().splitlines():
        if line.startswith("# "):
            heading = line[2:]
            continue
        call, meaning, example, result = (part.strip() for part in line.split(" | "))
        name, _, arguments = call.removesuffix(")").partition("(")
        found[name] = Function(name, heading, arguments, meaning, example, result)
    return found


FUNCTIONS = _read(_TABLE)
