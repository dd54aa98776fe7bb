"""Which worker reads which mailbox, and what comes of it. A worker leases a mailbox, so that no other reads it."""

from __future__ import annotations

from ....db.engine import Db
from ....lib.durations import HOUR, MINUTE, SECOND
from . import mailboxes
from .mailbox_records import (
    ACTIVE,
    FAILING,
    MAILBOXES,
    PAUSED,
    READY,
    REFUSED,
    SYNCING,
    UNAUTHORIZED,
    MailboxRecord,
    day_of,
)

LEASE = MINUTE
FIRST_DELAY, LONGEST_DELAY = 5 * SECOND, 30 * MINUTE
FAILURES_TO_NOTIFY = 55
"""With the delays above, a mailbox that fails for about a day."""
MOST_BYTES_A_DAY = 1_500_000_000
"""Of older mail. Google allows 2.5 GB a day in total."""
_ACTIVE = ", ".join(f"'{state}'" for state in ACTIVE)
_MINE = "key = :key AND worker = :worker"


class LeaseLost(Exception):
    """Another worker reads the mailbox now, or it was paused, changed or removed."""


def claim(db: Db, now: int, worker: str, limit: int) -> list[MailboxRecord]:
    """Lease due mailboxes that no worker reads."""
    rows = db.rows(
        f"""
        SELECT {MAILBOXES.columns} FROM mailboxes
        WHERE state IN ({_ACTIVE}) AND due_at <= :now AND lease_until < :now
        ORDER BY due_at, key LIMIT :limit{db.dialect.skip_locked}
        """,
        now=now,
        limit=limit,
    )
    found = MAILBOXES.load_all(rows)
    for mailbox in found:
        sql = "UPDATE mailboxes SET worker = :worker, lease_until = :until WHERE key = :key"
        db.run(sql, key=mailbox.key, worker=worker, until=now + LEASE)
    return found


def is_work_due(db: Db, now: int) -> bool:
    sql = f"SELECT 1 FROM mailboxes WHERE state IN ({_ACTIVE}) AND due_at <= :now AND lease_until < :now LIMIT 1"
    return db.row(sql, now=now) is not None


def renew(db: Db, now: int, worker: str) -> dict[str, int]:
    """Extend all leases of this worker. Returns when each of its mailboxes was last changed by a user."""
    db.run(
        f"UPDATE mailboxes SET lease_until = :until WHERE worker = :worker AND state IN ({_ACTIVE})",
        worker=worker,
        until=now + LEASE,
    )
    return held(db, worker)


def held(db: Db, worker: str) -> dict[str, int]:
    """The mailboxes of this worker, and when each was last changed by a user."""
    sql = f"SELECT key, updated_at FROM mailboxes WHERE worker = :worker AND state IN ({_ACTIVE})"
    return dict(db.rows(sql, worker=worker))


def release(db: Db, worker: str, key: str = "") -> None:
    """End the lease of one mailbox, or all leases of this worker."""
    sql = "UPDATE mailboxes SET worker = NULL, lease_until = 0 WHERE worker = :worker AND (:key = '' OR key = :key)"
    db.run(sql, worker=worker, key=key)


def release_all(db: Db) -> None:
    """End all leases: those of the previous process, where only one process may run."""
    db.run("UPDATE mailboxes SET worker = NULL, lease_until = 0 WHERE worker IS NOT NULL")


def require(db: Db, mailbox: MailboxRecord, worker: str) -> None:
    """Raise `LeaseLost` unless this worker still reads the mailbox as it was configured then. The row is locked until
    the commit."""
    sql = f"SELECT worker, state, updated_at FROM mailboxes WHERE key = :key{db.for_update}"
    row = db.row(sql, key=mailbox.key)
    if row is None or row[0] != worker or row[1] not in ACTIVE or row[2] != mailbox.updated_at:
        raise LeaseLost(mailbox.key)


# What came of it


def connected(db: Db, mailbox: MailboxRecord, worker: str, now: int) -> None:
    """The worker signed in. The first time is an event."""
    require(db, mailbox, worker)
    db.run(
        f"""
        UPDATE mailboxes SET error = NULL, failures = 0, failing_since = NULL,
            connected_at = COALESCE(connected_at, :now),
            state = CASE WHEN state = '{READY}' THEN '{READY}' ELSE '{SYNCING}' END
        WHERE {_MINE}
        """,
        key=mailbox.key,
        worker=worker,
        now=now,
    )
    if mailbox.connected_at is None and (ctx := mailboxes.acting(db, mailbox, now)):
        mailboxes.record_event(ctx, "mailbox.connected", mailbox)


def synced(db: Db, mailbox: MailboxRecord, worker: str, now: int) -> None:
    """New mail was looked at in every folder. The state is `ready` if all older mail was, too."""
    left = db.row("SELECT 1 FROM mail_folders WHERE mailbox_key = :key AND filled = FALSE LIMIT 1", key=mailbox.key)
    db.run(
        f"UPDATE mailboxes SET synced_at = :now, state = :state WHERE {_MINE} AND state IN ('{SYNCING}', '{READY}')",
        key=mailbox.key,
        worker=worker,
        now=now,
        state=SYNCING if left else READY,
    )


def failed(db: Db, mailbox: MailboxRecord, worker: str, now: int, error: str, jitter: float) -> int:
    """The server cannot be reached. Returns after how many milliseconds a worker tries again. `jitter` is a factor near
    1, so that mailboxes of one server do not all come back at once."""
    row = db.row(f"SELECT failures, failing_since FROM mailboxes WHERE {_MINE}", key=mailbox.key, worker=worker)
    if row is None:
        return 0
    failures = row[0] + 1
    delay = int(min(LONGEST_DELAY, FIRST_DELAY * 2 ** min(failures - 1, 20)) * jitter)
    db.run(
        f"""
        UPDATE mailboxes SET state = '{FAILING}', error = :error, failures = :failures, failing_since = :since,
            due_at = :due, worker = NULL, lease_until = 0
        WHERE {_MINE} AND state IN ({_ACTIVE})
        """,
        key=mailbox.key,
        worker=worker,
        error=error[:500],
        failures=failures,
        since=row[1] or now,
        due=now + delay,
    )
    if failures == FAILURES_TO_NOTIFY:
        _notify(db, mailbox, now, f"{error[:200]}. Boxwood tries again every half hour")
    return delay


def refused(db: Db, mailbox: MailboxRecord, worker: str, now: int, error: str) -> None:
    """The server refuses to sign in: trying again could lock the account. The user is notified."""
    state = UNAUTHORIZED if mailbox.provider else REFUSED
    changed = db.run(
        f"""
        UPDATE mailboxes SET state = '{state}', error = :error, worker = NULL, lease_until = 0
        WHERE {_MINE} AND state IN ({_ACTIVE}) AND updated_at = :read
        """,
        key=mailbox.key,
        worker=worker,
        error=error[:500],
        read=mailbox.updated_at,
    )
    if changed:
        _notify(db, mailbox, now, error[:200])
    else:
        release(db, worker, mailbox.key)


def owner_left(db: Db, mailbox: MailboxRecord, worker: str) -> None:
    """The mailbox acts for a user who may not work in the team any longer."""
    db.run(
        f"UPDATE mailboxes SET state = '{PAUSED}', error = :error, worker = NULL, lease_until = 0 WHERE {_MINE}",
        key=mailbox.key,
        worker=worker,
        error="the user of this mailbox may not work in the team",
    )


def _notify(db: Db, mailbox: MailboxRecord, now: int, reason: str) -> None:
    if ctx := mailboxes.acting(db, mailbox, now):
        mailboxes.record_event(ctx, "mailbox.failed", mailbox, reason)


def spend(db: Db, mailbox: MailboxRecord, now: int, count: int) -> int:
    """Count bytes of older mail. Returns how many more may be downloaded today."""
    day = day_of(now)
    db.run(
        "UPDATE mailboxes SET day_bytes = CASE WHEN day = :day THEN day_bytes ELSE 0 END + :count, day = :day "
        "WHERE key = :key",
        key=mailbox.key,
        day=day,
        count=count,
    )
    row = db.row("SELECT day_bytes FROM mailboxes WHERE key = :key", key=mailbox.key)
    return MOST_BYTES_A_DAY - (row[0] if row else 0)


def next_day(now: int) -> int:
    """Milliseconds until the next day (UTC)."""
    return 24 * HOUR - now % (24 * HOUR)


def find(db: Db, key: str) -> MailboxRecord | None:
    row = db.row(f"SELECT {MAILBOXES.columns} FROM mailboxes WHERE key = :key", key=key)
    return MAILBOXES.load(row) if row else None
