"""Every operation of /openapi.json, asked whatever its description allows and some things that it does not.

No answer is a fault of ours, and each is one that the document names, in the shape the document gives it. The
requests are made from a fixed seed, so a failure comes again.
"""

from collections.abc import Iterator
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from schemathesis.checks import not_a_server_error
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from boxwood.api.openapi import describe
from boxwood.api.router import Route
from boxwood.api.routes import ROUTES
from tests.conftest import World
from tests.things import Things

CASES = 3
"""Of each mode: what the description allows, and what it does not."""
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
# It answers for as long as one listens; `test_events.py` does.
ENDLESS = ("/v2/events/stream",)


@pytest.fixture(scope="session")
def operations() -> dict[tuple[str, str], Any]:
    found = [one.ok() for one in schemathesis.openapi.from_dict(describe(ROUTES)).get_all_operations()]
    return {(one.method.upper(), one.path): one for one in found}


@pytest.fixture
def session(world: World) -> Iterator[requests.Session]:
    with requests.Session() as session:
        session.trust_env = False
        session.headers["Authorization"] = f"Bearer {world.ada.key}"
        yield session


def named(route: Route) -> str:
    return f"{route.verb} {route.path}"


@pytest.mark.slow
@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=lambda mode: mode.value)
@pytest.mark.parametrize("route", [route for route in ROUTES if route.path not in ENDLESS], ids=named)
def test_the_document_says_what_can_be_answered(
    world: World, session: requests.Session, operations: dict[tuple[str, str], Any], route: Route, mode: GenerationMode
) -> None:
    operation, things = operations[(route.verb, route.path)], Things(world)

    @seed(20260105)
    @settings(
        max_examples=CASES,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def ask(case: Any) -> None:
        case.path_parameters = things.parameters(route.path, case.path_parameters or {})
        case.headers = {name: value for name, value in (case.headers or {}).items() if name != "Authorization"}
        answer = case.call(base_url=f"{world.server.url}/api", session=session)
        case.validate_response(answer, checks=CHECKS)

    ask()
