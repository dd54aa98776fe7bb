"""Mail that is to be sent."""

from boxwood.db.schema import ddl

steps = [
    ddl("""
CREATE TABLE letters (
    key TEXT PRIMARY KEY,
    about TEXT NOT NULL,
    recipients JSON NOT NULL,
    subject TEXT NOT NULL,
    text TEXT NOT NULL,
    html TEXT NOT NULL,
    reply_to TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('waiting', 'sent', 'dead')),
    due_at INTEGER NOT NULL,
    ends_at INTEGER,
    attempts INTEGER NOT NULL,
    error TEXT,
    created_at INTEGER NOT NULL,
    settled_at INTEGER
);
CREATE INDEX letters_by_due ON letters (state, due_at);
""")
]
