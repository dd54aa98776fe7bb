"""`boxwood mail reread`: stored mail is read again, and is then as if it was added today."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from email.message import EmailMessage
from typing import Any

import pytest

from boxwood.commands.mail import IN_TRASH, reread
from boxwood.core.activity import threads
from boxwood.core.activity.mail import readings, rereading, storing
from boxwood.core.activity.mail.matching import STORE, Decision
from boxwood.core.boxes import lock
from boxwood.core.context import Ctx
from boxwood.db.engine import Db
from boxwood.lib.blobs import new_id
from boxwood.lib.mail import VERSION
from tests.conftest import Server, Store, World, ok
from tests.lib import s3_server
from tests.mail_in import mailbox_of, raw_mail, receive, shared_mailbox
from tests.processes import MAIN, ROOT, run, store_options

TABLES = (
    *("mails", "mail_files", "messages", "threads", "mail_ids", "files", "boxes", "box_addresses"),
    "thread_shares",
)
OWN = {"creationTimestamp", "lastUpdatedTimestamp", "lastSavedTimestamp", "fileOwner", "gmailMessageId"}


@pytest.fixture
def world(fresh_store: Store) -> Iterator[World]:
    server = Server(fresh_store.config(allow_private_webhooks=True)).start()
    world = World(server)
    yield world
    world.close()
    server.stop()


def offer(number: int = 1, **more: Any) -> bytes:
    """A mail with a text, HTML and two files."""
    message = EmailMessage()
    message["Message-ID"], message["Date"] = f"<{number}@client.example>", "Mon, 02 Nov 2026 10:00:00 +0000"
    message["From"], message["To"] = "Zoë Zuse <zoe@client.example>", "Max <max@client.example>"
    message["Cc"], message["Subject"] = "Kim <kim@client.example>", more.get("subject", "Größe des Angebots")
    message["References"] = "<0@client.example>"
    message.set_content("The price is twelvehundred\n")
    message.add_alternative("<p>The price is <b>twelvehundred</b></p>", subtype="html")
    message.add_attachment(f"offer {number}".encode(), maintype="text", subtype="plain", filename="größe.txt")
    message.add_attachment(b"%PDF-1.4 offer", maintype="application", subtype="pdf", filename="offer.pdf")
    return message.as_bytes()


def post(world: World, box: str, raw: bytes, who: str = "ada") -> Any:
    http = getattr(world, who).http
    return ok(http.post(f"/api/v2/boxes/{box}/messages", content=raw, headers={"Content-Type": "message/rfc822"}))


def damage(world: World, message: Any, **more: Any) -> None:
    """Make a mail what an earlier reader could have made of it: other headers and texts, one file missing, and one with
    a wrong name. Its conversation and its box are as that reader left them."""

    def work(ctx: Ctx) -> None:
        db = ctx.db
        row = db.row("SELECT mail_key FROM messages WHERE key = :key", key=message["key"])
        assert row is not None
        given = {
            "subject": "Gr??e junkword",
            "sender": '{"email": "zo@client.example", "name": "Zo?"}',
            "cc": "[]",
            "mail_references": "[]",
            "sent_at": 1_600_000_000_000,
            "text": "junkword",
            "html": None,
            "parser_version": 1,
            **more,
        }
        settings = ", ".join(f"{name} = :{name}" for name in given)
        db.run(f"UPDATE mails SET {settings}, identity = 'junk' || key WHERE key = :key", key=row[0], **given)
        db.run("DELETE FROM files WHERE message_key = :key AND name = 'offer.pdf'", key=message["key"])
        db.run("DELETE FROM mail_files WHERE mail_key = :key AND name = 'offer.pdf'", key=row[0])
        for table, column, key in (("mail_files", "mail_key", row[0]), ("files", "message_key", message["key"])):
            db.run(f"UPDATE {table} SET name = 'gr__e.bin' WHERE {column} = :key AND name = 'größe.txt'", key=key)
        db.run("UPDATE messages SET sent_at = :at WHERE mail_key = :key", at=given["sent_at"], key=row[0])
        storing.refresh(ctx, message["threadKey"])
        sql = """UPDATE boxes SET emails = '{"addresses": ["max@client.example"]}' WHERE key = :key"""
        db.run(sql, key=message["boxKey"])
        found = lock(ctx, message["boxKey"])
        assert found is not None
        threads.save_totals(ctx, found[0])

    world.as_("ada", work)


def dump(world: World) -> dict[str, list[str]]:
    return {table: sorted(repr(row) for row in rows(world, f"SELECT * FROM {table}")) for table in TABLES}


def started(world: World) -> dict[str, list[Any]]:
    """The webhook deliveries, automation runs and notifications that there are."""
    return {
        "deliveries": rows(world, "SELECT key FROM deliveries ORDER BY key"),
        "automation_runs": rows(world, "SELECT key FROM automation_runs ORDER BY key"),
        "notifications": rows(world, "SELECT user_key, event_id FROM notifications ORDER BY event_id"),
    }


def rows(world: World, sql: str, **params: Any) -> list[Any]:
    return list(world.server.engine.read(lambda db: db.rows(sql, **params)))


def again(world: World, **options: bool) -> list[str]:
    return list(reread(world.server.engine, world.server.boxwood.store, clock=world.clock, **options))


def without_keys(value: Any) -> Any:
    """JSON without keys and times of creation."""
    if isinstance(value, list):
        return [without_keys(each) for each in value]
    if not isinstance(value, dict):
        return value
    kept = {name: it for name, it in value.items() if name not in OWN and not name.lower().endswith(("key", "keys"))}
    return {name: without_keys(it) for name, it in kept.items()}


def shown(world: World, who: str, message: Any) -> Any:
    """What users see of a message: itself, its conversation, its files, and what its box says about mail."""
    http = getattr(world, who).http
    box = ok(http.get(f"/api/v1/boxes/{message['boxKey']}"))
    (thread,) = ok(http.get(f"/api/v1/boxes/{message['boxKey']}/threads"))
    read = ok(http.get(f"/api/v2/messages/{message['key']}"))
    contents = {it["fileName"]: http.get(f"/api/v1/files/{it['key']}/contents").content for it in read["files"]}
    of_box = {name: it for name, it in box.items() if "mail" in name.lower() or "file" in name.lower()}
    of_box |= {name: sorted(it) for name, it in of_box.items() if isinstance(it, list)}
    return {"message": without_keys(read), "thread": without_keys(thread), "files": contents, "box": of_box}


def test_a_mail_is_as_if_it_was_added_today(world: World) -> None:
    hook = {"event": "BOX_NEW_EMAIL_RECEIVED", "targetUrl": "http://127.0.0.1:9/", "teamKey": world.team_key}
    ok(world.ada.http.post("/api/v2/webhooks", json=hook))
    box, raw = world.box(world.pipeline())["key"], offer()
    message = post(world, box, raw)
    damage(world, message)
    before, events = started(world), world.events(box)
    assert before["deliveries"] != []
    lines = again(world)
    assert lines[0] == f"1 mails to read again with reader {VERSION}: 1 were changed, 0 stayed the same, 0 were left"
    assert lines[1] == "changed: subject 1, people 1, text 1, HTML 1, date 1, other headers 1"
    assert lines[2] == "files: 1 were added, 1 were given another name or type"
    assert started(world) == before
    assert set(world.events(box)[len(events) :]) == {"file.added", "box.email_added"}
    pipeline = ok(world.cy.http.post("/api/v2/pipelines", json={"name": "Deals", "stages": ["Lead"]}))
    other = ok(world.cy.http.post(f"/api/v2/pipelines/{pipeline['key']}/boxes", json={"name": "Acme"}))["key"]
    fresh = post(world, other, raw, "cy")
    assert shown(world, "ada", message) == shown(world, "cy", fresh)
    entries = [rows(world, "SELECT title, body FROM search_entries WHERE key = :key", key=it["key"])
               for it in (message, fresh)]  # fmt: skip
    assert entries[0] == entries[1] != []
    identities = rows(world, "SELECT identity FROM mails")
    assert identities[0] == identities[1]
    # Answers find the conversation by ids that the earlier reader missed.
    found = rows(world, "SELECT message_id FROM mail_ids WHERE box_key = :box ORDER BY message_id", box=box)
    assert found == [("0@client.example",), ("1@client.example",)]
    assert again(world)[0].startswith("0 mails")
    stored = dump(world)
    assert ": 0 were changed, 2 stayed the same" in again(world, everything=True)[0]
    assert dump(world) == stored


def test_keys_and_files_that_users_have_stay(world: World) -> None:
    box = world.box(world.pipeline())["key"]
    deleted, wrong = post(world, box, offer(1)), post(world, box, offer(2))
    (pdf,) = [file for file in deleted["files"] if file["fileName"] == "offer.pdf"]
    ok(world.ada.http.delete(f"/api/v2/files/{pdf['key']}"))
    (own,) = [file for file in wrong["files"] if file["fileName"] == "offer.pdf"]

    def as_before(db: Db) -> None:
        db.run("UPDATE mails SET parser_version = 1, text = 'junk'")
        # The earlier reader cut the bytes of this file.
        sql = "UPDATE {0} SET sha256 = 'cut' WHERE name = 'offer.pdf' AND {1} = :key"
        db.run(sql.format("files", "message_key"), key=wrong["key"])
        mail = "(SELECT mail_key FROM messages WHERE key = :key)"
        db.run(f"UPDATE mail_files SET sha256 = 'cut' WHERE name = 'offer.pdf' AND mail_key = {mail}", key=wrong["key"])

    world.server.engine.write(as_before)
    again(world)
    http = world.ada.http
    names = [file["fileName"] for file in ok(http.get(f"/api/v2/messages/{deleted['key']}"))["files"]]
    assert names == ["größe.txt"]
    files = ok(http.get(f"/api/v2/messages/{wrong['key']}"))["files"]
    assert [file["fileName"] for file in files] == ["größe.txt", "offer.pdf", "offer.pdf"]
    assert own["key"] in [file["key"] for file in files]
    kept = {it["key"]: it["threadKey"] for it in (deleted, wrong)}
    assert dict(rows(world, "SELECT key, thread_key FROM messages")) == kept
    assert ok(http.get(f"/api/v1/boxes/{box}"))["fileCount"] == 4
    before = dump(world)
    again(world, everything=True)
    assert dump(world) == before


def test_mail_that_would_lose_something_is_left_and_named(world: World) -> None:
    box = world.box(world.pipeline())["key"]
    posted = [post(world, box, raw_mail(number, subject=f"About {number}")) for number in range(1, 6)]
    keys = dict(rows(world, "SELECT key, mail_key FROM messages"))
    missing, short, unread, trashed, fine = [keys[it["key"]] for it in posted]
    blobs = dict(rows(world, "SELECT key, raw_blob FROM mails"))
    store = world.server.boxwood.store
    store.delete(blobs[missing])
    for key, content in ((short, b"From: a@b.example\r\n\r\n"), (unread, b"Subject: only\r\n\r\nThe text")):
        store.delete(blobs[key])
        store.write([content], blobs[key])
    size = len(b"Subject: only\r\n\r\nThe text")

    def as_before(db: Db) -> None:
        db.run("UPDATE mails SET parser_version = 1, text = 'secretword'")
        db.run("UPDATE mails SET size = :size WHERE key = :key", size=size, key=unread)

    world.server.engine.write(as_before)
    ok(world.ada.http.delete(f"/api/v2/threads/{posted[3]['threadKey']}"))
    before = {row[0]: row for row in rows(world, "SELECT key, text, subject, parser_version FROM mails")}
    lines = again(world)
    said = "\n".join(lines)
    assert f"mail {missing} stays as it is: its original bytes are missing" in lines
    assert f"mail {short} stays as it is: its original bytes are damaged: 21 bytes instead of" in said
    assert f"mail {unread} stays as it is: the new reading has no sender, and the stored one has" in lines
    assert f"mail {trashed} stays as it is: {IN_TRASH}" in lines
    assert "1 were changed, 0 stayed the same, 4 were left" in said
    for word in ("secretword", "About", "client.example", "1200"):
        assert word not in said
    after = {row[0]: row for row in rows(world, "SELECT key, text, subject, parser_version FROM mails")}
    assert {key for key in after if after[key] != before[key]} == {fine}
    # Restored from the trash, it is read.
    ok(world.ada.http.post(f"/api/v2/trash/{posted[3]['threadKey']}/restore"))
    assert not any(trashed in line for line in again(world))
    assert rows(world, "SELECT parser_version FROM mails WHERE key = :key", key=trashed) == [(VERSION,)]


def test_mail_of_a_shared_mailbox_without_a_box_is_read_too(world: World) -> None:
    stored = receive(world, "ada", shared_mailbox(world), offer())
    assert stored.message_keys == []
    world.server.engine.write(lambda db: db.run("UPDATE mails SET parser_version = 1, text = 'junk', subject = ''"))
    world.server.engine.write(lambda db: db.run("DELETE FROM mail_files"))
    lines = again(world, dry_run=True)
    assert "1 would be changed" in lines[0]
    assert "2 would be added" in lines[2]
    assert rows(world, "SELECT COUNT(*) FROM mail_files") == [(0,)]
    assert "2 were added" in again(world)[2]
    assert rows(world, "SELECT name FROM mail_files ORDER BY position") == [("größe.txt",), ("offer.pdf",)]
    assert rows(world, "SELECT subject, text FROM mails") == [("Größe des Angebots", "The price is twelvehundred\n")]


def test_a_mail_on_two_boxes_gets_its_file_on_both(world: World) -> None:
    pipeline = world.pipeline()
    first, second = world.box(pipeline)["key"], world.box(pipeline)["key"]
    for box in (first, second):
        post(world, box, offer())

    def as_before(db: Db) -> None:
        db.run("UPDATE mails SET parser_version = 1")
        for table in ("files", "mail_files"):
            db.run(f"DELETE FROM {table} WHERE name = 'offer.pdf'")

    world.server.engine.write(as_before)
    assert "1 were added" in again(world)[-1]
    for box in (first, second):
        assert ok(world.ada.http.get(f"/api/v1/boxes/{box}"))["fileCount"] == 2
    assert rows(world, "SELECT COUNT(DISTINCT blob), COUNT(*) FROM files WHERE name = 'offer.pdf'") == [(1, 2)]


def test_a_mail_that_goes_to_the_trash_while_it_is_read_is_left(world: World) -> None:
    message = post(world, world.box(world.pipeline())["key"], offer())
    damage(world, message)
    (stored,) = world.server.engine.read(lambda db: rereading.next_slice(db, "", everything=False))
    reading = readings.read(stored, world.server.boxwood.store.read, new_id)
    ok(world.ada.http.delete(f"/api/v2/threads/{message['threadKey']}"))
    before = dump(world)
    assert world.server.engine.write(lambda db: rereading.save(db, [reading], world.clock())) == [stored.record.key]
    assert dump(world) == before


def test_a_private_conversation_stays_private(world: World) -> None:
    box = world.box(world.pipeline())["key"]
    mailbox = mailbox_of(world, "ada", "private")
    stored = receive(world, "ada", mailbox, offer(), decision=Decision(STORE, "chosen", [box]))
    message = ok(world.ada.http.get(f"/api/v2/messages/{stored.message_keys[0]}"))
    damage(world, message)
    world.server.engine.write(lambda db: db.run("UPDATE boxes SET emails = '{}' WHERE key = :key", key=box))
    assert "1 were added" in again(world)[2]
    assert len(ok(world.ada.http.get(f"/api/v2/messages/{message['key']}"))["files"]) == 2
    assert ok(world.bo.http.get(f"/api/v1/boxes/{box}/files")) == []
    read = ok(world.bo.http.get(f"/api/v1/boxes/{box}"))
    assert (read["fileCount"], read["emailAddresses"], read["emailAddressesAutoExtracted"]) == (0, [], [])
    newsfeed = world.bo.http.get(f"/api/v1/boxes/{box}/newsfeed").text
    assert "offer.pdf" not in newsfeed
    assert "offer.pdf" in world.ada.http.get(f"/api/v1/boxes/{box}/newsfeed").text


def test_mail_of_before_is_read_once_its_bytes_are_there(world: World) -> None:
    """Mail of version 0.1 has no original bytes until a mailbox brings a copy."""
    box = world.box(world.pipeline())["key"]
    message = post(world, box, offer())

    def as_before(db: Db) -> None:
        db.run("UPDATE mails SET parser_version = 0, raw_blob = NULL, size = NULL, identity = message_id")
        db.run("UPDATE mails SET text = 'junk'")
        db.run("DELETE FROM mail_files")

    world.server.engine.write(as_before)
    assert again(world)[-1].startswith("1 mails have no original bytes")
    receive(world, "ada", shared_mailbox(world), offer())
    assert "1 were changed" in again(world)[0]
    read = ok(world.ada.http.get(f"/api/v2/messages/{message['key']}"))
    assert read["text"] == "The price is twelvehundred\n"
    assert [file["key"] for file in read["files"]] == message["fileKeys"]


def test_a_kill_in_the_middle_leaves_whole_mails_and_the_next_run_does_the_rest(
    world: World, fresh_store: Store
) -> None:
    box = world.box(world.pipeline())["key"]
    messages = [post(world, box, offer(number)) for number in range(1, 8)]
    whole = {it["key"]: without_keys(it) for it in messages}
    for message in messages:
        damage(world, message)
    options = store_options(fresh_store)
    before = dump(world)
    dry = run("mail", "reread", *options, "--dry-run").stdout
    assert "7 would be changed" in dry
    assert "files: 7 would be added" in dry
    assert dump(world) == before
    setup = f"""
import os, signal
from boxwood.core.activity.mail import rereading
rereading.SLICE = 2
save, calls = rereading.save, []
def save_some(db, readings, now):
    found = save(db, readings, now)
    calls.append(1)
    if len(calls) == 3:
        os.kill(os.getpid(), signal.{signal.SIGKILL.name})
    return found
rereading.save = save_some
{MAIN}"""
    program = [sys.executable, "-c", setup, "mail", "reread", *options]
    killed = subprocess.run(program, cwd=ROOT, env=os.environ, capture_output=True, text=True, timeout=300)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    versions = [row[0] for row in rows(world, "SELECT parser_version FROM mails ORDER BY key")]
    assert versions == [VERSION] * 4 + [1] * 3
    # The server of this test runs all the time, and other writes go on.
    world.box(world.pipeline())
    assert "3 were changed" in run("mail", "reread", *options).stdout
    http = world.ada.http
    assert {key: without_keys(ok(http.get(f"/api/v2/messages/{key}"))) for key in whole} == whole
    assert rows(world, "SELECT COUNT(*) FROM files") == [(14,)]
    before = dump(world)
    assert "7 stayed the same" in run("mail", "reread", *options, "--all").stdout
    assert dump(world) == before


@pytest.mark.one_database
def test_originals_in_a_bucket_are_read_and_added_files_are_stored_there(fresh_store: Store) -> None:
    bucket = s3_server.start()
    config = fresh_store.config(
        s3_bucket=s3_server.BUCKET, s3_endpoint=bucket.endpoint, s3_key=bucket.key, s3_secret=bucket.secret
    )
    server = Server(config).start()
    world = World(server)
    try:
        message = post(world, world.box(world.pipeline())["key"], offer())
        damage(world, message)
        assert "1 were changed" in again(world)[0]
        read = ok(world.ada.http.get(f"/api/v2/messages/{message['key']}"))
        (added,) = [file for file in read["files"] if file["fileName"] == "offer.pdf"]
        assert world.ada.http.get(f"/api/v1/files/{added['key']}/contents").content == b"%PDF-1.4 offer"
        assert without_keys(read) == without_keys(message)
    finally:
        world.close()
        server.stop()
        bucket.stop()
