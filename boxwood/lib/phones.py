"""The one form in which telephone numbers are compared, however they are written."""

from __future__ import annotations

import re

FIRST = frozenset("+(0123456789")
"""The characters with which a telephone number begins."""
_FEWEST = 6
_COUNTRY = re.compile(r"[\s(]*(?:\+|00)")
_NO_DIGITS = bytes(code for code in range(256) if not chr(code).isascii() or not chr(code).isdigit())
_DIGITS = re.compile(r"\d+")
_PLAIN = re.compile(r"[\s(]*(?:\+|00)[\s\d()./-]+", re.ASCII)
_CODE = re.compile(
    r"1|7|2[07]|3[0-469]|4[013-9]|5[1-8]|6[0-6]|8[1246]|9[0-58]|[2-9]\d\d",
)
"""Country codes: those of one and two digits, and three digits for all others."""
_NUMBER = re.compile(r"\(?(?:\+|00|0|\d)[\d ()./\u00a0\u2010\u2011\u2013-]{4,38}\d")


def form(number: str) -> str:
    """The digits of the number without country code, leading zeros and extension: `+49 (170) 123-4567`,
    `0049 170 1234567` and `0170/1234567` give `1701234567`. Empty for fewer than six digits."""
    found = _DIGITS.findall(number)
    return _form(
        number, "".join(found if number.isascii() else (each if each.isascii() else str(int(each)) for each in found))
    )


def _form(number: str, digits: str) -> str:
    if _PLAIN.fullmatch(number):  # the library takes a hundred times as long
        rest = digits.lstrip("0") if "+" in number else digits[2:]
        code = _CODE.match(rest)
        digits = rest[code.end() :] if code else digits
    elif _COUNTRY.match(number):
        digits = _without_country(number) or digits
    digits = digits.lstrip("0")[:40]
    return digits if len(digits) >= _FEWEST else ""


def words(text: str) -> list[str]:
    """The words by which search finds a text that is a telephone number and nothing else: its form, and all its digits.
    Empty for other texts."""
    if not _FEWEST <= len(text) <= 40 or text[0] not in FIRST:
        return []
    if text[0] not in "+(0" and text.replace(".", "", 1).isdigit():
        return []  # a number, or its own form
    if not _NUMBER.fullmatch(text):
        return []
    if text.isascii():
        digits = text.encode().translate(None, _NO_DIGITS).decode()
        found = _form(text, digits)
    else:
        digits, found = "".join(_DIGITS.findall(text)), form(text)
    return [word for word in ((found, digits) if found != digits else (digits,)) if word and word != text]


def _without_country(number: str) -> str:
    import phonenumbers  # takes 0.1 s, and most servers never need it

    try:
        found = phonenumbers.parse(_COUNTRY.sub("+", number, count=1)[:60])
    except phonenumbers.NumberParseException:
        return ""
    return phonenumbers.national_significant_number(found)
