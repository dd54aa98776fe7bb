"""Figures of mailboxes that docs/decisions/mail-sync.md names: how soon a mail is on the screen, memory, CPU, time."""

import contextlib
import resource
import threading
import time
from pathlib import Path

import httpx
import msgspec
import pytest

from boxwood.core.activity.mail import mailbox_settings
from boxwood.core.activity.mail.mailbox_records import MAILBOXES, PAUSED, Endpoint, MailboxRecord, Secrets
from boxwood.db.engine import Db, Engine
from boxwood.db.open import open_engine
from boxwood.lib import ids
from boxwood.lib import mail as parser
from boxwood.lib.secret_keys import SecretKeys
from tests.conftest import Store, World, ok
from tests.jobs.test_mailbox_kills import client, make_user
from tests.jobs.test_mailboxes import Connected, mail
from tests.jobs.test_mailboxes import reading as reading
from tests.jobs.webhooks import eventually
from tests.mail_servers.servers import Account
from tests.processes import Process

MAILBOXES_AT_ONCE = 1000
MAILS = 20
OLDER_MAIL_AT_MOST = {"sqlite": 8, "postgres": 16}
"""Times a bare download and parse, on a machine that other programs use too. The figures are in
docs/decisions/mail-sync.md."""


@pytest.mark.long
def test_a_mail_is_on_the_screen_within_two_seconds_of_its_delivery(reading: World, account: Account) -> None:
    Connected(reading, account).ready()
    seen: dict[int, float] = {}
    opened = threading.Event()

    def listen() -> None:
        with (
            contextlib.suppress(httpx.HTTPError),
            reading.client(reading.ada.key) as http,
            http.stream("GET", "/api/v2/events/stream") as stream,
        ):
            opened.set()
            for line in stream.iter_lines():
                if line.startswith("data:") and '"kind":"message.added"' in line.replace(" ", ""):
                    seen.setdefault(int(line.partition("Offer ")[2].partition("-")[0]), time.perf_counter())
                if len(seen) == MAILS:
                    return

    threading.Thread(target=listen, daemon=True).start()
    assert opened.wait(30)
    waits = []
    for number in range(MAILS):
        begun = time.perf_counter()
        account.deliver(mail(f"{number}-"))
        eventually(lambda number=number: number in seen)  # type: ignore[misc]
        waits.append(seen[number] - begun)
    waits.sort()
    print(f"\nfrom the delivery to the event: p50 {waits[10]:.2f} s, p95 {waits[18]:.2f} s, worst {waits[-1]:.2f} s")
    assert waits[18] < 2


@pytest.mark.long
def test_a_thousand_mailboxes_wait_for_mail_in_little_memory(fresh_store: Store, account: Account) -> None:
    engine = open_engine(fresh_store.url, fresh_store.config().sqlite_path, readers=1)
    key, team = engine.write(make_user)
    keys = SecretKeys(fresh_store.config().key_file)
    engine.write(lambda db: add_mailboxes(db, keys, account, team))
    process = Process(fresh_store, "--allow-private-webhooks")
    with client(process, key) as http:
        for _ in range(20):
            ok(http.get("/api/v2/mailboxes"))
    time.sleep(5)
    before, begun = memory(process), time.monotonic()
    engine.write(lambda db: db.run("UPDATE mailboxes SET state = 'waiting'"))
    while (left := states(engine)) != {"ready": MAILBOXES_AT_ONCE}:
        assert time.monotonic() - begun < 600, left
        time.sleep(1)
    took = time.monotonic() - begun
    time.sleep(20)
    added, used = memory(process) - before, cpu(process)
    time.sleep(60)
    share = (cpu(process) - used) / 60
    print(f"\n{MAILBOXES_AT_ONCE} after {took:.0f} s: {added / 1e6:.1f} MB more, {share:.1%} of a core while idle")
    assert states(engine) == {"ready": MAILBOXES_AT_ONCE}
    engine.close()
    process.stop()
    assert added < 60_000_000


def add_mailboxes(db: Db, keys: SecretKeys, account: Account, team: str) -> None:
    """Paused mailboxes, each of another user of the mail server."""
    (user,) = db.rows("SELECT key FROM users")[0]
    now = time.time_ns() // 1_000_000
    for number in range(1, MAILBOXES_AT_ONCE + 1):
        address = f"user{number}@example.test"
        server = Endpoint("127.0.0.1", account.servers.ports["IMAP"], "none", address)
        plain = dict.fromkeys(("error", "failing_since", "worker", "connected_at", "synced_at", "checked_at", "since"))
        zero = dict.fromkeys(("failures", "due_at", "lease_until", "day", "day_bytes"), 0)
        mailbox = MailboxRecord(
            **plain,
            **zero,
            key=ids.new("y", now),
            team_key=team,
            owner_key=None,
            user_key=user,
            address=address,
            aliases=[],
            kind="shared",
            share="full",
            imap=server,
            smtp=None,
            provider="",
            secret=None,
            state=PAUSED,
            created_at=now,
            updated_at=now,
        )
        secret = mailbox_settings.seal(keys, mailbox, Secrets(imap=f"secret{number}"))
        MAILBOXES.insert(db, msgspec.structs.replace(mailbox, secret=secret))


def states(engine: Engine) -> dict[str, int]:
    return dict(engine.read(lambda db: db.rows("SELECT state, COUNT(*) FROM mailboxes GROUP BY state")))


def memory(process: Process) -> int:
    """Bytes of the process that are in memory."""
    return int(Path(f"/proc/{process.process.pid}/statm").read_text().split()[1]) * resource.getpagesize()


def cpu(process: Process) -> float:
    """Seconds of CPU that the process used."""
    words = Path(f"/proc/{process.process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / 100


@pytest.mark.long
def test_older_mail_is_read_within_a_few_times_a_bare_download_and_parse(fresh_store: Store, account: Account) -> None:
    count = 10_000
    body = "Dear Kim,\r\n" + "this is a line of a usual mail, as customers write them.\r\n" * 90
    account.append(*(mail(number, body=body) for number in range(count)))
    bare = bare_download(account)
    engine = open_engine(fresh_store.url, fresh_store.config().sqlite_path, readers=1)
    key, team = engine.write(make_user)
    process = Process(fresh_store, "--allow-private-webhooks")
    with client(process, key) as http:
        pipeline = ok(http.post("/api/v2/pipelines", json={"name": "Deals", "teamKey": team, "stages": ["Lead"]}))
        box = ok(http.post(f"/api/v2/pipelines/{pipeline['key']}/boxes", json={"name": "Acme"}))
        first = mail("first").decode()
        ok(http.post(f"/api/v2/boxes/{box['key']}/messages", json={"raw": first}))
        used, begun = cpu(process), time.perf_counter()
        mailbox = ok(
            http.post("/api/v2/mailboxes", json={"address": account.address, "imap": account.imap, "teamKey": team})
        )
        while (now := ok(http.get(f"/api/v2/mailboxes/{mailbox['key']}")))["state"] != "ready":
            assert time.perf_counter() - begun < 1500, now
            time.sleep(0.5)
        took = time.perf_counter() - begun
        assert (now["stored"], now["skipped"], now["refused"]) == (count, 0, 0)
    print(
        f"\n{count} mails: {took:.1f} s ({cpu(process) - used:.1f} s CPU), bare {bare:.1f} s: {took / bare:.1f} times"
    )
    engine.close()
    process.stop()
    assert took < OLDER_MAIL_AT_MOST[fresh_store.name] * bare


def bare_download(account: Account) -> float:
    """Seconds to download and parse all mails with the standard library's client and our parser."""
    begun = time.perf_counter()
    with account.open() as imap:
        imap.select(readonly=True)
        numbers = imap.uid("SEARCH", "ALL")[1][0].split()
        for at in range(0, len(numbers), 200):
            found = imap.uid("FETCH", b",".join(numbers[at : at + 200]).decode(), "(FLAGS BODY.PEEK[])")[1]
            for each in found:
                if isinstance(each, tuple):
                    parser.parse(each[1])
    return time.perf_counter() - begun
