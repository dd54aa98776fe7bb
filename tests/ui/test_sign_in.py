"""Signing in by link or password, and keeping typed text when a session ends."""

import re
from collections.abc import Iterator

import pyotp
import pytest
from playwright.sync_api import Browser, expect

from boxwood.core import mail_settings
from boxwood.core.accounts import second_factors, sign_in_links
from tests.conftest import Person, Server, Store, World
from tests.mailbox import Mailbox
from tests.mailbox import link as mailed_link
from tests.ui.conftest import LOOKS

PASSWORD = "seven green owls"


def link(world: World, person: Person, kind: str) -> str:
    return world.server.engine.write(lambda db: sign_in_links.make(db, person.user, kind, world.clock()))


def test_the_first_link_asks_for_a_password_and_opens_the_crm(world: World, window) -> None:
    page = window().goto(link(world, world.ada, "welcome"))
    page.get_by_label("Your name").fill("Ada King")
    page.get_by_label("A password for next time").fill("short")
    page.get_by_role("button", name="Open Boxwood").click()
    expect(page.get_by_text("10 characters")).to_be_visible()
    expect(page.get_by_label("Your name")).to_have_value("Ada King")
    page.get_by_label("A password for next time").fill(PASSWORD)
    page.get_by_role("button", name="Open Boxwood").click()
    expect(page.get_by_role("heading", name="Make your first pipeline")).to_be_visible()
    expect(page).to_have_url(re.compile(r"/$"))
    expect(page.get_by_role("button", name="Ada King")).to_be_visible()


def test_signing_in_by_password_opens_the_requested_page(world: World, window) -> None:
    pipeline = world.pipeline(name="Partners")
    first = window()
    page = first.goto(link(world, world.ada, "welcome"))
    page.get_by_label("A password for next time").fill(PASSWORD)
    page.get_by_role("button", name="Open Boxwood").click()
    expect(page.get_by_role("heading", name="Home", level=1)).to_be_visible()
    page.get_by_role("button", name="Ada Lovelace").click()
    page.get_by_role("menuitem", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in to Boxwood")).to_be_visible()
    page.goto(f"/pipelines/{pipeline['key']}")
    page.get_by_label("E-mail").fill(world.ada.email)
    page.get_by_role("textbox", name="Password").fill("eight green owls")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_contain_text("do not belong together")
    page.get_by_role("textbox", name="Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Partners")).to_be_visible()


def test_a_used_link_is_reported(world: World, window) -> None:
    path = link(world, world.ada, "reset")
    page = window().goto(path)
    page.get_by_label("A password for next time").fill(PASSWORD)
    page.get_by_role("button", name="Save and sign in").click()
    expect(page.get_by_role("heading", name="Make your first pipeline")).to_be_visible()
    other = window().goto(path)
    other.get_by_label("A password for next time").fill(PASSWORD)
    other.get_by_role("button", name="Save and sign in").click()
    expect(other.get_by_role("alert")).to_be_visible()


def test_signing_in_again_after_a_session_ended_saves_the_typed_text(world: World, window) -> None:
    path = link(world, world.ada, "welcome")
    page = window().goto(path)
    page.get_by_label("A password for next time").fill(PASSWORD)
    page.get_by_role("button", name="Open Boxwood").click()
    page.get_by_role("main").get_by_role("button", name="New pipeline").first.click()
    page.get_by_label("Name", exact=True).fill("Renewals")
    world.server.engine.write(lambda db: db.run("DELETE FROM sessions WHERE user_key = :user", user=world.ada.user_key))
    page.get_by_role("button", name="Create", exact=True).click()
    again = page.get_by_role("dialog", name="Your session ended")
    expect(again.get_by_label("E-mail")).to_have_value(world.ada.email)
    again.get_by_role("textbox", name="Password").fill(PASSWORD)
    again.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Renewals")).to_be_visible()


def test_the_sign_in_looks_right(window) -> None:
    for size, scheme in LOOKS:
        screen = window(size=size, scheme=scheme)
        expect(screen.goto("/").get_by_role("heading", name="Sign in to Boxwood")).to_be_visible()
        screen.look("sign-in")


@pytest.fixture
def mailing(fresh_store: Store, mailbox: Mailbox) -> Iterator[World]:
    """A separate world with a mail server, whose mails link to it."""
    server = Server(fresh_store.config(smtp_url=mailbox.url, mail_from="crm@example.com")).start()
    settings = mail_settings.Settings(mailbox.url, "crm@example.com", server.url, True)
    server.engine.write(lambda db: mail_settings.store(db, settings))
    yield (created := World(server))
    created.close()
    server.stop()


def test_a_forgotten_password_is_reset_with_an_authenticator_code(
    mailing: World, mailbox: Mailbox, chromium: Browser
) -> None:
    secret = mailing.as_("bo", second_factors.begin)[0]
    mailing.as_("bo", lambda ctx: second_factors.confirm(ctx, pyotp.TOTP(secret).at(ctx.now // 1000)))
    mailing.clock.advance(ms=60_000)
    context = chromium.new_context(base_url=mailing.server.url)
    page = context.new_page()
    page.goto("/")
    page.get_by_label("E-mail").fill(mailing.bo.email)
    page.get_by_role("button", name="Forgot your password?").click()
    expect(page.get_by_role("status")).to_contain_text("on its way")
    page.goto(mailed_link(mailbox.wait()[0]))
    page.get_by_label("A password for next time").fill(PASSWORD)
    page.get_by_role("button", name="Save and sign in").click()
    page.get_by_label("Code from your authenticator").fill(pyotp.TOTP(secret).at(mailing.clock() // 1000))
    page.get_by_role("button", name="Save and sign in").click()
    expect(page.get_by_role("button", name="Bo Diddley")).to_be_visible()
    context.close()
