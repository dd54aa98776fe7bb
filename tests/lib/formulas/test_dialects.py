import pytest

from boxwood.lib.formulas import FormulaError, compile  # noqa: A004


@pytest.mark.parametrize(
    "text",
    [
        "= IF($'Subscription type' = 'Annual', 49, 59)",
        "=SUM($'A', $'B') / 2",
        "SUM($'A'; $'B')",
        "= AVERAGE(1, 2)",
        "= $'First' & ' ' & $'Last'",
        "= $'Stage' = \"Lead\"",
        "= $'A' <> $'B'",
        "= $'A' ^ 2",
        "= TRUE",
        "= $'Rate' * 50%",
        "= -ABS($'A')%",
        "=ROUND(1.5);",
    ],
)
def test_capitalised_calls_and_a_spreadsheets_own_operators_are_spreadsheet_style(text):
    assert compile(text).dialect == "spreadsheet"


@pytest.mark.parametrize(
    "text",
    [
        "= $'Number of Units' * $'Price per unit'",
        "= 1+1",
        "= 'Hello world!'",
        "= true",
        "= [1,1,2,3,5,8]",
        "= {'first': 10, 'second': 20}",
        "= Math.pow(10, 10)",
        "= new Date (2014,1,28)",
        "= if($'Number of Units' > 5) { return true; } else { return false; }",
        "= $'Contacts'.length",
        "$'A' === 'x' ? 1 : 2",
        "$'A' == 1",
        "$'A' && $'B'",
        "Number($'A')",
        "$'A' % 2",
        "return SUM(1)",
        "SUM(1) // a comment",
        "`IF(1, 2, 3)`",
    ],
)
def test_anything_else_is_javascript(text):
    assert compile(text).dialect == "javascript"


def test_one_leading_equals_sign_is_only_a_habit_of_typing():
    assert compile("= ABS($'A')").js == compile("ABS($'A')").js
    assert compile(" =$'A'*2").js.strip() == compile("$'A'*2").js


@pytest.mark.parametrize("text", ["", "   ", "=", " = "])
def test_an_empty_formula_says_so(text):
    with pytest.raises(FormulaError, match="empty"):
        compile(text)


@pytest.mark.parametrize("text", ["a\0b", "'\ud800'"])
def test_what_is_not_text_is_refused(text):
    with pytest.raises(FormulaError, match="not text"):
        compile(text)


def test_a_formula_has_a_longest_length():
    assert compile("1" + "+1" * 9_999).dialect == "javascript"
    with pytest.raises(FormulaError, match="20000"):
        compile("1" + "+1" * 10_000)


@pytest.mark.parametrize(
    ("text", "clock"),
    [
        ("TODAY() - $'A'", True),
        ("HOUR(NOW())", True),
        ("Date.now()", True),
        ("new Date() - $'A'", True),
        ("$'Date' + 1", False),
        ("'Date'.length", False),
        ("YEAR($'TODAY')", False),
    ],
)
def test_a_formula_knows_whether_time_changes_it(text, clock):
    assert compile(text).reads_clock is clock
