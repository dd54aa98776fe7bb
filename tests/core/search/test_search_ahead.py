"""Entries of search that are left for later: made while others are written, and never of what a box was before."""

from typing import Any

from boxwood.core import search
from boxwood.core.context import Ctx
from boxwood.core.search import index
from tests.conftest import World, ok


def found(world: World, word: str) -> list[str]:
    hits = ok(world.ada.http.get("/api/v1/search", params={"query": word}))["results"]["boxes"]
    return sorted(one["name"] for one in hits)


def entries(ctx: Ctx, keys: list[str]) -> list[Any]:
    sql = f"SELECT key, title, body, marks, near FROM search_entries WHERE {ctx.db.dialect.among('key', 'keys')}"
    return sorted(ctx.db.rows(sql, keys=ctx.db.texts(keys)))


def noted(ctx: Ctx, keys: list[str]) -> None:
    ctx.db.bulk("search_chores", ("kind", "key"), [(search.BOX, key) for key in keys])


def all_chores(ctx: Ctx, after: int = 0) -> search.PreparedEntries:
    """What is made ahead of all that there is to do, be it other tests'."""
    made = search.ahead(ctx.db, after)
    while (more := search.ahead(ctx.db, made.last)).made:
        made = search.PreparedEntries(more.last, {**made.told, **more.told}, {**made.made, **more.made})
    return made


def test_entries_made_ahead_are_those_that_would_be_made_then(world: World) -> None:
    pipeline = world.pipeline()
    field = world.field(pipeline, "TEXT_INPUT")
    given = [{"name": f"Naïve Zephyr-{n}", "notes": "Quux", "fields": {field["key"]: f"v{n}"}} for n in range(5)]
    keys = [world.box(pipeline, **one)["key"] for one in given]

    def again(ctx: Ctx) -> tuple[list[Any], list[Any], list[Any]]:
        first = entries(ctx, keys)
        assert len(first) == 5
        sides = []
        for ahead in (False, True):
            index._drop(ctx.db, keys)
            assert entries(ctx, keys) == []
            noted(ctx, keys)
            made = all_chores(ctx) if ahead else search.NOTHING
            assert len(made.made) >= 5 * ahead
            while search.is_behind(ctx.db):
                search.catch_up(ctx.db, made)
            sides.append(entries(ctx, keys))
        return first, sides[0], sides[1]

    first, then, ahead = world.as_("ada", again)
    assert first == then == ahead
    assert found(world, "zephyr") == [one["name"] for one in given]


def test_a_box_that_changed_since_is_found_as_it_is(world: World) -> None:
    pipeline = world.pipeline()
    field = world.field(pipeline, "TEXT_INPUT")
    key = world.box(pipeline, name="Oldzephyr", fields={field["key"]: "oldquux"})["key"]
    gone = world.box(pipeline, name="Gonezephyr")["key"]

    def behind(ctx: Ctx) -> None:
        noted(ctx, [key, gone])
        made = all_chores(ctx)
        assert {"Oldzephyr", "Gonezephyr"} <= {row[1] for row in made.made}
        fields = ctx.db.row("SELECT fields FROM boxes WHERE key = :key", key=key)
        assert fields is not None
        ctx.db.run(
            "UPDATE boxes SET name = 'Newzephyr', fields = :fields WHERE key = :key",
            fields=fields[0].replace("oldquux", "newquux"),
            key=key,
        )
        ctx.db.run("DELETE FROM boxes WHERE key = :key", key=gone)
        while search.is_behind(ctx.db):
            search.catch_up(ctx.db, made)

    world.as_("ada", behind)
    assert found(world, "newzephyr") == found(world, "newquux") == ["Newzephyr"]
    assert found(world, "oldzephyr") == found(world, "oldquux") == found(world, "gonezephyr") == []
