"""Formulas read numbers in texts by the same rules as the rest of the program."""

import json
from pathlib import Path
from typing import Any

import pytest

CASES = json.loads((Path(__file__).parent.parent / "numbers.json").read_text())


@pytest.mark.parametrize(("text", "number"), CASES)
def test_a_formula_reads_a_text_as_the_number_that_people_mean(compute: Any, text: str, number: Any) -> None:
    found = compute("IF(ISNUMBER($'A'), $'A' + 0, 'none')", text)
    assert found == ("none" if number is None else pytest.approx(number, rel=1e-14))
