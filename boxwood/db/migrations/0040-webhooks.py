"""Event subscriptions."""

from boxwood.db.schema import ddl

steps = [
    ddl("""
CREATE TABLE webhooks (
    key TEXT PRIMARY KEY,
    event TEXT NOT NULL,
    target_url TEXT NOT NULL,
    token TEXT,
    scope_key TEXT NOT NULL,
    pipeline_key TEXT REFERENCES pipelines (key) ON DELETE CASCADE,
    team_key TEXT REFERENCES teams (key) ON DELETE CASCADE,
    user_key TEXT NOT NULL REFERENCES users (key),
    secret TEXT NOT NULL,
    previous_secret TEXT,
    previous_until INTEGER,
    stages JSON NOT NULL,
    fields JSON NOT NULL,
    ordered BOOLEAN NOT NULL,
    active BOOLEAN NOT NULL,
    off_at INTEGER,
    on_at INTEGER,
    off_reason TEXT,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    failures INTEGER NOT NULL,
    failing_since INTEGER,
    probes INTEGER NOT NULL,
    waits_until INTEGER NOT NULL,
    CHECK ((pipeline_key IS NULL) <> (team_key IS NULL)),
    CHECK (scope_key = COALESCE(pipeline_key, team_key))
);
CREATE INDEX webhooks_of_scope ON webhooks (scope_key, event);
""")
]
