"""Fields: a pipeline's own columns, of nine kinds. Keys count up from 1001, option keys from 9001."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from ..errors import Insufficient, Invalid, NotFound
from . import access, edits, events, formulas, pipelines, search, trash, validators
from .context import Ctx
from .records import (
    FIELD_TYPES,
    FIELDS,
    WITH_OPTIONS,
    AiSettings,
    DisplayFormat,
    Field,
    Option,
    Pipeline,
    field_options,
)

FIRST = 1001
MOST = 500

AI_SOURCES = ("BOX_TIMELINE", "WEB_CRAWLING")


NUMBERED = ("TEXT_INPUT", "FORMULA")
"""Types that can hold numbers, and a format to show them in."""
FORMATS = ("NUMBER", "CURRENCY", "PERCENT")
MOST_DECIMALS = 10
_CURRENCY = re.compile("[A-Z]{3}", re.ASCII)


def of(ctx: Ctx, keys: list[str]) -> dict[str, list[Field]]:
    """The fields of these pipelines, in the order they were made."""
    found: dict[str, list[Field]] = {key: [] for key in keys}
    for row in ctx.db.rows(
        f"""
        SELECT {FIELDS.columns} FROM fields WHERE {ctx.db.dialect.among("pipeline_key", "keys")}
        ORDER BY pipeline_key, LENGTH(key), key
        """,
        keys=ctx.db.texts(keys),
    ):
        found[row[0]].append(FIELDS.load(row))
    return found


def by_key(ctx: Ctx, pipeline_key: str) -> Mapping[str, Field]:
    """The pipeline's fields, in the order they were made."""
    sql = f"SELECT {FIELDS.columns} FROM fields WHERE pipeline_key = :pipeline ORDER BY LENGTH(key), key"

    def read() -> dict[str, Field]:
        return {field.key: field for field in FIELDS.load_all(ctx.db.rows(sql, pipeline=pipeline_key))}

    return ctx.db.remember(("fields", pipeline_key), read)


def get(ctx: Ctx, pipeline: Pipeline, key: str) -> Field:
    row = ctx.db.row(
        f"SELECT {FIELDS.columns} FROM fields WHERE pipeline_key = :pipeline AND key = :key",
        pipeline=pipeline.key,
        key=key,
    )
    if row is None:
        raise NotFound(key)
    return FIELDS.load(row)


def create(ctx: Ctx, pipeline_key: str, given: dict[str, Any]) -> Field:
    pipeline, role = pipelines.reach(ctx, pipeline_key, change=True)
    access.require(ctx, role, "FIELD", "CREATE", pipeline)
    pipeline, field = add(ctx, pipeline, given)
    pipeline = formulas.put(ctx, pipeline, field)
    pipelines.touch(ctx, pipeline)
    events.record(ctx, "field.created", field, pipeline=pipeline, subject=field.name)
    return field


def add(ctx: Ctx, pipeline: Pipeline, given: dict[str, Any]) -> tuple[Pipeline, Field]:
    """The caller saves the pipeline, and puts the formula of the field once all columns are there."""
    name, kind = given.get("name"), given.get("type")
    if not name or not kind:
        raise Insufficient("Field", "type" if name else "name")
    if kind not in FIELD_TYPES:
        raise Invalid("type", f"no such type {kind[:50]!r}; known are {', '.join(FIELD_TYPES)}")
    if pipeline.next_field - FIRST >= MOST:
        raise Invalid("fields", f"a pipeline has at most {MOST} fields")
    field = Field(
        pipeline_key=pipeline.key,
        key=str(pipeline.next_field),
        name=name,
        type=kind,
        options=[],
        default_value=_raw(given.get("default_value")),
        ai_settings=AiSettings(),
        default_updated_at=ctx.now if given.get("default_value") is not None else None,
        updated_at=ctx.now,
        display_format=_display_format(kind, given.get("display_format")),
    )
    pipeline = msgspec.structs.replace(pipeline, next_field=pipeline.next_field + 1)
    if given.get("options"):
        pipeline, options = _options(pipeline, field, given["options"], add_only=False)
        field = msgspec.structs.replace(field, options=options)
    FIELDS.insert(ctx.db, field)
    return pipeline, field


def edit(
    ctx: Ctx,
    pipeline_key: str,
    key: str,
    changes: dict[str, Any],
    *,
    add_only: bool = False,
    values: dict[str, Any] | None = None,
) -> Field:
    """`options` replaces them all, or appends with `add_only`; values that named a lost option are cleared. `values`
    are those that boxes had when it lost some, by box: they are put back with the options, which keep their keys."""
    pipeline, role = pipelines.reach(ctx, pipeline_key, change=True)
    field = get(ctx, pipeline, key)
    if changes.get("type") not in (None, field.type):
        raise Invalid("type", "Can't change the type of a field")
    if changes.get("name") == "":
        raise Invalid("name", "may not be empty")
    after = msgspec.structs.replace(field, name=changes.get("name") or field.name)
    if "default_value" in changes and _raw(changes["default_value"]) != field.default_value:
        after = msgspec.structs.replace(after, default_value=_raw(changes["default_value"]), default_updated_at=ctx.now)
    if changes.get("ai_settings"):
        after = msgspec.structs.replace(after, ai_settings=_ai_settings(field, changes["ai_settings"]))
    if "display_format" in changes:
        after = msgspec.structs.replace(after, display_format=_display_format(field.type, changes["display_format"]))
    if changes.get("options") is not None:
        if values is None:
            pipeline, options = _options(pipeline, field, changes["options"], add_only=add_only)
        else:
            options = msgspec.convert(changes["options"], list[Option])
        after = msgspec.structs.replace(after, options=options)
    if after == field:
        return field
    access.require(ctx, role, "FIELD", _right(field, after), pipeline)
    return _save(ctx, pipeline, field, after, values or {})


def _right(field: Field, after: Field) -> str:
    """What it takes: options and formats have rights of their own, where nothing else changes."""
    if msgspec.structs.replace(after, options=field.options) == field:
        return "OPTIONS"
    return "FORMAT" if msgspec.structs.replace(after, display_format=field.display_format) == field else "UPDATE"


def _save(ctx: Ctx, pipeline: Pipeline, field: Field, after: Field, values: dict[str, Any]) -> Field:
    after = msgspec.structs.replace(after, updated_at=ctx.now)
    ctx.db.run(
        """
        UPDATE fields SET name = :name, options = :options, default_value = :default_value,
            ai_settings = :ai_settings, display_format = :display_format,
            default_updated_at = :default_updated_at, updated_at = :updated_at
        WHERE pipeline_key = :pipeline_key AND key = :key
        """,
        **FIELDS.params(after),
    )
    lost = {option.key for option in field.options} - {option.key for option in after.options}
    cleared = _clear_options(ctx, field, lost) if lost else {}
    if values:
        _choose_again(ctx, field, after, values)
    if after.default_value != field.default_value:
        pipeline = formulas.put(ctx, pipeline, after)
    formulas.follow(ctx, pipeline, field, after)
    validators.follow(ctx, pipeline)
    pipelines.touch(ctx, pipeline)
    before = {name: getattr(field, name) for name in ("name", "options", "default_value", "display_format")}
    event_id = events.record(ctx, "field.edited", after, pipeline=pipeline, before=before, subject=after.name)
    if cleared:
        edits.keep(ctx, event_id, {"values": cleared})
    return after


def delete(ctx: Ctx, pipeline_key: str, key: str) -> None:
    """With its values in all boxes."""
    pipeline, role = pipelines.reach(ctx, pipeline_key, change=True)
    field = get(ctx, pipeline, key)
    access.require(ctx, role, "FIELD", "DELETE", pipeline)
    trash.keep(ctx, "field", key, field.name, pipeline=pipeline, values=_values(ctx, field))
    ctx.db.run("DELETE FROM fields WHERE pipeline_key = :pipeline AND key = :key", pipeline=pipeline.key, key=key)
    clear(ctx, field)
    formulas.lost(ctx, pipeline, field.key)
    validators.follow(ctx, pipeline)
    if field.type in search.TEXT_TYPES:
        search.note_all(ctx, search.BOX, pipeline.key)
    pipeline = pipelines.touch(ctx, pipeline)
    events.record(ctx, "field.deleted", field, pipeline=pipeline, subject=field.name)


def _options(
    pipeline: Pipeline, field: Field, given: list[dict[str, str]], *, add_only: bool
) -> tuple[Pipeline, list[Option]]:
    """The new list: an option keeps its key by that key, else by its name, else gets the next one."""
    if field.type not in WITH_OPTIONS:
        raise Invalid("options", f"a {field.type} field has no options")
    what = field_options.listed(field.type)
    by_name = {option.name: option.key for option in field.options}
    known = {option.key for option in field.options}
    named = list(field.options) if add_only else []
    for at, one in enumerate(given):
        name, key = one.get("name", "").strip(), one.get("key") or None
        if not name:
            raise Invalid(f"{what}[{at}]", "an option needs a name")
        if key and key not in known:
            raise Invalid(f"{what}[{at}].key", f"no option has the key {key[:50]!r}; leave it out for a new one")
        if add_only and name in by_name and key in (None, by_name[name]):
            continue
        if not key and not add_only:
            key = by_name.get(name)
        if not key:
            key = str(pipeline.next_option)
            pipeline = msgspec.structs.replace(pipeline, next_option=pipeline.next_option + 1)
        named = [option for option in named if option.key != key] if add_only else named
        named.append(Option(key, name))
    field_options.check(named, what)
    return pipeline, named


def _display_format(kind: str, given: dict[str, Any] | None) -> DisplayFormat | None:
    if not given:
        return None
    if kind not in NUMBERED:
        raise Invalid("displayFormat", f"is for fields of type {' and '.join(NUMBERED)}")
    if given.get("type") not in FORMATS:
        raise Invalid("displayFormat.type", f"is one of {', '.join(FORMATS)}")
    found = DisplayFormat(given["type"], given.get("currency") or None, given.get("decimals"))
    if (found.type == "CURRENCY") != bool(found.currency and _CURRENCY.fullmatch(found.currency)):
        raise Invalid("displayFormat.currency", "is three capitals such as EUR, where the type is CURRENCY")
    if found.decimals is not None and not 0 <= found.decimals <= MOST_DECIMALS:
        raise Invalid("displayFormat.decimals", f"is between 0 and {MOST_DECIMALS}")
    return found


def _ai_settings(field: Field, given: dict[str, str]) -> AiSettings:
    settings = msgspec.structs.replace(field.ai_settings, **given)
    if settings.source not in AI_SOURCES:
        raise Invalid("aiSettings.source", f"is one of {', '.join(AI_SOURCES)}")
    return settings


def _values(ctx: Ctx, field: Field) -> dict[str, Any]:
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


def _choose_again(ctx: Ctx, field: Field, after: Field, values: dict[str, Any]) -> None:
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


def _clear_options(ctx: Ctx, field: Field, lost: set[str]) -> dict[str, Any]:
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


def _raw(value: Any) -> msgspec.Raw | None:
    return None if value is None else msgspec.Raw(msgspec.json.encode(value))
