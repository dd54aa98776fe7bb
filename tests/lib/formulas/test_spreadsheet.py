import pytest

from boxwood.lib.formulas import Date, Fault, FormulaError, compile  # noqa: A004

NEW_YEAR = Date(1_704_067_200_000)  # 2024
MARCH = Date(1_709_251_200_000)  # 1 March 2024


@pytest.mark.parametrize(("kind", "price"), [("Annual", 49), ("annual", 49), ("Monthly", 59), (None, 59)])
def test_the_published_example(compute, kind, price):
    assert compute("= IF($'Subscription type' = 'Annual', 49, 59)", kind) == price


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('= 1 + 2 * 3 ^ 2 & ""', "19"),
        ("= (1 + 2) * 3 & ''", "9"),
        ("= -2 ^ 2", 4),
        ("= 2 ^ 3 ^ 2", 64),
        ("= 2 ^ -1", 0.5),
        ("= --TRUE", 1),
        ("= 10 - 4 - 3 & ''", "3"),
        ("= 100 / 10 / 2 & ''", "5"),
        ("= 50% * 200 ^ 1", 100),
        ("= (1 + 1)%%", 0.0002),
        ("= 1 + 1 = 2", True),
        ("= 'a' & 'b' = 'AB'", True),
        ("= 1 < 2 = TRUE", True),
        ("= 1 <> 1", False),
        ("= 1e3 + .5 & ''", "1000.5"),
        ('= "say ""hi""" & \'it\'\'s\'', 'say "hi"it\'s'),
        ('= "back\\slash" & ""', "back\\slash"),
        ("= SUM(1,\n  2 ;\t3 )", 6),
        ("= 0.1 + 0.2 = 0.3", True),
        ("= SUM(0.1, 0.2)", 0.3),
        ("= 3 * 1.1 & ''", "3.3"),
        ("= IF(TRUE, , 1)", None),
    ],
)
def test_operators(compute, text, value):
    assert compute(text) == value


@pytest.mark.parametrize(
    ("text", "row", "value"),
    [
        ("= $'A' + 1 = 1", (None,), True),
        ("= $'A' & 'x'", (None,), "x"),
        ("= $'A' = 0", (None,), True),
        ("= $'A' = ''", (None,), True),
        ("= $'A' = FALSE", (None,), True),
        ("= $'A' = $'B'", (None, None), True),
        ("= $'A' < 1", (None,), True),
        ("SUM($'A', $'B')", (None, 2), 2),
        ("AVERAGE($'A', $'B')", (None, 2), 2),
        ("AVERAGE($'A' + 0, $'B')", (None, 2), 1),
        ("MIN($'A', $'B')", (None, 5), 5),
        ("MAX($'A')", (None,), 0),
        ("PRODUCT($'A', $'B')", (None, 5), 5),
        ("COUNT($'A', $'B')", (None, 5), 1),
        ("COUNTA($'A', $'B', $'C')", (None, "", "x"), 1),
        ("COUNTBLANK($'A', $'B')", (None, 5), 1),
        ("IF($'A', 1, 2)", (None,), 2),
        ("IF($'A', 1)", (None,), False),
        ("ISBLANK($'A')", (None,), True),
        ("LEN($'A')", (None,), 0),
        ("AND($'A', TRUE)", (None,), False),
        ("AND($'A')", (None,), False),
        ("NOT($'A')", (None,), True),
        ("OR($'A', FALSE)", (None,), False),
        ("OR($'A', TRUE)", (None,), True),
        ("XOR($'A', TRUE)", (None,), True),
        ("XOR(TRUE, $'A', TRUE)", (None,), False),
        ("AND($'A', TRUE)", ("",), False),
        ("LEFT($'A', 1)", ("😀abc",), "😀"),
        ("RIGHT($'A', 2)", ("abc😀",), "c😀"),
        ("MID($'A', 2, 2)", ("a😀bc",), "😀b"),
        ("LEN($'A')", ("a😀b",), 3),
        ("REPLACE($'A', 2, 1, 'x')", ("a😀b",), "axb"),
        ("FIND('b', $'A')", ("a😀b",), 3),
    ],
)
def test_blanks(compute, text, row, value):
    assert compute(text, *row) == value


@pytest.mark.parametrize(
    ("text", "row", "value"),
    [
        ("= $'A' * 2 ^ 1", ("21",), 42),
        ("SUM($'A', $'B')", ("$1,200.50", "10%"), 1200.6),
        ("SUM($'A', $'B')", ("n/a", 5), 5),
        ("SUM($'A' & '', 5)", ("n/a",), Fault("#VALUE!", "“n/a” is not a number")),
        ("MAX($'A', $'B')", ("7", "12"), 12),
        ("AND($'Units' > 5)", ("7",), True),
        ("= $'Units' = 7", ("7.0",), True),
        ("AND($'A' < $'B')", ("9", "10"), True),
        ("AND($'A' < $'B')", ("b", "C"), True),
        ("= $'Code' = $'Other'", ("007", "7"), False),
        ("AND($'A' > 5)", ("many",), True),
        ("= $'A' < TRUE", ("many",), True),
        ("VALUE('-$ 5')", (), -5),
        ("VALUE('(5)')", (), -5),
        ("VALUE('(5')", (), Fault("#VALUE!", "“(5” is not a number")),
        ("ISNUMBER('1,2')", (), True),
        ("ISNUMBER('1,2,3')", (), False),
        ("ISNUMBER('')", (), False),
        ("= '' + 1 = 1", (), Fault("#VALUE!", "“” is not a number")),
    ],
)
def test_texts_that_read_as_numbers_count_as_numbers(compute, text, row, value):
    assert compute(text, *row) == value


@pytest.mark.parametrize(
    ("text", "row", "value"),
    [
        ("= $'A' + 60 ^ 1", (NEW_YEAR,), MARCH),
        ("= 60 ^ 1 + $'A'", (NEW_YEAR,), MARCH),
        ("= $'A' - 60 ^ 1", (MARCH,), NEW_YEAR),
        ("= SUM($'A' - $'B')", (MARCH, NEW_YEAR), 60),
        ("DAYS($'A', $'B')", (MARCH, NEW_YEAR), 60),
        ("AND($'A' < $'B')", (NEW_YEAR, MARCH), True),
        ("= $'A' = DATE(2024, 1, 1)", (NEW_YEAR,), True),
        ("AND($'A' > '2023-12-31')", (NEW_YEAR,), True),
        ("= $'A' = '1/1/2024'", (NEW_YEAR,), True),
        ("MAX($'A', $'B')", (NEW_YEAR, MARCH), MARCH),
        ("MIN($'A', $'B', $'C')", (None, MARCH, NEW_YEAR), NEW_YEAR),
        ("= $'A' & ''", (NEW_YEAR,), "2024-01-01"),
        ("= $'A' + TIME(9, 5, 7) & ''", (NEW_YEAR,), "2024-01-01 09:05:07"),
        ("N($'A')", (NEW_YEAR,), 45292),
        ("YEAR(45292)", (), 2024),
        ("YEAR($'A')", (None,), Fault("#VALUE!", "The date is blank")),
        ("YEAR('soon')", (), Fault("#VALUE!", "“soon” is not a date")),
        ("ISDATE('2023-02-29')", (), False),
        ("ISDATE($'A')", (MARCH,), True),
        ("EDATE($'A', -13)", (MARCH,), Date(1_675_209_600_000)),
        ("EOMONTH($'A', -1)", (MARCH,), Date(1_709_164_800_000)),
        ("TEXT(DATE(24, 2, 30), 'yyyy-mm-dd')", (), "1924-03-01"),
        ("DATE(99999, 1, 1)", (), Fault("#NUM!", "The year must be between 0 and 9999")),
        ("= $'A' + 1e300 ^ 1", (MARCH,), Fault("#NUM!", "The date is out of range")),
        ("DATEDIF($'A', $'B', 'D')", (MARCH, NEW_YEAR), Fault("#NUM!", "The start is after the end")),
        ("DATEDIF('2024-01-31', '2024-03-01', 'M')", (), 1),
        ("DATEDIF('2024-01-31', '2024-03-01', 'MD')", (), 1),
        ("DATEDIF('2020-12-25', '2024-03-01', 'YM')", (), 2),
        ("DATEDIF('2020-12-25', '2024-03-01', 'YD')", (), 67),
        ("WEEKDAY('2024-03-03', 1)", (), 1),
        ("WEEKDAY('2024-03-03', 2)", (), 7),
        ("WEEKDAY('2024-03-03', 3)", (), 6),
        ("WEEKDAY('2024-03-03', 16)", (), 2),
        ("WEEKDAY('2024-03-03', 4)", (), Fault("#NUM!", "There is no kind of week 4")),
        ("WEEKNUM('2023-01-01', 2)", (), 1),
        ("WEEKNUM('2023-01-02', 2)", (), 2),
        ("ISOWEEKNUM('2024-12-30')", (), 1),
        ("NETWORKDAYS('2024-03-03', '2024-02-26')", (), -5),
        ("WORKDAY('2024-03-04', -1)", (), MARCH),
    ],
)
def test_dates(compute, text, row, value):
    assert compute(text, *row) == value


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("= 1 / 0 & ''", "#DIV/0!"),
        ("MOD(1, 0)", "#DIV/0!"),
        ("QUOTIENT(1, 0)", "#DIV/0!"),
        ("AVERAGE($'A')", "#DIV/0!"),
        ("SQRT(-1)", "#NUM!"),
        ("= 10 ^ 400", "#NUM!"),
        ("LN(0)", "#NUM!"),
        ("MEDIAN($'A')", "#NUM!"),
        ("CHOOSE(3, 1, 2)", "#NUM!"),
        ("MODE(1, 2)", "#N/A"),
        ("IFS(FALSE, 1)", "#N/A"),
        ("SWITCH(5, 1, 2)", "#N/A"),
        ("= 'a' * 2 ^ 1", "#VALUE!"),
        ("NOT('maybe')", "#VALUE!"),
        ("FIND('x', 'abc')", "#VALUE!"),
        ("LEFT('abc', -1)", "#VALUE!"),
        ("REPT('x', 1e9)", "#VALUE!"),
        ("REGEXMATCH('a', '(')", "#VALUE!"),
        ("UPPER(1 / 0)", "#DIV/0!"),
        ("IF(1 / 0, 1, 2)", "#DIV/0!"),
    ],
)
def test_errors_are_values_with_a_code_and_a_reason(compute, text, code):
    value = compute(text, None) if "$'" in text else compute(text)
    assert isinstance(value, Fault)
    assert value.code == code
    assert value.message


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("IF(TRUE, 1, 1 / 0)", 1),
        ("IFS(TRUE, 1, 1 / 0, 2)", 1),
        ("SWITCH(1, 1, 'a', 1 / 0)", "a"),
        ("CHOOSE(1, 'a', 1 / 0)", "a"),
        ("IFERROR(UPPER(1 / 0), 'none')", "none"),
        ("IFERROR(1 / 0)", None),
        ("IFERROR(IFNA(1 / 0, 1), 2)", 2),
        ("IFERROR(5, 1 / 0)", 5),
    ],
)
def test_only_what_is_chosen_is_computed(compute, text, value):
    assert compute(text) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("ROUND(1.005, 2)", 1.01),
        ("ROUND(-2.5)", -3),
        ("ROUND(2.5)", 3),
        ("ROUND(1234.5, -2)", 1200),
        ("ROUND(1e300, 5)", 1e300),
        ("ROUND(999999999999999.4)", 999999999999999),
        ("ROUND(123456789012.4)", 123456789012),
        ("ROUND(0.285, 2)", 0.29),
        ("ROUNDUP(-1.1)", -2),
        ("ROUNDUP(1.1, 1)", 1.1),
        ("ROUNDDOWN(-1.9)", -1),
        ("ROUNDDOWN(0.29, 2)", 0.29),
        ("CEILING(-2.5, 2)", -2),
        ("CEILING(-2.5, -2)", -4),
        ("CEILING(0.3, 0.1)", 0.3),
        ("CEILING(2.5, -2)", Fault("#NUM!", "A positive number needs a positive factor")),
        ("FLOOR(-2.5, 2)", -4),
        ("FLOOR(0.7, 0.1)", 0.7),
        ("MROUND(-7, -5)", -5),
        ("MROUND(-7, 5)", Fault("#NUM!", "The number and the factor must have one sign")),
        ("EVEN(-1)", -2),
        ("EVEN(0)", 0),
        ("ODD(0)", 1),
        ("ODD(2.1)", 3),
        ("MOD(3, -2)", -1),
        ("MOD(5.5, 1)", 0.5),
        ("INT(2.9)", 2),
        ("MEDIAN(4, 1, 2, 3)", 2.5),
        ("MODE(2, 1, 1, 2)", 2),
        ("LOG(100)", 2),
    ],
)
def test_numbers(compute, text, value):
    assert compute(text) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("MID('abc', 10, 2)", ""),
        ("RIGHT('abc', 10)", "abc"),
        ("RIGHT('abc', 0)", ""),
        ("SUBSTITUTE('a.b.c', '.', '$&')", "a$&b$&c"),
        ("SUBSTITUTE('abc', '', 'x')", "abc"),
        ("SUBSTITUTE('a-b', '-', '+', 5)", "a-b"),
        ("PROPER('o''neill-smith ÉCOLE')", "O'Neill-Smith École"),
        ("SEARCH('B', 'abcb', 3)", 4),
        ("FIXED(-1234567.891)", "-1,234,567.89"),
        ("FIXED(1234.5, 0, TRUE)", "1235"),
        ("SPLIT('a,,b', ',')", ["a", "b"]),
        ("JOIN(', ', SPLIT('b a', ' '))", "b, a"),
        ("REGEXREPLACE('Ada L', '(\\w+) (\\w+)', '$2, $1')", "L, Ada"),
        ("CODE('🦋')", 129419),
        ("TRIM(5)", "5"),
    ],
)
def test_texts(compute, text, value):
    assert compute(text) == value


@pytest.mark.parametrize(
    ("value", "format", "shown"),
    [
        (1234.567, "0", "1235"),
        (1234.567, "0.0", "1234.6"),
        (1234.5, "#,##0.00", "1,234.50"),
        (1234567, "$#,##0", "$1,234,567"),
        (0.256, "0%", "26%"),
        (0.256, "0.0%", "25.6%"),
        (5, "000", "005"),
        (0.5, "#.##", ".5"),
        (3, "0.##", "3"),
        (-5, "0.00", "-5.00"),
        (-0.001, "0.00", "0.00"),
        (-5, "0;(0)", "(5)"),
        (0, "0;-0;none", "none"),
        (7, '0 "units"', "7 units"),
        ("12", "0.0", "12.0"),
        ("text", "0.0", "text"),
        (MARCH, "yyyy-mm-dd", "2024-03-01"),
        (MARCH, "d mmm yy", "1 Mar 24"),
        (MARCH, "dddd, mmmm dd", "Friday, March 01"),
        (Date(MARCH.ms + 47_105_000), "h:mm:ss AM/PM", "1:05:05 PM"),
        (Date(MARCH.ms + 300_000), "hh:mm", "00:05"),
        (MARCH, '"Q"yyyy', "Q2024"),
    ],
)
def test_formats_of_text(compute, value, format, shown):  # noqa: A002
    assert compute("TEXT($'A', $'F')", value, format) == shown


@pytest.mark.parametrize(
    ("text", "message", "position"),
    [
        ("= IF(1, 2", "Expected “\\)”, found the end", 9),
        ("= SUM(1) 2", "Expected the end, found “2”", 9),
        ("= SUM(1) +", "Expected a value, found the end", 10),
        ("= SUM(* 2)", "Expected a value, found “\\*”", 6),
        ("= SUM(1, FOO)", "There is no function FOO", 9),
        ("= SUM", "", None),
        ("= SUM(1e999)", "too large", 6),
        ("= " + "(" * 65 + "SUM(1)" + ")" * 65, "More than 64 brackets", 66),
    ],
)
def test_a_slip_is_said_with_its_place(text, message, position):
    if position is None:  # a word alone is no call: JavaScript, which does not know it either
        assert compile(text).dialect == "javascript"
        return
    with pytest.raises(FormulaError, match=message) as caught:
        compile(text)
    assert caught.value.position == position


def test_a_long_sum_is_no_trouble(compute):
    assert compute("= SUM(1)" + " + 1" * 1000) == 1001
    assert compute("= SUM(1)" + "+1" * 9000) == Fault("#ERROR!", "The formula is too long to be read")
