"""A recipient who replies a moment before a step of a sequence gets no further mail of it. Mail servers are real."""

import time
from datetime import UTC, datetime
from email.utils import format_datetime, make_msgid
from typing import Any

import pytest

from tests.api.test_mailings import V2, box_with
from tests.api.test_sequences import sequence_of
from tests.conftest import World, ok
from tests.jobs.test_letters import connect
from tests.jobs.test_letters import sending as sending
from tests.jobs.test_mailings import SENDING, recipients_of
from tests.jobs.webhooks import eventually

STEPS = [{"type": "wait", "days": 5}, {"type": "mail", "subject": "Did you see it?", "text": "I wrote last week."}]


def reply(sender: str, to: str) -> bytes:
    now = format_datetime(datetime.now(UTC))
    head = f"From: {sender}\r\nTo: {to}\r\nSubject: Re: Offer\r\nMessage-ID: {make_msgid()}\r\nDate: {now}\r\n\r\n"
    return f"{head}Yes, please.\r\n".encode()


@pytest.mark.parametrize("count", [10, pytest.param(100, marks=pytest.mark.long)])
@pytest.mark.slow
def test_a_reply_just_before_a_step_keeps_the_mail_back(sending: World, mail_servers: Any, count: int) -> None:
    world, own, customer = sending, mail_servers.account(), mail_servers.account()
    mailbox = connect(world, own, sending=SENDING)
    pipeline = world.pipeline()
    addresses = [customer.address.replace("@", f"+{at}@") for at in range(count + 1)]
    boxes = [box_with(world, pipeline, address, name=address) for address in addresses]
    sequence = sequence_of(world, pipeline, STEPS)
    body = {"boxKeys": boxes, "mailboxKey": mailbox}
    runs = [each["key"] for each in ok(world.ada.http.post(f"{V2}/sequences/{sequence}/start", json=body))["started"]]
    engine = world.server.engine
    path = f"{V2}/sequences/{sequence}"
    waiting = "SELECT COUNT(*) FROM sequence_runs WHERE waits = TRUE"
    eventually(lambda: engine.read(lambda db: db.rows(waiting)) == [(count + 1,)])

    due = "UPDATE sequence_runs SET due_at = :now WHERE key = :run"
    for address, run in zip(addresses, runs, strict=True):
        if address != addresses[-1]:  # the last recipient does not reply
            own.deliver(reply(address, own.address), sender=address)
        engine.write(lambda db, run=run: db.run(due, now=world.clock(), run=run))
    eventually(lambda: ok(world.ada.http.get(path))["counts"] == {"stopped": count, "done": 1})
    eventually(lambda: recipients_of(customer).total() >= 1)
    time.sleep(1)  # a second mail would arrive meanwhile
    assert recipients_of(customer) == {addresses[-1]: 1}
    reasons = {each["reason"] for each in ok(world.ada.http.get(f"{path}/runs"))["results"] if "reason" in each}
    assert reasons == {"the recipient replied"}
