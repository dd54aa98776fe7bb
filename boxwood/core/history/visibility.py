"""Which events the actor may see: those of things within reach. Roles, boxes and rights are read for many events at
once."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from .. import access, event_kinds
from .. import events as events_of
from ..access import About, Role
from ..context import Ctx
from ..events import Event
from ..people import contact_access
from ..people.contact_access import Rights
from ..records import TEAMS, PermissionSet

LISTS = ("contacts", "organizations")
_sets = msgspec.json.Decoder(dict[str, PermissionSet]).decode


class Visibility:
    """Whether the actor may see these events in the event stream."""

    def __init__(self, ctx: Ctx, events: Iterable[Event]) -> None:
        self._ctx = ctx
        events = list(events)
        self._roles, self._in_use = _roles(ctx, {event.pipeline_key for event in events if event.pipeline_key})
        by_pipeline: dict[str, set[str]] = {}
        for event in events:
            role = self._roles.get(event.pipeline_key or "")
            if role and event.box_key and not role.sees_all_boxes():
                by_pipeline.setdefault(event.pipeline_key or "", set()).add(event.box_key)
        self._boxes = _visible_boxes(ctx, self._roles, by_pipeline)
        threads = {thread for event in events if (thread := events_of.thread_of_stored(event))}
        self._restricted = access.restricted_to(ctx.db, threads)
        self._teams = _team_rights(
            ctx, {event.team_key for event in events if event.team_key and not event.pipeline_key}
        )

    def __call__(self, event: Event) -> bool:
        return self._ctx.sees_kind(event.kind) and self._sees(event)

    def _sees(self, event: Event) -> bool:
        if event.pipeline_key is None and event.team_key is None:
            return event.actor_key == self._ctx.actor.key and not self._ctx.within and not self._is_placed(event)
        if event.pipeline_key is None:
            return self._in_team(event)
        if self.hides_mail(event):
            return False
        role = self._roles.get(event.pipeline_key)
        if role is None:
            # After a pipeline is deleted, only the user who made the change sees the event.
            is_gone = event.pipeline_key not in self._in_use
            is_in_reach = not self._ctx.within and self._ctx.reaches(event.pipeline_key)
            return is_gone and event.actor_key == self._ctx.actor.key and is_in_reach
        if event.box_key is None or role.sees_all_boxes():
            return True
        if event.box_key == event.subject_key:
            return access.allows(self._ctx, role, "BOX", "GET", msgspec.json.decode(event.record, type=About))
        return event.box_key in self._boxes

    def _is_placed(self, event: Event) -> bool:
        """Whether the event tells of a webhook or an automation, and the API key is limited to pipelines: the event
        does not name the pipeline."""
        return bool(self._ctx.only) and event_kinds.noun_of(event.kind) in ("webhooks", "automations")

    def in_seen_box(self, event: Event) -> bool:
        """Whether the actor may see the event if they see its box."""
        return self._ctx.sees_kind(event.kind) and not self.hides_mail(event)

    def hides_mail(self, event: Event) -> bool:
        """Whether the event tells of mail that is restricted for the actor."""
        thread = events_of.thread_of_stored(event) if self._restricted else ""
        return thread in self._restricted and self._restricted[thread] != self._ctx.mail_owner

    def _in_team(self, event: Event) -> bool:
        rights = self._teams.get(event.team_key or "")
        if rights is None:
            return False
        noun = f"{event.kind.partition('.')[0]}s"
        if noun not in LISTS:
            return True
        creator = msgspec.json.decode(event.record, type=About).creator_key
        return rights[noun].see == contact_access.ALL or (
            rights[noun].see == contact_access.OWN and creator == self._ctx.actor.key
        )


def visible(ctx: Ctx, events: list[Event]) -> list[Event]:
    """Those of the events that the actor may see: in the event stream, or in the history of a box that the actor sees
    now and that was in another pipeline before."""
    may_see = Visibility(ctx, events)
    hidden = {event.box_key for event in events if event.box_key and not may_see(event)}
    boxes = _boxes_now(ctx, hidden) if hidden else set()
    return [event for event in events if may_see(event) or (event.box_key in boxes and may_see.in_seen_box(event))]


def _roles(ctx: Ctx, keys: set[str]) -> tuple[dict[str, Role], set[str]]:
    """The actor's roles in those of these pipelines that the actor reaches, and the pipelines that are in use."""
    if not keys:
        return {}, set()
    rows = ctx.db.rows(
        f"""
        SELECT p.key, p.trashed_at, {access.ROLE}, p.permission_sets FROM pipelines p
        WHERE {ctx.db.dialect.among("p.key", "pipelines")}
        """,
        pipelines=ctx.db.texts(keys),
        **ctx.who,
    )
    roles = {key: access.role(name, _sets(sets)) for key, _, name, sets in rows if name}
    return roles, {key for key, trashed_at, _, _ in rows if trashed_at is None}


def _boxes_now(ctx: Ctx, keys: Iterable[str]) -> set[str]:
    """The boxes that the actor may see now, in the pipelines that they are in now."""
    rows = ctx.db.rows(
        f"SELECT key, pipeline_key FROM boxes WHERE {ctx.db.dialect.among('key', 'boxes')}", boxes=ctx.db.texts(keys)
    )
    by_pipeline: dict[str, set[str]] = {}
    for key, pipeline_key in rows:
        by_pipeline.setdefault(pipeline_key, set()).add(key)
    roles = _roles(ctx, set(by_pipeline))[0]
    return _visible_boxes(ctx, roles, {key: boxes for key, boxes in by_pipeline.items() if key in roles})


def _visible_boxes(ctx: Ctx, roles: dict[str, Role], by_pipeline: dict[str, set[str]]) -> set[str]:
    """The boxes that the actor may see now. `by_pipeline` has the keys of boxes by pipeline."""
    found: set[str] = set()
    for key, boxes in by_pipeline.items():
        test, given = access.visible(ctx.db.dialect, roles[key], ctx.actor.key)
        rows = ctx.db.rows(
            f"SELECT b.key FROM boxes b WHERE {ctx.db.dialect.among('b.key', 'boxes')} AND {test}",
            boxes=ctx.db.texts(boxes),
            **given,
        )
        found |= {row[0] for row in rows}
    return found


def _team_rights(ctx: Ctx, keys: set[str]) -> dict[str, dict[str, Rights]]:
    if not keys:
        return {}
    rows = ctx.db.rows(
        f"""
        SELECT {TEAMS.of("t")}, m.role FROM teams t {contact_access.MEMBER}
        WHERE {ctx.db.dialect.among("t.key", "teams")}
        """,
        teams=ctx.db.texts(keys),
        **ctx.who,
    )
    return {
        row[0]: {name: contact_access.rights(ctx, name, TEAMS.load(row), row[-1]) for name in LISTS} for row in rows
    }
