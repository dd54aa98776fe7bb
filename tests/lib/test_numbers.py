"""Numbers as people write them: one reader for templates, filters and totals, and the same rules in formulas."""

import json
from pathlib import Path
from typing import Any

import pytest

from boxwood.lib import numbers

CASES = json.loads((Path(__file__).parent / "numbers.json").read_text())


@pytest.mark.parametrize(("text", "number"), CASES)
def test_a_text_is_read_as_the_number_that_people_mean(text: str, number: Any) -> None:
    assert numbers.read(text) == number


def test_every_decimal_that_databases_read_is_read_alike() -> None:
    for text in ("0", "-0", "1.234", "12345678901234567890", "-0.5", "1234567.125", "9" * 20):
        assert numbers.is_plain(text)
        assert numbers.read(text) == float(text)
    for text in ("9" * 21, "1,5", "$5", "1e3", "+5", ".5", " 5", "007"):
        assert not numbers.is_plain(text)
