"""Automatic indexes: created for a field that boxes are filtered or sorted by, used, limited, and deleted with it."""

import json
import time
from typing import Any

import msgspec
import pytest

from boxwood.core import boxes
from boxwood.core.context import Ctx
from boxwood.core.records import BOXES
from boxwood.core.views import field_indexes, selections
from boxwood.core.views.selections import Wish
from boxwood.db.engine import Db
from boxwood.jobs import field_indexes as job_field_indexes
from boxwood.jobs import upkeep
from tests.conftest import World, ok

MANY = 3000


def fill(world: World, pipeline: dict[str, Any], values: Any) -> None:
    """Create many boxes, each with `values(number)`. They are inserted without the API, for speed."""
    key = world.box(pipeline)["key"]
    like = world.as_("ada", lambda ctx: boxes.get(ctx, key))
    copies = (msgspec.structs.replace(like, key=f"{like.key}{n:05}", fields=values(n)) for n in range(MANY))
    columns = BOXES.names
    sql = f"INSERT INTO boxes ({', '.join(columns)}) VALUES ({', '.join(f':{name}' for name in columns)})"
    world.server.engine.write(lambda db: db.many(sql, [BOXES.params(box) for box in copies]))


class Watched:
    """A transaction that stores the statements that read boxes."""

    def __init__(self, db: Db) -> None:
        self._db = db
        self.asked: list[tuple[str, dict[str, Any]]] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._db, name)

    def rows(self, sql: str, **params: Any) -> Any:
        if "FROM boxes b" in sql:
            self.asked.append((sql, params))
        return self._db.rows(sql, **params)


def plan(world: World, pipeline: dict[str, Any], **query: Any) -> str:
    """The database's plan for reading the first page."""

    def explain(db: Db) -> str:
        watched = Watched(db)
        selections.page(Ctx(watched, world.clock(), world.ada.user), pipeline["key"], limit=25, **query)  # type: ignore[arg-type]
        sql, params = watched.asked[0]
        words = "EXPLAIN QUERY PLAN" if db.dialect.name == "sqlite" else "EXPLAIN"
        return "\n".join(str(row[-1]) for row in db.rows(f"{words} {sql}", **params))

    return world.server.engine.read(explain)


def names(world: World) -> set[str]:
    return world.server.engine.read(field_indexes.existing)


def until(condition: Any) -> None:
    deadline = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < deadline, "the condition did not become true"
        time.sleep(0.05)


KINDS: dict[str, tuple[str, str, Any, Any]] = {
    "TEXT_INPUT": ("text", "gt", 99_990, lambda n: n * 7919 % 100_003),
    "DATE": ("number", "gt", 1_000_000_092_500, lambda n: 1_000_000_000_000 + n * 31),
    "DROPDOWN": ("key", "eq", "9002", lambda n: "9002" if n % 500 == 0 else "9001"),
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_field_that_boxes_are_filtered_or_sorted_by_gets_an_index_that_is_used(world: World, kind: str) -> None:
    form, op, value, value_of = KINDS[kind]
    pipeline = world.pipeline()
    for _ in range(3):
        world.field(pipeline, "CHECKBOX")
    options = {"dropdownSettings": {"items": [{"name": "S"}, {"name": "L"}]}} if kind == "DROPDOWN" else {}
    key = world.field(pipeline, kind, **options)["key"]
    fill(world, pipeline, lambda n: {key: value_of(n)})
    name = f"boxes_by_field_{key}_{form}"
    tree = {"field": key, "op": op, "value": value}
    path = f"/api/v2/pipelines/{pipeline['key']}/boxes"
    before = ok(world.ada.http.get(path, params={"filter": json.dumps(tree), "sort": f"-{key}", "limit": 25}))
    until(lambda: name in names(world))
    if world.server.engine.dialect.name == "postgres":
        world.server.engine.write(lambda db: db.run("ANALYZE boxes"))  # as the autovacuum does after a while
    after = ok(world.ada.http.get(path, params={"filter": json.dumps(tree), "sort": f"-{key}", "limit": 25}))
    assert [box["key"] for box in after["results"]] == [box["key"] for box in before["results"]]
    assert name in plan(world, pipeline, tree=tree)
    for sort in ([key], [f"-{key}"]):
        found = plan(world, pipeline, sort=sort)
        assert name in found, found
        assert "TEMP B-TREE" not in found, found
        assert "Sort" not in found, found


def test_a_page_without_a_useful_index_reads_boxes_in_the_order_of_creation(world: World) -> None:
    """It does not use the index of another field. If an index helps, the index of the creation is not used."""
    pipeline = world.pipeline()
    key = world.field(pipeline, "TEXT_INPUT")["key"]
    fill(world, pipeline, lambda n: {key: n * 7919 % 100_003})
    page = f"/api/v2/pipelines/{pipeline['key']}/boxes"
    ok(world.ada.http.get(page, params={"sort": key}))
    until(lambda: f"boxes_by_field_{key}_text" in names(world))
    tree = {"field": "name", "op": "contains", "value": "cm"}
    asked = {"filter": json.dumps(tree), "sort": "taskTotal", "limit": 1000}
    first = ok(world.ada.http.get(page, params=asked))
    assert len(first["results"]) == 1000
    if world.server.engine.dialect.name == "sqlite":
        assert "boxes_by_creation" in plan(world, pipeline, tree=tree, sort=["taskTotal"])
        assert "boxes_by_field" in plan(world, pipeline, tree=tree, sort=[key])
        assert "boxes_by_update" in plan(world, pipeline, tree=tree, sort=["-lastUpdatedTimestamp"])
        assert "boxes_by_update" in plan(world, pipeline, tree=tree, sort=["taskTotal"], since=world.clock())
        stage = {"and": [tree, {"field": "stage", "op": "eq", "value": "5001"}]}
        assert "boxes_by_stage" in plan(world, pipeline, tree=stage, sort=["taskTotal"])


@pytest.mark.parametrize("kind", KINDS)
def test_an_index_takes_the_longest_text_of_another_pipeline(world: World, kind: str) -> None:
    """The index of a field holds the fields with the same key of all pipelines, whatever their kinds."""
    form = KINDS[kind][0]
    asked, other = world.pipeline(), world.pipeline()
    options = {"dropdownSettings": {"items": [{"name": "S"}]}} if kind == "DROPDOWN" else {}
    key = world.field(asked, kind, **options)["key"]
    assert world.field(other, "TEXT_INPUT")["key"] == key
    ok(world.ada.http.get(f"/api/v2/pipelines/{asked['key']}/boxes", params={"sort": key}))
    until(lambda: f"boxes_by_field_{key}_{form}" in names(world))
    text = " ".join(str(n * 7919) for n in range(9_000))
    assert len(world.box(other, fields={key: text})["fields"][key]) == len(text)


def test_an_index_is_deleted_with_the_last_field_that_needs_it(world: World) -> None:
    first, second = world.pipeline(), world.pipeline()
    for pipeline in (first, second):
        for _ in range(40):
            key = world.field(pipeline, "TEXT_INPUT")["key"]
        ok(world.ada.http.get(f"/api/v2/pipelines/{pipeline['key']}/boxes", params={"sort": key}))
    name = f"boxes_by_field_{key}_text"
    engine = world.server.engine
    wishes = {Wish(pipeline["key"], key, "text") for pipeline in (first, second)}
    until(lambda: name in names(world) and len(engine.read(lambda db: field_indexes.known(db, wishes))) == 2)
    ok(world.ada.http.delete(f"/api/v1/pipelines/{first['key']}/fields/{key}"))
    job_field_indexes.sweep(engine, set())
    assert name in names(world)
    ok(world.ada.http.delete(f"/api/v1/pipelines/{second['key']}/fields/{key}"))
    until(lambda: job_field_indexes.sweep(engine, set()) or name not in names(world))


def test_an_index_stays_while_its_pipeline_is_in_the_trash_and_is_deleted_with_it(world: World) -> None:
    pipeline = world.pipeline()
    for _ in range(45):  # more fields than any other pipeline of the tests, so that no other needs the index
        key = world.field(pipeline, "TEXT_INPUT")["key"]
    path = f"/api/v2/pipelines/{pipeline['key']}"
    ok(world.ada.http.get(f"{path}/boxes", params={"sort": key}))
    name, wish = f"boxes_by_field_{key}_text", Wish(pipeline["key"], key, "text")
    engine = world.server.engine
    until(lambda: name in names(world) and engine.read(lambda db: field_indexes.known(db, {wish})))
    ok(world.ada.http.delete(path))
    job_field_indexes.sweep(engine, set())
    assert name in names(world)
    ok(world.ada.http.post(f"/api/v2/trash/{pipeline['key']}/restore"))
    job_field_indexes.sweep(engine, set())
    assert engine.read(lambda db: field_indexes.known(db, {wish})) == {wish}
    ok(world.ada.http.delete(path))
    ok(world.ada.http.delete(f"/api/v2/trash/{pipeline['key']}"))
    upkeep.sweep(engine, world.server.boxwood.store, world.clock())
    assert engine.read(lambda db: field_indexes.known(db, {wish})) == set()
    until(lambda: job_field_indexes.sweep(engine, set()) or name not in names(world))


def test_the_number_of_indexes_of_a_pipeline_is_limited(world: World) -> None:
    pipeline = world.pipeline()
    keys = [world.field(pipeline, "CHECKBOX")["key"] for _ in range(field_indexes.MOST_OF_PIPELINE + 3)]
    wishes = {Wish(pipeline["key"], key, "flag") for key in keys}
    engine = world.server.engine
    for _ in range(2):
        job_field_indexes.sweep(engine, set(wishes))
        known = engine.read(lambda db: field_indexes.known(db, wishes))
        assert len({wish for wish in known if wish.pipeline_key == pipeline["key"]}) == field_indexes.MOST_OF_PIPELINE
    for key in keys:
        tree = json.dumps({"field": key, "op": "eq", "value": True})
        path = f"/api/v2/pipelines/{pipeline['key']}/boxes"
        assert ok(world.ada.http.get(path, params={"filter": tree}))["results"] == []


def test_values_that_an_index_cannot_hold_are_still_stored(world: World) -> None:
    pipeline = world.pipeline()
    key = world.field(pipeline, "TEXT_INPUT")["key"]
    ok(world.ada.http.get(f"/api/v2/pipelines/{pipeline['key']}/boxes", params={"sort": key}))
    until(lambda: f"boxes_by_field_{key}_text" in names(world))
    for value in ("\U0001f600" * 50_000, "1e999", "9" * 400, 1e300, -1e300, "", "a" * 100_000, True):
        reply = world.ada.http.post(
            f"/api/v2/pipelines/{pipeline['key']}/boxes", json={"name": "x", "fields": {key: value}}
        )
        assert reply.status_code == (400 if value is True else 200), reply.text[:300]
