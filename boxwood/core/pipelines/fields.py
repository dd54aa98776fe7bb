"""Fields: create, edit and delete a pipeline's fields. Field keys count up from 1001, option keys from 9001."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from ...errors import Insufficient, Invalid
from .. import access, events, search, trash, undo_data
from ..context import Ctx
from ..records import (
    FIELD_TYPES,
    FIELDS,
    FIRST_FIELD,
    WITH_OPTIONS,
    AiSettings,
    DisplayFormat,
    Field,
    Option,
    Pipeline,
    field_options,
)
from . import formulas, lookup, names, saving, stored_values, validation_rules
from .stored_values import clear_options, read, restore_options

MOST = 500


NUMBERED = ("TEXT_INPUT", "FORMULA")
"""The types of fields that can hold numbers and have a display format."""
FORMATS = ("NUMBER", "CURRENCY", "PERCENT")
MOST_DECIMALS = 10
_CURRENCY = re.compile("[A-Z]{3}", re.ASCII)


def create(ctx: Ctx, pipeline_key: str, given: dict[str, Any]) -> Field:
    """Create a field in the pipeline."""
    pipeline, role = lookup.reach(ctx, pipeline_key, change=True)
    access.require(ctx, role, "FIELD", "CREATE", pipeline)
    pipeline, field = add(ctx, pipeline, given)
    pipeline = formulas.set_from_default(ctx, pipeline, field)
    saving.touch(ctx, pipeline)
    events.record(ctx, "field.created", field, pipeline=pipeline, subject=field.name)
    return field


def add(ctx: Ctx, pipeline: Pipeline, given: dict[str, Any]) -> tuple[Pipeline, Field]:
    """Insert a field and return it with the changed pipeline.

    The caller saves the pipeline, and calls `formulas.set_from_default` when all fields that the formula reads exist.
    """
    name, kind = given.get("name"), given.get("type")
    if not name or not kind:
        raise Insufficient("Field", "type" if name else "name")
    if kind not in FIELD_TYPES:
        raise Invalid("type", f"must be one of {', '.join(FIELD_TYPES)}, but is {kind[:50]!r}")
    if pipeline.next_field - FIRST_FIELD >= MOST:
        raise Invalid("fields", f"a pipeline can have at most {MOST} fields")
    _check_default(kind, given.get("default_value"), None)
    field = Field(
        pipeline_key=pipeline.key,
        key=str(pipeline.next_field),
        name=name,
        type=kind,
        options=[],
        default_value=_raw(given.get("default_value")) if kind == "FORMULA" else None,
        ai_settings=AiSettings(),
        default_updated_at=ctx.now if kind == "FORMULA" and given.get("default_value") is not None else None,
        updated_at=ctx.now,
        display_format=_display_format(kind, given.get("display_format")),
    )
    pipeline = msgspec.structs.replace(pipeline, next_field=pipeline.next_field + 1)
    if given.get("options") and kind in WITH_OPTIONS:
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
    """Change a field.

    `options` replaces all options, or adds to them with `add_only`. Field values with a removed option are cleared. An
    undo passes `values`: the cleared values by box key, which are restored with their options under the same keys.
    """
    pipeline, role = lookup.reach(ctx, pipeline_key, change=True)
    field = names.field(ctx, pipeline, key)
    if changes.get("type") not in (None, field.type):
        raise Invalid("type", "Can't change the type of a field")
    if changes.get("name") == "":
        raise Invalid("name", "must not be empty")
    after = msgspec.structs.replace(field, name=changes.get("name") or field.name)
    if "default_value" in changes:
        _check_default(field.type, changes["default_value"], field.default_value)
    if "default_value" in changes and _raw(changes["default_value"]) != field.default_value:
        after = msgspec.structs.replace(after, default_value=_raw(changes["default_value"]), default_updated_at=ctx.now)
    if msgspec.structs.replace(field.ai_settings, **changes.get("ai_settings") or {}) != field.ai_settings:
        raise Invalid("aiSettings", "cannot be changed: Boxwood fills no fields by AI")
    if "display_format" in changes:
        after = msgspec.structs.replace(after, display_format=_display_format(field.type, changes["display_format"]))
    if changes.get("options") is not None and field.type in WITH_OPTIONS:
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
    """Return the permission that this edit needs. Changing only options or only the format has its own permission."""
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
    removed = {option.key for option in field.options} - {option.key for option in after.options}
    cleared = clear_options(ctx, field, removed) if removed else {}
    if values:
        restore_options(ctx, field, after, values)
    if after.default_value != field.default_value:
        pipeline = formulas.set_from_default(ctx, pipeline, after)
    formulas.update_after_field_edit(ctx, pipeline, field, after)
    validation_rules.recheck_after_schema_change(ctx, pipeline)
    saving.touch(ctx, pipeline)
    before = {name: getattr(field, name) for name in ("name", "options", "default_value", "display_format")}
    event_id = events.record(ctx, "field.edited", after, pipeline=pipeline, before=before, subject=after.name)
    if cleared:
        undo_data.store(ctx, event_id, {"values": cleared})
    return after


def delete(ctx: Ctx, pipeline_key: str, wanted: str) -> None:
    """Delete the field with its values in all boxes. The trash stores both."""
    pipeline, role = lookup.reach(ctx, pipeline_key, change=True)
    field = names.field(ctx, pipeline, wanted)
    key = field.key
    access.require(ctx, role, "FIELD", "DELETE", pipeline)
    trash.store(ctx, "field", key, field.name, pipeline=pipeline, values=read(ctx, field))
    ctx.db.run("DELETE FROM fields WHERE pipeline_key = :pipeline AND key = :key", pipeline=pipeline.key, key=key)
    stored_values.clear(ctx, field)
    formulas.recompute_readers(ctx, pipeline, field.key)
    validation_rules.recheck_after_schema_change(ctx, pipeline)
    if field.type in search.TEXT_TYPES:
        search.reindex_all(ctx, search.BOX, pipeline.key)
    pipeline = saving.touch(ctx, pipeline)
    events.record(ctx, "field.deleted", field, pipeline=pipeline, subject=field.name)


def _options(
    pipeline: Pipeline, field: Field, given: list[dict[str, str]], *, add_only: bool
) -> tuple[Pipeline, list[Option]]:
    """Return the new list of options, and the pipeline with its next option key.

    A given option is matched with a present option by its key, else by its name; otherwise it is new.
    """
    where = field_options.listed(field.type)
    by_name = {option.name: option.key for option in field.options}
    known = {option.key for option in field.options}
    named = list(field.options) if add_only else []
    for at, option in enumerate(given):
        name, key = option.get("name", "").strip(), option.get("key") or None
        if not name:
            raise Invalid(f"{where}[{at}]", "an option must have a name")
        if key and key not in known:
            raise Invalid(f"{where}[{at}].key", f"no option has the key {key[:50]!r}: leave it out for a new option")
        if add_only and name in by_name and key in (None, by_name[name]):
            continue
        if not key and not add_only:
            key = by_name.get(name)
        if not key:
            key = str(pipeline.next_option)
            pipeline = msgspec.structs.replace(pipeline, next_option=pipeline.next_option + 1)
        named = [other for other in named if other.key != key] if add_only else named
        named.append(Option(key, name))
    field_options.check(named, where)
    return pipeline, named


def _display_format(kind: str, given: dict[str, Any] | None) -> DisplayFormat | None:
    if not given or kind not in NUMBERED:
        return None  # what a kind of field does not use is ignored (ruling 31)
    if given.get("type") not in FORMATS:
        raise Invalid("displayFormat.type", f"must be one of {', '.join(FORMATS)}")
    found = DisplayFormat(given["type"], given.get("currency") or None, given.get("decimals"))
    if (found.type == "CURRENCY") != bool(found.currency and _CURRENCY.fullmatch(found.currency)):
        raise Invalid(
            "displayFormat.currency", "must be three capitals such as EUR for CURRENCY, and empty for other types"
        )
    if found.decimals is not None and not 0 <= found.decimals <= MOST_DECIMALS:
        raise Invalid("displayFormat.decimals", f"must be between 0 and {MOST_DECIMALS}")
    return found


def _check_default(kind: str, given: Any, stored: msgspec.Raw | None) -> None:
    """Raise `Invalid` if a field that is no formula gets a default value. It may be sent back as it was read."""
    if kind != "FORMULA" and given not in (None, "") and _raw(given) != stored:
        raise Invalid("defaultValue", f"is the formula of a FORMULA field: a {kind} field begins without a value")


def _raw(value: Any) -> msgspec.Raw | None:
    return None if value is None else msgspec.Raw(msgspec.json.encode(value))
