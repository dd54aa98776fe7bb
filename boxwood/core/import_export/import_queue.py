"""Imports as workers share them: each running import has a lease, and belongs to the worker that took it."""

from __future__ import annotations

import msgspec

from ...db.engine import Db
from ...errors import Forbidden, NotFound
from .. import stored_files
from ..accounts import locked_users, makers
from ..context import Ctx
from ..records import USERS
from ..records.scopes import WRITE
from .imports import CHANNEL, IMPORTS, Import

LEASE = 10_000
"""Milliseconds. Each written slice renews it."""


def is_any_waiting(db: Db, now: int) -> bool:
    """Whether a worker could take an import."""
    sql = "SELECT 1 FROM imports WHERE ended_at IS NULL AND lease_until < :now LIMIT 1"
    return db.row(sql, now=now) is not None


def is_any_newer(db: Db, since: int) -> bool:
    """Whether an import that was created after `since` has not ended."""
    sql = "SELECT 1 FROM imports WHERE ended_at IS NULL AND created_at > :since LIMIT 1"
    return db.row(sql, since=since) is not None


def take(db: Db, worker: str, now: int) -> Import | None:
    """Give the oldest import that no worker holds to this worker. None if there is none."""
    row = db.row(
        f"""
        UPDATE imports SET state = 'running', worker = :worker, lease_until = :until WHERE key = (
            SELECT key FROM imports WHERE ended_at IS NULL AND lease_until < :now
            ORDER BY created_at LIMIT 1{db.dialect.skip_locked}
        ) RETURNING {IMPORTS.columns}
        """,
        worker=worker,
        until=now + LEASE,
        now=now,
    )
    return IMPORTS.load(row) if row else None


def take_created(db: Db, job: Import, worker: str, now: int) -> Import:
    """Give an import that this transaction has created to this worker."""
    changes = {"state": "running", "worker": worker, "lease_until": now + LEASE}
    job = msgspec.structs.replace(job, **changes)
    IMPORTS.update(db, job, *changes)
    return job


def find(db: Db, key: str) -> Import:
    """The import with this key. Checks no permission."""
    row = db.row(f"SELECT {IMPORTS.columns} FROM imports WHERE key = :key", key=key)
    assert row is not None
    return IMPORTS.load(row)


def release(db: Db, job: Import) -> None:
    """End the lease of a worker that stops, so that another can continue at once."""
    db.run("UPDATE imports SET lease_until = 0 WHERE key = :key AND worker = :worker", key=job.key, worker=job.worker)


def release_all(db: Db) -> None:
    """End all leases. Only for a process that starts alone: the processes that had them have stopped."""
    db.run("UPDATE imports SET lease_until = 0 WHERE ended_at IS NULL")


def acting(db: Db, job: Import, now: int) -> Ctx:
    """The context of the user who created the import. Raises `Forbidden` if the user is locked, or if the API key that
    created it may no longer import."""
    row = db.row(f"SELECT {USERS.columns} FROM users WHERE key = :key", key=job.creator_key)
    if row is None:
        raise NotFound(job.creator_key)
    locked_users.require_unlocked(db, job.creator_key)
    if not makers.may(db, job.maker, now, [("boxes", WRITE), ("pipelines", WRITE)], job.pipeline_key):
        raise Forbidden("The API key that began this import may no longer import here")
    return Ctx(db, now, USERS.load(row), job.within, via=f"import:{job.key}", change=job.change, scopes=job.scopes)


def fail(db: Db, job: Import, error: str, now: int) -> None:
    """End an import as failed if its creator cannot act any more; `imports.end` needs the creator."""
    db.run(
        "UPDATE imports SET state = 'failed', error = :error, ended_at = :now, lease_until = 0 WHERE key = :key",
        key=job.key,
        error=error,
        now=now,
    )
    stored_files.free(db, job.blob)
    db.notify(CHANNEL)
