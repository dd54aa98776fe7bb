"""Imports from Streak: their state, the things that they brought, and the old keys of what was here already."""

from typing import Any

from boxwood.db.schema import ddl


def watch(connection: Any) -> None:
    """Count changes of old keys, which PostgreSQL's read cache holds (see migration 0290)."""
    if type(connection).__module__.startswith("sqlite3"):
        return
    connection.cursor().execute("""
        CREATE CONSTRAINT TRIGGER note_alteration AFTER INSERT OR DELETE OR UPDATE ON old_keys
        DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION note_alteration()
    """)


steps = [
    ddl("""
CREATE TABLE streak_imports (
    key TEXT PRIMARY KEY,
    team_key TEXT NOT NULL REFERENCES teams (key) ON DELETE CASCADE,
    creator_key TEXT NOT NULL REFERENCES users (key),
    source TEXT NOT NULL,
    source_team_key TEXT NOT NULL,
    report JSON NOT NULL,
    error TEXT,
    created_at INTEGER NOT NULL,
    begun_at INTEGER NOT NULL,
    ended_at INTEGER,
    UNIQUE (source, source_team_key)
);
CREATE TABLE streak_things (
    source_key TEXT PRIMARY KEY,
    import_key TEXT NOT NULL REFERENCES streak_imports (key) ON DELETE CASCADE,
    noun TEXT NOT NULL,
    key TEXT NOT NULL,
    there TEXT NOT NULL,
    here TEXT NOT NULL,
    inside TEXT
) WITHOUT ROWID;
CREATE INDEX streak_things_of ON streak_things (import_key, noun);
CREATE TABLE old_keys (
    old_key TEXT PRIMARY KEY,
    key TEXT NOT NULL
) WITHOUT ROWID
"""),
    watch,
]
