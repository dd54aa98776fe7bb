"""Drafts: written, answered, forwarded, shared, and made letters that wait."""

from typing import Any

import pytest

from tests.conftest import Person, World, ok
from tests.mail_in import raw_mail


def mailbox(world: World, person: Person, address: str = "", **more: Any) -> str:
    """A mailbox of a user that can send. It is paused, so that the server does not look for its mail server."""
    server = {"host": "mail.example", "password": "an app password"}
    body = {"address": address or person.email, "teamKey": world.team_key, "imap": server, "smtp": server, **more}
    key = ok(person.http.post("/api/v2/mailboxes", json=body))["key"]
    ok(person.http.post(f"/api/v2/mailboxes/{key}/pause"))
    return str(key)


def message(world: World, box: dict[str, Any], **more: Any) -> dict[str, Any]:
    raw = raw_mail(to=f"Ada <{world.ada.email}>, Rex <rex@client.example>", Cc="kim@client.example", **more)
    path = f"/api/v2/boxes/{box['key']}/messages"
    found: dict[str, Any] = ok(world.ada.http.post(path, content=raw, headers={"Content-Type": "message/rfc822"}))
    return found


def draft(world: World, **given: Any) -> dict[str, Any]:
    found: dict[str, Any] = ok(world.ada.http.post("/api/v2/drafts", json=given))
    return found


@pytest.fixture
def box(world: World) -> dict[str, Any]:
    found: dict[str, Any] = world.box(world.pipeline(team_wide=True))
    return found


def test_answers_and_forwards_are_filled_from_their_message(world: World, box: dict[str, Any]) -> None:
    key = mailbox(world, world.ada, sending={"signature": "<p>Ada, Sales</p>"})
    ids = " ".join(f"<{number}@old.example>" for number in range(30))
    came = message(world, box, subject="AW: Re: Offer", References=ids, files={"offer.txt": b"One hundred"})
    reply = draft(world, kind="reply", messageKey=came["key"])
    assert (reply["to"], reply["cc"]) == (["Zoe Zuse <zoe@client.example>"], [])
    assert reply["subject"] == "Re: Offer"
    assert (reply["mailboxKey"], reply["boxKey"], reply["threadKey"]) == (key, box["key"], came["threadKey"])
    assert reply["html"].startswith("<p></p><p>Ada, Sales</p>")
    assert "Zoe Zuse &lt;zoe@client.example&gt; wrote:" in reply["html"]
    assert "The price is 1200" in reply["text"]
    assert reply["files"] == []
    everyone = draft(world, kind="replyAll", messageKey=came["key"])
    assert everyone["cc"] == ["Rex <rex@client.example>", "kim@client.example"]
    forward = draft(world, kind="forward", messageKey=came["key"], to=["cy@team.example"])
    assert (forward["subject"], [each["name"] for each in forward["files"]]) == ("Fwd: AW: Re: Offer", ["offer.txt"])
    assert "Subject: AW: Re: Offer" in forward["text"]
    stored = world.server.engine.read(
        lambda db: db.row("SELECT mail_references, in_reply_to FROM drafts WHERE key = :key", key=reply["key"])
    )
    assert stored is not None
    references = [f"{number}@old.example" for number in (0, *range(12, 30))]
    assert stored[0] == str([*references, "1@client.example"]).replace("'", '"').replace(", ", ",") or stored[0] == (
        str([*references, "1@client.example"]).replace("'", '"')
    )
    assert stored[1] == "1@client.example"


def test_a_draft_that_a_colleague_changed_is_not_overwritten(world: World, box: dict[str, Any]) -> None:
    written = draft(world, boxKey=box["key"], to=["zoe@client.example"], subject="Offer", html="<p>One</p>")
    path = f"/api/v2/drafts/{written['key']}"
    assert world.bo.http.get(path).status_code == 404
    shared = ok(world.ada.http.post(path, json={"shared": True, "version": 1}))
    assert [each["key"] for each in ok(world.bo.http.get("/api/v2/drafts"))["results"]] == [written["key"]]
    ok(world.bo.http.post(path, json={"html": "<p>Two</p>", "version": shared["version"]}))
    refused = world.ada.http.post(path, json={"html": "<p>Three</p>", "version": shared["version"]})
    assert refused.status_code == 412, refused.text
    assert "changed since" in refused.text
    assert ok(world.ada.http.get(path))["text"].strip() == "Two"
    assert world.bo.http.delete(path).status_code == 403
    for to in (["no address"], [f"a{n}@client.example" for n in range(101)]):
        assert world.ada.http.post(path, json={"to": to}).status_code == 400, to
    assert world.cy.http.get(path).status_code == 404


def test_a_letter_waits_and_cancelling_gives_the_draft_back(world: World, box: dict[str, Any]) -> None:
    key = mailbox(world, world.ada)
    file = ok(world.ada.http.post(f"/api/v2/boxes/{box['key']}/files", files={"file": ("a.txt", b"A", "text/plain")}))
    given = {"boxKey": box["key"], "to": ["zoe@client.example"], "bcc": ["bo@x.example"], "subject": "Offer"}
    written = draft(world, **given, html="<p>Hi</p>", files=[file["key"]], mailboxKey=key)
    later = world.clock() + 86_400_000
    letter = ok(world.ada.http.post(f"/api/v2/drafts/{written['key']}/send", json={"sendAt": later}))
    assert (letter["state"], letter["dueTimestamp"]) == ("scheduled", later)
    assert [each["name"] for each in letter["files"]] == ["a.txt"]
    assert world.ada.http.get(f"/api/v2/drafts/{written['key']}").status_code == 404
    path = f"/api/v2/letters/{letter['key']}"
    assert ok(world.ada.http.get("/api/v2/letters", params={"state": "scheduled"}))["results"] == [letter]
    seen = ok(world.bo.http.get(path))
    assert (seen["subject"], seen["bcc"], "mailboxKey" in seen) == ("Offer", [], False)
    assert world.bo.http.post(f"{path}/cancel").status_code == 403
    answer = ok(world.ada.http.post(f"{path}/cancel"))
    assert (answer["letter"]["state"], answer["draft"]["key"]) == ("cancelled", written["key"])
    assert [each["name"] for each in answer["draft"]["files"]] == ["a.txt"]
    assert world.ada.http.post(f"{path}/cancel").status_code == 400
    again = ok(world.ada.http.post(f"/api/v2/drafts/{written['key']}/send", json={"sendAt": later}))
    assert again["key"] != letter["key"]
    ok(world.ada.http.post(f"/api/v2/mailboxes/{key}", json={"share": "private"}))
    assert world.bo.http.get(f"/api/v2/letters/{again['key']}").status_code == 404
    assert ok(world.bo.http.get("/api/v2/letters"))["results"] == []


def test_only_those_who_may_send_from_a_mailbox_send_from_it(world: World, box: dict[str, Any]) -> None:
    own = mailbox(world, world.ada)
    team = mailbox(world, world.ada, "sales@team.example", kind="shared", sending={"members": False})
    given = {"boxKey": box["key"], "to": ["zoe@client.example"], "subject": "Offer"}
    assert world.bo.http.post("/api/v2/drafts", json={**given, "mailboxKey": own}).status_code == 400
    assert world.bo.http.post("/api/v2/drafts", json={**given, "mailboxKey": team}).status_code == 403
    ok(world.ada.http.post(f"/api/v2/mailboxes/{team}", json={"sending": {"members": True, "perHour": 2}}))
    written = ok(world.bo.http.post("/api/v2/drafts", json={**given, "cc": ["a@b.example", "c@d.example"]}))
    assert written["mailboxKey"] == team
    path = f"/api/v2/drafts/{written['key']}/send"
    ok(world.bo.http.post(path, json={"sendAt": world.clock() + 60_000}))
    bad = {"undoSeconds": 61}
    other = ok(world.bo.http.post("/api/v2/drafts", json=given))
    assert world.bo.http.post(f"/api/v2/drafts/{other['key']}/send", json=bad).status_code == 400
    empty = ok(world.bo.http.post("/api/v2/drafts", json={"mailboxKey": team}))
    assert world.bo.http.post(f"/api/v2/drafts/{empty['key']}/send", json={}).status_code == 400


def test_merge_fields_are_filled_but_never_those_that_a_stranger_wrote(world: World, box: dict[str, Any]) -> None:
    mailbox(world, world.ada)
    ok(world.ada.http.post(f"/api/v1/boxes/{box['key']}", json={"notes": "a secret"}))
    trap = "{{box.notes}} {<b></b>{box.notes}} {\n{box.notes}}"
    came = message(world, box, subject="{{box.notes}}", text=trap, sender='"{{box.notes}}" <zoe@client.example>')
    reply = draft(world, kind="reply", messageKey=came["key"])
    path = f"/api/v2/drafts/{reply['key']}"
    html = "<p>Hello {{contact.givenName|there}}, about {{box.name}}</p>" + reply["html"]
    ok(world.ada.http.post(path, json={"html": html}))
    shown = ok(world.ada.http.post(f"{path}/preview", json={}))
    assert f"Hello there, about {box['name']}" in shown["text"]
    assert "a secret" not in shown["text"] + shown["html"] + shown["subject"]
    assert shown["missing"] == []
    ok(world.ada.http.post(path, json={"html": "<p>Dear {{contact.familyName}}</p>"}))
    assert ok(world.ada.http.post(f"{path}/preview", json={}))["missing"] == [
        {"field": "contact.familyName", "where": "html"}
    ]
    refused = world.ada.http.post(f"{path}/send", json={})
    assert refused.status_code == 400
    assert "{{contact.familyName}} has no value" in refused.text
