"""Which automations an event begins: asked in the change's own transaction, so there is no run without the change and
no change without its run."""

from __future__ import annotations

from typing import Any

from ..db.engine import Db
from . import arrivals, runs, triggers
from .arrivals import Content
from .automations import AUTOMATIONS, Automation
from .context import Ctx
from .inbound import Endpoint

_LISTENING = f"""
    SELECT {AUTOMATIONS.columns} FROM automations
    WHERE scope_key = :scope AND enabled AND trigger_type = :type
"""


def hear(
    ctx: Ctx,
    event_id: int,
    kind: str,
    thing: Any,
    *,
    team_key: str | None,
    pipeline: Any,
    box: Any,
    before: dict[str, Any] | None,
    told: dict[str, str],
) -> None:
    """Begin a run of every automation whose trigger this event is."""
    for automation in listening(ctx, kind, pipeline.key if pipeline is not None else team_key or ""):
        if triggers.matches(automation.definition.trigger, kind, thing, before, told):
            begin(ctx, automation, event_id, kind, thing, box=box, told=told)


def listening(ctx: Ctx, kind: str, scope: str) -> list[Automation]:
    """Those that events of this kind may begin in this pipeline (team): read once in a transaction."""
    place = (kind, scope)
    if place not in ctx.rules:
        ctx.rules[place] = ctx.db.remember(("automations", *place), lambda: _listening(ctx.db, kind, scope))
    return ctx.rules[place]


def begin(
    ctx: Ctx, automation: Automation, event_id: int, kind: str, thing: Any, *, box: Any, told: dict[str, str]
) -> None:
    trigger = {"type": automation.trigger_type, "kind": kind}
    if told.get("email"):
        trigger["email"] = told["email"]
    runs.start(
        ctx,
        automation,
        f"e:{event_id}",
        trigger=trigger,
        box_key=box.key if box is not None else None,
        subject_key=None if box is not None else getattr(thing, "key", None),
        event_id=event_id,
    )


def _listening(db: Db, kind: str, scope: str) -> list[Automation]:
    rows = []
    for name in triggers.BY_KIND[kind]:
        rows += db.rows(_LISTENING, scope=scope, type=name)
    return AUTOMATIONS.load_all(rows)


@arrivals.starts
def of_request(ctx: Ctx, endpoint: Endpoint, arrival_key: str, content: Content, event_id: int) -> list[str]:
    """Of every automation that waits for this inbound webhook; the keys of the runs."""
    scope = endpoint.pipeline_key or endpoint.team_key or ""
    rows = ctx.db.rows(_LISTENING, scope=scope, type="webhook")
    begun = [
        runs.start(
            ctx,
            automation,
            f"h:{arrival_key}:{event_id}",
            trigger={"type": "webhook"},
            body=content.body,
            query=content.query,
            headers=content.headers,
        )
        for automation in AUTOMATIONS.load_all(rows)
        if automation.definition.trigger.get("endpoint") == endpoint.key
    ]
    return [run.key for run in begun if run is not None]
