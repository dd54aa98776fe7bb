"""Mailboxes are read from a real Dovecot: new mail, older mail, and what changes on the server."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from boxwood.core import boxes
from boxwood.core.activity.mail import dropbox, mail_searches
from boxwood.core.context import Ctx
from tests.conftest import Server, Store, World, ok
from tests.jobs.webhooks import eventually
from tests.mail_servers.imap_proxy import CUT, imap_proxy
from tests.mail_servers.servers import Account


def mail(number: int | str, sender: str = "kim@client.example", body: str = "hello", **headers: str) -> bytes:
    more = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    return (
        f"From: Kim <{sender}>\r\nTo: ada@example.test\r\nSubject: Offer {number}\r\n"
        f"Message-ID: <m{number}@client.example>\r\nDate: Mon, 30 Nov 2026 10:00:00 +0000\r\n{more}\r\n{body}\r\n"
    ).encode()


@pytest.fixture
def reading(fresh_store: Store) -> Iterator[World]:
    """A separate world whose server reads mailboxes."""
    server = Server(fresh_store.config(allow_private_webhooks=True)).start()
    yield (world := World(server))
    world.close()
    server.stop()


class Connected:
    """A mailbox of Ada that is read, and a box with the address of a customer."""

    def __init__(self, world: World, account: Account, **given: Any) -> None:
        self.world, self.account = world, account
        self.box = world.box(world.pipeline())
        self.gain("kim@client.example")
        names = {"address": account.address, "aliases": ["ada@example.test"]}
        body = {**names, "imap": account.imap, "teamKey": world.team_key, **given}
        self.key = ok(world.ada.http.post("/api/v2/mailboxes", json=body))["key"]

    def gain(self, address: str) -> None:
        """The box gains an address."""

        def add(ctx: Ctx) -> None:
            locked = boxes.lock(ctx, self.box["key"])
            assert locked is not None
            boxes.add_addresses(ctx, locked[0], [address])

        self.world.as_("ada", add)

    @property
    def now(self) -> dict[str, Any]:
        return ok(self.world.ada.http.get(f"/api/v2/mailboxes/{self.key}"))

    def folder(self, name: str = "INBOX") -> dict[str, Any]:
        found = ok(self.world.ada.http.get(f"/api/v2/mailboxes/{self.key}/folders"))["results"]
        return next((each for each in found if each["name"] == name), {})

    def ready(self) -> "Connected":
        eventually(lambda: self.now["state"] == "ready")
        return self

    def counts(self) -> tuple[int, int, int]:
        now = self.now
        return now["stored"], now["skipped"], now["refused"]

    def subjects(self) -> list[str]:
        rows = self.world.server.engine.read(
            lambda db: db.rows(
                "SELECT l.subject FROM messages m JOIN mails l ON l.key = m.mail_key WHERE m.box_key = :box "
                "ORDER BY l.subject",
                box=self.box["key"],
            )
        )
        return [row[0] for row in rows]

    def rows(self, sql: str) -> list[Any]:
        return list(self.world.server.engine.read(lambda db: db.rows(sql)))

    def count(self, table: str) -> int:
        return int(self.rows(f"SELECT COUNT(*) FROM {table}")[0][0])


@pytest.fixture
def connect(reading: World, account: Account) -> Callable[..., Connected]:
    return lambda **given: Connected(reading, account, **given)


def test_older_mail_is_read_new_mail_arrives_and_other_mail_is_never_stored(
    connect: Callable[..., Connected], account: Account
) -> None:
    account.append(mail(1), mail("private", "friend@home.example", "a secret recipe"), mail(2))
    mailbox = connect().ready()
    assert mailbox.counts() == (2, 1, 0)
    assert mailbox.subjects() == ["Offer 1", "Offer 2"]
    assert mailbox.folder()["reasons"] == {"unmatched": 1}
    account.deliver(mail(3))
    eventually(lambda: mailbox.subjects() == ["Offer 1", "Offer 2", "Offer 3"])
    eventually(lambda: mailbox.counts() == (3, 1, 0))
    texts = mailbox.world.server.engine.read(lambda db: db.rows("SELECT subject, text FROM mails"))
    assert not any("private" in f"{row}" or "recipe" in f"{row}" for row in texts)
    with account.open() as other:
        other.select(readonly=True)
        assert other.search(None, "UNSEEN")[1] == [b"1 2 3 4"]


def test_a_wrong_password_stops_at_once_and_notifies_the_owner(reading: World, account: Account) -> None:
    wrong = {**account.imap, "password": "wrong"}
    mailbox = Connected(reading, account, imap=wrong)
    eventually(lambda: mailbox.now["state"] == "refused")
    assert "refuses to sign in" in mailbox.now["error"]
    shown = ok(reading.ada.http.get("/api/v2/notifications"))["results"]
    assert any("no longer receives mail" in each["story"] for each in shown), shown
    ok(reading.ada.http.post(f"/api/v2/mailboxes/{mailbox.key}", json={"imap": account.imap}))
    mailbox.ready()
    kinds = reading.server.engine.read(
        lambda db: db.rows("SELECT kind FROM events WHERE kind LIKE 'mailbox.%' ORDER BY id")
    )
    assert [kind for (kind,) in kinds] == ["mailbox.created", "mailbox.failed", "mailbox.edited", "mailbox.connected"]


def test_moved_and_deleted_mail_stays_on_its_box(connect: Callable[..., Connected], account: Account) -> None:
    account.append(mail(1), mail(2))
    mailbox = connect().ready()
    with account.open() as other:
        other.select()
        other.uid("MOVE", "1", "Archive")
        other.store("1", "+FLAGS", "(\\Deleted)")
        other.expunge()
    account.deliver(mail(3))
    eventually(lambda: mailbox.subjects() == ["Offer 1", "Offer 2", "Offer 3"])
    eventually(lambda: mailbox.count("mail_places") == 1)
    ok(mailbox.world.ada.http.post(f"/api/v2/mailboxes/{mailbox.key}/pause"))
    ok(mailbox.world.ada.http.post(f"/api/v2/mailboxes/{mailbox.key}/resume"))
    eventually(lambda: mailbox.folder("Archive").get("stored") == 1)
    assert (mailbox.count("mails"), len(mailbox.subjects())) == (3, 3)


def test_a_folder_that_is_numbered_again_is_read_again_without_doubles(reading: World, account: Account) -> None:
    account.append(mail(1), mail(2))
    with imap_proxy(account.servers.ports["IMAP"]) as proxy:
        mailbox = Connected(reading, account, imap={**account.imap, "port": proxy.port}).ready()
        before = reading.server.engine.read(
            lambda db: db.rows("SELECT uidvalidity FROM mail_folders WHERE name = 'INBOX'")
        )
        number = str(before[0][0]).encode()
        proxy.from_server = lambda line: line.replace(b"UIDVALIDITY " + number, b"UIDVALIDITY 77")
        proxy.cut()
        account.deliver(mail(3))
        ok(reading.ada.http.post(f"/api/v2/mailboxes/{mailbox.key}/resume"))
        eventually(lambda: mailbox.subjects() == ["Offer 1", "Offer 2", "Offer 3"])
        eventually(lambda: mailbox.folder()["complete"])
        places = reading.server.engine.read(lambda db: db.rows("SELECT DISTINCT uidvalidity FROM mail_places"))
        assert (places, mailbox.count("mails")) == ([(77,)], 3)


def test_one_mail_in_two_mailboxes_is_stored_once_with_two_places(reading: World, account: Account) -> None:
    second = account.servers.account()
    account.append(mail(1))
    second.append(b"X-Added: by the second server\r\n" + mail(1))
    first = Connected(reading, account).ready()
    body = {"address": second.address, "imap": second.imap, "teamKey": reading.team_key, "kind": "shared"}
    key = ok(reading.ada.http.post("/api/v2/mailboxes", json=body))["key"]
    eventually(lambda: ok(reading.ada.http.get(f"/api/v2/mailboxes/{key}"))["state"] == "ready")
    assert first.subjects() == ["Offer 1"]
    assert (first.count("mails"), first.count("mail_places")) == (1, 2)


def test_mail_without_an_id_and_broken_mail_do_not_stop_the_rest(
    connect: Callable[..., Connected], account: Account
) -> None:
    without = b"From: kim@client.example\r\nSubject: no id\r\n\r\nx\r\n"
    deep = b"From: kim@client.example\r\nSubject: deep\r\n" + b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (at, at) for at in range(60)
    )
    account.append(mail(1), without, without, b"\xff\xfe\x00 no headers at all\r\n", deep, mail(2))
    mailbox = connect().ready()
    stored, skipped, refused = mailbox.counts()
    assert stored + skipped + refused == 6
    assert {"Offer 1", "Offer 2", "no id"} <= set(mailbox.subjects())
    reasons = ok(mailbox.world.ada.http.get(f"/api/v2/mailboxes/{mailbox.key}/refusals"))["results"]
    assert len(reasons) == refused
    assert all(each["reason"] and each["folder"] == "INBOX" for each in reasons)


def test_a_cut_connection_is_opened_again(reading: World, account: Account) -> None:
    account.append(*[mail(number, body="x" * 2000) for number in range(60)])
    with imap_proxy(account.servers.ports["IMAP"]) as proxy:
        proxy.cut_after = 60_000
        mailbox = Connected(reading, account, imap={**account.imap, "port": proxy.port})
        eventually(lambda: mailbox.now["state"] == "failing")
        assert mailbox.now["error"]
        proxy.cut_after = None
        ok(reading.ada.http.post(f"/api/v2/mailboxes/{mailbox.key}/resume"))
        mailbox.ready()
        assert mailbox.counts() == (60, 0, 0)
        assert len(mailbox.subjects()) == len(set(mailbox.subjects())) == 60
        proxy.from_server = lambda line: CUT
        proxy.cut()
        eventually(lambda: mailbox.now["state"] == "failing")
        proxy.from_server = lambda line: line
        account.deliver(mail("after"))
        reading.clock.advance(ms=3_600_000)
        eventually(lambda: "Offer after" in mailbox.subjects())


def test_mail_of_an_address_that_a_box_gains_later_is_found(
    connect: Callable[..., Connected], account: Account
) -> None:
    account.append(mail(1), mail("late", "lee@other.example"))
    mailbox = connect().ready()
    assert mailbox.counts() == (1, 1, 0)
    mailbox.gain("lee@other.example")
    eventually(lambda: mailbox.subjects() == ["Offer 1", "Offer late"])
    eventually(lambda: mailbox.counts() == (2, 0, 0))
    eventually(lambda: mailbox.count("mail_searches") == 0)


def test_replies_between_colleagues_join_a_conversation_that_becomes_known_later(
    connect: Callable[..., Connected], account: Account
) -> None:
    def reply(number: int, to: str, name: str = "References") -> bytes:
        return mail(number, "ada@example.test", **{name: f"<unknown{number}@x.example> <{to}@client.example>"})

    account.append(mail(1), mail(2, "lee@other.example"), mail("private", "friend@home.example"))
    account.append(reply(3, "m1"), reply(4, "m2", "In_Reply_To"), reply(5, "mprivate"), folder="Sent")
    mailbox = connect().ready()
    # Older mail is looked at from the newest to the oldest, and folders in turn.
    assert mailbox.subjects() == ["Offer 1", "Offer 3"]
    assert mailbox.count("threads") == 1
    assert mailbox.counts() == (2, 4, 0)
    mailbox.gain("lee@other.example")
    eventually(lambda: mailbox.subjects() == ["Offer 1", "Offer 2", "Offer 3", "Offer 4"])
    assert mailbox.count("threads") == 2
    eventually(lambda: mailbox.counts() == (4, 2, 0))


def test_boxes_that_an_import_creates_find_earlier_mail_also_of_more_addresses_than_are_searched(
    connect: Callable[..., Connected], account: Account
) -> None:
    rows = mail_searches.MOST_SEARCHED + 10
    account.append(
        *(mail(number, f"c{number}@firm{number}.example") for number in range(rows)), mail("other", "x@y.example")
    )
    mailbox = connect().ready()
    assert mailbox.counts() == (0, rows + 1, 0)
    http, pipeline = mailbox.world.ada.http, mailbox.box["pipelineKey"]
    field = mailbox.world.field({"key": pipeline}, "TEXT_INPUT", "Email")
    table = "Name,Email\n" + "".join(f"F{n},c{n}@firm{n}.example\n" for n in range(rows - 1))
    ok(http.post(f"/api/v2/pipelines/{pipeline}/import", content=table, headers={"content-type": "text/csv"}))
    eventually(lambda: mailbox.count("messages") == rows - 1)
    body = {"name": "Last", "fields": {field["key"]: f"c{rows - 1}@firm{rows - 1}.example"}}
    operation = {"method": "POST", "path": f"/v2/pipelines/{pipeline}/boxes", "body": body}
    ok(http.post("/api/v2/batch", json={"operations": [operation]}))
    eventually(lambda: mailbox.count("messages") == rows)
    eventually(lambda: mailbox.ready().counts() == (rows, 1, 0))
    assert mailbox.count("notifications") == 0


def test_older_mail_is_silent_and_new_mail_notifies_followers(
    connect: Callable[..., Connected], account: Account
) -> None:
    account.append(mail(1))
    mailbox = connect().ready()
    assert mailbox.subjects() == ["Offer 1"]
    assert mailbox.count("notifications") == 0
    account.deliver(mail(2))
    eventually(lambda: len(mailbox.subjects()) == 2)
    assert mailbox.count("notifications") == 1


def test_earlier_mail_of_a_contact_is_found_when_the_contact_is_linked_and_when_it_gains_an_address(
    connect: Callable[..., Connected], account: Account
) -> None:
    account.append(
        *(mail(at, f"{name}.example") for at, name in enumerate(("lee@other", "lee@private", "max@other"), 1))
    )
    mailbox = connect().ready()
    http, team = mailbox.world.ada.http, mailbox.world.team_key
    contact = ok(http.post(f"/api/v2/teams/{team}/contacts", json={"emailAddresses": ["lee@other.example"]}))
    ok(http.post(f"/api/v1/boxes/{mailbox.box['key']}", json={"contacts": [{"key": contact["key"]}]}))
    eventually(lambda: mailbox.subjects() == ["Offer 1"])
    both = ["lee@other.example", "lee@private.example"]
    ok(http.post(f"/api/v2/contacts/{contact['key']}", json={"emailAddresses": both}))
    eventually(lambda: mailbox.subjects() == ["Offer 1", "Offer 2"])
    ok(http.post(f"/api/v1/boxes/{mailbox.box['key']}", json={"emailAddressesWhitelist": ["max@other.example"]}))
    eventually(lambda: mailbox.subjects() == ["Offer 1", "Offer 2", "Offer 3"])


def test_mail_that_fits_two_boxes_waits_and_is_fetched_when_the_owner_chooses(
    connect: Callable[..., Connected], account: Account
) -> None:
    mailbox = connect().ready()
    first = mailbox.box
    mailbox.box = mailbox.world.box(mailbox.world.pipeline())
    mailbox.gain("kim@client.example")
    account.deliver(mail(1))
    http = mailbox.world.ada.http
    eventually(lambda: len(ok(http.get("/api/v2/mail/suggestions"))["results"]) == 1)
    waiting = ok(http.get("/api/v2/mail/suggestions"))["results"][0]
    assert mailbox.count("mails") == 0, "nothing of the mail is stored"
    asked = {"folder": waiting["folder"], "uidvalidity": waiting["uidvalidity"], "uids": [waiting["uid"]]}
    shown = ok(http.post(f"/api/v2/mailboxes/{mailbox.key}/headers", json=asked))["results"]
    assert [(each["subject"], each["from"]["email"]) for each in shown] == [("Offer 1", "kim@client.example")]
    path = f"/api/v2/mail/suggestions/{waiting['key']}"
    boxed = http.post(f"{path}/box", json={"boxKeys": [mailbox.box["key"]]})
    ok(boxed)
    eventually(lambda: mailbox.subjects() == ["Offer 1"])
    eventually(lambda: mailbox.count("box_suggestions") == 0)
    second, mailbox.box = mailbox.box, first
    assert mailbox.subjects() == []
    # The undo takes the fetched mail from the box, and the mail waits again.
    ok(http.post("/api/v2/undo", json={"change": boxed.headers["x-boxwood-change"]}))
    mailbox.box = second
    assert mailbox.subjects() == []
    assert ok(http.get("/api/v2/mail/suggestions"))["results"] == [waiting]
    ok(http.post(f"{path}/box", json={"boxKeys": [second["key"]]}))
    eventually(lambda: mailbox.subjects() == ["Offer 1"])
    assert mailbox.counts() == (1, 0, 0)
    left = http.get("/api/v2/mail/suggestions")
    assert ok(left)["results"] == []


def test_mail_of_a_member_to_the_dropbox_address_of_a_pipeline_goes_there_and_other_mail_waits(
    connect: Callable[..., Connected], account: Account
) -> None:
    mailbox = connect(kind="dropbox").ready()
    http, ada = mailbox.world.ada.http, mailbox.world.ada.email
    address = ok(http.get(f"/api/v2/pipelines/{mailbox.box['pipelineKey']}/dropbox"))["address"]
    user, _, domain = address.partition("@")
    assert account.address.startswith(user.partition("+")[0])
    assert domain == "example.test"

    def forwarded(number: int, sender: str, results: str) -> bytes:
        return (
            f"Authentication-Results: mx.example.test; {results}\r\nFrom: {sender}\r\nTo: {address}\r\n"
            f"Cc: kim@client.example\r\nSubject: Forwarded {number}\r\nMessage-ID: <f{number}@x.example>\r\n"
            "Date: Mon, 30 Nov 2026 10:00:00 +0000\r\n\r\nhello\r\n"
        ).encode()

    account.deliver(forwarded(1, "stranger@evil.example", "dmarc=pass"), detail="+x")
    account.deliver(forwarded(2, ada, "dkim=fail; dmarc=fail"), detail="+x")
    account.deliver(forwarded(3, ada, "dkim=pass; dmarc=pass"), detail="+x")
    eventually(lambda: mailbox.subjects() == ["Forwarded 3"])
    eventually(lambda: mailbox.count("mails") == 3)


def test_the_first_verdict_of_a_mail_server_confirms_the_domain_of_the_sender() -> None:
    cases = [
        ("mx; dkim=fail; dmarc=pass header.from=team.example", True),
        ("mx;\r\n spf=pass (mx: 192.0.2.1 is allowed) smtp.mailfrom=bounce@mail.team.example", True),
        ('mx 1; dkim=pass reason="2048 bits" header.d=team.example header.s=s1', True),
        ("mx; auth=pass smtp.auth=ada@team.example", True),
        ("mx; auth=pass smtp.auth=bo@team.example", False),
        ("mx; dkim=pass header.d=evil.example; spf=pass smtp.mailfrom=evil.example", False),
        ("mx; dkim=pass header.d=notteam.example", False),
        ("mx; dkim=pass header.d=team.example; dmarc=fail", False),
        ("mx (dmarc=pass); none", False),
        ("mx; dkim=pass", False),
        ("mx; none\r\nAuthentication-Results: forged; dmarc=pass", False),
    ]
    for results, expected in cases:
        headers = f"Subject: x\r\nauthentication-results: {results}\r\n".encode()
        assert dropbox.is_authentic(headers, "ada@team.example") is expected, results
    assert not dropbox.is_authentic(b"Subject: dmarc=pass\r\n", "ada@team.example")
