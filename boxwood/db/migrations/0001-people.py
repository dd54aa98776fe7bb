"""Users, teams and API keys."""

from boxwood.db.schema import ddl

steps = [
    ddl("""
CREATE TABLE users (
    key TEXT PRIMARY KEY,
    email TEXT NOT NULL UNIQUE,
    given_name TEXT NOT NULL,
    family_name TEXT NOT NULL,
    timezone TEXT,
    image TEXT,
    user_type TEXT NOT NULL,
    settings JSON NOT NULL,
    invited BOOLEAN NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    seen_at INTEGER
);
CREATE TABLE teams (
    key TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    creator_key TEXT NOT NULL REFERENCES users (key),
    settings JSON NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
);
CREATE TABLE team_members (
    team_key TEXT NOT NULL REFERENCES teams (key) ON DELETE CASCADE,
    user_key TEXT NOT NULL REFERENCES users (key),
    role TEXT NOT NULL CHECK (role IN ('Member', 'Owner', 'PayerOnly', 'ArchiveOnly')),
    invite_status TEXT NOT NULL CHECK (invite_status IN ('Pending', 'Accepted')),
    email_sharing TEXT NOT NULL CHECK (email_sharing IN ('None', 'Existence')),
    invited_at INTEGER NOT NULL,
    PRIMARY KEY (team_key, user_key)
);
CREATE INDEX team_members_of_user ON team_members (user_key);
CREATE TABLE api_keys (
    key TEXT PRIMARY KEY,
    digest TEXT NOT NULL UNIQUE,
    prefix TEXT NOT NULL,
    name TEXT,
    user_key TEXT NOT NULL REFERENCES users (key),
    key_type TEXT NOT NULL CHECK (key_type IN ('USER', 'TEAM')),
    team_key TEXT REFERENCES teams (key) ON DELETE CASCADE,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    used_at INTEGER
);
CREATE INDEX api_keys_of_user ON api_keys (user_key, created_at);
""")
]
