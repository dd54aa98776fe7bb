"""A person leaves a team: what was theirs goes to someone else in one step, and they reach nothing of it any more."""

from __future__ import annotations

import msgspec

from ...errors import Forbidden, Invalid, NotFound
from .. import boxes, events, pipelines
from ..accounts import api_keys
from ..context import Ctx
from ..people import teams
from ..records import PIPELINE_MEMBERS, PIPELINES, Pipeline, Team, TeamMember, User, permissions
from ..records import PipelineMember as Entry
from . import tasks
from .tasks import TASKS

OWNED = ("webhooks", "inbound", "automations")
"""Tables of what works for the team in its maker's name and with his reach."""
LEFT = "its owner left: look it over, and switch it on"
_MEMBER = "team_key = :team AND user_key = :user"
_IN_TEAM = "SELECT p.key FROM pipelines p WHERE p.team_key = :team"


class Handover(msgspec.Struct, frozen=True):
    """What was handed over: how many of each. Webhooks are those in either direction."""

    boxes: int
    tasks: int
    pipelines: int
    webhooks: int
    automations: int


def set_role(ctx: Ctx, team_key: str, user_key: str, role: str) -> None:
    """Another role in the team, at once. For owners; a team keeps one."""
    team, member, user = _reached(ctx, team_key, user_key)
    teams.require_owner(ctx, team)
    if role == member.role:
        return
    _require_another_owner(ctx, team, member)
    ctx.db.run(f"UPDATE team_members SET role = :role WHERE {_MEMBER}", role=role, team=team.key, user=user.key)
    teams.tell(ctx, "member.role_changed", team, user, role, before={"role": member.role})


def leave(ctx: Ctx, team_key: str, user_key: str, *, to: str | None = None, archive: bool = False) -> Handover:
    """Out of the team, by oneself or by an owner. `to` is the member who gets the boxes and open tasks; without one
    they stay as they are. Pipelines, webhooks and automations always go to somebody: to `to`, or to an owner.
    `archive` keeps the person in the team's list."""
    team, member, user = _reached(ctx, team_key, user_key)
    api_keys.require_self(ctx)
    if user.key != ctx.actor.key:
        teams.require_owner(ctx, team)
    _require_another_owner(ctx, team, member)
    heir = _heir(ctx, team, user, to)
    for_all = heir or _owner_but(ctx, team, user)
    done = Handover(
        boxes=_boxes(ctx, team, user, heir) if heir else 0,
        tasks=_tasks(ctx, team, user, heir) if heir else 0,
        pipelines=_pipelines(ctx, team, user, for_all),
        **_owned(ctx, team, user, for_all),
    )
    ctx.db.run("DELETE FROM api_keys WHERE user_key = :user AND team_key = :team", user=user.key, team=team.key)
    if archive:
        ctx.db.run(f"UPDATE team_members SET role = 'ArchiveOnly' WHERE {_MEMBER}", team=team.key, user=user.key)
        kind = "member.archived"
    else:
        ctx.db.run(f"DELETE FROM team_members WHERE {_MEMBER}", team=team.key, user=user.key)
        kind = "member.left" if user.key == ctx.actor.key else "member.removed"
    ctx.db.run(
        "DELETE FROM invitations WHERE team_key = :team AND user_key = :user AND accepted_at IS NULL",
        team=team.key,
        user=user.key,
    )
    counts = {name: str(getattr(done, name)) for name in Handover.__struct_fields__}
    teams.tell(ctx, kind, team, user, member.role, heir=heir.full_name if heir else "", **counts)
    return done


def _reached(ctx: Ctx, team_key: str, user_key: str) -> tuple[Team, TeamMember, User]:
    """The team, alone, and this member."""
    team = teams.lock(ctx, teams.get(ctx, team_key).key)
    key = ctx.actor.key if user_key == "me" else user_key
    for member, user in teams.members(ctx, [team.key])[team.key]:
        if user.key == key:
            return team, member, user
    raise NotFound(user_key)


def _require_another_owner(ctx: Ctx, team: Team, member: TeamMember) -> None:
    others = [one for one, user in teams.members(ctx, [team.key])[team.key] if user.key != member.user_key]
    if member.role == "Owner" and not any(one.role == "Owner" for one in others):
        raise Invalid("role", "a team needs an owner: make someone else one first")


def _heir(ctx: Ctx, team: Team, user: User, to: str | None) -> User | None:
    if not to:
        return None
    for member, one in teams.members(ctx, [team.key])[team.key]:
        if to in (one.key, one.email) and one.key != user.key and member.role in ("Member", "Owner"):
            return one
    raise Invalid("reassignTo", f"{to[:100]!r} is no other member of this team who works in it")


def _owner_but(ctx: Ctx, team: Team, user: User) -> User:
    """The actor, where he is another owner; else the first there is."""
    owners = [one for member, one in teams.members(ctx, [team.key])[team.key] if member.role == "Owner" and one != user]
    if not owners:
        raise Forbidden("A team needs an owner")
    return next((one for one in owners if one.key == ctx.actor.key), owners[0])


def _boxes(ctx: Ctx, team: Team, user: User, heir: User) -> int:
    rows = ctx.db.rows(
        """
        SELECT b.key FROM assignments a JOIN boxes b ON b.key = a.box_key JOIN pipelines p ON p.key = b.pipeline_key
        WHERE a.user_key = :user AND p.team_key = :team AND p.trashed_at IS NULL ORDER BY b.key
        """,
        user=user.key,
        team=team.key,
    )
    for box in boxes.locked(ctx, [row[0] for row in rows]):
        after = msgspec.structs.replace(box, assignee_keys=_replaced(box.assignee_keys, user, heir))
        boxes.save(ctx, boxes.pipeline_of(ctx, box), box, after)
    return len(rows)


def _tasks(ctx: Ctx, team: Team, user: User, heir: User) -> int:
    rows = ctx.db.rows(
        f"""
        SELECT {TASKS.of("t")} FROM tasks t JOIN pipelines p ON p.key = t.pipeline_key
        JOIN task_assignees a ON a.task_key = t.key
        WHERE a.user_key = :user AND a.is_open AND p.team_key = :team AND p.trashed_at IS NULL ORDER BY t.number
        """,
        user=user.key,
        team=team.key,
    )
    for before in TASKS.load_all(rows):
        held = boxes.hold(ctx, before.box_key)
        assert held is not None
        task = msgspec.structs.replace(
            before, assignee_keys=_replaced(before.assignee_keys, user, heir), saved_at=ctx.now
        )
        TASKS.update(ctx.db, task, "assignee_keys", "saved_at")
        tasks.assign(ctx, task)
        tasks.count(ctx, held[0])
        tasks.tell_edit(ctx, before, task, *held)
    return len(rows)


def _replaced(assigned: list[str], user: User, heir: User) -> list[str]:
    return list(dict.fromkeys(heir.key if key == user.key else key for key in assigned))


def _pipelines(ctx: Ctx, team: Team, user: User, heir: User) -> int:
    """The entries of one's own in the team's pipelines end. A pipeline that would be left without an admin, or that
    the heir would not reach, passes to him."""
    rows = ctx.db.rows(
        f"""
        SELECT {PIPELINES.of("p")} FROM pipelines p JOIN pipeline_members m ON m.pipeline_key = p.key
        WHERE m.user_key = :user AND p.team_key = :team AND p.trashed_at IS NULL ORDER BY p.key
        """,
        user=user.key,
        team=team.key,
    )
    for pipeline in PIPELINES.load_all(rows):
        before = [entry for entry, _ in pipelines.members(ctx, [pipeline.key])[pipeline.key]]
        after = _entries(ctx, pipeline, before, user, heir)
        ctx.db.run("DELETE FROM pipeline_members WHERE pipeline_key = :key", key=pipeline.key)
        for entry in after:
            PIPELINE_MEMBERS.insert(ctx.db, entry)
        touched = pipelines.touch(ctx, pipeline)
        events.record(ctx, "pipeline.shared", touched, pipeline=touched, before={"members": before})
    return len(rows)


def _entries(ctx: Ctx, pipeline: Pipeline, before: list[Entry], user: User, heir: User) -> list[Entry]:
    gone = next(entry for entry in before if entry.user_key == user.key)
    rest = {entry.user_key: entry for entry in before if entry.user_key != user.key}
    own = rest.get(heir.key)
    if not any(entry.permission_set == permissions.ADMIN for entry in rest.values()):
        own = Entry(pipeline.key, heir.key, permissions.ADMIN, gone.is_owner, own.added_at if own else ctx.now)
    elif own is None and pipeline.default_permission_set == permissions.NO_ACCESS:
        own = Entry(pipeline.key, heir.key, gone.permission_set, gone.is_owner, ctx.now)
    elif gone.is_owner and own is not None:
        own = msgspec.structs.replace(own, is_owner=True)
    return list({**rest, **({heir.key: own} if own else {})}.values())


def _owned(ctx: Ctx, team: Team, user: User, heir: User) -> dict[str, int]:
    """What works with its owner's reach is the heir's. Automations wait until he has looked them over, without the
    secrets that were another's; so do webhooks where nobody but the one who leaves chose him."""
    counts = {}
    for table in OWNED:
        counts[table] = ctx.db.run(
            f"""
            UPDATE {table} SET user_key = :heir{_off(table, user.key == ctx.actor.key)}
            WHERE user_key = :user AND (team_key = :team OR pipeline_key IN ({_IN_TEAM}))
            """,
            heir=heir.key,
            user=user.key,
            team=team.key,
            off=False,
            none="{}",
            reason=LEFT,
            now=ctx.now,
        )
    return {"webhooks": counts["webhooks"] + counts["inbound"], "automations": counts["automations"]}


def _off(table: str, by_oneself: bool) -> str:
    if table == "automations":
        return ", enabled = :off, off_reason = :reason, secrets = :none"
    if not by_oneself:
        return ""
    return ", active = :off" + (", off_at = :now, on_at = NULL, off_reason = :reason" if table == "webhooks" else "")
