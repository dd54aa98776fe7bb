"""Tasks, comments and meetings of boxes."""

from boxwood.db.schema import ddl

steps = [
    ddl("""
CREATE TABLE meetings (
    key TEXT PRIMARY KEY,
    box_key TEXT NOT NULL REFERENCES boxes (key) ON DELETE CASCADE,
    pipeline_key TEXT NOT NULL,
    creator_key TEXT NOT NULL,
    type TEXT NOT NULL CHECK (type IN ('CALL_LOG', 'MEETING_NOTES')),
    start_at INTEGER NOT NULL,
    duration_ms INTEGER CHECK (duration_ms >= 0),
    notes TEXT NOT NULL,
    is_draft BOOLEAN NOT NULL,
    created_at INTEGER NOT NULL,
    saved_at INTEGER NOT NULL
);
CREATE INDEX meetings_of_box ON meetings (box_key, created_at, key);
CREATE TABLE tasks (
    number SERIAL,
    key TEXT NOT NULL UNIQUE,
    box_key TEXT NOT NULL REFERENCES boxes (key) ON DELETE CASCADE,
    pipeline_key TEXT NOT NULL,
    creator_key TEXT NOT NULL REFERENCES users (key),
    text TEXT NOT NULL,
    due_at INTEGER CHECK (due_at > 0),
    status TEXT NOT NULL CHECK (status IN ('NOT_DONE', 'DONE')),
    reminder_status TEXT NOT NULL CHECK (reminder_status IN
        ('NONE', 'SCHEDULED', 'REMINDED', 'ERROR_ON_REMINDER', 'NOT_REMINDED_BECAUSE_TASK_DONE')),
    remind_followers BOOLEAN NOT NULL,
    assignee_keys JSON NOT NULL,
    is_draft BOOLEAN NOT NULL,
    meeting_key TEXT REFERENCES meetings (key) ON DELETE SET NULL,
    contact_key TEXT,
    created_at INTEGER NOT NULL,
    saved_at INTEGER NOT NULL,
    status_changed_at INTEGER NOT NULL
);
CREATE INDEX tasks_of_box ON tasks (box_key, number);
CREATE INDEX tasks_of_meeting ON tasks (meeting_key, number) WHERE meeting_key IS NOT NULL;
CREATE INDEX tasks_to_come ON tasks (due_at, number) WHERE reminder_status = 'SCHEDULED';
CREATE TABLE task_assignees (
    task_key TEXT NOT NULL REFERENCES tasks (key) ON DELETE CASCADE,
    user_key TEXT NOT NULL,
    due_at INTEGER NOT NULL,
    number INTEGER NOT NULL,
    is_open BOOLEAN NOT NULL,
    PRIMARY KEY (task_key, user_key)
);
CREATE INDEX agenda ON task_assignees (user_key, due_at, number);
CREATE INDEX agenda_open ON task_assignees (user_key, due_at, number) WHERE is_open;
CREATE TABLE comments (
    key TEXT PRIMARY KEY,
    box_key TEXT NOT NULL REFERENCES boxes (key) ON DELETE CASCADE,
    pipeline_key TEXT NOT NULL,
    creator_key TEXT NOT NULL,
    message TEXT NOT NULL,
    mentions JSON NOT NULL,
    parent_key TEXT REFERENCES comments (key) ON DELETE SET NULL,
    event_id INTEGER,
    created_at INTEGER NOT NULL,
    saved_at INTEGER NOT NULL
);
CREATE INDEX comments_of_box ON comments (box_key, created_at, key);
CREATE INDEX comments_of_parent ON comments (parent_key, created_at, key) WHERE parent_key IS NOT NULL;
CREATE TABLE reactions (
    comment_key TEXT NOT NULL REFERENCES comments (key) ON DELETE CASCADE,
    emoji TEXT NOT NULL,
    user_key TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (comment_key, emoji, user_key)
);
""")
]
