from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from tests.streak import nodejs, sdk


@pytest.fixture(params=["sync", "async"])
def streak(request: pytest.FixtureRequest, server: Any) -> Iterator[Callable[..., sdk.Watched]]:
    """Opens the official Python client, once as `Streak` and once as `AsyncStreak`: `streak(key)`."""
    opened = {"sync": sdk.sync_client, "async": sdk.async_client}[request.param]
    with ExitStack() as stack:
        yield lambda key, **options: stack.enter_context(opened(f"{server.url}/api", key, **options))


@pytest.fixture
def ada(streak: Callable[..., sdk.Watched], world: Any) -> sdk.Watched:
    return streak(world.ada.key)


@pytest.fixture
def bo(streak: Callable[..., sdk.Watched], world: Any) -> sdk.Watched:
    return streak(world.bo.key)


@pytest.fixture
def cy(streak: Callable[..., sdk.Watched], world: Any) -> sdk.Watched:
    return streak(world.cy.key)


@pytest.fixture(scope="session")
def node(server: Any) -> Iterator[nodejs.Program]:
    """The official Node client as a running program: `node.client(key).Boxes.getOne(box)`."""
    with nodejs.program(server.url) as program:
        yield program
