"""Search entries that wait: they are prepared while others are written, and never show a box's old values."""

from typing import Any

from boxwood.core import search
from boxwood.core.context import Ctx
from boxwood.core.search import index
from tests.conftest import World, ok


def found(world: World, word: str) -> list[str]:
    hits = ok(world.ada.http.get("/api/v1/search", params={"query": word}))["results"]["boxes"]
    return sorted(box["name"] for box in hits)


def entries(ctx: Ctx, keys: list[str]) -> list[Any]:
    sql = f"SELECT key, title, body, marks, near FROM search_entries WHERE {ctx.db.dialect.among('key', 'keys')}"
    return sorted(ctx.db.rows(sql, keys=ctx.db.texts(keys)))


def add_chores(ctx: Ctx, keys: list[str]) -> None:
    ctx.db.bulk("search_chores", ("kind", "key"), [(search.BOX, key) for key in keys])


def prepare_all(ctx: Ctx, after: int = 0) -> search.PreparedEntries:
    """Prepare the entries of all waiting boxes, those of other tests too."""
    prepared = search.prepare_entries(ctx.db, after)
    while (more := search.prepare_entries(ctx.db, prepared.last)).updates:
        prepared = search.PreparedEntries(
            more.last, {**prepared.text_fields, **more.text_fields}, {**prepared.updates, **more.updates}
        )
    return prepared


def test_prepared_entries_are_those_that_would_be_computed_later(world: World) -> None:
    pipeline = world.pipeline()
    field = world.field(pipeline, "TEXT_INPUT")
    given = [{"name": f"Naïve Zephyr-{n}", "notes": "Quux", "fields": {field["key"]: f"v{n}"}} for n in range(5)]
    keys = [world.box(pipeline, **members)["key"] for members in given]

    def again(ctx: Ctx) -> tuple[list[Any], list[Any], list[Any]]:
        first = entries(ctx, keys)
        assert len(first) == 5
        sides = []
        for ahead in (False, True):
            index._drop(ctx.db, keys)
            assert entries(ctx, keys) == []
            add_chores(ctx, keys)
            prepared = prepare_all(ctx) if ahead else search.NO_ENTRIES
            assert len(prepared.updates) >= 5 * ahead
            while search.is_behind(ctx.db):
                search.catch_up(ctx.db, prepared)
            sides.append(entries(ctx, keys))
        return first, sides[0], sides[1]

    first, then, ahead = world.as_("ada", again)
    assert first == then == ahead
    assert found(world, "zephyr") == [members["name"] for members in given]


def test_a_box_that_changed_after_its_entry_was_prepared_is_found_as_it_is(world: World) -> None:
    pipeline = world.pipeline()
    field = world.field(pipeline, "TEXT_INPUT")
    key = world.box(pipeline, name="Oldzephyr", fields={field["key"]: "oldquux"})["key"]
    gone = world.box(pipeline, name="Gonezephyr")["key"]

    def behind(ctx: Ctx) -> None:
        add_chores(ctx, [key, gone])
        prepared = prepare_all(ctx)
        assert {"Oldzephyr", "Gonezephyr"} <= {row[1] for row in prepared.updates}
        fields = ctx.db.row("SELECT fields FROM boxes WHERE key = :key", key=key)
        assert fields is not None
        ctx.db.run(
            "UPDATE boxes SET name = 'Newzephyr', fields = :fields WHERE key = :key",
            fields=fields[0].replace("oldquux", "newquux"),
            key=key,
        )
        ctx.db.run("DELETE FROM boxes WHERE key = :key", key=gone)
        while search.is_behind(ctx.db):
            search.catch_up(ctx.db, prepared)

    world.as_("ada", behind)
    assert found(world, "newzephyr") == found(world, "newquux") == ["Newzephyr"]
    assert found(world, "oldzephyr") == found(world, "oldquux") == found(world, "gonezephyr") == []
