"""The account page: name, password, sessions, authenticator, passkeys and mail."""

from collections.abc import Iterator

import pyotp
import pytest
from playwright.sync_api import Browser, expect

from boxwood.core import mail_settings
from boxwood.core.accounts import sessions, sign_in_links
from boxwood.core.context import Ctx
from tests.conftest import Server, Store, World, ok
from tests.mailbox import Mailbox
from tests.ui.conftest import LOOKS, Window

PASSWORD = "seven green owls"


def with_password(world: World) -> None:
    """Give Ada a password."""
    path = world.server.engine.write(lambda db: sign_in_links.make(db, world.ada.user, "welcome", world.clock()))
    with world.client(None) as browser:
        ok(browser.post("/api/v2/session/link", json={"token": path.partition("#")[2], "password": PASSWORD}))


def test_the_name_and_the_time_zone_are_changed(world: World, window) -> None:
    page = window(world.ada).goto("/")
    page.get_by_role("button", name="Ada Lovelace").click()
    page.get_by_role("menuitem", name="Your account").click()
    page.get_by_label("Family name").fill("King")
    page.get_by_role("combobox", name="Time zone").fill("Lisbon")
    page.get_by_role("option", name="Europe/Lisbon").click()
    page.get_by_role("button", name="Save").first.click()
    expect(page.get_by_role("button", name="Ada King")).to_be_visible()
    me = ok(world.ada.http.get("/api/v1/users/me"))
    assert (me["fullName"], me["timezoneId"]) == ("Ada King", "Europe/Lisbon")


def test_the_password_is_changed_and_other_browsers_are_signed_out(world: World, window) -> None:
    with_password(world)
    page = window(world.ada).goto("/account")
    rows = page.get_by_role("region", name="Sessions").get_by_role("row")
    expect(rows.filter(has_text="this one")).to_have_count(1)
    expect(rows.filter(has=page.get_by_role("button", name="Sign out"))).to_have_count(1)
    page.get_by_role("textbox", name="Current password").fill("not the password")
    page.get_by_role("textbox", name="New password").fill("eight yellow owls")
    page.get_by_role("button", name="Change password").click()
    expect(page.get_by_role("textbox", name="Current password")).to_have_attribute("data-invalid", "true")
    page.get_by_role("textbox", name="Current password").fill(PASSWORD)
    page.get_by_role("button", name="Change password").click()
    expect(page.get_by_text("Your password is changed")).to_be_visible()
    expect(rows.filter(has=page.get_by_role("button", name="Sign out"))).to_have_count(0)
    with world.client(None) as browser:
        ok(browser.post("/api/v2/session", json={"email": world.ada.email, "password": "eight yellow owls"}))


def test_a_session_is_ended(world: World, window) -> None:
    ctx_made = world.server.engine.write(
        lambda db: sessions.start(Ctx(db, world.clock(), world.ada.user), "Firefox", "10.0.0.7", "a test")
    )
    page = window(world.ada).goto("/account")
    row = page.get_by_role("row", name="Firefox")
    expect(row).to_contain_text("10.0.0.7")
    row.get_by_role("button", name="Sign out").click()
    expect(row).to_have_count(0)
    with world.client(None) as browser:
        browser.cookies.set("boxwood_session", ctx_made[1])
        assert browser.get("/api/v2/session").status_code == 401


def test_an_authenticator_is_set_up_by_its_secret_and_removed(world: World, window) -> None:
    with_password(world)
    page = window(world.ada).goto("/account")
    page.get_by_role("button", name="Set up an authenticator").click()
    page.get_by_role("textbox", name="Your password").fill(PASSWORD)
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_role("img", name="QR code for the authenticator app")).to_be_visible()
    secret = page.get_by_label("Secret", exact=True).inner_text()
    page.get_by_role("textbox", name="Code").fill("000 00")
    page.get_by_role("button", name="Confirm").click()
    expect(page.get_by_role("textbox", name="Code")).to_have_attribute("aria-invalid", "true")
    page.get_by_role("textbox", name="Code").fill(pyotp.TOTP(secret).at(world.clock() // 1000))
    page.get_by_role("button", name="Confirm").click()
    codes = page.get_by_label("Recovery codes", exact=True).inner_text().split()
    assert len(codes) == 10
    page.get_by_role("button", name="I have them").click()
    expect(page.get_by_text("Recovery codes left: 10")).to_be_visible()
    with world.client(None) as browser:
        body = {"email": world.ada.email, "password": PASSWORD}
        assert browser.post("/api/v2/session", json=body).json()["field"] == "code"
        ok(browser.post("/api/v2/session", json={**body, "code": codes[0]}))
    page.get_by_role("button", name="Remove the authenticator").click()
    page.get_by_role("textbox", name="Your password").fill(PASSWORD)
    page.get_by_role("button", name="Remove", exact=True).click()
    expect(page.get_by_role("button", name="Set up an authenticator")).to_be_visible()


@pytest.fixture
def named(fresh_store: Store) -> Iterator[World]:
    """A separate world with a host name, whose first team is Ada's."""
    server = Server(fresh_store.config()).start()
    url = server.url.replace("127.0.0.1", "localhost")
    server.engine.write(lambda db: mail_settings.adopt(db, server.boxwood.keys, "", "", url, known=True))
    new_world = World(server)
    sql = "UPDATE teams SET created_at = created_at - 1 WHERE key = :key"
    server.engine.write(lambda db: db.run(sql, key=new_world.team_key))
    yield new_world
    new_world.close()
    server.stop()


@pytest.fixture
def own(named: World, chromium: Browser) -> Iterator[Window]:
    """Ada's window in this world."""
    screen = Window(chromium, named)
    screen.sign_in(named.ada)
    yield screen
    screen.close()
    assert screen.complaints == []


def test_a_passkey_is_added_and_removed(named: World, chromium: Browser) -> None:
    with_password(named)
    context = chromium.new_context(base_url=named.server.url.replace("127.0.0.1", "localhost"))
    page = context.new_page()
    device = context.new_cdp_session(page)
    device.send("WebAuthn.enable")
    options = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True}
    options |= {"hasUserVerification": True, "isUserVerified": True, "automaticPresenceSimulation": True}
    device.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    page.goto("/account")
    page.get_by_label("E-mail").fill(named.ada.email)
    page.get_by_role("textbox", name="Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("button", name="Add a passkey").click()
    page.get_by_label("Name of the passkey").fill("Laptop")
    page.get_by_role("textbox", name="Your password").fill(PASSWORD)
    page.get_by_role("button", name="Add", exact=True).click()
    row = page.get_by_role("row", name="Laptop")
    expect(row).to_contain_text("never used")
    row.get_by_role("button", name="Remove").click()
    expect(row).to_have_count(0)
    context.close()


def test_mail_is_set_up_and_tested(named: World, own: Window, mailbox: Mailbox) -> None:
    page = own.goto("/account")
    mail = page.get_by_role("region", name="Mail")
    mail.get_by_label("SMTP server").fill("mail.example.com")
    mail.get_by_role("button", name="Save").click()
    expect(mail.get_by_label("SMTP server")).to_have_attribute("aria-invalid", "true")
    mail.get_by_label("SMTP server").fill(mailbox.url)
    mail.get_by_label("From").fill("crm@example.com")
    mail.get_by_role("button", name="Save").click()
    mail.get_by_role("button", name="Send me a test").click()
    expect(mail.get_by_role("status")).to_contain_text(named.ada.email)
    assert mailbox.wait()[0]["To"] == named.ada.email


def test_a_member_sees_no_mail_settings(world: World, window) -> None:
    page = window(world.bo).goto("/account")
    expect(page.get_by_role("region", name="Sessions")).to_be_visible()
    expect(page.get_by_role("row", name="this one")).to_be_visible()
    expect(page.get_by_role("region", name="Mail")).to_have_count(0)


@pytest.mark.slow
def test_the_account_looks_right(named: World, chromium: Browser) -> None:
    with_password(named)
    for size, scheme in LOOKS:
        screen = Window(chromium, named, size=size, scheme=scheme)
        screen.sign_in(named.ada)
        page = screen.goto("/account")
        expect(page.get_by_label("SMTP server")).to_be_visible()
        expect(page.get_by_role("row", name="this one")).to_be_visible()
        screen.look("account")
        page.get_by_role("button", name="Set up an authenticator").click()
        page.get_by_role("textbox", name="Your password").fill(PASSWORD)
        page.get_by_role("button", name="Go on").click()
        expect(page.get_by_label("Secret", exact=True)).to_be_visible()
        screen.look("authenticator")
        screen.close()
        assert screen.complaints == []
