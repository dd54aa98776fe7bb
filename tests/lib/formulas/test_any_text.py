"""Whatever is typed is a formula, a FormulaError, or an error value: never anything else."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from boxwood.lib.formulas import Date, Engine, Fault, FormulaError, compile  # noqa: A004
from boxwood.lib.formulas.functions import FUNCTIONS

from .conftest import NOW

SCRAPS = [
    *FUNCTIONS,
    *"()[]{},;:.+-*/%^&|!?<>=`'\"\\\n$",
    *("<>", "==", "===", "=>", "&&", "||", "??", "${", "//", "/*", "*/"),
    *("$'A'", "$'B'", "$'it''s'", "1", "0.5", "1e9", "'x'", '"y"', "`t`", "/r/g", "TRUE", "FALSE", "true"),
    *(
        "return ",
        "if",
        "else",
        "var ",
        "for",
        "function ",
        "new ",
        "typeof ",
        "x",
        "this",
        "Date",
        "Math.max",
    ),
]
ROW = [None, True, 5, -0.5, "7", "word", Date(NOW), [], ["a"], {"a": 1}, Fault("#N/A", "none")]


@settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    text=st.one_of(st.lists(st.sampled_from(SCRAPS), max_size=12).map("".join), st.text(max_size=30)),
    values=st.lists(st.sampled_from(ROW), min_size=40, max_size=40),
)
def test_any_text(engine: Engine, text, values):
    formula = read(text)
    if formula is None:
        return
    width = len(formula.names)
    rows = [values[:width], values[-width:] if width else []]
    assert len(engine.evaluate(formula, rows, NOW)) == 2


def read(text):
    try:
        return compile(text)
    except FormulaError as error:
        if error.position is not None and not 0 <= error.position <= len(text):
            raise AssertionError(f"the place {error.position} is not in the text") from error
        return None


@settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    name=st.sampled_from(sorted(FUNCTIONS)),
    values=st.lists(st.sampled_from(ROW), min_size=5, max_size=5),
    count=st.integers(0, 5),
)
def test_any_value_in_any_function(engine: Engine, name, values, count):
    function = FUNCTIONS[name]
    count = max(function.least, min(count, count if function.most is None else function.most))
    columns = [f"$'{n}'" for n in range(count)]
    formula = compile(f"{name}({','.join(columns)})")
    result = engine.evaluate(formula, [values[:count]], NOW)[0]
    if isinstance(result, Fault):
        assert result.code != "#ERROR!", result  # an error of ours, not the author's
