"""Preferences of users for the UI."""

from boxwood.db.schema import ddl

steps = [
    ddl("""
CREATE TABLE preferences (
    user_key TEXT PRIMARY KEY REFERENCES users (key) ON DELETE CASCADE,
    held JSON NOT NULL
);
""")
]
