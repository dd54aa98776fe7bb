"""Every list with a cursor refuses what is not its own cursor. The lists are those of the route table."""

import pytest

from boxwood.api.http.router import Route
from boxwood.api.routes import ROUTES
from tests.conftest import World, ok, refused
from tests.things import Things

# Event streams have cursors of their own, which tests/api/test_events.py covers.
LISTS = [
    (route, name)
    for route in ROUTES
    for name in ("cursor", "nextPageToken")
    if name in route.query and route.verb == "GET"
]


def ask(things: Things, route: Route, **params: object) -> object:
    more = {"column": "5001"} if route.path.endswith("/board") else {}
    path = "/api" + things.fill_path(route.path)
    return things.world.ada.http.get(path, params={"limit": 1, **more, **params})


@pytest.fixture
def things(world: World) -> Things:
    """Return Ada's things, two of most kinds, so that lists have a second page."""
    things = Things(world)
    for noun in ("box", "other_contact", "contact", "organization", "other_organization", "view", "comment", "change"):
        things.key(noun)
    world.box({"key": things.key("pipeline")}, name="Another")
    return things


@pytest.mark.parametrize(("route", "name"), LISTS, ids=lambda it: it.path if isinstance(it, Route) else it)
@pytest.mark.parametrize("garbage", ["zzz", "0", "a b", "W10", "é", "c-P7iiB769mqQ2bsE2Ef6", "b.c", "." * 300])
def test_a_list_refuses_a_word_that_is_no_cursor(things: Things, route: Route, name: str, garbage: str) -> None:
    assert name in refused(ask(things, route, **{name: garbage}), 400, "is not a cursor of this list")


def test_a_list_takes_its_own_cursor_whole_and_refuses_it_cut_short_or_from_another_list(things: Things) -> None:
    cursors: dict[int, str] = {}
    for at, (route, _) in enumerate(LISTS):
        page = ok(ask(things, route))
        found = page.get("cursor") or page.get("nextPage") or (page.get("columns") or [{}])[0].get("cursor")
        if found:
            cursors[at] = found
    assert len(cursors) >= 5
    for at, (route, name) in enumerate(LISTS):
        for where, cursor in cursors.items():
            if where == at:
                ok(ask(things, route, **{name: cursor}))
                refused(ask(things, route, **{name: cursor[:-1]}), 400, name)
                refused(ask(things, route, **{name: cursor[1:]}), 400, name)
            else:
                refused(ask(things, route, **{name: cursor}), 400, name)


def test_a_cursor_of_a_list_belongs_to_one_team_or_pipeline(world: World) -> None:
    first, second = world.pipeline(), world.pipeline()
    for pipeline in (first, second):
        for name in "abc":
            world.box(pipeline, name=name)
    path = "/api/v2/pipelines/{}/boxes"
    cursor = ok(world.ada.http.get(path.format(first["key"]), params={"sort": "name", "limit": 1}))["cursor"]
    assert ok(world.ada.http.get(path.format(first["key"]), params={"sort": "name", "cursor": cursor}))["results"]
    refused(world.ada.http.get(path.format(second["key"]), params={"sort": "name", "cursor": cursor}), 400, "cursor")


@pytest.mark.parametrize(("route", "name"), LISTS, ids=lambda it: it.path if isinstance(it, Route) else it)
def test_a_list_with_a_cursor_has_no_page_numbers(things: Things, route: Route, name: str) -> None:
    if "page" not in route.query:
        refused(ask(things, route, page=1), 400, "page")
    ok(ask(things, route, page=""))
