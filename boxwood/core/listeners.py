"""The listeners of events, in order: each is called for every event, in the transaction that records it."""

from __future__ import annotations

from typing import Any

from . import events
from .automations import start_runs
from .context import Ctx
from .events import Listener
from .history import notifications
from .webhooks import fan_out


def connect() -> None:
    """Connect them. Each program calls this once, before it records its first event."""
    events.LISTENERS[:] = [
        Listener(fan_out.on_event, fan_out.listens),
        Listener(notifications.on_event, _not_for_many),
        Listener(start_runs.on_event, start_runs.listens),
    ]


def _not_for_many(ctx: Ctx, kind: str, pipeline: Any) -> bool:
    """Boxes created by the thousand notify nobody."""
    return False
