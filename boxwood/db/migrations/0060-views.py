"""Saved views, and the indexes that fields are to have."""

from boxwood.db.schema import ddl

steps = [
    ddl("""
CREATE TABLE views (
    key TEXT PRIMARY KEY,
    pipeline_key TEXT NOT NULL REFERENCES pipelines (key) ON DELETE CASCADE,
    creator_key TEXT NOT NULL REFERENCES users (key),
    name TEXT NOT NULL,
    filter JSON,
    sort JSON NOT NULL,
    group_by TEXT,
    columns JSON NOT NULL,
    shared BOOLEAN NOT NULL,
    created_at INTEGER NOT NULL,
    saved_at INTEGER NOT NULL
);
CREATE INDEX views_of_pipeline ON views (pipeline_key, created_at, key);
CREATE TABLE field_indexes (
    pipeline_key TEXT NOT NULL,
    field_key TEXT NOT NULL,
    form TEXT NOT NULL,
    PRIMARY KEY (pipeline_key, field_key, form),
    FOREIGN KEY (pipeline_key, field_key) REFERENCES fields (pipeline_key, key) ON DELETE CASCADE
);
""")
]
