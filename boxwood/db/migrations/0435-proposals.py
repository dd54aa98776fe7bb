"""Proposals: writes of API keys that may only propose, until a user approves or rejects them."""

from boxwood.db.schema import ddl

steps = [
    ddl("""
ALTER TABLE api_keys ADD COLUMN proposes BOOLEAN NOT NULL DEFAULT FALSE;
CREATE TABLE proposals (
    key TEXT PRIMARY KEY,
    user_key TEXT NOT NULL REFERENCES users (key) ON DELETE CASCADE,
    within TEXT NOT NULL,
    api_key_key TEXT NOT NULL,
    api_key_name TEXT NOT NULL,
    pipeline_key TEXT,
    team_key TEXT,
    operations JSON NOT NULL,
    state TEXT NOT NULL,
    note TEXT NOT NULL,
    change_key TEXT,
    created_at INTEGER NOT NULL,
    ends_at INTEGER NOT NULL,
    decided_at INTEGER
);
CREATE INDEX proposals_of_user ON proposals (user_key, created_at);
CREATE INDEX proposals_by_end ON proposals (ends_at);
""")
]
