"""Triggers of automations: which events start a run, and which do not."""

from typing import Any

import pytest

from tests.api.automations import Rule, do
from tests.conftest import World, ok, refused

SAY = do("comment.create", message="seen")


def edit(world: World, box: dict[str, Any], **given: Any) -> None:
    ok(world.bo.http.post(f"/api/v2/boxes/{box['key']}", json=given))


def add(world: World, box: dict[str, Any], what: str, **given: Any) -> dict[str, Any]:
    return ok(world.bo.http.post(f"/api/v2/boxes/{box['key']}/{what}", json=given))  # type: ignore[no-any-return]


DEEDS: dict[str, Any] = {
    "box.moved": lambda world, box: edit(world, box, stageKey="5002"),
    "box.fieldChanged": lambda world, box: edit(world, box, fields={"1001": "7"}),
    "box.assigned": lambda world, box: edit(world, box, assignedToSharingEntries=[{"email": world.bo.email}]),
    "box.edited": lambda world, box: edit(world, box, notes="new"),
    "box.emailAdded": lambda world, box: edit(world, box, fields={"1001": "write to kim@kim.example"}),
    "task.created": lambda world, box: add(world, box, "tasks", text="call"),
    "comment.created": lambda world, box: add(world, box, "comments", message="hi"),
    "meeting.created": lambda world, box: add(
        world, box, "meetings", meetingType="CALL_LOG", startTimestamp=1767225600000, duration=60000, notes="talked"
    ),
}


@pytest.mark.parametrize("trigger", DEEDS)
def test_each_event_of_a_box_starts_one_run(world, trigger):
    pipeline = world.pipeline()
    world.field(pipeline, "TEXT_INPUT", "Size")
    box = world.box(pipeline)
    rule = Rule(world, pipeline, trigger, do("box.setFields", fields={"Size": "{{ box.fields.Size }}"}))
    off = Rule(world, pipeline, trigger, SAY, enabled=False)
    other = Rule(world, world.pipeline(), trigger, SAY)
    DEEDS[trigger](world, box)
    run = rule.only()
    assert run["trigger"]["type"] == trigger
    assert run["boxKey"] == box["key"]
    assert off.runs() == other.runs() == []


def test_a_completed_or_due_task_starts_a_run(world):
    pipeline = world.pipeline()
    box = world.box(pipeline)
    completed = Rule(world, pipeline, "task.completed", do("box.edit", notes="{{ task.text }} is {{ task.status }}"))
    due = Rule(world, pipeline, "task.due", do("box.edit", name="{{ task.text }} was due"))
    task = add(world, box, "tasks", text="call", dueDate=world.clock() + 60_000)
    world.clock.advance(ms=120_000)
    due.only()
    ok(world.bo.http.post(f"/api/v2/tasks/{task['key']}", json={"status": "DONE"}))
    completed.only()
    now = ok(world.ada.http.get(f"/api/v2/boxes/{box['key']}"))
    assert (now["notes"], now["name"]) == ("call is DONE", "call was due")


def test_a_trigger_starts_runs_only_for_its_settings(world):
    pipeline = world.pipeline()
    size, kind = world.field(pipeline, "TEXT_INPUT", "Size"), world.field(pipeline, "TEXT_INPUT", "Kind")
    box = world.box(pipeline)
    moved = Rule(world, pipeline, {"type": "box.moved", "from": ["5002"], "to": ["5003"]}, SAY)
    field = Rule(world, pipeline, {"type": "box.fieldChanged", "fields": [size["key"]], "to": 10}, SAY)
    cleared = Rule(world, pipeline, {"type": "box.fieldChanged", "fields": [size["key"]], "to": None}, SAY)
    named = Rule(world, pipeline, {"type": "box.edited", "which": "name"}, SAY)
    edit(world, box, fields={kind["key"]: "10", size["key"]: "9"}, notes="x", stageKey="5003")
    edit(world, box, fields={size["key"]: "10"}, stageKey="5002")
    edit(world, box, fields={size["key"]: ""}, name="Other", stageKey="5003")
    for rule in (moved, field, cleared, named):
        rule.only()


def test_the_values_of_a_trigger_are_read_as_those_of_boxes(world):
    """Dates, amounts, percents and flags may be written as in a field; what is none is refused."""
    pipeline = world.pipeline()
    day, size = world.field(pipeline, "DATE", "Close"), world.field(pipeline, "TEXT_INPUT", "Size")
    share = world.field(pipeline, "TEXT_INPUT", "Share", displayFormat={"type": "PERCENT"})
    paid = world.field(pipeline, "CHECKBOX", "Paid")
    box = world.box(pipeline, fields={day["key"]: "2025-03-03"})

    def rule(field: dict, **ends: object) -> Rule:
        return Rule(world, pipeline, {"type": "box.fieldChanged", "fields": [field["key"]], **ends}, SAY)

    rules = [
        rule(day, **{"from": "3 March 2025", "to": "3/4/2025"}),
        rule(size, to="1,250"),
        rule(share, to="12%"),
        rule(paid, to="yes"),
        Rule(world, pipeline, {"type": "box.fieldChanged", "to": "4.3.2025"}, SAY),
    ]
    edit(world, box, fields={day["key"]: "2025-03-04", size["key"]: "1.250,00 €", share["key"]: 12, paid["key"]: True})
    edit(world, box, fields={day["key"]: "2025-03-05", size["key"]: "9", share["key"]: 13, paid["key"]: False})
    for each in rules:
        each.only()
    body = {"name": "x", "trigger": {"type": "box.fieldChanged", "fields": [day["key"]], "to": "soon"}, "steps": [SAY]}
    refused(
        world.ada.http.post(f"/api/v2/pipelines/{pipeline['key']}/automations", json=body), 400, "trigger.to", "soon"
    )


def test_a_filter_or_a_condition_skips_a_run_and_the_run_says_so(world):
    pipeline = world.pipeline()
    size = world.field(pipeline, "TEXT_INPUT", "Size")
    tree = {"field": size["key"], "op": "gt", "value": 100}
    filtered = Rule(world, pipeline, "box.created", SAY, filter=tree)
    asking = Rule(world, pipeline, "box.created", SAY, condition='fields.Size > 2 * 100 && box.name.startsWith("A")')
    world.box(pipeline, fields={size["key"]: 150})
    assert filtered.only()["steps"][0]["state"] == "DONE"
    assert asking.only("SKIPPED")["reason"] == "the condition is not true"
    world.box(pipeline, fields={size["key"]: 50})
    assert filtered.ended(2)[0]["reason"] == "the box does not match the filter"
    world.box(pipeline)
    assert "cannot be evaluated: No matching overloads" in asking.ended(3)[0]["reason"]


def test_contacts_and_organizations_start_runs_of_team_automations(world):
    created = Rule(
        world,
        None,
        "contact.created",
        do("contact.save", emailAddresses="{{ contact.emailAddresses }}", other="by {{ actor.name }}"),
    )
    changed = Rule(
        world,
        None,
        "organization.changed",
        do("organization.save", domains="{{ organization.domains }}", industry="tea"),
    )
    contact = ok(
        world.bo.http.post(f"/api/v2/teams/{world.team_key}/contacts", json={"emailAddresses": ["a@tea.example"]})
    )
    created.only()
    assert ok(world.ada.http.get(f"/api/v2/contacts/{contact['key']}"))["other"] == "by Bo Diddley"
    firm = ok(
        world.bo.http.post(
            f"/api/v2/teams/{world.team_key}/organizations", json={"name": "Tea", "domains": ["tea2.example"]}
        )
    )
    ok(world.bo.http.post(f"/api/v2/organizations/{firm['key']}", json={"name": "Tea & Co"}))
    own, first = changed.ended(2)
    assert (first["state"], own["state"]) == ("DONE", "REFUSED")
    assert "automation's own change started it" in own["reason"]
    assert ok(world.ada.http.get(f"/api/v2/organizations/{firm['key']}"))["industry"] == "tea"


def test_a_box_moved_from_another_pipeline_starts_a_run(world):
    old, new = world.pipeline(), world.pipeline()
    rule = Rule(world, new, "box.movedPipeline", do("box.edit", notes="from elsewhere"))
    box = world.box(old)
    ok(world.ada.http.post(f"/api/v2/boxes/{box['key']}", json={"pipelineKey": new["key"]}))
    rule.only()


def test_a_schedule_starts_a_run_for_each_box_of_the_filter(world):
    pipeline = world.pipeline()
    boxes = [world.box(pipeline, name=f"B{number}", stageKey=f"500{number}") for number in (1, 2, 3)]
    settings = {"type": "schedule", "cron": "0 9 * * *", "timeZone": "Europe/Berlin", "eachBox": True}
    rule = Rule(world, pipeline, settings, SAY, filter={"field": "stage", "op": "in", "value": ["5001", "5003"]})
    plain = Rule(world, world.pipeline(), {"type": "schedule", "cron": "*/5 * * * *"}, do("box.create", name="On time"))
    assert rule.created["nextTimestamp"] % 3_600_000 == 0
    assert rule.runs() == []
    world.clock.advance(days=1)
    found = rule.ended(2)
    assert {run["boxKey"] for run in found} == {boxes[0]["key"], boxes[2]["key"]}
    assert plain.only()["steps"][0]["output"]["name"] == "On time"


def test_each_date_that_is_reached_starts_one_run(world):
    pipeline = world.pipeline()
    date = world.field(pipeline, "DATE", "Renewal")
    settings = {"type": "date.reached", "field": date["key"], "amount": -2, "unit": "days"}
    rule = Rule(world, pipeline, settings, SAY)
    day = 86_400_000
    box = world.box(pipeline, fields={date["key"]: world.clock() + 3 * day})
    past = world.box(pipeline, fields={date["key"]: world.clock() + day})
    assert rule.runs() == []
    world.clock.advance(days=1.01)
    assert rule.only()["boxKey"] == box["key"]
    ok(world.ada.http.post(f"/api/v2/boxes/{box['key']}", json={"fields": {date["key"]: world.clock() + 3 * day}}))
    world.clock.advance(days=1.01)
    assert [run["boxKey"] for run in rule.ended(2)] == [box["key"]] * 2
    assert past["key"] not in {run.get("boxKey") for run in rule.runs()}


def test_an_inactive_box_starts_a_run(world):
    pipeline = world.pipeline()
    box = world.box(pipeline)
    rule = Rule(world, pipeline, {"type": "box.untouched", "days": 14}, do("task.create", text="Ask {{ box.name }}"))
    world.clock.advance(days=13)
    touched = world.box(pipeline)
    world.clock.advance(days=1.1)
    assert rule.only()["boxKey"] == box["key"]
    assert touched["key"] not in {run["boxKey"] for run in rule.runs()}


def test_an_inbound_webhook_starts_a_run_with_the_request_data(world):
    pipeline = world.pipeline()
    world.field(pipeline, "TEXT_INPUT", "Mail")
    hook = ok(world.ada.http.post(f"/api/v2/pipelines/{pipeline['key']}/inbound", json={"name": "Form"}))
    rule = Rule(
        world,
        pipeline,
        {"type": "webhook", "endpoint": hook["key"]},
        do(
            "box.findOrCreate",
            "lead",
            match="Mail",
            name="{{ body.name }}",
            fields={"Mail": "{{ body.email | lower }}"},
        ),
        do(
            "comment.create",
            box="{{ steps.lead.key }}",
            message='{{ query.from }}: {{ body.text | default("nothing") }}',
        ),
    )
    for text in ("Hello", ""):
        sent = {"name": "Kim", "email": "Kim@Kim.example", "text": text}
        answer = world.cy.http.post(hook["url"], params={"from": "form"}, json=sent)
        assert answer.status_code == 200, answer.text
    first, second = reversed(rule.ended(2))
    assert first["steps"][0]["output"] == {"created": True, "key": second["steps"][0]["output"]["key"], "name": "Kim"}
    assert second["steps"][1]["input"]["message"] == "form: nothing"
    elsewhere = world.pipeline()
    body = {"name": "R", "trigger": {"type": "webhook", "endpoint": hook["key"]}, "steps": [do("stop")]}
    answer = world.ada.http.post(f"/api/v2/pipelines/{elsewhere['key']}/automations", json=body)
    refused(answer, 400, "trigger.endpoint", "own pipeline or team")


def test_a_rolled_back_change_starts_no_run(world):
    pipeline = world.pipeline()
    rule = Rule(world, pipeline, "box.created", SAY)

    def make_and_fail(ctx):
        from boxwood.core import boxes

        boxes.create(ctx, pipeline["key"], {"name": "Ghost"})
        raise RuntimeError("no")

    with pytest.raises(RuntimeError):
        world.as_("ada", make_and_fail)
    world.box(pipeline)
    assert len(rule.ended(1)) == 1


def test_imported_boxes_start_runs(world):
    pipeline = world.pipeline()
    rule = Rule(world, pipeline, "box.created", do("box.edit", notes="{{ box.name }}, imported"))
    path = f"/api/v2/pipelines/{pipeline['key']}/import"
    headers = {"content-type": "text/csv"}
    ok(world.ada.http.post(path, params={"wait": 20}, content=b"Name\nAcme\nBeta\n", headers=headers))
    rule.ended(2)
    created = ok(world.ada.http.get(f"/api/v1/pipelines/{pipeline['key']}/boxes"))
    assert {box["notes"] for box in created} == {"Acme, imported", "Beta, imported"}


def test_two_workers_at_once_start_each_run_only_once(world):
    from boxwood.core.automations import schedules

    pipeline, engine = world.pipeline(), world.server.engine
    world.box(pipeline)
    rule = Rule(world, pipeline, {"type": "schedule", "cron": "0 9 * * *", "eachBox": True}, SAY)
    then = world.clock() + 86_400_000
    looks = [engine.read(lambda db: schedules.check(db, then, rule.key)) for _ in range(2)]
    counts = [engine.write(lambda db, look=look: schedules.start_runs(db, then, look, look.found)) for look in looks]
    for look in looks:
        engine.write(lambda db, look=look: schedules.set_next_check(db, then, look))
    assert counts == [1, 0]
    assert engine.read(lambda db: schedules.check(db, then, rule.key)) is None
    world.clock.advance(days=1)
    assert len(rule.ended(1)) == 1
