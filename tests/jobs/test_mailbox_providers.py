"""Mailboxes at providers that offer less than Dovecot, or more; and where secrets and private mail are."""

import base64
import re
import shutil
from pathlib import Path

import httpx
import pytest

from boxwood.core.activity.mail import mailbox_queue
from boxwood.core.activity.mail.mailbox_records import day_of
from boxwood.jobs import backups
from boxwood.jobs.mail_reading import BATCH
from boxwood.jobs.mail_reading import LARGE as MAIL_LIMIT
from boxwood.jobs.mailbox_session import chosen, role_of
from boxwood.lib.blobs import Disk
from boxwood.lib.imap import Folder
from tests.conftest import Server, Store, World, ok
from tests.jobs.test_mailboxes import Connected, mail, reading
from tests.jobs.webhooks import eventually
from tests.mail_servers.imap_proxy import imap_proxy
from tests.mail_servers.servers import Account

__all__ = ["reading"]
EXTENSIONS = rb" (?:QRESYNC|CONDSTORE|ESEARCH|SPECIAL-USE|LIST-EXTENDED|ENABLE|SASL-IR|LITERAL\+)(?= |\]|\r)"


def test_a_server_without_extensions_is_read_too(reading: World, account: Account) -> None:
    account.append(mail(1), mail(2))
    with imap_proxy(account.servers.ports["IMAP"]) as proxy:
        proxy.from_server = lambda line: re.sub(EXTENSIONS, b"", line) if b"CAPABILITY" in line else line
        commands: list[bytes] = []
        proxy.from_client = lambda line: commands.append(line) or line
        mailbox = Connected(reading, account, imap={**account.imap, "port": proxy.port}).ready()
        assert mailbox.subjects() == ["Offer 1", "Offer 2"]
        account.deliver(mail(3))
        eventually(lambda: len(mailbox.subjects()) == 3)
    sent = b"".join(commands)
    assert b"RETURN" not in sent
    assert b"CONDSTORE" not in sent


def test_the_numbers_of_gmail_are_stored_with_the_place(reading: World, account: Account) -> None:
    account.append(mail(1))
    with imap_proxy(account.servers.ports["IMAP"]) as proxy:
        proxy.from_server = lambda line: re.sub(
            rb"(\* \d+ FETCH \()", rb"\1X-GM-MSGID 1278455344230334865 X-GM-THRID 1266894439832287888 ", line
        ).replace(b" IDLE", b" IDLE X-GM-EXT-1")
        proxy.from_client = lambda line: line.replace(b" X-GM-MSGID X-GM-THRID", b"")
        mailbox = Connected(reading, account, imap={**account.imap, "port": proxy.port}).ready()
        assert mailbox.rows("SELECT gmail_message_id, gmail_thread_id FROM mail_places") == [
            ("1278455344230334865", "1266894439832287888")
        ]


def test_of_gmail_only_the_folder_of_all_mail_is_read() -> None:
    def folder(name: str, *flags: str) -> Folder:
        return Folder(name, name.encode(), frozenset(flags))

    gmail = [
        folder("INBOX"),
        folder("[Gmail]", "\\noselect"),
        folder("[Gmail]/Alle Nachrichten", "\\all"),
        folder("[Gmail]/Papierkorb", "\\trash"),
    ]
    assert [each.name for each in chosen(gmail)] == ["[Gmail]/Alle Nachrichten"]
    others = [folder("Archive", "\\archive"), folder("Drafts", "\\drafts"), folder("Junk", "\\junk"), folder("Inbox")]
    assert [(each.name, role_of(each)) for each in chosen(others)] == [("Inbox", "inbox"), ("Archive", "archive")]


def test_of_a_mail_over_25_mb_the_text_is_stored_and_the_files_stay_in_the_mailbox(
    reading: World, account: Account
) -> None:
    scan = base64.encodebytes(bytes(MAIL_LIMIT * 3 // 4)).replace(b"\n", b"\r\n")
    large = (
        b"From: Kim <kim@client.example>\r\nTo: ada@example.test\r\nSubject: Plans\r\nMessage-ID: <large@x.example>\r\n"
        b"Date: Mon, 30 Nov 2026 10:00:00 +0000\r\nMIME-Version: 1.0\r\n"
        b'Content-Type: multipart/mixed; boundary="out"\r\n\r\n--out\r\n'
        b'Content-Type: multipart/alternative; boundary="in"\r\n\r\n--in\r\n'
        b"Content-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
        b"Gr=FC=DFe, the plans are attached.\r\n--in\r\nContent-Type: text/html; charset=utf-8\r\n\r\n"
        b"<p>The <b>plans</b> are attached.</p>\r\n--in--\r\n--out\r\nContent-Type: application/pdf\r\n"
        b'Content-Disposition: attachment; filename="plans.pdf"\r\nContent-Transfer-Encoding: base64\r\n\r\n'
        + scan
        + b"\r\n--out\r\nContent-Type: text/plain\r\nContent-Disposition: attachment; filename=notes.txt\r\n\r\n"
        b"the note\r\n--out--\r\n"
    )
    assert len(large) > MAIL_LIMIT
    account.append(large, mail(1))
    mailbox = Connected(reading, account).ready()
    assert mailbox.subjects() == ["Offer 1", "Plans"]
    assert mailbox.counts() == (2, 0, 0)
    text, html, size = mailbox.rows("SELECT text, html, size FROM mails WHERE subject = 'Plans'")[0]
    assert text.strip() == "Grüße, the plans are attached."
    assert "<b>plans</b>" in html
    assert size < 5000
    (name, blob), *others = mailbox.rows("SELECT name, blob FROM mail_files")
    assert (name, others) == ("files.txt", [])
    listed = b"".join(reading.server.boxwood.store.read(blob)).decode()
    assert "plans.pdf" in listed
    assert "notes.txt" in listed
    assert "the note" not in text + listed


@pytest.mark.slow
def test_older_mail_waits_for_the_next_day_when_the_days_bytes_are_used_and_new_mail_does_not(
    reading: World, account: Account
) -> None:
    count = BATCH + 5
    account.append(*(mail(number, "friend@home.example") for number in range(count)))
    mailbox = Connected(reading, account, imap={**account.imap, "port": 1})
    day = day_of(reading.clock())
    reading.server.engine.write(
        lambda db: db.run(
            "UPDATE mailboxes SET day = :day, day_bytes = :bytes", day=day, bytes=mailbox_queue.MOST_BYTES_A_DAY - 1000
        )
    )
    ok(reading.ada.http.post(f"/api/v2/mailboxes/{mailbox.key}", json={"imap": account.imap}))
    eventually(lambda: mailbox.counts() == (0, BATCH, 0))
    account.deliver(mail("new"))
    eventually(lambda: mailbox.subjects() == ["Offer new"])
    assert mailbox.counts() == (1, BATCH, 0)
    assert mailbox.now["state"] == "syncing"
    reading.clock.advance(days=1)
    ok(reading.ada.http.post(f"/api/v2/mailboxes/{mailbox.key}/resume"))
    assert mailbox.ready().counts() == (1, count, 0)


@pytest.mark.parametrize("lost", ["the key file", "nothing"])
def test_data_and_backups_hold_no_password_and_no_private_mail(
    fresh_store: Store, account: Account, tmp_path: Path, lost: str
) -> None:
    secret = {**account.imap, "password": account.password}
    account.append(mail(1, body="the offer text"), mail("private", "friend@home.example", "a secret recipe"))
    server = Server(fresh_store.config(allow_private_webhooks=True)).start()
    world = World(server)
    mailbox = Connected(world, account, imap=secret).ready()
    account.deliver(mail("more private", "friend@home.example", "another secret recipe"))
    eventually(lambda: mailbox.counts() == (1, 2, 0))
    config = fresh_store.config()
    source = backups.Source(config.database_url, config.sqlite_path, config.data, Disk(config.data / "files"), True)
    backups.make(source, tmp_path / "to" / "backup.tar", 1)
    key = mailbox.key
    world.close()
    server.stop()
    files = [path for folder in (config.data, tmp_path / "to") for path in folder.rglob("*") if path.is_file()]
    assert any(b"the offer text" in path.read_bytes() for path in files), "the search below would find it"
    for text in (account.password, "secret recipe", "friend@home"):
        assert [path.name for path in files if text.encode() in path.read_bytes()] == [], text
    if lost == "the key file":
        config.key_file.unlink()
    again = Server(fresh_store.config(allow_private_webhooks=True)).start()
    try:
        with again_client(again, world) as http:
            state = "refused" if lost == "the key file" else "ready"
            eventually(lambda: ok(http.get(f"/api/v2/mailboxes/{key}"))["state"] == state)
            if lost == "the key file":
                assert "enter the password again" in ok(http.get(f"/api/v2/mailboxes/{key}"))["error"]
                ok(http.post(f"/api/v2/mailboxes/{key}", json={"imap": secret}))
                eventually(lambda: ok(http.get(f"/api/v2/mailboxes/{key}"))["state"] == "ready")
    finally:
        again.stop()
        shutil.rmtree(tmp_path / "to")


def again_client(server: Server, world: World) -> httpx.Client:

    return httpx.Client(base_url=server.url, auth=(world.ada.key, ""), timeout=120, verify=False, trust_env=False)
