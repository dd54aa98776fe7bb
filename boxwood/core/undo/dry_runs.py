"""Dry runs: what a transaction has done so far, before it is undone: its events, and what would leave the server.

What the actor may not see is left out: events, automations and webhook subscriptions of others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple, TypeVar

import msgspec

from ...db.engine import Row
from ...errors import Problem
from .. import persons
from ..automations import automations
from ..automations.automations import Automation
from ..context import Ctx, Effects, Unrecorded
from ..events import Event
from ..history import request_events, visibility
from ..outgoing_mail import LETTERS, Letter
from ..records import Person
from ..webhooks import subscriptions
from ..webhooks.subscriptions import Webhook

MOST = 1000
"""Changes, and effects of one kind, that a dry run shows."""
CHANGE = "dry-run"
"""The change key of everything that a dry run does. No change is stored under it."""
T = TypeVar("T")


class BrokenRule(NamedTuple):
    """A validation rule that a box would break."""

    box_key: str
    box_name: str
    violation: dict[str, Any]


class Notified(NamedTuple):
    """A user who would be notified."""

    user: Person
    reason: str
    event: Event


class Outcome(NamedTuple):
    """What a dry run would have done."""

    events: list[Event]
    unrecorded: list[Unrecorded]
    """Changes without an event."""
    started: list[tuple[Automation, str | None]]
    """Automations that would start, each with the key of the box that it would run on."""
    sent: list[tuple[Webhook, Event | None]]
    letters: list[Letter]
    notified: list[Notified]
    broken: list[BrokenRule]
    has_more: bool
    """Whether there are more than `MOST` changes, or effects of one kind."""


def begin(ctx: Ctx) -> int:
    """Make the transaction a dry run. Returns a number for `outcome`. The caller undoes the transaction at its end."""
    ctx.effects = Effects()
    ctx.change = CHANGE
    return request_events.newest(ctx)


def outcome(ctx: Ctx, number: int) -> Outcome:
    """What the transaction has done since `begin` returned this number."""
    assert ctx.effects is not None
    recorded = request_events.recorded_since(ctx, number, MOST + 1)
    found = visibility.visible(ctx, recorded[:MOST])
    by_id = {event.id: event for event in found}
    unrecorded = [each for each in ctx.effects.unrecorded if each.before != each.after][:MOST]
    letters = LETTERS.load_all(_by_key(ctx, f"SELECT {LETTERS.columns} FROM letters", ctx.effects.letters))
    started, sent, notified, broken = _started(ctx), _sent(ctx, by_id), _notified(ctx, by_id), _broken(ctx, found)
    has_more = any(len(each) > MOST for each in (recorded, started, sent, letters, notified, broken))
    return Outcome(
        found, unrecorded, started[:MOST], sent[:MOST], letters[:MOST], notified[:MOST], broken[:MOST], has_more
    )


def _by_key(ctx: Ctx, select: str, keys: Iterable[str]) -> list[Row]:
    """The rows with these keys, in the order of their keys."""
    wanted = sorted(set(keys))
    if not wanted:
        return []
    sql = f"{select} WHERE {ctx.db.dialect.among('key', 'keys')} ORDER BY key LIMIT {MOST + 1}"
    return ctx.db.rows(sql, keys=ctx.db.texts(wanted))


def _seen(read: Callable[[str], T], keys: Iterable[str]) -> dict[str, T]:
    """What `read` returns for these keys, without the keys that the actor may not see."""
    found: dict[str, T] = {}
    for key in dict.fromkeys(keys):
        try:
            found[key] = read(key)
        except Problem:
            continue
    return found


def _started(ctx: Ctx) -> list[tuple[Automation, str | None]]:
    if not ctx.sees("automations"):
        return []
    rows = _by_key(ctx, "SELECT automation_key, box_key, state FROM automation_runs", ctx.started_runs)
    known = _seen(lambda key: automations.get(ctx, key), (row[0] for row in rows))
    return [(known[key], box) for key, box, state in rows if key in known and state != "refused"]


def _sent(ctx: Ctx, by_id: dict[int, Event]) -> list[tuple[Webhook, Event | None]]:
    assert ctx.effects is not None
    if not ctx.sees("webhooks"):
        return []
    rows = _by_key(ctx, "SELECT webhook_key, event_id FROM deliveries", ctx.effects.deliveries)
    known = _seen(lambda key: subscriptions.get(ctx, key), (row[0] for row in rows))
    return [(known[key], by_id.get(event)) for key, event in rows if key in known]


def _notified(ctx: Ctx, by_id: dict[int, Event]) -> list[Notified]:
    assert ctx.effects is not None
    named = [(user, event) for user, event in dict.fromkeys(ctx.effects.notifications) if event in by_id][: MOST + 1]
    sql = "SELECT user_key, event_id, reason FROM notifications WHERE user_key = :user AND event_id = :event"
    rows = ctx.db.rows_each(sql, [{"user": user, "event": event} for user, event in named])
    people = persons.by_key(ctx, {row[0] for row in rows})
    return [Notified(people[user], reason, by_id[event]) for user, event, reason in rows if user in people]


def _broken(ctx: Ctx, found: list[Event]) -> list[BrokenRule]:
    """The rules that the boxes of these events break now."""
    boxes = {event.box_key for event in found if event.box_key}
    rows = _by_key(ctx, "SELECT key, name, violations FROM boxes", boxes)
    return [BrokenRule(key, name, broken) for key, name, text in rows for broken in msgspec.json.decode(text)]
