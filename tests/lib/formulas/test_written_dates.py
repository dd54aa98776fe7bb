"""Formulas read dates in texts by the same rules as the rest of the program."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

CASES = json.loads((Path(__file__).parents[2] / "dates.json").read_text(encoding="utf-8"))
LOCAL = {text: datetime.fromisoformat(at).replace(tzinfo=UTC).timestamp() * 1000 for text, at in CASES["local"].items()}
EPOCH, DAY = 25_569, 86_400_000


@pytest.mark.parametrize(("text", "at"), [*CASES["days"].items(), *CASES["moments"].items(), *LOCAL.items()])
def test_a_formula_reads_a_text_as_the_date_that_people_mean(compute: Any, text: str, at: int) -> None:
    assert compute("ISDATE($'A')", text) is True
    assert compute("ROUND((EDATE($'A', 0) + 0 - DATE(1970, 1, 1)), 0)", text) == at // DAY
    assert compute("HOUR($'A') * 60 + MINUTE($'A')", text) == at % DAY // 60_000


@pytest.mark.parametrize("text", CASES["refused"])
def test_other_texts_are_no_dates_in_formulas(compute: Any, text: str) -> None:
    assert compute("ISDATE($'A')", text) is False
