"""The allowance of native endpoints: inbound webhooks and automations' outbound webhook steps, counted together."""

from __future__ import annotations

import msgspec

from ...errors import Conflict
from ..context import Ctx
from . import teams

INBOUND, STEP = "INBOUND_WEBHOOK", "WEBHOOK_STEP"


class Use(msgspec.Struct, frozen=True):
    """What takes one of the allowance."""

    kind: str
    key: str
    """The endpoint's, or the automation's whose step it is."""
    name: str
    pipeline_key: str | None


_OF_TEAM = """
    SELECT i.key, i.name, i.pipeline_key FROM inbound i LEFT JOIN pipelines p ON p.key = i.pipeline_key
    WHERE COALESCE(i.team_key, p.team_key) = :team AND p.trashed_at IS NULL ORDER BY i.created_at, i.key
"""


_STEPS = """
    SELECT a.key, a.name, a.pipeline_key, a.requests FROM automations a LEFT JOIN pipelines p ON p.key = a.pipeline_key
    WHERE a.team_key = :team AND a.requests > 0 AND p.trashed_at IS NULL ORDER BY a.created_at, a.key
"""


def uses(ctx: Ctx, team_key: str) -> list[Use]:
    """What uses it in this team."""
    found = [Use(INBOUND, *row) for row in ctx.db.rows(_OF_TEAM, team=team_key)]
    for key, name, pipeline_key, count in ctx.db.rows(_STEPS, team=team_key):
        found += [Use(STEP, key, name, pipeline_key)] * count
    return found


def of_team(ctx: Ctx, team_key: str) -> list[Use]:
    """The same for a member who asks."""
    return uses(ctx, teams.get(ctx, team_key).key)


_SUBSCRIPTIONS = """
    SELECT COUNT(*) FROM webhooks w LEFT JOIN pipelines p ON p.key = w.pipeline_key
    WHERE COALESCE(w.team_key, p.team_key) = :team AND p.trashed_at IS NULL
"""


def require_subscription(ctx: Ctx, team_key: str, most: int) -> None:
    """That the team may have one more event subscription; 0 for `most` is no limit."""
    if not most:
        return
    teams.lock(ctx, team_key)
    row = ctx.db.row(_SUBSCRIPTIONS, team=team_key)
    if row and row[0] >= most:
        raise Conflict(f"Your team has its {most} event subscriptions: end one first, or have the limit raised")


def require(ctx: Ctx, team_key: str, most: int, more: int = 1) -> None:
    """That the team may have so many more; 0 for `most` is no limit. Two who ask at once take turns."""
    if not most or more <= 0:
        return
    teams.lock(ctx, team_key)
    used = len(uses(ctx, team_key))
    if used + more > most:
        raise Conflict(
            f"Your team has used {used} of its {most} native endpoints (inbound webhooks and webhook steps of "
            f"automations): delete one first, or have the allowance raised. GET /api/v2/teams/{team_key}/endpoints "
            "lists them"
        )
