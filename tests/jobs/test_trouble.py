"""Deliveries that fail for a long time: breaker, switching off, replays, order, and workers that die."""

import contextlib
import socketserver
import threading
from collections.abc import Iterator

import pytest

from boxwood.core.webhooks import deliveries as deliveries_of
from boxwood.core.webhooks import delivery_queue, delivery_results
from boxwood.core.webhooks.delivery_queue import DeliveryCapacity
from boxwood.db.engine import Db
from tests.conftest import World, ok, refused
from tests.jobs.webhooks import Hook, all_is_well, deliveries, eventually, receiver, settled
from tests.receiver import Answer, Receiver

__all__ = ["all_is_well", "receiver"]
MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000


def failing(receiver: Receiver, hook: Hook) -> None:
    receiver.answer = lambda request: Answer(500 if request.path == hook.path else 200)


def fail_until_broken(world: World, hook: Hook) -> None:
    """Ten failures over more than a minute."""
    for _ in range(5):
        world.box(hook.pipeline)
    settled(hook, attempts=5)
    world.clock.advance(ms=MINUTE)
    settled(hook, attempts=10)


def test_an_endpoint_that_only_fails_is_probed_until_it_succeeds(world: World, receiver: Receiver) -> None:
    hook = Hook(world.ada, receiver, "BOX_CREATE", pipeline=world.pipeline())
    failing(receiver, hook)
    fail_until_broken(world, hook)
    assert ok(world.ada.http.get(hook.own))["failingSince"]
    world.box(hook.pipeline)
    hook.quiet_after(10)
    world.clock.advance(ms=31_000)
    settled(hook, attempts=11)
    hook.quiet_after(11)
    receiver.answer = lambda request: Answer()
    world.clock.advance(ms=31_000)
    eventually(lambda: "failingSince" not in ok(world.ada.http.get(hook.own)))
    world.clock.advance(ms=HOUR)
    eventually(lambda: {delivery["state"] for delivery in deliveries(hook)} == {"DELIVERED"})
    assert len({request.id for request in receiver.received(hook.path)}) == 6


def test_five_days_of_failure_switch_off_and_missed_events_can_be_replayed(world: World, receiver: Receiver) -> None:
    hook = Hook(world.ada, receiver, "BOX_CREATE", pipeline=world.pipeline())
    failing(receiver, hook)
    fail_until_broken(world, hook)
    world.clock.advance(days=5)
    world.box(hook.pipeline)
    eventually(lambda: not ok(world.ada.http.get(hook.own))["active"])
    assert ok(world.ada.http.get(hook.own))["offReason"] == "nothing but failures for five days"
    receiver.answer = lambda request: Answer()
    count = len(receiver.received(hook.path))
    missed = [world.box(hook.pipeline)["key"] for _ in range(3)]
    refused(world.ada.http.post(f"{hook.own}/test"), 400, "switched off")
    assert ok(world.ada.http.post(hook.own, json={"active": True}))["missedFrom"]
    hook.quiet_after(count)
    dry = ok(world.ada.http.post(f"{hook.own}/replay", json={"dryRun": True}))
    assert (dry["count"], len(dry["effects"]["webhooks"])) == (3, 3)
    hook.quiet_after(count)
    assert ok(world.ada.http.post(f"{hook.own}/replay")) == {"count": 3}
    hook.wait(count + 3)
    assert {request.things[0]["key"] for request in receiver.received(hook.path)[count:]} == set(missed)
    assert "missedFrom" not in ok(world.ada.http.get(hook.own))


def test_after_eleven_attempts_a_delivery_is_dead_and_can_be_sent_again(world: World, receiver: Receiver) -> None:
    hook = Hook(world.ada, receiver, "BOX_CREATE", pipeline=world.pipeline())
    receiver.answer = lambda request: Answer(404 if request.path == hook.path else 200)
    world.box(hook.pipeline)
    for attempt in range(1, 12):
        settled(hook, attempts=attempt)
        world.clock.advance(ms=int(delivery_queue.RETRIES[min(attempt, 10) - 1] * 1.2) + 1000)
    (dead,) = deliveries(hook)
    assert (dead["state"], dead["lastStatus"]) == ("DEAD", 404)
    hook.quiet_after(11)
    receiver.answer = lambda request: Answer()
    assert ok(world.ada.http.post(f"/api/v2/deliveries/{dead['key']}/resend"))["state"] == "WAITING"
    assert len({request.id for request in hook.wait(12)}) == 1
    settled(hook, attempts=12)
    assert [delivery["state"] for delivery in deliveries(hook)] == ["DELIVERED"]


def test_a_time_span_is_replayed_with_the_same_ids(world: World, receiver: Receiver) -> None:
    hook = Hook(world.ada, receiver, "BOX_CREATE", pipeline=world.pipeline())
    created = []
    for _ in range(4):
        world.clock.advance(ms=1000)
        created.append(world.box(hook.pipeline)["creationTimestamp"])
    first = hook.wait(4)
    settled(hook, attempts=4)
    span = {"from": created[1], "to": created[2]}
    assert ok(world.ada.http.post(f"{hook.own}/replay", json={**span, "dryRun": True}))["count"] == 2
    assert ok(world.ada.http.post(f"{hook.own}/replay", json=span)) == {"count": 2}
    again = hook.wait(6)[4:]
    wanted = [request for request in first if request.things[0]["creationTimestamp"] in created[1:3]]
    assert {request.id for request in again} == {request.id for request in wanted}
    assert {request.body for request in again} <= {request.body for request in first}
    assert ok(world.ada.http.post(f"{hook.own}/replay", json={**span, "which": "failed"})) == {"count": 0}
    for bad, names in (({"from": 2, "to": 1}, "to"), ({}, "from"), ({"from": "x"}, "from"), ({"which": "no"}, "which")):
        refused(world.ada.http.post(f"{hook.own}/replay", json=bad), 400, names)


def test_a_replay_can_be_cancelled(world: World, receiver: Receiver) -> None:
    hook = Hook(world.ada, receiver, "BOX_CREATE", pipeline=world.pipeline(), ordered=True)
    since = world.clock()
    for _ in range(5):
        world.box(hook.pipeline)
    hook.wait(5)
    settled(hook, attempts=5)
    cancelled = threading.Event()
    receiver.answer = lambda request: Answer(after=cancelled)
    assert ok(world.ada.http.post(f"{hook.own}/replay", json={"from": since})) == {"count": 5}
    hook.receiver.wait_for(hook.path, 6)
    assert ok(world.ada.http.post(f"{hook.own}/replay/cancel"))["count"] >= 4
    cancelled.set()
    hook.quiet_after(6)


def test_an_ordered_endpoint_waits_for_a_failed_delivery(world: World, receiver: Receiver) -> None:
    hook = Hook(world.ada, receiver, "BOX_CREATE", pipeline=world.pipeline(), ordered=True)
    failed = iter([500])
    receiver.answer = lambda request: Answer(next(failed, 200) if request.path == hook.path else 200)
    for number in range(4):
        world.box(hook.pipeline, name=str(number))
    hook.wait()
    settled(hook, attempts=1)
    hook.quiet_after(1)
    world.clock.advance(ms=6_500)
    sent = hook.wait(5)
    assert [request.things[0]["name"] for request in sent] == ["0", "0", "1", "2", "3"]
    numbers = [int(request.headers["x-boxwood-sequence"]) for request in sent]
    assert numbers == sorted(numbers)


def test_a_test_delivery_is_one_attempt_with_the_newest_event(world: World, receiver: Receiver) -> None:
    hook = Hook(world.ada, receiver, "BOX_CREATE", pipeline=world.pipeline())
    empty = ok(world.ada.http.post(f"{hook.own}/test"))
    assert empty["test"] is True
    (sent,) = hook.wait()
    assert (sent.body, sent.headers["x-boxwood-test"], sent.id) == (b"[]", "true", empty["key"])
    box = world.box(hook.pipeline)
    hook.wait(2)
    failing(receiver, hook)
    tested = ok(world.ada.http.post(f"{hook.own}/test"))
    assert hook.wait(3)[2].things == [box]
    eventually(lambda: ok(world.ada.http.get(f"/api/v2/deliveries/{tested['key']}"))["state"] == "DEAD")
    assert "failingSince" not in ok(world.ada.http.get(hook.own))


def test_deliveries_of_a_dead_worker_are_taken_over_when_its_lease_ends(world: World, receiver: Receiver) -> None:
    hook = Hook(world.ada, receiver, "BOX_CREATE", pipeline=world.pipeline())
    receiver.answer = lambda request: Answer(503 if request.path == hook.path else 200)
    world.box(hook.pipeline)
    settled(hook, attempts=1)
    receiver.answer = lambda request: Answer()
    later = world.clock() + 10_000
    capacity = DeliveryCapacity(worker="dead", lease_until=later + MINUTE, total=100, retries=50, each=8, limits={})
    taken = world.server.engine.write(lambda db: delivery_queue.take(db, later, capacity))
    assert [found.webhook.key for found in taken if found.webhook.key == hook.subscription["key"]]
    world.clock.advance(ms=40_000)
    hook.quiet_after(1)
    world.clock.advance(ms=31_000)
    hook.wait(2)


@pytest.mark.parametrize(
    ("url", "names"),
    [("http://[::1]:1/", "no usable answer"), ("https://127.0.0.1:9/", "no usable answer")],
)
def test_a_request_without_a_reply_is_a_failure_with_a_reason(world: World, url: str, names: str) -> None:
    pipeline = world.pipeline()
    body = {"event": "BOX_CREATE", "targetUrl": url, "pipelineKey": pipeline["key"]}
    hook = ok(world.ada.http.post("/api/v2/webhooks", json=body))
    world.box(pipeline)
    path = f"/api/v2/webhooks/{hook['key']}/deliveries"
    eventually(lambda: names in ok(world.ada.http.get(path))["results"][0].get("lastError", ""))
    refused(world.ada.http.get(path, params={"state": "lost"}), 400, "state")
    assert ok(world.ada.http.get(path, params={"state": "DEAD"}))["results"] == []
    assert len(ok(world.ada.http.get(path, params={"state": "waiting"}))["results"]) == 1


def test_due_deliveries_are_found_by_the_index_however_many_there_are(world: World) -> None:
    """No plan reads the deliveries themselves, also not if statistics say that most rows are due."""
    engine = world.server.engine
    pipeline = world.pipeline()
    body = {"event": "BOX_CREATE", "targetUrl": "https://receiver.example/", "pipelineKey": pipeline["key"]}
    hook = ok(world.ada.http.post("/api/v2/webhooks", json=body))["key"]
    ok(world.ada.http.post(f"/api/v2/webhooks/{hook}", json={"active": False}))

    def fill(db: Db) -> None:
        rows = ({**deliveries_of.row(0, number, "BOX_CREATE", hook), "now": 1} for number in range(1, 20_001))
        db.many(deliveries_of.INSERT, rows)

    engine.write(fill)
    engine.write(lambda db: db.run("ANALYZE deliveries"))
    explain = "EXPLAIN QUERY PLAN " if engine.one_process else "EXPLAIN "
    try:
        plans = [
            engine.read(lambda db: db.rows(explain + delivery_queue._ENDPOINTS, after="", most=256, now=2, no=False)),
            engine.read(lambda db: db.rows(explain + delivery_queue._OF_RANK, webhook=hook, rank=1, now=2, count=8)),
            engine.read(lambda db: db.rows(explain + delivery_queue._LATEST, webhook=hook, rank=0)),
        ]
        for plan in plans:
            text = "\n".join(str(row[-1]) for row in plan)
            assert "deliveries_due" in text
            assert "Seq Scan on deliveries" not in text, text
            assert "SCAN d\n" not in text + "\n", text
            assert "SCAN deliveries\n" not in text + "\n", text
    finally:
        engine.write(lambda db: db.run("DELETE FROM deliveries WHERE webhook_key = :hook", hook=hook))


def test_a_result_finds_its_delivery_by_key_also_if_statistics_say_that_none_is_due(world: World) -> None:
    engine = world.server.engine

    def fill(db: Db) -> None:
        db.many(deliveries_of.INSERT, (deliveries_of.row(0, number, "BOX_CREATE", "unused") for number in range(5_000)))
        db.run("UPDATE deliveries SET state = 'done', ended_at = 1 WHERE webhook_key = 'unused'")

    engine.write(fill)
    engine.write(lambda db: db.run("ANALYZE deliveries"))
    explain = "EXPLAIN QUERY PLAN " if engine.one_process else "EXPLAIN "
    ended = dict.fromkeys(("state", "log"), "[]") | dict.fromkeys(("rank", "due_at", "tries", "attempts", "won"), 0)
    try:
        for sql, given in ((delivery_results._SETTLE, {**ended, "ended_at": None}), (delivery_results._EXCLUDED, {})):
            plan = engine.write(lambda db, sql=sql, given=given: db.rows(explain + sql, key="one", **given))
            text = "\n".join(str(row[-1]) for row in plan)
            assert "deliveries_due" not in text, text
            assert "key" in text
    finally:
        engine.write(lambda db: db.run("DELETE FROM deliveries WHERE webhook_key = 'unused'"))


HEAD = b"HTTP/1.1 200 OK\r\n"
HOSTILE = {
    "a header of 10 MB": [HEAD, b"X: ", *[b"x" * 100_000] * 100, b"\r\n\r\n"],
    "headers without end": [HEAD, *[b"X: y\r\n" * 1000] * 2000],
    "no HTTP": [b"220 mail.example.com ESMTP\r\n"],
    "an answer broken off": [HEAD, b"Content-Length: 100\r\n\r\nx"],
}


@contextlib.contextmanager
def hostile(answer: list[bytes]) -> Iterator[str]:
    """A receiver that sends these pieces to every connection and closes it."""

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            self.request.recv(65_536)
            with contextlib.suppress(OSError):
                for piece in answer:
                    self.request.sendall(piece)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        serving.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}/"
        finally:
            server.shutdown()
            serving.join()


@pytest.mark.parametrize("how", HOSTILE)
def test_a_hostile_reply_is_a_failure_and_delays_no_other_endpoint(world: World, receiver: Receiver, how: str) -> None:
    pipeline = world.pipeline()
    with hostile(HOSTILE[how]) as url:
        body = {"event": "BOX_CREATE", "targetUrl": url, "pipelineKey": pipeline["key"]}
        bad = ok(world.ada.http.post("/api/v2/webhooks", json=body))
        good = Hook(world.ada, receiver, "BOX_CREATE", pipeline)
        world.box(pipeline)
        good.wait()
        path = f"/api/v2/webhooks/{bad['key']}/deliveries"
        eventually(lambda: "no usable answer" in ok(world.ada.http.get(path))["results"][0].get("lastError", ""))
        assert [delivery["state"] for delivery in ok(world.ada.http.get(path))["results"]] == ["WAITING"]
        ok(world.ada.http.delete(f"/api/v2/webhooks/{bad['key']}"))
