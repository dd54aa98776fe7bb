"""Boxes of an import are prepared while the previous ones are written. Their events have the names of that time."""

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
from tests.lib.test_tables import opened

RENAMED = {
    "nothing": "",
    "the pipeline": "UPDATE pipelines SET name = 'Renamed' WHERE key = :pipeline",
    "who imports": "UPDATE users SET given_name = 'Renamed' WHERE key = :actor",
}


def imported(world: World, pipeline: str, change: str) -> tuple[PreparedBoxes | None, list[str]]:
    """Import two rows, and change something after they are prepared. Returns the prepared boxes, and the keys that are
    stored."""
    now, actor = world.clock(), world.ada.user

    def whole(db: Db) -> tuple[PreparedBoxes | None, list[str]]:
        blob = secrets.token_hex(16)
        stored_files.announce(db, [blob], now)
        asked = Ctx(db, now, actor)
        plan = imports.plan(asked, pipeline, opened(b"Name,Stage\nOne,Won\nTwo,Lead\n"), {}).plan
        job = imports.create(asked, pipeline, plan, blob, 28, dry_run=False)
        job = import_queue.take_created(db, job, "this test", now)
        acting = import_queue.acting(db, job, now)
        rows = [Row(1, ["One", "Won"]), Row(2, ["Two", "Lead"])]
        prepared = slices.prepare(acting, job, rows, 28)
        if change:
            given = {"pipeline": pipeline, "actor": actor.key}
            assert db.run(change, **{name: value for name, value in given.items() if f":{name}" in change}) == 1
        later = import_queue.acting(db, job, now)
        assert slices.write(later, job, prepared)
        imports.end(later, job, "done", None)
        return prepared.boxes, [
            row[0] for row in db.rows("SELECT key FROM boxes WHERE pipeline_key = :key ORDER BY key", key=pipeline)
        ]

    found: tuple[PreparedBoxes | None, list[str]] = world.server.engine.write(whole)
    return found


def recorded(world: World, pipeline: str) -> list[tuple[str, dict[str, Any], dict[str, Any]]]:
    sql = (
        "SELECT subject_key, record, detail FROM events WHERE pipeline_key = :key AND kind = 'box.created' ORDER BY id"
    )
    rows = world.server.engine.read(lambda db: db.rows(sql, key=pipeline))
    return [(key, msgspec.json.decode(record), msgspec.json.decode(detail)) for key, record, detail in rows]


@pytest.mark.parametrize("renamed", RENAMED)
def test_an_event_has_the_names_of_when_it_was_written(world: World, renamed: str) -> None:
    pipeline = world.pipeline(name="Named")["key"]
    prepared, keys = imported(world, pipeline, RENAMED[renamed])
    assert len(keys) == 2
    assert prepared is not None
    # Boxes that were prepared for another state of the pipeline are prepared again.
    assert ([box.key for box in prepared.boxes] == keys) == (renamed != "the pipeline")
    events = recorded(world, pipeline)
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


def test_boxes_with_formulas_are_prepared_when_they_are_written(world: World) -> None:
    pipeline = world.pipeline()
    shout = world.field(pipeline, "FORMULA", "Shout", defaultValue="UPPER($'Name')")["key"]
    prepared, _ = imported(world, pipeline["key"], "")
    assert prepared is None
    assert [record["fields"][shout] for _, record, _ in recorded(world, pipeline["key"])] == ["ONE", "TWO"]
