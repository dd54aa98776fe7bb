"""Mail servers deliver to Boxwood by LMTP and SMTP: what is accepted, what is stored, and who may deliver."""

import random
import smtplib
import socket
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from boxwood.core.activity.mail.mailbox_records import DELIVERIES
from boxwood.db.engine import Db
from boxwood.db.open import open_engine
from boxwood.lib.mail import MOST_BYTES
from tests.conftest import Server, Store, World, ok, refused
from tests.jobs.test_mailbox_kills import client, make_user
from tests.jobs.webhooks import eventually
from tests.mail_servers.servers import Account, MailServers
from tests.processes import Process, free_port

CLIENT = "kim@client.example"


class Delivering:
    """A server with a listener, a box with the address of a customer, and a dropbox without IMAP."""

    def __init__(self, store: Store, port: int, protocol: str = "lmtp", **settings: Any) -> None:
        self.port = port
        listen = (protocol, "127.0.0.1", port)
        config = store.config(allow_private_webhooks=True, mail_listen=listen, **settings)
        self.server = Server(config).start()
        self.world = World(self.server)
        self.http = self.world.ada.http
        self.box = self.world.box(self.world.pipeline())
        self.post(f"boxes/{self.box['key']}/messages", raw=mail("first").decode())
        self.dropbox = self.mailbox("drop@crm.test", kind="dropbox", delivered=True)
        self.address = ok(self.http.get(f"/api/v2/pipelines/{self.box['pipelineKey']}/dropbox"))["address"]

    def post(self, path: str, **body: Any) -> Any:
        return ok(self.http.post(f"/api/v2/{path}", json=body))

    def mailbox(self, address: str, **given: Any) -> str:
        return str(self.post("mailboxes", address=address, teamKey=self.world.team_key, **given)["key"])

    def counts(self, key: str) -> tuple[int, int, int]:
        now = ok(self.http.get(f"/api/v2/mailboxes/{key}"))
        return now["stored"], now["skipped"], now["refused"]

    def rows(self, sql: str, **given: Any) -> list[Any]:
        return list(self.server.engine.read(lambda db: db.rows(sql, **given)))

    def subjects(self, box: str = "") -> list[str]:
        sql = "SELECT l.subject FROM messages m JOIN mails l ON l.key = m.mail_key WHERE m.box_key = :box ORDER BY 1"
        return [row[0] for row in self.rows(sql, box=box or self.box["key"])]

    def set_email(self, address: str) -> None:
        """Let Ada sign in with this address."""
        key = self.world.ada.user_key
        self.server.engine.write(
            lambda db: db.run("UPDATE users SET email = :to WHERE key = :key", to=address, key=key)
        )

    def lmtp(self, *addresses: str, raw: bytes) -> list[int]:
        """Deliver a mail. Returns the code of the reply for each address."""
        with smtplib.LMTP("127.0.0.1", self.port) as lmtp:
            lmtp.ehlo()
            lmtp.mail("someone@client.example")
            accepted = [lmtp.rcpt(address)[0] for address in addresses]
            lmtp.putcmd("data")
            assert lmtp.getreply()[0] == 354
            lmtp.send(raw.replace(b"\r\n.", b"\r\n..") + b"\r\n.\r\n")
            return [lmtp.getreply()[0] if code == 250 else code for code in accepted]

    def close(self) -> None:
        self.world.close()
        self.server.stop()


Deliver = Callable[..., Delivering]


@pytest.fixture
def deliver(fresh_store: Store) -> Iterator[Deliver]:
    started: list[Delivering] = []

    def start(**given: Any) -> Delivering:
        started.append(Delivering(fresh_store, given.pop("port", 0) or free_port(), **given))
        return started[-1]

    yield start
    for each in started:
        each.close()


def mail(number: int | str, sender: str = CLIENT, to: str = "sales@crm.test", body: str = "hello") -> bytes:
    return (
        f"From: {sender}\r\nTo: {to}\r\nSubject: Mail {number}\r\nMessage-ID: <l{number}@x.example>\r\n"
        f"Date: Mon, 30 Nov 2026 10:00:00 +0000\r\n\r\n{body}\r\n"
    ).encode()


def test_exim_delivers_to_a_dropbox_over_tls_and_refuses_other_addresses_at_once(
    deliver: Deliver, mail_servers: MailServers, account: Account
) -> None:
    folder = mail_servers.folder
    certificate = {"tls_cert": str(folder / "cert.pem"), "tls_key": str(folder / "key.pem")}
    here = deliver(port=mail_servers.ports["CRM"], **certificate)
    here.set_email(account.address)
    with smtplib.SMTP("127.0.0.1", mail_servers.ports["SMTP"]) as smtp:
        smtp.starttls(context=mail_servers.certificate)
        smtp.login(account.address, account.password)
        # The dropbox is in Bcc: only the envelope has its address.
        forwarded = mail("of Ada", account.address, CLIENT, "line\r\n.dot\r\n" + "long " * 300)
        smtp.sendmail(account.address, [here.address], forwarded)
        with pytest.raises(smtplib.SMTPRecipientsRefused) as caught:
            smtp.sendmail(account.address, ["drop+00000000000000000000@crm.test"], mail("lost"))
        assert caught.value.recipients["drop+00000000000000000000@crm.test"][0] == 550
        # The user signed in, but writes in the name of another.
        forged = b"Authentication-Results: mail.example.test; dmarc=pass\r\n" + mail(
            "forged", here.world.bo.email, CLIENT
        )
        smtp.sendmail(account.address, [here.address], forged)
    eventually(lambda: here.counts(here.dropbox) == (2, 0, 0))
    assert here.subjects() == ["Mail first", "Mail of Ada"]
    assert [row[0] for row in here.rows("SELECT mail_key FROM box_suggestions")] == [
        row[0] for row in here.rows("SELECT key FROM mails WHERE subject = 'Mail forged'")
    ]
    message = here.rows("SELECT m.key FROM messages m JOIN mails l ON l.key = m.mail_key WHERE subject LIKE '%Ada'")
    original = here.http.get(f"/api/v2/messages/{message[0][0]}/raw").content
    assert original.endswith(b"line\r\n.dot\r\n" + b"long " * 300 + b"\r\n")
    delivered = [line for line in (folder / "exim-mainlog").read_text().splitlines() if here.address in line]
    assert any(" => " in line and "T=boxwood" in line and "X=TLS1.3" in line for line in delivered), delivered
    # The address of the dropbox does not become an address of the box: it would draw all later mail there.
    assert not any("drop+" in row[0] for row in here.rows("SELECT address FROM box_addresses"))


def test_mail_of_a_mailbox_is_stored_and_counted_as_the_synchronization_does_it(
    deliver: Deliver, account: Account
) -> None:
    here = deliver()
    sales = here.mailbox("sales@crm.test", kind="shared", delivered=True, aliases=["office@crm.test"])
    assert ok(here.http.get(f"/api/v2/mailboxes/{sales}"))["state"] == "delivered"
    own = here.world.ada.email
    personal = here.mailbox(account.address, aliases=[own], imap=account.imap)
    here.mailbox("other@elsewhere.example", aliases=["boss@crm.test"], imap={**account.imap, "user": account.address})
    private = mail("private", "friend@home.example", own, "a secret recipe")
    reply = here.lmtp("sales@crm.test", own, "unknown@crm.test", "boss@crm.test", raw=mail("for two"))
    assert reply == [250, 250, 550, 550]
    assert here.lmtp("OFFICE+x@crm.test", raw=mail("unknown", "new@lead.example")) == [250]
    assert here.lmtp(own, raw=private) == [250]
    assert here.lmtp("sales@crm.test", raw=mail("for two")) == [250]  # the sender had not seen the reply
    assert here.subjects() == ["Mail first", "Mail for two"]
    assert here.counts(sales) == (2, 0, 0)
    folders = ok(here.http.get(f"/api/v2/mailboxes/{personal}/folders"))["results"]
    delivered = next(each for each in folders if each["name"] == DELIVERIES)
    assert (delivered["stored"], delivered["skipped"], delivered["reasons"]) == (1, 1, {"unmatched": 1})
    assert not here.rows("SELECT 1 FROM mails WHERE subject = 'Mail private'")
    stored = [path.read_bytes() for path in (here.server.boxwood.config.data / "files").rglob("*") if path.is_file()]
    assert not any(b"secret recipe" in content for content in stored)
    unknown = here.rows("SELECT s.mailbox_key FROM box_suggestions s JOIN mails l ON l.key = s.mail_key")
    assert unknown == [(sales,)]


def test_what_fails_for_a_while_is_to_be_tried_again_and_nothing_is_acknowledged_before(deliver: Deliver) -> None:
    here = deliver()
    sales = here.mailbox("sales@crm.test", kind="shared", delivered=True)
    here.post(f"mailboxes/{sales}/pause")
    assert here.lmtp("sales@crm.test", raw=mail(1)) == [450]
    assert here.post(f"mailboxes/{sales}/resume")["state"] == "delivered"
    files = here.server.boxwood.config.data / "files"
    aside = files.rename(files.with_name("aside"))
    files.write_text("the disk of the files is gone")
    assert here.lmtp("sales@crm.test", here.address, raw=mail(1)) == [451, 451]
    files.unlink()
    aside.rename(files)

    def break_down(db: Db) -> None:
        db.run("ALTER TABLE mail_places RENAME TO gone")

    here.server.engine.write(break_down)
    assert here.lmtp("sales@crm.test", raw=mail(1)) == [451]
    here.server.engine.write(lambda db: db.run("ALTER TABLE gone RENAME TO mail_places"))
    assert here.counts(sales) == (0, 0, 0)
    assert here.subjects() == ["Mail first"]
    assert here.lmtp("sales@crm.test", raw=mail(1)) == [250]
    parts = b"Content-Type: multipart/mixed; boundary=x\r\n\r\n" + b"--x\r\n\r\na\r\n" * 300 + b"--x--\r\n"
    assert here.lmtp("sales@crm.test", raw=parts) == [554]
    assert here.subjects() == ["Mail 1", "Mail first"]
    assert here.counts(sales) == (1, 0, 1)


def test_limits_of_a_connection_and_programs_that_may_not_deliver(deliver: Deliver) -> None:
    here = deliver(protocol="smtp")
    here.mailbox("sales@crm.test", kind="shared", delivered=True)
    with smtplib.SMTP("127.0.0.1", here.port) as smtp:
        smtp.ehlo()
        assert not smtp.has_extn("auth")
        assert not smtp.has_extn("starttls")
        assert smtp.mail("someone@client.example", [f"SIZE={MOST_BYTES + 1}"])[0] == 552
        assert smtp.mail("<>")[0] == 250
        assert smtp.rcpt("someone@elsewhere.example")[0] == 550
        assert [smtp.rcpt("sales@crm.test")[0] for _ in range(101)] == [250] * 100 + [452]
        assert smtp.data(mail(1))[0] == 250
        assert smtp.docmd("EXPN", "staff")[0] == 502
        assert smtp.sendmail(CLIENT, ["sales@crm.test"], mail(2, body="x" * 200_000)) == {}
    assert here.subjects() == ["Mail 1", "Mail 2", "Mail first"]
    # More connections than are allowed, and what comes before the end of one.
    opened = [smtplib.SMTP("127.0.0.1", here.port) for _ in range(20)]
    with pytest.raises(smtplib.SMTPConnectError) as caught:
        smtplib.SMTP("127.0.0.1", here.port)
    assert caught.value.smtp_code == 421
    for each in opened:
        each.close()
    eventually(lambda: _answers(here.port))


def _answers(port: int) -> bool:
    try:
        return smtplib.SMTP("127.0.0.1", port).quit()[0] == 221
    except smtplib.SMTPConnectError:
        return False


def test_a_mail_server_that_is_not_listed_is_sent_away(fresh_store: Store) -> None:
    port = free_port()
    process = Process(fresh_store, "--mail-listen", f"lmtp://0.0.0.0:{port}", "--mail-senders", "192.0.2.1")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("192.0.2.1", 9))  # sends nothing: it asks which address of this machine would be used
        own = probe.getsockname()[0]
    if not own.startswith("127."):
        with socket.create_connection((own, port), timeout=10) as opened:
            assert opened.recv(100).startswith(b"554 5.7.1 ")
    with socket.create_connection(("127.0.0.1", port), timeout=10) as opened:
        assert opened.recv(100).startswith(b"220 ")
    assert process.stop() == 0


def test_only_mailboxes_of_the_team_are_without_imap_and_no_user_takes_the_mail_of_another(
    deliver: Deliver, account: Account
) -> None:
    here = deliver()
    body = {"address": here.world.ada.email, "delivered": True, "teamKey": here.world.team_key}
    refused(here.http.post("/api/v2/mailboxes", json=body), 400, "delivered")
    body = {"address": "sales@crm.test", "kind": "shared", "delivered": True, "imap": account.imap}
    refused(here.http.post("/api/v2/mailboxes", json=body), 400, "imap")
    here.mailbox(here.world.cy.email, kind="shared", delivered=True)  # Cy is not in Ada's team
    here.mailbox(here.world.bo.email, kind="shared", delivered=True)
    replies = here.lmtp(here.world.cy.email, here.world.bo.email, raw=mail(1))
    assert replies == [550, 250]
    # A mailbox that is delivered to can be read by IMAP instead, and back.
    key = here.mailbox(account.address, kind="shared", delivered=True)
    refused(here.http.post(f"/api/v2/mailboxes/{key}/test"), 400, "IMAP")
    assert here.post(f"mailboxes/{key}", imap=account.imap)["delivered"] is False
    eventually(lambda: ok(here.http.get(f"/api/v2/mailboxes/{key}"))["state"] == "ready")
    back = here.post(f"mailboxes/{key}", delivered=True)
    assert (back["state"], "imap" in back) == ("delivered", False)


@pytest.mark.long
def test_postfix_delivers_refuses_unknown_addresses_and_tries_again(
    deliver: Deliver, mail_servers: MailServers, postfix: int
) -> None:
    folder = mail_servers.folder
    certificate = {"tls_cert": str(folder / "cert.pem"), "tls_key": str(folder / "key.pem")}
    here = deliver(port=mail_servers.ports["CRM"], **certificate)
    sales = here.mailbox("sales@crm.test", kind="shared", delivered=True)
    here.post(f"mailboxes/{sales}/pause")
    with smtplib.SMTP("127.0.0.1", postfix) as smtp:
        with pytest.raises(smtplib.SMTPRecipientsRefused) as caught:
            smtp.sendmail(CLIENT, ["drop+00000000000000000000@crm.test"], mail("lost"))
        assert caught.value.recipients["drop+00000000000000000000@crm.test"][0] == 550
        with pytest.raises(smtplib.SMTPRecipientsRefused) as caught:
            smtp.sendmail(CLIENT, ["someone@elsewhere.example"], mail("relayed"))
        forged = b"Authentication-Results: mail.example.test; dmarc=pass\r\n" + mail("forged", here.world.ada.email)
        smtp.sendmail(CLIENT, [here.address], forged)
        smtp.sendmail(CLIENT, ["sales@crm.test"], mail(1))
    log = folder / "postfix" / "log"
    eventually(lambda: "450 4.2.1 Not now: the mailbox is paused" in log.read_text())
    here.post(f"mailboxes/{sales}/resume")
    eventually(lambda: here.counts(sales) == (1, 0, 0))
    eventually(lambda: here.counts(here.dropbox) == (1, 0, 0))
    assert here.subjects() == ["Mail 1", "Mail first"]


@pytest.mark.long
def test_kills_while_exim_delivers_lose_nothing_and_double_nothing(
    fresh_store: Store, mail_servers: MailServers
) -> None:
    kills, count = 20, 300
    engine = open_engine(fresh_store.url, fresh_store.config().sqlite_path, readers=1)
    key, team = engine.write(make_user)
    engine.close()
    process = Process(fresh_store, "--mail-listen", f"lmtp://127.0.0.1:{mail_servers.ports['CRM']}")
    with client(process, key) as http:
        body = {"address": "sales@crm.test", "kind": "shared", "delivered": True, "teamKey": team}
        ok(http.post("/api/v2/mailboxes", json=body))
    chance, sent = random.Random(1), 0
    for _ in range(kills):
        with smtplib.SMTP("127.0.0.1", mail_servers.ports["SMTP"]) as smtp:
            for number in range(sent, sent + count // kills):
                smtp.sendmail(CLIENT, ["sales@crm.test"], mail(number))
        sent += count // kills
        time.sleep(chance.uniform(0.0, 1.0))
        process.kill()
        process.start()
    assert sent == count
    deadline = time.monotonic() + 300
    with client(process, key) as http:
        while (now := ok(http.get("/api/v2/mailboxes"))["results"][0])["stored"] < sent:
            assert time.monotonic() < deadline, now
            time.sleep(1)
        assert (now["stored"], now["skipped"], now["refused"]) == (sent, 0, 0)
    process.stop()
