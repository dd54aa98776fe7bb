"""Old keys: users, teams and contacts that were here before an import from Streak also answer to their keys at Streak.

Everything else that an import brings keeps its key, and needs no entry here.
"""

from __future__ import annotations

from collections.abc import Collection

from ...db.engine import Db


def exist(db: Db) -> bool:
    """Return whether there is any old key. Most servers have none, and their requests are not searched for them."""
    return db.remember(("old keys",), lambda: db.row("SELECT old_key FROM old_keys LIMIT 1") is not None)


def resolve(db: Db, texts: Collection[str]) -> dict[str, str]:
    """Return the present keys of those of the texts that are old keys."""
    if not texts:
        return {}
    sql = f"SELECT old_key, key FROM old_keys WHERE {db.dialect.among('old_key', 'texts')}"
    return dict(db.rows(sql, texts=db.texts(texts)))


def add(db: Db, old_key: str, key: str) -> None:
    """Let a thing answer to its old key too."""
    db.run(
        """
        INSERT INTO old_keys (old_key, key) VALUES (:old, :key)
        ON CONFLICT (old_key) DO UPDATE SET key = EXCLUDED.key
        """,
        old=old_key,
        key=key,
    )


def under(db: Db, keys: Collection[str]) -> dict[str, str]:
    """Return the present keys of all these keys: of an old key, the present one; of others, themselves."""
    found = resolve(db, keys)
    return {key: found.get(key, key) for key in keys}
