"""Boxes of an import are made while those before are written: what changes in between is told as it is then."""

import secrets
from typing import Any

import msgspec
import pytest

from boxwood.core import stored_files
from boxwood.core.boxes import PreparedBoxes
from boxwood.core.context import Ctx
from boxwood.core.import_export import import_queue, imports, slices
from boxwood.db.engine import Db
from boxwood.lib.tables import Row
from tests.conftest import World

RENAMED = {
    "nothing": "",
    "the pipeline": "UPDATE pipelines SET name = 'Renamed' WHERE key = :pipeline",
    "who imports": "UPDATE users SET given_name = 'Renamed' WHERE key = :actor",
}


def imported(world: World, pipeline: str, change: str) -> tuple[PreparedBoxes | None, list[str]]:
    """Two rows, between whose making and writing something is renamed; what was made, and the keys of their boxes."""
    now, actor = world.clock(), world.ada.user

    def whole(db: Db) -> tuple[PreparedBoxes | None, list[str]]:
        blob = secrets.token_hex(16)
        stored_files.announce(db, [blob], now)
        asked = Ctx(db, now, actor)
        plan, _ = imports.plan(asked, pipeline, b"Name,Stage\nOne,Won\nTwo,Lead\n", {})
        one = imports.create(asked, pipeline, plan, blob, 28, dry_run=False)
        one = import_queue.take_created(db, one, "this test", now)
        acting = import_queue.acting(db, one, now)
        rows = [Row(1, ["One", "Won"]), Row(2, ["Two", "Lead"])]
        prepared = slices.prepare(acting, one, rows, 28)
        if change:
            given = {"pipeline": pipeline, "actor": actor.key}
            assert db.run(change, **{name: value for name, value in given.items() if f":{name}" in change}) == 1
        later = import_queue.acting(db, one, now)
        assert slices.write(later, one, prepared)
        imports.end(later, one, "done", None)
        return prepared.boxes, [
            row[0] for row in db.rows("SELECT key FROM boxes WHERE pipeline_key = :key ORDER BY key", key=pipeline)
        ]

    found: tuple[PreparedBoxes | None, list[str]] = world.server.engine.write(whole)
    return found


def told(world: World, pipeline: str) -> list[tuple[str, dict[str, Any], dict[str, Any]]]:
    sql = (
        "SELECT subject_key, record, detail FROM events WHERE pipeline_key = :key AND kind = 'box.created' ORDER BY id"
    )
    rows = world.server.engine.read(lambda db: db.rows(sql, key=pipeline))
    return [(key, msgspec.json.decode(record), msgspec.json.decode(detail)) for key, record, detail in rows]


@pytest.mark.parametrize("renamed", RENAMED)
def test_an_event_has_the_names_of_when_it_was_written(world: World, renamed: str) -> None:
    pipeline = world.pipeline(name="Named")["key"]
    made, keys = imported(world, pipeline, RENAMED[renamed])
    assert len(keys) == 2
    assert made is not None
    # Boxes that were made for what the pipeline no longer is are made anew.
    assert ([box.key for box in made.boxes] == keys) == (renamed != "the pipeline")
    events = told(world, pipeline)
    assert [(key, record["name"], detail["box_name"]) for key, record, detail in events] == [
        (keys[0], "One", "One"),
        (keys[1], "Two", "Two"),
    ]
    name, author = (
        "Renamed" if renamed == word else old for word, old in (("the pipeline", "Named"), ("who imports", "Ada"))
    )
    for _, _, detail in events:
        assert detail["pipeline_name"] == name
        assert detail["author"].split()[0] == author
        (person,) = msgspec.json.decode(detail["people"]).values()
        assert author in str(person)


def test_what_is_computed_is_made_when_it_is_written(world: World) -> None:
    pipeline = world.pipeline()
    shout = world.field(pipeline, "FORMULA", "Shout", defaultValue="UPPER($'Name')")["key"]
    made, _ = imported(world, pipeline["key"], "")
    assert made is None
    assert [record["fields"][shout] for _, record, _ in told(world, pipeline["key"])] == ["ONE", "TWO"]
