"""Conditions: what they can say, what they answer when they cannot, and what stops them."""

import os
import signal
import time

import pytest

from boxwood.lib.cel import CelError, Engine

NAMES = ("box", "event")
BOX = {"name": "Acme", "fields": {"Deal size": 1200, "Rate": 1.5}, "tags": ["a", "vip"], "none": None}
LONG = {"s": "a" * 100_000, "many": [str(item) for item in range(20_000)]}


@pytest.fixture(scope="module")
def engine():
    with Engine() as engine:
        yield engine


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ('box.name == "Acme"', True),
        ('box.fields["Deal size"] > 1000 && box.fields.Rate < 2', True),
        ("box.fields.Rate > 1", True),
        ('has(box.fields.Nothing) || event.kind.startsWith("box.")', True),
        ('"vip" in box.tags && box.tags.exists(item, item == "a")', True),
        ('box.name.lowerAscii().matches("^ac") && box.name.size() == 4', True),
        ('box.tags.map(item, item + "!") == ["a!", "vip!"]', True),
        ("box.none == null", True),
        ('timestamp(event.at) < timestamp("2026-01-01T00:00:00Z")', False),
        ("math.greatest(box.fields.Rate, 3.0) == 3.0", True),
    ],
)
def test_an_expression_over_a_record(engine, source, expected):
    engine.check(source, NAMES)
    event = {"kind": "box.moved", "at": "2026-11-25T12:00:00Z"}
    assert engine.judge(source, NAMES, {"box": BOX, "event": event}) is expected


WRITTEN = {
    "fields": {
        "Deal size": "1.250,00 €",
        "Costs": "(5.00)",
        "Share": "12%",
        "Zip": "10115",
        "Note": "about 5",
        "Count": 3,
        "Old": "1,000",
        "It's": "7",
    },
    "name": "42",
    "list": ["1,5", "2,5"],
}


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ('box.fields["Deal size"] > 1000', True),
        ('box.fields["Deal size"] == 1250', True),
        ('box.fields["Deal size"] != 1250.0', False),
        ("-5 == box.fields.Costs && 0 > box.fields.Costs", True),
        ("0.1 < box.fields.Share && box.fields.Share <= 0.12", True),
        ('box.fields["Deal size"] in [1250, 2]', True),
        ("box.fields['It\\'s'] == 7", True),
        ('box.fields["Deal size"] > box.fields.Old * 1.1', True),
        ('box.fields["Deal size"] >= box.fields["Deal size"] * 1.1', False),
        ("box.fields.Count * 1.5 == 4.5", True),
        ('box.fields.Zip.startsWith("10") && box.fields["Deal size"] > 9', True),
        ('box.fields.Zip == "10115" && box.fields["Deal size"] == 1250', True),
        ('box.fields["Deal size"] == "1.250,00 €" && box.name == "42"', True),
        ("box.list.all(item, item > 1)", True),
        ('box.name + "1" == "421"', True),
        ("box.name == 42", True),
        ('box.fields.Note == "about 5"', True),
        ("double(box.fields.Old) == 1000.0", True),
        ('"box.name == 42" == box.name', False),
    ],
)
def test_a_text_counts_as_its_number_where_it_meets_a_number(engine, source, expected):
    engine.check(source, NAMES)
    assert engine.judge(source, NAMES, {"box": WRITTEN, "event": {}}) is expected


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("", "is empty"),
        ("nope == 1", "column 1: undeclared reference to 'nope'"),
        ("box.name ==", "column 12: Syntax error"),
        ("\nbox.name = 1", "line 2, column 10: Syntax error"),
        ('"a" == 1', "found no matching overload"),
        ("size(box.name)", "says int, and must say true or false"),
        ("(" * 1000 + "true" + ")" * 1000, "recursion limit exceeded"),
        ("true || " * 1000 + "true", "longer than 5,000 characters"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_its_place(engine, source, says):
    with pytest.raises(CelError, match=says.replace("(", r"\(")):
        engine.check(source, NAMES)


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("box.missing == 1", 'Key not found in map : "missing"'),
        ("box.name > 5", "No matching overloads"),
        ('box.fields["Deal size"] / 0 == 1', "divide by zero"),
        ("box.name", "neither true nor false|Acme"),
        ('box.name > 5 || box.fields["Deal size"] == 1', "No matching overloads"),
    ],
)
def test_what_cannot_be_told_is_an_error_and_no_answer(engine, source, says):
    with pytest.raises(CelError, match=says):
        engine.judge(source, NAMES, {"box": BOX, "event": {}})


@pytest.mark.parametrize(
    "source",
    [
        "box.many.all(a, box.many.all(b, box.many.all(c, a != b || b != c || true)))",
        "box.many.map(item, box.s + item).size() > 0",
        'box.s.replace("a", box.s).size() > 0',
        'box.s.replace("a", box.s).replace("a", box.s).size() > 0',
        'box.s.split("").map(item, box.s.split("")).size() > 0',
        'box.many.exists(item, box.s.matches("(a?){200}b"))',
    ],
)
def test_a_bomb_costs_a_moment_and_harms_nobody(engine, source):
    engine.check(source, NAMES)
    began = time.process_time()
    with pytest.raises(CelError, match=r"takes too long|too much memory|budget exceeded|bad_alloc"):
        engine.judge(source, NAMES, {"box": LONG, "event": {}})
    assert time.process_time() - began < 1, "of this process"
    assert engine.judge('box.name == "Acme"', NAMES, {"box": BOX, "event": {}}) is True


def test_it_begins_anew_when_its_process_was_killed():
    with Engine() as engine:
        engine.check("true", ())
        assert engine._process is not None
        first = engine._process.child
        os.kill(first.pid, signal.SIGKILL)
        first.wait()
        assert engine.judge("1 < 2", (), {}) is True
        assert engine._process.child.pid != first.pid


def test_what_looks_like_a_name_from_outside_stays_data(engine):
    with pytest.raises(CelError, match="undeclared reference"):
        engine.check("evil == 1", ["box", "evil.x", "a,b"])
