"""Reports of real mail servers about letters arrive in a mailbox that is read by IMAP."""

import smtplib
from collections.abc import Iterator
from typing import Any

import pytest

from boxwood.core.activity.sending.records import LetterRecord
from tests.conftest import Server, Store, World, ok
from tests.core.activity.sending.sent import a_sent_letter
from tests.jobs.test_mailboxes import Connected
from tests.jobs.webhooks import eventually
from tests.mail_servers.servers import Account, MailServers

BOUNCES, UNKNOWN = "bounces@example.test", "no-such-user@example.test"


@pytest.fixture
def reading(fresh_store: Store) -> Iterator[World]:
    """A separate world whose server reads mailboxes."""
    server = Server(fresh_store.config(allow_private_webhooks=True)).start()
    yield (world := World(server))
    world.close()
    server.stop()


def test_exim_reports_what_it_could_not_deliver(reading: World, account: Account, mail_servers: MailServers) -> None:
    mailbox = Connected(reading, account).ready()
    letter = a_sent_letter(reading, mailbox.box["key"], to=(BOUNCES,))
    send(mail_servers.ports["SMTP"], account, letter, BOUNCES)
    bounce = bounced(reading, letter)
    assert (bounce["address"], bounce["permanent"], bounce["code"][:2]) == (BOUNCES, True, "5.")
    assert "mailbox unavailable" in bounce["text"]
    assert mailbox.subjects() == ["Mail delivery failed: returning message to sender", "Offer"]
    assert [it["address"] for it in ok(reading.ada.http.get("/api/v2/suppressions"))["results"]] == [BOUNCES]
    assert mailbox.counts() == (1, 0, 0)


@pytest.mark.long
def test_postfix_reports_what_it_could_not_deliver(
    reading: World, account: Account, mail_servers: MailServers, postfix: int
) -> None:
    """Postfix asks Exim, which refuses the recipient, and returns the letter to the mailbox."""
    mailbox = Connected(reading, account).ready()
    letter = a_sent_letter(reading, mailbox.box["key"], to=(UNKNOWN,))
    send(postfix, account, letter, UNKNOWN)
    bounce = bounced(reading, letter)
    assert (bounce["address"], bounce["permanent"], bounce["code"]) == (UNKNOWN, True, "5.1.1")
    assert "no such user here" in bounce["text"]
    assert mailbox.subjects() == ["Offer", "Undelivered Mail Returned to Sender"]


def send(port: int, account: Account, letter: LetterRecord, to: str) -> None:
    message = (
        f"From: {account.address}\r\nTo: {to}\r\nMessage-ID: <{letter.message_id}>\r\nSubject: Offer\r\n\r\nHi\r\n"
    )
    with smtplib.SMTP("127.0.0.1", port) as smtp:
        smtp.sendmail(account.address, [to], message.encode())


def bounced(world: World, letter: LetterRecord) -> dict[str, Any]:
    def found() -> list[dict[str, Any]]:
        return ok(world.ada.http.get(f"/api/v2/letters/{letter.key}")).get("bounced", [])  # type: ignore[no-any-return]

    eventually(lambda: found() != [])
    (bounce,) = found()
    return bounce
