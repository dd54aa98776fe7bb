"""Migrations: applied once, safe together, and equal on both databases."""

import shutil
import threading
from pathlib import Path

import pytest

from boxwood.db import schema
from boxwood.db.open import open_engine
from tests.conftest import Store


def columns(store: Store) -> set[tuple[str, str]]:
    """Every table's columns."""
    config = store.config()
    engine = open_engine(config.database_url, config.sqlite_path, readers=1)
    if store.name == "sqlite":
        sql = "SELECT m.name, c.name FROM sqlite_master m, pragma_table_info(m.name) c WHERE m.type = 'table'"
    else:
        sql = "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public'"
    rows = engine.read(lambda db: db.rows(sql))
    engine.close()
    return {(table, column) for table, column in rows}


def test_applied_migrations_are_left_alone(fresh_store: Store) -> None:
    assert schema.migrate(fresh_store.url, fresh_store.config().sqlite_path) == []


def test_records_match_their_tables(database: Store) -> None:
    from boxwood.core import events
    from boxwood.core.accounts import api_keys
    from boxwood.core.activity import comments, meetings, tasks
    from boxwood.core.records import BOXES, FIELDS, PIPELINE_MEMBERS, PIPELINES, STAGES, TEAM_MEMBERS, TEAMS, USERS
    from boxwood.core.webhooks import deliveries, subscriptions

    there = columns(database)
    tables = [
        USERS,
        TEAMS,
        TEAM_MEMBERS,
        api_keys.API_KEYS,
        PIPELINES,
        PIPELINE_MEMBERS,
        STAGES,
        FIELDS,
        BOXES,
        tasks.TASKS,
        comments.COMMENTS,
        comments.REACTIONS,
        meetings.MEETINGS,
        events.EVENTS,
        subscriptions.WEBHOOKS,
        deliveries.DELIVERIES,
    ]
    for table in tables:
        assert {(table.name, name) for name in table.names} <= there


def test_several_that_start_at_once_migrate_once(
    request: pytest.FixtureRequest, database: Store, tmp_path: Path
) -> None:
    url = request.getfixturevalue("cluster").create_database() if database.name == "postgres" else None
    applied: list[list[str]] = []
    threads = [
        threading.Thread(target=lambda: applied.append(schema.migrate(url, str(tmp_path / "new.sqlite3"))))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(len(names) for names in applied) == [0, 0, 0, len(list(schema.MIGRATIONS.glob("*.py")))]


def test_a_migration_that_fails_leaves_the_database_as_it_was(
    fresh_store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(schema.MIGRATIONS, folder := tmp_path / "migrations")
    (folder / "9901-good.py").write_text(MIGRATION.format("CREATE TABLE good (key TEXT PRIMARY KEY)"))
    (folder / "9902-bad.py").write_text(MIGRATION.format("ALTER TABLE nothing ADD COLUMN more TEXT"))
    monkeypatch.setattr(schema, "MIGRATIONS", folder)
    before = columns(fresh_store)
    with pytest.raises(schema.errors(fresh_store.url)):
        schema.migrate(fresh_store.url, fresh_store.config().sqlite_path)
    assert columns(fresh_store) == before
    assert schema.waiting(fresh_store.url, fresh_store.config().sqlite_path) == ["9901-good", "9902-bad"]
    (folder / "9902-bad.py").unlink()
    assert schema.migrate(fresh_store.url, fresh_store.config().sqlite_path) == ["9901-good"]


MIGRATION = """
from boxwood.db.schema import ddl
steps = [ddl("{}")]
"""
