"""Automations: rules, their versions, and runs with a log of their steps."""

from boxwood.db.schema import ddl

steps = [
    # JSON is stored as text: no query looks into it, and the order of its members is preserved.
    # A run follows a version, so a version stays as long as it has runs. A run outlives the event that started it.
    ddl("""
CREATE TABLE automations (
    key TEXT PRIMARY KEY,
    scope_key TEXT NOT NULL,
    pipeline_key TEXT REFERENCES pipelines (key) ON DELETE CASCADE,
    team_key TEXT NOT NULL REFERENCES teams (key) ON DELETE CASCADE,
    user_key TEXT NOT NULL REFERENCES users (key),
    name TEXT NOT NULL,
    description TEXT,
    enabled BOOLEAN NOT NULL,
    off_reason TEXT,
    version INTEGER NOT NULL,
    trigger_type TEXT NOT NULL,
    requests INTEGER NOT NULL,
    definition TEXT NOT NULL,
    secrets TEXT NOT NULL,
    signing_secret TEXT NOT NULL,
    previous_secret TEXT,
    previous_until INTEGER,
    next_at INTEGER,
    looked_until INTEGER NOT NULL,
    failures INTEGER NOT NULL,
    refusals INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
);
CREATE INDEX automations_of_scope ON automations (scope_key, trigger_type);
CREATE INDEX automations_of_team ON automations (team_key);
CREATE INDEX automations_in_time ON automations (next_at) WHERE next_at IS NOT NULL;
CREATE TABLE automation_versions (
    automation_key TEXT NOT NULL REFERENCES automations (key) ON DELETE CASCADE,
    version INTEGER NOT NULL,
    definition TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (automation_key, version)
);
CREATE TABLE automation_runs (
    key TEXT PRIMARY KEY,
    automation_key TEXT NOT NULL REFERENCES automations (key) ON DELETE CASCADE,
    version INTEGER NOT NULL,
    cause TEXT NOT NULL,
    event_id INTEGER,
    box_key TEXT,
    subject_key TEXT,
    given TEXT NOT NULL,
    chain TEXT NOT NULL,
    root_key TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('due', 'done', 'failed', 'stopped', 'skipped', 'refused', 'cancelled')),
    reason TEXT,
    place INTEGER NOT NULL,
    due_at INTEGER NOT NULL,
    tries INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    worker TEXT,
    waits BOOLEAN NOT NULL,
    outputs TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    began_at INTEGER,
    ended_at INTEGER
);
CREATE UNIQUE INDEX automation_runs_once ON automation_runs (automation_key, cause);
CREATE INDEX automation_runs_of_automation ON automation_runs (automation_key, key);
CREATE INDEX automation_runs_of_record ON automation_runs (automation_key, subject_key, created_at);
CREATE INDEX automation_runs_due ON automation_runs (automation_key, due_at) WHERE state = 'due';
CREATE INDEX automation_runs_ended ON automation_runs (ended_at) WHERE ended_at IS NOT NULL;
CREATE INDEX automation_runs_of_box ON automation_runs (box_key, key);
CREATE TABLE automation_steps (
    run_key TEXT NOT NULL REFERENCES automation_runs (key) ON DELETE CASCADE,
    number INTEGER NOT NULL,
    path TEXT NOT NULL,
    type TEXT NOT NULL,
    name TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('done', 'failed', 'waiting', 'skipped')),
    attempt INTEGER NOT NULL,
    input TEXT NOT NULL,
    output TEXT NOT NULL,
    error TEXT,
    began_at INTEGER NOT NULL,
    ms INTEGER NOT NULL,
    PRIMARY KEY (run_key, number)
);
""")
]
