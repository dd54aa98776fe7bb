"""Requests to inbound webhooks: they are stored, and start automations, in one transaction.

Users can view the last hundred accepted requests of an endpoint and run them again, and can view the last hundred that
were refused or were repetitions.
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

ACCEPTED, REPEATED, LEFT_OUT, REFUSED, HANDSHAKE = "ACCEPTED", "REPEATED", "LEFT_OUT", "REFUSED", "HANDSHAKE"
STORED_REQUESTS = 100
STORED_IDS = 8 * DAY
"""How long the ids of requests are stored, to recognize repetitions."""


class Content(msgspec.Struct, frozen=True):
    """A request as automations read it."""

    method: str
    query: dict[str, Any]
    headers: dict[str, str]
    """Names in lower case, without the headers that contain secrets."""
    body: Any
    """The members of JSON and forms, other text as it is, None without a body."""


class Request(msgspec.Struct, frozen=True):
    """A request as it arrived; `text` is its body, possibly cut."""

    source: str
    content: Content
    content_type: str
    text: str
    size: int
    """Bytes of the whole body."""
    repeated_by: str = ""
    """The id that its sender gave it, if the endpoint uses ids; else empty."""


class Arrival(msgspec.Struct, frozen=True):
    """A stored request, with what happened to it."""

    key: str
    endpoint_key: str
    kept: bool
    """Whether it was accepted and can be run again; the two kinds are counted apart."""
    verdict: str
    reason: str
    """Why it was refused or left out, or the key of the request that it repeats."""
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
    """What the event reports; the request itself is stored in its own table for some time."""

    key: str
    endpoint_key: str
    name: str
    method: str
    source: str
    size: int


ARRIVALS = Table("arrivals", Arrival)


# Receiving


def receive(db: Db, now: int, endpoint: Endpoint, request: Request) -> Arrival:
    """Store a request and start its automations. A repetition is only stored, with the key of the first request."""
    key = ids.new("a", now)
    first = _first(db, now, endpoint, request.repeated_by, key)
    if first != key:
        return _store(db, now, endpoint, request, key, REPEATED, first)
    arrival = _store(db, now, endpoint, request, key, ACCEPTED, "")
    return _start(db, now, endpoint, arrival, request.content)


def set_aside(db: Db, now: int, endpoint: Endpoint, request: Request, verdict: str, reason: str) -> Arrival:
    """Store a request that starts nothing: it is refused, a handshake, or excluded by the endpoint's condition."""
    return _store(db, now, endpoint, request, ids.new("a", now), verdict, reason)


def left_out(endpoint: Endpoint, content: Content) -> str:
    """Why the endpoint's condition excludes the request; empty if it does not. This takes up to 0.1 s."""
    if not endpoint.condition:
        return ""
    data = {name: getattr(content, name) for name in inbound_endpoints.CONDITION_NAMES}
    try:
        return (
            ""
            if cel.holds(endpoint.condition, inbound_endpoints.CONDITION_NAMES, data)
            else "the condition does not hold"
        )
    except engine.CelError as error:
        return f"the condition cannot be judged: {error}"


def _first(db: Db, now: int, endpoint: Endpoint, repeated_by: str, key: str) -> str:
    """The key of the first request with this id in the last 8 days; `key` if this is the first one."""
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
        since=now - STORED_IDS,
    )
    assert row is not None
    return str(row[0])


def _store(db: Db, now: int, endpoint: Endpoint, request: Request, key: str, verdict: str, reason: str) -> Arrival:
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
    db.later(_delete_oldest, (endpoint.key, arrival.kept))
    return arrival


def _delete_oldest(db: Db, items: list[Any]) -> None:
    """Delete the oldest requests, once in each commit, without waiting for other transactions that do the same."""
    for endpoint_key, kept in sorted(set(items)):
        db.run(
            f"""
            DELETE FROM arrivals WHERE key IN (
                SELECT key FROM arrivals WHERE endpoint_key = :endpoint AND kept = :kept AND key < (
                    SELECT key FROM arrivals WHERE endpoint_key = :endpoint AND kept = :kept
                    ORDER BY key DESC LIMIT 1 OFFSET {STORED_REQUESTS - 1}
                ){db.dialect.skip_locked}
            )
            """,
            endpoint=endpoint_key,
            kept=kept,
        )


def _start(db: Db, now: int, endpoint: Endpoint, arrival: Arrival, content: Content) -> Arrival:
    """Record the event, which starts the automations of this endpoint."""
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


# Reading


def get(ctx: Ctx, endpoint_key: str, key: str) -> Arrival:
    """A request of an endpoint that the actor can reach. Raises `NotFound`."""
    endpoint = inbound_endpoints.get(ctx, endpoint_key)
    row = ctx.db.row(
        f"SELECT {ARRIVALS.columns} FROM arrivals WHERE key = :key AND endpoint_key = :endpoint{ctx.db.for_update}",
        key=key,
        endpoint=endpoint.key,
    )
    if row is None:
        raise NotFound(key)
    return ARRIVALS.load(row)


def list_for_endpoint(ctx: Ctx, endpoint_key: str, *, limit: int, offset: int) -> list[Arrival]:
    """Requests of an endpoint, the newest first."""
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
    """Start the automations of the endpoint again with this request. `read` makes its content from its text.

    Raises `Conflict` if it was not accepted.
    """
    arrival = get(ctx, endpoint_key, key)
    if not arrival.kept:
        raise Conflict("The request was refused or repeats another, so it cannot be run again")
    again = _start(ctx.db, ctx.now, inbound_endpoints.get(ctx, endpoint_key), arrival, read(arrival))
    ctx.started_runs += again.runs[len(arrival.runs) :]
    return again


# Cleaning up


def sweep(db: Db, now: int, most: int = 2000) -> int:
    """Delete old ids and expired tokens. Returns how many there were."""
    which = f"SELECT endpoint_key, id FROM arrival_ids WHERE at < :before ORDER BY at LIMIT {most}"
    count = db.run(f"DELETE FROM arrival_ids WHERE (endpoint_key, id) IN ({which})", before=now - STORED_IDS)
    return count + db.run("DELETE FROM inbound_tokens WHERE ends_at <= :now", now=now)
