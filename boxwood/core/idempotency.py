"""Idempotency: the response to a request with an Idempotency-Key is stored for a day, in the request's transaction.

A client that repeats the request with the same key gets the stored response, and nothing is changed twice. Refused
requests change nothing, so their responses are not stored: the same request may succeed later.

Responses may show secrets, such as a new API key. They are sealed with the Idempotency-Key and the caller's
credentials, which the database holds as hashes only. So the caller can read them again, and a reader of the database or
of a backup cannot.
"""

from __future__ import annotations

import hashlib

import msgspec

from ..db.engine import Db
from ..db.records import Table
from ..errors import Invalid
from ..lib.durations import DAY
from ..lib.sealing import Seal
from .context import Ctx

LIFETIME = DAY
"""How many milliseconds a response is stored."""
LONGEST = 255
"""The longest Idempotency-Key, in characters."""


class Answer(msgspec.Struct, frozen=True):
    user_key: str
    idempotency_key: str
    """A hash of it, see `hashed`."""
    digest: str
    """A keyed hash of the request's method, path and body, which may hold a password."""
    status: int
    body: str
    """The sealed body."""
    at: int
    seen: list[int] | None
    """The ids of the events of the request that the user could see. None if it recorded no event."""


ANSWERS = Table("answers", Answer)


def hashed(user_key: str, key: str) -> str:
    """What is stored of an Idempotency-Key."""
    return hashlib.blake2b(f"{user_key} {key}".encode(), digest_size=32).hexdigest()


def find(ctx: Ctx, key: str, seal: Seal, request: bytes) -> Answer | None:
    """Return the response stored under this key, with its body as it was sent, if there is any.

    Raise `Reused` if the key belongs to another request, or to the same request with other credentials.
    """
    if not 0 < len(key) <= LONGEST or not key.isprintable():
        raise Invalid("Idempotency-Key", f"must be 1 to {LONGEST} printable characters")
    row = ctx.db.row(
        f"SELECT {ANSWERS.columns} FROM answers WHERE user_key = :user AND idempotency_key = :key AND at > :since",
        user=ctx.actor.key,
        key=hashed(ctx.actor.key, key),
        since=ctx.now - LIFETIME,
    )
    if row is None:
        return None
    answer = ANSWERS.load(row)
    if answer.digest != seal.mark(request):
        raise Reused(
            "Idempotency-Key",
            "was used before for another request, or with another API key or session: send a new key",
        )
    return msgspec.structs.replace(answer, body=seal.open(answer.body).decode())


class Reused(Invalid):
    """The Idempotency-Key was used before, for another request."""


def store(ctx: Ctx, key: str, seal: Seal, request: bytes, status: int, body: bytes, seen: list[int] | None) -> None:
    """Store the response. `seen` are the ids of the request's events that the user can see; None if it recorded none.

    If two requests with the same key arrive at the same time, the second waits here for the first, then fails with a
    conflict of the primary key; the caller then finds the first request's response.
    """
    ctx.db.run(
        "DELETE FROM answers WHERE user_key = :user AND idempotency_key = :key AND at <= :since",
        user=ctx.actor.key,
        key=hashed(ctx.actor.key, key),
        since=ctx.now - LIFETIME,
    )
    stored = hashed(ctx.actor.key, key)
    answer = Answer(ctx.actor.key, stored, seal.mark(request), status, seal.close(body), ctx.now, seen)
    ANSWERS.insert(ctx.db, answer)


def delete_expired(db: Db, now: int) -> None:
    """Delete the responses that are older than a day."""
    db.run("DELETE FROM answers WHERE at <= :since", since=now - LIFETIME)
