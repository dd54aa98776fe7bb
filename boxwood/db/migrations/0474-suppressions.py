"""Suppressions: addresses to which a team sends no mail, with the reason."""

from boxwood.db.schema import ddl

steps = [
    ddl("""
CREATE TABLE suppressions (
    key TEXT PRIMARY KEY,
    team_key TEXT NOT NULL REFERENCES teams (key) ON DELETE CASCADE,
    address TEXT NOT NULL,
    reason TEXT NOT NULL,
    letter_key TEXT,
    code TEXT NOT NULL,
    text TEXT NOT NULL,
    creator_key TEXT,
    created_at INTEGER NOT NULL,
    UNIQUE (team_key, address, reason)
);
CREATE INDEX suppressions_of_team ON suppressions (team_key, created_at, key);
""")
]
