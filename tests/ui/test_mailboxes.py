"""Mailboxes in the UI: connecting one, its state and counts, pausing, and removing it."""

from typing import Any

from playwright.sync_api import expect

from tests.conftest import World, ok
from tests.mail_servers.servers import Account
from tests.ui.conftest import LOOKS


def test_a_mailbox_is_connected_paused_tested_and_removed(window: Any, world: World, account: Account) -> None:
    page = window(world.ada).goto("/mail/mailboxes")
    page.get_by_role("button", name="Connect a mailbox").first.click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_text("Own server").click()
    dialog.get_by_label("E-mail address").fill(account.address)
    dialog.locator("input[type=password]").fill("wrong")
    dialog.get_by_label("Server, Reading (IMAP)").fill("127.0.0.1")
    dialog.get_by_role("combobox", name="Encryption, Reading (IMAP)").click()
    page.get_by_role("option", name="None").click()
    dialog.get_by_label("Port, Reading (IMAP)").fill(str(account.imap["port"]))
    dialog.get_by_role("button", name="Connect").click()
    line = page.get_by_role("row").filter(has_text=account.address)
    expect(line).to_contain_text("Password refused")
    line.get_by_role("button", name="Enter password").click()
    dialog.locator("input[type=password]").fill(account.password)
    dialog.get_by_role("button", name="Save").click()
    expect(line).to_contain_text("Up to date")

    def choose(item: str) -> None:
        line.get_by_role("button", name=f"More about {account.address}").click()
        page.get_by_role("menuitem", name=item).click()

    choose("Test the connection")
    expect(dialog).to_contain_text("The connection works.")
    dialog.get_by_role("button", name="Close").last.click()
    choose("Folders and refused e-mail")
    expect(dialog.get_by_role("row").filter(has_text="INBOX")).to_be_visible()
    page.keyboard.press("Escape")
    choose("Pause")
    expect(line).to_contain_text("Paused")
    choose("Remove")
    dialog.get_by_role("button", name="Remove").click()
    expect(page.get_by_role("heading", name="No mailboxes yet")).to_be_visible()
    assert ok(world.ada.http.get("/api/v2/mailboxes"))["results"] == []


def test_a_mailbox_is_added_to_which_a_mail_server_delivers(window: Any, world: World) -> None:
    page = window(world.ada).goto("/mail/mailboxes")
    page.get_by_role("button", name="Connect a mailbox").first.click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("E-mail address").fill("drop@firm.example")
    dialog.get_by_role("combobox", name="Whose mailbox").click()
    page.get_by_role("option", name="Dropbox of the team").click()
    dialog.get_by_role("switch", name="Your mail server delivers its e-mail").check()
    expect(dialog.locator("input[type=password]")).to_have_count(0)
    dialog.get_by_role("button", name="Connect").click()
    expect(page.get_by_role("row").filter(has_text="drop@firm.example")).to_contain_text("Delivered to Boxwood")
    (mailbox,) = ok(world.ada.http.get("/api/v2/mailboxes"))["results"]
    assert (mailbox["kind"], mailbox["delivered"]) == ("dropbox", True)


def test_looks_of_mailboxes(window: Any, world: World) -> None:
    server = {"host": "127.0.0.1", "port": 1, "security": "none", "password": "correct-horse"}
    for address in ("ada@firm.example", "sales@firm.example"):
        ok(world.ada.http.post("/api/v2/mailboxes", json={"address": address, "imap": server}))
    for size, scheme in LOOKS:
        screen = window(world.ada, size=size, scheme=scheme)
        page = screen.goto("/mail/mailboxes")
        expect(page.get_by_text("sales@firm.example")).to_be_visible()
        screen.look("mailboxes")
        page.get_by_role("button", name="Connect a mailbox").first.click()
        page.get_by_role("dialog").get_by_text("Own server").click()
        expect(page.get_by_role("dialog").get_by_label("Server, Sending (SMTP)")).to_be_visible()
        screen.look("mailbox-connect")
