"""Tables: boxes in groups, with counts and sums of each group."""

import json
from typing import Any

from tests.conftest import World, ok, refused


def table(world: World, pipeline: dict[str, Any], who: str = "ada", **params: Any) -> dict[str, Any]:
    params = {name: json.dumps(value) if isinstance(value, dict) else value for name, value in params.items()}
    path = f"/api/v2/pipelines/{pipeline['key']}/table"
    answer: dict[str, Any] = ok(getattr(world, who).http.get(path, params=params))
    return answer


def names(world: World, answer: dict[str, Any]) -> dict[str, str]:
    """Return the names of the boxes of each group, joined to one word."""
    path = f"/api/v1/pipelines/{answer['pipelineKey']}/boxes/batch"
    keys = [key for group in answer["groups"] for key in group["boxKeys"]]
    known = {box["key"]: box["name"] for box in ok(world.ada.http.post(path, json=keys))} if keys else {}
    return {group["key"]: "".join(known[key] for key in group["boxKeys"]) for group in answer["groups"]}


def test_a_table_has_each_stage_with_its_boxes_in_order(world: World) -> None:
    pipeline = world.pipeline()
    for name in "bca":
        world.box(pipeline, name=name)
    world.box(pipeline, name="d", stageKey="5002")
    found = table(world, pipeline, limit=2)
    assert (found["by"], found["count"], found["more"]) == ("stage", 4, False)
    assert names(world, found) == {"5001": "bca", "5002": "d", "5003": ""}
    assert [group["count"] for group in found["groups"]] == [3, 1, 0]
    assert [box["name"] for box in found["results"]] == ["b", "c"]
    assert names(world, table(world, pipeline, sort="-name")) == {"5001": "cba", "5002": "d", "5003": ""}
    only = {"field": "name", "op": "in", "value": ["a", "d"]}
    assert names(world, table(world, pipeline, filter=only)) == {"5001": "a", "5002": "d", "5003": ""}
    assert names(world, table(world, pipeline, by="")) == {"": "bcad"}


def test_a_table_returns_columns_with_the_first_boxes_and_with_a_batch(world: World) -> None:
    pipeline = world.pipeline()
    box = world.box(pipeline, name="a")
    (first,) = table(world, pipeline, fields="daysInStage,name")["results"]
    path = f"/api/v1/pipelines/{pipeline['key']}/boxes/batch"
    (read,) = ok(world.ada.http.post(path, json=[box["key"]], params={"fields": "daysInStage"}))
    assert first["columns"] == {"daysInStage": 0, "name": "a"}
    assert read["columns"] == {"daysInStage": 0}


def test_a_column_in_which_most_values_are_words_has_no_sums(world: World) -> None:
    pipeline = world.pipeline()
    size, word, mixed = (world.field(pipeline, "TEXT_INPUT", name)["key"] for name in ("Size", "Word", "Mixed"))
    for name, value in (("a", 10), ("b", 20.5), ("c", "30")):
        fields = {size: value, mixed: "x" if name == "a" else 7, word: 5 if name == "a" else "x"}
        world.box(pipeline, name=name, fields=fields)
    found = table(world, pipeline, sums=f"{size},{word},{mixed},taskTotal")
    assert [group["sums"] for group in found["groups"]] == [
        {size: 60.5, mixed: 14, "taskTotal": 0},
        {size: 0, mixed: 0, "taskTotal": 0},
        {size: 0, mixed: 0, "taskTotal": 0},
    ]
    assert [group["ignored"] for group in found["groups"]] == [{mixed: 1}, {}, {}]


def test_a_table_can_be_grouped_by_any_column(world: World) -> None:
    pipeline = world.pipeline()
    text = world.field(pipeline, "TEXT_INPUT", "Text")["key"]
    day = world.field(pipeline, "DATE", "Day")["key"]
    flag = world.field(pipeline, "CHECKBOX", "Flag")["key"]
    pick = world.field(pipeline, "DROPDOWN", "Pick", dropdownSettings={"items": [{"name": "Z"}, {"name": "A"}]})
    tags = world.field(pipeline, "TAG", "Tags", tagSettings={"tags": [{"tag": "x"}, {"tag": "y"}]})
    person = world.field(pipeline, "PERSON", "Who")["key"]
    z, x = pick["dropdownSettings"]["items"][0]["key"], [tag["key"] for tag in tags["tagSettings"]["tags"]]
    filled = {text: 10, day: "2026-03-31", flag: True, pick["key"]: z, tags["key"]: x, person: [world.bo.email]}
    world.box(pipeline, name="a", fields=filled, assignees=[world.bo.user_key])
    world.box(pipeline, name="b", fields={text: 9, day: "2026-03-01", tags["key"]: x[::-1]})
    world.box(pipeline, name="c", fields={text: "word"})

    def groups(by: str) -> dict[str, str]:
        return names(world, table(world, pipeline, by=by))

    assert list(groups(text).items()) == [("9", "b"), ("10", "a"), ("word", "c")]
    assert groups(day) == {"2026-03": "ab", "": "c"}
    assert groups(flag) == {"true": "a", "": "bc"}
    assert list(groups(pick["key"]).items()) == [
        (z, "a"),
        (pick["dropdownSettings"]["items"][1]["key"], ""),
        ("", "bc"),
    ]
    assert groups(tags["key"]) == {json.dumps(sorted(x), separators=(",", ":")): "ab", "": "c"}
    assert groups(person) == {f'["{world.bo.user_key}"]': "a", "": "bc"}
    assert groups("assignee") == {f'["{world.bo.user_key}"]': "a", f'["{world.ada.user_key}"]': "bc"}
    assert groups("daysInStage") == {"0": "abc"}
    assert groups("creator") == {world.ada.user_key: "abc"}
    assert groups("soonestTaskDueDate") == {"": "abc"}
    assert groups("timeInStage.5002") == {"0": "abc"}


def test_a_view_supplies_the_parameters_that_are_not_given(world: World) -> None:
    pipeline = world.pipeline()
    for name in "bca":
        world.box(pipeline, name=name, assignees=[world.bo.user_key] if name == "a" else [])
    path = f"/api/v2/pipelines/{pipeline['key']}/views"
    body = {"name": "Mine", "group": "assignee", "sort": "name", "columns": [{"key": "name", "frozen": True}]}
    view = ok(world.ada.http.post(path, json=body))
    assert view["columns"] == [{"key": "name", "hidden": False, "frozen": True}]
    assert sorted(names(world, table(world, pipeline, view=view["key"])).values()) == ["a", "bc"]
    assert list(names(world, table(world, pipeline, view=view["key"], by="")).values()) == ["abc"]
    listed = ok(world.ada.http.get(f"{path}/{view['key']}/boxes"))["results"]
    assert [box["name"] for box in listed] == ["a", "b", "c"]


def test_invalid_table_parameters_are_refused_by_name(world: World) -> None:
    pipeline = world.pipeline()
    path = f"/api/v2/pipelines/{pipeline['key']}/table"
    refused(world.ada.http.get(path, params={"by": "nothing"}), 400, "by")
    refused(world.ada.http.get(path, params={"by": "emailAddresses"}), 400, "by")
    refused(world.ada.http.get(path, params={"sums": "name"}), 400, "sums[0]")
    refused(world.ada.http.get(path, params={"filter": "{"}), 400, "filter")
    refused(world.cy.http.get(path), 404)


def test_a_table_holds_only_boxes_the_reader_may_see(world: World) -> None:
    pipeline = world.pipeline(defaultPermissionSetName="__viewAssignedPermissionSet__")
    world.box(pipeline, name="a")
    world.box(pipeline, name="b", assignees=[world.bo.user_key])
    found = table(world, pipeline, who="bo")
    assert found["count"] == 1
    assert [box["name"] for box in found["results"]] == ["b"]


def test_a_group_of_formula_errors_has_a_key_in_json(world: World) -> None:
    pipeline = world.pipeline()
    field = world.field(pipeline, "FORMULA", "Broken", defaultValue="nothing.at.all")["key"]
    world.box(pipeline, name="Acme")
    table = ok(world.ada.http.get(f"/api/v2/pipelines/{pipeline['key']}/table", params={"by": field}))
    (group,) = table["groups"]
    assert json.loads(group["key"]) == group["value"]
    assert group["value"]["error"] == "#ERROR!"


def test_a_table_grouped_by_a_date_of_any_age_is_answered(world: World) -> None:
    pipeline = world.pipeline()
    field = world.field(pipeline, "DATE", "When")["key"]
    box = world.box(pipeline, name="Acme")
    path = f"/api/v1/boxes/{box['key']}/fields/{field}"
    for moment in (-62_135_596_800_001, -62_135_596_800_000, 253_402_300_799_999, 0, -1):
        world.ada.http.post(path, json={"value": moment})
        ok(world.ada.http.get(f"/api/v2/pipelines/{pipeline['key']}/table", params={"by": field}))
