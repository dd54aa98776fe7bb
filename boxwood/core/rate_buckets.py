"""Buckets of rate limits that several processes share: each process leases a few requests of a bucket at a time."""

from __future__ import annotations

from ..db.engine import Db
from ..lib.rates import Rate, Spent

# A process leases at most one eighth of a bucket's content at once, so that some is left for the other processes.
SHARE = 8


def lease(db: Db, key: str, rate: Rate, now: int) -> Spent:
    """Lease a share of the bucket: at least one request if the bucket is not empty. Unused requests do not return."""
    fresh = {"key": key, "now": float(now)}
    db.run("INSERT INTO buckets (key, full_at) VALUES (:key, :now) ON CONFLICT (key) DO NOTHING", **fresh)
    row = db.row(f"SELECT full_at FROM buckets WHERE key = :key{db.for_update}", key=key)
    assert row is not None
    held = rate.spend(row[0], now, most=0, least=0).left
    spent = rate.spend(row[0], now, most=max(1, held // SHARE))
    if spent.granted:
        db.run("UPDATE buckets SET full_at = :full_at WHERE key = :key", key=key, full_at=spent.full_at)
    return spent


def sweep(db: Db, now: int) -> int:
    """Delete the rows of full buckets, and return how many: a full bucket needs no row."""
    return db.run("DELETE FROM buckets WHERE full_at < :now", now=float(now))
