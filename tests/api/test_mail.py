"""Outgoing mail is set up through the API and tested with one request."""

from collections.abc import Iterator
from typing import Any

import pytest

from boxwood.core import outgoing_mail, rate_buckets
from boxwood.db.engine import Db
from tests.conftest import Server, Store, World, ok, refused
from tests.mailbox import Mailbox

PATH = "/api/v2/settings/mail"


@pytest.fixture
def first(fresh_store: Store) -> Iterator[World]:
    """A separate world whose first team is Ada's."""
    server = Server(fresh_store.config()).start()
    new_world = World(server)
    sql = "UPDATE teams SET created_at = created_at - 1 WHERE key = :key"
    server.engine.write(lambda db: db.run(sql, key=new_world.team_key))
    yield new_world
    new_world.close()
    server.stop()


def test_the_owner_sets_up_tests_and_removes_mail(first: World, mailbox: Mailbox) -> None:
    ada = first.ada.http
    before = ok(ada.get(PATH))
    assert (before["configured"], before["baseUrl"]) == (False, "http://127.0.0.1:8080")
    refused(ada.post(f"{PATH}/test", json={}), 400, "no mail settings")
    refused(first.bo.http.get(PATH), 403)
    url = mailbox.url.replace("//", "//crm:secret@") + "?tls=off"
    for body, field in (
        ({"smtpUrl": "mail.example.com"}, "smtpUrl"),
        ({"smtpUrl": url}, "from"),
        ({"smtpUrl": url, "from": "nobody"}, "from"),
        ({"baseUrl": "crm.example.com"}, "baseUrl"),
    ):
        refused(ada.post(PATH, json=body), 400, field)
    set_up = ok(
        ada.post(PATH, json={"smtpUrl": mailbox.url, "from": "crm@example.com", "baseUrl": "https://crm.example/"})
    )
    assert set_up["configured"]
    assert (set_up["baseUrl"], set_up["from"], set_up["byEnvironment"]) == (
        "https://crm.example",
        "crm@example.com",
        False,
    )
    assert ok(ada.post(f"{PATH}/test", json={})) == {"success": True, "to": first.ada.email}
    assert mailbox.wait()[0]["To"] == first.ada.email
    refused(ada.post(f"{PATH}/test", json={"to": "x"}), 400, "to")
    mailbox.says = "554 go away"
    assert "go away" in ok(ada.post(f"{PATH}/test", json={"to": "bo@example.com"}))["error"]
    assert "secret" not in str(ok(ada.post(PATH, json={"smtpUrl": url})))
    assert "secret" not in str(first.server.engine.read(lambda db: db.rows("SELECT record FROM events")))
    # The mail server asks for no password, and the error says so.
    assert "AUTH" in ok(ada.post(f"{PATH}/test", json={}))["error"]
    assert not ok(ada.post(PATH, json={"smtpUrl": ""}))["configured"]


def test_names_in_mails_stay_on_one_line(first: World, mailbox: Mailbox) -> None:
    """Also names that were stored before, or that came in by another way than the API."""
    ada = first.ada.http
    ok(ada.post(PATH, json={"smtpUrl": mailbox.url, "from": "crm@example.com", "baseUrl": "https://crm.example/"}))
    evil = "T\r\n\nClick http://phish.example\x0b\x85\u2028\u2029\tnow"
    ok(ada.post(f"/api/v2/teams/{first.team_key}", json={"name": evil}))
    ok(ada.post(f"/api/v1/users/{first.ada.user_key}", json={"firstName": evil, "lastName": "\n\nL"}))
    assert ok(ada.get(f"/api/v2/teams/{first.team_key}"))["name"] == "T Click http://phish.example now"

    def rename(db: Db) -> None:
        db.run("UPDATE teams SET name = :name WHERE key = :key", name=evil, key=first.team_key)
        db.run("UPDATE users SET given_name = :name WHERE key = :key", name=evil, key=first.ada.user_key)

    for kept in (False, True):
        if kept:
            first.server.engine.write(rename)
        for email in ("new", first.bo.email):
            address = email if "@" in email else f"{kept}@w{first.number}.example"
            ada.post(f"/api/v2/teams/{first.team_key}/invitations", json={"email": address})
    letters = mailbox.wait(2)
    for letter in letters:
        lines = letter.get_content().splitlines() + str(letter["Subject"]).splitlines()
        assert [line for line in lines if line.strip().lower().startswith(("click", "now", "l "))] == []
        assert any("T Click http://phish.example now" in line for line in lines)


@pytest.mark.parametrize(
    ("path", "body", "name"),
    [
        ("/api/v2/pipelines", {"stages": ["Lead\nClick"]}, "name"),
        ("/api/v2/teams/{team}", {}, "name"),
        ("/api/v2/pipelines/{pipeline}/boxes", {}, "name"),
        ("/api/v2/pipelines/{pipeline}/stages", {}, "name"),
        ("/api/v2/pipelines/{pipeline}/fields", {"type": "TEXT_INPUT"}, "name"),
        ("/api/v1/users/{user}", {}, "firstName"),
        ("/api/v2/teams/{team}/contacts", {}, "givenName"),
        ("/api/v2/teams/{team}/organizations", {}, "name"),
    ],
)
def test_names_hold_no_line_breaks(world: World, path: str, body: dict[str, Any], name: str) -> None:
    pipeline = world.pipeline()
    path = path.format(pipeline=pipeline["key"], team=world.team_key, user=world.ada.user_key)
    sent = {**body, name: " A\r\n\tB\u2028C\x1b[0m\x7f "}
    answer = ok(world.ada.http.post(path, json=sent))
    shown = answer.get(name, answer.get("results", [answer])[0].get(name) if "results" in answer else None)
    assert shown == "A B C [0m", answer
    for stage in answer.get("stages", {}).values() if isinstance(answer.get("stages"), dict) else []:
        assert "\n" not in stage["name"]


def test_a_user_sends_a_limited_number_of_invitations_a_day(first: World, mailbox: Mailbox) -> None:
    ada = first.ada.http
    ok(ada.post(PATH, json={"smtpUrl": mailbox.url, "from": "crm@example.com", "baseUrl": "https://crm.example/"}))
    most = outgoing_mail.MOST_INVITATIONS.burst
    path = f"/api/v2/teams/{first.team_key}/invitations"

    def spend(db: Db) -> None:
        for _ in range(most - 2):
            key = f"invitations {first.ada.user_key}"
            assert rate_buckets.spend(db, key, outgoing_mail.MOST_INVITATIONS, first.clock()).granted

    first.server.engine.write(spend)
    for number in range(2):
        ok(ada.post(path, json={"email": f"{number}@w{first.number}.example"}))
    answer = ada.post(path, json={"email": f"more@w{first.number}.example"})
    refused(answer, 429, f"{most} invitations within a day")
    assert int(answer.headers["retry-after"]) > 0
    pipeline = f"/api/v1/pipelines/{first.pipeline()['key']}"
    shared = ada.post(pipeline, json={"aclEntries": [{"email": f"p@w{first.number}.example"}]})
    refused(shared, 429, "invitations")
    first.clock.advance(days=1.01)
    ok(ada.post(path, json={"email": f"more@w{first.number}.example"}))
