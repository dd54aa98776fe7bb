"""Idempotency: the response to a request with an Idempotency-Key is stored for a day, in the request's transaction.

A client that repeats the request with the same key gets the stored response, and nothing is changed twice. Refused
requests change nothing, so their responses are not stored: the same request may succeed later.
"""

from __future__ import annotations

import msgspec

from ..db.engine import Db
from ..db.records import Table
from ..errors import Invalid
from ..lib.durations import DAY
from .context import Ctx

LIFETIME = DAY
"""How many milliseconds a response is stored."""
LONGEST = 255
"""The longest Idempotency-Key, in characters."""


class Answer(msgspec.Struct, frozen=True):
    user_key: str
    idempotency_key: str
    digest: str
    """A hash of the request's method, path and body."""
    status: int
    body: str
    at: int


ANSWERS = Table("answers", Answer)


def find(ctx: Ctx, key: str, digest: str) -> Answer | None:
    """Return the response stored under this key, if any. Raise `Reused` if the key belongs to another request."""
    if not 0 < len(key) <= LONGEST or not key.isprintable():
        raise Invalid("Idempotency-Key", f"must be 1 to {LONGEST} printable characters")
    row = ctx.db.row(
        f"SELECT {ANSWERS.columns} FROM answers WHERE user_key = :user AND idempotency_key = :key AND at > :since",
        user=ctx.actor.key,
        key=key,
        since=ctx.now - LIFETIME,
    )
    if row is None:
        return None
    answer = ANSWERS.load(row)
    if answer.digest != digest:
        raise Reused("Idempotency-Key", "was used before for another request: send a new key")
    return answer


class Reused(Invalid):
    """The Idempotency-Key was used before, for another request."""


def store(ctx: Ctx, key: str, digest: str, status: int, body: str) -> None:
    """Store the response.

    If two requests with the same key arrive at the same time, the second waits here for the first, then fails with a
    conflict of the primary key; the caller then finds the first request's response.
    """
    ctx.db.run(
        "DELETE FROM answers WHERE user_key = :user AND idempotency_key = :key AND at <= :since",
        user=ctx.actor.key,
        key=key,
        since=ctx.now - LIFETIME,
    )
    ANSWERS.insert(ctx.db, Answer(ctx.actor.key, key, digest, status, body, ctx.now))


def delete_expired(db: Db, now: int) -> None:
    """Delete the responses that are older than a day."""
    db.run("DELETE FROM answers WHERE at <= :since", since=now - LIFETIME)
