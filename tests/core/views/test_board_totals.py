"""Cached totals of boards: after any change, they equal the totals that counting all boxes gives."""

import itertools
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from boxwood.core import boxes, pipelines
from boxwood.core.context import Ctx
from boxwood.core.views import board as view_board
from boxwood.core.views import board_totals
from boxwood.core.views.board_totals import Totals
from boxwood.db.engine import Db
from boxwood.db.postgres import Postgres
from tests.api.test_imports import send
from tests.api.test_permission_sets import assign_set, grant
from tests.conftest import Person, World, ok
from tests.jobs.webhooks import eventually

SIZE, REGION, DOUBLE = "1001", "1002", "1003"
VALUES = [None, 1, 2.5, "0.1", "30", "x", 1e9, -7]
PLACES = st.integers(0, 30)


class Deals:
    """A pipeline of which Bo sees some boxes, another pipeline, and the changes that may happen to them."""

    def __init__(self, world: World) -> None:
        self.world, self.http = world, world.ada.http
        self.pipeline, self.other = world.pipeline(), world.pipeline(name="Other")
        for pipeline in (self.pipeline, self.other):
            world.field(pipeline, "TEXT_INPUT", "Size")
            items = [{"name": "North"}, {"name": "South"}]
            field = world.field(pipeline, "DROPDOWN", "Region", dropdownSettings={"items": items})
        self.regions = [None, *(option["key"] for option in field["dropdownSettings"]["items"])]
        world.field(self.pipeline, "FORMULA", "Double", defaultValue="$'Size' * 2")
        seen = {"fieldKey": SIZE, "operator": "EQUALS", "value": "30"}
        assign_set(
            world,
            self.pipeline,
            grant("PIPELINE", "GET"),
            grant("BOX", "GET", "ASSIGNED_TO"),
            grant("BOX", "GET", "FIELD_COMPARISON", seen),
        )
        self.path = f"/api/v2/pipelines/{self.pipeline['key']}"
        self.changes: list[str] = []
        self.totals = {self.pipeline["key"]: Totals(3), self.other["key"]: Totals(3)}

    def do(self, verb: str, path: str, body: Any = None) -> None:
        """Send a request. A request that is not possible is refused and changes nothing."""
        reply = self.http.request(verb, path, json=body)
        assert reply.status_code < 500, reply.text
        if change := reply.headers.get("x-boxwood-change"):
            self.changes.append(change)

    def box(self, at: int, other: bool = False) -> str:
        pipeline = self.other if other else self.pipeline
        sql = "SELECT key FROM boxes WHERE pipeline_key = :pipeline ORDER BY key"
        keys = [row[0] for row in self.world.server.engine.read(lambda db: db.rows(sql, pipeline=pipeline["key"]))]
        return keys[at % len(keys)] if keys else "none"

    def values(self, at: int) -> dict[str, Any]:
        return {SIZE: VALUES[at % len(VALUES)], REGION: self.regions[at % len(self.regions)]}

    def create(self, at: int) -> None:
        assigned = [] if at % 2 else [{"email": self.world.bo.email}]
        stage = f"500{at % 3 + 1}"
        given = {"name": "Deal", "stageKey": stage, "fields": self.values(at), "assignedToSharingEntries": assigned}
        self.do("POST", f"{self.path}/boxes", given)

    def move(self, at: int) -> None:
        self.do("POST", f"/api/v1/boxes/{self.box(at)}", {"stageKey": f"500{at % 3 + 1}"})

    def edit(self, at: int) -> None:
        self.do("POST", f"/api/v1/boxes/{self.box(at)}", {"fields": self.values(at // 2)})

    def assign(self, at: int) -> None:
        assigned = [{"email": self.world.bo.email}] if at % 2 else []
        self.do("POST", f"/api/v1/boxes/{self.box(at)}", {"assignedToSharingEntries": assigned})

    def delete(self, at: int) -> None:
        self.do("DELETE", f"/api/v1/boxes/{self.box(at)}")

    def restore(self, at: int) -> None:
        trashed = ok(self.http.get("/api/v2/trash", params={"limit": 3}))["results"]
        if trashed:
            self.do("POST", f"/api/v2/trash/{trashed[at % len(trashed)]['key']}/restore")

    def undo(self, at: int) -> None:
        if self.changes:
            self.do("POST", "/api/v2/undo", {"change": self.changes[-1 - at % len(self.changes)]})

    def move_out(self, at: int) -> None:
        self.do("POST", f"/api/v1/boxes/{self.box(at)}", {"pipelineKey": self.other["key"]})

    def move_in(self, at: int) -> None:
        self.do("POST", f"/api/v1/boxes/{self.box(at, other=True)}", {"pipelineKey": self.pipeline["key"]})

    def link(self, at: int) -> None:
        self.do("POST", f"/api/v1/boxes/{self.box(at)}", {"linkedBoxKeys": [self.box(at + 1)]})

    def comment(self, at: int) -> None:
        self.do("POST", f"/api/v2/boxes/{self.box(at)}/comments", {"message": "Hm"})

    def edit_many(self, at: int) -> None:
        operations = [
            {"method": "POST", "path": f"/v1/boxes/{self.box(number)}", "body": {"fields": self.values(at + number)}}
            for number in range(4)
        ]
        self.do("POST", "/api/v2/batch", {"operations": operations})

    def import_some(self, at: int) -> None:
        rows = "".join(f"Row {number},{VALUES[(at + number) % len(VALUES)] or ''},Won\n" for number in range(5))
        reply = send(self.world, self.pipeline, f"name,Size,stage\n{rows}")
        assert reply.status_code < 500, reply.text

    def edit_options(self, at: int) -> None:
        """Remove the last option, or add another."""
        field = self.http.get(f"{self.path}/fields/{REGION}").json()
        items = field.get("dropdownSettings", {"items": []})["items"]
        items = items[:-1] if at % 2 else [*items, {"name": f"Region {at}"}]
        self.do("POST", f"{self.path}/fields/{REGION}", {"dropdownSettings": {"items": items}})

    def edit_formula(self, at: int) -> None:
        self.do("POST", f"{self.path}/fields/{DOUBLE}", {"defaultValue": f"$'Size' * {at}"})

    def delete_field(self, at: int) -> None:
        self.do("DELETE", f"{self.path}/fields/{(SIZE, REGION, DOUBLE)[at % 3]}")

    def delete_stage(self, at: int) -> None:
        self.do("DELETE", f"{self.path}/stages/500{at % 3 + 1}")

    def delete_and_restore_pipeline(self, at: int) -> None:
        self.do("DELETE", self.path)
        self.do("POST", f"/api/v2/trash/{self.pipeline['key']}/restore")

    def create_view(self, at: int) -> None:
        """A change in the pipeline that changes no box."""
        self.do("POST", f"{self.path}/views", {"name": f"View {at}"})

    def check(self) -> None:
        for pipeline, person in itertools.product((self.pipeline, self.other), (self.world.ada, self.world.bo)):
            known = {field["key"] for field in ok(self.http.get(f"/api/v2/pipelines/{pipeline['key']}/fields"))}
            sums = [key for key in (SIZE, DOUBLE) if key in known]
            for by in ("stage", REGION) if REGION in known else ("stage",):
                same(self.world, person, pipeline["key"], self.totals[pipeline["key"]], by=by, sums=sums)
                same(self.world, person, pipeline["key"], self.totals[pipeline["key"]], by=by, sums=sums[:1])


CHANGES: dict[str, Callable[[Deals, int], None]] = {
    name: verb for name, verb in vars(Deals).items() if callable(verb) and name not in vars(object)
}
for _name in ("do", "box", "values", "check"):
    del CHANGES[_name]
USUAL = ["create", "create", "create", "move", "edit", "assign", "delete", "restore", "undo", "move_out", "move_in"]


def figures(world: World, who: Person, pipeline_key: str, totals: Totals | None, **asked: Any) -> dict[str, Any]:
    def read(db: Db) -> dict[str, Any]:
        board = view_board.read(Ctx(db, world.clock(), who.user), pipeline_key, limit=0, totals=totals, **asked)
        return {lane.key: (lane.count, lane.sums) for lane in board.lanes}

    return world.server.engine.read(read)


def alike(found: dict[str, Any], other: dict[str, Any]) -> bool:
    """Whether the counts are equal, and the sums too, except for rounding in the order of addition."""
    counts = {lane: count for lane, (count, _) in found.items()} == {lane: count for lane, (count, _) in other.items()}
    return counts and all(sums == pytest.approx(other[lane][1], rel=1e-13) for lane, (_, sums) in found.items())


def same(world: World, who: Person, pipeline_key: str, totals: Totals, **asked: Any) -> dict[str, Any]:
    """Assert that the cached totals equal counting all boxes. While formulas are computed in the background, wait until
    counting before and after gives the same."""
    deadline = time.monotonic() + 120
    while True:
        before = figures(world, who, pipeline_key, None, **asked)
        found = figures(world, who, pipeline_key, totals, **asked)
        if alike(figures(world, who, pipeline_key, None, **asked), before):
            assert alike(found, before), f"{found} is not {before}"
            return found
        assert time.monotonic() < deadline, "the totals never stop changing"


@pytest.mark.slow
def test_after_any_changes_cached_totals_equal_counting_all_boxes(world: World) -> None:
    names = st.sampled_from([*USUAL, *CHANGES])

    @settings(max_examples=8, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(st.tuples(names, PLACES), min_size=8, max_size=16))
    def happen(chosen: list[tuple[str, int]]) -> None:
        deals = Deals(world)
        for at in range(5):
            deals.create(at)
        deals.check()
        for name, at in chosen:
            CHANGES[name](deals, at)
            deals.check()

    happen()


@pytest.mark.parametrize("change", CHANGES)
def test_each_kind_of_change_updates_the_totals(world: World, change: str) -> None:
    deals = Deals(world)
    for at in range(8):
        deals.create(at)
    deals.move_out(1)
    deals.check()
    for at in (1, 2):
        CHANGES[change](deals, at)
        deals.check()
    deals.undo(0)
    deals.check()


class Watched:
    """A database that counts the statements that group boxes."""

    def __init__(self, db: Db) -> None:
        self.db = db
        self.counted = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self.db, name)

    def rows(self, sql: str, **params: Any) -> Any:
        self.counted += "GROUP BY" in sql
        return self.db.rows(sql, **params)


def many(world: World, count: int) -> dict[str, Any]:
    """A pipeline with this number of boxes."""
    pipeline = world.pipeline()
    world.field(pipeline, "TEXT_INPUT", "Size")
    world.as_("ada", lambda ctx: add(ctx, pipeline["key"], count))
    return pipeline


def add(ctx: Ctx, pipeline_key: str, count: int) -> None:
    pipeline, role = pipelines.reach(ctx, pipeline_key)
    given = [{"name": f"Box {n}", "fields": {SIZE: str(n)}} for n in range(count)]
    boxes.create_many(ctx, pipeline, role, given)


def effort(world: World, pipeline: dict[str, Any], totals: Totals) -> int:
    """How many parts are counted to read the totals. Asserts that the totals are right."""

    def read(db: Db) -> int:
        watched = Watched(db)
        ctx = Ctx(watched, world.clock(), world.ada.user)  # type: ignore[arg-type]
        view_board.read(ctx, pipeline["key"], limit=0, sums=[SIZE], totals=totals)
        return watched.counted

    found = world.server.engine.read(read)
    same(world, world.ada, pipeline["key"], totals, sums=[SIZE])
    return found


def test_after_a_change_only_the_parts_of_changed_boxes_are_counted(world: World) -> None:
    pipeline = many(world, 200)
    totals = Totals(10)
    assert effort(world, pipeline, totals) == 20
    assert effort(world, pipeline, totals) == 0
    box = world.box(pipeline, fields={SIZE: 5})
    assert effort(world, pipeline, totals) == 1
    for change in ({"stageKey": "5002"}, {"fields": {SIZE: 7}}, {"name": "New"}):
        ok(world.ada.http.post(f"/api/v1/boxes/{box['key']}", json=change))
        assert effort(world, pipeline, totals) == 1
    first = ok(world.ada.http.get(f"/api/v2/pipelines/{pipeline['key']}/boxes?limit=1"))["results"][0]["key"]
    for key in (first, box["key"]):
        ok(world.ada.http.delete(f"/api/v1/boxes/{key}"))
    assert effort(world, pipeline, totals) == 2
    ok(world.ada.http.post(f"/api/v2/trash/{first}/restore"))
    other = world.pipeline(name="Other")
    ok(world.ada.http.post(f"/api/v1/boxes/{first}", json={"pipelineKey": other["key"]}))
    assert effort(world, pipeline, totals) == 1
    ok(world.ada.http.post(f"/api/v2/pipelines/{pipeline['key']}/views", json={"name": "View"}))
    assert effort(world, pipeline, totals) == 0
    ok(world.ada.http.post(f"/api/v2/pipelines/{pipeline['key']}", json={"name": "Renamed"}))
    assert effort(world, pipeline, totals) == 20


def test_a_part_that_has_grown_is_divided(world: World) -> None:
    pipeline = many(world, 25)
    totals = Totals(10)
    assert effort(world, pipeline, totals) == 3
    world.as_("ada", lambda ctx: add(ctx, pipeline["key"], 50))
    assert effort(world, pipeline, totals) == 3  # the 55 boxes of the last part
    world.box(pipeline)
    assert effort(world, pipeline, totals) == 1


def test_after_very_many_events_everything_is_counted(world: World) -> None:
    pipeline = many(world, 50)
    totals = Totals(10)
    assert effort(world, pipeline, totals) == 5
    world.as_("ada", lambda ctx: add(ctx, pipeline["key"], board_totals.MOST_EVENTS + 1))
    assert effort(world, pipeline, totals) == (50 + board_totals.MOST_EVENTS + 1 + 9) // 10


def test_cached_totals_with_more_sums_are_used_and_the_oldest_are_removed_when_the_cache_is_full(world: World) -> None:
    pipeline = many(world, 20)
    world.field(pipeline, "TEXT_INPUT", "Weight")
    totals = Totals(10, most=12)
    same(world, world.ada, pipeline["key"], totals, sums=[SIZE, "1002"])
    same(world, world.ada, pipeline["key"], totals, sums=[])
    assert effort(world, pipeline, totals) == 0
    same(world, world.ada, pipeline["key"], totals, sums=[], by="stage")
    many_lanes = Totals(1, most=12)
    same(world, world.ada, pipeline["key"], many_lanes, sums=[])
    assert effort(world, pipeline, many_lanes) == 20


def test_boxes_that_are_committed_late_are_counted(world: World) -> None:
    """On PostgreSQL an event can appear after an event with a higher number."""
    if not isinstance(world.server.engine, Postgres):
        pytest.skip("on SQLite one transaction follows another")
    pipeline = many(world, 30)
    totals = Totals(10)
    effort(world, pipeline, totals)
    written, go_on = threading.Event(), threading.Event()

    def slow(ctx: Ctx) -> None:
        boxes.create(ctx, pipeline["key"], {"name": "Slow", "fields": {SIZE: "5"}})
        written.set()
        go_on.wait(10)

    thread = threading.Thread(target=lambda: world.as_("ada", slow))
    thread.start()
    assert written.wait(10)
    world.box(pipeline, name="Quick")
    assert effort(world, pipeline, totals) == 1
    assert same(world, world.ada, pipeline["key"], totals, sums=[SIZE])["5001"][0] == 31
    go_on.set()
    thread.join()
    assert same(world, world.ada, pipeline["key"], totals, sums=[SIZE])["5001"][0] == 32


def test_formulas_that_are_computed_without_an_event_are_counted(world: World) -> None:
    pipeline = many(world, 30)
    totals = Totals(10)
    world.field(pipeline, "FORMULA", "Double", defaultValue="$'Size' * 2")

    def doubled() -> bool:
        return same(world, world.ada, pipeline["key"], totals, sums=["1002"])["5001"] == (30, {"1002": 30 * 29})

    eventually(doubled)


def test_with_many_writers_and_readers_at_once_no_change_is_missed(world: World) -> None:
    pipeline = many(world, 50)
    totals, over, errors = Totals(10), threading.Event(), []

    def write() -> None:
        try:
            with world.client(world.ada.key) as http:
                for number in range(12):
                    given = {"name": "Deal", "fields": {SIZE: number}}
                    box = ok(http.post(f"/api/v2/pipelines/{pipeline['key']}/boxes", json=given))["key"]
                    ok(http.post(f"/api/v1/boxes/{box}", json={"stageKey": "5002", "fields": {SIZE: 1}}))
                    if number % 3 == 0:
                        ok(http.delete(f"/api/v1/boxes/{box}"))
        except Exception as error:
            errors.append(error)

    def ask() -> None:
        while not over.is_set():
            figures(world, world.ada, pipeline["key"], totals, sums=[SIZE])

    writers, readers = ([threading.Thread(target=work) for _ in range(3)] for work in (write, ask))
    for thread in [*writers, *readers]:
        thread.start()
    for thread in writers:
        thread.join()
    over.set()
    for thread in readers:
        thread.join()
    assert errors == []
    assert same(world, world.ada, pipeline["key"], totals, sums=[SIZE])["5002"] == (24, {SIZE: 24})
