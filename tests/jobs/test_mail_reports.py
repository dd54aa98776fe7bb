"""Reports of real mail servers about letters arrive in a mailbox that is read by IMAP."""

import re
import smtplib
from collections.abc import Iterator
from typing import Any

import pytest

from boxwood.core.activity.sending.records import LetterRecord
from tests.api.automations import Rule, do
from tests.conftest import Server, Store, World, ok
from tests.core.activity.sending.sent import a_sent_letter
from tests.jobs.test_letters import mails
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


def test_only_the_recipient_gets_the_picture_and_the_tracked_links(
    reading: World, account: Account, mail_servers: MailServers
) -> None:
    world, customer = reading, mail_servers.account()
    tracking = {"mailTracking": True, "trackingHost": "links.team.example"}
    ok(world.ada.http.post(f"/api/v2/teams/{world.team_key}", json=tracking))
    mailbox = Connected(world, account, smtp=account.smtp).ready()
    pipeline = {"key": mailbox.box["pipelineKey"]}
    rule = Rule(world, pipeline, "message.sent", do("comment.create", message="{{ message.subject }} sent"))
    page = '<p>See <a href="https://shop.example/a">the shop</a></p>'
    draft = {"mailboxKey": mailbox.key, "boxKey": mailbox.box["key"], "to": [customer.address], "subject": "Offer"}
    key = ok(
        world.ada.http.post("/api/v2/drafts", json={**draft, "html": page, "track": {"opens": True, "clicks": True}})
    )
    sent = ok(world.ada.http.post(f"/api/v2/drafts/{key['key']}/send", json={"undoSeconds": 0}))
    eventually(lambda: customer.count() == 1)
    (came,) = mails(customer)
    html = came.get_body(("html",)).get_content()  # type: ignore[union-attr]
    links = re.findall(r'"https://links\.team\.example(/t/[^"]+)"', html)
    assert len(links) == 3
    assert "links.team.example" not in came.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    eventually(lambda: account.count("Sent") == 1)
    copy = mails(account, "Sent")[0].get_body(("html",)).get_content()  # type: ignore[union-attr]
    letter = ok(world.ada.http.get(f"/api/v2/letters/{sent['key']}"))
    stored = ok(world.ada.http.get(f"/api/v2/messages/{letter['messageKey']}"))["html"]
    assert ("/t/" in copy, "/t/" in stored) == (False, False)
    assert rule.only()["boxKey"] == mailbox.box["key"]
    world.clock.advance(ms=60_000)
    with world.client(None) as person:
        browser = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0"}
        assert person.get(links[0], headers=browser).headers["location"] == "https://shop.example/a"
        assert person.get(next(it for it in links if it.endswith(".gif")), headers=browser).status_code == 200
    world.clock.advance(ms=12_000)
    found = lambda: ok(world.ada.http.get(f"/api/v2/letters/{sent['key']}"))  # noqa: E731
    eventually(lambda: (found()["opens"], found()["clicks"]) == (1, 1))


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
