"""Idempotency: what was answered to a request is kept with its effect, in one transaction, for a day.

Whoever repeats a request under the same key gets the same answer, and nothing is done twice. Refusals
have no effect and are not kept: the same request may succeed later.
"""

from __future__ import annotations

import msgspec

from ..db.engine import Db
from ..db.records import Table
from ..errors import Invalid
from ..lib.durations import DAY
from .context import Ctx

KEPT = DAY
LONGEST = 255


class Answer(msgspec.Struct, frozen=True):
    user_key: str
    idempotency_key: str
    digest: str
    """Of the verb, the path and the body."""
    status: int
    body: str
    at: int


ANSWERS = Table("answers", Answer)


def find(ctx: Ctx, key: str, digest: str) -> Answer | None:
    """The answer given before; `Invalid` where the key was used for something else."""
    if not 0 < len(key) <= LONGEST or not key.isprintable():
        raise Invalid("Idempotency-Key", f"is 1 to {LONGEST} printable characters")
    row = ctx.db.row(
        f"SELECT {ANSWERS.columns} FROM answers WHERE user_key = :user AND idempotency_key = :key AND at > :since",
        user=ctx.actor.key,
        key=key,
        since=ctx.now - KEPT,
    )
    if row is None:
        return None
    answer = ANSWERS.load(row)
    if answer.digest != digest:
        raise Reused("Idempotency-Key", "was used before for another request")
    return answer


class Reused(Invalid):
    """The key belongs to another request."""


def keep(ctx: Ctx, key: str, digest: str, status: int, body: str) -> None:
    """Two that come at once: the later waits for the first here, then fails and finds its answer."""
    ctx.db.run(
        "DELETE FROM answers WHERE user_key = :user AND idempotency_key = :key AND at <= :since",
        user=ctx.actor.key,
        key=key,
        since=ctx.now - KEPT,
    )
    ANSWERS.insert(ctx.db, Answer(ctx.actor.key, key, digest, status, body, ctx.now))


def forget(db: Db, now: int) -> None:
    """Drop what is older than a day."""
    db.run("DELETE FROM answers WHERE at <= :since", since=now - KEPT)
