"""Real e-mail messages are added to a box through the API."""

import base64
from email.message import EmailMessage
from typing import Any

import httpx
import pytest

from boxwood.core.events import EVENTS, Event
from boxwood.jobs import upkeep
from boxwood.wire import payloads
from tests.conftest import World, ok, refused

DAY = 86_400_000


@pytest.fixture
def box(world: World) -> str:
    key: str = world.box(world.pipeline())["key"]
    return key


def mail(
    sender: str = "Zoe Zuse <zoe@zuse.example>",
    to: str = "sales@firm.example",
    number: int = 1,
    answers: str = "",
    subject: str = "Offer",
    date: str = "Mon, 02 Nov 2026 10:00:00 +0000",
    **files: bytes,
) -> EmailMessage:
    created = EmailMessage()
    created["From"], created["To"], created["Subject"], created["Date"] = sender, to, subject, date
    created["Message-ID"] = f"<{number}@zuse.example>"
    if answers:
        created["References"] = answers
    created.set_content(f"Message {number}\n")
    for name, content in files.items():
        created.add_attachment(content, maintype="application", subtype="octet-stream", filename=name.replace("_", "."))
    return created


def send(world: World, box: str, message: EmailMessage | bytes, **headers: str) -> httpx.Response:
    """Add this message as Ada."""
    headers = {"Content-Type": "message/rfc822", **headers}
    return world.ada.http.post(f"/api/v2/boxes/{box}/messages", content=bytes(message), headers=headers)


def box_of(world: World, box: str) -> Any:
    return ok(world.ada.http.get(f"/api/v1/boxes/{box}"))


def threads_of(world: World, box: str) -> Any:
    return ok(world.ada.http.get(f"/api/v1/boxes/{box}/threads"))


def messages_of(world: World, thread: str, **params: Any) -> Any:
    return ok(world.ada.http.get(f"/api/v2/threads/{thread}/messages", params=params))


def events(world: World, box: str, kind: str) -> list[Event]:
    sql = f"SELECT {EVENTS.columns} FROM events WHERE box_key = :box AND kind = :kind ORDER BY id"
    return EVENTS.load_all(world.server.engine.read(lambda db: db.rows(sql, box=box, kind=kind)))


def test_a_message_is_a_thread_with_its_people_and_files(world: World, box: str) -> None:
    sent = mail(to=f"{world.ada.email}, Max <max@zuse.example>", offer_pdf=b"%PDF-1.4")
    message = ok(send(world, box, sent))
    assert (message["subject"], message["text"], message["direction"]) == ("Offer", "Message 1\n", "RECEIVED")
    assert message["from"] == {"email": "zoe@zuse.example", "name": "Zoe Zuse"}
    assert (message["messageId"], message["timestamp"]) == ("1@zuse.example", 1793613600000)
    (thread,) = threads_of(world, box)
    assert thread["key"] == message["threadKey"]
    assert (thread["subject"], thread["numberOfEmails"], thread["lastEmailTimestamp"]) == ("Offer", 1, 1793613600000)
    assert thread["emailAddresses"] == ["zoe@zuse.example", world.ada.email, "max@zuse.example"]
    assert thread["names"] == ["Zoe Zuse", "ada", "Max"]
    (file,) = ok(world.ada.http.get(f"/api/v1/boxes/{box}/files"))
    assert (file["fileName"], file["mimeType"], file["gmailMessageId"]) == (
        "offer.pdf",
        "application/pdf",
        message["key"],
    )
    assert message["files"] == thread["files"] == [file]
    assert message["fileKeys"] == thread["fileKeys"] == [file["key"]]
    assert world.ada.http.get(f"/api/v1/files/{file['key']}/contents").content == b"%PDF-1.4"
    assert messages_of(world, thread["key"]) == {"results": [message], "hasNextPage": False}
    assert ok(world.ada.http.get(f"/api/v2/messages/{message['key']}")) == message


def test_each_thread_change_records_one_event(world: World, box: str) -> None:
    ok(send(world, box, mail(to=world.ada.email, a_txt=b"a")))
    assert world.events(box) == [
        "box.created",
        "thread.added",
        "message.added",
        "file.added",
        "box.email_received",
        "box.email_added",
    ]
    stories = [entry["storyTextBox"] for entry in ok(world.ada.http.get(f"/api/v1/boxes/{box}/newsfeed"))]
    assert stories[:5] == [
        "Ada L added the address zoe@zuse.example to this box",
        "zoe@zuse.example wrote to this box",
        "Ada L added the file a.txt to this box",
        "Ada L added the mail Offer from zoe@zuse.example to this box",
        "Ada L added the conversation Offer to this box",
    ]


def test_the_box_counts_sent_and_received_messages(world: World, box: str) -> None:
    ok(send(world, box, mail(number=2, date="Tue, 03 Nov 2026 10:00:00 +0000")))
    ok(send(world, box, mail(number=1)))
    ok(send(world, box, mail(world.bo.email, number=3, date="Wed, 04 Nov 2026 10:00:00 +0000")))
    ok(send(world, box, mail(world.cy.email, number=4, date="Thu, 05 Nov 2026 10:00:00 +0000")))
    box_now, first = box_of(world, box), 1793613600000
    assert (
        box_now["totalNumberOfEmails"],
        box_now["totalNumberOfSentEmails"],
        box_now["totalNumberOfReceivedEmails"],
    ) == (
        4,
        1,
        3,
    )
    assert (box_now["firstEmailTimestamp"], box_now["firstEmailFrom"]) == (first, "zoe@zuse.example")
    assert (box_now["firstEmailReceivedTimestamp"], box_now["lastEmailReceivedTimestamp"]) == (first, first + 3 * DAY)
    assert (box_now["firstEmailSentTimestamp"], box_now["lastEmailSentTimestamp"]) == (first + 2 * DAY, first + 2 * DAY)
    assert (box_now["lastEmailUpdatedTimestamp"], box_now["lastEmailFrom"]) == (first + 3 * DAY, world.cy.email)
    assert (box_now["lastTouchpointTimestamp"], box_now["lastTouchpointType"]) == (first + 3 * DAY, "EMAIL")
    assert box_now["gmailThreadCount"] == 4


def test_addresses_of_users_of_the_box_are_not_added_to_the_box(world: World, box: str) -> None:
    people = f"{world.ada.email}, {world.bo.email}, ZOE@zuse.example, new@zuse.example"
    ok(send(world, box, mail(to=people)))
    assert box_of(world, box)["emailAddresses"] == ["zoe@zuse.example", "new@zuse.example"]
    ok(send(world, box, mail(to="new@zuse.example, newer@zuse.example", number=2)))
    assert [event.detail["email"] for event in events(world, box, "box.email_added")] == [
        "zoe@zuse.example",
        "new@zuse.example",
        "newer@zuse.example",
    ]


def test_replies_join_their_thread_in_any_order_of_arrival(world: World, box: str) -> None:
    last = mail(number=3, answers="<1@zuse.example> <2@zuse.example>", date="Wed, 04 Nov 2026 10:00:00 +0000")
    joined = {ok(send(world, box, last))["threadKey"]}
    joined.add(ok(send(world, box, mail(number=1)))["threadKey"])
    joined.add(ok(send(world, box, mail(number=2, answers="<1@zuse.example>")))["threadKey"])
    apart = ok(send(world, box, mail(number=9, subject="Offer")))["threadKey"]
    assert len(joined) == 1
    assert apart not in joined
    (key,) = joined
    found = messages_of(world, key)["results"]
    assert [thread["messageId"] for thread in found] == ["1@zuse.example", "2@zuse.example", "3@zuse.example"]
    assert [thread["numberOfEmails"] for thread in threads_of(world, box)] == [3, 1]
    assert [thread["messageId"] for thread in messages_of(world, key, limit=2, page=1)["results"]] == ["3@zuse.example"]


def test_threads_belong_to_one_box(world: World, box: str) -> None:
    other = world.box(world.pipeline())["key"]
    here, there = ok(send(world, box, mail())), ok(send(world, other, mail()))
    assert (here["messageId"], here["threadKey"] == there["threadKey"]) == (there["messageId"], False)
    assert len(messages_of(world, here["threadKey"])["results"]) == 1


def test_a_message_is_added_to_a_box_only_once(world: World, box: str) -> None:
    first = ok(send(world, box, mail(a_txt=b"a")))
    before = box_of(world, box), world.events(box)
    assert ok(send(world, box, mail(a_txt=b"a", subject="Changed on the way"))) == first
    nameless = b"From: zoe@zuse.example\r\n\r\nno id\r\n"
    assert (box_of(world, box), world.events(box)) == before
    assert ok(send(world, box, nameless)) == ok(send(world, box, nameless))
    assert box_of(world, box)["totalNumberOfEmails"] == 2
    assert box_of(world, box)["fileCount"] == 1


def test_repeating_a_message_with_its_idempotency_key_adds_it_once(world: World, box: str) -> None:
    first = send(world, box, mail(), **{"Idempotency-Key": f"m{world.number}"})
    assert ok(send(world, box, mail(), **{"Idempotency-Key": f"m{world.number}"})) == ok(first)
    assert box_of(world, box)["totalNumberOfEmails"] == 1


def test_a_message_is_accepted_in_every_request_encoding(world: World, box: str) -> None:
    path, post = f"/api/v2/boxes/{box}/messages", world.ada.http.post
    plain = b"From: zoe@zuse.example\r\nSubject: %d\r\n\r\nHi\r\n"
    coded = base64.urlsafe_b64encode(plain % 3).decode()
    for answer in (
        post(path, content=plain % 0, headers={"Content-Type": "application/octet-stream"}),
        post(path, content=plain % 1, headers={"Content-Type": "application/x-www-form-urlencoded"}),
        post(path, json={"raw": (plain % 2).decode()}),
        post(path, json={"raw": coded.rstrip("=")}),
        post(path, data={"raw": (plain % 4).decode()}),
        post(path, files={"file": ("mail.eml", plain % 5)}),
        post(path, files={"raw": (None, plain % 6)}),
        post(path, content=b"\xef\xbb\xbf\r\n" + plain % 7),
        post(path, content=b"From zoe Mon Nov  2 10:00:00 2026\n" + plain % 8),
    ):
        assert ok(answer)["text"] == "Hi\n"
    assert [thread["subject"] for thread in threads_of(world, box)] == [str(number) for number in range(9)]


@pytest.mark.parametrize(
    ("content", "kind", "names"),
    [
        (b"", "message/rfc822", "raw"),
        (b"hello", "message/rfc822", "raw"),
        (b"Subject: without a sender\n\nx", "message/rfc822", "no sender"),
        (b"\xff\xfe\x00" * 9, "message/rfc822", "raw"),
        (b"{}", "application/json", "Insufficient params for Message"),
        (b'{"raw": 7}', "application/json", "raw"),
        (b'{"raw": "!"}', "application/json", "raw"),
        (b'{"raw": "aGVsbG8"}', "application/json", "no sender"),
        (b"{", "application/json", "JSON"),
        (b"x", "multipart/form-data; boundary=x", "multipart"),
        (b"From: a@b.example\nContent-Type: multipart/mixed; boundary=x\n\n" + b"--x\n\n\n" * 300, "", "parts"),
    ],
)
def test_a_body_that_is_not_a_message_is_refused_and_not_stored(
    world: World, box: str, content: bytes, kind: str, names: str
) -> None:
    answer = send(world, box, content, **{"Content-Type": kind})
    assert answer.status_code == 400
    assert names in answer.json()["error"], answer.json()
    assert threads_of(world, box) == []
    assert world.events(box) == ["box.created"]


def test_a_malformed_message_is_read_as_well_as_possible(world: World, box: str) -> None:
    broken = (
        b"From: \xe9 <zoe@zuse.example>\r\nTo: ,,;<\r\nSubject: =?x?b?!?= caf\xe9\r\nDate: yesterday\r\n"
        b"Message-ID: <\xe9@x>\r\nReferences: <" + b"r" * 5000 + b">\r\n"
        b"Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\nContent-Type: text/plain; charset=nope\r\n\r\n"
        b'caf\xe9 \x00\r\n--x\r\nContent-Disposition: attachment; filename="../../a\x01.txt"\r\n\r\na\r\n'
    )
    message = ok(send(world, box, broken))
    assert message["text"] == "café "
    assert message["files"][0]["fileName"] == "a.txt"
    assert abs(message["timestamp"] - world.clock()) < 60_000
    assert ok(send(world, box, broken)) == message


def test_a_message_dated_in_the_future_gets_the_current_time(world: World, box: str) -> None:
    message = ok(send(world, box, mail(date="Mon, 02 Nov 2099 10:00:00 +0000")))
    assert message["timestamp"] == message["creationTimestamp"]


def test_a_box_takes_a_limited_number_of_addresses_from_a_message(world: World, box: str) -> None:
    everyone = ", ".join(f"p{number}@zuse.example" for number in range(300))
    message = ok(send(world, box, mail(to=everyone)))
    assert len(message["to"]) == 300
    assert len(threads_of(world, box)[0]["emailAddresses"]) == 200
    assert len(box_of(world, box)["emailAddresses"]) == 50


def test_removing_a_thread_removes_its_messages_and_files(world: World, box: str) -> None:
    stored = ok(send(world, box, mail(number=1)))
    gone = ok(send(world, box, mail(number=2, a_txt=b"gone with it")))
    world.clock.advance(days=31)
    upkeep.sweep(world.server.engine, world.server.boxwood.store, world.clock())
    assert ok(world.ada.http.delete(f"/api/v1/threads/{gone['threadKey']}")) == {"success": True}
    assert [thread["key"] for thread in threads_of(world, box)] == [stored["threadKey"]]
    for path in (f"v2/messages/{gone['key']}", f"v1/files/{gone['fileKeys'][0]}", f"v1/threads/{gone['threadKey']}"):
        assert world.ada.http.get(f"/api/{path}").status_code == 404
    box_now = box_of(world, box)
    assert (box_now["totalNumberOfEmails"], box_now["fileCount"], box_now["gmailThreadCount"]) == (1, 0, 1)
    assert box_now["emailAddresses"] == ["zoe@zuse.example", "sales@firm.example"]
    assert upkeep.sweep(world.server.engine, world.server.boxwood.store, world.clock()) == 0
    world.clock.advance(days=31)
    # The file, and the original bytes of the message.
    assert upkeep.sweep(world.server.engine, world.server.boxwood.store, world.clock()) == 2
    again = ok(send(world, box, mail(number=2)))
    assert again["key"] != gone["key"]
    assert world.events(box).count("thread.removed") == 1


def test_a_webhook_delivery_holds_the_thread_as_the_api_returns_it(world: World, box: str) -> None:
    ok(send(world, box, mail(a_txt=b"a")))
    (thread,) = threads_of(world, box)
    (event,) = events(world, box, "thread.added")
    assert payloads.part(event, "") == httpx.Response(200, json=thread).content
    (received,) = events(world, box, "box.email_received")
    assert b'"lastEmailFrom":"zoe@zuse.example"' in payloads.part(received, "")


def test_a_viewer_reads_messages_and_cannot_add_them(world: World) -> None:
    box = world.box(world.pipeline(defaultPermissionSetName="__viewAllPermissionSet__"))["key"]
    message = ok(send(world, box, mail()))
    refused(world.bo.http.post(f"/api/v2/boxes/{box}/messages", content=bytes(mail(number=2))), 403, "Viewer")
    path = f"/api/v2/threads/{message['threadKey']}/messages"
    assert ok(world.bo.http.get(path))["results"] == [message]


def test_a_stranger_reaches_no_messages(world: World, box: str) -> None:
    message = ok(send(world, box, mail()))
    assert world.cy.http.get(f"/api/v2/messages/{message['key']}").status_code == 404
    assert world.cy.http.get(f"/api/v2/threads/{message['threadKey']}/messages").status_code == 404
    assert world.cy.http.post(f"/api/v2/boxes/{box}/messages", content=bytes(mail(number=2))).status_code == 404
    assert box_of(world, box)["totalNumberOfEmails"] == 1
