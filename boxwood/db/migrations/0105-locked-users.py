"""Users who may not sign in."""

from boxwood.db.schema import ddl

steps = [
    ddl("""
CREATE TABLE locked_users (
    user_key TEXT PRIMARY KEY REFERENCES users (key) ON DELETE CASCADE,
    at INTEGER NOT NULL
);
""")
]
