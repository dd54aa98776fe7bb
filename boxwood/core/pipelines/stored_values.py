"""The values that boxes hold in one field: read, put back, cleared. Boxes record no event for this."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from ..context import Ctx
from ..records import Field


def read(ctx: Ctx, field: Field) -> dict[str, Any]:
    """What the boxes hold in this field; of a formula nothing, for it is computed."""
    if field.type == "FORMULA":
        return {}
    member, value = (one("fields", field.key) for one in (ctx.db.dialect.member, ctx.db.dialect.field_value))
    rows = ctx.db.rows(
        f"SELECT key, {member} FROM boxes WHERE pipeline_key = :pipeline AND {value} IS NOT NULL",
        pipeline=field.pipeline_key,
    )
    return {key: msgspec.Raw(text.encode()) for key, text in rows}


def fill(ctx: Ctx, field: Field, values: dict[str, Any]) -> None:
    """Give boxes values in this field, as they were: no news of the boxes themselves."""
    _fill(ctx, field, values, lambda _, value: value)


def choose_again(ctx: Ctx, field: Field, after: Field, values: dict[str, Any]) -> None:
    """The same with what options gave that are there again: what a box was given since stays, beside it or for it."""
    had = {option.key for option in field.options}
    there = {option.key for option in after.options}

    def chosen(now: Any, old: Any) -> Any:
        if not isinstance(old, list):
            return old if now is None and old in there else now
        now = now or []
        if now == [one for one in old if one in had]:
            return [one for one in old if one in there]
        return [*now, *(one for one in old if one in there - had and one not in now)]

    _fill(ctx, field, values, chosen)


def _fill(ctx: Ctx, field: Field, values: dict[str, Any], chosen: Callable[[Any, Any], Any]) -> None:
    keys = list(values)
    for at in range(0, len(keys), 1000):
        among = ctx.db.dialect.among("key", "keys")
        rows = ctx.db.rows(
            f"SELECT key, fields FROM boxes WHERE pipeline_key = :pipeline AND {among} ORDER BY key{ctx.db.for_update}",
            pipeline=field.pipeline_key,
            keys=ctx.db.texts(keys[at : at + 1000]),
        )
        filled = []
        for key, text in rows:
            held = msgspec.json.decode(text)
            value = chosen(held.get(field.key), values[key])
            if value not in (None, []):
                held = dict(sorted({**held, field.key: value}.items()))
                filled.append({"key": key, "fields": msgspec.json.encode(held).decode()})
        ctx.db.many("UPDATE boxes SET fields = :fields WHERE key = :key", filled)


def clear(ctx: Ctx, field: Field) -> None:
    """Erase the field's values: no news of the boxes themselves."""
    value = ctx.db.dialect.field_value("fields", field.key)
    ctx.db.run(
        f"""
        UPDATE boxes SET fields = {ctx.db.dialect.without("fields", field.key)}
        WHERE pipeline_key = :pipeline AND {value} IS NOT NULL
        """,
        pipeline=field.pipeline_key,
    )


def clear_options(ctx: Ctx, field: Field, lost: set[str]) -> dict[str, Any]:
    """Erase what named an option that is no more; the values that did, by box."""
    value = ctx.db.dialect.field_value("fields", field.key)
    rows = ctx.db.rows(
        f"SELECT key, fields FROM boxes WHERE pipeline_key = :pipeline AND {value} IS NOT NULL",
        pipeline=field.pipeline_key,
    )
    cleared, were = [], {}
    for key, text in rows:
        values = msgspec.json.decode(text)
        left = _left(values[field.key], lost)
        if left == values[field.key]:
            continue
        were[key] = values[field.key]
        values = {one: value for one, value in values.items() if one != field.key}
        if left:
            values[field.key] = left
        cleared.append({"key": key, "fields": msgspec.json.encode(values).decode()})
    ctx.db.many("UPDATE boxes SET fields = :fields WHERE key = :key", cleared)
    return were


def _left(value: Any, lost: set[str]) -> Any:
    if isinstance(value, list):
        return [one for one in value if one not in lost]
    return None if value in lost else value
