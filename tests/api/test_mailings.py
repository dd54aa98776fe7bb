"""Mailings through the API: who gets a letter and who does not, each recipient's text, and pausing."""

from functools import partial
from typing import Any

from boxwood.core.activity.sending import mailing_queue, suppressions
from tests.conftest import Person, World, ok, refused

V2 = "/api/v2"
SMTP = {"host": "127.0.0.1", "port": 9, "security": "none", "user": "ada", "password": "seven"}


def mailbox_of(world: World, person: Person, **given: Any) -> str:
    """Connect a mailbox whose servers do not answer: letters wait."""
    address = f"{person.email.partition('@')[0]}@mail.example"
    body = {"address": address, "teamKey": world.team_key, "imap": SMTP, "smtp": SMTP, **given}
    key: str = ok(person.http.post(f"{V2}/mailboxes", json=body))["key"]
    return key


def contact_of(world: World, name: str, *addresses: str) -> str:
    body = {"givenName": name, "emailAddresses": list(addresses)} if name else {"emailAddresses": list(addresses)}
    key: str = ok(world.ada.http.post(f"{V2}/teams/{world.team_key}/contacts", json=body or {"title": "x"}))["key"]
    return key


def box_with(world: World, pipeline: dict[str, Any], address: str, **given: Any) -> str:
    """Create a box that has this address, and no contact."""
    key: str = world.box(pipeline, **given)["key"]
    ok(world.ada.http.post(f"{V2}/boxes/{key}", json={"emailAddressesWhitelist": [address]}))
    return key


def write_all(world: World) -> None:
    """Write the letters of all mailings that are due, as the job does."""
    engine = world.server.engine
    while keys := engine.read(
        lambda db: mailing_queue.due(db, world.clock())
    ):  # until the server's own job is done too
        for key in keys:
            engine.write(partial(mailing_queue.advance, now=world.clock(), key=key))


def letters_of(world: World, mailing: str) -> list[dict[str, Any]]:
    found = ok(world.ada.http.get(f"{V2}/letters", params={"mailingKey": mailing}))["results"]
    return sorted(found, key=lambda letter: letter["to"])


def test_each_recipient_gets_one_letter_and_the_others_a_reason(world: World) -> None:
    http, pipeline = world.ada.http, world.pipeline()
    kim = contact_of(world, "Kim", "Kim@client.example")
    lou = contact_of(world, "", "lou@client.example")
    max_ = contact_of(world, "Max", "max@client.example", "max@home.example")
    ok(http.post(f"{V2}/suppressions", json={"address": "max@client.example", "teamKey": world.team_key}))
    world.box(pipeline, name="Acme", contacts=[{"key": kim}])
    world.box(pipeline, name="Second of Kim", contacts=[{"key": kim}])
    world.box(pipeline, name="No name", contacts=[{"key": lou}])
    world.box(pipeline, name="Suppressed", contacts=[{"key": max_}])
    world.box(pipeline, name="Without address")
    box_with(world, pipeline, "sales@acme.example", name="Own address")
    box_with(world, pipeline, "won@acme.example", name="Won", stageKey="5002")
    view = {"name": "Leads", "filter": {"field": "stage", "op": "eq", "value": "5001"}, "sort": ["creationTimestamp"]}
    view_key = ok(http.post(f"{V2}/pipelines/{pipeline['key']}/views", json=view))["key"]

    made = ok(http.post(f"{V2}/mailings", json={"name": "News", "mailboxKey": mailbox_of(world, world.ada)}))
    at = f"{V2}/mailings/{made['key']}"
    refused(http.post(f"{at}/start"), 400, "subject")
    text = {"subject": "About {{box.name}}", "html": "<p>Dear {{contact.givenName}}, {{contact.email}}</p>"}
    refused(http.post(at, json={"html": "{{ contact.name"}), 400, "html")
    refused(http.post(at, json={"html": "{{ conract.name }}"}), 400, "html", "contact")
    ok(http.post(at, json=text))
    chosen = ok(http.post(f"{at}/recipients", json={"pipelineKey": pipeline["key"], "viewKey": view_key}))
    assert chosen["counts"]["total"] == 6
    assert chosen["counts"]["leftOut"] == {"double": 1, "noAddress": 1, "suppressed": 1}
    recipients = ok(http.get(f"{at}/recipients"))["results"]
    assert [(each["address"], each.get("reason")) for each in recipients] == [
        ("kim@client.example", None),
        ("kim@client.example", "double"),
        ("lou@client.example", None),
        ("max@client.example", "suppressed"),
        ("", "noAddress"),
        ("sales@acme.example", None),
    ]
    first, _, second, suppressed, _, third = (each["key"] for each in recipients)
    shown = ok(http.post(f"{at}/preview"))
    assert (shown["to"], shown["subject"]) == ("Kim <kim@client.example>", "About Acme")
    assert shown["html"] == "<p>Dear Kim, kim@client.example</p>"
    missing = ok(http.post(f"{at}/preview", json={"recipientKey": second}))["missing"]
    assert missing == [{"field": "contact.givenName", "where": "html"}]
    ok(http.post(f"{at}/recipients/{third}", json={"html": "<p>Hello {{contact.email}}</p>", "subject": "Hello"}))
    refused(http.post(f"{at}/recipients/{suppressed}", json={"leftOut": False}), 400)
    test = ok(http.post(f"{at}/test", json={"recipientKey": third}))
    assert (test["to"], test["subject"]) == ([f"Ada Lovelace <{world.ada.email}>"], "[Test] Hello")

    box_with(world, pipeline, "late@acme.example", name="Too late")
    ok(http.post(f"{at}/start"))
    write_all(world)
    sent = letters_of(world, made["key"])
    assert [(letter["to"], letter["subject"]) for letter in sent] == [
        (["Kim <kim@client.example>"], "About Acme"),
        (["Own address <sales@acme.example>"], "Hello"),
    ]
    assert [letter["state"] for letter in sent] == ["scheduled", "scheduled"]
    running = ok(http.get(at))
    assert (running["state"], running["counts"]["waiting"]) == ("running", 2)
    assert running["counts"]["leftOut"] == {"double": 1, "missing": 1, "noAddress": 1, "suppressed": 1}
    left = ok(http.get(f"{at}/recipients", params={"state": "leftOut"}))["results"]
    assert [each["note"] for each in left if each["reason"] == "missing"] == ["There is no value for contact.givenName"]
    refused(http.post(at, json={"subject": "x"}), 400)

    ok(http.post(f"{at}/pause"))
    assert letters_of(world, made["key"]) == []
    ok(http.post(at, json={"subject": "News"}))
    ok(http.post(f"{at}/recipients/{first}", json={"leftOut": True}))
    ok(http.post(f"{at}/resume"))
    write_all(world)
    assert [letter["subject"] for letter in letters_of(world, made["key"])] == ["Hello"]
    refused(http.delete(at), 400)
    cancelled = ok(http.post(f"{at}/cancel"))
    assert (cancelled["state"], cancelled["counts"]["cancelled"]) == ("cancelled", 1)
    assert letters_of(world, made["key"]) == []
    refused(http.post(f"{at}/resume"), 400)
    assert world.bo.http.get(at).status_code == world.cy.http.post(f"{at}/start").status_code == 404


def test_the_rights_of_the_user_who_started_a_mailing_count_for_each_letter(world: World) -> None:
    pipeline = world.pipeline()
    boxes = [box_with(world, pipeline, f"p{at}@c.example", name=f"Box {at}") for at in range(30)]
    mail = {"name": "News", "subject": "News", "text": "Hi {{box.name}}", "mailboxKey": mailbox_of(world, world.bo)}
    at = f"{V2}/mailings/{ok(world.bo.http.post(f'{V2}/mailings', json=mail))['key']}"
    assert ok(world.bo.http.post(f"{at}/recipients", json={"boxKeys": boxes}))["counts"]["total"] == 30
    later = world.clock() + 60_000
    assert ok(world.bo.http.post(f"{at}/start", json={"sendAt": later}))["state"] == "scheduled"
    write_all(world)
    assert ok(world.bo.http.get(at))["counts"]["waiting"] == 30
    world.clock.advance(ms=60_001)
    ok(world.ada.http.delete(f"{V2}/boxes/{boxes[3]}"))
    write_all(world)
    shown = ok(world.bo.http.get(at))
    assert (shown["state"], shown["counts"]["leftOut"]) == ("running", {"noAccess": 1})
    assert len(ok(world.bo.http.get(f"{V2}/letters", params={"mailingKey": at.rpartition("/")[2]}))["results"]) == 20

    share = [{"email": world.ada.email, "permissionSetName": "__adminPermissionSet__"}]
    share += [{"email": world.bo.email, "permissionSetName": "__viewAllPermissionSet__"}]
    ok(world.ada.http.post(f"{V2}/pipelines/{pipeline['key']}", json={"aclEntries": share}))
    world.server.engine.write(lambda db: db.run("UPDATE sent_letters SET state = 'sent', sent_at = 1"))
    world.clock.advance(ms=5000)
    write_all(world)
    done = ok(world.bo.http.get(at))
    assert (done["state"], done["counts"]["sent"]) == ("done", 20)
    assert done["counts"]["leftOut"] == {"noAccess": 1, "refused": 9}

    letter = ok(world.bo.http.get(f"{at}/recipients"))["results"][0]["letterKey"]
    notice = partial(suppressions.notice, team_key=world.team_key, address="p0@c.example", letter_key=letter)
    world.as_("bo", lambda ctx: notice(ctx, reason="unsubscribe"))
    head = "From: p1@c.example\r\nTo: bo@team.example\r\nSubject: Re: News\r\nMessage-ID: <1@c.example>\r\n"
    for automatic in ("Auto-Submitted: auto-replied\r\n", ""):
        raw = f"{head.replace('<1', f'<{len(automatic)}')}{automatic}\r\nThank you"
        ok(world.ada.http.post(f"{V2}/boxes/{boxes[1]}/messages", json={"raw": raw}))
        replied = ok(world.bo.http.get(at))["counts"]["replied"]
        assert replied == (0 if automatic else 1)
    assert ok(world.bo.http.get(at))["counts"]["unsubscribed"] == 1
    found = ok(world.bo.http.get(f"{at}/recipients", params={"state": "replied"}))["results"]
    assert [each["address"] for each in found] == ["p1@c.example"]
