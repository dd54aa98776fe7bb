"""A server that is killed while it sends a mailing sends nothing twice, and forgets no recipient."""

import random
import time
from collections import Counter
from email import message_from_bytes, policy
from typing import Any

import pytest

from boxwood.db.open import open_engine
from tests.conftest import Store, ok
from tests.jobs.test_mailbox_kills import client, make_user
from tests.mail_servers.servers import Account
from tests.processes import Process

SENDING = {"gapSeconds": 0, "perHour": 10_000, "perDay": 10_000, "weekends": True}


def recipients_of(account: Account) -> Counter[str]:
    """How often each address got the mailing: the header To of every mail that arrived."""
    with account.open() as mails:
        mails.select("INBOX", readonly=True)
        numbers = mails.search(None, "ALL")[1][0].split()
        found = mails.fetch(b",".join(numbers), "(BODY.PEEK[HEADER.FIELDS (TO)])")[1] if numbers else []
    heads = [message_from_bytes(part[1], policy=policy.default) for part in found if isinstance(part, tuple)]
    return Counter(head["To"].addresses[0].addr_spec for head in heads)


@pytest.mark.parametrize(
    ("count", "kills"), [(15, 1), pytest.param(1000, 20, marks=pytest.mark.long)], ids=["short", "long"]
)
@pytest.mark.slow
def test_a_killed_mailing_goes_on_and_sends_nothing_twice(
    fresh_store: Store, mail_servers: Any, count: int, kills: int
) -> None:
    own, customer = mail_servers.account(), mail_servers.account()
    addresses = [customer.address.replace("@", f"+{at}@") for at in range(count)]
    engine = open_engine(fresh_store.url, fresh_store.config().sqlite_path, readers=1)
    key, team = engine.write(make_user)
    process = Process(fresh_store, "--allow-private-webhooks")
    with client(process, key) as http:
        body = {"address": own.address, "imap": own.imap, "smtp": own.smtp, "teamKey": team, "sending": SENDING}
        mailbox = ok(http.post("/api/v2/mailboxes", json=body))["key"]
        people = [
            ok(http.post(f"/api/v2/teams/{team}/contacts", json={"emailAddresses": [address]}))["key"]
            for address in addresses
        ]
        mail = {"name": "News", "mailboxKey": mailbox, "subject": "News", "text": "To {{contact.email}}"}
        at = f"/api/v2/mailings/{ok(http.post('/api/v2/mailings', json=mail))['key']}"
        ok(http.post(f"{at}/recipients", json={"contactKeys": people}))
        ok(http.post(f"{at}/start"))
    chance = random.Random(1)
    killed, last = 0, 0
    for _ in range(kills * 10):
        handed = engine.read(lambda db: db.rows("SELECT COUNT(*) FROM sent_letters WHERE handed_at IS NOT NULL"))[0][0]
        if handed < count and killed < kills and handed >= last:
            time.sleep(chance.uniform(0.2, 1.2))
            process.kill()
            killed, last = killed + 1, handed
            # No other process is left: the leases end at once, as they would after a minute.
            engine.write(lambda db: db.run("UPDATE sent_letters SET lease_until = 0"))
            engine.write(lambda db: db.run("UPDATE mailboxes SET lease_until = 0, worker = NULL"))
            process.start()
    deadline = time.monotonic() + 600
    with client(process, key) as http:
        while (now := ok(http.get(at)))["state"] != "done":
            assert time.monotonic() < deadline, now
            time.sleep(0.2)
        counts = now["counts"]
    assert counts["total"] == count == counts["sent"] + counts["doubtful"]
    assert counts["doubtful"] <= killed == kills
    in_doubt = engine.read(
        lambda db: db.rows(
            "SELECT r.address FROM mailing_recipients r JOIN sent_letters s ON s.key = r.letter_key "
            "WHERE s.state = 'doubtful'"
        )
    )
    certain = set(addresses) - {address for (address,) in in_doubt}
    while not certain <= (arrived := recipients_of(customer)).keys():  # the mail server delivers them one by one
        assert time.monotonic() < deadline, certain - arrived.keys()
        time.sleep(0.5)
    process.stop()
    assert max(arrived.values()) == 1
    assert arrived.keys() <= set(addresses)
    print(f"{count} recipients, {killed} kills: {counts['sent']} sent, {counts['doubtful']} in doubt, 0 twice")
    engine.close()
