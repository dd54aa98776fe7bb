"""Imported boxes are in the table of search at once and in its index soon. Changes in between break nothing."""

from collections.abc import Iterator
from typing import Any

import pytest

from boxwood.core import boxes, pipelines, search
from boxwood.core.context import Ctx
from tests.conftest import Server, Store, World, ok


@pytest.fixture
def world(fresh_store: Store) -> Iterator[World]:
    """A world with its own database, because the tests check the whole index."""
    server = Server(fresh_store.config()).start()
    own = World(server)
    yield own
    own.close()
    server.stop()


def found(world: World, word: str) -> list[str]:
    hits = ok(world.ada.http.get("/api/v1/search", params={"query": word}))["results"]["boxes"]
    return sorted(box["name"] for box in hits)


def create_boxes(ctx: Ctx, key: str, names: list[str]) -> list[str]:
    pipeline, role = pipelines.reach(ctx, key)
    given: list[dict[str, Any]] = [{"name": name, "notes": f"notes{name}"} for name in names]
    return [box.key for box in boxes.create_many(ctx, pipeline, role, given)]


def catch_up(ctx: Ctx) -> None:
    while search.is_behind(ctx.db):
        search.catch_up(ctx.db)
    check_index(ctx)


def check_index(ctx: Ctx) -> None:
    """Let SQLite compare its index with the entries; it raises if they differ."""
    if ctx.db.dialect.name == "sqlite":
        for table in ("search_words", "search_near"):
            ctx.db.run(f"INSERT INTO {table} ({table}, rank) VALUES ('integrity-check', 1)")


def test_many_boxes_are_found_when_search_caught_up(world: World) -> None:
    pipeline = world.pipeline()["key"]

    def work(ctx: Ctx) -> None:
        for part in range(3):
            create_boxes(ctx, pipeline, [f"Laterone{part}x{n}" for n in range(30)])
        assert search.is_behind(ctx.db)
        catch_up(ctx)

    world.as_("ada", work)
    assert found(world, "laterone1x7") == found(world, "noteslaterone1x7") == ["Laterone1x7"]
    assert found(world, "laterone2x29") == ["Laterone2x29"]


@pytest.mark.parametrize("between", [False, True])
def test_a_box_that_changes_before_it_is_indexed_is_found_as_it_is(world: World, between: bool) -> None:
    """It changes in the transaction that created it, or in a later transaction."""
    pipeline = world.pipeline()["key"]
    keys: list[str] = world.as_(
        "ada", lambda ctx: create_boxes(ctx, pipeline, ["Firstname", "Secondname", "Thirdname"])
    )
    single = world.box({"key": pipeline}, name="Singlename")["key"]
    more = {"Firstname": "Changedname"}

    def change(ctx: Ctx) -> None:
        if between:
            keys[:] = create_boxes(ctx, pipeline, ["Firstname", "Secondname", "Thirdname"])
        boxes.edit(ctx, keys[0], {"name": more["Firstname"]})
        boxes.edit(ctx, single, {"name": "Othername"})
        boxes.delete(ctx, keys[1])

    world.as_("ada", change)
    world.as_("ada", catch_up)
    assert found(world, "changedname") == ["Changedname"]
    assert found(world, "othername") == ["Othername"]
    assert found(world, "singlename") == []
    left = 2 if between else 1
    assert len(found(world, "thirdname")) == left
    assert len(found(world, "firstname")) == len(found(world, "secondname")) == left - 1

    world.as_("ada", lambda ctx: boxes.edit(ctx, keys[0], {"name": "Lastname"}))
    world.as_("ada", catch_up)
    assert found(world, "lastname") == ["Lastname"]
    assert found(world, "changedname") == []


def test_a_box_that_is_deleted_before_it_is_indexed_leaves_nothing(world: World) -> None:
    pipeline = world.pipeline()["key"]
    keys = world.as_("ada", lambda ctx: create_boxes(ctx, pipeline, ["Vanishing"] * 5))

    def leave(ctx: Ctx) -> None:
        for key in keys:
            boxes.delete(ctx, key)

    world.as_("ada", leave)
    world.as_("ada", catch_up)
    assert found(world, "vanishing") == []
    assert world.as_(
        "ada", lambda ctx: ctx.db.row("SELECT COUNT(*) FROM search_entries WHERE title = 'vanishing'")
    ) == (0,)


def test_the_newest_box_may_change_or_be_deleted_before_it_is_indexed(world: World) -> None:
    """SQLite then gives its number to the next entry."""
    pipeline = world.pipeline()["key"]
    keys = world.as_("ada", lambda ctx: create_boxes(ctx, pipeline, ["Lowone", "Lowtwo", "Topone"]))
    for name in ("Toptwo", "Topthree"):
        world.as_("ada", lambda ctx, name=name: boxes.edit(ctx, keys[2], {"name": name}))
    world.as_("ada", lambda ctx: boxes.delete(ctx, keys[2]))
    later = world.as_("ada", lambda ctx: create_boxes(ctx, pipeline, [f"Later{n}" for n in range(4)]))
    for key in reversed(later[2:]):
        world.as_("ada", lambda ctx, key=key: boxes.delete(ctx, key))
    again = world.as_("ada", lambda ctx: create_boxes(ctx, pipeline, ["Again"]))
    world.box({"key": pipeline}, name="Alone")
    world.as_("ada", catch_up)
    names = ("lowone", "lowtwo", "later0", "later1", "again", "alone")
    assert [found(world, name) for name in names] == [[name.capitalize()] for name in names]
    assert [found(world, name) for name in ("topone", "toptwo", "topthree", "later2", "later3")] == [[]] * 5
    for key in (keys[0], *later[:2], *again):
        world.as_("ada", lambda ctx, key=key: boxes.delete(ctx, key))
        world.as_("ada", catch_up)
    assert [found(world, name) for name in names] == [[], ["Lowtwo"], [], [], [], ["Alone"]]
