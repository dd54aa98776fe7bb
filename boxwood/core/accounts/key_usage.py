"""What API keys were used for: requests by day, route and status, and the last requests of each key.

The server collects them in memory and stores them every few seconds. Bodies and queries are never stored.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import msgspec

from ...db.engine import Db
from ...db.records import Table
from ...lib.durations import DAY

STORED = 90
"""How many days are stored."""
LAST = 100
"""How many requests of a key are stored one by one."""
AT_ONCE = 1000


class Used(NamedTuple):
    """What requests are counted by."""

    key: str
    """The record key of the API key."""
    day: int
    """Days since 1970, in UTC."""
    route: str
    """The verb and the path of the route, such as `GET /v1/boxes/{box}`."""
    status: int
    part: bool
    """Whether it was an operation of a batch."""


class KeyRequest(msgspec.Struct, frozen=True):
    """A request with an API key, without its query and its body."""

    key: str
    at: int
    id: str
    method: str
    route: str
    path: str
    status: int
    ms: float
    address: str


KEY_REQUESTS = Table("key_requests", KeyRequest)


def store(db: Db, counts: Mapping[Used, int], requests: Iterable[KeyRequest]) -> None:
    """Add these counts and requests. Of each key, only the last requests stay."""
    db.many(
        """
        INSERT INTO key_usage (key, day, route, status, part, requests)
        VALUES (:key, :day, :route, :status, :part, :requests)
        ON CONFLICT (key, day, route, status, part) DO UPDATE SET requests = key_usage.requests + excluded.requests
        """,
        [{**used._asdict(), "requests": count} for used, count in sorted(counts.items())],
    )
    stored = list(requests)
    for request in stored:
        KEY_REQUESTS.insert(db, request)
    for key in sorted({request.key for request in stored}):
        db.run(
            f"""
            DELETE FROM key_requests WHERE key = :key AND at < (
                SELECT at FROM key_requests WHERE key = :key ORDER BY at DESC LIMIT 1 OFFSET {LAST - 1})
            """,
            key=key,
        )


def counts(db: Db, key: str, since: int) -> dict[Used, int]:
    """The stored counts of a key from the day `since` on."""
    rows = db.rows(
        "SELECT key, day, route, status, part, requests FROM key_usage WHERE key = :key AND day >= :since",
        key=key,
        since=since,
    )
    return {Used(row[0], row[1], row[2], row[3], bool(row[4])): row[5] for row in rows}


def last_requests(db: Db, key: str) -> list[KeyRequest]:
    """The stored requests of a key, the newest first."""
    rows = db.rows(
        f"SELECT {KEY_REQUESTS.columns} FROM key_requests WHERE key = :key ORDER BY at DESC, id DESC LIMIT {LAST}",
        key=key,
    )
    return KEY_REQUESTS.load_all(rows)


def delete_old(db: Db, now: int) -> int:
    """Delete what is older than `STORED` days, some at a time. Return how many rows were deleted."""
    day = now // DAY - STORED
    rows = db.rows(f"SELECT key, at, id FROM key_requests WHERE at < :at LIMIT {AT_ONCE}", at=day * DAY)
    db.many(
        "DELETE FROM key_requests WHERE key = :key AND at = :at AND id = :id",
        [{"key": key, "at": at, "id": id_} for key, at, id_ in rows],
    )
    old = db.row("SELECT MIN(day) FROM key_usage")
    if old is None or old[0] is None or old[0] >= day:
        return len(rows)
    return len(rows) + db.run("DELETE FROM key_usage WHERE day = :day", day=old[0])
