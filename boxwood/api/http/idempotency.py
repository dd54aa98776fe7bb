"""Repeated requests with an Idempotency-Key: they get the same response, and nothing happens twice."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any, TypeVar

from ...core import idempotency
from ...core.context import Ctx
from .replies import JSON, Reply, encode


class Replayed(Exception):
    """The request is a repetition. `reply` is the first response; bytes stored for the repetition are not needed."""

    def __init__(self, reply: Reply) -> None:
        self.reply = reply


REPLAYED = (b"idempotent-replayed", b"true")
R = TypeVar("R")


def once(ctx: Ctx, key: str, request: list[Any], work: Callable[[], R]) -> R | Reply:
    """The stored response to the same request with this key. If there is none, the result of `work`, which is stored in
    the same transaction. Without a key, every request is new."""
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
