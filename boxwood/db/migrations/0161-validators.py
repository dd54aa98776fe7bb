"""Validation rules of a pipeline's boxes."""

from boxwood.db.schema import ddl

steps = [
    ddl("""
CREATE TABLE validators (
    key TEXT PRIMARY KEY,
    pipeline_key TEXT NOT NULL REFERENCES pipelines (key) ON DELETE CASCADE,
    creator_key TEXT NOT NULL REFERENCES users (key),
    name TEXT NOT NULL,
    mode TEXT NOT NULL CHECK (mode IN ('REJECT', 'WARN')),
    message TEXT,
    condition JSON,
    assertion JSON,
    source TEXT,
    denies BOOLEAN NOT NULL,
    due_at INTEGER,
    overruns INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    saved_at INTEGER NOT NULL
);
CREATE INDEX validators_of_pipeline ON validators (pipeline_key, created_at, key);
CREATE INDEX validators_due ON validators (due_at) WHERE due_at IS NOT NULL;
ALTER TABLE pipelines ADD COLUMN validators_updated_at INTEGER;
""")
]
