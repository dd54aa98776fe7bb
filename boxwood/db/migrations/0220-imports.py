"""Running and finished imports, and their rejected rows."""

from boxwood.db.schema import ddl

steps = [
    ddl("""
CREATE TABLE imports (
    key TEXT PRIMARY KEY,
    pipeline_key TEXT NOT NULL REFERENCES pipelines (key) ON DELETE CASCADE,
    creator_key TEXT NOT NULL REFERENCES users (key),
    within TEXT NOT NULL,
    blob TEXT NOT NULL,
    size INTEGER NOT NULL,
    plan JSON NOT NULL,
    dry_run BOOLEAN NOT NULL,
    state TEXT NOT NULL,
    rows_done INTEGER NOT NULL,
    bytes_done INTEGER NOT NULL,
    created INTEGER NOT NULL,
    updated INTEGER NOT NULL,
    refused INTEGER NOT NULL,
    error TEXT,
    worker TEXT,
    lease_until INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    ended_at INTEGER,
    CHECK (state IN ('waiting', 'running', 'done', 'cancelled', 'failed'))
);
CREATE INDEX imports_of_pipeline ON imports (pipeline_key, created_at, key);
CREATE INDEX imports_to_do ON imports (created_at) WHERE ended_at IS NULL;
CREATE TABLE import_refusals (
    import_key TEXT NOT NULL REFERENCES imports (key) ON DELETE CASCADE,
    number INTEGER NOT NULL,
    column_name TEXT NOT NULL,
    reason TEXT NOT NULL,
    cells JSON NOT NULL,
    PRIMARY KEY (import_key, number)
) WITHOUT ROWID;
""")
]
