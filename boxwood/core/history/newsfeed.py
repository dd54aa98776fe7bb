"""Newsfeeds: the events of a box, of a pipeline, or of all pipelines that the actor may see, newest first (spec
4.9)."""

from __future__ import annotations

from typing import Any

from ...errors import Invalid
from .. import access, boxes, pipelines
from ..access import Role
from ..context import Ctx
from ..event_kinds import EVENT_KINDS, QUIET
from ..events import EVENTS, Event
from ..people import contact_access
from ..people.contact_access import E, Noun

PAGE = 50


def of_box(ctx: Ctx, key: str, *, condensed: bool, limit: int, offset: int) -> list[Event]:
    boxes.get(ctx, key)
    return _page(ctx, "e.box_key = :box", {"box": key}, condensed, limit, offset, order="e.at DESC, e.id DESC")


def of_pipeline(ctx: Ctx, key: str, *, condensed: bool, limit: int, offset: int) -> list[Event]:
    pipeline, role = pipelines.reach(ctx, key)
    where, params = "e.pipeline_key = :pipeline", {"pipeline": pipeline.key}
    if not role.sees_all_boxes():
        test, given = _seen(ctx, role)
        where, params = f"{where} AND {test}", {**params, **given}
    return _page(ctx, where, params, condensed, limit, offset)


def of_all(ctx: Ctx, *, condensed: bool, limit: int, offset: int) -> list[Event]:
    """The newest events of all pipelines that the actor may see. They are read for each pipeline from the end of an
    index, and then merged."""
    found: list[Event] = []
    for pipeline, role in pipelines.reach_all(ctx):
        where, params = "e.pipeline_key = :pipeline", {"pipeline": pipeline.key}
        if not role.sees_all_boxes():
            test, given = _seen(ctx, role)
            where, params = f"{where} AND {test}", {**params, **given}
        found += _page(ctx, where, params, condensed, limit + offset, 0)
    found.sort(key=lambda event: event.id, reverse=True)
    return found[offset : offset + limit]


def of_entry(ctx: Ctx, noun: Noun[E], key: str, *, limit: int, offset: int) -> list[Event]:
    """The events of a contact or an organization."""
    contact_access.reach(ctx, noun, key)
    rows = ctx.db.rows(
        f"""
        SELECT {EVENTS.columns} FROM events WHERE subject_key = :key AND pipeline_key IS NULL
        ORDER BY id DESC LIMIT :limit OFFSET :offset
        """,
        key=key,
        limit=limit,
        offset=offset,
    )
    return EVENTS.load_all(rows)


def export(ctx: Ctx, key: str, *, specifics: list[str], since: int) -> list[Event]:
    """All events of the boxes of a pipeline since a time, the oldest first, without a limit (spec 4.9)."""
    pipeline, role = pipelines.reach(ctx, key)
    access.require(ctx, role, "PIPELINE", "EXPORT", pipeline)
    known = {kind.specific for kind in EVENT_KINDS.values()}
    for specific in specifics:
        if specific not in known:
            raise Invalid(
                "includeSpecifics", f"there is no kind {specific[:50]!r}; use some of {', '.join(sorted(known))}"
            )
    kinds = [
        name for name, kind in EVENT_KINDS.items() if not kind.quiet and (not specifics or kind.specific in specifics)
    ]
    seen, given = ("1 = 1", {}) if role.sees_all_boxes() else _seen(ctx, role)
    rows = ctx.db.rows(
        f"""
        SELECT {EVENTS.of("e")} FROM events e
        WHERE e.pipeline_key = :pipeline AND e.box_key IS NOT NULL AND e.at > :since AND {seen}
            AND {ctx.db.dialect.among("e.kind", "kinds")} AND {access.sees_event(ctx.db.dialect, "e")}
            AND {ctx.of_seen_kinds}
        ORDER BY e.id
        """,
        mail_owner=ctx.mail_owner,
        pipeline=pipeline.key,
        since=since,
        kinds=ctx.db.texts(kinds),
        **given,
    )
    return EVENTS.load_all(rows)


_NOT_QUIET = "e.kind NOT IN ('" + "', '".join(QUIET) + "')"


def _seen(ctx: Ctx, role: Role) -> tuple[str, dict[str, Any]]:
    """The SQL condition for events of boxes that the actor may see, and its parameters. Users who may see only some
    boxes do not learn that the other boxes exist."""
    test, params = access.visible(ctx.db.dialect, role, ctx.actor.key)
    return f"EXISTS (SELECT 1 FROM boxes b WHERE b.key = e.box_key AND {test})", params


def _page(
    ctx: Ctx,
    where: str,
    params: dict[str, Any],
    condensed: bool,
    limit: int,
    offset: int,
    *,
    order: str = "e.id DESC",
) -> list[Event]:
    if condensed:
        kinds = ctx.db.texts([name for name, kind in EVENT_KINDS.items() if kind.condensed])
        where, params = f"{where} AND {ctx.db.dialect.among('e.kind', 'kinds')}", {**params, "kinds": kinds}
    rows = ctx.db.rows(
        f"""
        SELECT {EVENTS.of("e")} FROM events e
        WHERE {where} AND {_NOT_QUIET} AND {ctx.of_seen_kinds} AND {access.sees_event(ctx.db.dialect, "e")}
        ORDER BY {order} LIMIT :limit OFFSET :offset
        """,
        mail_owner=ctx.mail_owner,
        limit=limit,
        offset=offset,
        **params,
    )
    return EVENTS.load_all(rows)
