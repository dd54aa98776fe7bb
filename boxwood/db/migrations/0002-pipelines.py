"""Pipelines, stages, fields, boxes and what happened to them."""

from boxwood.db.schema import ddl

steps = [
    ddl("""
CREATE TABLE pipelines (
    key TEXT PRIMARY KEY,
    team_key TEXT NOT NULL REFERENCES teams (key),
    creator_key TEXT NOT NULL REFERENCES users (key),
    name TEXT NOT NULL,
    description TEXT,
    icon TEXT NOT NULL,
    stage_order JSON NOT NULL,
    stage_theme TEXT NOT NULL,
    permission_sets JSON NOT NULL,
    default_permission_set TEXT,
    restricted_to_team BOOLEAN NOT NULL,
    source TEXT NOT NULL,
    next_stage INTEGER NOT NULL,
    next_field INTEGER NOT NULL,
    next_option INTEGER NOT NULL,
    formulas_updated_at INTEGER,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    saved_at INTEGER NOT NULL
);
CREATE INDEX pipelines_of_team ON pipelines (team_key, created_at);
CREATE TABLE pipeline_members (
    pipeline_key TEXT NOT NULL REFERENCES pipelines (key) ON DELETE CASCADE,
    user_key TEXT NOT NULL REFERENCES users (key),
    permission_set TEXT NOT NULL,
    is_owner BOOLEAN NOT NULL,
    added_at INTEGER NOT NULL,
    PRIMARY KEY (pipeline_key, user_key)
);
CREATE INDEX pipeline_members_of_user ON pipeline_members (user_key);
CREATE TABLE stages (
    pipeline_key TEXT NOT NULL REFERENCES pipelines (key) ON DELETE CASCADE,
    key TEXT NOT NULL,
    name TEXT NOT NULL,
    foreground TEXT NOT NULL,
    background TEXT NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (pipeline_key, key)
);
CREATE TABLE fields (
    pipeline_key TEXT NOT NULL REFERENCES pipelines (key) ON DELETE CASCADE,
    key TEXT NOT NULL,
    name TEXT NOT NULL,
    type TEXT NOT NULL,
    options JSON NOT NULL,
    default_value JSON,
    ai_settings JSON NOT NULL,
    default_updated_at INTEGER,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (pipeline_key, key)
);
CREATE TABLE boxes (
    key TEXT PRIMARY KEY,
    pipeline_key TEXT NOT NULL REFERENCES pipelines (key) ON DELETE CASCADE,
    stage_key TEXT NOT NULL,
    name TEXT NOT NULL,
    notes TEXT,
    creator_key TEXT NOT NULL,
    source TEXT NOT NULL,
    fields JSON NOT NULL,
    assignee_keys JSON NOT NULL,
    follower_keys JSON NOT NULL,
    linked_box_keys JSON NOT NULL,
    contacts JSON NOT NULL,
    organizations JSON NOT NULL,
    emails JSON NOT NULL,
    stage_history JSON NOT NULL,
    activity JSON NOT NULL,
    violations JSON NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    saved_at INTEGER NOT NULL,
    stage_changed_at INTEGER NOT NULL,
    FOREIGN KEY (pipeline_key, stage_key) REFERENCES stages (pipeline_key, key)
);
CREATE INDEX boxes_by_creation ON boxes (pipeline_key, created_at, key);
CREATE INDEX boxes_by_update ON boxes (pipeline_key, updated_at, key);
CREATE INDEX boxes_by_stage ON boxes (pipeline_key, stage_key, created_at, key);
CREATE TABLE assignments (
    user_key TEXT NOT NULL,
    box_key TEXT NOT NULL REFERENCES boxes (key) ON DELETE CASCADE,
    PRIMARY KEY (box_key, user_key)
) WITHOUT ROWID;
CREATE INDEX assignments_of_user ON assignments (user_key, box_key);
CREATE TABLE events (
    id SERIAL,
    kind TEXT NOT NULL,
    at INTEGER NOT NULL,
    actor_key TEXT,
    team_key TEXT,
    pipeline_key TEXT,
    box_key TEXT,
    subject_key TEXT,
    record JSON NOT NULL,
    before JSON,
    detail JSON NOT NULL
);
CREATE INDEX events_of_box ON events (box_key, id);
CREATE INDEX events_of_pipeline ON events (pipeline_key, id);
""")
]
