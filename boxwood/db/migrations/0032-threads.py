"""E-mail threads of boxes, their messages, and the files that came with them."""

from boxwood.db.schema import ddl

steps = [
    ddl("""
CREATE TABLE threads (
    key TEXT PRIMARY KEY,
    box_key TEXT NOT NULL REFERENCES boxes (key) ON DELETE CASCADE,
    pipeline_key TEXT NOT NULL,
    creator_key TEXT NOT NULL REFERENCES users (key),
    gmail_id TEXT,
    subject TEXT NOT NULL,
    names JSON NOT NULL,
    email_addresses JSON NOT NULL,
    email_count INTEGER NOT NULL,
    last_email_at INTEGER,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    UNIQUE (box_key, gmail_id)
);
CREATE INDEX threads_of_box ON threads (box_key, created_at, key);
CREATE INDEX threads_of_gmail ON threads (gmail_id);
CREATE TABLE messages (
    key TEXT PRIMARY KEY,
    box_key TEXT NOT NULL REFERENCES boxes (key) ON DELETE CASCADE,
    pipeline_key TEXT NOT NULL,
    thread_key TEXT NOT NULL REFERENCES threads (key) ON DELETE CASCADE,
    creator_key TEXT NOT NULL REFERENCES users (key),
    identity TEXT NOT NULL,
    message_id TEXT,
    mail_references JSON NOT NULL,
    subject TEXT NOT NULL,
    sender JSON NOT NULL,
    reply_to JSON NOT NULL,
    recipients JSON NOT NULL,
    cc JSON NOT NULL,
    bcc JSON NOT NULL,
    sent BOOLEAN NOT NULL,
    sent_at INTEGER NOT NULL,
    text TEXT NOT NULL,
    html TEXT,
    truncated BOOLEAN NOT NULL,
    created_at INTEGER NOT NULL,
    UNIQUE (box_key, identity)
);
CREATE INDEX messages_of_thread ON messages (thread_key, sent_at, key);
CREATE INDEX messages_of_box ON messages (box_key, sent_at, key);
CREATE TABLE mail_ids (
    box_key TEXT NOT NULL REFERENCES boxes (key) ON DELETE CASCADE,
    message_id TEXT NOT NULL,
    thread_key TEXT NOT NULL REFERENCES threads (key) ON DELETE CASCADE,
    PRIMARY KEY (box_key, message_id)
);
CREATE INDEX mail_ids_of_thread ON mail_ids (thread_key);
ALTER TABLE files ADD COLUMN thread_key TEXT REFERENCES threads (key) ON DELETE CASCADE;
ALTER TABLE files ADD COLUMN message_key TEXT;
CREATE INDEX files_of_thread ON files (thread_key);
CREATE INDEX files_of_message ON files (message_key);
""")
]
