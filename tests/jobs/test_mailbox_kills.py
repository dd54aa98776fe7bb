"""A server that is killed while it reads a mailbox, and lines that are cut, lose no mail and store none twice."""

import random
import time
from typing import Any

import httpx
import pytest

from boxwood.core.accounts import api_keys
from boxwood.core.people import teams, users
from boxwood.db.engine import Db
from boxwood.db.open import open_engine
from tests.conftest import Store, ok
from tests.mail_servers.imap_proxy import imap_proxy
from tests.mail_servers.servers import Account
from tests.processes import Process

MATCHED = 3
"""Every third mail belongs to a box."""


def mail(number: int) -> bytes:
    sender = "kim@client.example" if number % MATCHED == 0 else f"friend{number}@home.example"
    return (
        f"From: {sender}\r\nTo: ada@example.com\r\nSubject: Mail {number}\r\nMessage-ID: <{number}@x.example>\r\n"
        f"Date: Mon, 30 Nov 2026 10:00:00 +0000\r\n\r\n{'text ' * 200}\r\n"
    ).encode()


def make_user(db: Db) -> tuple[str, str]:
    now = time.time_ns() // 1_000_000
    user = users.create(db, "ada@example.com", now)
    return api_keys.create(db, user, now)[1], teams.create(db, "Team", user, now).key


def connect(store: Store, account: Account, port: int) -> tuple[str, str]:
    """The API key of a user, and the key of the mailbox. The user has a box with the customer's mail."""
    engine = open_engine(store.url, store.config().sqlite_path, readers=1)
    key, team = engine.write(make_user)
    engine.close()
    process = Process(store, "--allow-private-webhooks")
    with client(process, key) as http:
        pipeline = ok(http.post("/api/v2/pipelines", json={"name": "Deals", "teamKey": team, "stages": ["Lead"]}))
        box = ok(http.post(f"/api/v2/pipelines/{pipeline['key']}/boxes", json={"name": "Acme"}))
        first = mail(0).decode()
        ok(http.post(f"/api/v2/boxes/{box['key']}/messages", json={"raw": first.replace("<0@", "<first@")}))
        imap = {**account.imap, "port": port}
        body = {"address": account.address, "imap": imap, "teamKey": team}
        mailbox = ok(http.post("/api/v2/mailboxes", json=body))["key"]
    process.kill()
    return key, mailbox


def client(process: Process, key: str) -> httpx.Client:
    return httpx.Client(base_url=process.url, auth=(key, ""), timeout=120, trust_env=False, verify=False)


def state(process: Process, key: str, mailbox: str) -> dict[str, Any]:
    with client(process, key) as http:
        return dict(ok(http.get(f"/api/v2/mailboxes/{mailbox}")))


@pytest.mark.parametrize(
    ("count", "kills", "cuts"),
    [(120, 3, 3), pytest.param(10_000, 50, 50, marks=pytest.mark.long)],
    ids=["short", "long"],
)
def test_kills_and_cut_lines_lose_nothing_and_double_nothing(
    fresh_store: Store, account: Account, count: int, kills: int, cuts: int
) -> None:
    account.append(*(mail(number) for number in range(count)))
    chance = random.Random(1)
    with imap_proxy(account.servers.ports["IMAP"]) as proxy:
        key, mailbox = connect(fresh_store, account, proxy.port)
        for kill in range(kills):
            process = Process(fresh_store, "--allow-private-webhooks")
            for _ in range(cuts // kills):
                time.sleep(chance.uniform(0.1, 0.6))
                proxy.cut()
                with client(process, key) as http:
                    ok(http.post(f"/api/v2/mailboxes/{mailbox}/resume"))
            time.sleep(chance.uniform(0.05, 0.8))
            process.kill()
            assert kill < kills
        process = Process(fresh_store, "--allow-private-webhooks")
        with client(process, key) as http:
            ok(http.post(f"/api/v2/mailboxes/{mailbox}/resume"))
        deadline = time.monotonic() + 600
        while (now := state(process, key, mailbox))["state"] != "ready":
            assert time.monotonic() < deadline, now
            time.sleep(0.1)
        process.stop()
    engine = open_engine(fresh_store.url, fresh_store.config().sqlite_path, readers=1)
    expected = len(range(0, count, MATCHED))
    assert (now["stored"], now["skipped"], now["refused"]) == (expected, count - expected, 0)
    assert engine.read(lambda db: db.rows("SELECT COUNT(*), COUNT(DISTINCT mail_key) FROM messages")) == [
        (expected + 1, expected + 1)
    ]
    assert engine.read(lambda db: db.rows("SELECT COUNT(*) FROM mail_places")) == [(expected,)]
    engine.close()
