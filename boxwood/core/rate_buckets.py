"""Buckets of rate limits that several processes share: each process leases a few requests of a bucket at a time."""

from __future__ import annotations

from ..db.engine import Db
from ..lib.rates import Rate, Spent

# A process leases at most one eighth of a bucket's content at once, so that some is left for the other processes.
SHARE = 8


def lease(db: Db, key: str, rate: Rate, now: int) -> Spent:
    """Lease a share of the bucket: at least one request if the bucket is not empty. Unused requests do not return."""
    full_at = _full_at(db, key, now)
    held = rate.spend(full_at, now, most=0, least=0).left
    return _stored(db, key, rate.spend(full_at, now, most=max(1, held // SHARE)))


def spend(db: Db, key: str, rate: Rate, now: int) -> Spent:
    """Take a single unit of the bucket. `granted` is 0 if the bucket is empty."""
    return _stored(db, key, rate.spend(_full_at(db, key, now), now))


def _full_at(db: Db, key: str, now: int) -> float:
    fresh = {"key": key, "now": float(now)}
    db.run("INSERT INTO buckets (key, full_at) VALUES (:key, :now) ON CONFLICT (key) DO NOTHING", **fresh)
    row = db.row(f"SELECT full_at FROM buckets WHERE key = :key{db.for_update}", key=key)
    assert row is not None
    return float(row[0])


def _stored(db: Db, key: str, spent: Spent) -> Spent:
    if spent.granted:
        db.run("UPDATE buckets SET full_at = :full_at WHERE key = :key", key=key, full_at=spent.full_at)
    return spent


def sweep(db: Db, now: int) -> int:
    """Delete the rows of full buckets, and return how many: a full bucket needs no row."""
    return db.run("DELETE FROM buckets WHERE full_at < :now", now=float(now))
