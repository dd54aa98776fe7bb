"""Lists of boxes: filters, sorting, pages and the columns that can be requested."""

import json
from typing import Any

import pytest

from boxwood.api.http.call import cursor_mark
from boxwood.core.pipelines.columns import MAGIC
from tests.conftest import World, ok, refused


def listed(world: World, pipeline: dict[str, Any], tree: Any = None, who: str = "ada", **params: Any) -> list[str]:
    """Return the names of the boxes that match, from all pages."""
    path = f"/api/v2/pipelines/{pipeline['key']}/boxes"
    params = {"filter": json.dumps(tree), "limit": 2, **params}
    names: list[str] = []
    while True:
        page = ok(getattr(world, who).http.get(path, params=params))
        names += [box["name"] for box in page["results"]]
        assert page["hasNextPage"] == ("cursor" in page)
        if not page["hasNextPage"]:
            return names
        assert len(page["results"]) == 2
        params["cursor"] = page["cursor"]


def test_nested_conditions_select_boxes(world: World) -> None:
    pipeline = world.pipeline()
    size = world.field(pipeline, "TEXT_INPUT")["key"]
    for name, stage, value in (("a", "5001", 5), ("b", "5001", 50), ("c", "5002", 500), ("d", "5003", "n/a")):
        world.box(pipeline, name=name, stageKey=stage, fields={size: value})
    world.box(pipeline, name="e")
    big = {"field": size, "op": "gte", "value": 50}
    lead = {"field": "stage", "op": "eq", "value": "5001"}
    assert listed(world, pipeline, big) == ["b", "c"]
    assert listed(world, pipeline, {"and": [big, lead]}) == ["b"]
    assert listed(world, pipeline, {"or": [big, lead]}) == ["a", "b", "c", "e"]
    assert listed(world, pipeline, {"not": big}) == ["a", "d", "e"]
    assert listed(world, pipeline, {"and": [{"not": {"or": [big, lead]}}]}) == ["d"]
    assert listed(world, pipeline, {"not": {"not": big}}) == ["b", "c"]
    assert listed(world, pipeline) == ["a", "b", "c", "d", "e"]
    assert listed(world, pipeline, big, stageKey="5002") == ["c"]


# The values of the boxes, in this order: 5, "40", 300.5, "Beta", "alpha 7", "ß", and no value.
TEXTS = [
    ("eq", 40, [40]),
    ("eq", "40", [40]),
    ("eq", "BETA", ["Beta"]),
    ("eq", "", [None]),
    ("ne", "beta", [5, 40, 300.5, "alpha 7", "ß", None]),
    ("lt", 41, [5, 40]),
    ("lte", 40, [5, 40]),
    ("gt", 5, [40, 300.5]),
    ("gt", "b", ["Beta", "ß"]),
    ("lt", "b", ["alpha 7"]),
    ("between", [5, 40], [5, 40]),
    ("between", ["a", "c"], ["Beta", "alpha 7"]),
    ("in", [5, "beta", "nowhere"], [5, "Beta"]),
    ("contains", "ET", ["Beta"]),
    ("contains", "0", [40, 300.5]),
    ("contains", "%", []),
    ("contains", "_", []),
    ("contains", "\\", []),
    ("contains", "A 7", ["alpha 7"]),
    ("contains", "ß", ["ß"]),
    ("contains", ".5", [300.5]),
    ("startsWith", "AL", ["alpha 7"]),
    ("startsWith", "4", [40]),
    ("startsWith", "30", [300.5]),
    ("isEmpty", None, [None]),
    ("isNotEmpty", None, [5, 40, 300.5, "Beta", "alpha 7", "ß"]),
]
HELD = [5, "40", 300.5, "Beta", "alpha 7", "ß", None]


def test_contains_matches_the_text_literally(world: World) -> None:
    """The text has no wildcards, and only ASCII letters match without regard to case."""
    pipeline = world.pipeline()
    for name in ("100%_x", "100 y x", "a\\%b", "a%b", "ÄÖ Ab"):
        world.box(pipeline, name=name)

    def found(part: str) -> list[str]:
        tree = json.dumps({"field": "name", "op": "contains", "value": part})
        path = f"/api/v2/pipelines/{pipeline['key']}/boxes"
        return [
            box["name"] for box in ok(world.ada.http.get(path, params={"filter": tree, "sort": "taskTotal"}))["results"]
        ]

    assert found("%") == ["100%_x", "a\\%b", "a%b"]
    assert found("0%_X") == ["100%_x"]
    assert found("_") == ["100%_x"]
    assert found("\\") == found("\\%") == ["a\\%b"]
    assert found("ö A") == []
    assert found("Ö aB") == ["ÄÖ Ab"]


def test_text_values_compare_numbers_numerically_and_words_alphabetically(world: World) -> None:
    pipeline = world.pipeline()
    key = world.field(pipeline, "TEXT_INPUT")["key"]
    for value in HELD:
        world.box(pipeline, name=str(value), fields={key: value})
    for op, value, passing in TEXTS:
        found = listed(world, pipeline, {"field": key, "op": op, "value": value})
        assert found == [str(box) for box in passing], (op, value)
    assert listed(world, pipeline, sort=key) == ["5", "40", "300.5", "alpha 7", "Beta", "ß", "None"]
    assert listed(world, pipeline, sort=f"-{key}") == ["ß", "Beta", "alpha 7", "300.5", "40", "5", "None"]


@pytest.mark.parametrize("value", ["1e999", "0042", "1.2.3", "2026-03-31", "+49 170 12", "5,", "1 2", "-", "9" * 30])
def test_text_that_only_looks_like_a_number_compares_as_a_word(world: World, value: str) -> None:
    pipeline = world.pipeline()
    key = world.field(pipeline, "TEXT_INPUT")["key"]
    world.box(pipeline, name="word", fields={key: value})
    world.box(pipeline, name="number", fields={key: "12"})
    assert listed(world, pipeline, {"field": key, "op": "gt", "value": -1e300}) == ["number"]
    assert listed(world, pipeline, {"field": key, "op": "eq", "value": value}) == ["word"]
    assert listed(world, pipeline, sort=key) == ["number", "word"]


def test_long_texts_are_compared_whole_where_needed(world: World) -> None:
    pipeline = world.pipeline()
    key = world.field(pipeline, "TEXT_INPUT")["key"]
    long = "Ä" * 500
    world.box(pipeline, name="one", fields={key: f"{long}1"})
    world.box(pipeline, name="two", fields={key: f"{long}2"})
    world.box(pipeline, name="longest", fields={key: "x" * 90_000})
    assert listed(world, pipeline, {"field": key, "op": "eq", "value": f"{long}2"}) == ["two"]
    assert listed(world, pipeline, {"field": key, "op": "startsWith", "value": f"{long}1"}) == ["one"]
    assert listed(world, pipeline, {"field": key, "op": "startsWith", "value": long}) == ["one", "two"]


def test_each_field_type_has_its_operators(world: World) -> None:
    pipeline = world.pipeline()
    date = world.field(pipeline, "DATE")["key"]
    done = world.field(pipeline, "CHECKBOX")["key"]
    size = world.field(pipeline, "DROPDOWN", dropdownSettings={"items": [{"name": "S"}, {"name": "L"}]})["key"]
    tags = world.field(pipeline, "TAG", tagSettings={"tags": [{"tag": "hot"}, {"tag": "new"}]})["key"]
    people = world.field(pipeline, "PERSON")["key"]
    full = {date: "2026-03-31", done: True, size: "9001", tags: ["9003", "9004"], people: [world.bo.email]}
    world.box(pipeline, name="full", fields=full)
    world.box(pipeline, name="half", fields={date: "2026-01-01", done: False, size: "9002", tags: ["9003"]})
    world.box(pipeline, name="none")
    for field, op, value, passing in [
        (date, "gt", "2026-02-01", ["full"]),
        (date, "lt", "2026-02-01", ["half"]),
        (date, "between", ["2026-01-01", 1774915200000], ["full", "half"]),
        (date, "isEmpty", None, ["none"]),
        (done, "eq", True, ["full"]),
        (done, "eq", False, ["half", "none"]),
        (done, "ne", True, ["half", "none"]),
        (done, "isEmpty", None, ["none"]),
        (size, "eq", "9002", ["half"]),
        (size, "in", ["9001", 9002], ["full", "half"]),
        (size, "ne", "9002", ["full", "none"]),
        (size, "isNotEmpty", None, ["full", "half"]),
        (tags, "any", ["9003", "9004"], ["full", "half"]),
        (tags, "all", ["9003", "9004"], ["full"]),
        (tags, "none", ["9004"], ["half", "none"]),
        (tags, "isEmpty", None, ["none"]),
        (people, "eq", world.bo.email, ["full"]),
        (people, "any", [world.bo.user_key], ["full"]),
        (people, "isEmpty", None, ["half", "none"]),
    ]:
        assert listed(world, pipeline, {"field": field, "op": op, "value": value}) == passing, (field, op, value)
    for field, order in ((date, ["half", "full", "none"]), (size, ["full", "half", "none"])):
        assert listed(world, pipeline, sort=field) == order
    assert listed(world, pipeline, sort=f"-{done},-name") == ["full", "none", "half"]


def test_filters_on_people_links_and_addresses_of_a_box(world: World) -> None:
    pipeline = world.pipeline()
    contact = ok(
        world.ada.http.post(
            f"/api/v2/teams/{world.team_key}/contacts", json={"givenName": "Di", "emailAddresses": ["di@x.example"]}
        )
    )["key"]
    world.box(pipeline, name="hers")
    world.box(pipeline, name="his", assignedToSharingEntries=[{"email": world.bo.email}], contacts=[{"key": contact}])
    world.box(pipeline, name="unassigned", assignedToSharingEntries=[])
    for field, op, value, passing in [
        ("assignee", "eq", "me", ["hers"]),
        ("assignee", "any", [world.ada.user_key, world.bo.email], ["hers", "his"]),
        ("assignee", "isEmpty", None, ["unassigned"]),
        ("assignee", "eq", "unknown@nowhere.example", []),
        ("contacts", "eq", contact, ["his"]),
        ("contactCount", "gt", 0, ["his"]),
        ("emailAddresses", "contains", "X.Example", ["his"]),
        ("emailAddresses", "eq", "di@x.example", ["his"]),
        ("creator", "eq", world.ada.user_key, ["hers", "his", "unassigned"]),
        ("assigneeCount", "eq", 0, ["unassigned"]),
        ("taskTotal", "eq", 0, ["hers", "his", "unassigned"]),
        ("lastEmailFrom", "isEmpty", None, ["hers", "his", "unassigned"]),
        ("taskPercentageComplete", "isEmpty", None, ["hers", "his", "unassigned"]),
    ]:
        assert listed(world, pipeline, {"field": field, "op": op, "value": value}) == passing, (field, op)


def test_every_column_is_read_filtered_and_sorted(world: World) -> None:
    pipeline = world.pipeline()
    keys = [world.box(pipeline, name=name)["key"] for name in ("a", "b", "c")]
    ok(world.ada.http.post(f"/api/v2/boxes/{keys[1]}/tasks", json={"text": "T", "dueDate": 1}))
    names = [*MAGIC, "timeInStage.5001", "stageEntered.5001", "stageEntered.5002"]
    box = ok(world.ada.http.get(f"/api/v1/boxes/{keys[1]}", params={"fields": ",".join(names)}))
    assert list(box["columns"]) == names
    assert box["columns"]["taskTotal"] == 1
    for name in names:
        tree = {"field": name, "op": "isNotEmpty"}
        passing = listed(world, pipeline, tree, fields=name)
        value = box["columns"][name]
        assert ("b" in passing) == (value not in (None, [])), (name, value, passing)
        if name in MAGIC and isinstance(value, list):
            refused(world.ada.http.get(f"/api/v2/pipelines/{pipeline['key']}/boxes?sort={name}"), 400, "sort[0]")
            continue
        for sort in (name, f"-{name}", f"name,{name}"):
            assert sorted(listed(world, pipeline, sort=sort)) == ["a", "b", "c"], sort
        if isinstance(value, (int, float, str)):
            equal = {"field": name, "op": "eq", "value": value}
            live = name in ("freshness", "timeInStage.5001")
            assert live or "b" in listed(world, pipeline, equal), (name, value)


def test_live_columns_grow_and_appear_only_when_requested(world: World) -> None:
    pipeline = world.pipeline()
    box = world.box(pipeline, name="old")
    world.clock.advance(days=3)
    world.box(pipeline, name="new")
    assert "columns" not in ok(world.ada.http.get(f"/api/v1/boxes/{box['key']}"))
    names = "daysInStage,daysSinceCreation,timeInStage.5001,timeInStage.5002"
    asked = ok(world.ada.http.get(f"/api/v1/boxes/{box['key']}", params={"fields": names}))["columns"]
    assert (asked["daysInStage"], asked["daysSinceCreation"], asked["timeInStage.5002"]) == (3, 3, 0)
    assert asked["timeInStage.5001"] >= 3 * 86_400_000
    assert listed(world, pipeline, {"field": "daysInStage", "op": "gte", "value": 3}) == ["old"]
    assert listed(world, pipeline, {"field": "timeInStage.5001", "op": "lt", "value": 86_400_000}) == ["new"]
    assert listed(world, pipeline, sort="daysInStage") == ["new", "old"]
    ok(world.ada.http.post(f"/api/v1/boxes/{box['key']}", json={"stageKey": "5003"}))
    assert listed(world, pipeline, sort="-stage") == ["old", "new"]
    assert listed(world, pipeline, {"field": "timeInStage.5001", "op": "gt", "value": 86_400_000}) == ["old"]
    assert listed(world, pipeline, {"field": "stageEntered.5003", "op": "isNotEmpty"}) == ["old"]


def test_pages_neither_skip_nor_repeat_boxes_while_boxes_are_created_and_deleted(world: World) -> None:
    pipeline = world.pipeline()
    key = world.field(pipeline, "TEXT_INPUT")["key"]
    created = [world.box(pipeline, name=str(n), fields={key: n // 3}) for n in range(9)]
    path, params = f"/api/v2/pipelines/{pipeline['key']}/boxes", {"sort": f"-{key},name", "limit": 4}
    page = ok(world.ada.http.get(path, params=params))
    assert [box["name"] for box in page["results"]] == ["6", "7", "8", "3"]
    ok(world.ada.http.delete(f"/api/v1/boxes/{created[6]['key']}"))
    world.box(pipeline, name="early", fields={key: 99})
    rest = ok(world.ada.http.get(path, params={**params, "cursor": page["cursor"], "limit": 1000}))
    assert [box["name"] for box in rest["results"]] == ["4", "5", "0", "1", "2"]
    refused(world.ada.http.get(path, params={"sort": "name", "cursor": page["cursor"]}), 400, "cursor")


def test_a_filter_returns_only_boxes_the_user_may_see(world: World) -> None:
    pipeline = world.pipeline(defaultPermissionSetName="__viewAssignedPermissionSet__")
    world.box(pipeline, name="ada's")
    world.box(pipeline, name="bo's", assignedToSharingEntries=[{"email": world.bo.email}])
    every = {"or": [{"field": "name", "op": "isNotEmpty"}, {"field": "name", "op": "isEmpty"}]}
    assert listed(world, pipeline, every) == ["ada's", "bo's"]
    assert listed(world, pipeline, every, "bo") == ["bo's"]
    path = f"/api/v2/pipelines/{pipeline['key']}/boxes"
    assert world.cy.http.get(path, params={"filter": json.dumps(every)}).status_code == 404


def test_updated_since_lists_what_changed(world: World) -> None:
    pipeline = world.pipeline()
    old = world.box(pipeline, name="old")
    world.clock.advance(ms=5000)
    new = world.box(pipeline, name="new")
    since = {"updatedSince": new["lastUpdatedTimestamp"]}
    path = f"/pipelines/{pipeline['key']}/boxes"
    for params in (since, {**since, "limit": 5}):
        assert [box["name"] for box in ok(world.ada.http.get(f"/api/v1{path}", params=params))] == ["new"]
        assert [box["name"] for box in ok(world.ada.http.get(f"/api/v2{path}", params=params))["results"]] == ["new"]
    assert [box["name"] for box in ok(world.ada.http.get("/api/v1/boxes", params=since))] == ["new"]
    assert listed(world, pipeline, **since) == ["new"]
    world.clock.advance(ms=5000)
    ok(world.ada.http.post(f"/api/v1/boxes/{old['key']}", json={"notes": "changed"}))
    assert sorted(listed(world, pipeline, **since)) == ["new", "old"]
    refused(world.ada.http.get(f"/api/v1{path}", params={"updatedSince": "yesterday"}), 400, "updatedSince")
    refused(world.ada.http.get(f"/api/v1{path}", params={"updatedSince": 1764547200}), 400, "looks like seconds")


def nested(depth: int) -> Any:
    return {"not": nested(depth - 1)} if depth else {"field": "name", "op": "isEmpty"}


TEST = {"field": "name", "op": "eq", "value": "x"}
BAD: list[tuple[Any, str]] = [
    ([], "filter"),
    (7, "filter"),
    ({"xor": []}, "filter"),
    ({"and": []}, "filter.and"),
    ({"and": {}}, "filter.and"),
    ({"and": [TEST], "or": [TEST]}, "filter"),
    ({"and": [TEST, {"or": [7]}]}, "filter.and[1].or[0]"),
    ({"not": {"field": "nothing", "op": "eq"}}, "filter.not.field"),
    ({"field": "1999", "op": "eq", "value": 1}, "filter.field"),
    ({"field": ["name"], "op": "eq", "value": 1}, "filter.field"),
    ({"field": "name"}, "filter.op"),
    ({"field": "name", "op": ["eq"], "value": 1}, "filter.op"),
    ({"field": "stage", "op": "gt", "value": "5001"}, "filter.op"),
    ({"field": "name", "op": "eq"}, "filter.value"),
    ({"field": "name", "op": "eq", "value": {"a": 1}}, "filter.value"),
    ({"field": "name", "op": "eq", "value": "a\x00b"}, "filter.value"),
    ({"field": "name", "op": "eq", "value": "x" * 1001}, "filter.value"),
    ({"field": "name", "op": "contains", "value": ""}, "filter.value"),
    ({"field": "stage", "op": "eq", "value": "5999"}, "filter.value"),
    ({"field": "stage", "op": "in", "value": ["5001", "5999"]}, "filter.value[1]"),
    ({"field": "stage", "op": "in", "value": []}, "filter.value"),
    ({"field": "stage", "op": "in", "value": ["5001"] * 101}, "filter.value"),
    ({"field": "creationTimestamp", "op": "gt", "value": "soon"}, "filter.value"),
    ({"field": "creationTimestamp", "op": "between", "value": [1]}, "filter.value"),
    ({"field": "creationTimestamp", "op": "between", "value": [1, "x"]}, "filter.value[1]"),
    ({"field": "taskTotal", "op": "eq", "value": True}, "filter.value"),
    ({"field": "taskTotal", "op": "eq", "value": 10**400}, "filter"),
    ({"field": "assignee", "op": "eq", "value": "unobody"}, "filter.value[0]"),
    ({"field": "timeInStage.5999", "op": "eq", "value": 1}, "filter.field"),
    ({"field": "timeInStage.'; --", "op": "eq", "value": 1}, "filter.field"),
    ({"and": [TEST] * 201}, "filter.and"),
    ({"and": [{"field": "name", "op": "in", "value": ["x"] * 90}] * 3}, "filter.and[2]"),
    (nested(8), "filter.not"),
    (nested(200), "filter"),
]


@pytest.mark.parametrize(("tree", "names"), BAD, ids=range(len(BAD)))
def test_an_invalid_filter_is_refused_with_the_position_of_the_error(world: World, tree: Any, names: str) -> None:
    path = f"/api/v2/pipelines/{world.pipeline()['key']}/boxes"
    reply = world.ada.http.get(path, params={"filter": json.dumps(tree)})
    refused(reply, 400, f"{names}")
    assert reply.json()["field"].startswith(names)


@pytest.mark.parametrize(
    ("params", "names"),
    [
        ({"filter": "{"}, "filter"),
        ({"filter": "[" * 5000}, "filter"),
        ({"filter": '{"a":"' + "x" * 50_000}, "filter"),
        ({"filter": '{"field":"name","op":"eq","value":"\\ud800"}'}, "filter"),
        ({"sort": "nothing"}, "sort[0]"),
        ({"sort": "name,-assignee"}, "sort[1]"),
        ({"sort": ",".join(["name"] * 6)}, "sort"),
        ({"fields": "name,nothing"}, "fields[1]"),
        ({"fields": ",".join(["name"] * 601)}, "fields"),
        ({"cursor": "x"}, "cursor"),
        ({"cursor": "é" * 10}, "cursor"),
        ({"cursor": "W10"}, "cursor"),
        ({"sort": "name", "limit": "0"}, "limit"),
        ({"sort": "name", "stageKey": "5999"}, "stageKey"),
    ],
)
def test_invalid_page_parameters_are_refused(world: World, params: dict[str, str], names: str) -> None:
    pipeline = world.pipeline()
    world.box(pipeline)
    refused(world.ada.http.get(f"/api/v2/pipelines/{pipeline['key']}/boxes", params=params), 400, names)


@pytest.mark.parametrize("at", [[], [None], ["x", 1], [1, 2], ["a\x00", "b"], [[], {}], [1e301, "b"], [2**70, "b"]])
def test_a_forged_cursor_only_changes_the_position(world: World, at: list[Any]) -> None:
    import base64

    pipeline = world.pipeline()
    for name in "abc":
        world.box(pipeline, name=name)
    path = f"/api/v2/pipelines/{pipeline['key']}/boxes"
    for sort in ("name", "creationTimestamp", "-stage,name"):
        good = ok(world.ada.http.get(path, params={"sort": sort, "limit": 1}))["cursor"]
        mark, phase, now, _ = json.loads(base64.urlsafe_b64decode(good.partition(".")[0] + "=="))
        place = base64.urlsafe_b64encode(json.dumps([mark, phase, now, at]).encode()).decode()
        forged = f"{place}.{cursor_mark('/v2/pipelines/{pipeline}/boxes', pipeline['key'], place)}"
        reply = world.ada.http.get(path, params={"sort": sort, "cursor": forged})
        assert reply.status_code in (200, 400), reply.text
        if reply.status_code == 400:
            assert reply.json()["field"] == "cursor"
