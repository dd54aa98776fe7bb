"""Starts the automations that an event triggers. This happens in the transaction of the change, so there is never a run
without its change, and never a change without its run."""

from __future__ import annotations

from typing import Any

from ...db.engine import Db
from ..context import Ctx
from ..events import Happened
from ..webhooks import inbound_requests
from . import runs, triggers
from .automations import AUTOMATIONS, Automation

_LISTENING = f"""
    SELECT {AUTOMATIONS.columns} FROM automations
    WHERE scope_key = :scope AND enabled AND trigger_type = :type
"""


def on_event(ctx: Ctx, happened: Happened) -> None:
    """Start a run of every automation whose trigger this event is."""
    if happened.kind == "hook.received":
        _start_for_request(ctx, happened)
    if happened.kind not in triggers.BY_KIND or happened.only_for:
        return
    scope = happened.pipeline.key if happened.pipeline is not None else happened.team_key or ""
    for automation in listening(ctx, happened.kind, scope):
        trigger = automation.definition.trigger
        if triggers.matches(trigger, happened.kind, happened.thing, happened.before, happened.detail):
            _start(ctx, automation, happened)


def listens(ctx: Ctx, kind: str, pipeline: Any) -> bool:
    """Whether any enabled automation starts on events of this kind in this pipeline."""
    return kind in triggers.BY_KIND and listening(ctx, kind, pipeline.key) != []


def listening(ctx: Ctx, kind: str, scope: str) -> list[Automation]:
    """The enabled automations that events of this kind may start in this pipeline or team. Read once per
    transaction."""
    place = ("automations", kind, scope)
    if place not in ctx.listening:
        ctx.listening[place] = ctx.db.remember(place, lambda: _listening(ctx.db, kind, scope))
    found: list[Automation] = ctx.listening[place]
    return found


def _start(ctx: Ctx, automation: Automation, happened: Happened) -> None:
    trigger = {"type": automation.trigger_type, "kind": happened.kind}
    if happened.detail.get("email"):
        trigger["email"] = happened.detail["email"]
    runs.start(
        ctx,
        automation,
        f"e:{happened.event_id}",
        trigger=trigger,
        box_key=happened.box.key if happened.box is not None else None,
        subject_key=None if happened.box is not None else getattr(happened.thing, "key", None),
        event_id=happened.event_id,
    )


def _listening(db: Db, kind: str, scope: str) -> list[Automation]:
    rows = []
    for name in triggers.BY_KIND[kind]:
        rows += db.rows(_LISTENING, scope=scope, type=name)
    return AUTOMATIONS.load_all(rows)


def _start_for_request(ctx: Ctx, happened: Happened) -> None:
    """Start a run of every automation whose trigger is this inbound webhook."""
    call: inbound_requests.Called = happened.thing
    content: inbound_requests.Content = happened.payload
    scope = happened.pipeline.key if happened.pipeline is not None else happened.team_key or ""
    rows = ctx.db.rows(_LISTENING, scope=scope, type="webhook")
    for automation in AUTOMATIONS.load_all(rows):
        if automation.definition.trigger.get("endpoint") == call.endpoint_key:
            runs.start(
                ctx,
                automation,
                f"h:{call.key}:{happened.event_id}",
                trigger={"type": "webhook"},
                body=content.body,
                query=content.query,
                headers=content.headers,
            )
