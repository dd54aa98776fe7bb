"""Automations in the browser: creating, test runs and run lists."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.conftest import World, ok
from tests.ui.conftest import LOOKS


def rule(world: World, pipeline: dict[str, Any], **given: Any) -> dict[str, Any]:
    steps = [{"type": "task.create", "with": {"text": "Call {{ box.name }}"}}]
    body = {"name": "Follow up", "trigger": {"type": "box.created"}, "steps": steps, **given}
    created: dict[str, Any] = ok(world.ada.http.post(f"/api/v2/pipelines/{pipeline['key']}/automations", json=body))
    return created


def choose(page: Page, name: str, option: str) -> None:
    """Choose an option in the field of this name."""
    page.get_by_role("textbox", name=name).or_(page.get_by_role("combobox", name=name)).click()
    page.get_by_role("option", name=option).click()


def test_a_recipe_becomes_an_automation_that_runs(world: World, window) -> None:
    pipeline = world.pipeline()
    page = window(world.ada).goto(f"/pipelines/{pipeline['key']}/automations")
    page.get_by_role("button", name="A task when a box moves").click()
    page.get_by_label("To", exact=True).first.click()
    page.get_by_role("option", name="Won").click()
    page.keyboard.press("Escape")
    page.get_by_role("textbox", name="Text").fill("Send {{ box.name }} the contract")
    page.get_by_role("button", name="Create", exact=True).click()
    expect(page.get_by_role("heading", name="It has not run yet")).to_be_visible()
    (created,) = ok(world.ada.http.get(f"/api/v2/pipelines/{pipeline['key']}/automations"))["results"]
    assert created["trigger"] == {"type": "box.moved", "to": ["5002"]}
    box = world.box(pipeline, name="Acme")
    ok(world.ada.http.post(f"/api/v1/boxes/{box['key']}", json={"stageKey": "5002"}))
    page.get_by_role("row", name="Done").get_by_role("button", name="Open").click()
    expect(page.get_by_label("What task.create was given")).to_contain_text("Send Acme the contract")
    (task,) = ok(world.ada.http.get(f"/api/v2/boxes/{box['key']}/tasks"))["results"]
    assert task["text"] == "Send Acme the contract"


def test_steps_are_added_reordered_and_branched(world: World, window) -> None:
    pipeline = world.pipeline()
    page = window(world.ada).goto(f"/pipelines/{pipeline['key']}/automations/new")
    page.get_by_role("textbox", name="Name", exact=True).fill("Sort")
    for step in ("Comment on a box", "Branch"):
        choose(page, "Add a step to then", step)
    page.get_by_role("textbox", name="Message").fill("Seen")
    page.get_by_role("button", name="More that can be said").last.click()
    page.get_by_role("menuitem", name="condition").click()
    page.get_by_role("textbox", name="Condition").last.fill('box.name == "Acme"')
    choose(page, "Add a step to if it holds", "Move a box to a stage")
    choose(page, "Stage", "Won")
    page.get_by_role("button", name="Move step 2 up").click()
    page.get_by_role("button", name="Create", exact=True).click()
    expect(page.get_by_role("heading", name="Runs")).to_be_visible()
    (created,) = ok(world.ada.http.get(f"/api/v2/pipelines/{pipeline['key']}/automations"))["results"]
    branch, comment = created["steps"]
    assert [each["with"] for each in branch["then"]] == [{"stage": "5002"}]
    assert comment["with"] == {"message": "Seen"}


def test_a_filter_chooses_the_boxes_of_an_automation(world: World, window) -> None:
    pipeline = world.pipeline()
    page = window(world.ada).goto(f"/pipelines/{pipeline['key']}/automations/new?recipe=0")
    only = page.get_by_role("region", name="Only if")
    only.get_by_role("button", name="Add a condition").click()
    page.get_by_role("button", name="Create", exact=True).click()
    expect(only.get_by_role("alert")).to_contain_text("is missing")
    only.get_by_role("textbox", name="Value", exact=True).fill("Acme")
    only.get_by_role("textbox", name="Condition").fill('actor.name != "Nobody"')
    page.get_by_role("button", name="Create", exact=True).click()
    expect(page.get_by_role("heading", name="Runs")).to_be_visible()
    (created,) = ok(world.ada.http.get(f"/api/v2/pipelines/{pipeline['key']}/automations"))["results"]
    assert created["filter"] == {"and": [{"field": "name", "op": "contains", "value": "Acme"}]}
    assert created["condition"] == 'actor.name != "Nobody"'
    page.reload()
    expect(only.get_by_role("textbox", name="Value", exact=True)).to_have_value("Acme")


def test_errors_are_shown_and_typed_text_is_not_lost(world: World, window) -> None:
    pipeline = world.pipeline()
    page = window(world.ada).goto(f"/pipelines/{pipeline['key']}/automations/new?recipe=0")
    page.get_by_role("textbox", name="Text").fill("{{ nonsense.name }}")
    page.get_by_role("button", name="Create", exact=True).click()
    expect(page.get_by_role("region", name="Step 1")).to_contain_text("nonsense")
    expect(page.get_by_role("alert")).to_have_count(0)
    expect(page.get_by_role("textbox", name="Text")).to_have_value("{{ nonsense.name }}")


def test_an_automation_is_test_run_and_switched_off(world: World, window) -> None:
    pipeline = world.pipeline()
    created = rule(world, pipeline, trigger={"type": "manual"})
    box = world.box(pipeline, name="Acme")
    page = window(world.ada).goto(f"/pipelines/{pipeline['key']}/automations/{created['key']}")
    page.get_by_role("button", name="Try it").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("On which box").first.click()
    page.get_by_role("option", name="Acme").click()
    dialog.get_by_role("button", name="Try it").click()
    expect(dialog.get_by_label("What task.create was given")).to_contain_text("Call Acme")
    assert ok(world.ada.http.get(f"/api/v2/boxes/{box['key']}/tasks"))["results"] == []
    dialog.get_by_role("button", name="Run it for real").click()
    expect(page.get_by_role("row", name="Done")).to_have_count(1)
    assert len(ok(world.ada.http.get(f"/api/v2/boxes/{box['key']}/tasks"))["results"]) == 1
    page.get_by_role("button", name="Switch off").click()
    expect(page.get_by_role("button", name="Switch on")).to_be_visible()
    page.goto(f"/pipelines/{pipeline['key']}/automations")
    expect(page.get_by_role("switch", name="Follow up is on")).not_to_be_checked()


def test_an_expression_is_previewed_before_it_is_saved(world: World, window) -> None:
    pipeline = world.pipeline()
    created = rule(world, pipeline, trigger={"type": "manual"})
    world.box(pipeline, name="Acme")
    page = window(world.ada).goto(f"/pipelines/{pipeline['key']}/automations/{created['key']}")
    page.get_by_role("textbox", name="Text").fill("Write to {{ box.name }}")
    page.get_by_role("button", name="Try it").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("not saved yet")
    expect(dialog.get_by_role("button", name="Run it for real")).to_be_disabled()
    dialog.get_by_label("On which box").first.click()
    page.get_by_role("option", name="Acme").click()
    dialog.get_by_role("button", name="Try it").click()
    expect(dialog.get_by_label("What task.create was given")).to_contain_text("Write to Acme")
    (saved,) = ok(world.ada.http.get(f"/api/v2/pipelines/{pipeline['key']}/automations"))["results"]
    assert saved["steps"][0]["with"] == {"text": "Call {{ box.name }}"}


def test_a_secret_is_stored_and_not_shown_again(world: World, window) -> None:
    pipeline = world.pipeline()
    created = rule(world, pipeline)
    page = window(world.ada).goto(f"/pipelines/{pipeline['key']}/automations/{created['key']}")
    page.get_by_label("Secret's name").fill("BOOKS")
    page.get_by_label("Value", exact=True).fill("s3cret-value")
    page.get_by_role("button", name="Keep").click()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved.")).to_be_visible()
    page.reload()
    expect(page.get_by_role("region", name="Secrets")).to_contain_text("BOOKS")
    assert "s3cret-value" not in page.content()


def test_a_team_has_automations_for_its_contacts_and_organizations(world: World, window) -> None:
    world.pipeline(teamKey=world.team_key)
    page = window(world.ada).goto("/integrations")
    page.get_by_role("link", name="Automations of the team").click()
    expect(page.get_by_role("button", name="A mail about a new organization")).to_be_visible()
    page.get_by_role("button", name="New automation").click()
    page.get_by_role("textbox", name="Name", exact=True).fill("Employers")
    page.get_by_role("textbox", name="What begins it").or_(page.get_by_role("combobox", name="What begins it")).click()
    expect(page.get_by_role("option", name="A contact is created")).to_be_visible()
    expect(page.get_by_role("option", name="A box is created")).to_have_count(0)
    page.keyboard.press("Escape")
    page.get_by_role("textbox", name="Condition").fill('contact.familyName == "Lee"')
    choose(page, "Add a step to then", "Create or update an organization")
    page.get_by_role("textbox", name="Domains").or_(page.get_by_role("combobox", name="Domains")).fill("lee.example")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="More that can be said").click()
    page.get_by_role("menuitem", name="name").click()
    page.get_by_role("region", name="Step 1").get_by_role("textbox", name="Name").fill("{{ contact.missing }}")
    page.get_by_role("button", name="Create", exact=True).click()
    expect(page.get_by_role("region", name="Step 1")).to_contain_text("missing")
    page.get_by_role("region", name="Step 1").get_by_role("textbox", name="Name").fill("{{ contact.familyName }} & Co")
    page.get_by_role("button", name="Create", exact=True).click()
    expect(page.get_by_role("heading", name="It has not run yet")).to_be_visible()
    for family in ("Lee", "Ray"):
        body = {"givenName": "Ann", "familyName": family, "emailAddresses": [f"ann@{family}.example".lower()]}
        ok(world.ada.http.post(f"/api/v2/teams/{world.team_key}/contacts", json=body))
    expect(page.get_by_role("row", name="Skipped")).to_have_count(1)
    page.get_by_role("row", name="Done").get_by_role("button", name="Open").click()
    expect(page.get_by_label("What organization.save was given")).to_contain_text("Lee & Co")
    (created,) = ok(world.ada.http.get(f"/api/v2/teams/{world.team_key}/organizations"))["results"]
    assert (created["name"], created["domains"]) == ("Lee & Co", ["lee.example"])
    page.goto(f"/teams/{world.team_key}/automations")
    page.get_by_role("switch", name="Employers is on").press("Space")
    expect(page.get_by_role("switch", name="Employers is on")).not_to_be_checked()
    page.get_by_role("link", name="Employers").click()
    expect(page.get_by_role("button", name="Switch on")).to_be_visible()
    page.get_by_role("button", name="Delete", exact=True).click()
    expect(page.get_by_role("heading", name="No automations yet")).to_be_visible()


@pytest.mark.slow
def test_automations_look_right(world: World, window) -> None:
    pipeline = world.pipeline(name="Sales")
    only = {
        "and": [
            {"field": "stage", "op": "in", "value": ["5001", "5002"]},
            {"field": "taskTotal", "op": "lt", "value": 3},
        ]
    }
    created = rule(world, pipeline, name="Call new ones", filter=only, condition='!box.name.startsWith("Test")')
    rule(
        world,
        pipeline,
        name="Every Monday",
        trigger={"type": "schedule", "cron": "0 9 * * mon", "eachBox": True},
        enabled=False,
    )
    world.box(pipeline, name="Acme")
    for size, scheme in LOOKS:
        screen = window(world.ada, size=size, scheme=scheme)
        expect(screen.goto(f"/pipelines/{pipeline['key']}/automations").get_by_text("Every Monday")).to_be_visible()
        screen.look("automations")
        page = screen.goto(f"/pipelines/{pipeline['key']}/automations/{created['key']}")
        expect(page.get_by_role("row", name="Done")).to_be_visible()
        screen.look("automation")
        expect(screen.goto(f"/teams/{world.team_key}/automations/new").get_by_label("Condition")).to_be_visible()
        screen.look("team-automation")
