"""Subscriptions for tests, and how to wait for their deliveries."""

import itertools
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.conftest import Person, ok
from tests.receiver import Answer, Received, Receiver


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    running = Receiver()
    yield running
    running.close()


@pytest.fixture(autouse=True)
def all_is_well(receiver: Receiver) -> None:
    receiver.answer = lambda request: Answer()


class Hook:
    """A subscription with a path of its own at the receiver."""

    _numbers = itertools.count(1)

    def __init__(
        self, person: Person, receiver: Receiver, event: str, pipeline: dict[str, Any] | None = None, **given: Any
    ) -> None:
        self.receiver, self.person = receiver, person
        self.pipeline = pipeline or {}
        if pipeline:
            given["pipelineKey"] = pipeline["key"]
        self.path = f"/{next(self._numbers)}"
        target = {"event": event, "targetUrl": receiver.url + self.path}
        self.subscription = ok(person.http.post("/api/v2/webhooks", json={**target, **given}))
        self.own = f"/api/v2/webhooks/{self.subscription['key']}"

    def wait(self, count: int = 1, timeout: float = 120.0) -> list[Received]:
        found = self.receiver.wait_for(self.path, count, timeout)
        assert len(found) == count, [request.headers for request in found]
        return found

    def quiet_after(self, count: int) -> None:
        """No further request arrives in the time that deliveries usually take."""
        time.sleep(0.6)
        assert len(self.receiver.received(self.path)) == count


def deliveries(hook: Hook) -> list[dict[str, Any]]:
    return ok(hook.person.http.get(f"{hook.own}/deliveries"))["results"]  # type: ignore[no-any-return]


def settled(hook: Hook, attempts: int) -> list[dict[str, Any]]:
    """Wait until at least so many attempts are stored and none is under way. Returns the deliveries."""

    def are() -> bool:
        found = deliveries(hook)
        logged = [ok(hook.person.http.get(f"/api/v2/deliveries/{delivery['key']}"))["attempts"] for delivery in found]
        return attempts <= sum(map(len, logged)) == sum(delivery["attemptCount"] for delivery in found)

    eventually(are)
    return deliveries(hook)


def eventually(holds: Callable[[], bool], timeout: float = 120.0) -> None:
    deadline = time.monotonic() + timeout
    while not holds():
        assert time.monotonic() < deadline, "the condition did not become true"
        time.sleep(0.02)
