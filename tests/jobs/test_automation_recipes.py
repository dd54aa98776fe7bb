"""What people build with an automation platform beside Streak, built here: as the guide has it, against a receiver."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.api.automations import Rule, do
from tests.conftest import World, ok
from tests.jobs.webhooks import all_is_well, receiver  # noqa: F401 - fixtures
from tests.receiver import Answer, Receiver

GUIDE = (Path(__file__).parent.parent.parent / "docs/guide/automations.md").read_text(encoding="utf-8")
BLOCKS = [json.loads(text) for text in re.findall(r"```json\n(.*?)```", GUIDE, re.S)]


def recipe(kind: str) -> list[dict[str, Any]]:
    """The guide's steps that hold a step of this kind."""
    return next(block for block in BLOCKS if isinstance(block, list) and any(one["type"] == kind for one in block))


def test_a_form_of_the_website_makes_leads(world: World) -> None:
    pipeline = world.pipeline()
    world.field(pipeline, "TEXT_INPUT", "E-mail")
    hook = ok(world.ada.http.post(f"/api/v2/pipelines/{pipeline['key']}/inbound", json={"name": "Form"}))
    trigger = {"type": "webhook", "endpoint": hook["key"]}
    rule = Rule(world, pipeline, trigger, *recipe("box.findOrCreate"))
    for message in ("Hello", "Hello?"):
        form = {"email": "Kim@Kim.example", "name": "Kim", "message": message}
        assert world.cy.http.post(hook["url"], data=form).status_code == 200
    rule.ended(2)
    (box,) = ok(world.ada.http.get(f"/api/v1/pipelines/{pipeline['key']}/boxes"))
    said = ok(world.ada.http.get(f"/api/v2/boxes/{box['key']}/comments"))["results"]
    assert (box["name"], sorted(one["message"] for one in said)) == ("Kim", ["Hello", "Hello?"])


def test_a_won_deal_becomes_a_project(world: World) -> None:
    deals, projects = world.pipeline(), world.pipeline(name="Projects")
    steps = json.loads(json.dumps(recipe("box.create")).replace("\\u2026", projects["key"]))
    rule = Rule(world, deals, {"type": "box.moved", "to": ["5002"]}, *steps)
    box = world.box(deals, assignedToSharingEntries=[{"email": world.bo.email}])
    ok(world.ada.http.post(f"/api/v2/boxes/{box['key']}", json={"stageKey": "5002"}))
    made = ok(world.bo.http.get(f"/api/v2/boxes/{rule.only()['steps'][0]['output']['key']}"))
    assert (made["pipelineKey"], made["linkedBoxKeys"]) == (projects["key"], [box["key"]])
    assert [one["email"] for one in made["assignedToSharingEntries"]] == [world.bo.email]
    assert ok(world.ada.http.get(f"/api/v2/boxes/{box['key']}"))["linkedBoxKeys"] == [made["key"]]


def test_the_guides_branch_and_reminder_are_taken(world: World) -> None:
    pipeline = world.pipeline()
    world.field(pipeline, "TEXT_INPUT", "Deal size")
    branch = next(block for block in BLOCKS if isinstance(block, dict) and block["type"] == "branch")
    branch["then"][0]["with"]["users"] = [world.ada.email]
    Rule(world, pipeline, "box.created", branch)
    remind = next(block for block in BLOCKS if isinstance(block, list) and "how it goes" in json.dumps(block))
    Rule(world, pipeline, {"type": "box.untouched", "days": 14}, *remind)


@pytest.mark.parametrize(
    ("trigger", "deed"),
    [
        ("box.moved", {"stageKey": "5002"}),
        ("box.fieldChanged", {"fields": {"1001": "9"}}),
        ("box.assigned", {"assignedToSharingEntries": []}),
    ],
)
def test_watching_boxes_as_the_platforms_do(
    world: World,
    receiver: Receiver,  # noqa: F811
    trigger: str,
    deed: dict[str, Any],
) -> None:
    """Zapier's and Pipedream's instant triggers: what changed, before and after, at an address of the user's."""
    pipeline = world.pipeline()
    world.field(pipeline, "TEXT_INPUT", "Score")
    told = {
        "box": "{{ box.key }}",
        "stage": "{{ box.stage.name }}",
        "was": "{{ before.stage.name }}",
        "f": "{{ fields }}",
    }
    path = f"/{trigger}-{pipeline['key']}"
    Rule(world, pipeline, trigger, do("http.request", url=receiver.url + path, json=told))
    box = world.box(pipeline)
    if trigger == "box.assigned":
        deed = {"assignedToSharingEntries": [{"email": world.bo.email}]}
    ok(world.bo.http.post(f"/api/v2/boxes/{box['key']}", json=deed))
    (sent,) = receiver.wait_for(path, 1)
    body = json.loads(sent.body)
    assert body["box"] == box["key"]
    assert (body["stage"], body["was"]) == (("Won", "Lead") if trigger == "box.moved" else ("Lead", None))
    assert body["f"] == {"Score": "9" if trigger == "box.fieldChanged" else None}


def test_scores_come_from_another_program_and_decide(world: World, receiver: Receiver) -> None:  # noqa: F811
    pipeline = world.pipeline()
    score = world.field(pipeline, "TEXT_INPUT", "Score")
    receiver.answer = lambda request: Answer(body=json.dumps({"value": len(json.loads(request.body)["name"])}).encode())
    rule = Rule(
        world,
        pipeline,
        "box.created",
        do("http.request", "score", url=receiver.url + "/score", json={"name": "{{ box.name }}"}),
        do("box.setFields", fields={"Score": "{{ steps.score.body.value }}"}),
        {
            **do("branch", condition="fields.Score > 5"),
            "then": [do("box.move", stage="Won")],
            "else": [do("box.move", stage="Lost")],
        },
    )
    small, large = world.box(pipeline, name="Tiny"), world.box(pipeline, name="Enormous")
    rule.ended(2)
    now = [ok(world.ada.http.get(f"/api/v2/boxes/{one['key']}")) for one in (small, large)]
    assert [(one["fields"][score["key"]], one["stageKey"]) for one in now] == [(4, "5003"), (8, "5002")]
