"""A pipeline that was exported is imported as it was, whatever its fields and values are called."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from boxwood.core.import_export.row_reader import csv_value
from boxwood.lib.lines import on_one_line
from tests.api.test_exports import export
from tests.api.test_imports import boxes, imported
from tests.conftest import World, ok

_LETTERS = st.characters(exclude_categories=("Cs",), exclude_characters="\x00")
_TRICKY = [
    "=1+1",
    "'=1",
    "''-x",
    "@only",
    "+1 maybe",
    "-12",
    "\t=1",
    "a,b; c",
    'say "hi"',
    "two\nlines",
    "a\rb",
    "[1]",
    "'",
]
_TEXTS = st.one_of(st.sampled_from(_TRICKY), st.text(_LETTERS, min_size=1, max_size=12))
_NAMES = st.one_of(
    st.sampled_from(
        "Name name Notes notes Stage Created Key Updated Amount Amount Owner Title 1001 key stageKey "
        "creationTimestamp fields Column@2 =1+1 '=x @SUM Name_(field) Amount_(field@2) Notes_(box) Name_(1001)".split()
    ).map(lambda name: name.replace("_", " ").replace("@", " ")),
    st.text(_LETTERS, min_size=1, max_size=8),
).filter(lambda text: bool(on_one_line(text).strip()))
_OWN = st.fixed_dictionaries(
    {"name": _TEXTS.filter(lambda text: bool(on_one_line(text).strip())), "notes": st.one_of(st.none(), _TEXTS)}
)
_TABLES = st.integers(1, 4).flatmap(
    lambda width: st.tuples(
        st.lists(_NAMES, min_size=width, max_size=width),
        st.lists(
            st.tuples(
                _OWN, st.lists(st.one_of(st.none(), _TEXTS, st.integers(-99, 99)), min_size=width, max_size=width)
            ),
            min_size=1,
            max_size=3,
        ),
    )
)


def made(world: World, names: list[str]) -> dict[str, Any]:
    pipeline = world.pipeline()
    for name in names:
        world.field(pipeline, "TEXT_INPUT", name)
    found: dict[str, Any] = ok(world.ada.http.get(f"/api/v2/pipelines/{pipeline['key']}"))
    return found


def seen(world: World, pipeline: dict[str, Any]) -> list[Any]:
    """Each box with the values of its fields in the order of the fields."""
    keys = [field["key"] for field in ok(world.ada.http.get(f"/api/v2/pipelines/{pipeline['key']}"))["fields"]]
    return [
        (
            box["name"],
            box.get("notes"),
            box["stageKey"],
            box["creationTimestamp"],
            [person["email"] for person in box["assignedToSharingEntries"]],
            [box["fields"].get(key) for key in keys],
        )
        for box in boxes(world, pipeline)
    ]


@pytest.mark.parametrize("form", ["csv", "jsonl", "json", "copy"])
@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(table=_TABLES)
def test_an_export_is_imported_as_it_was(world: World, form: str, table: Any) -> None:
    names, rows = table
    pipeline = made(world, names)
    keys = [field["key"] for field in pipeline["fields"]]
    for at, (own, values) in enumerate(rows):
        fields = {key: value for key, value in zip(keys, values, strict=True) if value is not None}
        more = {"assignedToSharingEntries": []} if at == 1 else {}
        given_own = {name: value for name, value in own.items() if value is not None}
        world.box(pipeline, **given_own, fields=fields, stageKey=f"500{at % 2 + 1}", **more)
    expected = seen(world, pipeline)
    sent = export(world, pipeline, format="json" if form == "copy" else form)
    if form == "copy":
        headers = {"content-type": "application/json"}
        job = ok(world.ada.http.post("/api/v2/pipelines/import?wait=20", content=sent.content, headers=headers))
        other = {"key": job["pipelineKey"]}
    else:
        other = made(world, names)
        job = imported(world, other, sent.content)
    assert (job["state"], job["created"], job["refused"]) == ("done", len(rows), 0), json.dumps(job)
    if form == "csv":  # CSV has no types: a text that is exactly how a number is written becomes the number
        expected = [
            (*own, [csv_value(value) if isinstance(value, str) and value[:1] != "-" else value for value in values])
            for *own, values in expected
        ]
    assert [(name.strip(), *rest) for name, *rest in expected] == seen(world, other)


def test_guarded_names_of_stages_options_and_notes_come_back(world: World) -> None:
    """Also names that differ in their case alone, and a box without assignees."""
    stages = ["-New", "=Won", "won", "Won"]
    options = ["+1 maybe", "hot", "Hot", "a, b"]
    pipelines = [world.pipeline(stages=stages) for _ in range(4)]
    for pipeline in pipelines:
        world.field(pipeline, "DROPDOWN", "D", dropdownSettings={"items": [{"name": name} for name in options]})
        world.field(pipeline, "TAG", "T", tagSettings={"tags": [{"tag": name} for name in options]})
        pipeline |= ok(world.ada.http.get(f"/api/v2/pipelines/{pipeline['key']}"))
    first, *others = pipelines
    drop, tag = first["fields"]
    for at, item in enumerate(drop["dropdownSettings"]["items"]):
        tags = [each["key"] for each in tag["tagSettings"]["tags"][at:]]
        fields = {drop["key"]: item["key"], tag["key"]: tags}
        more = {"assignedToSharingEntries": []} if at == 0 else {}
        world.box(first, name=f"={at}", notes="- first bullet", stageKey=f"500{at + 1}", fields=fields, **more)
    for form, other in zip(("csv", "jsonl", "json"), others, strict=True):
        job = imported(world, other, export(world, first, format=form).content)
        assert (job["state"], job["refused"]) == ("done", 0), job
        assert by_name(world, other, seen(world, other)) == by_name(world, first, seen(world, first))


def by_name(world: World, pipeline: dict[str, Any], found: list[Any]) -> list[Any]:
    """The boxes with the names of options in place of their keys."""
    drop, tag = ok(world.ada.http.get(f"/api/v2/pipelines/{pipeline['key']}"))["fields"]
    names = {item["key"]: item["name"] for item in drop["dropdownSettings"]["items"]}
    tags = {item["key"]: item["tag"] for item in tag["tagSettings"]["tags"]}
    return [(*own, names[option], [tags[key] for key in chosen]) for *own, (option, chosen) in found]
