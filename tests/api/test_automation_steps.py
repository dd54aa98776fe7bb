"""Steps of automations: each acts like a request to the API, with the rights of the automation's owner."""

import pytest

from boxwood.core.automations import run_engine
from tests.api.automations import Rule, do
from tests.conftest import World, ok, refused


def shown(world, box, *, what=""):
    return ok(world.ada.http.get(f"/api/v2/boxes/{box['key']}{what}"))


def start(rule, box=None, **given):
    body = {"boxKey": box["key"], **given} if box else given
    ok(rule.http.post(f"{rule.own}/runs", json=body))
    return rule.ended()[0]


def test_a_won_box_gets_a_task_and_a_comment(world: World):
    pipeline = world.pipeline()
    size = world.field(pipeline, "TEXT_INPUT", "Deal size")
    rule = Rule(
        world,
        pipeline,
        {"type": "box.moved", "to": ["5002"]},
        do("task.create", "task", text="Send {{ box.name }} the contract", dueIn={"amount": 2, "unit": "days"}),
        do("comment.create", message="From {{ before.stage.name }}: {{ fields.Deal size }} ({{ steps.task.text }})"),
    )
    box = world.box(pipeline, fields={size["key"]: 1200})
    ok(world.bo.http.post(f"/api/v2/boxes/{box['key']}", json={"stageKey": "5002"}))
    run = rule.only()
    assert run["boxKey"] == box["key"]
    assert run["actor"]["email"] == world.bo.email
    assert [(step["path"], step["type"], step["state"]) for step in run["steps"]] == [
        ("0", "task.create", "DONE"),
        ("1", "comment.create", "DONE"),
    ]
    tasks = shown(world, box, what="/tasks")["results"]
    assert [task["text"] for task in tasks] == ["Send Acme the contract"]
    found = shown(world, box, what="/comments")["results"]
    assert [item["message"] for item in found] == ["From Lead: 1200 (Send Acme the contract)"]
    assert found[0]["creatorKey"] == world.ada.user_key


def test_steps_that_change_a_box(world):
    pipeline, other = world.pipeline(), world.pipeline(stages=["New", "Won"])
    world.field(pipeline, "DROPDOWN", "Kind", dropdownSettings={"items": [{"name": "Small"}, {"name": "Large"}]})
    world.field(pipeline, "TAG", "Tags", tagSettings={"tags": [{"name": "vip"}, {"name": "eu"}]})
    date = world.field(pipeline, "DATE", "Start")
    world.field(pipeline, "CHECKBOX", "Hot")
    friend = world.box(pipeline, name="Friend")
    rule = Rule(
        world,
        pipeline,
        "manual",
        do(
            "box.setFields",
            fields={"Kind": "large", "Tags": ["vip", "{{ body.tag }}"], "Start": "2026-12-24", "Hot": True},
        ),
        do(
            "box.edit",
            name="{{ box.name | upper }}",
            addNotes="{{ box.fields.Kind }} since {{ box.fields.Start | date }}",
        ),
        do("box.assign", users=["{{ body.who }}"]),
        do("box.unassign", users="{{ owner }}"),
        do("box.follow", users=[world.bo.email]),
        do("box.link", boxes=friend["key"]),
        do("box.move", stage="won"),
        do("box.movePipeline", pipeline=other["key"]),
    )
    box = world.box(pipeline)
    run = start(rule, box, body={"tag": "eu", "who": world.bo.email})
    assert run["state"] == "DONE", run
    now = shown(world, box)
    assert (now["name"], now["notes"]) == ("ACME", "Large since 2026-12-24")
    assert [entry["email"] for entry in now["assignedToSharingEntries"]] == [world.bo.email]
    assert world.bo.user_key in now["followerKeys"]
    assert now["linkedBoxKeys"] == [friend["key"]]
    assert (now["pipelineKey"], now["stageKey"]) == (other["key"], "5002")
    set_fields = run["steps"][0]
    assert set_fields["input"]["fields"]["Tags"] == ["vip", "eu"]
    assert world.events(box["key"]).count("box.fields_edited") == 1
    assert date["key"] not in now["fields"]


def test_steps_create_find_and_link_boxes(world):
    pipeline, projects = world.pipeline(), world.pipeline(name="Projects", stages=["Open", "Done"])
    code = world.field(projects, "TEXT_INPUT", "Code")
    settings = {"pipeline": projects["key"], "fields": {"Code": "{{ box.key }}"}, "stage": "Done", "link": True}
    rule = Rule(
        world,
        pipeline,
        "manual",
        do("box.create", "first", name="Project {{ box.name }}", assignees=[world.bo.email], **settings),
        do("box.findOrCreate", "found", match="Code", name="Other", notes="again", update=True, **settings),
        do("box.findOrCreate", "kept", match="name", name="Other", pipeline=projects["key"], notes="not this"),
        do("task.create", text="Plan", box="{{ steps.kept.key }}", assignees=["{{ box.assignees }}"], due="2027-01-01"),
    )
    box = world.box(pipeline)
    run = start(rule, box)
    assert run["state"] == "DONE", run
    outputs = [step["output"] for step in run["steps"]]
    assert [output.get("created") for output in outputs[:3]] == [None, False, False]
    assert len({output["key"] for output in outputs[:3]}) == 1
    created = ok(world.bo.http.get(f"/api/v2/boxes/{outputs[0]['key']}"))
    assert (created["name"], created["notes"], created["stageKey"]) == ("Other", "again", "5002")
    assert created["linkedBoxKeys"] == [box["key"]]
    assert created["fields"][code["key"]] == box["key"]
    task = shown(world, created, what="/tasks")["results"][0]
    assert (task["text"], task["dueDate"]) == ("Plan", 1798761600000)


def test_steps_save_contacts_and_organizations_and_link_them_to_the_box(world):
    pipeline = world.pipeline()
    rule = Rule(
        world,
        pipeline,
        "manual",
        do("contact.save", emailAddresses="{{ body.mail }}", givenName="Kim", linkToBox=True),
        do("organization.save", domains=["kim.example"], name="{{ body.firm }}", linkToBox=True),
    )
    box = world.box(pipeline)
    for _ in range(2):
        start_again = ok(
            rule.http.post(
                f"{rule.own}/runs", json={"boxKey": box["key"], "body": {"mail": "k@kim.example", "firm": "Kim"}}
            )
        )
        assert start_again["state"] == "RUNNING"
    first, second = rule.ended(2)
    assert [step["output"] for step in first["steps"]] == [step["output"] for step in second["steps"]]
    now = shown(world, box)
    assert [contact["key"] for contact in now["contacts"]] == [first["steps"][0]["output"]["key"]]
    assert [organization["key"] for organization in now["organizations"]] == [first["steps"][1]["output"]["key"]]


def test_a_branch_runs_one_side_and_a_stop_step_ends_the_run_with_its_reason(world):
    pipeline = world.pipeline()
    size = world.field(pipeline, "TEXT_INPUT", "Size")
    large = {"id": "large", "type": "branch", "with": {"condition": "fields.Size > 100"}}
    large["then"] = [
        {
            "type": "branch",
            "with": {"filter": {"field": "stage", "op": "eq", "value": "5001"}},
            "then": [do("box.edit", notes="large lead")],
        },
    ]
    large["else"] = [do("stop", reason="{{ box.name }} is small")]
    rule = Rule(world, pipeline, "box.created", large, do("box.edit", addNotes="seen ({{ steps.large.taken }})"))
    box = world.box(pipeline, fields={size["key"]: 150})
    run = rule.only()
    assert [step["path"] for step in run["steps"]] == ["0", "0.then.0", "0.then.0.then.0", "1"]
    assert shown(world, box)["notes"] == "large lead\nseen (then)"
    world.box(pipeline, name="Tiny", fields={size["key"]: 5})
    small = rule.ended(2)[0]
    assert (small["state"], small["reason"]) == ("STOPPED", "Tiny is small")


def test_steps_after_a_wait_see_what_changed_meanwhile(world):
    pipeline = world.pipeline()
    rule = Rule(
        world, pipeline, "box.created", do("wait", amount=3, unit="months"), do("box.edit", notes="{{ box.name }}")
    )
    box = world.box(pipeline)
    waiting = rule.waiting()
    assert waiting["waitingUntil"] == waiting["beginTimestamp"] + 90 * 86_400_000
    ok(world.ada.http.post(f"/api/v2/boxes/{box['key']}", json={"name": "Renamed"}))
    world.clock.advance(days=89)
    assert rule.runs()[0]["state"] == "RUNNING"
    world.clock.advance(days=2)
    assert [step["state"] for step in rule.only()["steps"]] == ["WAITING", "DONE", "DONE"]
    assert shown(world, box)["notes"] == "Renamed"


def test_a_step_runs_another_automation_with_the_given_values(world):
    pipeline = world.pipeline()
    second = Rule(world, pipeline, "manual", do("box.edit", notes="{{ body.why }} by {{ actor.name }}"))
    first = Rule(
        world, pipeline, "box.created", do("automation.run", "other", automation=second.key, body={"why": "new"})
    )
    box = world.box(pipeline)
    run = second.only()
    assert run["chain"] == [first.key, second.key]
    assert first.only()["steps"][0]["output"]["run"] == run["key"]
    assert shown(world, box)["notes"] == "new by Ada Lovelace"


def test_a_failed_step_gives_its_reason_and_earlier_steps_keep_their_effect(world):
    pipeline = world.pipeline()
    rule = Rule(
        world,
        pipeline,
        "manual",
        do("box.edit", notes="first"),
        do("box.move", "move", stage="{{ body.stage }}"),
        do("box.edit", addNotes="last"),
    )
    box = world.box(pipeline)
    run = start(rule, box, body={"stage": "Nowhere"})
    assert run["state"] == "FAILED"
    assert run["reason"].startswith(
        "step 1 (box.move): stage: there is no stage 'Nowhere' here; use one of 5001 (Lead)"
    )
    assert [step["state"] for step in run["steps"]] == ["DONE", "FAILED"]
    assert shown(world, box)["notes"] == "first"
    refused(world.bo.http.post(f"/api/v2/automations/{rule.key}/runs/{'n' * 21}/retry"), 404)
    assert ok(rule.http.post(f"{rule.own}/runs/{run['key']}/retry"))["state"] == "RUNNING"
    assert [step["state"] for step in rule.ended()[0]["steps"]] == ["DONE", "FAILED", "FAILED"]
    ok(
        rule.http.post(
            rule.own,
            json={
                "steps": [
                    {**rule.created["steps"][1], "onError": "continue"},
                    do("box.edit", notes="{{ steps.move.error }}"),
                ]
            },
        )
    )
    ok(rule.http.post(f"{rule.own}/runs/{run['key']}/again"))
    again = rule.ended(2)[0]
    assert again["state"] == "DONE"
    assert shown(world, box)["notes"].startswith("stage: there is no stage 'Nowhere'")


def test_a_waiting_run_can_be_cancelled(world):
    pipeline = world.pipeline()
    rule = Rule(world, pipeline, "box.created", do("wait", amount=1, unit="days"), do("box.edit", notes="late"))
    box = world.box(pipeline)
    key = rule.waiting()["key"]
    cancelled = ok(rule.http.post(f"{rule.own}/runs/{key}/cancel"))
    assert (cancelled["state"], cancelled["reason"]) == ("CANCELLED", "cancelled by hand")
    refused(rule.http.post(f"{rule.own}/runs/{key}/cancel"), 400, "has already ended")
    world.clock.advance(days=2)
    assert "notes" not in shown(world, box)
    assert ok(rule.http.post(f"{rule.own}/runs/{key}/retry"))["state"] == "RUNNING"
    assert rule.only()["steps"][-1]["state"] == "DONE"


def test_a_test_run_shows_every_step_and_changes_no_data(world):
    pipeline = world.pipeline()
    rule = Rule(
        world,
        pipeline,
        {"type": "box.moved", "to": ["5002"]},
        do("box.edit", notes="was {{ before.stage.name }}"),
        do(
            "http.request",
            "call",
            method="POST",
            url="https://example.com/x",
            headers={"X-Key": "{{ secrets.KEY }}"},
            json={"n": "{{ box.notes }}"},
        ),
        do("wait", amount=1, unit="days"),
        do("box.create", name="Next {{ steps.call.status }}"),
        secrets={"KEY": "s3cret-1"},
        enabled=False,
    )
    box = world.box(pipeline)
    ok(world.ada.http.post(f"/api/v2/boxes/{box['key']}", json={"stageKey": "5002"}))
    before, events = shown(world, box), world.events(box["key"])
    trial = ok(rule.http.post(f"{rule.own}/test", json={"boxKey": box["key"]}))
    assert [step["state"] for step in trial["steps"]] == ["DONE", "SKIPPED", "WAITING", "DONE"]
    assert trial["steps"][0]["input"]["notes"] == "was Lead"
    assert trial["steps"][1]["input"]["json"] == {"n": "was Lead"}
    assert trial["steps"][1]["input"]["headers"] == {"X-Key": "•••"}
    assert shown(world, box) == before
    assert world.events(box["key"]) == events
    assert rule.runs() == []
    refused(rule.http.post(f"{rule.own}/test", json={}), 400, "boxKey")
    other = {"boxKey": box["key"], "steps": [do("comment.create", message="{{ box.stage.name }}")]}
    tried = ok(rule.http.post(f"{rule.own}/test", json={**other, "condition": 'box.name == "Acme"'}))
    assert [step["input"] for step in tried["steps"]] == [{"message": "Won"}]
    refused(rule.http.post(f"{rule.own}/test", json={**other, "condition": "box.name =="}), 400, "condition")
    stored = ok(rule.http.get(rule.own))
    assert (stored["steps"], stored["version"], world.events(box["key"])) == (rule.created["steps"], 1, events)


@pytest.mark.parametrize("steps", [[do("box.edit", notes="x")]])
def test_an_automation_has_only_the_rights_of_its_owner(world, steps):
    pipeline = world.pipeline()
    rule = Rule(world, pipeline, "box.created", *steps, person=world.bo)
    assert rule.created["ownerKey"] == world.bo.user_key
    box = world.box(pipeline)
    rule.only()
    ok(
        world.ada.http.post(
            f"/api/v2/pipelines/{pipeline['key']}", json={"defaultPermissionSetName": "__viewAllPermissionSet__"}
        )
    )
    world.box(pipeline)
    second = rule.ended(2)[0]
    assert second["state"] == "FAILED"
    assert "may not change" in second["reason"]
    ok(
        world.ada.http.post(
            f"/api/v2/pipelines/{pipeline['key']}", json={"defaultPermissionSetName": "__noAccessPermissionSet__"}
        )
    )
    world.box(pipeline)
    rule.http = world.ada.http
    third = rule.ended(3)[0]
    assert (third["state"], third["reason"]) == ("SKIPPED", run_engine.OUT_OF_REACH)
    assert shown(world, box)["notes"] == "x"
