"""Letters leave through a real Exim, come back through a real Dovecot, and are never sent twice."""

import smtplib
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from functools import partial
from typing import Any

import pytest

from boxwood.core.activity.sending import doubts
from tests.conftest import Server, Store, World, ok
from tests.jobs.webhooks import eventually
from tests.mail_servers.servers import Account


@pytest.fixture
def sending(fresh_store: Store) -> Iterator[World]:
    """A separate world whose server reads mailboxes and sends letters."""
    server = Server(fresh_store.config(allow_private_webhooks=True)).start()
    yield (world := World(server))
    world.close()
    server.stop()


def connect(world: World, account: Account, **more: Any) -> str:
    body = {"address": account.address, "imap": account.imap, "smtp": account.smtp, "teamKey": world.team_key, **more}
    key = str(ok(world.ada.http.post("/api/v2/mailboxes", json=body))["key"])
    eventually(lambda: ok(world.ada.http.get(f"/api/v2/mailboxes/{key}"))["state"] == "ready")
    return key


def send(world: World, draft: dict[str, Any], **given: Any) -> dict[str, Any]:
    body = {"undoSeconds": 0, **given}
    found: dict[str, Any] = ok(world.ada.http.post(f"/api/v2/drafts/{draft['key']}/send", json=body))
    return found


def letter(world: World, key: str) -> dict[str, Any]:
    found: dict[str, Any] = ok(world.ada.http.get(f"/api/v2/letters/{key}"))
    return found


def mails(account: Account, folder: str = "INBOX") -> list[EmailMessage]:
    with account.open() as client:
        client.select(folder, readonly=True)
        numbers = client.search(None, "ALL")[1][0].split()
        raws = [client.fetch(number, "(BODY.PEEK[])")[1][0][1] for number in numbers]  # type: ignore[index]
        return [message_from_bytes(raw, policy=policy.default) for raw in raws]  # type: ignore[arg-type, misc]


def test_a_letter_is_sent_answered_and_stays_one_conversation(sending: World, mail_servers: Any) -> None:
    world, own, customer = sending, mail_servers.account(), mail_servers.account()
    key = connect(world, own)
    box = world.box(world.pipeline())
    file = ok(world.ada.http.post(f"/api/v2/boxes/{box['key']}/files", files={"file": ("ä.txt", b"A", "text/plain")}))
    written = ok(
        world.ada.http.post(
            "/api/v2/drafts",
            json={
                "boxKey": box["key"],
                "mailboxKey": key,
                "to": [f"Zoë Zuse <{customer.address}>"],
                "bcc": [own.address.replace("@", "+x@")],
                "subject": "Angebot für Zoë " + "lang " * 30,
                "html": "<p>Grüße,<br>\n.Ada</p>",
                "files": [file["key"]],
            },
        )
    )
    sent = send(world, written)
    eventually(lambda: letter(world, sent["key"])["state"] == "sent")
    found = letter(world, sent["key"])
    eventually(lambda: customer.count() == 1)
    came = mails(customer)[0]
    assert came["Message-ID"].strip() == f"<{found['messageId']}>"
    assert came["Subject"] == ("Angebot für Zoë " + "lang " * 30).strip()
    assert came["Bcc"] is None
    assert came["Auto-Submitted"] is None
    assert came.get_body(("plain",)).get_content().split() == ["Grüße,", ".Ada"]  # type: ignore[union-attr]
    assert [part.get_filename() for part in came.iter_attachments()] == ["ä.txt"]
    shown = ok(world.ada.http.get(f"/api/v2/messages/{found['messageKey']}"))
    assert (shown["direction"], shown["threadKey"], shown["boxKey"]) == ("SENT", found["threadKey"], box["key"])
    now = ok(world.ada.http.get(f"/api/v1/boxes/{box['key']}"))
    assert (now["totalNumberOfEmails"], now["totalNumberOfSentEmails"]) == (1, 1)
    # The copy is filed once, and the mailbox's own reading of it adds nothing.
    eventually(lambda: own.count("Sent") == 1)
    assert mails(own, "Sent")[0]["Bcc"] == own.address.replace("@", "+x@")
    # The customer answers.
    reply = EmailMessage()
    reply["From"], reply["To"], reply["Subject"] = customer.address, own.address, "Re: Angebot"
    reply["Message-ID"], reply["In-Reply-To"] = "<answer@client.example>", came["Message-ID"].strip()
    reply.set_content("Yes, please")
    with smtplib.SMTP("127.0.0.1", mail_servers.ports["SMTP"]) as smtp:
        smtp.login(customer.address, customer.password)
        smtp.send_message(reply)
    path = f"/api/v2/threads/{found['threadKey']}/messages"
    eventually(lambda: len(ok(world.ada.http.get(path))["results"]) == 2)
    first, answer = ok(world.ada.http.get(path))["results"]
    assert (first["key"], answer["direction"]) == (found["messageKey"], "RECEIVED")
    again = ok(world.ada.http.post("/api/v2/drafts", json={"kind": "reply", "messageKey": answer["key"]}))
    assert (again["to"], again["mailboxKey"]) == ([customer.address], key)
    second = send(world, again)
    eventually(lambda: letter(world, second["key"])["state"] == "sent")
    eventually(lambda: customer.count() == 2)
    thread = mails(customer)[1]
    assert thread["In-Reply-To"].strip() == "<answer@client.example>"
    assert thread["References"].split() == [f"<{found['messageId']}>", "<answer@client.example>"]
    eventually(lambda: own.count("Sent") == 2)
    assert [each["Message-ID"] for each in mails(own, "Sent")] == [each["Message-ID"] for each in mails(customer)]
    results = ok(world.ada.http.get(path))["results"]
    assert [each["direction"] for each in results] == ["SENT", "RECEIVED", "SENT"]
    kinds = [each["kind"] for each in ok(world.ada.http.get("/api/v2/events"))["results"] if "message." in each["kind"]]
    assert kinds == ["message.sent", "message.added", "message.sent"]


def test_what_a_server_refuses_gives_the_draft_back_and_notifies(sending: World, mail_servers: Any) -> None:
    world, own = sending, mail_servers.account()
    key = connect(world, own)
    given = {"mailboxKey": key, "subject": "Offer", "text": "Hello"}
    draft = ok(world.ada.http.post("/api/v2/drafts", json={**given, "to": ["no-such-user@example.test"]}))
    sent = send(world, draft)
    eventually(lambda: letter(world, sent["key"])["state"] == "refused")
    assert "550" in letter(world, sent["key"])["error"]
    assert ok(world.ada.http.get(f"/api/v2/drafts/{draft['key']}"))["subject"] == "Offer"
    shown = ok(world.ada.http.get("/api/v2/notifications"))["results"]
    assert any("could not send the mail Offer" in each["story"] for each in shown), shown
    wrong = {**own.smtp, "password": "wrong"}
    ok(world.ada.http.post(f"/api/v2/mailboxes/{key}", json={"smtp": wrong}))
    again = send(world, draft)
    eventually(lambda: letter(world, again["key"])["state"] == "refused")
    assert "refuses to sign in" in letter(world, again["key"])["error"]


def test_an_automation_sends_a_snippet_through_a_mailbox(sending: World, mail_servers: Any) -> None:
    world, own, customer = sending, mail_servers.account(), mail_servers.account()
    key = connect(world, own)
    pipeline = world.pipeline()
    snippet = ok(
        world.ada.http.put("/api/v1/snippets", json={"snippetName": "Hi", "snippetText": "About {{box.name}}"})
    )
    step = {
        "type": "email.send",
        "with": {"to": [customer.address], "subject": "Hello", "mailbox": own.address, "snippet": snippet["key"]},
    }
    rule = {"name": "Greet", "trigger": {"type": "box.created"}, "steps": [step]}
    made = ok(world.ada.http.post(f"/api/v2/pipelines/{pipeline['key']}/automations", json=rule))
    ok(world.ada.http.post(f"/api/v2/automations/{made['key']}/enable"))
    task = {"type": "task.create", "with": {"text": "Ask about {{ message.subject }}"}}
    other = {"name": "Ask", "trigger": {"type": "message.sent"}, "steps": [task]}
    asking = ok(world.ada.http.post(f"/api/v2/pipelines/{pipeline['key']}/automations", json=other))
    ok(world.ada.http.post(f"/api/v2/automations/{asking['key']}/enable"))
    box = world.box(pipeline, name="Acme & Sons")
    eventually(lambda: customer.count() == 1)
    came = mails(customer)[0]
    assert came["Auto-Submitted"] == "auto-generated"
    assert came.get_body(("plain",)).get_content().strip() == "About Acme & Sons"  # type: ignore[union-attr]
    found = ok(world.ada.http.get("/api/v2/letters", params={"boxKey": box["key"]}))["results"]
    assert [(each["automatic"], each["mailboxKey"]) for each in found] == [(True, key)]
    given = {"boxKey": box["key"], "mailboxKey": key, "to": [customer.address], "subject": "Lunch", "text": "Today?"}
    send(world, ok(world.ada.http.post("/api/v2/drafts", json=given)))
    path = f"/api/v2/boxes/{box['key']}/tasks"
    eventually(lambda: len(ok(world.ada.http.get(path))["results"]) > 0)
    assert [each["text"] for each in ok(world.ada.http.get(path))["results"]] == ["Ask about Lunch"]


def test_a_letter_that_cannot_be_composed_is_refused_after_some_attempts(sending: World) -> None:
    world = sending
    server = {"host": "127.0.0.1", "port": 9, "password": "an app password"}
    body = {"address": "ada@mail.example", "teamKey": world.team_key, "imap": server, "smtp": server}
    key = ok(world.ada.http.post("/api/v2/mailboxes", json=body))["key"]
    ok(world.ada.http.post(f"/api/v2/mailboxes/{key}/pause"))
    given = {"mailboxKey": key, "subject": "Offer", "text": "Hello", "to": ["zoe@client.example"]}
    draft = ok(world.ada.http.post("/api/v2/drafts", json=given))
    files = {"file": ("a.txt", b"A", "text/plain")}
    ok(world.ada.http.post(f"/api/v2/drafts/{draft['key']}/files", files=files))
    engine, store = world.server.engine, world.server.boxwood.store
    row = engine.read(lambda db: db.row("SELECT blob FROM outgoing_files WHERE of_key = :key", key=draft["key"]))
    assert row is not None
    store.delete(row[0])  # its bytes were lost
    sent = send(world, draft)

    def stored() -> tuple[Any, ...]:
        sql = "SELECT state, attempts, worker, lease_until, due_at FROM sent_letters WHERE key = :key"
        found = engine.read(lambda db: db.row(sql, key=sent["key"]))
        assert found is not None
        return tuple(found)

    for attempt in range(1, 4):
        eventually(lambda attempt=attempt: stored()[1] == attempt)
        state, _, worker, lease_until, due_at = stored()
        assert (state, worker, lease_until) == ("scheduled", None, 0)
        assert due_at > world.clock()
        world.clock.advance(ms=due_at - world.clock())
    eventually(lambda: stored()[0] == "refused")
    assert "Missing" in letter(world, sent["key"])["error"]
    assert ok(world.ada.http.get(f"/api/v2/drafts/{draft['key']}"))["subject"] == "Offer"
    # A letter that was marked as being handed over is in doubt, and is not sent again.
    sql = "UPDATE sent_letters SET state = 'handing', worker = 'w', lease_until = :now WHERE key = :key"
    engine.write(lambda db: db.run(sql, now=world.clock() + 60_000, key=sent["key"]))
    for worker, state in (("other", "handing"), ("w", "doubtful"), ("w", "doubtful")):
        engine.write(partial(doubts.broke_off, key=sent["key"], worker=worker, now=world.clock(), why="an error"))
        assert stored()[0] == state
