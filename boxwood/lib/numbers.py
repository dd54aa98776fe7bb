"""The one reader of numbers and amounts as people write them: `1,250.50`, `1.250,50 €`, `(5.00)`, `5-`, `12%`, `1e3`.

Formulas (formulas/js/amounts.js) and the browser (ui/src/lib/amounts.ts) read by the same rules;
tests/lib/numbers.json holds the cases that all three must agree on. The rules are in docs/api/pipelines.md#numbers.
"""

from __future__ import annotations

import re

LONGEST = 40
MOST_DIGITS = 20
"""Longer ones are numbers of accounts or parcels. The nearest number would be that of others, too."""
_ALIKE = str.maketrans(
    {
        **dict.fromkeys("\u00a0\u202f\u2009\u2007\t", " "),
        **dict.fromkeys("\u2212\u2013\u2010\u2011\ufe63\uff0d", "-"),
        **dict.fromkeys("\u2019\u2018\u02bc\u2032", "'"),
    }
)
_MONEY = (
    r"(?:[A-Z]{0,2}[$€£¥₹₽₩₺₪₫₴₦₱฿₡₲₵₸₼₾₿]|kr\.?|zł|Kč|Ft|Fr\.|"
    r"(?:USD|EUR|GBP|CHF|JPY|CNY|INR|AUD|CAD|NZD|SEK|NOK|DKK|PLN|CZK|HUF|RON|BGN|UAH|RUB|TRY|ILS|AED|SAR|ZAR|BRL|MXN|"
    r"ARS|CLP|COP|KRW|SGD|HKD|TWD|THB|IDR|MYR|PHP|VND|EGP|NGN|KES))"
)
_DIGITS = (
    r"[1-9]\d{0,2}(?:,\d{3})+(?:\.\d*)?|[1-9]\d?(?:,\d{2})+,\d{3}(?:\.\d*)?"
    r"|[1-9]\d{0,2}(?:\.\d{3}){2,}(?:,\d+)?|[1-9]\d{0,2}\.\d{3},\d+"
    r"|[1-9]\d{0,2}(?:[ ']\d{3})+(?:[.,]\d+)?|(?:0|[1-9]\d*)(?:\.\d*|,\d+)?|[.,]\d+"
)
_AMOUNT = re.compile(
    rf"(?P<open>\()? ?(?P<sign>[-+])? ?(?P<money>{_MONEY})? ?(?P<inner>[-+])? ?(?P<digits>{_DIGITS})"
    rf"(?P<power>[eE][-+]?\d{{1,3}})? ?(?P<percent>%)? ?(?P<after>{_MONEY})? ?(?P<last>[-+])? ?(?P<close>\))?",
    re.ASCII,
)
_DIGIT = re.compile(r"\d", re.ASCII)
_NO_AMOUNT = re.compile(r"[a-z]{3}|[A-Z]{4}|^\+\d+ \d", re.ASCII)
"""What no amount contains: words, which are longer than the signs of money, and telephone numbers. Most texts are found
here, in a fifth of the time of `_AMOUNT`."""
_THOUSANDS = re.compile(r"[1-9]\d{0,2}(,\d{3})+|[1-9]\d?(,\d{2})+,\d{3}", re.ASCII)
PLAIN = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?", re.ASCII)
"""The decimals that databases read without help, up to 20 characters."""


def read(text: str) -> int | float | None:
    """The number that a text is, or None."""
    return _read(text) if _may_be(text) else None


def read_unless_plain(text: str) -> int | float | None:
    """The number that a text is, if databases do not read it themselves."""
    return _read(text) if _may_be(text) and not is_plain(text) else None


def _may_be(text: str) -> bool:
    return len(text) <= LONGEST and not _NO_AMOUNT.search(text) and _DIGIT.search(text) is not None


def _read(text: str) -> int | float | None:
    found = _AMOUNT.fullmatch((text if text.isascii() and "\t" not in text else text.translate(_ALIKE)).strip())
    if found is None or (found["money"] and found["after"]) or bool(found["open"]) != bool(found["close"]):
        return None
    signs = [found[name] for name in ("sign", "inner", "last", "open") if found[name]]
    digits = found["digits"]
    if len(signs) > 1 or (found["percent"] and (found["money"] or found["after"])):
        return None
    if sum(map(str.isdigit, digits)) > MOST_DIGITS:
        return None
    if signs == ["+"] and " " in digits:
        return None  # a telephone number
    try:
        number = float(_decimal(digits) + (found["power"] or ""))
    except ValueError:
        return None
    number = (-number if signs and signs[0] in "-(" else number) / (100 if found["percent"] else 1)
    if abs(number) > 1e300:
        return None
    return int(number) if number.is_integer() and abs(number) < 1e15 else number


def read_percents(text: str) -> int | float | None:
    """How many percents a text with a percent sign is: 12 for `12%`. None for other texts."""
    return read(text.replace("%", "", 1)) if "%" in text and read(text) is not None else None


def _decimal(digits: str) -> str:
    """The digits with a decimal point and no separators of thousands."""
    digits = digits.replace(" ", "").replace("'", "")
    comma, point = digits.rfind(","), digits.rfind(".")
    if comma >= 0 and point >= 0:
        return digits.replace(",", "") if point > comma else digits.replace(".", "").replace(",", ".")
    if comma >= 0:
        return digits.replace(",", "") if _THOUSANDS.fullmatch(digits) else digits.replace(",", ".")
    return digits.replace(".", "") if digits.count(".") > 1 else digits


def is_plain(text: str) -> bool:
    """Whether databases read the text as this number themselves."""
    return len(text) <= 20 and PLAIN.fullmatch(text) is not None
