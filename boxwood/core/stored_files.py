"""The list of stored blobs (the bytes of files). A row is written before the bytes, so that no blob is ever unknown.

The bytes themselves are in lib/blobs. No transaction spans both stores. So an upload is announced, stored, then claimed
by a file or a mail in the transaction that creates it. Several files and a mail may have the same blob. A blob that
none claims, or whose files and mail are deleted and out of the trash, is marked as doomed, then its bytes are deleted,
then its row.
"""

from __future__ import annotations

from ..db.engine import Db
from ..errors import Unavailable
from ..lib.durations import DAY

# Longer than any upload takes, and longer than a transaction that claims a blob stays open.
GRACE = DAY
# PostgreSQL reads a row again if it had to wait for it, but it does not read `files` again. So `at` and `claimed`
# alone must show that a file claimed the blob in the meantime.
_LEFT_OVER = """
    b.at < :before AND NOT EXISTS (SELECT 1 FROM files f WHERE f.blob = b.id)
        AND NOT EXISTS (SELECT 1 FROM trash_files t WHERE t.blob = b.id)
        AND NOT EXISTS (SELECT 1 FROM mails l WHERE l.raw_blob = b.id)
        AND NOT EXISTS (SELECT 1 FROM mail_files m WHERE m.blob = b.id)
        AND NOT EXISTS (SELECT 1 FROM proposal_files p WHERE p.blob = b.id)
        AND NOT EXISTS (SELECT 1 FROM outgoing_files o WHERE o.blob = b.id)
"""


def announce(db: Db, blobs: list[str], now: int) -> None:
    """Record that bytes will be stored under these ids."""
    sql = "INSERT INTO blobs (id, at, claimed, doomed) VALUES (:blob, :now, FALSE, FALSE)"
    db.many(sql, [{"blob": blob, "now": now} for blob in blobs])


def claim(db: Db, blob: str, now: int) -> None:
    """Record that a file or a mail has these bytes. The caller writes it next, in the same transaction."""
    sql = "UPDATE blobs SET claimed = TRUE, at = :now WHERE id = :blob AND doomed = FALSE"
    if not db.run(sql, blob=blob, now=now):
        raise Unavailable("the upload took longer than a day: send it again")


def free(db: Db, blob: str) -> None:
    """Record that the blob's file was deleted, so that its bytes can be deleted without the grace period."""
    db.run("UPDATE blobs SET at = 0 WHERE id = :blob", blob=blob)


def held(db: Db) -> list[str]:
    """Return the ids of all blobs that belong to a file, in a box or in the trash, to a mail, a draft or a
    proposal."""
    sql = """
        SELECT blob FROM files WHERE blob IS NOT NULL UNION SELECT blob FROM trash_files
        UNION SELECT raw_blob FROM mails WHERE raw_blob IS NOT NULL UNION SELECT blob FROM mail_files
        UNION SELECT blob FROM outgoing_files
        UNION SELECT blob FROM proposal_files ORDER BY blob
    """
    return [row[0] for row in db.rows(sql)]


def left_over(db: Db, now: int, *, limit: int) -> list[str]:
    """Return ids of blobs that belong to no file, and of doomed blobs whose row is not deleted yet."""
    sql = f"SELECT b.id FROM blobs b WHERE b.doomed = TRUE OR ({_LEFT_OVER}) LIMIT :limit"
    return [row[0] for row in db.rows(sql, before=now - GRACE, limit=limit)]


def doom(db: Db, blobs: list[str], now: int) -> list[str]:
    """Mark the blobs that still belong to no file as doomed, and return them: no file can claim them after that."""
    return _doom(db, blobs, _LEFT_OVER, before=now - GRACE)


def withdraw(db: Db, blobs: list[str]) -> list[str]:
    """Mark the blobs of a failed upload as doomed, unless a file claimed them. Return the doomed ones."""
    return _doom(db, blobs, "b.claimed = FALSE")


def _doom(db: Db, blobs: list[str], where: str, **params: int) -> list[str]:
    among = db.dialect.among("b.id", "blobs")
    db.run(f"UPDATE blobs AS b SET doomed = TRUE WHERE {among} AND {where}", blobs=db.texts(blobs), **params)
    sql = f"SELECT b.id FROM blobs b WHERE {among} AND b.doomed = TRUE"
    return [row[0] for row in db.rows(sql, blobs=db.texts(blobs))]


def forget(db: Db, blobs: list[str]) -> None:
    """Delete the rows of blobs whose bytes were deleted."""
    db.run(f"DELETE FROM blobs WHERE {db.dialect.among('id', 'blobs')}", blobs=db.texts(blobs))
