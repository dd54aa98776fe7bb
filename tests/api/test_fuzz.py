"""No input makes the server fail: random requests with real keys never get a 5xx answer."""

import json

import pytest

from tests.api.fuzz import Fuzz
from tests.conftest import World
from tests.things import Things

EACH = 500
"""Requests on one set of things. After them, some things are deleted, so new ones are made."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    metafunc.parametrize("seed", range(200 if metafunc.config.getoption("--long") else 4))


def test_no_request_makes_the_server_fail(world: World, seed: int) -> None:
    things = Things(world)
    fuzz = Fuzz(things, seed)
    failed = []
    for number in range(EACH):
        answer, sent = fuzz.send()
        if answer.status_code >= 500:
            failed.append(f"seed {seed}, request {number}: {answer.status_code} {sent} → {answer.text[:200]}")
        elif answer.status_code >= 400 and answer.headers.get("content-type", "").startswith("application/json"):
            body = json.loads(answer.content)
            assert body["success"] is False, sent
            assert isinstance(body["error"], str), sent
    assert not failed, "\n".join(failed)
