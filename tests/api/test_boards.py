"""Boards: the first boxes of every column, with counts and sums of all its boxes."""

import contextlib
import json
import time
from typing import Any

import httpx
import pytest

from tests.conftest import Store, World, ok, refused
from tests.processes import Process, run, store_options


def board(world: World, pipeline: dict[str, Any], who: str = "ada", **params: Any) -> dict[str, Any]:
    params = {name: json.dumps(value) if isinstance(value, dict) else value for name, value in params.items()}
    answer: dict[str, Any] = ok(
        getattr(world, who).http.get(f"/api/v2/pipelines/{pipeline['key']}/board", params=params)
    )
    return answer


def names(answer: dict[str, Any]) -> dict[str, list[str]]:
    return {column["key"]: [box["name"] for box in column["results"]] for column in answer["columns"]}


def figures(answer: dict[str, Any]) -> dict[str, Any]:
    return {column["key"]: (column["count"], column["sums"]) for column in answer["columns"]}


def filled(world: World) -> tuple[dict[str, Any], str, str]:
    """Create leads a, b and c with 10, 20.5 and "30", and d in Won without a number. Also return both field keys."""
    pipeline = world.pipeline()
    size, word = (world.field(pipeline, "TEXT_INPUT", name)["key"] for name in ("Size", "Word"))
    for name, value in (("a", 10), ("b", 20.5), ("c", "30")):
        world.box(pipeline, name=name, fields={size: value, word: "x" if name == "a" else 7})
    world.box(pipeline, name="d", stageKey="5002")
    return pipeline, size, word


def test_a_board_has_a_column_for_each_stage_with_count_and_sums(world: World) -> None:
    pipeline, size, _ = filled(world)
    found = board(world, pipeline)
    assert (found["by"], found["count"], found["pipelineKey"]) == ("stage", 4, pipeline["key"])
    assert [column["name"] for column in found["columns"]] == ["Lead", "Won", "Lost"]
    assert names(found) == {"5001": ["a", "b", "c"], "5002": ["d"], "5003": []}
    assert figures(found) == {"5001": (3, {size: 60.5}), "5002": (1, {size: 0}), "5003": (0, {})}
    assert all(column["color"]["backgroundColor"] for column in found["columns"])
    assert not any(column["hasNextPage"] for column in found["columns"])
    listed = ok(world.ada.http.get(f"/api/v1/pipelines/{pipeline['key']}/boxes?stageKey=5002"))
    assert found["columns"][1]["results"] == listed


def test_more_cards_of_a_column_come_by_its_cursor(world: World) -> None:
    pipeline, size, _ = filled(world)
    first = board(world, pipeline, limit=2, sort=f"-{size}", sums=size)
    assert names(first)["5001"] == ["c", "b"]
    assert figures(first)["5001"] == (3, {size: 60.5})
    lead = first["columns"][0]
    assert lead["hasNextPage"] is True
    more = board(world, pipeline, limit=2, sort=f"-{size}", sums=size, column="5001", cursor=lead["cursor"])
    assert names(more) == {"5001": ["a"]}
    assert (more["columns"][0]["count"], "cursor" in more["columns"][0]) == (3, False)


def test_a_filter_or_view_applies_to_boxes_and_sums(world: World) -> None:
    pipeline, size, word = filled(world)
    big = {"field": size, "op": "gt", "value": 15}
    assert figures(board(world, pipeline, filter=big)) == {
        "5001": (2, {size: 50.5, word: 14}),
        "5002": (0, {}),
        "5003": (0, {}),
    }
    given = {"name": "Big", "filter": big, "sort": [f"-{size}"], "columns": [{"key": "daysInStage"}]}
    view = ok(world.ada.http.post(f"/api/v2/pipelines/{pipeline['key']}/views", json=given))
    found = board(world, pipeline, view=view["key"], sums="", filter={"field": "name", "op": "ne", "value": "z"})
    assert names(found) == {"5001": ["c", "b"], "5002": [], "5003": []}
    assert figures(found)["5001"] == (2, {})
    assert found["columns"][0]["results"][0]["columns"] == {"daysInStage": 0}


def test_a_board_by_a_dropdown_begins_with_boxes_without_a_value(world: World) -> None:
    pipeline = world.pipeline()
    items = {"items": [{"key": "", "name": "North"}, {"key": "", "name": "South"}]}
    field = world.field(pipeline, "DROPDOWN", "Region", dropdownSettings=items)
    north, south = (option["key"] for option in field["dropdownSettings"]["items"])
    for name, value in (("a", north), ("b", south), ("c", south), ("d", None)):
        world.box(pipeline, name=name, fields={field["key"]: value})
    found = board(world, pipeline, by=field["key"], sums="taskTotal,daysInStage")
    assert [column["name"] for column in found["columns"]] == ["", "North", "South"]
    assert names(found) == {"": ["d"], north: ["a"], south: ["b", "c"]}
    assert figures(found)[south] == (2, {"taskTotal": 0, "daysInStage": 0})
    assert "color" not in found["columns"][1]
    assert names(board(world, pipeline, by=field["key"], column="", limit=1)) == {"": ["d"]}


def test_invalid_board_parameters_are_refused_by_name(world: World) -> None:
    pipeline, size, _ = filled(world)
    get, path = world.ada.http.get, f"/api/v2/pipelines/{pipeline['key']}/board"
    refused(get(path, params={"by": size}), 400, "by")
    refused(get(path, params={"by": "9"}), 400, "by")
    refused(get(path, params={"sums": "name"}), 400, "sums[0]")
    refused(get(path, params={"column": "5009"}), 400, "column")
    refused(get(path, params={"cursor": "e30"}), 400, "column")
    refused(get(path, params={"column": "5001", "cursor": "e30"}), 400, "cursor")
    refused(get(path, params={"filter": "{"}), 400, "filter")
    refused(get(path, params={"view": "v-none"}), 404)
    refused(world.cy.http.get(path), 404)


def test_a_board_shows_and_counts_only_boxes_the_reader_may_see(world: World) -> None:
    pipeline, size, _ = filled(world)
    share = [{"email": world.bo.email, "permissionSetName": "__viewAssignedPermissionSet__"}]
    ok(world.ada.http.post(f"/api/v2/pipelines/{pipeline['key']}", json={"aclEntries": share}))
    world.box(pipeline, name="e", fields={size: 5}, assignedToSharingEntries=[{"email": world.bo.email}])
    found = board(world, pipeline, who="bo")
    assert names(found) == {"5001": ["e"], "5002": [], "5003": []}
    assert figures(found)["5001"] == (1, {size: 5})


def test_a_board_shows_each_change_at_once(world: World) -> None:
    """The server caches the board. This test reads it again after each kind of change."""
    pipeline, size, _ = filled(world)
    other = world.pipeline(name="Other")
    path = f"/api/v2/pipelines/{pipeline['key']}"

    def seen() -> tuple[Any, ...]:
        found = board(world, pipeline, sums=size)
        assert found == board(world, pipeline, sums=size)
        lead, won = found["columns"][:2]
        return names(found)["5001"], names(found)["5002"], lead["count"], lead["sums"][size], won["name"]

    assert seen() == (["a", "b", "c"], ["d"], 3, 60.5, "Won")
    created = world.box(pipeline, name="e", fields={size: 1})
    assert seen() == (["a", "b", "c", "e"], ["d"], 4, 61.5, "Won")
    ok(world.ada.http.post(f"/api/v1/boxes/{created['key']}", json={"fields": {size: 2}}))
    assert seen()[3] == 62.5
    ok(world.ada.http.post(f"/api/v1/boxes/{created['key']}", json={"stageKey": "5002"}))
    assert seen()[:3] == (["a", "b", "c"], ["d", "e"], 3)
    ok(world.ada.http.post(f"/api/v1/boxes/{created['key']}", json={"pipelineKey": other["key"]}))
    assert seen()[:2] == (["a", "b", "c"], ["d"])
    assert names(board(world, other))["5002"] == ["e"]
    ok(world.ada.http.post(f"{path}/stages/5002", json={"name": "Gained"}))
    assert seen()[4] == "Gained"
    ok(world.ada.http.delete(f"/api/v1/pipelines/{pipeline['key']}/fields/{size}"))
    refused(world.ada.http.get(f"{path}/board", params={"sums": size}), 400, "sums[0]")
    share = [{"email": world.bo.email, "permissionSetName": "__noAccessPermissionSet__"}]
    assert board(world, pipeline, who="bo")["count"] == 4
    ok(world.ada.http.post(path, json={"aclEntries": share}))
    refused(world.bo.http.get(f"{path}/board"), 404)
    created = world.box(other, name="f")
    ok(world.ada.http.delete(f"/api/v1/boxes/{created['key']}"))
    assert names(board(world, other))["5001"] == []


def test_a_board_shows_changes_that_record_no_event(world: World) -> None:
    """New names of people appear at once and formulas as soon as they are computed, before the cached board expires."""
    pipeline, _, _ = filled(world)
    assert board(world, pipeline)["columns"][0]["results"][0]["creatorSharingEntry"]["givenName"] != "Augusta"
    ok(world.ada.http.post(f"/api/v1/users/{world.ada.user_key}", json={"givenName": "Augusta"}))
    assert board(world, pipeline)["columns"][0]["results"][0]["creatorSharingEntry"]["givenName"] == "Augusta"
    double = world.field(pipeline, "FORMULA", "Double", defaultValue="$'Size' * 2")["key"]
    deadline = time.monotonic() + 120
    while board(world, pipeline, sums=double)["columns"][0]["sums"][double] != 121:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_board_read_during_a_rolled_back_change_is_not_cached(world: World) -> None:
    pipeline, size, _ = filled(world)
    path = f"/v2/pipelines/{pipeline['key']}"
    asked = {"method": "GET", "path": f"{path}/board?sums={size}"}
    before = figures(board(world, pipeline, sums=size))
    box = {"method": "POST", "path": f"{path}/boxes", "body": {"name": "e", "fields": {size: 5}}}
    wrong = {"method": "POST", "path": f"{path}/boxes", "body": {"name": ""}}
    answer = ok(world.ada.http.post("/api/v2/batch", json={"operations": [box, asked, wrong], "atomic": True}))
    assert answer["committed"] is False
    assert figures(answer["results"][1]["body"])["5001"] == (4, {size: 65.5})
    assert figures(board(world, pipeline, sums=size)) == before
    world.box(pipeline, name="f", fields={size: 1})
    assert figures(board(world, pipeline, sums=size))["5001"] == (4, {size: 61.5})


def test_a_later_page_of_a_column_has_the_sums_of_the_board(world: World) -> None:
    pipeline, size, _ = filled(world)
    whole = figures(board(world, pipeline, sums=size))
    for lane in ("5001", "5002", "5003"):
        assert figures(board(world, pipeline, sums=size, column=lane)) == {lane: whole[lane]}


def test_sums_of_fractions_show_only_exact_digits(world: World) -> None:
    pipeline, size, _ = filled(world)
    for value in (0.1, 0.2):
        world.box(pipeline, stageKey="5003", fields={size: value})
    assert figures(board(world, pipeline, sums=size))["5003"] == (2, {size: 0.3})


@pytest.mark.slow
def test_a_board_shows_a_change_of_another_process_at_once(fresh_store: Store) -> None:
    """Each process has separate totals in memory."""
    if fresh_store.name == "sqlite":
        pytest.skip("only one process serves from SQLite")
    servers = [Process(fresh_store), Process(fresh_store)]
    key = run("key", "create", "ada@example.com", *store_options(fresh_store)).stdout.strip()
    with contextlib.ExitStack() as stack:
        caller, other = (
            stack.enter_context(httpx.Client(base_url=server.url, auth=(key, ""), timeout=120, trust_env=False))
            for server in servers
        )
        path = f"/api/v2/pipelines/{ok(caller.put('/api/v1/pipelines?name=Deals'))['key']}"
        size = ok(caller.post(f"{path}/fields", json={"name": "Size", "type": "TEXT_INPUT"}))["key"]

        def seen(client: httpx.Client) -> tuple[int, float]:
            found = ok(client.get(f"{path}/board?sums={size}"))
            return found["count"], found["columns"][0]["sums"].get(size, 0)

        created = []
        for number in range(1, 6):
            created.append(ok(caller.post(f"{path}/boxes", json={"name": "Box", "fields": {size: number}}))["key"])
            assert seen(other) == seen(caller) == (number, sum(range(number + 1)))
        ok(other.post(f"/api/v1/boxes/{created[0]}", json={"fields": {size: 100}}))
        assert seen(caller) == (5, 114)
        ok(other.delete(f"/api/v1/boxes/{created[4]}"))
        assert seen(caller) == seen(other) == (4, 109)
    assert [server.stop() for server in servers] == [0, 0]
