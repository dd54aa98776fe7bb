"""Contacts and organizations, the values they are found by, and their links to each other and to boxes."""

from boxwood.db.schema import ddl

steps = [
    ddl("""
CREATE TABLE contacts (
    key TEXT PRIMARY KEY,
    team_key TEXT NOT NULL REFERENCES teams (key) ON DELETE CASCADE,
    given_name TEXT,
    family_name TEXT,
    title TEXT,
    other TEXT,
    email_addresses JSON NOT NULL,
    phone_numbers JSON NOT NULL,
    addresses JSON NOT NULL,
    domains JSON NOT NULL,
    normalized_domains JSON NOT NULL,
    twitter_handle TEXT,
    facebook_handle TEXT,
    linkedin_handle TEXT,
    instagram_handle TEXT,
    photo_url TEXT,
    fields JSON NOT NULL,
    creator_key TEXT NOT NULL,
    saved_by TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    saved_at INTEGER NOT NULL
);
CREATE INDEX contacts_of_team ON contacts (team_key, key, saved_at);
CREATE TABLE organizations (
    key TEXT PRIMARY KEY,
    team_key TEXT NOT NULL REFERENCES teams (key) ON DELETE CASCADE,
    name TEXT,
    other TEXT,
    industry TEXT,
    employee_count TEXT,
    phone_numbers JSON NOT NULL,
    addresses JSON NOT NULL,
    domains JSON NOT NULL,
    normalized_domains JSON NOT NULL,
    logo_url TEXT,
    twitter_handle TEXT,
    facebook_handle TEXT,
    linkedin_handle TEXT,
    instagram_handle TEXT,
    fields JSON NOT NULL,
    creator_key TEXT NOT NULL,
    saved_by TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    saved_at INTEGER NOT NULL
);
CREATE INDEX organizations_of_team ON organizations (team_key, key, saved_at);
CREATE TABLE identifiers (
    team_key TEXT NOT NULL REFERENCES teams (key) ON DELETE CASCADE,
    noun TEXT NOT NULL CHECK (noun IN ('contacts', 'organizations')),
    kind TEXT NOT NULL CHECK (kind IN ('email', 'domain', 'name', 'phone')),
    value TEXT NOT NULL,
    key TEXT NOT NULL,
    PRIMARY KEY (team_key, noun, kind, value, key)
);
CREATE INDEX identifiers_of ON identifiers (key);
CREATE TABLE entry_links (
    key TEXT NOT NULL,
    other_key TEXT NOT NULL,
    other_noun TEXT NOT NULL CHECK (other_noun IN ('contacts', 'organizations')),
    is_magic BOOLEAN NOT NULL,
    position INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (key, other_key)
);
CREATE TABLE box_links (
    box_key TEXT NOT NULL REFERENCES boxes (key) ON DELETE CASCADE,
    key TEXT NOT NULL,
    PRIMARY KEY (box_key, key)
);
CREATE INDEX box_links_of ON box_links (key, box_key);
CREATE TABLE merges (
    key TEXT PRIMARY KEY,
    team_key TEXT NOT NULL REFERENCES teams (key) ON DELETE CASCADE,
    noun TEXT NOT NULL CHECK (noun IN ('contacts', 'organizations')),
    survivor_key TEXT NOT NULL,
    actor_key TEXT NOT NULL,
    undo JSON NOT NULL,
    merged_at INTEGER NOT NULL,
    undone_at INTEGER
);
CREATE INDEX merges_of ON merges (survivor_key, merged_at);
CREATE INDEX events_of_subject ON events (subject_key, id) WHERE pipeline_key IS NULL;
""")
]
