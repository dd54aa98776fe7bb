"""Sends generated requests to every operation of /openapi.json: valid by the document, and invalid.

No answer may be a server error, and each must have a status and a shape that the document describes. The requests
come from a fixed seed, so a failure can be repeated.
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

from boxwood.api.http.openapi import describe, endless
from boxwood.api.http.router import Route
from boxwood.api.routes import ROUTES
from tests.conftest import Store, World
from tests.things import Things

CASES = 2
"""How many valid and how many invalid requests each database gets; the requests differ between the databases."""
SEEDS = {"sqlite": 20260105, "postgres": 20260106}
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
ROUTED = [route for route in ROUTES if not endless(route)]
"""Endless streams are left out; other tests read them."""
ASKED = [(route, GenerationMode.POSITIVE) for route in ROUTED] + [
    (route, GenerationMode.NEGATIVE)
    for route in ROUTED
    if not route.open
    or route.query
    or route.takes
    or "{" in route.path  # otherwise there is no input that could be wrong
]


@pytest.fixture(scope="session")
def operations() -> dict[tuple[str, str], Any]:
    found = [result.ok() for result in schemathesis.openapi.from_dict(describe(ROUTES)).get_all_operations()]
    return {(operation.method.upper(), operation.path): operation for operation in found}


@pytest.fixture
def session(world: World) -> Iterator[requests.Session]:
    with requests.Session() as session:
        session.trust_env = False
        session.headers["Authorization"] = f"Bearer {world.ada.key}"
        yield session


def named(asked: tuple[Route, GenerationMode]) -> str:
    route, mode = asked
    return f"{route.verb} {route.path} {mode.value}"


@pytest.mark.slow
@pytest.mark.one_database
@pytest.mark.parametrize("asked", ASKED, ids=named)
def test_responses_match_the_openapi_document(
    world: World,
    database: Store,
    session: requests.Session,
    operations: dict[tuple[str, str], Any],
    asked: tuple[Route, GenerationMode],
) -> None:
    route, mode = asked
    operation, things = operations[(route.verb, route.path)], Things(world)

    @seed(SEEDS[database.name])
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
