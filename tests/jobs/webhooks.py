"""Subscriptions of the tests, and how to wait for what becomes of them."""

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
    """A subscription and what came of it: every one has a path of its own at the receiver."""

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
        self.made = ok(person.http.post("/api/v2/webhooks", json={**target, **given}))
        self.own = f"/api/v2/webhooks/{self.made['key']}"

    def wait(self, count: int = 1, timeout: float = 120.0) -> list[Received]:
        found = self.receiver.wait_for(self.path, count, timeout)
        assert len(found) == count, [one.headers for one in found]
        return found

    def quiet_after(self, count: int) -> None:
        """Nothing more comes, in the time in which everything else does."""
        time.sleep(0.6)
        assert len(self.receiver.received(self.path)) == count


def deliveries(hook: Hook) -> list[dict[str, Any]]:
    return ok(hook.person.http.get(f"{hook.own}/deliveries"))["results"]  # type: ignore[no-any-return]


def settled(hook: Hook, attempts: int) -> list[dict[str, Any]]:
    """The deliveries, once so many attempts in all, or more, are written down and none is under way."""

    def are() -> bool:
        found = deliveries(hook)
        logged = [ok(hook.person.http.get(f"/api/v2/deliveries/{one['key']}"))["attempts"] for one in found]
        return attempts <= sum(map(len, logged)) == sum(one["attemptCount"] for one in found)

    eventually(are)
    return deliveries(hook)


def eventually(holds: Callable[[], bool], timeout: float = 120.0) -> None:
    deadline = time.monotonic() + timeout
    while not holds():
        assert time.monotonic() < deadline, "it never came to be"
        time.sleep(0.02)
