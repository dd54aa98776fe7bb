"""Settings of e-mail in the UI: blocked senders, rules of a pipeline, addresses of a box, triggers of automations."""

from typing import Any

from playwright.sync_api import Page, expect

from tests.conftest import World, ok
from tests.jobs.webhooks import eventually
from tests.mail_in import CLIENT, mailbox_of, raw_mail, receive
from tests.ui.conftest import LOOKS
from tests.ui.test_automations import choose


def undo(page: Page, says: str) -> None:
    toast = page.get_by_role("alert").filter(has_text=says)
    toast.get_by_role("button", name="Undo").click()
    expect(toast).to_have_count(0)


def test_senders_are_blocked_and_allowed_again_with_undo(window: Any, world: World) -> None:
    page = window(world.ada).goto("/mail/blocks")
    expect(page.get_by_role("heading", name="No blocked senders")).to_be_visible()
    sender = page.get_by_role("textbox", name="Address or domain")
    page.keyboard.press("c")
    expect(sender).to_be_focused()
    for typed in ("no domain", "news@shop.example", "spam.example"):
        sender.fill(typed)
        if typed == "spam.example":
            choose(page, "For", "All of the team")
        page.get_by_role("button", name="Block", exact=True).click()
        if typed == "no domain":
            expect(page.get_by_text("is not a domain such as acme.example")).to_be_visible()
    rows = page.get_by_role("table", name="Blocked senders").get_by_role("row")
    expect(rows).to_have_count(3)
    expect(rows.filter(has_text="spam.example")).to_contain_text("and its subdomains")

    def stored() -> list[tuple[str, bool]]:
        found = ok(world.ada.http.get("/api/v2/mail/blocks"))["results"]
        return [(each.get("address") or each["domain"], each["forTeam"]) for each in found]

    both = [("news@shop.example", False), ("spam.example", True)]
    assert stored() == both
    page.get_by_role("button", name="Allow again news@shop.example").click()
    expect(rows).to_have_count(2)
    undo(page, "E-mail from news@shop.example is allowed again")
    expect(rows).to_have_count(3)
    assert sorted(stored()) == both
    other = window(world.bo).goto("/mail/blocks")
    expect(other.get_by_role("row").filter(has_text="spam.example")).to_be_visible()
    expect(other.get_by_role("button", name="Allow again spam.example")).to_have_count(0)
    expect(other.get_by_text("news@shop.example")).to_have_count(0)


def test_rules_for_mail_are_created_and_deleted_with_undo_and_make_boxes(window: Any, world: World) -> None:
    pipeline = world.pipeline()
    world.box(pipeline, name="All invoices")
    page = window(world.ada).goto(f"/pipelines/{pipeline['key']}/settings?section=mail")
    expect(page.get_by_role("heading", name="No e-mail rules yet")).to_be_visible()
    expect(page.get_by_text("an owner of the team connects a mailbox")).to_be_visible()

    def add(condition: str, name: str, text: str) -> None:
        page.get_by_role("button", name="New rule").first.click()
        choose(page, "If the", condition)
        page.get_by_role("textbox", name=name).fill(text)

    dialog = page.get_by_role("dialog")
    add("Sender", "Address or domain", "gmail.com")
    dialog.get_by_role("button", name="Create").click()
    expect(dialog.get_by_text("belongs to a mail provider")).to_be_visible()
    dialog.get_by_role("textbox", name="Address or domain").fill("client.example")
    choose(page, "Stage of new boxes", "Won")
    dialog.get_by_role("button", name="Create").click()
    expect(dialog).to_have_count(0)
    add("Subject", "Text of the subject", "invoice")
    choose(page, "The e-mail goes to", "One box")
    page.get_by_role("combobox", name="Box").fill("All inv")
    page.get_by_role("option", name="All invoices").click()
    dialog.get_by_role("button", name="Create").click()
    rules = page.get_by_role("list", name="E-mail rules").get_by_role("listitem")
    expect(rules).to_have_count(2)
    expect(rules.first).to_contain_text("Each conversation becomes a box in Won")
    expect(rules.last).to_contain_text("To the box All invoices")
    page.get_by_role("button", name="Delete the rule From client.example").click()
    expect(rules).to_have_count(1)
    undo(page, "Deleted the e-mail rule")
    expect(rules).to_have_count(2)
    receive(world, "ada", mailbox_of(world, "ada"), raw_mail(1, subject="A boat, please"))
    found = ok(world.ada.http.get(f"/api/v1/pipelines/{pipeline['key']}/boxes"))
    made = next(each for each in found if each["name"] == "A boat, please")
    assert made["stageKey"] == "5002"


def test_addresses_always_or_never_belong_to_a_box(window: Any, world: World) -> None:
    box = world.box(world.pipeline(), name=f"Acme {CLIENT}")
    page = window(world.ada).goto(f"/boxes/{box['key']}?tab=email")
    page.get_by_role("button", name="Addresses").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text(CLIENT)
    dialog.get_by_label("Never to this box").fill(CLIENT)
    page.keyboard.press("Enter")
    dialog.get_by_label("Always to this box").fill("not an address")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog.get_by_text("not").last).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    page.get_by_role("button", name="Addresses").click()
    dialog.get_by_label("Never to this box").fill(CLIENT)
    page.keyboard.press("Enter")
    dialog.get_by_label("Always to this box").fill("kim@client.example")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_have_count(0)

    def lists() -> tuple[list[str], list[str]]:
        shown = ok(world.ada.http.get(f"/api/v1/boxes/{box['key']}"))
        return shown["emailAddressesWhitelist"], shown["emailAddressesBlacklist"]

    assert lists() == (["kim@client.example"], [CLIENT])
    undo(page, "Saved the addresses of the box")
    eventually(lambda: lists() == ([], []))


def test_triggers_of_mail_are_chosen_in_the_editor_and_fire(window: Any, world: World) -> None:
    pipeline = world.pipeline()
    box = world.box(pipeline, name=f"Acme {CLIENT}")["key"]
    page = window(world.ada).goto(f"/pipelines/{pipeline['key']}/automations/new")

    def create(name: str, trigger: str) -> None:
        page.goto(f"/pipelines/{pipeline['key']}/automations/new")
        page.get_by_role("textbox", name="Name", exact=True).fill(name)
        choose(page, "What begins it", trigger)

    def add_task(text: str) -> None:
        choose(page, "Add a step to then", "Create a task")
        page.get_by_role("textbox", name="Text").fill(text)
        page.get_by_role("button", name="Create", exact=True).click()
        expect(page.get_by_role("heading", name="Runs")).to_be_visible()

    create("Read", "An e-mail message to a box is received")
    page.get_by_role("textbox", name="From").fill("client.example")
    add_task("Read {{ message.subject }}")
    create("Answer", "A conversation has had no answer for some time")
    page.get_by_role("textbox", name="Amount").fill("2")
    choose(page, "Unit", "days")
    choose(page, "Waiting", "they")
    add_task("Answer {{ box.name }}")
    found = ok(world.ada.http.get(f"/api/v2/pipelines/{pipeline['key']}/automations"))["results"]
    assert sorted((each["trigger"] for each in found), key=lambda each: each["type"]) == [
        {"type": "message.received", "from": "client.example"},
        {"type": "thread.unanswered", "amount": 2, "unit": "days", "waiting": "they"},
    ]
    now = world.clock() // 1000
    receive(world, "ada", mailbox_of(world, "ada"), raw_mail(1, at=now - 10, subject="A boat, please"))
    expect(page.get_by_role("row", name="Done")).to_have_count(0)
    world.clock.advance(days=2.1)
    expect(page.get_by_role("row", name="Done")).to_have_count(1)
    tasks = ok(world.ada.http.get(f"/api/v2/boxes/{box}/tasks"))["results"]
    assert sorted(each["text"] for each in tasks) == [f"Answer Acme {CLIENT}", "Read A boat, please"]


def test_looks_of_the_settings_of_mail(window: Any, world: World) -> None:
    pipeline = world.pipeline()
    box = world.box(pipeline, name="Machines")["key"]
    for given in ({"domain": "spam.example", "forTeam": True}, {"address": "news@a-shop-with-a-long-name.example"}):
        ok(world.ada.http.post("/api/v2/mail/blocks", json=given))
    path = f"/api/v2/pipelines/{pipeline['key']}/mailrules"
    for given in ({"from": "client.example"}, {"subject": "[invoice]", "boxKey": box}):
        ok(world.ada.http.post(path, json=given))
    for size, scheme in LOOKS:
        screen = window(world.ada, size=size, scheme=scheme)
        page = screen.goto("/mail/blocks")
        expect(page.get_by_text("spam.example")).to_be_visible()
        screen.look("blocked-senders")
        screen.goto(f"/pipelines/{pipeline['key']}/settings?section=mail")
        expect(page.get_by_text("To the box Machines")).to_be_visible()
        screen.look("mail-rules")
        page.get_by_role("button", name="New rule").click()
        expect(page.get_by_role("dialog")).to_be_visible()
        screen.look("mail-rule-new")
        screen.goto(f"/boxes/{box}?tab=email")
        page.get_by_role("button", name="Addresses").click()
        expect(page.get_by_role("dialog")).to_be_visible()
        screen.look("box-addresses")
