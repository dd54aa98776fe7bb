"""Contacts and organizations in the browser."""

import pytest
from playwright.sync_api import expect

from tests.conftest import World, ok
from tests.jobs.webhooks import eventually
from tests.ui.conftest import LOOKS


def contact(world: World, **given):
    return ok(world.ada.http.post(f"/api/v2/teams/{world.team_key}/contacts", json=given))


def test_a_contact_is_created_edited_in_place_and_undone(world: World, window) -> None:
    page = window(world.ada).goto("/contacts")
    page.get_by_role("button", name="New contact").first.click()
    page.get_by_label("First name").fill("Grace")
    page.get_by_label("Last name").fill("Hopper")
    page.get_by_label("E-mail").first.fill("grace@navy.example")
    page.get_by_role("button", name="Create", exact=True).click()
    expect(page.get_by_role("heading", name="Grace Hopper")).to_be_visible()
    title = page.get_by_label("Title")
    title.fill("Rear admiral")
    title.press("Enter")
    page.get_by_role("button", name="Undo").click()
    expect(title).to_have_value("")
    (created,) = ok(world.ada.http.get(f"/api/v2/teams/{world.team_key}/contacts"))["results"]
    assert created["emailAddresses"] == ["grace@navy.example"]
    assert "title" not in created


def test_a_refused_change_is_reverted(world: World, window) -> None:
    created = contact(world, givenName="Grace", emailAddresses=["grace@navy.example"])
    page = window(world.ada).goto(f"/contacts/{created['key']}")
    box = page.get_by_role("textbox", name="E-mail").or_(page.get_by_role("combobox", name="E-mail")).first
    box.fill("nonsense")
    box.press("Enter")
    expect(page.get_by_text("That was not saved")).to_be_visible()
    expect(page.get_by_text("nonsense", exact=True)).to_have_count(0)
    expect(page.get_by_text("grace@navy.example")).to_be_visible()


@pytest.mark.one_database
def test_contacts_are_imported_from_a_file_after_a_preview(world: World, window) -> None:
    page = window(world.ada).goto("/contacts")
    page.get_by_role("button", name="Import & export").click()
    table = b"First Name,E-mail 1 - Value,Shoe size\nKim,kim@acme.example,42\nLou,nonsense,41\n"
    page.locator("input[type=file]").set_input_files({"name": "people.csv", "mimeType": "text/csv", "buffer": table})
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("status")).to_contain_text(
        "Would import: 1 new, 0 changed, 0 unchanged contacts, 1 rejected"
    )
    expect(dialog).to_contain_text("Columns that are left out: Shoe size")
    assert ok(world.ada.http.get(f"/api/v2/teams/{world.team_key}/contacts"))["results"] == []
    dialog.get_by_role("button", name="Import people.csv").click()
    expect(dialog.get_by_role("status")).to_contain_text("Imported: 1 new")
    expect(dialog).to_contain_text("Row 2: ")
    page.keyboard.press("Escape")
    expect(page.get_by_role("link", name="Kim")).to_be_visible()


def test_a_long_list_is_scrolled_and_searched(world: World, window) -> None:
    operations = [
        {"method": "POST", "path": f"/v2/teams/{world.team_key}/contacts", "body": {"givenName": f"Person {at:03}"}}
        for at in range(450)
    ]
    ok(world.ada.http.post("/api/v2/batch", json={"operations": operations}))
    page = window(world.ada).goto("/contacts")
    expect(page.get_by_role("link", name="Person").first).to_be_visible()
    assert page.get_by_role("row").count() < 120
    everyone = ok(world.ada.http.get(f"/api/v2/teams/{world.team_key}/contacts", params={"limit": 1000}))["results"]
    last = page.get_by_role("link", name=everyone[-1]["givenName"])
    page.get_by_role("region", name="Contacts").focus()
    for pages in (400, 450):
        page.keyboard.press("End")
        expect(page.get_by_role("table")).to_have_attribute("aria-rowcount", str(pages + 1))
    page.keyboard.press("End")
    expect(last).to_be_visible()
    page.get_by_label("Search contacts").fill("person 31")
    expect(page.get_by_role("link", name="Person 317")).to_be_visible()


def test_duplicates_are_merged_and_the_merge_is_undone(world: World, window) -> None:
    for name in ("Grace", "Gracie"):
        contact(world, givenName=name, emailAddresses=["grace@navy.example"])
    page = window(world.ada).goto("/contacts?show=duplicates")
    page.get_by_label("Keep Gracie").click()
    expect(page.get_by_label("Keep Gracie")).to_be_checked()
    page.get_by_role("button", name="Merge 2 into one").click()
    expect(page.get_by_role("heading", name="No duplicates")).to_be_visible()
    (left,) = ok(world.ada.http.get(f"/api/v2/teams/{world.team_key}/contacts"))["results"]
    assert left["givenName"] == "Gracie"
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("button", name="Merge 2 into one")).to_be_visible()


def test_an_organization_shows_its_boxes_contacts_and_own_fields(world: World, window) -> None:
    pipeline = world.pipeline(name="Sales")
    team = f"/api/v2/teams/{world.team_key}"
    field = ok(world.ada.http.post(f"{team}/organizations/fields", json={"name": "Tier", "type": "TEXT_INPUT"}))
    created = ok(world.ada.http.post(f"{team}/organizations", json={"name": "Navy", "domains": ["navy.example"]}))
    contact(world, givenName="Grace", emailAddresses=["grace@navy.example"])
    world.box(pipeline, name="Compilers", organizations=[{"key": created["key"]}])
    page = window(world.ada).goto(f"/organizations/{created['key']}")
    expect(page.get_by_role("region", name="contacts")).to_contain_text("Grace")
    expect(page.get_by_role("region", name="Boxes")).to_contain_text("Compilers")
    page.get_by_role("button", name="Edit Tier").click()
    page.get_by_label("Tier", exact=True).fill("Gold")
    page.get_by_label("Tier", exact=True).press("Enter")
    expect(page.get_by_text("Saved")).to_be_visible()
    assert ok(world.ada.http.get(f"/api/v2/organizations/{created['key']}"))["fields"] == {field["key"]: "Gold"}
    page.get_by_role("button", name="Delete").click()
    expect(page.get_by_role("heading", name="No organizations yet")).to_be_visible()


def test_a_contact_and_an_organization_are_linked_and_unlinked_on_either_page(world: World, window) -> None:
    team = f"/api/v2/teams/{world.team_key}"
    navy = ok(world.ada.http.post(f"{team}/organizations", json={"name": "Navy"}))["key"]
    grace = contact(world, givenName="Grace")["key"]

    def linked() -> list[str]:
        return [each["key"] for each in ok(world.ada.http.get(f"/api/v2/contacts/{grace}"))["orgLinks"]]

    page = window(world.ada).goto(f"/contacts/{grace}")
    expect(page.get_by_role("region", name="Organizations")).to_contain_text("No organization is linked yet")
    page.get_by_role("button", name="Change organizations").click()
    expect(page.get_by_role("textbox", name="Organizations")).to_be_focused()
    page.keyboard.type("Navy")
    page.get_by_role("option", name="Navy", exact=True).click()
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("link", name="Navy")).to_be_visible()
    expect(page.get_by_role("alert").filter(has_text="Saved")).to_be_visible()
    assert linked() == [navy]
    page.goto(f"/organizations/{navy}")
    expect(page.get_by_role("region", name="Contacts")).to_contain_text("Grace")
    page.get_by_role("button", name="Change contacts").click()
    expect(page.get_by_role("textbox", name="Contacts")).to_be_focused()
    page.keyboard.press("Backspace")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("region", name="Contacts")).to_contain_text("No contact is linked yet")
    expect(page.get_by_role("alert").filter(has_text="Saved")).to_be_visible()
    assert linked() == []
    page.get_by_role("alert").get_by_role("button", name="Undo").click()
    expect(page.get_by_role("link", name="Grace")).to_be_visible()
    eventually(lambda: linked() == [navy])


def test_custom_fields_are_created_renamed_and_deleted(world: World, window) -> None:
    created = contact(world, givenName="Grace")
    fields = f"/api/v2/teams/{world.team_key}/contacts/fields"
    page = window(world.ada).goto("/contacts")
    page.get_by_role("button", name="Fields", exact=True).click()
    dialog = page.get_by_role("dialog", name="Fields of contacts")
    dialog.get_by_role("textbox", name="New field").fill("Tier")
    dialog.get_by_role("combobox", name="It holds").click()
    page.get_by_role("option", name="Dropdown").click()
    options = dialog.get_by_role("combobox", name="Options")
    for option in ("Gold", "Silver"):
        options.fill(option)
        options.press("Enter")
    dialog.get_by_role("button", name="Add the field").click()
    line = dialog.get_by_role("list", name="Fields").get_by_role("listitem")
    expect(line).to_contain_text("Dropdown: Gold, Silver")
    dialog.get_by_role("button", name="Change Tier").click()
    dialog.get_by_role("textbox", name="New name of Tier").fill("Rank")
    options.fill("Bronze")
    options.press("Enter")
    dialog.get_by_role("button", name="Save").click()
    expect(line).to_contain_text("Rank Dropdown: Gold, Silver, Bronze")
    (field,) = ok(world.ada.http.get(fields))
    assert [each["name"] for each in field["dropdownSettings"]["items"]] == ["Gold", "Silver", "Bronze"]
    page.goto(f"/contacts/{created['key']}")
    page.get_by_role("button", name="Edit Rank").click()
    page.get_by_role("option", name="Silver").click()
    expect(page.get_by_text("Silver", exact=True)).to_be_visible()
    expect(page.get_by_role("alert").filter(has_text="Saved")).to_be_visible()
    page.goto("/contacts")
    page.get_by_role("button", name="Fields", exact=True).click()
    dialog.get_by_role("button", name="Delete Rank").click()
    expect(dialog).to_contain_text("The team has none of its own yet")
    assert ok(world.ada.http.get(fields)) == []
    deleted = page.get_by_role("alert").filter(has_text="Deleted Rank, with its values")
    deleted.get_by_role("button", name="Undo").click()
    expect(line).to_contain_text("Rank Dropdown: Gold, Silver, Bronze")
    held = ok(world.ada.http.get(f"/api/v2/contacts/{created['key']}"))["fields"]
    assert held == {field["key"]: field["dropdownSettings"]["items"][1]["key"]}


@pytest.mark.slow
def test_the_directory_looks_right(world: World, window) -> None:
    pipeline = world.pipeline(name="Sales")
    for name in ("Grace Hopper", "Katherine Johnson", "Mary Jackson"):
        given, family = name.split()
        address = f"{given.lower()}@nasa.example"
        created = contact(
            world,
            givenName=given,
            familyName=family,
            title="Mathematician",
            emailAddresses=[address],
            phoneNumbers=["+1 757 555 0100"],
        )
    ok(
        world.ada.http.post(
            f"/api/v2/teams/{world.team_key}/organizations", json={"name": "NASA", "domains": ["nasa.example"]}
        )
    )
    contact(world, givenName="Kathy", emailAddresses=["katherine@nasa.example"])
    world.box(pipeline, name="Trajectories", contacts=[{"key": created["key"]}])
    for size, scheme in LOOKS:
        screen = window(world.ada, size=size, scheme=scheme)
        expect(screen.goto("/contacts").get_by_role("link", name="Grace Hopper")).to_be_visible()
        screen.look("contacts")
        screen.page.get_by_role("button", name="Fields", exact=True).click()
        expect(screen.page.get_by_role("textbox", name="New field")).to_be_focused()
        screen.look("contact-fields")
        expect(screen.goto("/contacts?show=duplicates").get_by_role("button", name="Merge").first).to_be_visible()
        screen.look("duplicates")
        page = screen.goto(f"/contacts/{created['key']}")
        expect(page.get_by_role("region", name="Boxes")).to_contain_text("Trajectories")
        expect(page.get_by_role("region", name="organizations")).to_contain_text("NASA")
        screen.look("contact")
