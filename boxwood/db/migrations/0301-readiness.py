"""Where a server writes to see whether it can."""

from yoyo import step

from boxwood.db.schema import ddl

steps = [
    step(
        ddl("""
CREATE TABLE readiness (
    key TEXT PRIMARY KEY,
    at INTEGER NOT NULL
);
""")
    )
]
