"""The automations of the guide, which Streak users build with automation platforms, against a receiver."""

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
    """The steps in the guide that contain a step of this kind."""
    return next(block for block in BLOCKS if isinstance(block, list) and any(step["type"] == kind for step in block))


def test_a_form_on_a_website_creates_leads(world: World) -> None:
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
    comments = ok(world.ada.http.get(f"/api/v2/boxes/{box['key']}/comments"))["results"]
    assert (box["name"], sorted(comment["message"] for comment in comments)) == ("Kim", ["Hello", "Hello?"])


def test_a_won_deal_becomes_a_project(world: World) -> None:
    deals, projects = world.pipeline(), world.pipeline(name="Projects")
    steps = json.loads(json.dumps(recipe("box.create")).replace("\\u2026", projects["key"]))
    rule = Rule(world, deals, {"type": "box.moved", "to": ["5002"]}, *steps)
    box = world.box(deals, assignedToSharingEntries=[{"email": world.bo.email}])
    ok(world.ada.http.post(f"/api/v2/boxes/{box['key']}", json={"stageKey": "5002"}))
    project = ok(world.bo.http.get(f"/api/v2/boxes/{rule.only()['steps'][0]['output']['key']}"))
    assert (project["pipelineKey"], project["linkedBoxKeys"]) == (projects["key"], [box["key"]])
    assert [user["email"] for user in project["assignedToSharingEntries"]] == [world.bo.email]
    assert ok(world.ada.http.get(f"/api/v2/boxes/{box['key']}"))["linkedBoxKeys"] == [project["key"]]


def test_the_branch_and_the_reminder_of_the_guide_are_accepted(world: World) -> None:
    pipeline = world.pipeline()
    world.field(pipeline, "TEXT_INPUT", "Deal size")
    branch = next(block for block in BLOCKS if isinstance(block, dict) and block["type"] == "branch")
    branch["then"][0]["with"]["users"] = [world.ada.email]
    Rule(world, pipeline, "box.created", branch)
    remind = next(block for block in BLOCKS if isinstance(block, list) and "how it goes" in json.dumps(block))
    Rule(world, pipeline, {"type": "box.untouched", "days": 14}, *remind)


@pytest.mark.parametrize(
    ("trigger", "change"),
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
    change: dict[str, Any],
) -> None:
    """Zapier's and Pipedream's instant triggers: a URL of the user gets the values before and after a change."""
    pipeline = world.pipeline()
    world.field(pipeline, "TEXT_INPUT", "Score")
    payload = {
        "box": "{{ box.key }}",
        "stage": "{{ box.stage.name }}",
        "was": "{{ before.stage.name }}",
        "f": "{{ fields }}",
    }
    path = f"/{trigger}-{pipeline['key']}"
    Rule(world, pipeline, trigger, do("http.request", url=receiver.url + path, json=payload))
    box = world.box(pipeline)
    if trigger == "box.assigned":
        change = {"assignedToSharingEntries": [{"email": world.bo.email}]}
    ok(world.bo.http.post(f"/api/v2/boxes/{box['key']}", json=change))
    (sent,) = receiver.wait_for(path, 1)
    body = json.loads(sent.body)
    assert body["box"] == box["key"]
    assert (body["stage"], body["was"]) == (("Won", "Lead") if trigger == "box.moved" else ("Lead", None))
    assert body["f"] == {"Score": "9" if trigger == "box.fieldChanged" else None}


def test_a_score_from_another_program_decides_the_branch(world: World, receiver: Receiver) -> None:  # noqa: F811
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
    now = [ok(world.ada.http.get(f"/api/v2/boxes/{box['key']}")) for box in (small, large)]
    assert [(box["fields"][score["key"]], box["stageKey"]) for box in now] == [(4, "5003"), (8, "5002")]
