"""Buckets of a rate that several processes draw from: each leases a few at a time."""

from __future__ import annotations

from ..db.engine import Db
from ..lib.rates import Rate, Spent

# Of what a bucket holds a process takes at most this part at once, so that the others find some too.
SHARE = 8


def lease(db: Db, key: str, rate: Rate, now: int) -> Spent:
    """A share of the bucket, at least one if it holds one. What is leased and not used is lost."""
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
    """Forget those that are full."""
    return db.run("DELETE FROM buckets WHERE full_at < :now", now=float(now))
