"""A server that is killed while it sends letters sends none of them twice, and forgets none."""

import random
import threading
import time
from collections import Counter
from typing import Any

import httpx
import pytest

from boxwood.core.accounts import api_keys
from boxwood.core.activity.sending import letters, senders
from boxwood.core.activity.sending.records import LetterContent
from boxwood.core.context import Ctx
from boxwood.core.people import teams, users
from boxwood.core.records import USERS
from boxwood.db.engine import Db
from boxwood.db.open import open_engine
from boxwood.lib.mail import Address
from tests.conftest import Store, ok
from tests.mail_servers.servers import Account
from tests.mailbox import Mailbox
from tests.processes import Process

pytestmark = pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")


class Run:
    """A team with a mailbox, and many letters that are due."""

    def __init__(self, store: Store, account: Account, port: int, count: int) -> None:
        self.store = store
        self.engine = open_engine(store.url, store.config().sqlite_path, readers=1)
        self.key, self.team, self.user = self.engine.write(self._user)
        process = self.start()
        body = {
            "address": account.address,
            "imap": account.imap,
            "smtp": {"host": "127.0.0.1", "port": port, "security": "none", "password": account.password},
            "teamKey": self.team,
            "sending": {"perHour": 10_000, "perDay": 100_000, "gapSeconds": 0},
        }
        with self.client(process) as http:
            self.mailbox = ok(http.post("/api/v2/mailboxes", json=body))["key"]
            pipeline = ok(http.post("/api/v2/pipelines", json={"name": "Deals", "teamKey": self.team, "stages": ["A"]}))
            self.box = ok(http.post(f"/api/v2/pipelines/{pipeline['key']}/boxes", json={"name": "Acme"}))["key"]
            process.kill()
        for first in range(0, count, 100):
            self.engine.write(lambda db, first=first: self._schedule(db, range(first, min(first + 100, count))))

    def _user(self, db: Db) -> tuple[str, str, Any]:
        now = time.time_ns() // 1_000_000
        user = users.create(db, "ada@example.com", now)
        return api_keys.create(db, user, now)[1], teams.create(db, "Team", user, now).key, user.key

    def _schedule(self, db: Db, numbers: range) -> None:
        row = db.row(f"SELECT {USERS.columns} FROM users WHERE key = :key", key=self.user)
        assert row is not None
        ctx = Ctx(db, time.time_ns() // 1_000_000, USERS.load(row))
        mailbox = senders.get(ctx, self.mailbox)
        for number in numbers:
            to = [Address(f"c{number}@client.example")]
            content = LetterContent(to=to, subject=f"Offer {number}", html=f"<p>Hello {number}</p>")
            letters.schedule(
                ctx, content, mailbox=mailbox, box_key=self.box, thread_key=None, due_at=ctx.now, automatic=True
            )

    def start(self) -> Process:
        return Process(self.store, "--allow-private-webhooks")

    def client(self, process: Process) -> httpx.Client:
        return httpx.Client(base_url=process.url, auth=(self.key, ""), timeout=120, trust_env=False, verify=False)

    def ids(self, state: str) -> set[str]:
        sql = "SELECT message_id FROM sent_letters WHERE state = :state"
        return {str(found) for (found,) in self.engine.read(lambda db: db.rows(sql, state=state))}

    def states(self) -> Counter[str]:
        rows = self.engine.read(lambda db: db.rows("SELECT state, COUNT(*) FROM sent_letters GROUP BY state"))
        return Counter({str(state): int(count) for state, count in rows})


def run(store: Store, account: Account, *, count: int, kills: int) -> None:
    """Send letters, and kill the server again and again at moments at which it sends."""
    server = Slow(login=(account.address, account.password)).start()
    chance = random.Random(7)
    try:
        sending = Run(store, account, server.port, count)
        for number in range(kills):
            process = sending.start()
            goal = min(count - 1, (number + 1) * count // (kills + 1))
            deadline = time.monotonic() + 120
            while len(server.came) < goal and time.monotonic() < deadline:
                time.sleep(0.002)
            time.sleep(chance.random() * 0.05)
            process.kill()
        process = sending.start()
        deadline = time.monotonic() + 300
        while sending.states().keys() & {"scheduled", "handing"} and time.monotonic() < deadline:
            time.sleep(0.2)
        states = sending.states()
        process.kill()
    finally:
        server.stop()
    arrived = Counter(to for recipients in server.to for to in recipients)
    twice = [to for to, times in arrived.items() if times > 1]
    print({"states": dict(states), "arrived": len(arrived), "twice": len(twice)})
    assert twice == []
    assert states["sent"] + states["doubtful"] == count, states
    assert states["doubtful"] <= kills
    assert len(arrived) >= states["sent"]
    in_doubt, sent = sending.ids("doubtful"), sending.ids("sent")
    ids = {str(mail["Message-ID"]).strip("<> ") for mail in server.came}
    assert sent <= ids, "a letter counts as sent that no server accepted"
    assert ids <= sent | in_doubt
    messages = sending.engine.read(lambda db: db.row("SELECT COUNT(*), COUNT(DISTINCT mail_key) FROM messages"))
    assert messages == (states["sent"], states["sent"])
    sending.engine.close()


class Slow(Mailbox):
    """A mail server that takes a moment after it accepted a mail, so that kills hit it there, too."""

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        answer = await super().handle_DATA(server, session, envelope)
        threading.Event().wait(0.003)
        return answer


@pytest.mark.slow
@pytest.mark.one_database
def test_a_killed_server_sends_no_letter_twice(fresh_store: Store, account: Account) -> None:
    run(fresh_store, account, count=10, kills=1)


@pytest.mark.long
def test_twenty_kills_while_a_thousand_letters_leave(fresh_store: Store, account: Account) -> None:
    run(fresh_store, account, count=1000, kills=20)
