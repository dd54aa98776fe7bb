"""The table of functions is what the guide prints and what calls are counted by: held to the code here."""

import re
from pathlib import Path

import pytest

import boxwood.lib.formulas
from boxwood.lib.formulas import Fault, FormulaError, compile  # noqa: A004
from boxwood.lib.formulas.functions import CLOCKS, FUNCTIONS, LAZY, RANGES

JS = Path(boxwood.lib.formulas.__file__).with_name("js")
FILES = {"Logic": "logic.js", "Numbers": "numbers.js", "Text": "texts.js", "Dates": "dates.js"}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_example_of_every_function_gives_its_result(compute, name):
    function = FUNCTIONS[name]
    assert f"{name}(" in function.example
    assert shown(compute(function.example)) == function.result


@pytest.mark.parametrize("heading", FILES)
def test_the_table_lists_what_the_code_has(heading):
    code = (JS / FILES[heading]).read_text()
    written = set(re.findall(r"^  ([A-Z][A-Z0-9]*)(?:[:(])", code, re.M))
    listed = {name for name, function in FUNCTIONS.items() if function.heading == heading}
    assert written == listed - {"IF"}  # IF is compiled to a conditional


def test_the_notes_on_functions_are_about_functions():
    assert set(FUNCTIONS) >= LAZY | RANGES | CLOCKS


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ("ROUND()", r"ROUND\(value, \[places\]\) was given 0 values"),
        ("ROUND(1, 2, 3)", "was given 3 values"),
        ("IF(TRUE)", "was given 1 value$|was given 1 value "),
        ("PI(1)", r"PI\(\) was given 1 value"),
        ("SUM()", "was given 0 values"),
        ("SWITCH(1, 2)", "was given 2 values"),
        ("VLOOKUP(1, 2)", "There is no function VLOOKUP"),
        ("CONCATENAT('a')", "did you mean CONCATENATE"),
    ],
)
def test_a_call_that_cannot_be_is_refused_when_it_is_read(call, message):
    with pytest.raises(FormulaError, match=message) as caught:
        compile(f"= 1 + {call}")
    assert caught.value.position == 6


def shown(value):
    assert not isinstance(value, Fault), value
    if isinstance(value, bool):
        return str(value).upper()
    return repr(value) if isinstance(value, int | float) else value
