"""Stored responses are sealed: only the caller's Idempotency-Key and credentials together open them.

Responses that were stored before become empty, and their keys hashes (core/idempotency.hashed). A repetition of such a
request is refused, so that nothing happens twice.
"""

import hashlib
from typing import Any

from boxwood.db.schema import ddl


def empty(connection: Any) -> None:
    cursor = connection.cursor()
    sqlite = type(connection).__module__.startswith("sqlite3")
    if sqlite:
        cursor.execute("PRAGMA secure_delete = ON")  # overwrites the texts that are replaced
    cursor.execute("SELECT user_key, idempotency_key FROM answers")
    mark = "?" if sqlite else "%s"
    for user, key in cursor.fetchall():
        hashed = hashlib.blake2b(f"{user} {key}".encode(), digest_size=32).hexdigest()
        cursor.execute(
            f"UPDATE answers SET idempotency_key = {mark}, digest = '', body = '' "
            f"WHERE user_key = {mark} AND idempotency_key = {mark}",
            (hashed, user, key),
        )


steps = [empty, ddl("ALTER TABLE answers ADD COLUMN seen JSON")]
