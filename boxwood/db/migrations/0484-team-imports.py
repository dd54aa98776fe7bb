"""Imports of whole teams: how far each is, and the keys that things have here in place of those in the archive."""

from boxwood.db.schema import ddl

steps = [
    ddl("""
CREATE TABLE team_imports (
    key TEXT PRIMARY KEY,
    archive TEXT NOT NULL,
    team_key TEXT NOT NULL REFERENCES teams (key) ON DELETE CASCADE,
    creator_key TEXT NOT NULL REFERENCES users (key),
    stage TEXT NOT NULL,
    position INTEGER NOT NULL,
    counts JSON NOT NULL,
    left_out JSON NOT NULL,
    created_at INTEGER NOT NULL,
    ended_at INTEGER,
    UNIQUE (creator_key, archive)
);
CREATE TABLE team_import_keys (
    import_key TEXT NOT NULL REFERENCES team_imports (key) ON DELETE CASCADE,
    old_key TEXT NOT NULL,
    key TEXT NOT NULL,
    PRIMARY KEY (import_key, old_key)
) WITHOUT ROWID
""")
]
