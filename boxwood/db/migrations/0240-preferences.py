"""Preferences of users for the UI."""

from yoyo import step

from boxwood.db.schema import ddl

steps = [
    step(
        ddl("""
CREATE TABLE preferences (
    user_key TEXT PRIMARY KEY REFERENCES users (key) ON DELETE CASCADE,
    held JSON NOT NULL
);
""")
    )
]
