"""Read the pipelines that the actor reaches, with the actor's role in each."""

from __future__ import annotations

from typing import Any

from ...errors import NotFound
from .. import access, persons
from ..access import Role
from ..context import Ctx
from ..records import PIPELINE_MEMBERS, PIPELINES, USERS, Person, Pipeline, PipelineMember

_REACHED = f"""
    SELECT {PIPELINES.of("p")}, {access.ROLE} AS reach FROM pipelines p
"""


def reach(ctx: Ctx, key: str, *, change: bool = False) -> tuple[Pipeline, Role]:
    """Return the pipeline and the actor's role in it. Raise `NotFound` if the actor does not reach it.

    With `change` the pipeline is locked until the commit.
    """
    lock = f"{ctx.db.for_update} OF p" if change and ctx.db.for_update else ""

    def read() -> tuple[Pipeline, Role] | None:
        row = ctx.db.row(f"{_REACHED} WHERE p.key = :key{lock}", key=key, **ctx.who)
        return None if row is None or row[-1] is None else _with_role(row)

    found = read() if lock else ctx.db.remember(("pipeline", key, ctx.actor.key, ctx.within, ctx.only), read)
    if found is None:
        raise NotFound(key)
    return found


def get(ctx: Ctx, key: str) -> Pipeline:
    """Return the pipeline. Raise `NotFound` if the actor does not reach it."""
    return reach(ctx, key)[0]


def reach_all(ctx: Ctx, *, sort_by: str = "", limit: int | None = None, offset: int = 0) -> list[tuple[Pipeline, Role]]:
    """Return the pipelines that the actor reaches, the oldest first.

    With `sort_by` (`created_at` or `updated_at`) the newest comes first.
    """
    order = f"p.{sort_by} DESC, p.key DESC" if sort_by else "p.created_at, p.key"
    rows = ctx.db.rows(
        f"{_REACHED} WHERE {access.ROLE} IS NOT NULL ORDER BY {order} LIMIT :limit OFFSET :offset",
        **ctx.who,
        limit=limit if limit is not None else 1_000_000,
        offset=offset,
    )
    return [_with_role(row) for row in rows]


def _with_role(row: tuple[Any, ...]) -> tuple[Pipeline, Role]:
    pipeline = PIPELINES.load(row)
    return pipeline, access.role(row[len(PIPELINES.names)], pipeline.permission_sets)


def members(ctx: Ctx, keys: list[str]) -> dict[str, list[tuple[PipelineMember, Person]]]:
    """Return the access lists of these pipelines by pipeline key, the owner first."""
    found: dict[str, list[tuple[PipelineMember, Person]]] = {key: [] for key in keys}
    for row in ctx.db.rows(
        f"""
        SELECT {PIPELINE_MEMBERS.of("m")}, {USERS.of("u")} FROM pipeline_members m JOIN users u ON u.key = m.user_key
        WHERE {ctx.db.dialect.among("m.pipeline_key", "pipelines")}
        ORDER BY m.is_owner DESC, m.added_at, m.user_key
        """,
        pipelines=ctx.db.texts(keys),
    ):
        member = PIPELINE_MEMBERS.load(row)
        found[member.pipeline_key].append((member, persons.of(USERS.load(row[len(PIPELINE_MEMBERS.names) :]))))
    return found


def count_boxes(ctx: Ctx, reached: list[tuple[Pipeline, Role]]) -> dict[str, dict[str, int]]:
    """Return how many boxes the actor sees in each stage of these pipelines, by pipeline key and stage key.

    Stages in which the actor sees no box are absent.
    """
    found: dict[str, dict[str, int]] = {pipeline.key: {} for pipeline, _ in reached}
    whole = [pipeline.key for pipeline, role in reached if role.sees_all_boxes()]
    if whole:
        among = ctx.db.dialect.among("b.pipeline_key", "keys")
        _add_counts(ctx, found, among, {"keys": ctx.db.texts(whole)})
    for pipeline, role in reached:
        if not role.sees_all_boxes():
            test, params = access.visible(ctx.db.dialect, role, ctx.actor.key)
            _add_counts(ctx, found, f"b.pipeline_key = :key AND {test}", {"key": pipeline.key, **params})
    return found


def _add_counts(ctx: Ctx, found: dict[str, dict[str, int]], test: str, params: dict[str, Any]) -> None:
    for pipeline_key, stage_key, count in ctx.db.rows(
        f"SELECT b.pipeline_key, b.stage_key, COUNT(*) FROM boxes b WHERE {test} GROUP BY b.pipeline_key, b.stage_key",
        **params,
    ):
        found[pipeline_key][stage_key] = count
