"""The listeners of events, in order: each is called for every event, in the transaction that records it."""

from __future__ import annotations

from typing import Any

from . import events, notifications, starts, subscribers
from .context import Ctx
from .events import Listener


def connect() -> None:
    """Connect them. Each program calls this once, before it records its first event."""
    events.LISTENERS[:] = [
        Listener(subscribers.on_event, subscribers.listens),
        Listener(notifications.on_event, _not_for_many),
        Listener(starts.on_event, starts.listens),
    ]


def _not_for_many(ctx: Ctx, kind: str, pipeline: Any) -> bool:
    """Boxes created by the thousand notify nobody."""
    return False
