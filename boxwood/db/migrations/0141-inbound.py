"""Inbound webhooks: endpoints, their tokens, and what was sent to them."""

from boxwood.db.schema import ddl

steps = [
    # Ids of received requests have no foreign key: an endpoint may have millions, which a cleanup removes later.
    ddl("""
CREATE TABLE inbound (
    key TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    pipeline_key TEXT REFERENCES pipelines (key) ON DELETE CASCADE,
    team_key TEXT REFERENCES teams (key) ON DELETE CASCADE,
    user_key TEXT NOT NULL REFERENCES users (key),
    method TEXT NOT NULL,
    signature TEXT NOT NULL,
    signature_header TEXT NOT NULL,
    secret TEXT,
    previous_secret TEXT,
    previous_until INTEGER,
    addresses JSON NOT NULL,
    repeat_by TEXT NOT NULL,
    repeat_at TEXT NOT NULL,
    condition TEXT NOT NULL,
    active BOOLEAN NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    CHECK ((pipeline_key IS NULL) <> (team_key IS NULL))
);
CREATE INDEX inbound_of_pipeline ON inbound (pipeline_key) WHERE pipeline_key IS NOT NULL;
CREATE INDEX inbound_of_team ON inbound (team_key) WHERE team_key IS NOT NULL;
CREATE TABLE inbound_tokens (
    digest TEXT PRIMARY KEY,
    key TEXT NOT NULL,
    endpoint_key TEXT NOT NULL REFERENCES inbound (key) ON DELETE CASCADE,
    prefix TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    ends_at INTEGER
);
CREATE INDEX inbound_tokens_of ON inbound_tokens (endpoint_key, created_at);
CREATE TABLE arrivals (
    key TEXT PRIMARY KEY,
    endpoint_key TEXT NOT NULL REFERENCES inbound (key) ON DELETE CASCADE,
    kept BOOLEAN NOT NULL,
    verdict TEXT NOT NULL,
    reason TEXT NOT NULL,
    at INTEGER NOT NULL,
    source TEXT NOT NULL,
    method TEXT NOT NULL,
    query TEXT NOT NULL,
    headers TEXT NOT NULL,
    content_type TEXT NOT NULL,
    body TEXT NOT NULL,
    size INTEGER NOT NULL,
    repeated_id TEXT NOT NULL,
    runs TEXT NOT NULL
);
CREATE INDEX arrivals_of ON arrivals (endpoint_key, kept, key);
CREATE TABLE arrival_ids (
    endpoint_key TEXT NOT NULL,
    id TEXT NOT NULL,
    arrival_key TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (endpoint_key, id)
) WITHOUT ROWID;
CREATE INDEX arrival_ids_at ON arrival_ids (at);
""")
]
