"""Read, restore and clear the values of one field in all boxes. The boxes record no events for this."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from ..context import Ctx
from ..records import Field, numbers_in


def read(ctx: Ctx, field: Field) -> dict[str, Any]:
    """Return the field's values by box key; nothing for a formula, because its values are computed."""
    if field.type == "FORMULA":
        return {}
    member = ctx.db.dialect.member("fields", field.key)
    value = ctx.db.dialect.field_value("fields", field.key)
    rows = ctx.db.rows(
        f"SELECT key, {member} FROM boxes WHERE pipeline_key = :pipeline AND {value} IS NOT NULL",
        pipeline=field.pipeline_key,
    )
    return {key: msgspec.Raw(text.encode()) for key, text in rows}


def fill(ctx: Ctx, field: Field, values: dict[str, Any]) -> None:
    """Write these values of the field, given by box key."""
    _fill(ctx, field, values, lambda _, value: value)


def restore_options(ctx: Ctx, field: Field, after: Field, values: dict[str, Any]) -> None:
    """Write values, given by box key, whose options exist again.

    Options that a box was given in the meantime stay: tags are added to them, a dropdown's value is not replaced.
    """
    had = {option.key for option in field.options}
    existing = {option.key for option in after.options}

    def restored(now: Any, old: Any) -> Any:
        if not isinstance(old, list):
            return old if now is None and old in existing else now
        now = now or []
        if now == [key for key in old if key in had]:
            return [key for key in old if key in existing]
        return [*now, *(key for key in old if key in existing - had and key not in now)]

    _fill(ctx, field, values, restored)


def _fill(ctx: Ctx, field: Field, values: dict[str, Any], restored: Callable[[Any, Any], Any]) -> None:
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
            box_fields = msgspec.json.decode(text)
            value = restored(box_fields.get(field.key), values[key])
            if value not in (None, []):
                box_fields = dict(sorted({**box_fields, field.key: value}.items()))
                text = msgspec.json.encode(box_fields).decode()
                filled.append({"key": key, "fields": text, "numbers": numbers_in(box_fields)})
        ctx.db.many("UPDATE boxes SET fields = :fields, numbers = :numbers WHERE key = :key", filled)


def clear(ctx: Ctx, field: Field) -> None:
    """Delete the field's values in all boxes."""
    value = ctx.db.dialect.field_value("fields", field.key)
    ctx.db.run(
        f"""
        UPDATE boxes SET fields = {ctx.db.dialect.without("fields", field.key)}
        WHERE pipeline_key = :pipeline AND {value} IS NOT NULL
        """,
        pipeline=field.pipeline_key,
    )


def clear_options(ctx: Ctx, field: Field, removed: set[str]) -> dict[str, Any]:
    """Delete these options from the values of all boxes. Return the old values of the changed boxes by box key."""
    value = ctx.db.dialect.field_value("fields", field.key)
    rows = ctx.db.rows(
        f"SELECT key, fields FROM boxes WHERE pipeline_key = :pipeline AND {value} IS NOT NULL",
        pipeline=field.pipeline_key,
    )
    cleared, old_values = [], {}
    for key, text in rows:
        values = msgspec.json.decode(text)
        remaining = _without(values[field.key], removed)
        if remaining == values[field.key]:
            continue
        old_values[key] = values[field.key]
        values = {field_key: value for field_key, value in values.items() if field_key != field.key}
        if remaining:
            values[field.key] = remaining
        cleared.append({"key": key, "fields": msgspec.json.encode(values).decode()})
    ctx.db.many("UPDATE boxes SET fields = :fields WHERE key = :key", cleared)
    return old_values


def _without(value: Any, removed: set[str]) -> Any:
    if isinstance(value, list):
        return [key for key in value if key not in removed]
    return None if value in removed else value
