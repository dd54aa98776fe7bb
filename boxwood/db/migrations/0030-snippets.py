"""Snippets."""

from boxwood.db.schema import ddl

# A snippet remains when its pipeline is deleted. It is then no longer shared.
steps = [
    ddl("""
CREATE TABLE snippets (
    key TEXT PRIMARY KEY,
    user_key TEXT NOT NULL REFERENCES users (key),
    pipeline_key TEXT REFERENCES pipelines (key) ON DELETE SET NULL,
    name TEXT NOT NULL,
    text TEXT NOT NULL,
    subject TEXT,
    shortcut TEXT,
    created_at INTEGER NOT NULL,
    saved_at INTEGER NOT NULL
);
CREATE INDEX snippets_of_user ON snippets (user_key, created_at, key);
CREATE INDEX snippets_of_pipeline ON snippets (pipeline_key, created_at, key);
""")
]
