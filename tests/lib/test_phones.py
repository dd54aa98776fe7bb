"""Telephone numbers are compared in one form, however they are written."""

import pytest

from boxwood.lib import phones


@pytest.mark.parametrize(
    "written",
    [
        *("+49 170 1234567", "+49 (170) 123-4567", "0049 170 1234567", "0170 1234567", "0170/123 45 67"),
        *("(0170) 1234567", "+49 (0)170 1234567", "1701234567", "+49\u00a0170\u00a01234567", "00491701234567"),
    ],
)
def test_a_number_has_one_form(written: str) -> None:
    assert phones.form(written) == "1701234567"


@pytest.mark.parametrize("written", ["", "12345", "+49", "call me", "00", "+", "+999 12"])
def test_a_short_number_has_none(written: str) -> None:
    assert phones.form(written) == ""


def test_any_text_has_a_form_or_none() -> None:
    for text in ("9" * 500, "+" * 99, "٠١٢٣٤٥٦٧٨", "+49 170 1234567 ext. 5", "\x00+49"):
        assert isinstance(phones.form(text), str)
