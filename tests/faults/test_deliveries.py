"""Every acknowledged change is delivered, whatever is killed in the middle, and nothing else is."""

import contextlib
import random
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from boxwood.db import schema
from tests import postgres
from tests.conftest import Store, ok
from tests.faults.test_crashes import a_key
from tests.jobs.webhooks import eventually
from tests.processes import Process, Workers, run, store_options
from tests.receiver import Answer, Received, Receiver

# On PostgreSQL another worker takes over when a lease ends, which would take a minute.
SHORT_LEASES = "from boxwood.jobs import webhooks; webhooks.LEASE = 2_000"
# The first retry would take five seconds, and later ones more.
SHORT_PAUSES = "from boxwood.core.webhooks import delivery_queue; delivery_queue.RETRIES = (500,) * 10"
OPTIONS = ("--allow-private-webhooks", "--log-level", "warning")


class Unreliable(Receiver):
    """Fails the first attempt of a third of all deliveries, and notes those that it accepted."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: set[str] = set()
        self.failed: set[str] = set()
        self.took: list[Received] = []
        self.answer = self._answer

    def _answer(self, request: Received) -> Answer:
        first, _ = request.id not in self.seen, self.seen.add(request.id)
        if first and sum(request.id.encode()) % 3 == 0:
            self.failed.add(request.id)
            return Answer(500)
        self.took.append(request)
        return Answer()

    def taken(self, path: str) -> list[Received]:
        return [request for request in list(self.took) if request.path == path]


@pytest.fixture
def receiver() -> Iterator[Unreliable]:
    running = Unreliable()
    yield running
    running.close()


class Watched:
    """A pipeline whose new boxes are sent to the receiver."""

    def __init__(self, server: Process, store: Store, receiver: Unreliable) -> None:
        self.receiver, self.url, self.key = receiver, server.url, a_key(store)
        self.client = httpx.Client(base_url=server.url, auth=(self.key, ""), timeout=120, trust_env=False)
        self.pipeline = ok(self.client.put("/api/v1/pipelines?name=Deals"))["key"]
        self.hooks = [self._subscribe(f"/{number}") for number in range(3)]
        self.created: list[str] = []

    def _subscribe(self, path: str) -> str:
        body = {"event": "BOX_CREATE", "targetUrl": self.receiver.url + path, "pipelineKey": self.pipeline}
        return str(ok(self.client.post("/api/v2/webhooks", json=body))["key"])

    @contextlib.contextmanager
    def written_to(self) -> Iterator[None]:
        """Four threads create boxes until the block ends or their server is killed."""
        done = threading.Event()
        writers = [threading.Thread(target=self._write, args=(done,)) for _ in range(4)]
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
            while not done.is_set():
                reply = client.post(f"/api/v2/pipelines/{self.pipeline}/boxes", json={"name": "Acme"})
                if reply.status_code == 503:  # the database is away: nothing was acknowledged
                    time.sleep(0.05)
                else:
                    self.created.append(ok(reply)["key"])

    def wait(self) -> None:
        """Wait until everything has arrived, as long as something arrives."""
        took, deadline = -1, 0.0
        while not self.all_arrived():
            if len(self.receiver.took) > took:
                took, deadline = len(self.receiver.took), time.monotonic() + 120
            assert time.monotonic() < deadline, self.left()
            time.sleep(0.25)

    def left(self) -> list[dict[str, int]]:
        """For each subscription, how many deliveries have not arrived, by state and attempts."""
        found = []
        for number, hook in enumerate(self.hooks):
            missing = set(self.created) - self.boxes(number)
            shown = ok(self.client.get(f"/api/v2/webhooks/{hook}"))
            states = Counter({"missing": len(missing), "failing": int("failingSince" in shown)})
            for page in range(50):
                path = f"/api/v2/webhooks/{hook}/deliveries?limit=1000&page={page}"
                for delivery in (listed := ok(self.client.get(path)))["results"]:
                    if delivery["state"] != "DELIVERED":
                        key = f"{delivery['state']} after {delivery['attemptCount']}: {delivery.get('lastError', '')}"
                        states[key] += 1
                if not listed["hasNextPage"]:
                    break
            found.append(dict(states))
        return found

    def all_arrived(self) -> bool:
        return all(set(self.created) <= self.boxes(number) for number in range(3))

    def boxes(self, number: int) -> set[str]:
        return {request.things[0]["key"] for request in self.receiver.taken(f"/{number}")}

    def check(self) -> None:
        """Each id belongs to one box, each box has one id, and every box that was sent exists."""
        stored = {box["key"] for box in ok(self.client.get(f"/api/v1/pipelines/{self.pipeline}/boxes"))}
        for number in range(3):
            sent = self.receiver.received(f"/{number}")
            pairs = {(request.id, request.things[0]["key"]) for request in sent}
            assert len(pairs) == len({key for key, _ in pairs}) == len({box for _, box in pairs})
            assert self.boxes(number) <= stored
        assert self.created

    def print_figures(self) -> None:
        """For `pytest -s`."""
        took, failed = len(self.receiver.took), len(self.receiver.failed)
        ids = {request.id for request in self.receiver.took}
        print(
            f"\n{len(self.created):,} changes acknowledged, {3 * len(self.created):,} deliveries owed; "
            f"{len(ids):,} arrived, {failed:,} of them refused at first; {took - len(ids):,} came again"
        )


@contextlib.contextmanager
def watching(server: Process, store: Store, receiver: Unreliable) -> Iterator[Watched]:
    """At the end of the block, everything has arrived and nothing else."""
    watched = Watched(server, store, receiver)
    with contextlib.closing(watched.client):
        yield watched
        watched.wait()
        watched.check()
        watched.print_figures()


@pytest.mark.parametrize("kills", [2, pytest.param(40, marks=pytest.mark.long)])
def test_a_killed_server_delivers_all_that_was_acknowledged(
    fresh_store: Store, receiver: Unreliable, kills: int
) -> None:
    server = Process(fresh_store, *OPTIONS, setup=f"{SHORT_LEASES}; {SHORT_PAUSES}")
    with watching(server, fresh_store, receiver) as watched:
        for _ in range(kills):
            before = len(watched.created)
            with watched.written_to():
                time.sleep(random.uniform(0.3, 0.8))
                eventually(lambda before=before: len(watched.created) > before)  # type: ignore[misc]
                server.kill()
            server.start()
    assert server.stop() == 0


@pytest.mark.parametrize("kills", [2, pytest.param(130, marks=pytest.mark.long)])
def test_killed_workers_lose_nothing(fresh_store: Store, receiver: Unreliable, kills: int) -> None:
    if fresh_store.name == "sqlite":
        pytest.skip("one process does everything on SQLite; that is the test above")
    server = Process(fresh_store, *OPTIONS, "--no-deliveries")
    with Workers(fresh_store, *OPTIONS, setup=f"{SHORT_LEASES}; {SHORT_PAUSES}") as workers:
        with watching(server, fresh_store, receiver) as watched:
            for _ in range(2):
                workers.start()
            with watched.written_to():
                for _ in range(kills):
                    time.sleep(random.uniform(0.7, 1.5))
                    workers.start()
                    workers.kill_the_oldest()
        assert workers.stop() == [0, 0], workers.log.read_text()
    assert server.stop() == 0


@pytest.mark.slow
@pytest.mark.parametrize("kills", [1, pytest.param(20, marks=pytest.mark.long)])
def test_a_killed_database_loses_nothing_it_acknowledged(tmp_path: Path, receiver: Unreliable, kills: int) -> None:
    """PostgreSQL with its usual settings, killed under a server and two workers; each time it recovers by its log."""
    with postgres.cluster(durable=True, own=True) as cluster:
        store = Store("postgres", tmp_path, cluster.create_database())
        schema.migrate(store.url, "")
        server = Process(store, *OPTIONS, "--no-deliveries")
        with Workers(store, *OPTIONS, setup=f"{SHORT_LEASES}; {SHORT_PAUSES}") as workers:
            for _ in range(2):
                workers.start()
            with watching(server, store, receiver) as watched:
                for _ in range(kills):
                    with watched.written_to():
                        time.sleep(random.uniform(0.7, 1.5))
                        cluster.kill()
                        time.sleep(random.uniform(0.0, 0.3))
                        cluster.start()
                        before = len(watched.created)
                        eventually(lambda before=before: len(watched.created) > before)  # type: ignore[misc]
            assert workers.stop() == [0, 0], workers.log.read_text()
        assert server.stop() == 0


def test_workers_need_postgresql(fresh_store: Store) -> None:
    if fresh_store.name == "sqlite":
        for command in ("worker", "serve --no-deliveries --no-sample"):
            done = run(*command.split(), *store_options(fresh_store), check=False)
            assert (done.returncode, "PostgreSQL" in done.stderr) == (1, True)
