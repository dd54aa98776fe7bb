"""A request that comes again under its Idempotency-Key: answered as before, with nothing done twice."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from ..core import answers
from .replies import JSON, Reply, encode

if TYPE_CHECKING:
    from .call import Call


class Replayed(Exception):
    """This was done before: what was stored for it now is not needed, and `reply` is what was answered then."""

    def __init__(self, reply: Reply) -> None:
        self.reply = reply


_REPLAYED = (b"idempotent-replayed", b"true")
R = TypeVar("R")


def once(call: Call, told: list[Any], work: Callable[[], R]) -> R | Reply:
    """The answer given before under this key to one who told the same, or a new one, kept with its effect."""
    key = call.header("idempotency-key")
    if not key:
        return work()
    said = [call.route.verb, call.route.path, call.path, *told]
    digest = hashlib.blake2b(encode(said), digest_size=16).hexdigest()
    before = answers.find(call.ctx, key, digest)
    if before is not None:
        return Reply(before.body.encode(), before.status, headers=(_REPLAYED,))
    result = work()
    if isinstance(result, Reply) and result.content_type == JSON:
        answers.keep(call.ctx, key, digest, result.status, result.body.decode())
    return result
