"""Mailboxes: who sees and changes them, what is asked of a server, and that no secret is shown."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from boxwood.core.accounts import sessions
from boxwood.core.activity.mail import mailbox_settings
from boxwood.core.activity.mail.mailbox_records import MAILBOXES
from boxwood.lib.secret_keys import SecretKeys
from tests.conftest import Server, Store, World, ok, refused
from tests.mail_servers.servers import Account
from tests.mail_servers.tokens import CLIENT

PASSWORD = "correct-horse-battery"
HERE = {"host": "127.0.0.1", "port": 1, "security": "none", "user": "x", "password": PASSWORD}


@pytest.fixture
def quiet(fresh_store: Store) -> Iterator[World]:
    """A world whose server reads no mailboxes."""
    server = Server(fresh_store.config(allow_private_webhooks=True, deliver=False)).start()
    yield (world := World(server))
    world.close()
    server.stop()


def browser(world: World, who: str) -> httpx.Client:
    """A browser in which this person is signed in."""
    secret = world.as_(who, lambda ctx: sessions.start(ctx, "browser", "127.0.0.1", "a password"))[1]
    client = world.client(None)
    client.cookies.set("boxwood_session", secret)
    return client


def add(world: World, who: str = "ada", **given: Any) -> dict[str, Any]:
    body = {"address": f"{who}@mail.example", "imap": HERE, "teamKey": world.team_key, **given}
    return ok(getattr(world, who).http.post("/api/v2/mailboxes", json=body))


def test_a_mailbox_is_added_shown_changed_and_removed_without_its_password(quiet: World) -> None:
    added = add(quiet, aliases=["Ada <sales@mail.example>"], since=5)
    assert added["state"] == "waiting"
    assert (added["stored"], added["skipped"], added["refused"]) == (0, 0, 0)
    assert added["imap"] == {"host": "127.0.0.1", "port": 1, "security": "none", "user": "x"}
    path = f"/api/v2/mailboxes/{added['key']}"
    changed = ok(quiet.ada.http.post(path, json={"share": "subject", "since": None, "smtp": HERE}))
    assert (changed["share"], changed["smtp"]["port"], "since" in changed) == ("subject", 1, False)
    assert changed["aliases"] == ["sales@mail.example"]
    listed = ok(quiet.ada.http.get("/api/v2/mailboxes"))["results"]
    assert [each["key"] for each in listed] == [added["key"]]
    shown = [added, changed, listed, ok(quiet.ada.http.get(path)), ok(quiet.ada.http.get("/api/v2/newsfeed"))]
    assert PASSWORD not in str(shown)
    assert ok(quiet.ada.http.get(f"{path}/folders"))["results"] == []
    assert ok(quiet.ada.http.get(f"{path}/refusals"))["results"] == []
    ok(quiet.ada.http.delete(path))
    refused(quiet.ada.http.get(path), 404, "not found")


def test_a_personal_mailbox_is_seen_by_its_owner_alone_and_a_shared_one_by_owners_of_the_team(quiet: World) -> None:
    personal = add(quiet, "bo")
    shared = add(quiet, "ada", address="sales@mail.example", kind="shared")
    refused(quiet.bo.http.post("/api/v2/mailboxes", json={"address": "a@b.example", "kind": "shared"}), 403, "owner")
    for who, key in ((quiet.ada, personal["key"]), (quiet.bo, shared["key"]), (quiet.cy, personal["key"])):
        refused(who.http.get(f"/api/v2/mailboxes/{key}"), 404, "not found")
        refused(who.http.post(f"/api/v2/mailboxes/{key}/pause"), 404, "not found")
        refused(who.http.delete(f"/api/v2/mailboxes/{key}"), 404, "not found")
    assert [each["key"] for each in ok(quiet.bo.http.get("/api/v2/mailboxes"))["results"]] == [personal["key"]]
    assert [each["key"] for each in ok(quiet.ada.http.get("/api/v2/mailboxes"))["results"]] == [shared["key"]]
    ok(quiet.ada.http.post(f"/api/v2/teams/{quiet.team_key}/members/{quiet.bo.user_key}/leave", json={}))
    rows = quiet.server.engine.read(lambda db: db.rows("SELECT key FROM mailboxes"))
    assert rows == [(shared["key"],)], "the mailbox of a member who left is removed with its password"


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"address": "x"}, "is not an e-mail address"),
        ({"imap": {**HERE, "host": ""}}, "imap.host"),
        ({"imap": {**HERE, "host": "a b"}}, "imap.host"),
        ({"imap": {**HERE, "port": 70000}}, "imap.port"),
        ({"imap": {**HERE, "security": "ssl"}}, "imap.security"),
        ({"imap": {"host": "127.0.0.1"}}, "imap.password"),
        ({"imap": {**HERE, "password": "a\nb"}}, "imap.password"),
        ({"imap": "x"}, "imap"),
        ({"smtp": {**HERE, "port": 0}}, "smtp"),
        ({"provider": "google"}, "provider"),
        ({"share": "some"}, "share"),
        ({"kind": "shared", "share": "private"}, "share"),
        ({"aliases": ["a@b.example", "x"]}, "aliases"),
        ({"since": "soon"}, "since"),
        ({"teamKey": "nope"}, "nope"),
    ],
)
def test_wrong_members_are_named(quiet: World, given: dict[str, Any], says: str) -> None:
    body = {"address": "ada@mail.example", "imap": HERE, **given}
    answer = quiet.ada.http.post("/api/v2/mailboxes", json=body)
    assert answer.status_code in (400, 404), answer.text
    assert says in answer.text
    assert PASSWORD not in answer.text


def test_servers_in_the_private_network_are_refused_unless_the_operator_names_them(fresh_store: Store) -> None:
    config = fresh_store.config(mail_servers=(("mail.internal", 143), ("10.0.0.5", 993)), deliver=False)
    server = Server(config).start()
    world = World(server)
    try:
        for host, port in (("127.0.0.1", 993), ("localhost", 143), ("10.0.0.6", 993), ("10.0.0.5", 143)):
            body = {"address": "a@mail.example", "imap": {**HERE, "host": host, "port": port}}
            refused(world.ada.http.post("/api/v2/mailboxes", json=body), 400, "imap.host")
        body = {"address": "a@mail.example", "imap": {**HERE, "host": "mail.example.com", "port": 22}}
        refused(world.ada.http.post("/api/v2/mailboxes", json=body), 400, "ports of mail")
        for host, port in (("mail.internal", 143), ("10.0.0.5", 993), ("imap.example.com", 993)):
            address = f"a{port}@{host.replace('10.0.0.5', 'ten.example')}"
            add(world, address=address, imap={**HERE, "host": host, "port": port})
    finally:
        world.close()
        server.stop()


def test_a_password_is_not_sent_to_another_server_than_it_was_entered_for(quiet: World) -> None:
    path = f"/api/v2/mailboxes/{add(quiet)['key']}"
    refused(quiet.ada.http.post(path, json={"imap": {"host": "evil.example", "port": 993}}), 400, "imap.password")
    moved = ok(quiet.ada.http.post(path, json={"imap": {"host": "b.example", "port": 993, "password": "other"}}))
    assert moved["imap"]["host"] == "b.example"
    refused(quiet.ada.http.post(path, json={"address": "else@mail.example"}), 400, "address")
    refused(
        quiet.ada.http.post("/api/v2/mailboxes", json={"address": "ada@mail.example", "imap": HERE}), 400, "already"
    )


def test_a_mailbox_is_tested_with_its_real_servers(quiet: World, account: Account) -> None:
    quiet.server.boxwood.api.mail_tls = account.servers.certificate
    tls = {**account.imap, "port": account.servers.ports["IMAPS"], "security": "tls"}
    added = add(quiet, address=account.address, imap=tls, smtp=account.smtp)
    path = f"/api/v2/mailboxes/{added['key']}"
    assert ok(quiet.ada.http.post(f"{path}/test", json={})) == {
        "success": True,
        "imap": {"success": True},
        "smtp": {"success": True},
    }
    for security, port in (("starttls", "SMTP"), ("tls", "SMTPS")):
        smtp = {**account.smtp, "security": security, "port": account.servers.ports[port]}
        ok(quiet.ada.http.post(path, json={"smtp": smtp}))
        assert ok(quiet.ada.http.post(f"{path}/test", json={}))["success"]
    wrong = {**account.imap, "password": "wrong"}
    ok(quiet.ada.http.post(path, json={"imap": wrong, "smtp": {**account.smtp, "password": "wrong"}}))
    tested = ok(quiet.ada.http.post(f"{path}/test", json={}))
    assert (tested["success"], tested["imap"]["success"], tested["smtp"]["success"]) == (False, False, False)
    assert "wrong" not in str(tested)
    closed = {**HERE, "port": 1}
    ok(quiet.ada.http.post(path, json={"imap": closed, "smtp": None}))
    assert "no mail server answers" in ok(quiet.ada.http.post(f"{path}/test", json={}))["imap"]["error"]


def test_permission_at_a_provider_is_given_in_the_users_own_browser(fresh_store: Store, account: Account) -> None:
    tokens = account.servers.tokens
    config = fresh_store.config(
        allow_private_webhooks=True,
        deliver=False,
        mail_oauth_client_id=CLIENT[0],
        mail_oauth_client_secret=CLIENT[1],
        mail_oauth_authorize_url=f"{tokens.url}/authorize",
        mail_oauth_token_url=f"{tokens.url}/token",
        mail_oauth_scope="mail",
    )
    server = Server(config).start()
    world = World(server)
    try:
        imap = {name: value for name, value in account.imap.items() if name != "password"}
        added = add(world, address=account.address, provider="other", imap=imap)
        assert added["state"] == "unauthorized"
        path = f"/api/v2/mailboxes/{added['key']}"
        refused(world.ada.http.post(f"{path}/test", json={}), 400, "permission")
        refused(world.ada.http.post(f"{path}/resume", json={}), 400, "permission")
        url = ok(world.ada.http.post(f"{path}/authorize", json={}))["url"]
        assert "code_challenge_method=S256" in url
        back = tokens.allow(url, account.address).replace(server.boxwood.config.url, server.url)
        with browser(world, "bo") as other, browser(world, "ada") as own, world.client(None) as stranger:
            assert stranger.get(back).status_code == 401
            assert other.get(back).status_code == 400
            answer = own.get(back)
            assert (answer.status_code, answer.headers["location"]) == (303, "/settings/mailboxes")
            assert own.get(back).status_code == 400, "a code works once"
        assert ok(world.ada.http.get(path))["state"] == "waiting"
        assert ok(world.ada.http.post(f"{path}/test", json={}))["success"]
        used = {form["refresh_token"] for form in tokens.asked if "refresh_token" in form}
        row = server.engine.read(lambda db: db.row(f"SELECT {MAILBOXES.columns} FROM mailboxes"))
        assert row is not None
        keys = SecretKeys(config.key_file)
        assert mailbox_settings.secrets_of(keys, MAILBOXES.load(row)).refresh_token not in used, (
            "the next one is stored"
        )
        assert ok(world.ada.http.post(f"{path}/test", json={}))["success"]
    finally:
        world.close()
        server.stop()
