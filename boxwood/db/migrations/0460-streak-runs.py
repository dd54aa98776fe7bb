"""Imports from Streak that users start in the browser: what they asked for, and how far the server is."""

from boxwood.db.schema import ddl

steps = [
    ddl("""
CREATE TABLE streak_runs (
    key TEXT PRIMARY KEY,
    team_key TEXT NOT NULL REFERENCES teams (key) ON DELETE CASCADE,
    creator_key TEXT NOT NULL REFERENCES users (key),
    source TEXT NOT NULL,
    source_team TEXT NOT NULL,
    since INTEGER NOT NULL,
    mode TEXT NOT NULL,
    watch BOOLEAN NOT NULL,
    secret TEXT,
    state TEXT NOT NULL,
    progress TEXT NOT NULL,
    report JSON NOT NULL,
    error TEXT,
    worker TEXT,
    due_at INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    ended_at INTEGER
);
CREATE INDEX streak_runs_of ON streak_runs (creator_key, created_at);
CREATE INDEX streak_runs_due ON streak_runs (due_at) WHERE ended_at IS NULL
""")
]
