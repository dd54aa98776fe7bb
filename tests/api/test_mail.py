"""Outgoing mail is set up through the API and tested with one request."""

from collections.abc import Iterator

import pytest

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
