"""Formulas: fields whose values are computed from other columns of the box.

A formula is stored with the keys of the columns it reads, so that fields can be renamed; users see the field's default
value, which is the text with names. Computed values are stored in the box. They are updated in the transaction that
changes what they read. When a formula changes, all boxes of the pipeline are computed again in slices (`formula_runs`).
"""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from functools import lru_cache
from typing import Any

import msgspec

from ...db.records import Table
from ...errors import Invalid
from ...lib import formulas as lib
from ...lib import ids
from ...lib.durations import DAY
from ...lib.formulas import Date, Fault, FormulaError, Result
from ..context import Ctx
from ..records import Box, Field, Pipeline
from . import formula_inputs, schema, stored_values

ENGINE = lib.Engine()
"""Evaluates formulas in a process that starts with the first formula. The server closes it when it stops."""
CHANNEL = "formulas"
# Values are limited because lists show them, and each event of the box stores them.
MOST_BYTES = 200_000
# A formula that took too long this often is not computed any longer: each time delays all users by 0.25 s.
MOST_OVERRUNS = 5
SLOW = ("#TIMEOUT!", "#MEMORY!")
GIVEN_UP = Fault("#TIMEOUT!", "The formula took too long too often: it is computed again once it is changed")


class Formula(msgspec.Struct, frozen=True):
    """The formula of a field."""

    pipeline_key: str
    key: str
    """The key of the field."""
    source: str
    """The text with keys of columns in place of their names."""
    names: dict[str, str]
    """The name of each column it reads, by key. For a deleted field, the name it had."""
    due_at: int | None
    """When its value may change although no box changed (at midnight UTC, for example); None for never."""
    overruns: int
    """How often it took too long."""


FORMULAS = Table("formulas", Formula)
_compiled = lru_cache(maxsize=2000)(lib.compile)


def list_all(ctx: Ctx, pipeline_key: str) -> list[Formula]:
    """Return the pipeline's formulas, each after the formulas it reads."""
    sql = f"SELECT {FORMULAS.columns} FROM formulas WHERE pipeline_key = :pipeline ORDER BY LENGTH(key), key"
    found = {formula.key: formula for formula in FORMULAS.load_all(ctx.db.rows(sql, pipeline=pipeline_key))}
    return [found[key] for key in lib.order({key: formula.names for key, formula in found.items()})]


# Setting


def set_from_default(ctx: Ctx, pipeline: Pipeline, field: Field) -> Pipeline:
    """Store the field's default value as its formula; an empty text removes the formula.

    Return the changed pipeline, which the caller saves. Fields that are no formula are ignored.
    """
    if field.type != "FORMULA" or (field.default_value is None and field.default_updated_at is None):
        return pipeline
    text = _text(field)
    sql = "DELETE FROM formulas WHERE pipeline_key = :pipeline AND key = :key"
    had_formula = ctx.db.run(sql, pipeline=pipeline.key, key=field.key)
    if not text and not had_formula:
        return pipeline
    if text:
        FORMULAS.insert(ctx.db, _parsed_formula(ctx, pipeline, field, text))
    else:
        stored_values.clear(ctx, field)
    schedule_recompute(ctx, pipeline.key)
    return msgspec.structs.replace(pipeline, formulas_updated_at=ctx.now)


def _text(field: Field) -> str:
    value = None if field.default_value is None else msgspec.json.decode(field.default_value)
    if not isinstance(value, str | None):
        raise Invalid("defaultValue", "a formula is text")
    return value if value and value.strip() else ""


def _parsed_formula(ctx: Ctx, pipeline: Pipeline, field: Field, text: str) -> Formula:
    by_key = schema.fields_by_key(ctx, pipeline.key)
    source, names, daily = parse(ctx, pipeline, text, "defaultValue")
    formula = Formula(pipeline.key, field.key, source, names, tomorrow(ctx.now) if daily else None, 0)
    _refuse_cycle(ctx, formula, by_key)
    return formula


def parse(ctx: Ctx, pipeline: Pipeline, text: str, member: str) -> tuple[str, dict[str, str], bool]:
    """Return the formula's text with keys of columns in place of their names, the names by key, and whether its value
    may change each day although no box changed. Raise `Invalid` for `member` if the formula is wrong."""
    by_key = schema.fields_by_key(ctx, pipeline.key)
    words_by_name = formula_inputs.words_by_name(by_key.values())
    try:
        keys = {name: _resolve(name, words_by_name, member) for name in lib.compile(text).names}
        source = lib.rename(text, keys)
        compiled = _compiled(source)
        ENGINE.check(lib.compile(text))
    except FormulaError as error:
        raise Invalid(member, str(error)) from None
    names = {key: name for name, key in keys.items()}
    return source, names, compiled.reads_clock or any(formula_inputs.names_others(key, by_key) for key in names)


def _resolve(name: str, words_by_name: dict[str, str], member: str) -> str:
    if name.strip() in words_by_name:
        return words_by_name[name.strip()]
    close = get_close_matches(name, words_by_name, 1)
    hint = f"; did you mean {close[0][:100]!r}?" if close else ""
    raise Invalid(member, f"there is no column {name[:100]!r} in this pipeline{hint}")


def _refuse_cycle(ctx: Ctx, formula: Formula, by_key: Mapping[str, Field]) -> None:
    others = {other.key: list(other.names) for other in list_all(ctx, formula.pipeline_key)}
    if cycle := lib.find_cycle({formula.key: list(formula.names), **others}):
        ring = " → ".join(by_key[key].name for key in [*cycle, cycle[0]])
        raise Invalid("defaultValue", f"formulas must not read each other in a circle: {ring}")


def tomorrow(now: int) -> int:
    """Return the next midnight in UTC, in milliseconds since the epoch."""
    return (now // DAY + 1) * DAY


# When other columns change


def update_after_field_edit(ctx: Ctx, pipeline: Pipeline, before: Field, after: Field) -> None:
    """Update the formulas that read an edited field: show its new name in their texts, and compute them again if its
    options changed."""
    if pipeline.formulas_updated_at is None or (before.name, before.options) == (after.name, after.options):
        return
    readers = [formula for formula in list_all(ctx, pipeline.key) if after.key in formula.names]
    if before.name != after.name:
        for formula in readers:
            _store_names(ctx, msgspec.structs.replace(formula, names={**formula.names, after.key: after.name}))
    if readers and before.options != after.options:
        schedule_recompute(ctx, pipeline.key)


def _store_names(ctx: Ctx, formula: Formula) -> None:
    text = lib.rename(formula.source, formula.names)
    ctx.db.run(
        "UPDATE formulas SET names = :names WHERE pipeline_key = :pipeline_key AND key = :key",
        **FORMULAS.params(formula, ("names", "pipeline_key", "key")),
    )
    ctx.db.run(
        "UPDATE fields SET default_value = :text, updated_at = :now WHERE pipeline_key = :pipeline AND key = :key",
        text=msgspec.json.encode(text).decode(),
        now=ctx.now,
        pipeline=formula.pipeline_key,
        key=formula.key,
    )


def recompute_readers(ctx: Ctx, pipeline: Pipeline, word: str) -> None:
    """Compute all boxes again if a formula reads this column, because its values changed in all boxes or it was
    deleted. `word` is a field's key or a word of `formula_inputs`."""
    if pipeline.formulas_updated_at is None:
        return
    if any(word in formula.names for formula in list_all(ctx, pipeline.key)):
        schedule_recompute(ctx, pipeline.key)


def schedule_recompute(ctx: Ctx, pipeline_key: str) -> None:
    """Let the background worker compute all boxes of the pipeline again. A run in progress starts over."""
    ctx.db.run(
        """
        INSERT INTO formula_runs (pipeline_key, ticket, after_at, after_key) VALUES (:pipeline, :ticket, -1, '')
        ON CONFLICT (pipeline_key) DO UPDATE SET ticket = EXCLUDED.ticket, after_at = -1, after_key = ''
        """,
        pipeline=pipeline_key,
        ticket=ids.new("r", ctx.now),
    )
    ctx.db.notify(CHANNEL)


# Computing


def computed(ctx: Ctx, pipeline: Pipeline, box: Box, before: Box | None = None) -> Box:
    """Return the box with the values of its formulas. With `before`, only formulas that read what differs from it are
    computed."""
    if pipeline.formulas_updated_at is None:
        return box
    if ctx.db.for_update:  # wait for a transaction that changes a formula
        ctx.db.row("SELECT key FROM pipelines WHERE key = :key FOR SHARE", key=pipeline.key)
    formulas = list_all(ctx, pipeline.key)
    wanted = formulas if before is None else _affected(formulas, formula_inputs.differing(before, box))
    if not wanted:
        return box
    (after,), slow = compute(ctx, pipeline, wanted, [box])
    note_overruns(ctx, pipeline.key, slow)
    return after


def _affected(formulas: list[Formula], changed: set[str]) -> list[Formula]:
    """Return the formulas that read changed columns, and the formulas whose values they read."""
    needed: set[str] = set()
    for formula in formulas:
        if changed.intersection(formula.names):
            changed.add(formula.key)
            needed.add(formula.key)
    for formula in reversed(formulas):
        if formula.key in needed:
            needed.update(formula.names)
    return [formula for formula in formulas if formula.key in needed]


def compute(ctx: Ctx, pipeline: Pipeline, formulas: list[Formula], boxes: list[Box]) -> tuple[list[Box], set[str]]:
    """Return the boxes with the values of these formulas, and the keys of the formulas that took too long.

    Nothing is stored.
    """
    words = {word for formula in formulas for word in formula.names}
    by_key = schema.fields_by_key(ctx, pipeline.key)
    sheet = formula_inputs.Sheet(ctx, pipeline, by_key, boxes, words)
    results: dict[str, list[Result]] = {}
    slow = set()
    for formula in formulas:
        columns = {word: results[word] if word in results else sheet.column(word) for word in formula.names}
        results[formula.key], ran_over = _evaluated(ctx, formula, columns, len(boxes))
        if ran_over:
            slow.add(formula.key)
    values = {key: [_stored(result) for result in found] for key, found in results.items()}
    return [_with(box, {key: found[at] for key, found in values.items()}) for at, box in enumerate(boxes)], slow


def preview(ctx: Ctx, pipeline: Pipeline, text: str, boxes: list[Box]) -> list[Any]:
    """Return the value of this formula for each box, without storing anything. Raise `Invalid` as saving it would."""
    source, names, _ = parse(ctx, pipeline, text, "formula")
    trial = Formula(pipeline.key, "preview", source, names, None, 0)
    found, _ = compute(ctx, pipeline, [trial], boxes)
    return [box.fields.get(trial.key) for box in found]


def _evaluated(ctx: Ctx, formula: Formula, columns: dict[str, list[Result]], count: int) -> tuple[list[Result], bool]:
    if formula.overruns >= MOST_OVERRUNS:
        return [GIVEN_UP] * count, False
    compiled = _compiled(formula.source)
    rows = [tuple(columns[word][at] for word in compiled.names) for at in range(count)]
    found = ENGINE.evaluate(compiled, rows, ctx.now)
    ran_over = any(_is_slow(result) and not any(map(_is_slow, row)) for result, row in zip(found, rows, strict=True))
    return found, ran_over


def _is_slow(value: Result) -> bool:
    return isinstance(value, Fault) and value.code in SLOW


def _stored(value: Result) -> Any:
    """Return the result as the box stores it; None for unset."""
    if isinstance(value, Date):
        return value.ms
    if isinstance(value, Fault):
        return {"error": value.code, "message": value.message.replace("\x00", "")}
    if value is None or value == "" or value == []:
        return None
    if isinstance(value, str | list | dict):
        text = msgspec.json.encode(value)
        if len(text) > MOST_BYTES:
            return _stored(Fault("#VALUE!", f"The result is larger than {MOST_BYTES:,} bytes"))
        if b"\\u0000" in text:
            return _stored(Fault("#VALUE!", "The result holds a NUL character"))
    return value


def _with(box: Box, values: dict[str, Any]) -> Box:
    changed = {key: value for key, value in values.items() if not _same(value, box.fields.get(key))}
    if not changed:
        return box
    merged = {key: value for key, value in {**box.fields, **changed}.items() if value is not None}
    return msgspec.structs.replace(box, fields=dict(sorted(merged.items())))


def _same(value: Any, other: Any) -> bool:
    """Compare as JSON: in Python 1 equals true, in JSON it does not."""
    return value == other and msgspec.json.encode(value) == msgspec.json.encode(other)


def note_overruns(ctx: Ctx, pipeline_key: str, keys: set[str]) -> None:
    """Count one more overrun for each of these formulas."""
    if not keys:
        return
    among = ctx.db.dialect.among("key", "keys")
    ctx.db.run(
        f"UPDATE formulas SET overruns = overruns + 1 WHERE pipeline_key = :pipeline AND {among}",
        pipeline=pipeline_key,
        keys=ctx.db.texts(sorted(keys)),
    )
