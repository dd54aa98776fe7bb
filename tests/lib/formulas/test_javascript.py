import pytest

from boxwood.lib.formulas import Date, Engine, Fault, FormulaError, compile  # noqa: A004


# As published, with the names of the columns in them.
@pytest.mark.parametrize(
    ("text", "row", "value"),
    [
        ("= $'Column name'", ("as it is",), "as it is"),
        ("= $'Number of Units' * $'Price per unit'", (3, 2.5), 7.5),
        ("= $'Probability of Close' * $'Deal Size'", (0.5, 1000), 500),
        ("= if($'Number of Units' > 5)\n{ return true; }\nelse\n{ return false; }", (6,), True),
        ("= if($'Number of Units' > 5) {\nreturn 'true';\n}\nelse {\nreturn 'false';\n}", (5,), "false"),
        ("= $'[Column name]'.substring(0, $'Name'.indexOf(' '));", ("Ada Lovelace", "Ada Lovelace"), "Ada"),
        ("= $'[Column name]'.split(\" \").slice(-1)", ("Ada Lovelace",), ["Lovelace"]),
        ("= 1", (), 1),
        ("= 'Hello world!'", (), "Hello world!"),
        ("= new Date (2014,1,28)", (), Date(1_393_545_600_000)),
        ("= true", (), True),
        ("= [1,1,2,3,5,8]", (), [1, 1, 2, 3, 5, 8]),
        ("= {'first': 10, 'second': 20}", (), {"first": 10, "second": 20}),
        ("= 1+1", (), 2),
        ("= 5*25", (), 125),
        ("= Math.pow(10, 10)", (), 10_000_000_000),
    ],
)
def test_published_formulas_give_what_they_promise(compute, text, row, value):
    assert compute(text, *row) == value


@pytest.mark.parametrize(("stage", "value"), [("Lead", 0.1), ("Negotiating", 0.7), ("Closed", 1), ("Lost", "N/A")])
def test_a_chain_of_conditions_returns_from_the_one_that_holds(compute, stage, value):
    text = """= if ($'Stage' === 'Lead')
      {return 0.1;}
    else if ($'Stage' === 'Pitched')
      {return 0.3;}
    else if ($'Stage' === 'Negotiating')
      {return 0.7;}
    else if ($'Stage' === 'Closed')
      {return 1;}
    else
      {return "N/A";}"""
    assert compute(text, stage) == value


def test_columns_are_listed_once_in_the_order_they_are_named():
    assert compile("$'B' + $'A' * $'B'").names == ("B", "A")


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (r"$'It\'s' + 1", "It's"),
        ("$'It''s' + 1", "It's"),
        (r"$'back\\slash'", r"back\slash"),
        ("$'50% (net) \"a\" `b` ${c} // d'", '50% (net) "a" `b` ${c} // d'),
        ("$'Größe — 寸法'", "Größe — 寸法"),
        ("LEN($'It''s')", "It's"),
        (r"LEN($'It\'s')", "It's"),
    ],
)
def test_a_column_name_may_hold_anything(compute, text, name):
    assert compile(text).names == (name,)


@pytest.mark.parametrize(
    "text",
    [
        """ "$'No'" """,
        r""" 'a\'$\'No\'' """,
        """ "a" + 'x$' + "'No'" """,
        "`$'No'`",
        "`a ${'b' + `$'No'`} $'No'`",
        "1 // $'No'",
        "1 /* $'No' \n $'No' */ + 2",
        "/$'No'/.test('x')",
        "/[/$'No']/.test('x')",
        "if (true) /$'No'/.exec('x'); return 1",
        "return /$'No'/.test('a') ? 1 : 2",
        "[/$'No'/].length",
        "'a'.replace(/$'No'/g, '')",
    ],
)
def test_texts_templates_comments_and_patterns_are_not_columns(compute, text):
    assert compile(text).names == ()
    assert not isinstance(compute(text), Fault)


@pytest.mark.parametrize(
    ("text", "row", "value"),
    [
        ("`${$'A'}-${`${$'B'}`}`", ("x", "y"), "x-y"),
        ("4 / $'A' / 2", (2,), 1),
        ("(4) / $'A'", (2,), 2),
        ("[4][0] / $'A' / 1", (2,), 2),
        ("var i = 4; i++ / $'A' / 2; return i / $'A'", (5,), 1),
        ("'a/' + $'A' + '/b'", ("x",), "a/x/b"),
        ("$'A'.replace(/\\//g, $'B')", ("a/b", "-"), "a-b"),
        ("if ($'A') { return 1 } /x/.test(''); return 2", (0,), 2),
        ("var $c0 = 5; return $'A' + $c0", (1,), 6),
        ("var $c = 5, $c_0 = 7; return $'A' + $c + $c_0", (1,), 13),
        ("$'A' /* $'B' */ + 1 // end", (1,), 2),
    ],
)
def test_columns_are_found_between_them(compute, text, row, value):
    assert compute(text, *row) == value


@pytest.mark.parametrize(
    ("text", "message", "position"),
    [
        ("= $'A", "not closed by a quote", 2),
        ("1 + $''", "empty", 4),
        ("= ($'A' + 1", "“\\(” is not closed", 2),
        ("$'A' + 1)", "“\\)” closes nothing", 8),
        ("[1, 2)", "closes nothing", 5),
        ("'abc", "text is not closed", 0),
        ("1 + `abc ${1}", "template is not closed", 12),
        ("1 /* abc", "comment is not closed", 2),
    ],
)
def test_what_is_not_closed_is_said_with_its_place(text, message, position):
    with pytest.raises(FormulaError, match=message) as caught:
        compile(text)
    assert caught.value.position == position
    assert f"(at character {position + 1})" in str(caught.value)


@pytest.mark.parametrize(
    ("text", "position"),
    [
        ("= $'Deal size' + * 2", 17),
        ("return $'A' +;", 13),
        ("if ($'A')\n  return foo bar;", 23),
        ("var 1x = 2", 4),
        ("var a = (1 +\n  +);\nreturn Math.max(\n1\n)", 16),
    ],
)
def test_the_engine_checks_the_rest_and_says_where(engine: Engine, text, position):
    with pytest.raises(FormulaError) as caught:
        engine.check(compile(text))
    assert caught.value.position is not None
    assert abs(caught.value.position - position) <= 1


def test_a_formula_that_reads_well_passes_the_check(engine: Engine):
    engine.check(compile("$'A'.length > 2"))
    engine.check(compile("SUM($'A', 1)"))


def test_a_formula_that_cannot_be_read_is_an_error_in_every_row(engine: Engine):
    values = engine.evaluate(compile("$'A' + * 2"), [(1,)] * 3000, 0)
    assert len(values) == 3000
    assert {value.code for value in values if isinstance(value, Fault)} == {"#ERROR!"}
    assert "at character 8" in values[0].message


def test_variables_need_no_declaration(compute):
    assert compute("total = $'A' * 2; for (i = 0; i < 3; i++) total += i; return total", 5) == 13


def test_undeclared_variables_do_not_get_in_the_way_of_declared_ones(compute):
    assert compute("let a = 1, b = 2; b = a + b; { const c = b; return c + $'A' }", 1) == 4


def test_a_formula_without_return_or_value_is_blank(compute):
    assert compute("var a = 5;") is None
    assert compute("undefined") is None
    assert compute("null") is None


def test_the_language_is_a_current_one(compute):
    text = "const {a, ...rest} = {a: 1, b: 2}; return [...Object.values(rest), a ?? 0].map(x => x ** 2).at(0)"
    assert compute(text) == 4
