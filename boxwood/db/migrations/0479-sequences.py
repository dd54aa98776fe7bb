"""Sequences: mails that follow each other, until the recipient replies; and mailboxes that must be looked at first."""

from boxwood.db.schema import ddl

# A run has the steps and settings that its sequence had when it started.
steps = [
    ddl("""
CREATE TABLE sequences (
    key TEXT PRIMARY KEY,
    team_key TEXT NOT NULL REFERENCES teams (key) ON DELETE CASCADE,
    pipeline_key TEXT NOT NULL REFERENCES pipelines (key) ON DELETE CASCADE,
    creator_key TEXT NOT NULL REFERENCES users (key),
    name TEXT NOT NULL,
    mailbox_key TEXT,
    steps JSON NOT NULL,
    settings JSON NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
);
CREATE INDEX sequences_of_pipeline ON sequences (pipeline_key, created_at);
CREATE TABLE sequence_runs (
    key TEXT PRIMARY KEY,
    sequence_key TEXT NOT NULL REFERENCES sequences (key) ON DELETE CASCADE,
    version INTEGER NOT NULL,
    team_key TEXT NOT NULL,
    pipeline_key TEXT NOT NULL,
    box_key TEXT NOT NULL,
    contact_key TEXT,
    address TEXT NOT NULL,
    name TEXT NOT NULL,
    user_key TEXT NOT NULL REFERENCES users (key),
    of_team BOOLEAN NOT NULL,
    maker TEXT,
    mailbox_key TEXT NOT NULL,
    steps JSON NOT NULL,
    settings JSON NOT NULL,
    place INTEGER NOT NULL,
    state TEXT NOT NULL,
    reason TEXT,
    waits BOOLEAN NOT NULL,
    letter_key TEXT,
    thread_key TEXT,
    due_at INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    ended_at INTEGER
);
CREATE UNIQUE INDEX sequence_runs_once ON sequence_runs (sequence_key, box_key, address) WHERE state = 'running';
CREATE INDEX sequence_runs_due ON sequence_runs (due_at) WHERE state = 'running';
CREATE INDEX sequence_runs_of_box ON sequence_runs (box_key);
CREATE INDEX sequence_runs_of_address ON sequence_runs (team_key, address) WHERE state = 'running';
CREATE INDEX sequence_runs_of_sequence ON sequence_runs (sequence_key, created_at);
CREATE TABLE mailbox_looks (
    mailbox_key TEXT PRIMARY KEY REFERENCES mailboxes (key) ON DELETE CASCADE,
    wanted_at INTEGER NOT NULL
);
""")
]
