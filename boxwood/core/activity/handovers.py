"""When a user leaves a team: what they own passes to another member in one step, and they lose access."""

from __future__ import annotations

from typing import Any

import msgspec

from ...errors import Forbidden, Invalid, NotFound
from .. import boxes, events, pipelines
from ..accounts import api_keys, team_settings
from ..context import Ctx
from ..people import teams
from ..records import (
    PIPELINE_MEMBERS,
    PIPELINES,
    TEAM_MEMBERS,
    Pipeline,
    PipelineMember,
    Team,
    TeamMember,
    User,
    permissions,
)
from . import tasks
from .mail import mailboxes, sharing
from .tasks import TASKS

OWNED = ("webhooks", "inbound", "automations")
"""Tables of records that act for the team with the rights of their owner."""
LEFT = "its owner left the team: check it, and switch it on again"
_MEMBER = "team_key = :team AND user_key = :user"
_IN_TEAM = "SELECT p.key FROM pipelines p WHERE p.team_key = :team"


class Handover(msgspec.Struct, frozen=True):
    """How many records passed to another member. Webhooks include inbound webhooks."""

    boxes: int
    tasks: int
    pipelines: int
    webhooks: int
    automations: int


def set_role(ctx: Ctx, team_key: str, user_key: str, role: str) -> None:
    """Change a member's role. Only owners may do this, and a team must have an owner."""
    team, member, user = _find_member(ctx, team_key, user_key)
    teams.require_owner(ctx, team)
    if role == member.role:
        return
    _require_another_owner(ctx, team, member)
    _change(ctx, team, user, member, msgspec.structs.replace(member, role=role))


def replace_members(ctx: Ctx, team: Team, named: list[dict[str, Any]]) -> None:
    """Make the named users the members of the team. The caller has checked that the actor is an owner.

    Members who are not named are removed, as by `leave`: their work stays, and what they own passes to an owner.
    """
    team = teams.lock(ctx, team.key)
    before = {member.user_key: (member, user) for member, user in teams.members(ctx, [team.key])[team.key]}
    who_share = sharing.members_who_share(ctx, [team.key])
    after: dict[str, tuple[TeamMember, User]] = {}
    for at, given in enumerate(named):
        user = team_settings.find_user(ctx, given, f"members[{at}]", known=set(before))
        status = "Pending" if user.invited else "Accepted"
        new = TeamMember(team.key, user.key, "Member", status, ctx.now)
        was = before[user.key][0] if user.key in before else new
        shares = "Existence" if (team.key, user.key) in who_share else "None"
        if given.get("email_sharing") not in (None, shares):
            where = f"members[{at}].emailSharing"
            raise Invalid(where, f"cannot be set, and is {shares}: only members share the mail of their mailboxes")
        after[user.key] = msgspec.structs.replace(was, role=given.get("role") or was.role), user
    if not any(member.role == "Owner" for member, _ in after.values()):
        raise Invalid("members", "a team needs an owner")
    for key, (member, user) in sorted(after.items()):
        if key in before:
            _change(ctx, team, user, before[key][0], member)
        else:
            TEAM_MEMBERS.insert(ctx.db, member)
            teams.record_change(ctx, team, user, None, member)
    for key, (member, user) in sorted(before.items()):
        if key not in after:
            _remove(ctx, team, member, user, None, archive=False)


def _change(ctx: Ctx, team: Team, user: User, before: TeamMember, after: TeamMember) -> None:
    """Store a changed membership. A member who is no longer an owner loses the TEAM keys of the team."""
    ctx.db.run(
        f"UPDATE team_members SET role = :role WHERE {_MEMBER}",
        role=after.role,
        team=team.key,
        user=user.key,
    )
    if after.role != "Owner":
        api_keys.revoke_team_keys(ctx, team, user)
    teams.record_change(ctx, team, user, before, after)


def leave(ctx: Ctx, team_key: str, user_key: str, *, to: str | None = None, archive: bool = False) -> Handover:
    """Remove a user from a team. Users may remove themselves, and owners may remove others.

    `to` is the member who gets the boxes and the open tasks; without it, boxes and tasks stay unchanged. Pipelines,
    webhooks and automations always pass to a member: to `to`, or else to an owner. With `archive`, the user stays in
    the team's list with the role ArchiveOnly."""
    team, member, user = _find_member(ctx, team_key, user_key)
    api_keys.require_self(ctx)
    if user.key != ctx.actor.key:
        teams.require_owner(ctx, team)
    _require_another_owner(ctx, team, member)
    return _remove(ctx, team, member, user, _heir(ctx, team, user, to), archive=archive)


def _remove(ctx: Ctx, team: Team, member: TeamMember, user: User, heir: User | None, *, archive: bool) -> Handover:
    """Remove or archive a member. All ways out of a team go through here."""
    new_owner = heir or _other_owner(ctx, team, user)
    handover = Handover(
        boxes=_reassign_boxes(ctx, team, user, heir) if heir else 0,
        tasks=_reassign_tasks(ctx, team, user, heir) if heir else 0,
        pipelines=_hand_over_pipelines(ctx, team, user, new_owner),
        **_hand_over_owned(ctx, team, user, new_owner),
    )
    mailboxes.member_left(ctx, team.key, user, new_owner)
    api_keys.revoke_team_keys(ctx, team, user)
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
    counts = {name: str(getattr(handover, name)) for name in Handover.__struct_fields__}
    teams.record_event(ctx, kind, team, user, member.role, heir=heir.full_name if heir else "", **counts)
    return handover


def _find_member(ctx: Ctx, team_key: str, user_key: str) -> tuple[Team, TeamMember, User]:
    """The team, locked until the commit, and this member."""
    team = teams.lock(ctx, teams.get(ctx, team_key).key)
    key = ctx.actor.key if user_key == "me" else user_key
    for member, user in teams.members(ctx, [team.key])[team.key]:
        if user.key == key:
            return team, member, user
    raise NotFound(user_key)


def _require_another_owner(ctx: Ctx, team: Team, member: TeamMember) -> None:
    others = [other for other, user in teams.members(ctx, [team.key])[team.key] if user.key != member.user_key]
    if member.role == "Owner" and not any(other.role == "Owner" for other in others):
        raise Invalid("role", "a team must have an owner: make another member an owner first")


def _heir(ctx: Ctx, team: Team, user: User, to: str | None) -> User | None:
    if not to:
        return None
    for member, other in teams.members(ctx, [team.key])[team.key]:
        if to in (other.key, other.email) and other.key != user.key and member.role in ("Member", "Owner"):
            return other
    raise Invalid("reassignTo", f"must be another member of this team, with the role Member or Owner: {to[:100]!r}")


def _other_owner(ctx: Ctx, team: Team, user: User) -> User:
    """An owner of the team other than `user`: the actor if they are one, or else the first."""
    members = teams.members(ctx, [team.key])[team.key]
    owners = [other for member, other in members if member.role == "Owner" and other != user]
    if not owners:
        raise Forbidden("A team must have an owner")
    return next((owner for owner in owners if owner.key == ctx.actor.key), owners[0])


def _reassign_boxes(ctx: Ctx, team: Team, user: User, heir: User) -> int:
    rows = ctx.db.rows(
        """
        SELECT b.key FROM assignments a JOIN boxes b ON b.key = a.box_key JOIN pipelines p ON p.key = b.pipeline_key
        WHERE a.user_key = :user AND p.team_key = :team AND p.trashed_at IS NULL ORDER BY b.key
        """,
        user=user.key,
        team=team.key,
    )
    for box in boxes.lock_many(ctx, [row[0] for row in rows]):
        after = msgspec.structs.replace(box, assignee_keys=_replaced(box.assignee_keys, user, heir))
        boxes.save(ctx, boxes.pipeline_of(ctx, box), box, after)
    return len(rows)


def _reassign_tasks(ctx: Ctx, team: Team, user: User, heir: User) -> int:
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
        locked = boxes.lock(ctx, before.box_key)
        assert locked is not None
        task = msgspec.structs.replace(
            before, assignee_keys=_replaced(before.assignee_keys, user, heir), saved_at=ctx.now
        )
        task = tasks.timed(ctx, task)
        TASKS.update(ctx.db, task, "assignee_keys", "saved_at", "overdue_at", "next_at")
        tasks.store_assignees(ctx, task)
        tasks.update_box_counts(ctx, locked[0])
        tasks.record_edit(ctx, before, task, *locked)
    return len(rows)


def _replaced(assigned: list[str], user: User, heir: User) -> list[str]:
    return list(dict.fromkeys(heir.key if key == user.key else key for key in assigned))


def _hand_over_pipelines(ctx: Ctx, team: Team, user: User, heir: User) -> int:
    """Remove the user from the team's pipelines. If a pipeline has no other admin, or the heir has no access to it, the
    heir becomes a member of the pipeline in the user's place. This includes pipelines in the trash: a restored pipeline
    gives the user no access."""
    rows = ctx.db.rows(
        f"""
        SELECT {PIPELINES.of("p")}, p.trashed_at IS NOT NULL
        FROM pipelines p JOIN pipeline_members m ON m.pipeline_key = p.key
        WHERE m.user_key = :user AND p.team_key = :team ORDER BY p.key
        """,
        user=user.key,
        team=team.key,
    )
    for row in rows:
        pipeline = PIPELINES.load(row)
        before = [entry for entry, _ in pipelines.members(ctx, [pipeline.key])[pipeline.key]]
        after = _members_after(ctx, pipeline, before, user, heir)
        ctx.db.run("DELETE FROM pipeline_members WHERE pipeline_key = :key", key=pipeline.key)
        for entry in after:
            PIPELINE_MEMBERS.insert(ctx.db, entry)
        if not row[-1]:
            touched = pipelines.touch(ctx, pipeline)
            events.record(ctx, "pipeline.shared", touched, pipeline=touched, before={"members": before})
    return sum(not row[-1] for row in rows)


def _members_after(
    ctx: Ctx, pipeline: Pipeline, before: list[PipelineMember], user: User, heir: User
) -> list[PipelineMember]:
    leaving = next(member for member in before if member.user_key == user.key)
    rest = {member.user_key: member for member in before if member.user_key != user.key}
    own = rest.get(heir.key)
    if not any(member.permission_set == permissions.ADMIN for member in rest.values()):
        added_at = own.added_at if own else ctx.now
        own = PipelineMember(pipeline.key, heir.key, permissions.ADMIN, leaving.is_owner, added_at)
    elif own is None and pipeline.default_permission_set == permissions.NO_ACCESS:
        own = PipelineMember(pipeline.key, heir.key, leaving.permission_set, leaving.is_owner, ctx.now)
    elif leaving.is_owner and own is not None:
        own = msgspec.structs.replace(own, is_owner=True)
    return list({**rest, **({heir.key: own} if own else {})}.values())


def _hand_over_owned(ctx: Ctx, team: Team, user: User, heir: User) -> dict[str, int]:
    """Make the heir the owner of automations and webhooks.

    Automations lose their secrets and are switched off until the heir has checked them. Webhooks are switched off if
    the user left by themselves, because then only that user chose the heir."""
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


def _off(table: str, left_themselves: bool) -> str:
    if table == "automations":
        return ", enabled = :off, off_reason = :reason, secrets = :none"
    if not left_themselves:
        return ""
    return ", active = :off" + (", off_at = :now, on_at = NULL, off_reason = :reason" if table == "webhooks" else "")
