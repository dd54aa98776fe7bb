"""The listeners of events, in order: each is called for every event, in the transaction that records it."""

from __future__ import annotations

from typing import Any

from . import events
from .activity.mail import mail_searches
from .activity.sending import answers, sequence_runs
from .automations import start_runs
from .context import Ctx
from .events import Listener
from .history import notifications
from .webhooks import fan_out


def connect() -> None:
    """Connect the listeners. Each program calls this once, before it records its first event."""
    events.LISTENERS[:] = [
        Listener(fan_out.on_event, fan_out.listens),
        Listener(notifications.on_event, _never_for_bulk_creation),
        Listener(start_runs.on_event, start_runs.listens),
        Listener(mail_searches.on_event, _never_for_bulk_creation),
        Listener(answers.on_event, _never_for_bulk_creation),
        Listener(sequence_runs.on_event, _never_for_bulk_creation),
    ]


def _never_for_bulk_creation(ctx: Ctx, kind: str, pipeline: Any) -> bool:
    """Boxes that are created in bulk send no notifications, and their events of creation start no searches of mail, no
    counts of mailings and no stops of sequences."""
    return False
