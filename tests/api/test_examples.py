"""The examples in the API reference equal the answers of the server."""

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import msgspec
import pytest

from boxwood.api import examples
from boxwood.api.http.router import Route
from boxwood.api.routes import ROUTES
from tests.conftest import Store, World, make_store, ok
from tests.examples import LEFT_OUT, SHOWN, StillServer, capture, label, running

RUN = "Run bin/examples, look at what it wrote to boxwood/api/examples, and commit it."
KEPT = examples.everything()


@pytest.fixture(scope="session")
def fresh(
    request: pytest.FixtureRequest, database: Store, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[], Store]:
    return lambda: make_store(database.name, tmp_path_factory.mktemp("examples"), request)


@pytest.fixture(scope="session")
def still(fresh: Callable[[], Store]) -> Iterator[StillServer]:
    with running(fresh()) as server:
        yield server


@pytest.mark.parametrize("route", SHOWN, ids=label)
def test_each_example_matches_the_answer_of_the_server(
    still: StillServer, fresh: Callable[[], Store], route: Route
) -> None:
    stored = KEPT.get(label(route))
    if stored is None:
        pytest.fail(f"{label(route)} has no example in the reference. {RUN}", pytrace=False)
    found = capture(still, route, fresh)
    assert msgspec.to_builtins(found) == msgspec.to_builtins(stored), f"{label(route)} answers another thing. {RUN}"


def test_no_example_is_of_a_removed_endpoint() -> None:
    assert KEPT.keys() <= {label(route) for route in SHOWN}, RUN
    assert {label(route) for route in ROUTES} >= LEFT_OUT, "what is left out must be there"


def test_the_openapi_document_shows_the_examples(world: World) -> None:
    document: dict[str, Any] = ok(httpx.get(f"{world.server.url}/openapi.json", trust_env=False))
    for path, operations in document["paths"].items():
        for verb, operation in operations.items():
            if f"{verb.upper()} {path}" in LEFT_OUT:
                continue
            example = KEPT[f"{verb.upper()} {path}"]
            answered = operation["responses"]["200"]["content"].values()
            assert [parameter["example"] for parameter in answered if "example" in parameter] == [example.reply.body], (
                verb,
                path,
            )
            shown = {
                parameter["name"]: in_a_query(parameter["example"])
                for parameter in operation["parameters"]
                if "example" in parameter
            }
            assert shown == {**example.request.path, **example.request.query}, (verb, path)
            if example.request.body is not None:
                asked = operation["requestBody"]["content"][example.request.type]
                assert asked["example"] == example.request.body, (verb, path)


def in_a_query(value: Any) -> str:
    """A typed example as it stands in an address."""
    if isinstance(value, bool):
        return str(value).lower()
    return ",".join(value) if isinstance(value, list) else str(value)
