"""Card positions and golden marks of a board, which all users share."""

from typing import Any

from tests.api.test_events import kinds, now, read_after
from tests.conftest import Person, World, ok, refused
from tests.jobs.webhooks import eventually


def columns(person: Person, pipeline: dict[str, Any], **asked: Any) -> dict[str, list[str]]:
    board = ok(person.http.get(f"/api/v2/pipelines/{pipeline['key']}/board", params=asked))
    return {lane["name"]: [box["name"] for box in lane["results"]] for lane in board["columns"]}


def put(person: Person, box: dict[str, Any], **given: Any) -> dict[str, Any]:
    placed: dict[str, Any] = ok(person.http.post(f"/api/v2/boxes/{box['key']}/place", json=given))
    return placed


def create_boxes(world: World, pipeline: dict[str, Any], *names: str) -> list[dict[str, Any]]:
    return [world.box(pipeline, name=name) for name in names]


def test_the_position_of_a_card_is_the_same_for_every_user(world: World) -> None:
    pipeline = world.pipeline()
    first, second, third, fourth = create_boxes(world, pipeline, "One", "Two", "Three", "Four")
    assert columns(world.bo, pipeline)["Lead"] == ["One", "Two", "Three", "Four"]
    placed = put(world.ada, third, after=first["key"])
    assert placed == {"boxKey": third["key"], "by": "stage", "column": first["stageKey"], "golden": False}
    assert columns(world.bo, pipeline)["Lead"] == ["One", "Three", "Two", "Four"]
    put(world.bo, fourth, after=None)
    put(world.bo, first, after=third["key"])
    assert columns(world.ada, pipeline)["Lead"] == ["Four", "Three", "One", "Two"]
    put(world.ada, fourth, after=second["key"])
    assert columns(world.ada, pipeline)["Lead"] == ["Three", "One", "Two", "Four"]


def test_a_requested_sort_order_overrides_card_positions(world: World) -> None:
    pipeline = world.pipeline()
    first, _, third = create_boxes(world, pipeline, "One", "Two", "Three")
    put(world.ada, third, after=None)
    assert columns(world.ada, pipeline, sort="-name")["Lead"] == ["Two", "Three", "One"]
    put(world.ada, first, golden=True)
    assert columns(world.ada, pipeline, sort="-name")["Lead"] == ["One", "Two", "Three"]
    assert columns(world.ada, pipeline)["Lead"] == ["One", "Three", "Two"]
    named = '{"field": "name", "op": "startsWith", "value": "T"}'
    assert columns(world.ada, pipeline, filter=named)["Lead"] == ["Three", "Two"]


def test_pages_hold_each_box_once(world: World) -> None:
    pipeline = world.pipeline()
    created = create_boxes(world, pipeline, *(f"Box {at}" for at in range(7)))
    put(world.ada, created[6], after=None)
    put(world.ada, created[3], golden=True)
    path = f"/api/v2/pipelines/{pipeline['key']}/board"
    column: dict[str, Any] = ok(world.ada.http.get(path, params={"limit": 2}))["columns"][0]
    found = [box["name"] for box in column["results"]]
    assert (found, column["golden"], column["count"]) == (["Box 3", "Box 6", "Box 0", "Box 1"], [created[3]["key"]], 7)
    while "cursor" in column:
        asked = {"limit": 2, "column": column["key"], "cursor": column["cursor"]}
        (column,) = ok(world.ada.http.get(path, params=asked))["columns"]
        found += [box["name"] for box in column["results"]]
    assert found == ["Box 3", "Box 6", "Box 0", "Box 1", "Box 2", "Box 4", "Box 5"]
    figures = ok(world.ada.http.get(path, params={"limit": 0}))
    assert (figures["columns"][0]["count"], figures["columns"][0]["results"]) == (7, [])


def test_a_restored_box_has_its_position_and_its_mark(world: World) -> None:
    pipeline = world.pipeline()
    first, second, third = create_boxes(world, pipeline, "One", "Two", "Three")
    put(world.ada, third, after=None, golden=True)
    put(world.ada, second, after=None)
    for stage in ("5002", first["stageKey"]):
        ok(world.ada.http.post(f"/api/v1/boxes/{second['key']}", json={"stageKey": stage}))
    ok(world.ada.http.delete(f"/api/v1/boxes/{third['key']}"))
    assert columns(world.ada, pipeline)["Lead"] == ["Two", "One"]
    ok(world.ada.http.post(f"/api/v2/trash/{third['key']}/restore"))
    board = ok(world.ada.http.get(f"/api/v2/pipelines/{pipeline['key']}/board"))
    assert [box["name"] for box in board["columns"][0]["results"]] == ["Three", "Two", "One"]
    assert board["columns"][0]["golden"] == [third["key"]]
    assert put(world.ada, third, golden=False)["golden"] is False
    elsewhere = world.pipeline()
    put(world.ada, first, golden=True)
    ok(world.ada.http.post(f"/api/v1/boxes/{first['key']}", json={"pipelineKey": elsewhere["key"]}))
    board = ok(world.ada.http.get(f"/api/v2/pipelines/{elsewhere['key']}/board"))
    assert board["columns"][0]["golden"] == [first["key"]]


def test_a_board_grouped_by_a_field_has_its_own_positions(world: World) -> None:
    pipeline = world.pipeline()
    source = world.field(pipeline, "DROPDOWN", "Source", dropdownSettings={"items": [{"name": "Web"}]})
    web = source["dropdownSettings"]["items"][0]["key"]
    for name in ("One", "Two", "Three"):
        box = world.box(pipeline, name=name, fields={source["key"]: web})
    unset = create_boxes(world, pipeline, "Four", "Five")
    assert put(world.ada, box, by=source["key"], after=None)["column"] == web
    put(world.ada, unset[1], by=source["key"], after=None)
    assert columns(world.ada, pipeline, by=source["key"]) == {"": ["Five", "Four"], "Web": ["Three", "One", "Two"]}
    assert columns(world.ada, pipeline)["Lead"] == ["One", "Two", "Three", "Four", "Five"]


def test_an_invalid_position_is_refused(world: World) -> None:
    pipeline = world.pipeline()
    text = world.field(pipeline, "TEXT_INPUT", "Size")["key"]
    first, second = create_boxes(world, pipeline, "One", "Two")
    ok(world.ada.http.post(f"/api/v1/boxes/{second['key']}", json={"stageKey": "5002"}))
    path = f"/api/v2/boxes/{first['key']}/place"
    refused(world.ada.http.post(path, json={"after": second["key"]}), 400, "after")
    refused(world.ada.http.post(path, json={"after": first["key"]}), 400, "after")
    refused(world.ada.http.post(path, json={"by": text, "after": None}), 400, "by")
    refused(world.ada.http.post(path, json={"by": "nothing", "after": None}), 400, "by")
    refused(world.cy.http.post(path, json={"after": None}), 404)
    assert columns(world.ada, pipeline)["Lead"] == ["One"]


def test_viewers_cannot_position_or_mark_cards(world: World) -> None:
    pipeline = world.pipeline(defaultPermissionSetName="__viewAllPermissionSet__")
    (first,) = create_boxes(world, pipeline, "One")
    refused(world.bo.http.post(f"/api/v2/boxes/{first['key']}/place", json={"golden": True}), 403)
    assert put(world.ada, first)["golden"] is False


def test_a_column_stores_a_hundred_positions(world: World) -> None:
    pipeline = world.pipeline()
    operations = [
        {"method": "POST", "path": f"/v2/pipelines/{pipeline['key']}/boxes", "body": {"name": f"Box {at:03}"}}
        for at in range(130)
    ]
    ok(world.ada.http.post("/api/v2/batch", json={"operations": operations}))
    board = ok(world.ada.http.get(f"/api/v2/pipelines/{pipeline['key']}/board", params={"limit": 200}))
    boxes = board["columns"][0]["results"]
    path = f"/api/v2/boxes/{boxes[129]['key']}/place"
    refused(world.ada.http.post(path, json={"after": boxes[110]["key"]}), 400, "after")
    put(world.ada, boxes[129], after=boxes[97]["key"])
    names = [box["name"] for box in boxes]
    assert columns(world.ada, pipeline, limit=200)["Lead"] == [*names[:98], names[129], *names[98:129]]


def test_positions_appear_in_the_live_stream_and_not_in_newsfeeds(world: World) -> None:
    pipeline = world.pipeline()
    first = world.box(pipeline, name="One")
    start = now(world.bo)
    put(world.ada, first, after=None)
    put(world.ada, first, golden=True)
    put(world.ada, first, golden=True)

    def happened() -> list[str]:
        """Without the creation: it may come after the newest cursor, while a transaction elsewhere is older than it."""
        return [kind for kind in kinds(read_after(world.bo, start)) if kind != "box.created"]

    eventually(lambda: happened() == ["box.placed", "box.marked"])
    story = ok(world.ada.http.get(f"/api/v1/boxes/{first['key']}/newsfeed", params={"detailLevel": "ALL"}))
    assert "marked One as golden" in str(story)
    assert "on the board" not in str(story)
