"""A change of a mailbox's share reaches conversations that are stored already, if its owner asks for it."""

from typing import Any

import msgspec

from boxwood.core.activity.mail.progress import PLACES, PlaceRecord
from boxwood.core.activity.mail.records import Mailbox
from tests.conftest import World, ok, refused
from tests.mail_in import CLIENT, mailbox_of, raw_mail, receive

HERE = {"host": "127.0.0.1", "port": 1, "security": "none", "user": "x", "password": "secret-word"}


def connect(world: World, name: str) -> Mailbox:
    """A mailbox that no worker reads."""
    person = getattr(world, name)
    body = {"address": person.email, "imap": HERE, "teamKey": world.team_key}
    key = ok(person.http.post("/api/v2/mailboxes", json=body))["key"]
    ok(person.http.post(f"/api/v2/mailboxes/{key}/pause"))
    return msgspec.structs.replace(mailbox_of(world, name), key=key)


def get(world: World, name: str, mailbox: Mailbox, number: int) -> None:
    """A mail of the mailbox, stored on the box with the customer's address."""
    stored = receive(world, name, mailbox, raw_mail(number, subject=f"S{number}"), old=True)
    place = PlaceRecord(mailbox.key, "INBOX", 1, number, stored.mail_key, [], [], None, None, None)
    world.server.engine.write(lambda db: PLACES.insert(db, place))


def test_stored_conversations_get_the_new_share_of_their_mailbox_if_the_owner_asks(world: World) -> None:
    box = world.box(world.pipeline(), name=f"Acme {CLIENT}")["key"]
    bos, adas = connect(world, "bo"), connect(world, "ada")
    for number in (1, 2, 3, 4):
        get(world, "bo", bos, number)
    get(world, "ada", adas, 3)
    path = f"/api/v2/mailboxes/{bos.key}"

    def shown(name: str) -> dict[str, str]:
        threads: list[dict[str, Any]] = ok(getattr(world, name).http.get(f"/api/v1/boxes/{box}/threads"))
        return {each["subject"]: each.get("share", "full") for each in threads}

    def total() -> int:
        return int(ok(world.ada.http.get(f"/api/v1/boxes/{box}"))["totalNumberOfEmails"])

    (fourth,) = [
        each["key"] for each in ok(world.bo.http.get(f"/api/v1/boxes/{box}/threads")) if each["subject"] == "S4"
    ]
    ok(world.bo.http.post(f"/api/v2/threads/{fourth}/share", json={"share": "subject"}))
    ok(world.bo.http.post(path, json={"share": "private"}))
    assert (set(shown("ada")), total()) == ({"S1", "S2", "S3", "S4"}, 4), "only mail from now on"
    refused(world.ada.http.post(f"{path}/share"), 404, "not found")
    refused(world.bo.http.post(f"{path}/share", json={"from": "secret"}), 400, "from")
    done = world.bo.http.post(f"{path}/share", json={"from": "full"})
    assert ok(done) == {"changed": 2, "kept": 1, "hasNextPage": False}
    assert shown("ada") == {"S3": "full", "S4": "subject"}
    assert set(shown("bo")) == {"S1", "S2", "S3", "S4"}
    assert total() == 2
    ok(world.bo.http.post("/api/v2/undo", json={"change": done.headers["x-boxwood-change"]}))
    assert set(shown("ada")) == {"S1", "S2", "S3", "S4"}
    assert ok(world.bo.http.post(f"{path}/share", json={"from": "full"}))["changed"] == 2
    ok(world.bo.http.post(path, json={"share": "full"}))
    assert ok(world.bo.http.post(f"{path}/share", json={"from": "private"})) == {
        **{"changed": 2, "kept": 0},
        "hasNextPage": False,
    }
    assert shown("ada") == {"S1": "full", "S2": "full", "S3": "full", "S4": "subject"}
    assert ok(world.bo.http.post(f"{path}/share"))["changed"] == 1
    assert set(shown("ada").values()) == {"full"}
    shared = ok(
        world.ada.http.post(
            "/api/v2/mailboxes",
            json={"address": "s@crm.example", "kind": "shared", "delivered": True, "teamKey": world.team_key},
        )
    )
    refused(world.ada.http.post(f"/api/v2/mailboxes/{shared['key']}/share"), 400, "always shared")
