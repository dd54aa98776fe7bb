"""The one form in which telephone numbers are compared, however they are written."""

from __future__ import annotations

import re

_FEWEST = 6
_COUNTRY = re.compile(r"[\s(]*(?:\+|00)")
_DIGITS = re.compile(r"\d+")


def form(number: str) -> str:
    """The digits of the number without country code, leading zeros and extension: `+49 (170) 123-4567`,
    `0049 170 1234567` and `0170/1234567` give `1701234567`. Empty for fewer than six digits."""
    digits = "".join(str(int(found)) if not found.isascii() else found for found in _DIGITS.findall(number))
    if _COUNTRY.match(number):
        digits = _without_country(number) or digits
    digits = digits.lstrip("0")[:40]
    return digits if len(digits) >= _FEWEST else ""


def _without_country(number: str) -> str:
    import phonenumbers  # takes 0.1 s, and most servers that start need it later

    try:
        found = phonenumbers.parse(_COUNTRY.sub("+", number, count=1)[:60])
    except phonenumbers.NumberParseException:
        return ""
    return phonenumbers.national_significant_number(found)
