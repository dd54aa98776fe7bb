"""Notifications of users, boxes that a user has muted, and when a user gets notifications by mail."""

from boxwood.db.schema import ddl

steps = [
    ddl("""
CREATE TABLE notifications (
    user_key TEXT NOT NULL REFERENCES users (key) ON DELETE CASCADE,
    event_id INTEGER NOT NULL,
    reason TEXT NOT NULL CHECK (reason IN ('mention', 'assigned', 'due', 'followed', 'failed')),
    box_key TEXT,
    pipeline_key TEXT,
    at INTEGER NOT NULL,
    read_at INTEGER,
    mailed BOOLEAN NOT NULL,
    PRIMARY KEY (user_key, event_id)
);
CREATE INDEX notifications_unread ON notifications (user_key, event_id) WHERE read_at IS NULL;
CREATE INDEX notifications_by_age ON notifications (at);
CREATE TABLE mutes (
    user_key TEXT NOT NULL REFERENCES users (key) ON DELETE CASCADE,
    box_key TEXT NOT NULL,
    PRIMARY KEY (user_key, box_key)
);
CREATE INDEX mutes_of_box ON mutes (box_key);
CREATE TABLE digests (
    user_key TEXT PRIMARY KEY REFERENCES users (key) ON DELETE CASCADE,
    often TEXT NOT NULL CHECK (often IN ('never', 'daily', 'weekly')),
    sent_at INTEGER NOT NULL
);
""")
]
