"""Mail is stored once in a team, with its original bytes, and its boxes and their numbers follow it."""

import contextlib
import mailbox as python_mailbox
import re
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from boxwood.core.activity.mail import suggestions
from boxwood.core.activity.mail.matching import Decision
from boxwood.core.activity.mail.records import Place
from boxwood.jobs import upkeep
from tests.api.automations import Rule, do
from tests.conftest import World, ok, refused
from tests.jobs.webhooks import eventually
from tests.mail_in import CLIENT, mailbox_of, raw_mail, receive, receive_old, shared_mailbox


@pytest.fixture
def box(world: World) -> str:
    key: str = world.box(world.pipeline(), name=f"Acme {CLIENT}")["key"]
    return key


def count(world: World, table: str) -> int:
    row = world.server.engine.read(lambda db: db.row(f"SELECT COUNT(*) FROM {table}"))
    assert row is not None
    return int(row[0])


def box_of(world: World, box: str) -> dict[str, object]:
    found: dict[str, object] = ok(world.ada.http.get(f"/api/v1/boxes/{box}"))
    return found


def test_a_mail_in_two_mailboxes_and_on_two_boxes_is_stored_once(world: World) -> None:
    pipeline = world.pipeline()
    boxes = sorted(world.box(pipeline, name=name)["key"] for name in ("First", "Second"))
    chosen, before = Decision("store", "chosen", boxes), count(world, "mails")
    raw = raw_mail(files={"offer.txt": b"1200"})
    first = receive(world, "ada", mailbox_of(world, "ada"), raw, decision=chosen)
    second = receive(world, "bo", mailbox_of(world, "bo"), raw, decision=chosen)
    assert (first.new, second.new, second.mail_key) == (True, False, first.mail_key)
    assert second.message_keys == first.message_keys
    assert count(world, "mails") == before + 1
    for box in boxes:
        shown = box_of(world, box)
        assert (shown["totalNumberOfReceivedEmails"], shown["fileCount"], shown["lastEmailFrom"]) == (1, 1, CLIENT)
        (file,) = ok(world.ada.http.get(f"/api/v1/boxes/{box}/files"))
        assert world.ada.http.get(f"/api/v1/files/{file['key']}/contents").content == b"1200"


def test_the_same_message_id_with_another_content_hides_no_mail(world: World, box: str) -> None:
    first = receive(world, "ada", mailbox_of(world, "ada"), raw_mail(text="The price is 1200"))
    second = receive(world, "ada", mailbox_of(world, "ada"), raw_mail(text="The price is 1", sender="eve@bad.example"))
    assert first.message_keys != second.message_keys
    assert box_of(world, box)["totalNumberOfEmails"] == 2


def test_original_bytes_are_kept_and_exported_as_mbox(world: World, box: str, tmp_path: Path) -> None:
    raws = [raw_mail(number, text=f"From here on\nmessage {number}") for number in (1, 2)]
    stored = [receive(world, "ada", mailbox_of(world, "ada"), raw) for raw in raws]
    assert world.ada.http.get(f"/api/v2/messages/{stored[0].message_keys[0]}/raw").content == raws[0]
    (tmp_path / "box.mbox").write_bytes(world.bo.http.get(f"/api/v2/boxes/{box}/mbox").content)
    with contextlib.closing(python_mailbox.mbox(tmp_path / "box.mbox")) as opened:
        found = list(opened)
    assert [mail["Message-ID"] for mail in found] == ["<1@client.example>", "<2@client.example>"]
    assert "From here on\nmessage 2" in found[1].get_payload().replace(">From", "From")


def test_the_bytes_stay_as_long_as_a_box_has_the_mail(world: World) -> None:
    pipeline = world.pipeline()
    boxes = [world.box(pipeline, name=name)["key"] for name in ("First", "Second")]
    chosen = Decision("store", "chosen", boxes)
    stored = receive(world, "ada", mailbox_of(world, "ada"), raw_mail(files={"a.txt": b"abc"}), decision=chosen)
    world.clock.advance(days=2)

    def threads(box: str) -> list[dict[str, str]]:
        found: list[dict[str, str]] = ok(world.ada.http.get(f"/api/v1/boxes/{box}/threads"))
        return found

    ok(world.ada.http.delete(f"/api/v1/threads/{threads(boxes[0])[0]['key']}"))
    world.clock.advance(days=40)
    upkeep.sweep(world.server.engine, world.server.boxwood.store, world.clock())
    (thread,) = threads(boxes[1])
    (file,) = ok(world.ada.http.get(f"/api/v1/boxes/{boxes[1]}/files"))
    assert world.ada.http.get(f"/api/v1/files/{file['key']}/contents").content == b"abc"
    ok(world.ada.http.delete(f"/api/v1/threads/{thread['key']}"))
    world.clock.advance(days=40)
    upkeep.sweep(world.server.engine, world.server.boxwood.store, world.clock())
    sql = "SELECT key FROM mails WHERE key = :key"
    assert world.server.engine.read(lambda db: db.row(sql, key=stored.mail_key)) is None


def test_a_backfill_counts_but_starts_nothing(world: World) -> None:
    pipeline = world.pipeline()
    box = world.box(pipeline, name=f"Acme {CLIENT}")["key"]
    rule = Rule(world, pipeline, "message.received", do("comment.create", message="{{ message.subject }}"))
    ok(world.bo.http.post(f"/api/v2/boxes/{box}/following", json={"following": True}))
    receive(world, "ada", mailbox_of(world, "ada"), raw_mail(1, subject="Old"), old=True)
    assert box_of(world, box)["totalNumberOfEmails"] == 1
    receive(world, "ada", mailbox_of(world, "ada"), raw_mail(2, subject="New"))
    rule.only()
    (comment,) = ok(world.ada.http.get(f"/api/v2/boxes/{box}/comments"))["results"]
    assert comment["message"] == "New"
    notified = ok(world.bo.http.get("/api/v2/notifications"))["results"]
    assert len([each for each in notified if "Old" in str(each)]) == 0
    assert len(notified) > 0


def test_a_batch_of_old_mail_is_stored_as_one_mail_after_another_is(world: World) -> None:
    pipeline = world.pipeline()
    alone, together = (world.box(pipeline, name=name)["key"] for name in ("Alone", "Together"))
    mine = mailbox_of(world, "ada")
    without_id = raw_mail(6, subject="No id").replace(b"Message-ID: <6@client.example>\n", b"")
    raws = [
        raw_mail(3, answers=2, sender=world.ada.email, to=CLIENT),
        raw_mail(2, answers=1),
        raw_mail(1, files={"offer.bin": b"abc"}),
        raw_mail(2, answers=1),
        raw_mail(5, subject="Other", sender="kim@other.example", Cc="lea@third.example"),
        without_id,
        without_id,
        raw_mail(7, answers=5, sender="kim@other.example", files={"a.bin": b"a", "b.bin": b"b"}),
    ]
    for raw in raws:
        receive(world, "ada", mine, raw, old=True, decision=Decision("store", "chosen", [alone]))
    again = [re.sub(rb"<(\d)@client", rb"<\1@again.client", raw) for raw in raws]
    stored = receive_old(world, "ada", mine, again, Decision("store", "chosen", [together]))
    assert [number for number, each in enumerate(stored) if not each.new] == [3, 5, 6]  # a mail without id has a digest
    assert (stored[3], stored[6]) == (replace(stored[1], new=False), stored[5])

    def seen(box: str) -> list[Any]:
        queries = [
            "SELECT subject, names, email_addresses, email_count, last_email_at FROM threads WHERE box_key = :box",
            "SELECT m.sent, m.sent_at, m.is_old, l.subject, l.sender, t.subject FROM messages m "
            "JOIN mails l ON l.key = m.mail_key JOIN threads t ON t.key = m.thread_key WHERE m.box_key = :box",
            "SELECT f.name, f.size, t.subject FROM files f JOIN threads t ON t.key = f.thread_key "
            "WHERE f.box_key = :box",
            "SELECT kind, COUNT(*) FROM events WHERE box_key = :box GROUP BY kind",
            "SELECT emails FROM boxes WHERE key = :box",
            "SELECT e.title, e.body FROM search_entries e JOIN messages m ON m.key = e.key WHERE m.box_key = :box",
            "SELECT COUNT(*) FROM mail_ids WHERE box_key = :box",
        ]
        counts = {name: value for name, value in box_of(world, box).items() if "mail" in name.lower()}
        rows = [world.server.engine.read(lambda db, sql=sql: db.rows(sql, box=box)) for sql in queries]
        return [counts, *(sorted(map(str, some)) for some in rows)]

    assert seen(together) == seen(alone)
    kinds = seen(together)[4]
    assert "('message.added', 6)" in kinds
    assert "box.email_received" not in str(kinds)


def test_received_mail_starts_automations_with_its_text(world: World) -> None:
    pipeline = world.pipeline()
    box = world.box(pipeline, name=f"Acme {CLIENT}")["key"]
    rule = Rule(
        world,
        pipeline,
        {"type": "message.received", "from": "client.example"},
        do("comment.create", message="{{ message.from }}: {{ message.text | trim }}"),
    )
    mine = mailbox_of(world, "ada")
    receive(world, "ada", mine, raw_mail(1, sender=world.ada.email, to=CLIENT))
    receive(world, "ada", mine, raw_mail(2, Auto_Submitted="auto-replied"))
    receive(world, "ada", mine, raw_mail(3, text="Call me"))
    rule.only()
    (comment,) = ok(world.ada.http.get(f"/api/v2/boxes/{box}/comments"))["results"]
    assert comment["message"] == f"{CLIENT}: Call me"


def test_an_unanswered_conversation_starts_an_automation_once(world: World) -> None:
    pipeline = world.pipeline()
    box = world.box(pipeline, name=f"Acme {CLIENT}")["key"]
    other = world.box(pipeline, name="Other kim@other.example")["key"]
    trigger = {"type": "thread.unanswered", "amount": 2, "unit": "days"}
    rule = Rule(world, pipeline, trigger, do("task.create", text="Answer {{ box.name }}"))
    now, mine = world.clock() // 1000, mailbox_of(world, "ada")
    receive(world, "ada", mine, raw_mail(1, at=now - 10))
    receive(world, "ada", mine, raw_mail(2, at=now - 10, sender="kim@other.example"))
    receive(world, "ada", mine, raw_mail(3, at=now - 10, sender=world.ada.email, to="kim@other.example", answers=2))
    receive(world, "ada", mine, raw_mail(4, at=now - 10), old=True)
    world.clock.advance(days=2.1)
    assert rule.only()["boxKey"] == box
    world.clock.advance(days=2.1)
    assert [run["boxKey"] for run in rule.runs()] == [box]
    assert other not in {run["boxKey"] for run in rule.runs()}


@pytest.mark.parametrize(
    ("wrong", "says"),
    [({"amount": 0}, "amount"), ({}, "amount"), ({"amount": 1, "waiting": "we"}, "waiting")],
)
def test_a_wrong_trigger_is_refused(world: World, wrong: dict[str, object], says: str) -> None:
    body = {
        "name": "Wrong",
        "trigger": {"type": "thread.unanswered", **wrong},
        "steps": [do("task.create", text="Answer")],
    }
    path = f"/api/v2/pipelines/{world.pipeline()['key']}/automations"
    refused(world.ada.http.post(path, json=body), 400, says)


def test_search_finds_a_box_by_words_of_its_mail(world: World, box: str) -> None:
    receive(
        world,
        "ada",
        mailbox_of(world, "ada"),
        raw_mail(subject="Zanzibar trip", text="We want a catamaran", files={"itinerary.txt": b"x"}),
    )

    def found(query: str, http: object = None) -> list[str]:
        client = world.ada.http if http is None else http
        answer = client.get("/api/v1/search", params={"query": query})  # type: ignore[attr-defined]
        return [each["boxKey"] for each in ok(answer)["results"]["boxes"]]

    for query in ("zanzibar", "catama", "zuse", "itinerary", "zanzibar catamaran"):
        assert found(query) == [box], query
    assert found("zanzibar", world.cy.http) == []
    (thread,) = ok(world.ada.http.get(f"/api/v1/boxes/{box}/threads"))
    ok(world.ada.http.delete(f"/api/v1/threads/{thread['key']}"))
    assert found("zanzibar") == []


def test_mail_of_a_shared_mailbox_waits_and_is_put_into_a_box(world: World) -> None:
    sales, raw = shared_mailbox(world), raw_mail(sender="new@shop.example", subject="A boat, please")
    stored = receive(world, "ada", sales, raw)
    decision = Decision("suggest", "unmatched")
    place = Place(f"sales of {world.team_key}", "INBOX", 1, 1)
    for _ in range(2):
        world.as_("ada", lambda ctx: suggestions.add(ctx, sales, place, stored.mail_key, decision))
    (waiting,) = ok(world.bo.http.get("/api/v2/mail/suggestions"))["results"]
    assert (waiting["subject"], waiting["from"]["email"]) == ("A boat, please", "new@shop.example")
    assert ok(world.cy.http.get("/api/v2/mail/suggestions"))["results"] == []
    box = world.box(world.pipeline())["key"]
    path = f"/api/v2/mail/suggestions/{waiting['key']}/box"
    refused(world.bo.http.post(path, json={"boxKeys": ["b-none"]}), 400, "boxKeys[0]")
    answer = world.bo.http.post(path, json={"boxKeys": [box]})
    (message,) = ok(answer)["messageKeys"]
    assert ok(world.ada.http.get(f"/api/v2/messages/{message}"))["subject"] == "A boat, please"
    assert ok(world.bo.http.get("/api/v2/mail/suggestions"))["results"] == []
    undone = undo(world, "bo", answer)
    assert box_of(world, box)["totalNumberOfEmails"] == 0
    assert ok(world.bo.http.get("/api/v2/mail/suggestions"))["results"] == [waiting]
    undo(world, "bo", undone)
    assert box_of(world, box)["totalNumberOfEmails"] == 1
    assert ok(world.bo.http.get("/api/v2/mail/suggestions"))["results"] == []


def undo(world: World, name: str, answer: Any) -> Any:
    """Undo the change of a response. Returns the response of the undo, which can be undone too."""
    change = answer.headers["x-boxwood-change"]
    found = getattr(world, name).http.post("/api/v2/undo", json={"change": change})
    ok(found)
    return found


def test_mail_that_was_left_out_of_all_boxes_waits_again_after_an_undo(world: World) -> None:
    sales = shared_mailbox(world)
    stored = receive(world, "ada", sales, raw_mail(sender="new@shop.example", subject="A boat, please"))
    decision = Decision("suggest", "unmatched")
    world.as_("ada", lambda ctx: suggestions.add(ctx, sales, None, stored.mail_key, decision))
    (waiting,) = ok(world.bo.http.get("/api/v2/mail/suggestions"))["results"]
    path = f"/api/v2/mail/suggestions/{waiting['key']}/dismiss"
    dismissed = world.bo.http.post(path)
    ok(dismissed)
    assert ok(world.bo.http.get("/api/v2/mail/suggestions"))["results"] == []
    refused(world.cy.http.post("/api/v2/undo", json={"change": dismissed.headers["x-boxwood-change"]}), 404)
    undone = undo(world, "bo", dismissed)
    assert ok(world.bo.http.get("/api/v2/mail/suggestions"))["results"] == [waiting]
    again = {"change": dismissed.headers["x-boxwood-change"]}
    refused(world.bo.http.post("/api/v2/undo", json=again), 400, "waits for a decision already")
    undo(world, "bo", undone)
    assert ok(world.bo.http.get("/api/v2/mail/suggestions"))["results"] == []


def test_a_suggestion_of_a_users_mailbox_holds_no_content_and_is_fetched_when_chosen(world: World) -> None:
    pipeline = world.pipeline()
    boxes = [world.box(pipeline, name=f"{name} {CLIENT}")["key"] for name in ("First", "Second")]
    mine, raw = mailbox_of(world, "ada"), raw_mail(subject="Unclear")
    decision = Decision("suggest", "ambiguous", candidates=boxes)
    place = Place(mine.key, f"INBOX {world.number}", 1, 5)
    world.as_("ada", lambda ctx: suggestions.add(ctx, mine, place, None, decision))
    (waiting,) = ok(world.ada.http.get("/api/v2/mail/suggestions"))["results"]
    assert ([each["key"] for each in waiting["boxes"]], waiting["stored"], "subject" in waiting) == (
        boxes,
        False,
        False,
    )
    assert (waiting["folder"], waiting["uidvalidity"], waiting["uid"]) == (place.folder, 1, 5)
    assert ok(world.bo.http.get("/api/v2/mail/suggestions"))["results"] == []
    path = f"/api/v2/mail/suggestions/{waiting['key']}/box"
    taken_back = world.ada.http.post(path, json={"boxKeys": boxes[1:]})
    assert ok(taken_back)["messageKeys"] == []
    refused(world.bo.http.post("/api/v2/undo", json={"change": taken_back.headers["x-boxwood-change"]}), 404)
    undo(world, "ada", taken_back)
    assert ok(world.ada.http.get("/api/v2/mail/suggestions"))["results"] == [waiting]
    rows = world.server.engine.read(lambda db: db.rows("SELECT * FROM events WHERE kind LIKE 'mail_suggestion.%'"))
    assert not any(place.folder in f"{row}" for row in rows)
    ok(world.ada.http.post(path, json={"boxKeys": boxes[:1]}))
    wanted = world.as_("ada", lambda ctx: suggestions.wanted(ctx.db, mine.key))
    chosen = next(each for each in wanted if each.key == waiting["key"])
    receive(world, "ada", mine, raw, decision=suggestions.chosen(chosen))
    world.as_("ada", lambda ctx: suggestions.finish(ctx.db, chosen))
    assert box_of(world, boxes[0])["totalNumberOfEmails"] == 1
    assert box_of(world, boxes[1])["totalNumberOfEmails"] == 0


def test_the_conversations_of_a_contact_are_listed_over_all_boxes(world: World, box: str) -> None:
    path = f"/api/v2/teams/{world.team_key}/contacts"
    contact = ok(world.ada.http.post(path, json={"emailAddresses": [CLIENT]}))["key"]
    receive(world, "ada", mailbox_of(world, "ada"), raw_mail(1))
    receive(world, "bo", mailbox_of(world, "bo", "private"), raw_mail(2, subject="Secret"))
    listed = {
        name: [each["subject"] for each in ok(person.http.get(f"/api/v2/contacts/{contact}/threads"))["results"]]
        for name, person in (("ada", world.ada), ("bo", world.bo))
    }
    assert listed == {"ada": ["Offer"], "bo": ["Secret", "Offer"]}


def test_the_conversations_of_an_organization_are_those_with_its_contacts_and_domains(world: World, box: str) -> None:
    team = f"/api/v2/teams/{world.team_key}"
    contact = ok(world.ada.http.post(f"{team}/contacts", json={"emailAddresses": ["pat@home.example"]}))["key"]
    given = {"name": "Client", "domains": ["client.example", "gmail.com"], "contactLinks": [{"key": contact}]}
    organization = ok(world.ada.http.post(f"{team}/organizations", json=given))["key"]
    decision = Decision("store", "chosen", [box])
    for number, sender in enumerate((CLIENT, "pat@home.example", "other@gmail.com", "x@notclient.example"), 1):
        raw = raw_mail(number, subject=sender, sender=sender, to=world.ada.email)
        receive(world, "ada", mailbox_of(world, "ada"), raw, decision=decision)
    receive(world, "bo", mailbox_of(world, "bo", "private"), raw_mail(9, subject="Secret"), decision=decision)

    def listed(name: str) -> list[str]:
        answer = getattr(world, name).http.get(f"/api/v2/organizations/{organization}/threads")
        return [each["subject"] for each in ok(answer)["results"]]

    assert listed("ada") == ["pat@home.example", CLIENT]
    assert listed("bo") == ["Secret", "pat@home.example", CLIENT]
    refused(world.cy.http.get(f"/api/v2/organizations/{organization}/threads"), 404)


def test_webhooks_tell_of_received_mail(world: World) -> None:
    pipeline = world.pipeline()
    box = world.box(pipeline, name=f"Acme {CLIENT}")["key"]
    events = world.events(box)
    receive(world, "ada", mailbox_of(world, "ada"), raw_mail(1, sender="kim@client.example", to=CLIENT))
    eventually(lambda: len(world.events(box)) > len(events))
    new = world.events(box)[len(events) :]
    assert {"thread.added", "message.added", "box.email_received", "box.email_added"} <= set(new)
