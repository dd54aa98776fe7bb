"""Which bytes are stored. Written down before the bytes are, so that whatever breaks off, none stay unknown.

The bytes themselves are in lib/blobs: two stores, without one transaction over both. An upload is announced,
stored, then claimed by a file in that file's own transaction. Bytes that no file claims, or whose file is gone and
out of the trash, are doomed, deleted and forgotten, in this order.
"""

from __future__ import annotations

from ..db.engine import Db
from ..errors import Unavailable
from ..lib.durations import DAY

# Longer than any upload takes, and than a transaction that claims bytes stays open.
GRACE = DAY
# PostgreSQL looks again at a row it had to wait for, but not at `files`: so `at` and `claimed` must tell by
# themselves that a claim came in between.
_LEFT_OVER = """
    b.at < :before AND NOT EXISTS (SELECT 1 FROM files f WHERE f.blob = b.id)
        AND NOT EXISTS (SELECT 1 FROM trash_files t WHERE t.blob = b.id)
"""


def announce(db: Db, blobs: list[str], now: int) -> None:
    """Bytes will be stored under these ids."""
    sql = "INSERT INTO blobs (id, at, claimed, doomed) VALUES (:blob, :now, FALSE, FALSE)"
    db.many(sql, [{"blob": blob, "now": now} for blob in blobs])


def claim(db: Db, blob: str, now: int) -> None:
    """A file has these bytes now; the file is written next, in the same transaction."""
    sql = "UPDATE blobs SET claimed = TRUE, at = :now WHERE id = :blob AND doomed = FALSE"
    if not db.run(sql, blob=blob, now=now):
        raise Unavailable("the upload took longer than a day: send it again")


def free(db: Db, blob: str) -> None:
    """Their file was deleted: they need not wait."""
    db.run("UPDATE blobs SET at = 0 WHERE id = :blob", blob=blob)


def held(db: Db) -> list[str]:
    """All bytes that a file has, be it in its box or in the trash."""
    sql = "SELECT blob FROM files WHERE blob IS NOT NULL UNION SELECT blob FROM trash_files ORDER BY blob"
    return [row[0] for row in db.rows(sql)]


def left_over(db: Db, now: int, *, limit: int) -> list[str]:
    """Bytes that are no file's, and those that were doomed before and not yet forgotten."""
    sql = f"SELECT b.id FROM blobs b WHERE b.doomed = TRUE OR ({_LEFT_OVER}) LIMIT :limit"
    return [row[0] for row in db.rows(sql, before=now - GRACE, limit=limit)]


def doom(db: Db, blobs: list[str], now: int) -> list[str]:
    """Those of them that are still left over, which from now on nobody can claim."""
    return _doom(db, blobs, _LEFT_OVER, before=now - GRACE)


def withdraw(db: Db, blobs: list[str]) -> list[str]:
    """The upload failed: doom those that were not claimed."""
    return _doom(db, blobs, "b.claimed = FALSE")


def _doom(db: Db, blobs: list[str], where: str, **params: int) -> list[str]:
    among = db.dialect.among("b.id", "blobs")
    db.run(f"UPDATE blobs AS b SET doomed = TRUE WHERE {among} AND {where}", blobs=db.texts(blobs), **params)
    sql = f"SELECT b.id FROM blobs b WHERE {among} AND b.doomed = TRUE"
    return [row[0] for row in db.rows(sql, blobs=db.texts(blobs))]


def forget(db: Db, blobs: list[str]) -> None:
    """Their bytes are deleted."""
    db.run(f"DELETE FROM blobs WHERE {db.dialect.among('id', 'blobs')}", blobs=db.texts(blobs))
