"""docs/guide/formulas.md says what is so: its function tables are the program's, its examples run."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from boxwood.lib.formulas import Date, compile  # noqa: A004
from boxwood.lib.formulas.functions import FUNCTIONS

GUIDE = (Path(__file__).parents[3] / "docs/guide/formulas.md").read_text()
BOX = dict(re.findall(r"^\| (\w[\w ]*) \| (.+) \|$", GUIDE.split("## JavaScript")[0].split("|---|---|")[1], re.M))
EXAMPLES = re.findall(r"^(.+?) +→ (.+)$", GUIDE, re.M)


def value(written):
    if written.startswith("date "):
        return Date(int(datetime.fromisoformat(written[5:]).replace(tzinfo=UTC).timestamp() * 1000))
    return json.loads(written)


@pytest.mark.parametrize(("text", "result"), EXAMPLES)
def test_an_example_in_the_guide_gives_what_the_guide_says(compute, text, result):
    row = [value(BOX[name]) for name in compile(text).names]
    assert compute(text, *row) == value(result)


def test_the_guide_has_examples_of_both_dialects():
    assert {compile(text).dialect for text, _ in EXAMPLES} == {"javascript", "spreadsheet"}


def test_the_tables_of_functions_in_the_guide_are_those_of_the_program():
    written = GUIDE.split("<!-- functions")[1].partition("-->\n")[2].partition("<!-- /functions -->")[0]
    assert written == tables(), "write what tables() gives between the marks in the guide"


def tables():
    parts = []
    for heading in dict.fromkeys(function.heading for function in FUNCTIONS.values()):
        lines = [f"#### {heading}", "", "| Function | Gives | Example | Result |", "|---|---|---|---|"]
        for function in FUNCTIONS.values():
            if function.heading == heading:
                call = f"`{function.name}({function.arguments})`"
                lines.append(f"| {call} | {function.meaning} | `{function.example}` | {function.result} |")
        parts.append("\n".join(lines))
    return "\n\n".join(parts) + "\n"
