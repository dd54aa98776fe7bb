"""Templates: what they look up, how they say it, and what they refuse."""

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from boxwood.lib import templates
from boxwood.lib.template_filters import TemplateError

NAMES = {
    "box": {
        "name": 'Big "Deal" \\ Ltd\n',
        "fields": {"Deal size": 1200.5, "A|B": "odd", "Stage.x": 1, "Empty": None, "Tags": ["a", "b"], "Yes": True},
        "when": 1767225600000,
    },
    "steps": {"list": {"body": {"items": [{"id": 7}, {"id": 8}]}}},
}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain {text}", "plain {text}"),
        ("{{ box.fields.Deal size }}", 1200.5),
        ('{{box["fields"]["Deal size"]}} EUR', "1200.5 EUR"),
        ('{{ box.fields["A|B"] }}', "odd"),
        ("{{ box.fields['Stage.x'] }}", 1),
        ("{{ steps.list.body.items[0].id }}", 7),
        ("{{ steps.list.body.items[-1].id }}/{{ steps.list.body.items[9].id }}", "8/"),
        ("<{{ box.fields.Empty }}>", "<>"),
        ('{{ box.fields.Empty | default("none") }}', "none"),
        ("{{ nothing.at.all | default(0) }}", 0),
        ("{{ box.fields.Tags }}!", "a, b!"),
        ('{{ box.fields.Tags | join(" + ") | upper }}', "A + B"),
        ("{{ box.fields.Yes }}!", "true!"),
        ('{{ box.when | date("%d.%m.%Y %H:%M", "Europe/Berlin") }}', "01.01.2026 00:00"),
        ('{{ box.when | plus(3, "days") | date }}', "2026-01-04"),
        ("{{ box.fields.Deal size | times(2) | round }}", 2401),
        ("{{ box.fields.Deal size | plus(0.5) }}", 1201.0),
        ('{{ box.name | trim | replace("Big", "Small") | truncate(8) }}', 'Small "…'),
        ('{{ "x".y }}', None),
        ("{{ box.fields.Tags | first | capitalize }}{{ box.fields.Tags | length }}", "A2"),
        ('a?q={{ box.fields["A|B"] | url }}&{{ box.name | trim | url }}', "a?q=odd&Big%20%22Deal%22%20%5C%20Ltd"),
        ('{{ "1,5; 2" }}', None),
    ],
)
def test_a_template_says(text, expected):
    if text.startswith('{{ "'):
        with pytest.raises(TemplateError, match="is no path"):
            templates.parse(text)
        return
    made = templates.parse(text).value(NAMES)
    assert made == expected
    assert type(made) is type(expected)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("Hello {{ box.name", "has no }} behind it"),
        ("{{ }}", "names nothing"),
        ("{{ box..name }}", "is no path"),
        ("{{ box.name | shout }}", "no filter 'shout'; known are default"),
        ("{{ box.name | upper(1) }}", "takes 0 values"),
        ("{{ box.name | truncate }}", "takes 1 values"),
        ('{{ box.name | truncate("x") }}', "should be a number"),
        ('{{ box.name | default("x" }}', "a bracket is not closed"),
        ("{{ box.name | default(x) }}", "a text in quotes or a number"),
        ('{{ box.when | date("%Q") }}', "no date sign"),
        ('{{ box.when | date("%Y", "Mars/North") }}', "no time zone"),
        ('{{ box.when | plus(1, "moons") }}', "a unit is one of"),
        ("{{ box[name] }}", "brackets hold a number or a name in quotes"),
        ("{{ box.name }}" * 501, "more than 500 places"),
    ],
)
def test_what_cannot_be_meant_is_refused_when_it_is_saved(text, says):
    with pytest.raises(TemplateError, match=says):
        templates.parse(text)


def test_a_name_that_cannot_be_there_is_refused_and_the_known_ones_are_told():
    scope = {
        "box": {"name": templates.ANYTHING, "fields": {"Deal size": templates.ANYTHING}},
        "body": templates.ANYTHING,
    }
    templates.check("{{ box.fields.Deal size }} {{ body.what.ever[3] }} {{ box.name.x }}", scope)
    with pytest.raises(TemplateError, match=r"there is no 'Deal sise' in box\.fields; known are Deal size"):
        templates.check("{{ box.fields.Deal sise }}", scope)
    with pytest.raises(TemplateError) as caught:
        templates.check_all({"headers": [{"X": "{{ bax.name }}"}]}, scope, "steps[1].with")
    assert caught.value.at == "steps[1].with.headers[0].X"


@given(st.text(max_size=50), st.one_of(st.none(), st.booleans(), st.integers(-(2**53), 2**53), st.text(max_size=30)))
def test_whatever_stands_in_a_json_template_it_stays_json(said, value):
    names = {"said": said, "value": value}
    made = templates.parse('{"a": "<{{ said }}>", "b\\"": {{ value }}, "c": "{{ value }}"}').json(names)
    read = json.loads(made)
    assert read["a"] == f"<{said}>"
    assert read['b"'] == value


def test_values_within_values_are_made_at_every_depth_and_keep_their_kinds():
    given_value = {
        "n": "{{ box.fields.Deal size }}",
        "list": ["{{ box.fields.Tags }}", 3, None],
        "{{ box.fields.A }}x": 1,
    }
    assert templates.render(given_value, NAMES) == {"n": 1200.5, "list": [["a", "b"], 3, None], "x": 1}


def test_no_filter_makes_a_text_without_end():
    place = "{{ s" + ' | replace("a", "aaaaaaaaaa")' * 30 + " }}"
    with pytest.raises(TemplateError, match="more than 100,000 characters"):
        templates.parse(place).value({"s": "a"})
    with pytest.raises(TemplateError, match="more than 100,000 characters"):
        templates.parse("{{ s }}" * 20).value({"s": "a" * 10_000})


@given(st.text(alphabet='{}|.[]"()a1 ,\\', max_size=40))
def test_any_text_is_read_or_refused(text):
    with contextlib.suppress(TemplateError):
        assert templates.parse(text).parts or not text


@pytest.mark.parametrize(
    ("number", "digits", "rounded"),
    [
        (1.005, 2, 1.01),
        (2.5, 0, 3),
        (-2.5, 0, -3),
        (1.5, 0, 2),
        (1234.5678, 2, 1234.57),
        (1250, -2, 1300),
        (0.1, 15, 0.1),
    ],
)
def test_round_is_the_round_of_formulas(number: float, digits: int, rounded: float) -> None:
    assert templates.render(f"{{{{ x | round({digits}) }}}}", {"x": number}) == rounded


@pytest.mark.parametrize(("text", "number"), [("1,5", 1.5), ("1.234,56", 1234.56), ("€ 5", 5), ("x", None)])
def test_the_filter_number_reads_a_text_as_people_mean_it(text: str, number: float | None) -> None:
    assert templates.render("{{ x | number }}", {"x": text}) == number
