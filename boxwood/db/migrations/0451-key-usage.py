"""What API keys were used for, their last requests, and the previous secret of a key that was rotated."""

from typing import Any

from boxwood.db.schema import ddl


def watch(connection: Any) -> None:
    """Count changes of the previous secret too, because the owner of a secret is cached."""
    if type(connection).__module__.startswith("sqlite3"):
        return
    cursor = connection.cursor()
    cursor.execute("DROP TRIGGER note_alteration ON api_keys")
    cursor.execute("""
        CREATE CONSTRAINT TRIGGER note_alteration AFTER INSERT OR DELETE
            OR UPDATE OF digest, previous_digest, previous_until, user_key, key_type, team_key, proposes, limits
        ON api_keys DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION note_alteration()
    """)


steps = [
    ddl("""
ALTER TABLE api_keys ADD COLUMN previous_digest TEXT;
ALTER TABLE api_keys ADD COLUMN previous_until INTEGER;
CREATE INDEX api_keys_rotated ON api_keys (previous_digest) WHERE previous_digest IS NOT NULL;
CREATE TABLE key_usage (
    key TEXT NOT NULL,
    day INTEGER NOT NULL,
    route TEXT NOT NULL,
    status INTEGER NOT NULL,
    part BOOLEAN NOT NULL,
    requests INTEGER NOT NULL,
    PRIMARY KEY (key, day, route, status, part)
);
CREATE INDEX key_usage_by_day ON key_usage (day);
CREATE TABLE key_requests (
    key TEXT NOT NULL,
    at INTEGER NOT NULL,
    id TEXT NOT NULL,
    method TEXT NOT NULL,
    route TEXT NOT NULL,
    path TEXT NOT NULL,
    status INTEGER NOT NULL,
    ms REAL NOT NULL,
    address TEXT NOT NULL,
    PRIMARY KEY (key, at, id)
);
CREATE INDEX key_requests_by_time ON key_requests (at);
"""),
    watch,
]
