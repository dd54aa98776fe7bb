"""Reading boxes: with a check of what the actor may see, or without."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from ...errors import NotFound
from .. import access, persons, pipelines
from ..access import Role
from ..context import Ctx
from ..records import BOXES, PIPELINES, STORED, USERS, Box, Person, Pipeline, StoredBox


def get(ctx: Ctx, key: str) -> Box:
    """The box with this key. Raises `NotFound` if the actor may not see it."""
    return _reached(ctx, key, "")[0].box()


def get_stored(ctx: Ctx, key: str) -> StoredBox:
    """The same as a row of the table, with its JSON not decoded."""
    return _reached(ctx, key, "")[0]


def reach(
    ctx: Ctx, key: str, action: str | None = None, *, part: tuple[str, str] | None = None
) -> tuple[Box, Pipeline, Role]:
    """The box, its pipeline and the actor's role there.

    With an `action`, the actor must be allowed to do it, and the box is locked until the transaction ends. `part` is
    an entity of the box and an action on it, such as COMMENT and CREATE: a grant of it is enough too.
    """
    row, pipeline, role = _reached(ctx, key, ctx.db.for_update if action else "")
    box = row.box()
    if action and not (part and access.allows(ctx, role, *part, box)):
        access.require(ctx, role, "BOX", action, box)
    return box, pipeline, role


def _reached(ctx: Ctx, key: str, lock: str) -> tuple[StoredBox, Pipeline, Role]:
    row = ctx.db.row(f"SELECT {STORED.columns} FROM boxes WHERE key = :key{lock}", key=key)
    if row is None:
        raise NotFound(key)
    box = STORED.load(row)
    try:
        pipeline, role = pipelines.reach(ctx, box.pipeline_key)
    except NotFound:
        raise NotFound(key) from None
    if not role.sees_all_boxes() and not access.allows(ctx, role, "BOX", "GET", box.box()):
        raise NotFound(key)
    return box, pipeline, role


def lock(ctx: Ctx, key: str) -> tuple[Box, Pipeline] | None:
    """Lock the box with this key, and return it with its pipeline; None if there is none. Checks no permission."""
    row = ctx.db.row(f"SELECT {BOXES.columns} FROM boxes WHERE key = :key{ctx.db.for_update}", key=key)
    if row is None:
        return None
    box = BOXES.load(row)
    return box, pipeline_of(ctx, box)


def readers(ctx: Ctx, box: Box, pipeline: Pipeline) -> list[Person]:
    """The users who may see the box, by key."""
    rows = ctx.db.rows(
        f"""
        SELECT {USERS.of("u")}, {access.ROLE_OF_EACH} FROM users u CROSS JOIN pipelines p
        WHERE p.key = :pipeline AND u.key IN (
            SELECT pm.user_key FROM pipeline_members pm WHERE pm.pipeline_key = :pipeline
            UNION SELECT tm.user_key FROM team_members tm WHERE tm.team_key = :team)
        """,
        pipeline=pipeline.key,
        team=pipeline.team_key,
    )
    found = []
    for row in rows:
        user, role = USERS.load(row), access.role(row[-1] or "", pipeline.permission_sets)
        if access.allows(replace(ctx, actor=user), role, "BOX", "GET", box):
            found.append(persons.of(user))
    return sorted(found, key=lambda person: person.key)


def pipeline_of(ctx: Ctx, box: Box) -> Pipeline:
    """The pipeline of a box. Checks no permission."""

    def read() -> Pipeline:
        row = ctx.db.row(f"SELECT {PIPELINES.columns} FROM pipelines WHERE key = :key", key=box.pipeline_key)
        assert row is not None
        return PIPELINES.load(row)

    return ctx.db.remember(("pipeline of boxes", box.pipeline_key), read)


def lock_many(ctx: Ctx, keys: list[str]) -> list[Box]:
    """Lock the boxes with these keys, and return them in the order of their keys. Checks no permission."""
    among = ctx.db.dialect.among("key", "keys")
    sql = f"SELECT {BOXES.columns} FROM boxes WHERE {among} ORDER BY key{ctx.db.for_update}"
    return BOXES.load_all(ctx.db.rows(sql, keys=ctx.db.texts(keys)))


def seen_among(ctx: Ctx, keys: Iterable[str]) -> set[str]:
    """Which of the boxes with these keys the actor may see."""
    among = ctx.db.dialect.among("key", "keys")
    rows = ctx.db.rows(f"SELECT key, pipeline_key FROM boxes WHERE {among}", keys=ctx.db.texts(keys))
    by_pipeline: dict[str, set[str]] = {}
    for key, pipeline_key in rows:
        by_pipeline.setdefault(pipeline_key, set()).add(key)
    found: set[str] = set()
    for pipeline_key, inside in by_pipeline.items():
        try:
            role = pipelines.reach(ctx, pipeline_key)[1]
        except NotFound:
            continue
        found |= inside if role.sees_all_boxes() else _seen(ctx, role, inside)
    return found


def _seen(ctx: Ctx, role: Role, keys: set[str]) -> set[str]:
    test, given = access.visible(ctx.db.dialect, role, ctx.actor.key)
    sql = f"SELECT b.key FROM boxes b WHERE {ctx.db.dialect.among('b.key', 'boxes')} AND {test}"
    return {row[0] for row in ctx.db.rows(sql, boxes=ctx.db.texts(keys), **given)}
