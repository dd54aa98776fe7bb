"""Gauges for Prometheus: the queues, their age, and the size of the database, read at each request."""

from __future__ import annotations

from prometheus_client import Gauge

from ...core import backlog
from ...core.backlog import Queue
from ...db.engine import Db

WAITING = Gauge("boxwood_queue_depth", "Work that is due and waits.", ["queue"], multiprocess_mode="mostrecent")
LATE = Gauge(
    "boxwood_queue_age_seconds", "How long the oldest has been due.", ["queue"], multiprocess_mode="mostrecent"
)
SIZE = Gauge("boxwood_database_bytes", "Size of the database.", multiprocess_mode="mostrecent")


def read(db: Db, now: int) -> tuple[list[Queue], int]:
    return backlog.queues(db, now), backlog.size(db)


def show(queues: list[Queue], size: int) -> None:
    for queue in queues:
        WAITING.labels(queue.name).set(queue.waiting)
        LATE.labels(queue.name).set(queue.late_ms / 1000)
    SIZE.set(size)
