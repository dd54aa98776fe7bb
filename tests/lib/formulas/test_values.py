import pytest

from boxwood.lib.formulas import Date, Engine, Fault, compile  # noqa: A004

from .conftest import NOW


def test_linked_boxes_assignees_contacts_and_tags_have_a_length(compute):
    assert compute("$'Contacts'.length", ["c1", "c2"]) == 2
    assert compute("$'Contacts'.length", []) == 0
    assert compute("$'Assigned To'[0].email", [{"email": "ada@example.com"}]) == "ada@example.com"
    assert compute("LEN($'Tags')", ["a", "b", "c"]) == 3
    assert compute("COUNTA($'Tags')", ["a", "b", "c"]) == 3


def test_dates_go_in_and_come_out_as_dates(compute):
    assert compute("$'Close'", Date(NOW)) == Date(NOW)
    assert compute("$'Close'.getFullYear()", Date(NOW)) == 2024
    assert compute("new Date($'Close'.getTime() + 86400000)", Date(NOW)) == Date(NOW + 86_400_000)
    assert compute("($'End' - $'Start') / 86400000", Date(NOW), Date(NOW - 3 * 86_400_000)) == 3


@pytest.mark.parametrize(
    "value", [None, True, False, 0, -1.5, 2**53, "", "ünï ☃ 🦋", [], ["d", "e"], ["a", "b"], {"a": 1}]
)
def test_a_value_comes_out_as_it_went_in(compute, value):
    assert compute("$'A'", value) == value
    assert type(compute("$'A'", value)) is type(value)


@pytest.mark.parametrize("value", [[1, 2], [1], [True, False], ["d"], {"x": "y"}, {"__proto__": 1, "toJSON": 2}])
def test_lists_and_objects_of_one_kind_are_values(compute, value):
    assert compute("$'A'", value) == value


@pytest.mark.parametrize(
    "text",
    [
        "[1, 'a']",
        "[null]",
        "[[1]]",
        "[{}]",
        "({a: 1, b: 'x'})",
        "({a: [1]})",
        "[1, NaN]",
        "function () {}",
        "Symbol('a')",
        "10n",
        "new Map()",
        "/a/",
        "new (class Deal {})()",
        "Promise.resolve(1)",
        "new Date(NaN)",
        "NaN",
        "1 / 0",
        "'x'.repeat(50001)",
        "Array(1001).fill(1)",
        "Object.create(Date.prototype)",
        "new Proxy([], {get() { throw 1 }})",
        "({get a() { throw new Error('no') }})",
    ],
)
def test_anything_else_is_an_error_value(compute, text):
    assert isinstance(compute(text), Fault)


def test_one_bad_row_does_not_spoil_the_others(engine: Engine):
    values = engine.evaluate(compile("$'Name'.toUpperCase()"), [("a",), (None,), ("b",)], NOW)
    assert [values[0], values[2]] == ["A", "B"]
    assert values[1] == Fault("#ERROR!", "TypeError: cannot read property 'toUpperCase' of null")


def test_what_a_formula_throws_is_its_message(compute):
    assert compute("throw 'Too small'") == Fault("#ERROR!", "Too small")
    assert compute("throw new RangeError('no')") == Fault("#ERROR!", "RangeError: no")
    assert compute("nonsense + 1") == Fault("#ERROR!", "ReferenceError: nonsense is not defined")
    assert len(compute("throw 'x'.repeat(1e5)").message) == 200


@pytest.mark.parametrize(
    "thrown",
    [
        "null",
        "undefined",
        "{}",
        "Symbol()",
        "{toString() { throw 1 }}",
        "Object.assign(new Error(), {name: {}, message: {toString: 5}})",
        "new Proxy({}, {getPrototypeOf() { throw 1 }})",
        "new Proxy(new Error('x'), {get() { throw 1 }})",
    ],
)
def test_whatever_a_formula_throws_is_an_error_value(engine: Engine, thrown):
    values = engine.evaluate(compile(f"if ($'A') throw {thrown}; return 1"), [(True,), (False,)], NOW)
    assert isinstance(values[0], Fault)
    assert values[1] == 1


def test_an_error_in_a_column_is_the_error_of_what_reads_it(compute):
    fault = Fault("#DIV/0!", "Division by zero")
    assert compute("$'A' + 1", fault) == fault
    assert compute("SUM($'A', 1)", fault) == fault
    assert compute("IFERROR($'A', 0)", fault) == 0


def test_a_half_of_a_character_is_made_whole(compute):
    assert compute("'🦋'.slice(0, 1) + 'x'") == "�x"
    assert compute("['🦋'.slice(1)]") == ["�"]
    assert compute("({['🦋'.slice(1)]: 1})") == {"�": 1}
    assert compute("throw '🦋'.slice(1)") == Fault("#ERROR!", "�")
    assert compute("VALUE(LEFT('🦋', 1))") == Fault("#VALUE!", "“🦋” is not a number")


def test_rows_must_have_a_value_for_every_column(engine: Engine):
    with pytest.raises(ValueError, match="rows of 1 values for a formula of 2 columns"):
        engine.evaluate(compile("$'A' + $'B'"), [(1,)], NOW)


def test_no_rows_give_no_values(engine: Engine):
    assert engine.evaluate(compile("$'A'"), [], NOW) == []


def test_every_row_of_many_has_its_value_at_its_place(engine: Engine):
    rows = [(n, str(n)) for n in range(10_123)]
    assert engine.evaluate(compile("$'A' + $'B'.length"), rows, NOW) == [n + len(text) for n, text in rows]


def test_much_text_goes_in_and_out_in_more_batches(engine: Engine):
    words = "word " * 8000
    values = engine.evaluate(compile("$'A' + '!'"), [(words,)] * 300, NOW)
    assert values == [words + "!"] * 300


def test_much_text_from_little_is_given_too(engine: Engine):
    values = engine.evaluate(compile("'x'.repeat(40000) + $'A'"), [(n,) for n in range(300)], NOW)
    assert [value[-3:] for value in values[::100]] == ["xx0", "100", "200"]
