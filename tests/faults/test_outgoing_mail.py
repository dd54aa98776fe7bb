"""Every letter that was acknowledged is taken by the mail server at least once, whatever is killed in the middle."""

import asyncio
import random
import threading
import time
from collections import Counter

import httpx
import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session

from boxwood.db.open import open_engine
from tests.conftest import Store, ok
from tests.faults.test_crashes import a_key
from tests.jobs.webhooks import eventually
from tests.mailbox import Mailbox, link
from tests.processes import Process

# A letter that was under way when its server died comes due when its lease ends, which is five minutes elsewhere.
SHORT = (
    "from boxwood.core import outgoing_mail; outgoing_mail.LEASE = 2_000; "
    "from boxwood.jobs import outgoing_mail as job; job.LOOK_EVERY = 0.5"
)


class Slow(Mailbox):
    """Takes a while over each letter, as mail servers do: what is killed in between was taken all the same."""

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        answer = await super().handle_DATA(server, session, envelope)
        await asyncio.sleep(0.05)
        return answer


@pytest.mark.slow
@pytest.mark.parametrize("kills", [3, pytest.param(40, marks=pytest.mark.long)])
def test_a_killed_server_loses_no_letter(fresh_store: Store, monkeypatch: pytest.MonkeyPatch, kills: int) -> None:
    mailbox = Slow()
    mailbox.start()
    settings = {"SMTP_URL": mailbox.url, "MAIL_FROM": "crm@example.com", "URL": "https://crm.example"}
    for name, value in settings.items():
        monkeypatch.setenv(f"BOXWOOD_{name}", value)
    server = Process(fresh_store, "--log-level", "warning", setup=SHORT)
    key = a_key(fresh_store)
    asked: list[str] = []
    invited: list[str] = []
    try:
        with httpx.Client(base_url=server.url, auth=(key, ""), timeout=120, trust_env=False) as client:
            team = ok(client.get("/api/v2/users/me/teams"))["results"][0]["key"]
        for round_ in range(kills):
            enough = len(invited) + 3

            def invite(round_: int = round_) -> None:
                with httpx.Client(base_url=server.url, auth=(key, ""), timeout=120, trust_env=False) as client:
                    try:
                        for number in range(1000):
                            email = f"p{round_}-{number}@example.com"
                            asked.append(email)
                            ok(client.post(f"/api/v2/teams/{team}/invitations", json={"email": email}))
                            invited.append(email)
                    except httpx.TransportError:
                        return

            writer = threading.Thread(target=invite)
            writer.start()
            eventually(lambda enough=enough: len(invited) >= enough, 60)
            time.sleep(random.uniform(0, 0.3))  # somewhere in the middle of whatever it is about
            server.kill()
            writer.join()
            server.start()
        engine = open_engine(fresh_store.url, fresh_store.config().sqlite_path, readers=1)
        waiting = "SELECT COUNT(*) FROM letters WHERE state <> 'sent'"
        eventually(lambda: engine.read(lambda db: db.row(waiting)) == (0,), 60)
        kept = engine.read(lambda db: db.row("SELECT COUNT(*) FROM letters"))
        engine.close()
        assert server.stop() == 0
    finally:
        server.end()
        mailbox.stop()
    came = Counter(str(mail["To"]) for mail in mailbox.came)
    assert set(invited) <= set(came), "what was acknowledged was sent"
    assert set(came) <= set(asked)
    assert kept == (len(came),), "one letter for each invitation that is there"
    ids = {(mail["To"], mail["Message-ID"]) for mail in mailbox.came}
    assert len(ids) == len(came), "what was sent twice is the same letter to who gets it"
    assert all(link(mail).startswith("https://crm.example/invitation#") for mail in mailbox.came)
