"""An undo answers about a change only to users who may see it: to others a change is an unknown change.

The matrix has an event of every kind, so a new kind is covered when it is added to `EVENT_KINDS`.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from boxwood.core.context import Ctx
from boxwood.core.event_kinds import EVENT_KINDS
from boxwood.core.events import NAMES, key_of
from boxwood.db.engine import Db
from tests.conftest import Server, Store, World, ok, refused
from tests.things import MAKE, Things

UNKNOWN = "n999999999999"
SECRET = "Secret plan"
PLACES = ("user", "team", "pipeline", "box")


@pytest.fixture
def own(fresh_store: Store) -> Iterator[World]:
    """A world on a server of its own, because the events of the matrix are not whole."""
    server = Server(fresh_store.config()).start()
    yield (created := World(server))
    created.close()
    server.stop()


@dataclass
class Named:
    """An event of the matrix, as a request to undo names it."""

    place: str
    body: dict[str, str]

    @property
    def key(self) -> str:
        return next(iter(self.body.values()))


def every_event(world: World, pipeline: dict[str, Any], box: dict[str, Any]) -> list[Named]:
    """Store events of each kind at each place, and return the requests that undo the event, and its change."""
    places: dict[str, dict[str, Any]] = {
        "user": {},
        "team": {"team_key": world.team_key},
        "pipeline": {"team_key": world.team_key, "pipeline_key": pipeline["key"]},
        "box": {"team_key": world.team_key, "pipeline_key": pipeline["key"], "box_key": box["key"]},
    }
    subjects = {"user": "k1", "team": world.team_key, "pipeline": pipeline["key"], "box": box["key"]}
    columns = f"({', '.join(NAMES)}) VALUES ({', '.join(f':{name}' for name in NAMES)})"

    def store(db: Db) -> list[Named]:
        named = []
        for kind in EVENT_KINDS:
            for place in PLACES:
                for before in (None, json.dumps({"name": f"{SECRET} of before"})):
                    change = f"i-{kind}-{place}-{before is None}"
                    detail = {"subject": SECRET, "box_name": SECRET, "pipeline_name": SECRET, "change_id": change}
                    values = {
                        **dict.fromkeys(NAMES),
                        "kind": kind,
                        "at": world.clock(),
                        "actor_key": world.ada.user_key,
                        "subject_key": subjects[place],
                        "record": json.dumps({"key": subjects[place], "name": SECRET, "members": []}),
                        "before": before,
                        "detail": json.dumps(detail),
                        **places[place],
                    }
                    row = db.row(f"INSERT INTO events {columns} RETURNING id", **values)
                    assert row is not None
                    named += [Named(place, {"event": key_of(row[0])}), Named(place, {"change": change})]
        return named

    return world.server.engine.write(store)


def stored(world: World) -> list[Any]:
    """Everything that an undo could change."""
    sql = ("SELECT COUNT(*) FROM events", "SELECT name, trashed_at FROM pipelines ORDER BY key", "SELECT * FROM boxes")
    return [world.server.engine.read(lambda db, each=each: db.rows(each)) for each in sql]  # type: ignore[misc]


def without_key(answer: httpx.Response, key: str) -> tuple[int, bytes, set[str]]:
    return answer.status_code, answer.content.replace(key.encode(), b"KEY"), set(answer.headers)


def test_every_kind_of_event_is_unknown_to_users_who_may_not_see_it(own: World) -> None:
    pipeline = own.pipeline(defaultPermissionSetName="__noAccessPermissionSet__")
    box = own.box(pipeline, name=SECRET)
    named = every_event(own, pipeline, box)
    others = ok(own.ada.http.put("/api/v1/apikeys", json={"teamKey": other_team(own)}))["apiKey"]
    # The key of another team that Bo is in: what Bo reaches in Ada's team is out of its reach.
    second = own.stack.enter_context(own.client(others))
    second.headers["X-Boxwood-Act-As"] = own.bo.user_key
    callers: list[tuple[httpx.Client, tuple[str, ...]]] = [
        (own.cy.http, PLACES),
        (own.stack.enter_context(own.client(team_key_of_cy(own))), PLACES),
        (second, PLACES),
        (own.bo.http, ("user", "pipeline", "box")),
    ]
    before = stored(own)
    for http, places in callers:
        for kind in ("event", "change"):
            unknown = {kind: UNKNOWN}
            expected = without_key(http.post("/api/v2/undo", json=unknown), UNKNOWN)
            assert expected[:2] == (404, b'{"success":false,"details":"KEY","error":"Entity not found with key"}')
            asked = [each for each in named if each.place in places and kind in each.body]
            for partial in (False, True):
                for at in range(0, len(asked), 1000):
                    some = asked[at : at + 1000]
                    bodies = [each.body | ({"partial": True} if partial else {}) for each in some]
                    operations = [{"method": "POST", "path": "/v2/undo", "body": body} for body in bodies]
                    results = ok(http.post("/api/v2/batch", json={"operations": operations}))["results"]
                    for each, result in zip(some, results, strict=True):
                        error = {"success": False, "details": each.key, "error": "Entity not found with key"}
                        assert result == {"status": 404, "body": error}, each
            for each in asked[:: len(asked) // 20]:
                assert without_key(http.post("/api/v2/undo", json=each.body), each.key) == expected
    assert stored(own) == before


def other_team(world: World) -> str:
    members = [{"userKey": world.ada.user_key, "role": "Owner"}, {"userKey": world.bo.user_key, "role": "Member"}]
    team: str = ok(world.ada.http.post("/api/v2/teams", json={"name": "Second", "members": members}))["key"]
    return team


def team_key_of_cy(world: World) -> str:
    (team,) = ok(world.cy.http.get("/api/v2/users/me/teams"))["results"]
    key: str = ok(world.cy.http.put("/api/v1/apikeys", json={"teamKey": team["key"]}))["apiKey"]
    return key


def test_a_stranger_who_walks_along_all_event_numbers_learns_nothing(own: World) -> None:
    """Real events of everything that can be created, changed and deleted."""
    things = Things(own)
    for noun in MAKE:
        things.key(noun)
    things.key("merged_contact")
    box = things.key("box")
    ok(own.ada.http.post(f"/api/v1/boxes/{box}", json={"name": SECRET, "stageKey": "5002", "notes": SECRET}))
    ok(own.ada.http.post(f"/api/v1/boxes/{box}", json={"name": "Acme", "notes": ""}))
    for noun, path in (("task", "v2/tasks"), ("comment", "v2/comments"), ("box", "v1/boxes")):
        ok(own.ada.http.delete(f"/api/{path}/{things.key(noun)}"))
    ids = [row[0] for row in own.server.engine.read(lambda db: db.rows("SELECT id FROM events ORDER BY id"))]
    assert len(ids) > 40
    before = stored(own)
    expected = {
        name: without_key(own.cy.http.post("/api/v2/undo", json={name: UNKNOWN}), UNKNOWN)
        for name in ("event", "change")
    }
    for number in [*ids, 1, ids[0] - 1, ids[-1] + 1]:
        for name in ("event", "change"):
            answer = own.cy.http.post("/api/v2/undo", json={name: key_of(number)})
            assert without_key(answer, key_of(number)) == expected[name]
    assert stored(own) == before


def test_a_member_who_sees_only_assigned_boxes_learns_nothing_of_others(world: World) -> None:
    pipeline = world.pipeline(defaultPermissionSetName="__viewAssignedPermissionSet__")
    box = world.box(pipeline, name=SECRET)
    answer = world.ada.http.post(f"/api/v1/boxes/{box['key']}", json={"name": f"{SECRET} 2"})
    ok(world.ada.http.post(f"/api/v1/boxes/{box['key']}", json={"name": f"{SECRET} 3"}))
    change = answer.headers["x-boxwood-change"]
    unknown = without_key(world.bo.http.post("/api/v2/undo", json={"change": UNKNOWN}), UNKNOWN)
    assert without_key(world.bo.http.post("/api/v2/undo", json={"change": change}), change) == unknown
    ok(
        world.ada.http.post(
            f"/api/v1/boxes/{box['key']}", json={"assignedToSharingEntries": [{"email": world.bo.email}]}
        )
    )
    refused(world.bo.http.post("/api/v2/undo", json={"change": change}), 400, "Observer")


def test_a_box_that_went_out_of_reach_is_not_named(world: World) -> None:
    """Bo saw both boxes when they were created. One of them was moved to a pipeline of Ada alone, and changed there."""
    pipeline, private = world.pipeline(), world.pipeline(defaultPermissionSetName="__noAccessPermissionSet__")
    operation = {"method": "POST", "path": f"/v2/pipelines/{pipeline['key']}/boxes"}
    operations = [{**operation, "body": {"name": name}} for name in (SECRET, "Shared")]
    answer = world.ada.http.post("/api/v2/batch", json={"operations": operations})
    moved, shared = (each["body"]["key"] for each in ok(answer)["results"])
    change = answer.headers["x-boxwood-change"]
    ok(world.ada.http.post(f"/api/v1/boxes/{moved}", json={"pipelineKey": private["key"]}))
    ok(world.ada.http.post(f"/api/v1/boxes/{shared}", json={"notes": "later"}))
    error = refused(world.bo.http.post("/api/v2/undo", json={"change": change}), 400, "Shared: it was changed since")
    assert SECRET not in error


def test_an_undo_in_a_batch_does_not_mark_the_operations_after_it(world: World) -> None:
    box = world.box(world.pipeline())
    edited = world.ada.http.post(f"/api/v1/boxes/{box['key']}", json={"name": "Acme Ltd"})
    change = edited.headers["x-boxwood-change"]
    operations = [
        {"method": "POST", "path": "/v2/undo", "body": {"change": change}},
        {"method": "POST", "path": f"/v1/boxes/{box['key']}", "body": {"notes": "Called"}},
    ]
    ok(world.ada.http.post("/api/v2/batch", json={"operations": operations}))
    history = ok(world.ada.http.get(f"/api/v2/boxes/{box['key']}/history"))["results"]
    assert [(each["kind"], each.get("undoes")) for each in history[:2]] == [
        ("box.notes_edited", None),
        ("box.renamed", change),
    ]


def test_the_actor_of_a_context_is_who_may_undo(world: World) -> None:
    """An event without a team or a pipeline belongs to the user who caused it."""
    key = ok(world.ada.http.put("/api/v1/apikeys", json={"name": SECRET}))
    assert key["key"]
    sql = "SELECT id FROM events WHERE kind = 'key.created' AND actor_key = :ada ORDER BY id DESC LIMIT 1"
    row = world.as_("ada", lambda ctx: read(ctx, sql, ada=world.ada.user_key))
    refused(world.bo.http.post("/api/v2/undo", json={"event": key_of(row[0])}), 404)
    refused(world.ada.http.post("/api/v2/undo", json={"event": key_of(row[0])}), 400, "is not stored")


def read(ctx: Ctx, sql: str, **params: Any) -> Any:
    return ctx.db.row(sql, **params)
