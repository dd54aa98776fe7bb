"""Calendar feeds: secret addresses at which calendar programs read tasks and meetings."""

from boxwood.db.schema import ddl

steps = [
    ddl("""
CREATE TABLE calendars (
    key TEXT PRIMARY KEY,
    digest TEXT NOT NULL,
    user_key TEXT NOT NULL REFERENCES users (key) ON DELETE CASCADE,
    name TEXT NOT NULL,
    pipeline_key TEXT,
    whose TEXT NOT NULL,
    created_at INTEGER NOT NULL
);
CREATE INDEX calendars_of ON calendars (user_key, created_at);
""")
]
