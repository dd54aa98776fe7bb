"""Users who may not sign in."""

from yoyo import step

from boxwood.db.schema import ddl

steps = [
    step(
        ddl("""
CREATE TABLE locked_users (
    user_key TEXT PRIMARY KEY REFERENCES users (key) ON DELETE CASCADE,
    at INTEGER NOT NULL
);
""")
    )
]
