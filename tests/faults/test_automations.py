"""Whatever is killed in the middle, each box's automation runs once: every step's effect is there once, and each
request was sent at least once, always under the same id."""

import contextlib
import itertools
import random
import threading
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.conftest import Store, ok
from tests.faults.test_crashes import a_key
from tests.jobs.webhooks import eventually
from tests.processes import Process, Workers
from tests.receiver import Answer, Received, Receiver

# On PostgreSQL a run that was under way comes due when its lease ends; the test does not wait a minute for that.
# Nor for another attempt: the first after one that was killed waits for a minute.
IMPATIENT = (
    "from boxwood.core.automations import run_engine; run_engine.LEASE = 2_000; "
    "from boxwood.core.webhooks import delivery_queue; delivery_queue.RETRIES = (500,) * 10"
)
OPTIONS = ("--allow-private-webhooks", "--log-level", "warning")


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Takes its time, so that kills come in the middle, and fails the first attempt of a third."""
    running = Receiver()
    seen: set[str] = set()

    def answer(request: Received) -> Answer:
        first, _ = request.id not in seen, seen.add(request.id)
        return Answer(503 if first and sum(request.id.encode()) % 3 == 0 else 200, after=0.05)

    running.answer = answer
    yield running
    running.close()


class Automated:
    """A pipeline whose new boxes get a note, are sent to the receiver, and get a comment and a task."""

    def __init__(self, server: Process, store: Store, receiver: Receiver) -> None:
        self.receiver, self.url, self.key = receiver, server.url, a_key(store)
        self.client = httpx.Client(base_url=server.url, auth=(self.key, ""), timeout=120, trust_env=False)
        self.pipeline = ok(self.client.put("/api/v1/pipelines?name=Deals"))["key"]
        steps = [
            {"type": "box.edit", "with": {"addNotes": "seen"}},
            {"type": "http.request", "with": {"url": f"{receiver.url}/sent", "json": {"box": "{{ box.key }}"}}},
            {"type": "comment.create", "with": {"message": "sent {{ box.key }}"}},
            {"type": "task.create", "with": {"text": "look at {{ box.key }}"}},
        ]
        body = {"name": "R", "trigger": {"type": "box.created"}, "steps": steps}
        self.rule = ok(self.client.post(f"/api/v2/pipelines/{self.pipeline}/automations", json=body))["key"]
        self.created: list[str] = []

    @contextlib.contextmanager
    def written_to(self) -> Iterator[None]:
        done = threading.Event()
        writers = [threading.Thread(target=self._write, args=(done,)) for _ in range(2)]
        for writer in writers:
            writer.start()
        try:
            yield
        finally:
            done.set()
            for writer in writers:
                writer.join()

    def _write(self, done: threading.Event) -> None:
        with (
            contextlib.suppress(httpx.TransportError),
            httpx.Client(base_url=self.url, auth=(self.key, ""), timeout=10, trust_env=False) as client,
        ):
            while not done.wait(0.02):
                created = ok(client.post(f"/api/v2/pipelines/{self.pipeline}/boxes", json={"name": "Acme"}))
                self.created.append(created["key"])

    def runs(self, **which: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        for page in itertools.count():
            params = {"limit": "1000", "page": str(page), **which}
            answer = ok(self.client.get(f"/api/v2/automations/{self.rule}/runs", params=params))
            found += answer["results"]
            if not answer["hasNextPage"]:
                return found
        raise AssertionError("unreachable")

    def wait(self) -> None:
        """Until every run has ended, for as long as some do."""
        left, deadline = -1, 0.0
        while under_way := len(self.runs(state="RUNNING")):
            if under_way != left:
                left, deadline = under_way, time.monotonic() + 120
            assert time.monotonic() < deadline, self.runs(state="RUNNING")[:3]
            time.sleep(0.25)

    def check(self) -> None:
        stored = {box["key"]: box for box in ok(self.client.get(f"/api/v1/pipelines/{self.pipeline}/boxes"))}
        assert set(self.created) <= stored.keys()
        runs = self.runs()
        assert {run["state"] for run in runs} == {"DONE"}
        assert Counter(run["boxKey"] for run in runs) == Counter(stored.keys())
        for key, box in stored.items():
            assert (box["notes"], box["commentCount"], box["taskTotal"]) == ("seen", 1, 1), key
        requests = {(request.id, request.body) for request in self.receiver.received("/sent")}
        assert len(requests) == len({id_ for id_, _ in requests}) == len({body for _, body in requests}) == len(stored)
        assert self.created
        answered = Counter(request.id for request in self.receiver.received("/sent"))
        again = sum(answered.values()) - len(stored) - sum(sum(id_.encode()) % 3 == 0 for id_ in answered)
        print(f"\n{len(stored):,} runs of four steps, all done once; {again:,} requests were sent once more")


@pytest.mark.slow
@pytest.mark.parametrize("kills", [2, pytest.param(30, marks=pytest.mark.long)])
def test_a_killed_server_goes_on_with_every_run(fresh_store: Store, receiver: Receiver, kills: int) -> None:
    server = Process(fresh_store, *OPTIONS, setup=IMPATIENT)
    automated = Automated(server, fresh_store, receiver)
    with contextlib.closing(automated.client):
        for _ in range(kills):
            with automated.written_to():
                time.sleep(random.uniform(0.4, 0.9))
                server.kill()
            server.start()
        automated.wait()
        automated.check()
    assert server.stop() == 0


@pytest.mark.slow
@pytest.mark.parametrize("kills", [3, pytest.param(60, marks=pytest.mark.long)])
def test_killed_workers_leave_every_run_to_the_others(fresh_store: Store, receiver: Receiver, kills: int) -> None:
    if fresh_store.name == "sqlite":
        pytest.skip("one process does everything on SQLite; that is the test above")
    server = Process(fresh_store, *OPTIONS, "--no-deliveries")
    automated = Automated(server, fresh_store, receiver)
    with Workers(fresh_store, *OPTIONS, setup=IMPATIENT) as workers, contextlib.closing(automated.client):
        for _ in range(2):
            workers.start()
        with automated.written_to():
            for _ in range(kills):
                workers.start()
                count = len(receiver.received("/sent"))
                eventually(lambda count=count: len(receiver.received("/sent")) > count)  # type: ignore[misc]
                time.sleep(random.uniform(0.0, 0.4))
                workers.kill_the_oldest()
        automated.wait()
        automated.check()
        assert workers.stop() == [0, 0], workers.log.read_text()
    assert server.stop() == 0
