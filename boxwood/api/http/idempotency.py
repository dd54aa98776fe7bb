"""A request that comes again under its Idempotency-Key: answered as before, with nothing done twice."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any, TypeVar

from ...core import idempotency
from ...core.context import Ctx
from .replies import JSON, Reply, encode


class Replayed(Exception):
    """This was done before: what was stored for it now is not needed, and `reply` is what was answered then."""

    def __init__(self, reply: Reply) -> None:
        self.reply = reply


REPLAYED = (b"idempotent-replayed", b"true")
R = TypeVar("R")


def once(ctx: Ctx, key: str, request: list[Any], work: Callable[[], R]) -> R | Reply:
    """The answer that was given under this key to the same request, or a new one, stored with its effect. Without a
    key the request is new."""
    if not key:
        return work()
    digest = hashlib.blake2b(encode(request), digest_size=16).hexdigest()
    before = idempotency.find(ctx, key, digest)
    if before is not None:
        return Reply(before.body.encode(), before.status, headers=(REPLAYED,))
    result = work()
    if isinstance(result, Reply) and result.content_type == JSON:
        idempotency.store(ctx, key, digest, result.status, result.body.decode())
    return result
