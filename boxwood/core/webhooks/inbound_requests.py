"""What was sent to inbound webhooks: judged, kept, and handed to what it starts, in one transaction.

The last hundred requests of an endpoint can be looked at and run again; and so many of those that were refused or
repeated can be looked at.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from ...db.engine import Db
from ...db.records import Table
from ...errors import Conflict, NotFound
from ...lib import ids
from ...lib.cel import engine
from ...lib.durations import DAY
from .. import cel, events
from ..context import Ctx
from ..records import PIPELINES, USERS
from . import inbound_endpoints
from .inbound_endpoints import Endpoint

ACCEPTED, REPEATED, LEFT_OUT, REFUSED = "ACCEPTED", "REPEATED", "LEFT_OUT", "REFUSED"
KEPT = 100
KEPT_IDS = 8 * DAY


class Content(msgspec.Struct, frozen=True):
    """A request as what it starts reads it."""

    method: str
    query: dict[str, Any]
    headers: dict[str, str]
    """Names in lower case, without those that show secrets."""
    body: Any
    """Of JSON and forms their members; other text as it is; None where there is none."""


class Request(msgspec.Struct, frozen=True):
    """A request as it came; its body as text, whole or cut."""

    source: str
    content: Content
    content_type: str
    text: str
    size: int
    """Bytes of the whole body."""
    repeated_by: str = ""
    """What its sender tells it apart by, where the endpoint looks at that."""


class Arrival(msgspec.Struct, frozen=True):
    key: str
    endpoint_key: str
    kept: bool
    """Whether it can be run again; those that cannot are counted apart."""
    verdict: str
    reason: str
    """Why it was refused or left out, or which request it repeats."""
    at: int
    source: str
    method: str
    query: dict[str, Any]
    headers: dict[str, str]
    content_type: str
    body: str
    size: int
    repeated_id: str
    runs: list[str]
    """Keys of the runs that it started."""


class Called(msgspec.Struct, frozen=True):
    """What the event says: the request itself is in its own table, for a while."""

    key: str
    endpoint_key: str
    name: str
    method: str
    source: str
    size: int


ARRIVALS = Table("arrivals", Arrival)


# Receiving


def receive(db: Db, now: int, endpoint: Endpoint, request: Request) -> Arrival:
    """Keep it and start what it starts; or, where it repeats another, say which."""
    key = ids.new("a", now)
    first = _first(db, now, endpoint, request.repeated_by, key)
    if first != key:
        return _keep(db, now, endpoint, request, key, REPEATED, first)
    arrival = _keep(db, now, endpoint, request, key, ACCEPTED, "")
    return _start(db, now, endpoint, arrival, request.content)


def set_aside(db: Db, now: int, endpoint: Endpoint, request: Request, verdict: str, reason: str) -> Arrival:
    """Keep only that it was: it is refused, or left out by the endpoint's condition."""
    return _keep(db, now, endpoint, request, ids.new("a", now), verdict, reason)


def left_out(endpoint: Endpoint, content: Content) -> str:
    """Why the endpoint's condition leaves it out; empty where it does not. Takes up to 0.1 s."""
    if not endpoint.condition:
        return ""
    data = {name: getattr(content, name) for name in inbound_endpoints.NAMES}
    try:
        return "" if cel.holds(endpoint.condition, inbound_endpoints.NAMES, data) else "the condition does not hold"
    except engine.CelError as error:
        return f"the condition cannot be judged: {error}"


def _first(db: Db, now: int, endpoint: Endpoint, repeated_by: str, key: str) -> str:
    """The request that came first with this id: this one itself, unless there was another in the last 8 days."""
    if not repeated_by:
        return key
    row = db.row(
        """
        INSERT INTO arrival_ids (endpoint_key, id, arrival_key, at) VALUES (:endpoint, :id, :key, :now)
        ON CONFLICT (endpoint_key, id) DO UPDATE SET
            arrival_key = CASE WHEN arrival_ids.at < :since THEN :key ELSE arrival_ids.arrival_key END,
            at = CASE WHEN arrival_ids.at < :since THEN :now ELSE arrival_ids.at END
        RETURNING arrival_key
        """,
        endpoint=endpoint.key,
        id=repeated_by,
        key=key,
        now=now,
        since=now - KEPT_IDS,
    )
    assert row is not None
    return str(row[0])


def _keep(db: Db, now: int, endpoint: Endpoint, request: Request, key: str, verdict: str, reason: str) -> Arrival:
    arrival = Arrival(
        key=key,
        endpoint_key=endpoint.key,
        kept=verdict == ACCEPTED,
        verdict=verdict,
        reason=reason,
        at=now,
        source=request.source,
        method=request.content.method,
        query=request.content.query,
        headers=request.content.headers,
        content_type=request.content_type,
        body=request.text,
        size=request.size,
        repeated_id=request.repeated_by,
        runs=[],
    )
    ARRIVALS.insert(db, arrival)
    db.later(_tidy, (endpoint.key, arrival.kept))
    return arrival


def _tidy(db: Db, items: list[Any]) -> None:
    """Forget the oldest, once a commit. Others that do so at the same moment are not waited for."""
    for endpoint_key, kept in sorted(set(items)):
        db.run(
            f"""
            DELETE FROM arrivals WHERE key IN (
                SELECT key FROM arrivals WHERE endpoint_key = :endpoint AND kept = :kept AND key < (
                    SELECT key FROM arrivals WHERE endpoint_key = :endpoint AND kept = :kept
                    ORDER BY key DESC LIMIT 1 OFFSET {KEPT - 1}
                ){db.dialect.skip_locked}
            )
            """,
            endpoint=endpoint_key,
            kept=kept,
        )


def _start(db: Db, now: int, endpoint: Endpoint, arrival: Arrival, content: Content) -> Arrival:
    """Tell of it, and have everything that waits for this endpoint begin."""
    row = db.row(f"SELECT {USERS.columns} FROM users WHERE key = :key", key=endpoint.user_key)
    assert row is not None
    ctx = Ctx(db, now, USERS.load(row), via=f"inbound:{endpoint.key}")
    pipeline = None
    if endpoint.pipeline_key is not None:
        found = db.row(f"SELECT {PIPELINES.columns} FROM pipelines WHERE key = :key", key=endpoint.pipeline_key)
        pipeline = PIPELINES.load(found) if found else None
    called = Called(arrival.key, endpoint.key, endpoint.name, arrival.method, arrival.source, arrival.size)
    events.record(
        ctx,
        "hook.received",
        called,
        team_key=endpoint.team_key,
        pipeline=pipeline,
        payload=content,
        subject=endpoint.name or "it",
    )
    if not ctx.started_runs:
        return arrival
    arrival = msgspec.structs.replace(arrival, runs=[*arrival.runs, *ctx.started_runs])
    ARRIVALS.update(db, arrival, "runs")
    return arrival


# Looking


def get(ctx: Ctx, endpoint_key: str, key: str) -> Arrival:
    endpoint = inbound_endpoints.get(ctx, endpoint_key)
    row = ctx.db.row(
        f"SELECT {ARRIVALS.columns} FROM arrivals WHERE key = :key AND endpoint_key = :endpoint{ctx.db.for_update}",
        key=key,
        endpoint=endpoint.key,
    )
    if row is None:
        raise NotFound(key)
    return ARRIVALS.load(row)


def of_endpoint(ctx: Ctx, endpoint_key: str, *, limit: int, offset: int) -> list[Arrival]:
    """The newest first."""
    endpoint = inbound_endpoints.get(ctx, endpoint_key)
    rows = ctx.db.rows(
        f"""
        SELECT {ARRIVALS.columns} FROM arrivals WHERE endpoint_key = :endpoint
        ORDER BY key DESC LIMIT :limit OFFSET :offset
        """,
        endpoint=endpoint.key,
        limit=limit,
        offset=offset,
    )
    return ARRIVALS.load_all(rows)


def run_again(ctx: Ctx, endpoint_key: str, key: str, read: Callable[[Arrival], Content]) -> Arrival:
    """Start once more what it started, or what is there to be started now. `read` makes its content of its text."""
    arrival = get(ctx, endpoint_key, key)
    if not arrival.kept:
        raise Conflict("It was refused or repeats another, so there is nothing to run again")
    return _start(ctx.db, ctx.now, inbound_endpoints.get(ctx, endpoint_key), arrival, read(arrival))


# Tidying


def sweep(db: Db, now: int, most: int = 2000) -> int:
    """Forget ids that came long ago, and tokens that have ended; how many that was."""
    which = f"SELECT endpoint_key, id FROM arrival_ids WHERE at < :before ORDER BY at LIMIT {most}"
    count = db.run(f"DELETE FROM arrival_ids WHERE (endpoint_key, id) IN ({which})", before=now - KEPT_IDS)
    return count + db.run("DELETE FROM inbound_tokens WHERE ends_at <= :now", now=now)
