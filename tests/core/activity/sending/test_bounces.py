"""Letters that came back, complaints, and recipients who unsubscribe."""

import json
import re
from typing import Any

import msgspec

from boxwood.core.activity.mail import matching, progress
from boxwood.core.activity.mail.mailbox_records import FolderRecord
from boxwood.core.activity.mail.matching import Decision
from boxwood.core.activity.mail.progress import Look
from boxwood.core.activity.sending import tracking, unsubscribe
from boxwood.core.activity.sending.records import LetterRecord
from boxwood.core.context import Ctx
from boxwood.lib import mail
from tests.api.automations import Rule, do
from tests.conftest import World, ok, refused
from tests.core.activity.sending.sent import HTML, ZOE, a_sent_letter, mailbox_key
from tests.jobs.webhooks import Hook
from tests.jobs.webhooks import receiver as receiver
from tests.mail_in import mailbox_of
from tests.receiver import Receiver

GONE, KIM = "gone@client.example", "kim@client.example"
SUPPRESSIONS = "/api/v2/suppressions"


def report(message_id: str, *recipients: tuple[str, str], action: str = "failed", number: int = 1) -> bytes:
    """A delivery report in the form of Postfix."""
    blocks = "\n".join(
        f"Final-Recipient: rfc822; {email}\nAction: {action}\nStatus: {status}\n"
        f"Diagnostic-Code: smtp; 550 {status} answer for {email}\n"
        for email, status in recipients
    )
    return (
        "Return-Path: <>\nFrom: MAILER-DAEMON@mx.example\nTo: ada@mail.example\n"
        f"Message-ID: <report{number}@mx.example>\n"
        "Subject: Undelivered Mail Returned to Sender\nAuto-Submitted: auto-replied\n"
        "Content-Type: multipart/report; report-type=delivery-status; boundary=x\n\n--x\n\nNot delivered\n--x\n"
        f"Content-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example\n\n{blocks}\n--x\n"
        f"Content-Type: text/rfc822-headers\n\nMessage-ID: <{message_id}>\nSubject: Offer\n--x--\n"
    ).encode()


def complaint(message_id: str) -> bytes:
    return (
        "From: fbl@provider.example\nTo: ada@mail.example\nMessage-ID: <c@provider.example>\nSubject: FW\n"
        "Content-Type: multipart/report; report-type=feedback-report; boundary=x\n\n--x\n\nAbuse\n--x\n"
        "Content-Type: message/feedback-report\n\nFeedback-Type: abuse\nVersion: 1\n--x\n"
        f"Content-Type: message/rfc822\n\nMessage-ID: <{message_id}>\n\nHello\n--x--\n"
    ).encode()


def arrive(world: World, raw: bytes, uid: int = 1) -> str:
    """A mail arrives in Ada's mailbox, as the synchronization reads it: first its headers, then, if these do not
    decide, all of it. Returns what became of it."""
    mailbox = msgspec.structs.replace(mailbox_of(world, "ada"), key=mailbox_key(world))
    headers, whole = mail.parse_headers(raw), mail.parse(raw)
    folder = FolderRecord(mailbox.key, "INBOX", "inbox", 1, 0, 1, True, 0)

    def work(ctx: Ctx) -> str:
        decision = matching.decide(ctx, mailbox, [headers])[0]
        if not progress.wants(mailbox, decision):
            return decision.reason
        decision = matching.decide(ctx, mailbox, [whole])[0]
        return progress.settle_mails(ctx, folder, [Look(uid, decision, mailbox, mail=whole)])[0]

    outcome: str = world.as_("ada", work)
    return outcome


def suppressed(world: World) -> list[tuple[str, str, str]]:
    found = ok(world.ada.http.get(SUPPRESSIONS))["results"]
    return sorted((it["address"], it["reason"], it.get("code", "")) for it in found)


def letter_of(world: World, letter: LetterRecord) -> dict[str, Any]:
    found: dict[str, Any] = ok(world.ada.http.get(f"/api/v2/letters/{letter.key}"))
    return found


def test_a_letter_that_came_back_is_shown_and_its_address_is_suppressed(world: World, receiver: Receiver) -> None:
    pipeline = world.pipeline()
    hook = Hook(world.ada, receiver, "BOX_EMAIL_BOUNCED", pipeline)
    box = world.box(pipeline)["key"]
    always = Rule(world, pipeline, "message.bounced", do("comment.create", message="{{ message.subject }}"))
    lasting = {"type": "message.bounced", "permanent": True}
    only_lasting = Rule(world, pipeline, lasting, do("comment.create", message="gone"))
    letter = a_sent_letter(world, box, to=(GONE, KIM, ZOE))
    assert "bounced" not in letter_of(world, letter)
    assert arrive(world, report(letter.message_id, (ZOE, "4.4.1"), action="delayed")) == "stored"
    assert [(it["address"], it["delayed"]) for it in letter_of(world, letter)["bounced"]] == [(ZOE, True)]
    assert "message.bounced" not in world.events(box)

    both = report(letter.message_id, (GONE, "5.1.1"), (KIM, "4.2.2"), ("eve@bad.example", "5.1.1"), number=2)
    assert arrive(world, both, uid=2) == "stored"
    assert arrive(world, both, uid=3) == "stored"
    bounced = {it["address"]: it for it in letter_of(world, letter)["bounced"]}
    assert sorted(bounced) == sorted([GONE, KIM, ZOE])
    assert (bounced[GONE]["code"], bounced[GONE]["permanent"]) == ("5.1.1", True)
    assert bounced[GONE]["text"] == f"550 5.1.1 answer for {GONE}"
    assert (bounced[KIM]["permanent"], bounced[KIM]["delayed"]) == (False, False)
    assert suppressed(world) == [(GONE, "bounce", "5.1.1")]
    assert world.events(box).count("message.bounced") == 2
    assert len(always.ended(2)) == 2
    assert only_lasting.only()["boxKey"] == box
    bodies = [json.loads(request.body)[0] for request in hook.wait(2)]
    sent = {body["bounced"]["address"]: body for body in bodies}
    assert (sent[GONE]["key"], sent[GONE]["bounced"]["code"]) == (letter.message_key, "5.1.1")
    assert not {"text", "bcc"} & sent[GONE].keys()

    notices = ok(world.ada.http.get("/api/v2/notifications"))["results"]
    assert [it["reason"] for it in notices].count("failed") == 2
    assert any(f"did not reach {GONE}" in it["story"] for it in notices), notices
    # The report stands in the conversation of the letter, and does not count as an answer of a person.
    thread = ok(world.ada.http.get(f"/api/v2/messages/{letter.message_key}"))["threadKey"]
    messages = ok(world.ada.http.get(f"/api/v2/threads/{thread}/messages"))
    messages = messages["results"] if isinstance(messages, dict) else messages
    assert [it["automatic"] for it in messages] == [False, True, True]


def test_a_message_that_was_too_large_says_nothing_of_the_address(world: World) -> None:
    letter = a_sent_letter(world, to=(KIM,))
    arrive(world, report(letter.message_id, (KIM, "5.3.4")))
    assert letter_of(world, letter)["bounced"][0]["code"] == "5.3.4"
    assert suppressed(world) == []


def test_a_letter_on_no_box_came_back_and_only_its_author_learns_it(world: World) -> None:
    letter = a_sent_letter(world, to=(GONE,))
    assert arrive(world, report(letter.message_id, (GONE, "5.1.1"))) == "unmatched"
    assert letter_of(world, letter)["bounced"][0]["address"] == GONE
    assert suppressed(world) == [(GONE, "bounce", "5.1.1")]
    assert [it["reason"] for it in ok(world.ada.http.get("/api/v2/notifications"))["results"]] == ["failed"]
    assert ok(world.bo.http.get("/api/v2/notifications"))["results"] == []
    refused(world.bo.http.get(f"/api/v2/letters/{letter.key}"), 404)


def test_forged_reports_change_nothing(world: World) -> None:
    letter = a_sent_letter(world, world.box(world.pipeline())["key"], to=(KIM,))
    waiting = a_sent_letter(world, to=(KIM,))
    back = "UPDATE sent_letters SET handed_at = NULL, state = 'scheduled' WHERE key = :key"
    world.server.engine.write(lambda db: db.run(back, key=waiting.key))
    forged = [
        report("never-sent@mail.example", (KIM, "5.1.1")),
        report(letter.message_id, ("other@client.example", "5.1.1"), number=2),
        report(waiting.message_id, (KIM, "5.1.1"), number=3),
        complaint("never-sent@mail.example"),
    ]
    for uid, raw in enumerate(forged):
        arrive(world, raw, uid=uid)
    of_person = report(letter.message_id, (KIM, "5.1.1"), number=4).replace(b"multipart/report", b"multipart/mixed")
    of_person = of_person.replace(b"message/delivery-status", b"text/plain").replace(b"Return-Path: <>\n", b"")
    arrive(world, of_person.replace(b"MAILER-DAEMON@mx.example", b"eve@bad.example"), uid=9)
    # A report in the mailbox of another team is not about this team's letter.
    other = msgspec.structs.replace(mailbox_of(world, "cy"), team_key="another team")
    whole = mail.parse(report(letter.message_id, (KIM, "5.1.1")))
    folder = FolderRecord(other.key, "INBOX", "inbox", 1, 0, 1, True, 0)
    look = Look(1, Decision("skip", "unmatched"), other, mail=whole)
    world.as_("cy", lambda ctx: progress.settle_mails(ctx, folder, [look]))
    assert "bounced" not in letter_of(world, letter)
    assert "bounced" not in letter_of(world, waiting)
    assert suppressed(world) == []


def test_a_complaint_stops_mailings_although_it_hides_the_recipient(world: World) -> None:
    alone, several = a_sent_letter(world, to=(ZOE,)), a_sent_letter(world, to=(KIM, GONE))
    arrive(world, complaint(several.message_id))
    assert suppressed(world) == []
    arrive(world, complaint(alone.message_id), uid=2)
    assert suppressed(world) == [(ZOE, "complaint", "")]


def test_a_recipient_of_a_mailing_unsubscribes_without_signing_in(world: World) -> None:
    host = "links.team.example"
    ok(world.ada.http.post(f"/api/v2/teams/{world.team_key}", json={"trackingHost": host, "name": "A & <b>"}))
    letter = a_sent_letter(world, mailing_key="mailing")
    own = a_sent_letter(world)

    def write(db: Any) -> Any:
        return (
            unsubscribe.headers(db, letter),
            tracking.prepared(db, letter, HTML),
            unsubscribe.with_line(db, letter, "Hi"),
            unsubscribe.headers(db, own),
            tracking.prepared(db, own, HTML),
        )

    headers, page, text, own_headers, own_page = world.server.engine.write(write)
    assert (own_headers, own_page) == ({}, HTML)
    assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    address = headers["List-Unsubscribe"].strip("<>")
    assert f'<a href="{address}">Unsubscribe</a>' in page
    assert text == f"Hi\n\nUnsubscribe: {address}\n"
    path = address.removeprefix(f"https://{host}")
    with world.client(None) as anybody:
        for _ in range(2):  # mail programs and scanners look at the page
            shown = anybody.get(path, headers={"Host": host})
            assert (shown.status_code, shown.headers["cache-control"]) == (200, "no-store")
            assert '<form method="post">' in shown.text
            assert "<script" not in shown.text
            assert "A &amp; &lt;b&gt; sends mailings to" in shown.text
        assert anybody.head(path).status_code == 200
        assert suppressed(world) == []
        assert anybody.put(path).status_code == 405
        for wrong in (path[:-1], f"{path}x", "/u/1-AAAAAAAAAAAAAAAAAAAAAA", "/u/"):
            assert anybody.post(wrong).status_code == 404
        assert anybody.get(path.replace("/u/", "/t/")).status_code == 404
        for _ in range(2):
            done = anybody.post(path, data={"List-Unsubscribe": "One-Click"})
            assert (done.status_code, "You are unsubscribed" in done.text) == (200, True)
        assert "You are unsubscribed" in anybody.get(path).text
    assert suppressed(world) == [(ZOE, "unsubscribe", "")]
    (entry,) = ok(world.ada.http.get(SUPPRESSIONS))["results"]
    assert entry["letterKey"] == letter.key
    assert "creatorKey" not in entry
    stories = [it["story"] for it in ok(world.ada.http.get(f"/api/v2/teams/{world.team_key}/audit"))["results"]]
    assert f"Mail to {ZOE} is stopped: unsubscribed" in stories
    # A user who forwards the mailing does not pass on the link of its recipient.
    quoted = world.server.engine.read(lambda db: tracking.without_ours(db, page))
    assert re.search(r"/[tu]/", quoted) is None
    assert "Unsubscribe</a>" in quoted
