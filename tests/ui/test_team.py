"""The members, invitations and audit log of a team in the browser."""

import pytest
from playwright.sync_api import expect

from tests.conftest import World, ok, refused
from tests.ui.conftest import LOOKS


def test_a_person_is_invited_by_a_link_that_is_shown_once(world: World, window) -> None:
    grace = f"grace@w{world.number}.example"
    page = window(world.ada).goto("/team")
    expect(page.get_by_role("heading", name="Ada's team")).to_be_visible()
    page.keyboard.press("c")
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("E-mail").fill(grace)
    dialog.get_by_label("Name").fill("Grace Hopper")
    dialog.get_by_role("button", name="Invite", exact=True).click()
    first = page.get_by_label("Invitation link", exact=True).inner_text()
    assert "/invitation#" in first
    page.get_by_role("button", name="I have it").click()
    expect(page.get_by_text(first)).to_have_count(0)
    waiting = page.get_by_role("region", name="Invitations").get_by_role("row", name=grace)
    waiting.get_by_role("button", name="New link").click()
    second = page.get_by_label("Invitation link", exact=True).inner_text()
    page.get_by_role("button", name="I have it").click()
    with world.client(None) as stranger:
        for link, good in ((first, False), (second, True)):
            answer = stranger.post("/api/v2/session/link/look", json={"token": link.partition("#")[2]})
            assert (answer.status_code == 200) is good
    expect(page.get_by_role("region", name="Members").get_by_role("row", name=grace)).to_contain_text("Invited")
    waiting.get_by_role("button", name="Revoke").click()
    expect(page.get_by_text("No pending invitations")).to_be_visible()
    expect(page.get_by_role("region", name="Members").get_by_role("row", name=grace)).to_have_count(0)


def test_a_role_is_changed_and_a_refusal_is_shown(world: World, window) -> None:
    page = window(world.ada).goto("/team")
    page.get_by_role("combobox", name="Role of Bo Diddley").click()
    page.get_by_role("option", name="Owner").click()
    expect(page.get_by_role("combobox", name="Role of Bo Diddley")).to_have_value("Owner")
    expect(page.get_by_text("Bo Diddley: Owner")).to_be_visible()
    roles = {
        each["email"]: each["role"] for each in ok(world.bo.http.get(f"/api/v2/teams/{world.team_key}"))["members"]
    }
    assert roles[world.bo.email] == "Owner"
    ok(world.ada.http.post(f"/api/v2/teams/{world.team_key}/members/{world.bo.user.key}", json={"role": "Member"}))
    expect(page.get_by_role("combobox", name="Role of Bo Diddley")).to_have_value("Member")
    page.get_by_role("combobox", name="Role of Ada Lovelace").click()
    page.get_by_role("option", name="Payer").click()
    expect(page.get_by_text("That was not saved")).to_be_visible()
    expect(page.get_by_role("combobox", name="Role of Ada Lovelace")).to_have_value("Owner")


def test_a_member_is_removed_and_the_work_goes_to_another_member(world: World, window) -> None:
    pipeline = world.pipeline()
    box = world.box(pipeline, assignedToSharingEntries=[{"email": world.bo.email}])
    page = window(world.ada).goto("/team")
    page.get_by_role("row", name="Bo Diddley").get_by_role("button", name="Remove").click()
    page.get_by_role("combobox", name="Hand boxes and open tasks to").click()
    page.get_by_role("option", name="Ada Lovelace").click()
    page.get_by_role("button", name="Remove from the team").click()
    expect(page.get_by_text("1 box handed over")).to_be_visible()
    expect(page.get_by_role("row", name="Bo Diddley")).to_have_count(0)
    assigned = ok(world.ada.http.get(f"/api/v1/boxes/{box['key']}"))["assignedToSharingEntries"]
    assert [each["email"] for each in assigned] == [world.ada.email]
    refused(world.bo.http.get(f"/api/v1/boxes/{box['key']}"), 404)


def test_a_team_is_renamed_and_another_team_created(world: World, window) -> None:
    page = window(world.ada).goto("/")
    expect(page.get_by_role("link", name="Team")).to_be_visible()
    page.keyboard.press("g")
    page.keyboard.press("m")
    page.get_by_role("button", name="Rename the team").click()
    page.get_by_label("Name of the team").fill("Engines")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Engines")).to_be_visible()
    page.get_by_role("button", name="New team").click()
    page.get_by_label("Name of the team").fill("Looms")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Looms")).to_be_visible()
    page.get_by_role("combobox", name="Team", exact=True).click()
    page.get_by_role("option", name="Engines").click()
    expect(page.get_by_role("heading", name="Engines")).to_be_visible()
    teams = ok(world.ada.http.get("/api/v2/users/me/teams"))["results"]
    assert {each["name"] for each in teams} == {"Engines", "Looms"}


def test_the_audit_log_is_filtered_and_exported(world: World, window) -> None:
    world.pipeline(name="Deals of the year")
    ok(world.ada.http.put("/api/v1/apikeys", params={"name": "Website form"}))
    page = window(world.ada).goto("/team?section=audit")
    kinds = page.get_by_role("region", name="Audit log").get_by_role("row")
    expect(kinds.filter(has_text="pipeline.created")).to_have_count(1)
    page.get_by_role("combobox", name="About").click()
    page.get_by_role("option", name="API keys").click()
    expect(kinds.filter(has_text="pipeline.created")).to_have_count(0)
    expect(kinds.filter(has_text="key.created")).not_to_have_count(0)
    page.get_by_role("button", name="Export").click()
    with page.expect_download() as started:
        page.get_by_role("menuitem", name="As CSV").click()
    text = started.value.path().read_text()
    assert "key.created" in text
    assert "pipeline.created" not in text
    page.get_by_role("combobox", name="By").click()
    page.get_by_role("option", name="Bo Diddley").click()
    expect(page.get_by_text("Nothing like that happened")).to_be_visible()


def test_a_member_sees_the_team_and_changes_nothing(world: World, window) -> None:
    page = window(world.bo).goto("/team")
    expect(page.get_by_role("row", name="Ada Lovelace")).to_contain_text("Owner")
    expect(page.get_by_role("button", name="Invite")).to_have_count(0)
    expect(page.get_by_role("button", name="Rename the team")).to_have_count(0)
    page.get_by_role("tab", name="Audit log").click()
    expect(page.get_by_text("For owners of the team")).to_be_visible()
    page.get_by_role("tab", name="People").click()
    page.get_by_role("button", name="Leave").click()
    page.get_by_role("button", name="Leave the team").click()
    expect(page.get_by_role("heading", name="You are in no team")).to_be_visible()


@pytest.mark.slow
def test_the_team_looks_right(world: World, window) -> None:
    world.pipeline(name="Sales")
    body = {"email": f"grace@w{world.number}.example", "name": "Grace Hopper"}
    ok(world.ada.http.post(f"/api/v2/teams/{world.team_key}/invitations", json=body))
    for size, scheme in LOOKS:
        screen = window(world.ada, size=size, scheme=scheme)
        page = screen.goto("/team")
        expect(page.get_by_role("button", name="New link")).to_be_visible()
        screen.look("team")
        page = screen.goto("/team?section=audit")
        expect(page.get_by_text("pipeline.created")).to_be_visible()
        screen.look("audit")
        page = screen.goto("/team")
        page.get_by_role("row", name="Bo Diddley").get_by_role("button", name="Remove").click()
        expect(page.get_by_role("button", name="Remove from the team")).to_be_visible()
        screen.look("leave")
