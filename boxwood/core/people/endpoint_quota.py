"""A team's limits of endpoints and event subscriptions.

Native endpoints are inbound webhooks and the webhook steps of automations; they are counted together.
"""

from __future__ import annotations

import msgspec

from ...errors import Conflict
from .. import access
from ..context import Ctx
from ..records import PermissionSet
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
    user_key: str


_INBOUND_WEBHOOKS = """
    SELECT i.key, i.name, i.pipeline_key, i.user_key FROM inbound i LEFT JOIN pipelines p ON p.key = i.pipeline_key
    WHERE COALESCE(i.team_key, p.team_key) = :team AND p.trashed_at IS NULL ORDER BY i.created_at, i.key
"""


_STEPS = """
    SELECT a.key, a.name, a.pipeline_key, a.user_key, a.requests
    FROM automations a LEFT JOIN pipelines p ON p.key = a.pipeline_key
    WHERE a.team_key = :team AND a.requests > 0 AND p.trashed_at IS NULL ORDER BY a.created_at, a.key
"""


def list_uses(ctx: Ctx, team_key: str) -> tuple[list[EndpointUse], int]:
    """Return the native endpoints of a team that the actor may see, and how many the team has in all.

    As elsewhere, users see their own, those of pipelines that they may change, and as owners those of the team itself.
    """
    team = teams.get_whole(ctx, team_key)
    uses = _uses(ctx, team.key)
    is_owner = teams.role_of(ctx, team) == "Owner"
    changes = {key: _may_change(ctx, key) for key in {use.pipeline_key for use in uses if use.pipeline_key}}
    seen = []
    for use in uses:
        may_change = is_owner if use.pipeline_key is None else changes[use.pipeline_key]
        if may_change or (may_change is not None and use.user_key == ctx.actor.key):
            seen.append(use)
    return seen, len(uses)


_REACHED = f"SELECT {access.ROLE}, p.permission_sets FROM pipelines p WHERE p.key = :pipeline"


def _may_change(ctx: Ctx, pipeline_key: str) -> bool | None:
    """Return whether the actor may change the pipeline; None if the actor does not reach it."""
    row = ctx.db.row(_REACHED, pipeline=pipeline_key, **ctx.who)
    if row is None or row[0] is None:
        return None
    role = access.role(row[0], msgspec.json.decode(row[1], type=dict[str, PermissionSet]))
    return access.grants_any(role, "PIPELINE", "UPDATE") and role.sees_all_boxes()


def _uses(ctx: Ctx, team_key: str) -> list[EndpointUse]:
    found = [EndpointUse(INBOUND, *row) for row in ctx.db.rows(_INBOUND_WEBHOOKS, team=team_key)]
    for key, name, pipeline_key, user_key, count in ctx.db.rows(_STEPS, team=team_key):
        found += [EndpointUse(STEP, key, name, pipeline_key, user_key)] * count
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

    0 for `most` is no limit. A quarter of them is left to owners of the team: other members cannot use up all of them,
    perhaps in pipelines that the owners do not reach. The team is locked, so that two requests at the same time cannot
    exceed the limit.
    """
    if not most or more <= 0:
        return
    team = teams.lock(ctx, team_key)
    used = len(_uses(ctx, team_key))
    left_to_owners = most // 4
    if used + more > most - left_to_owners and used + more <= most and teams.role_of(ctx, team) != "Owner":
        raise Conflict(
            f"Your team has used {used} of its {most} native endpoints (inbound webhooks and webhook steps of "
            f"automations), and the last {left_to_owners} are left to owners of the team: ask an owner to create it"
        )
    if used + more > most:
        raise Conflict(
            f"Your team has used {used} of its {most} native endpoints (inbound webhooks and webhook steps of "
            f"automations): delete one first, or ask for a higher limit. GET /api/v2/teams/{team_key}/endpoints "
            "lists them"
        )
