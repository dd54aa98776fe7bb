"""A team's limits of endpoints and event subscriptions.

Native endpoints are inbound webhooks and the webhook steps of automations; they are counted together.
"""

from __future__ import annotations

import msgspec

from ...errors import Conflict
from ..context import Ctx
from . import teams

INBOUND, STEP = "INBOUND_WEBHOOK", "WEBHOOK_STEP"


class EndpointUse(msgspec.Struct, frozen=True):
    """A native endpoint of a team."""

    kind: str
    """INBOUND or STEP."""
    key: str
    """The key of the inbound webhook, or of the automation that has the step."""
    name: str
    pipeline_key: str | None


_INBOUND_WEBHOOKS = """
    SELECT i.key, i.name, i.pipeline_key FROM inbound i LEFT JOIN pipelines p ON p.key = i.pipeline_key
    WHERE COALESCE(i.team_key, p.team_key) = :team AND p.trashed_at IS NULL ORDER BY i.created_at, i.key
"""


_STEPS = """
    SELECT a.key, a.name, a.pipeline_key, a.requests FROM automations a LEFT JOIN pipelines p ON p.key = a.pipeline_key
    WHERE a.team_key = :team AND a.requests > 0 AND p.trashed_at IS NULL ORDER BY a.created_at, a.key
"""


def list_uses(ctx: Ctx, team_key: str) -> list[EndpointUse]:
    """Return the native endpoints of a team that the actor reaches."""
    return _uses(ctx, teams.get(ctx, team_key).key)


def _uses(ctx: Ctx, team_key: str) -> list[EndpointUse]:
    found = [EndpointUse(INBOUND, *row) for row in ctx.db.rows(_INBOUND_WEBHOOKS, team=team_key)]
    for key, name, pipeline_key, count in ctx.db.rows(_STEPS, team=team_key):
        found += [EndpointUse(STEP, key, name, pipeline_key)] * count
    return found


_SUBSCRIPTIONS = """
    SELECT COUNT(*) FROM webhooks w LEFT JOIN pipelines p ON p.key = w.pipeline_key
    WHERE COALESCE(w.team_key, p.team_key) = :team AND p.trashed_at IS NULL
"""


def require_subscription(ctx: Ctx, team_key: str, most: int) -> None:
    """Raise `Conflict` if the team has `most` event subscriptions already; 0 for `most` is no limit."""
    if not most:
        return
    teams.lock(ctx, team_key)
    row = ctx.db.row(_SUBSCRIPTIONS, team=team_key)
    if row and row[0] >= most:
        raise Conflict(f"Your team has its {most} event subscriptions: delete one first, or ask for a higher limit")


def require(ctx: Ctx, team_key: str, most: int, more: int = 1) -> None:
    """Raise `Conflict` if the team would have more than `most` native endpoints with `more` new ones.

    0 for `most` is no limit. The team is locked, so that two requests at the same time cannot exceed the limit.
    """
    if not most or more <= 0:
        return
    teams.lock(ctx, team_key)
    used = len(_uses(ctx, team_key))
    if used + more > most:
        raise Conflict(
            f"Your team has used {used} of its {most} native endpoints (inbound webhooks and webhook steps of "
            f"automations): delete one first, or ask for a higher limit. GET /api/v2/teams/{team_key}/endpoints "
            "lists them"
        )
