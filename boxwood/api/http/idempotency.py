"""Repeated requests with an Idempotency-Key: they get the same response, and nothing happens twice."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from ...core import idempotency
from ...core.context import Ctx
from ...core.history import request_events
from ...errors import NotFound
from ...lib.sealing import Seal
from .replies import JSON, Reply, encode


class Replayed(Exception):
    """The request is a repetition. `reply` is the first response; bytes stored for the repetition are not needed."""

    def __init__(self, reply: Reply) -> None:
        self.reply = reply


REPLAYED = (b"idempotent-replayed", b"true")
R = TypeVar("R")


def once(
    ctx: Ctx,
    key: str,
    credential: str,
    request: list[Any],
    work: Callable[[], R],
    require_reach: Callable[[], None],
) -> R | Reply:
    """The stored response to the same request with this key. If there is none, the result of `work`, which is stored in
    the same transaction. Without a key, every request is new.

    A stored response is only given to a caller who still sees what it shows: the events that the request recorded. If
    not, or if it recorded none, `require_reach` raises what the caller gets for the path.
    """
    if not key:
        return work()
    seal, sent = Seal([key, credential]), encode(request)
    before = idempotency.find(ctx, key, seal, sent)
    if before is not None:
        if before.seen is None:
            require_reach()
        elif hidden := request_events.hidden(ctx, before.seen):
            require_reach()
            raise NotFound(hidden)
        return Reply(before.body.encode(), before.status, headers=(REPLAYED,))
    newest = request_events.newest(ctx)
    result = work()
    if isinstance(result, Reply) and result.content_type == JSON:
        seen = request_events.seen_since(ctx, newest)
        idempotency.store(ctx, key, seal, sent, result.status, result.body, seen)
    return result
