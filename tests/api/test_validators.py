"""Validation rules: which changes they refuse, when they warn, and which rules a box breaks."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.conftest import Person, World, ok, refused

IN_WON = {"field": "stage", "op": "eq", "value": "5002"}


def a_rule(world: World, pipeline: dict, **given: Any) -> dict[str, Any]:
    """Create a rule as Ada, who is an admin of the pipeline. Bo is an editor."""
    answer = world.ada.http.post(f"/api/v2/pipelines/{pipeline['key']}/validators", json=given)
    return ok(answer)


def needs_value(world: World, pipeline: dict, field: dict, **given: Any) -> dict[str, Any]:
    """Create a rule: in the second stage the field must have a value."""
    test = {"field": field["key"], "op": "isNotEmpty"}
    given = {"name": "Value", "message": "A won deal needs a value", **given}
    return a_rule(world, pipeline, condition=IN_WON, assertion=test, **given)


def edit(person: Person, box: dict, **body: Any) -> Any:
    return person.http.post(f"/api/v1/boxes/{box['key']}", json=body)


def read(world: World, box: dict) -> dict[str, Any]:
    found: dict[str, Any] = ok(world.ada.http.get(f"/api/v1/boxes/{box['key']}"))
    return found


def broken(world: World, box: dict) -> list[str]:
    return [violation["name"] for violation in read(world, box)["violations"]]


def wait_until_equal(fn: Callable[[], Any], wanted: Any) -> None:
    """Wait until the background worker has made this true."""
    deadline = time.monotonic() + 120
    while (found := fn()) != wanted:
        assert time.monotonic() < deadline, found
        time.sleep(0.02)


@pytest.fixture
def pipeline(world: World) -> dict[str, Any]:
    return world.pipeline()


@pytest.fixture
def value(world: World, pipeline: dict) -> dict[str, Any]:
    return world.field(pipeline, "TEXT_INPUT", "Value")


def test_a_change_that_breaks_a_rule_is_refused_and_not_saved(world: World, pipeline: dict, value: dict) -> None:
    rule = needs_value(world, pipeline, value)
    box = world.box(pipeline)
    before = read(world, box)
    answer = edit(world.bo, box, stageKey="5002", name="Won it")
    assert refused(answer, 400) == "A won deal needs a value"
    assert answer.json()["violations"] == [
        {"key": rule["key"], "name": "Value", "mode": "REJECT", "message": "A won deal needs a value"}
    ]
    assert read(world, box) == before
    assert world.events(box["key"]) == ["box.created"]
    moved = ok(edit(world.bo, box, stageKey="5002", fields={value["key"]: "5"}))
    assert (moved["stageKey"], moved["violations"]) == ("5002", [])


def test_every_way_to_change_a_box_checks_the_rules(world: World, pipeline: dict, value: dict) -> None:
    box = world.box(pipeline, stageKey="5002", fields={value["key"]: "5"})
    elsewhere = world.box(world.pipeline(name="Other", stages=["Won"]))
    needs_value(world, pipeline, value)
    own = f"/api/v2/pipelines/{pipeline['key']}/boxes"
    for answer in [
        world.ada.http.post(own, json={"name": "New", "stageKey": "5002"}),
        world.ada.http.put(own.replace("/v2/", "/v1/"), data={"name": "New", "stageKey": "5002"}),
        world.ada.http.post(f"{own}/upsert", json={"match": "name", "name": "New", "stageKey": "5002"}),
        world.ada.http.post(f"/api/v1/boxes/{box['key']}/fields/{value['key']}", json={"value": None}),
        edit(world.ada, box, fields={value["key"]: ""}),
        edit(world.ada, elsewhere, pipelineKey=pipeline["key"]),
        world.ada.http.post(f"{own}/batch", json=[{"boxKey": elsewhere["key"]}]),
    ]:
        refused(answer, 400, "A won deal needs a value")
    listed = ok(world.ada.http.get(own))["results"]
    assert [item["key"] for item in listed] == [box["key"]]
    assert listed[0] == read(world, box)
    both = ok(edit(world.ada, elsewhere, pipelineKey=pipeline["key"], fields={value["key"]: "7"}))
    assert (both["pipelineKey"], both["violations"]) == (pipeline["key"], [])


def test_a_warning_allows_the_change_and_is_shown_until_the_box_is_fixed(
    world: World, pipeline: dict, value: dict
) -> None:
    rule = needs_value(world, pipeline, value, mode="WARN", message=None)
    box = world.box(pipeline)
    moved = ok(edit(world.ada, box, stageKey="5002"))
    assert moved["violations"] == [{"key": rule["key"], "name": "Value", "mode": "WARN", "message": "Value"}]
    assert read(world, box)["violations"] == moved["violations"]
    assert ok(edit(world.ada, box, fields={value["key"]: 1}))["violations"] == []


def test_a_rule_without_condition_applies_to_every_box(world: World, pipeline: dict) -> None:
    a_rule(world, pipeline, name="Named", assertion={"field": "notes", "op": "isNotEmpty"})
    refused(world.ada.http.post(f"/api/v2/pipelines/{pipeline['key']}/boxes", json={"name": "X"}), 400, "Named")
    assert world.box(pipeline, notes="here")["violations"] == []


def test_rules_that_require_an_empty_field_or_always_deny(world: World, pipeline: dict, value: dict) -> None:
    a_rule(world, pipeline, name="Bare", condition=IN_WON, assertion={"field": "notes", "op": "isEmpty"})
    lost = {"field": "stage", "op": "eq", "value": "5003"}
    a_rule(world, pipeline, name="Closed", condition=lost, deny=True)
    box = world.box(pipeline, notes="words")
    refused(edit(world.ada, box, stageKey="5002"), 400, "Bare")
    refused(edit(world.ada, box, stageKey="5003"), 400, "Closed")
    ok(edit(world.ada, box, stageKey="5002", notes=""))


def test_a_rule_can_be_a_formula(world: World, pipeline: dict, value: dict) -> None:
    rule = a_rule(world, pipeline, name="Large", condition=IN_WON, formula="return $'Value' > 100")
    assert rule["formula"] == "return $'Value' > 100"
    sheet = a_rule(world, pipeline, name="Short", formula="=LEN($'Name') < 6", mode="WARN")
    box = world.box(pipeline, name="Four", fields={value["key"]: 50})
    refused(edit(world.ada, box, stageKey="5002"), 400, "Large")
    assert ok(edit(world.ada, box, stageKey="5002", fields={value["key"]: 101}))["violations"] == []
    longer = ok(edit(world.ada, box, name="Longer name"))
    assert [(violation["key"], violation["mode"]) for violation in longer["violations"]] == [(sheet["key"], "WARN")]


def test_a_failing_formula_warns_and_blocks_no_change(world: World, pipeline: dict, value: dict) -> None:
    a_rule(world, pipeline, name="Odd", formula="return $'Value'.length.nothing.here")
    box = world.box(pipeline)
    (violation,) = box["violations"]
    assert (violation["mode"], violation["name"]) == ("WARN", "Odd")
    assert "could not be asked" in violation["message"]
    ok(edit(world.ada, box, name="Goes on"))


def test_only_an_admin_may_override_a_rule(world: World, pipeline: dict, value: dict) -> None:
    rule = needs_value(world, pipeline, value)
    box = world.box(pipeline)
    refused(edit(world.ada, box, stageKey="5002"), 400, "needs a value")
    refused(edit(world.bo, box, stageKey="5002", overrideValidation=True), 403, "override")
    moved = ok(edit(world.ada, box, stageKey="5002", overrideValidation=True))
    assert [violation["key"] for violation in moved["violations"]] == [rule["key"]]
    assert read(world, box)["violations"] == moved["violations"]
    query = {"overrideValidation": "true"}
    created = world.ada.http.put(
        f"/api/v1/pipelines/{pipeline['key']}/boxes", params=query, data={"name": "Y", "stageKey": "5002"}
    )
    assert [violation["key"] for violation in ok(created)["violations"]] == [rule["key"]]
    batch = [{"method": "POST", "path": f"/v1/boxes/{box['key']}", "body": {"notes": "x"}}]
    refused_one = ok(world.ada.http.post("/api/v2/batch", json={"operations": batch}))
    assert [result["status"] for result in refused_one["results"]] == [400]
    insisted = ok(world.ada.http.post("/api/v2/batch", json={"operations": batch, "overrideValidation": True}))
    assert [result["status"] for result in insisted["results"]] == [200]


def test_the_right_to_override_rules_can_be_granted(world: World, pipeline: dict, value: dict) -> None:
    grants = [("PIPELINE", "GET"), ("BOX", "GET"), ("BOX", "UPDATE"), ("BOX", "OVERRIDE_VALIDATOR")]
    permissions = [{"entityType": noun, "action": action, "conditionalCheck": "NONE"} for noun, action in grants]
    change = {"customPermissionSets": {"Closer": {"permissions": permissions}}, "defaultPermissionSetName": "Closer"}
    ok(world.ada.http.post(f"/api/v2/pipelines/{pipeline['key']}", json=change))
    needs_value(world, pipeline, value)
    box = world.box(pipeline)
    refused(edit(world.bo, box, stageKey="5002"), 400, "needs a value")
    assert ok(edit(world.bo, box, stageKey="5002", overrideValidation=True))["stageKey"] == "5002"


def test_a_box_that_already_breaks_rules_can_be_fixed_step_by_step(world: World, pipeline: dict, value: dict) -> None:
    box = world.box(pipeline, stageKey="5002")
    needs_value(world, pipeline, value)
    a_rule(world, pipeline, name="Noted", assertion={"field": "notes", "op": "isNotEmpty"})
    wait_until_equal(lambda: broken(world, box), ["Value", "Noted"])
    refused(edit(world.ada, box, name="Other"), 400, "needs a value; Noted")
    assert ok(edit(world.ada, box, name=box["name"]))["key"] == box["key"], "an echo changes nothing"
    assert [violation["name"] for violation in ok(edit(world.ada, box, notes="words"))["violations"]] == ["Value"]
    refused(edit(world.ada, box, notes="other words"), 400, "needs a value")
    assert ok(edit(world.ada, box, fields={value["key"]: 1}))["violations"] == []


def test_rules_do_not_prevent_an_undo(world: World, pipeline: dict, value: dict) -> None:
    """The undo removes the value first, while the box is still in the stage that requires it."""
    needs_value(world, pipeline, value)
    box = world.box(pipeline)
    answer = edit(world.bo, box, stageKey="5002", fields={value["key"]: 5})
    ok(world.bo.http.post("/api/v2/undo", json={"change": answer.headers["x-boxwood-change"]}))
    found = read(world, box)
    assert (found["stageKey"], found["fields"], found["violations"]) == ("5001", {}, [])


def test_boxes_are_checked_again_when_the_rules_change(world: World, pipeline: dict, value: dict) -> None:
    won, lead = world.box(pipeline, stageKey="5002"), world.box(pipeline)
    rule = needs_value(world, pipeline, value)
    own = f"/api/v2/pipelines/{pipeline['key']}/validators/{rule['key']}"
    wait_until_equal(lambda: (broken(world, won), broken(world, lead)), (["Value"], []))
    ok(world.ada.http.post(own, json={"condition": {"field": "stage", "op": "eq", "value": "5001"}}))
    wait_until_equal(lambda: (broken(world, won), broken(world, lead)), ([], ["Value"]))
    ok(world.ada.http.post(own, json={"message": "Say how much", "mode": "WARN"}))
    wait_until_equal(lambda: [violation["message"] for violation in read(world, lead)["violations"]], ["Say how much"])
    ok(world.ada.http.delete(own))
    wait_until_equal(lambda: (broken(world, won), broken(world, lead)), ([], []))
    assert world.ada.http.get(own).status_code == 404


def test_boxes_are_checked_again_when_a_field_or_related_data_changes(world: World, pipeline: dict) -> None:
    sums = world.field(pipeline, "FORMULA", "Double")
    number = world.field(pipeline, "TEXT_INPUT", "Number")
    formula = {"defaultValue": "=$'Number' * 2"}
    ok(world.ada.http.post(f"/api/v1/pipelines/{pipeline['key']}/fields/{sums['key']}", json=formula))
    a_rule(world, pipeline, name="Double", mode="WARN", assertion={"field": sums["key"], "op": "lt", "value": 10})
    a_rule(world, pipeline, name="Talk", mode="WARN", assertion={"field": "commentCount", "op": "gt", "value": 0})
    box = world.box(pipeline, fields={number["key"]: 4})
    assert broken(world, box) == ["Talk"]
    ok(world.bo.http.post(f"/api/v2/boxes/{box['key']}/comments", json={"message": "Hi"}))
    assert broken(world, box) == []
    ok(edit(world.ada, box, fields={number["key"]: 5}))
    assert broken(world, box) == ["Double"]
    ok(
        world.ada.http.post(
            f"/api/v1/pipelines/{pipeline['key']}/fields/{sums['key']}", json={"defaultValue": "=$'Number' + 1"}
        )
    )
    wait_until_equal(lambda: broken(world, box), [])
    ok(world.ada.http.delete(f"/api/v1/pipelines/{pipeline['key']}/fields/{number['key']}"))
    wait_until_equal(
        lambda: broken(world, box), ["Double"]
    )  # its formula now gives an error, which is not less than 10


def test_a_rule_on_a_deleted_field_is_not_applied_and_says_why(world: World, pipeline: dict, value: dict) -> None:
    rule = needs_value(world, pipeline, value)
    box = world.box(pipeline, stageKey="5002", overrideValidation=True)
    assert broken(world, box) == ["Value"]
    ok(world.ada.http.delete(f"/api/v1/pipelines/{pipeline['key']}/fields/{value['key']}"))
    wait_until_equal(lambda: broken(world, box), [])
    shown = ok(world.bo.http.get(f"/api/v2/pipelines/{pipeline['key']}/validators/{rule['key']}"))
    assert value["key"] in shown["problem"]
    ok(edit(world.bo, box, name="Free"))


def test_a_rule_formula_is_updated_when_a_field_is_renamed(world: World, pipeline: dict, value: dict) -> None:
    rule = a_rule(world, pipeline, name="Some", formula="return !!$'Value'")
    ok(world.ada.http.post(f"/api/v1/pipelines/{pipeline['key']}/fields/{value['key']}", json={"name": "Amount"}))
    shown = ok(world.ada.http.get(f"/api/v2/pipelines/{pipeline['key']}/validators/{rule['key']}"))
    assert shown["formula"] == "return !!$'Amount'"
    assert world.box(pipeline, fields={value["key"]: "x"})["violations"] == []


def test_a_rule_shows_the_names_of_people_to_every_user(world: World, pipeline: dict) -> None:
    """Bo cannot reach Cy, but Ada's rule that names Cy also applies to Bo."""
    entries = [
        {"email": person.email, "permissionSetName": f"__{kind}PermissionSet__"}
        for person, kind in ((world.ada, "admin"), (world.cy, "viewAll"))
    ]
    ok(world.ada.http.post(f"/api/v2/pipelines/{pipeline['key']}", json={"aclEntries": entries}))
    by_cy = {"field": "assignee", "op": "any", "value": world.cy.email}
    a_rule(world, pipeline, name="Not Cy", condition=by_cy, deny=True)
    box = world.box(pipeline)
    refused(edit(world.bo, box, assignedToSharingEntries=[{"email": world.cy.email}]), 400, "Not Cy")
    ok(edit(world.bo, box, assignedToSharingEntries=[{"email": world.bo.email}]))


def test_boxes_are_found_by_the_rules_they_break(world: World, pipeline: dict, value: dict) -> None:
    rule = needs_value(world, pipeline, value, mode="WARN")
    won, _ = world.box(pipeline, stageKey="5002"), world.box(pipeline)
    for test in ('"op": "isNotEmpty"', f'"op": "any", "value": "{rule["key"]}"'):
        query = {"filter": f'{{"field": "violations", {test}}}'}
        found = ok(world.ada.http.get(f"/api/v2/pipelines/{pipeline['key']}/boxes", params=query))["results"]
        assert [box["key"] for box in found] == [won["key"]]


def test_all_users_read_rules_and_admins_change_them(world: World, pipeline: dict, value: dict) -> None:
    rule = needs_value(world, pipeline, value)
    path = f"/api/v2/pipelines/{pipeline['key']}/validators"
    assert ok(world.bo.http.get(path)) == {"results": [rule], "hasNextPage": False}
    assert ok(world.bo.http.get(f"{path}/{rule['key']}")) == rule
    refused(world.bo.http.post(path, json={"name": "X", "assertion": IN_WON}), 403, "admin")
    refused(world.bo.http.post(f"{path}/{rule['key']}", json={"name": "X"}), 403, "admin")
    refused(world.bo.http.delete(f"{path}/{rule['key']}"), 403, "admin")
    for answer in (world.cy.http.get(path), world.cy.http.get(f"{path}/{rule['key']}")):
        refused(answer, 404, "not found")
    assert ok(world.ada.http.post(f"{path}/{rule['key']}", json=rule)) == rule, "unchanged values are ignored"
    other = world.pipeline(name="Other")["key"]
    refused(world.ada.http.get(f"/api/v2/pipelines/{other}/validators/{rule['key']}"), 404, "not found")
    feed = ok(world.ada.http.get(f"/api/v1/pipelines/{pipeline['key']}/newsfeed"))
    sentences = [entry["storyTextPipeline"] for entry in feed if "VALIDATOR" in entry["newsfeedEntrySpecific"]]
    assert sentences == ["Ada L added the rule Value to this pipeline"]


TREE = {"field": "notes", "op": "isEmpty"}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"assertion": TREE}, "name"),
        ({"name": ""}, "name"),
        ({"name": "X"}, "assertion"),
        ({"name": "X", "assertion": TREE, "formula": "1"}, "formula"),
        ({"name": "X", "assertion": TREE, "deny": True}, "deny"),
        ({"name": "X", "deny": True}, "condition"),
        ({"name": "X", "assertion": TREE, "mode": "SHOUT"}, "mode"),
        ({"name": "X", "assertion": {"field": "nowhere", "op": "isEmpty"}}, "assertion.field"),
        ({"name": "X", "condition": {"and": []}, "assertion": TREE}, "condition.and"),
        ({"name": "X", "assertion": {"field": "daysInStage", "op": "lt", "value": 3}}, "assertion"),
        ({"name": "X", "assertion": {"field": "timeInStage.5001", "op": "lt", "value": 3}}, "assertion"),
        ({"name": "X", "assertion": {"field": "violations", "op": "isEmpty"}}, "assertion"),
        ({"name": "X", "assertion": {"field": "assignee", "op": "any", "value": "me"}}, "assertion.value[0]"),
        ({"name": "X", "formula": "return ("}, "formula"),
        ({"name": "X", "formula": "return $'Nowhere'"}, "formula"),
        ({"name": "X", "condition": "all"}, "condition"),
    ],
)
def test_an_invalid_rule_is_refused_by_name(world: World, pipeline: dict, body: dict, field: str) -> None:
    path = f"/api/v2/pipelines/{pipeline['key']}/validators"
    answer = world.ada.http.post(path, json=body)
    refused(answer, 400)
    assert answer.json()["field"] == field, answer.text
    assert ok(world.ada.http.get(path))["results"] == []


def test_a_rule_formula_that_times_out_is_stopped(world: World, pipeline: dict) -> None:
    rule = a_rule(world, pipeline, name="Slow", formula="while (true) {}")
    box = world.box(pipeline)
    assert [violation["mode"] for violation in box["violations"]] == ["WARN"]
    own = f"/api/v2/pipelines/{pipeline['key']}/validators/{rule['key']}"
    for number in range(5):
        ok(edit(world.ada, box, notes=f"{number}"))
    assert "took too long" in ok(world.ada.http.get(own))["problem"]
    assert ok(edit(world.ada, box, notes="once more"))["violations"] == []


def test_a_box_saved_while_a_rule_is_created_is_checked(world: World, pipeline: dict) -> None:
    """Boxes created at the same time as the pipeline's first rule are refused by the rule or shown as breaking it."""
    created: list[dict[str, Any]] = []

    def make(number: int) -> None:
        if number == 4:
            a_rule(world, pipeline, name="Noted", assertion={"field": "notes", "op": "isNotEmpty"})
            return
        answer = world.ada.http.post(f"/api/v2/pipelines/{pipeline['key']}/boxes", json={"name": f"{number}"})
        if answer.status_code == 200:
            created.append(answer.json())
        else:
            refused(answer, 400, "Noted")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(make, range(16)))
    wait_until_equal(lambda: {tuple(broken(world, box)) for box in created}, {("Noted",)} if created else set())
