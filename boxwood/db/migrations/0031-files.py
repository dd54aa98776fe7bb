"""Files of boxes, the bytes that are stored for them, and the key that signs links."""

import secrets
from typing import Any

from boxwood.db.schema import ddl


def make_secret(connection: Any) -> None:
    """Create a signing key that all processes share, so that a signed link works in every process and after a
    restart."""
    connection.cursor().execute(f"INSERT INTO secrets (name, value) VALUES ('links', '{secrets.token_hex(32)}')")


steps = [
    ddl("""
CREATE TABLE secrets (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
);
CREATE TABLE blobs (
    id TEXT PRIMARY KEY,
    at INTEGER NOT NULL,
    claimed BOOLEAN NOT NULL,
    doomed BOOLEAN NOT NULL
);
CREATE TABLE files (
    key TEXT PRIMARY KEY,
    box_key TEXT NOT NULL REFERENCES boxes (key) ON DELETE CASCADE,
    owner_key TEXT NOT NULL REFERENCES users (key),
    name TEXT NOT NULL,
    mime_type TEXT NOT NULL,
    size INTEGER,
    blob TEXT UNIQUE REFERENCES blobs (id),
    sha256 TEXT,
    drive_id TEXT,
    created_at INTEGER NOT NULL,
    saved_at INTEGER NOT NULL,
    UNIQUE (box_key, drive_id),
    CHECK ((blob IS NULL) <> (drive_id IS NULL))
);
CREATE INDEX files_of_box ON files (box_key, created_at, key);
"""),
    make_secret,
]
