"""A record that is read alone equals its entry in every list of the same edition (ruling 32)."""

from collections.abc import Iterator
from typing import Any

import pytest

from boxwood.api.http.openapi import endless
from boxwood.api.routes import ROUTES
from tests import examples
from tests.api.test_access_matrix import ALL, owned_things
from tests.conftest import Store, World


@pytest.fixture
def world(fresh_store: Store) -> Iterator[World]:
    """A world on a server whose clock stands still and whose jobs do not run."""
    with examples.running(fresh_store) as server:
        yield (created := examples.StillWorld(server))
        created.close()


ONLY_ALONE = {
    "/v2/webhooks/{webhook}/deliveries": {"attempts", "request"},
    "/v2/inbound/{inbound}/requests": {"body", "headers", "query"},
    "/v2/automations/{automation}/runs": {"steps"},
}
"""Journals: the long contents of an entry are there only when it is read alone."""


def test_a_record_read_alone_equals_its_entry_in_each_list(world: World) -> None:
    things = owned_things(world)
    things.created |= {noun: things.key(noun) for noun in sorted(ALL)}
    routes = [route for route in ROUTES if route.verb == "GET" and not route.open and not endless(route)]
    singles: dict[str, str] = {}
    for route in routes:
        if route.path.endswith("}"):
            *_, noun, _ = route.path.split("/")
            singles |= {route.path.rpartition("/")[0]: route.path, noun: singles.get(noun, route.path)}
    compared, faults = set(), []
    for route in routes:
        _, edition, *_, noun = route.path.split("/")
        if noun not in singles:
            continue
        answer = world.ada.http.get("/api" + things.fill_path(route.path))
        assert answer.status_code == 200, (route.path, answer.text)
        found = answer.json()
        for entry in found.get("results", found.values()) if isinstance(found, dict) else found:
            single = singles.get(route.path, singles[noun])
            base = f"/api/{edition}" + things.fill_path(single[3:].rpartition("/")[0])
            answer = world.ada.http.get(f"{base}/{entry['key']}")
            if answer.status_code == 404:
                continue  # it is in another pipeline or team than the one in the path of the single read
            compared.add(route.path)
            extra = ONLY_ALONE.get(route.path, set())
            alone = {name: value for name, value in answer.json().items() if name not in extra}
            if alone != entry:
                faults.append(f"{route.path}: {differing(entry, alone)}")
    assert not faults, "\n".join(faults)
    assert len(compared) > 20, sorted(compared)


def differing(entry: dict[str, Any], alone: dict[str, Any]) -> dict[str, Any]:
    names = entry.keys() | alone.keys()
    return {name: (entry.get(name), alone.get(name)) for name in sorted(names) if entry.get(name) != alone.get(name)}
