"""Formulas: fields that are computed from the other columns of their box.

A formula is kept with the keys of the columns it names, so that a column can be renamed; what people see is
the field's default value. Values are stored in the box, and renewed in the transaction of each change of what
they read. When a formula itself changes, the boxes of the pipeline are computed anew in slices (`formula_runs`).
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
"""Starts its process with the first formula; whoever serves closes it."""
CHANNEL = "formulas"
# A value is shown in lists and kept with each event of its box.
MOST_BYTES = 200_000
# So often may a formula run over before it is given up: each time costs everyone a quarter of a second.
MOST_OVERRUNS = 5
SLOW = ("#TIMEOUT!", "#MEMORY!")
GIVEN_UP = Fault("#TIMEOUT!", "The formula took too long too often: it is computed again once it is changed")


class Formula(msgspec.Struct, frozen=True):
    pipeline_key: str
    key: str
    """The field's."""
    source: str
    """The text with the keys of columns for their names."""
    names: dict[str, str]
    """What each column it reads is called, by its key; of a deleted one, what it was called."""
    due_at: int | None
    """When it can have another value though no box was changed."""
    overruns: int


FORMULAS = Table("formulas", Formula)
_compiled = lru_cache(maxsize=2000)(lib.compile)


def of(ctx: Ctx, pipeline_key: str) -> list[Formula]:
    """The pipeline's, each after those it reads."""
    sql = f"SELECT {FORMULAS.columns} FROM formulas WHERE pipeline_key = :pipeline ORDER BY LENGTH(key), key"
    found = {one.key: one for one in FORMULAS.load_all(ctx.db.rows(sql, pipeline=pipeline_key))}
    return [found[key] for key in lib.order({key: one.names for key, one in found.items()})]


# Setting


def put(ctx: Ctx, pipeline: Pipeline, field: Field) -> Pipeline:
    """Take the field's default value as its formula; without text it is unset. The caller saves the pipeline."""
    if field.type != "FORMULA" or (field.default_value is None and field.default_updated_at is None):
        return pipeline
    text = _text(field)
    sql = "DELETE FROM formulas WHERE pipeline_key = :pipeline AND key = :key"
    had_one = ctx.db.run(sql, pipeline=pipeline.key, key=field.key)
    if not text and not had_one:
        return pipeline
    if text:
        FORMULAS.insert(ctx.db, _made(ctx, pipeline, field, text))
    else:
        stored_values.clear(ctx, field)
    schedule(ctx, pipeline.key)
    return msgspec.structs.replace(pipeline, formulas_updated_at=ctx.now)


def _text(field: Field) -> str:
    value = None if field.default_value is None else msgspec.json.decode(field.default_value)
    if not isinstance(value, str | None):
        raise Invalid("defaultValue", "a formula is text")
    return value if value and value.strip() else ""


def _made(ctx: Ctx, pipeline: Pipeline, field: Field, text: str) -> Formula:
    by_key = schema.fields_by_key(ctx, pipeline.key)
    source, names, daily = understood(ctx, pipeline, text, "defaultValue")
    formula = Formula(pipeline.key, field.key, source, names, tomorrow(ctx.now) if daily else None, 0)
    _refuse_cycle(ctx, formula, by_key)
    return formula


def understood(ctx: Ctx, pipeline: Pipeline, text: str, member: str) -> tuple[str, dict[str, str], bool]:
    """A formula's text with the keys of columns for their names, what each is called, and whether its value can
    change with the day alone. `member` is how the caller calls it, for errors."""
    by_key = schema.fields_by_key(ctx, pipeline.key)
    meant = formula_inputs.named(by_key.values())
    try:
        keys = {name: _resolved(name, meant, member) for name in lib.compile(text).names}
        source = lib.rename(text, keys)
        compiled = _compiled(source)
        ENGINE.check(lib.compile(text))
    except FormulaError as error:
        raise Invalid(member, str(error)) from None
    names = {key: name for name, key in keys.items()}
    return source, names, compiled.reads_clock or any(formula_inputs.names_others(key, by_key) for key in names)


def _resolved(name: str, meant: dict[str, str], member: str) -> str:
    if name.strip() in meant:
        return meant[name.strip()]
    close = get_close_matches(name, meant, 1)
    hint = f"; did you mean {close[0][:100]!r}?" if close else ""
    raise Invalid(member, f"there is no column {name[:100]!r} in this pipeline{hint}")


def _refuse_cycle(ctx: Ctx, formula: Formula, by_key: Mapping[str, Field]) -> None:
    others = {one.key: list(one.names) for one in of(ctx, formula.pipeline_key)}
    if cycle := lib.find_cycle({formula.key: list(formula.names), **others}):
        ring = " → ".join(by_key[key].name for key in [*cycle, cycle[0]])
        raise Invalid("defaultValue", f"formulas would read each other in a ring: {ring}")


def tomorrow(now: int) -> int:
    """The midnight after this instant, in UTC."""
    return (now // DAY + 1) * DAY


# When other columns change


def follow(ctx: Ctx, pipeline: Pipeline, before: Field, after: Field) -> None:
    """A column was changed: show its new name in the formulas that read it, or compute them anew."""
    if pipeline.formulas_updated_at is None or (before.name, before.options) == (after.name, after.options):
        return
    readers = [one for one in of(ctx, pipeline.key) if after.key in one.names]
    if before.name != after.name:
        for formula in readers:
            _show(ctx, msgspec.structs.replace(formula, names={**formula.names, after.key: after.name}))
    if readers and before.options != after.options:
        schedule(ctx, pipeline.key)


def _show(ctx: Ctx, formula: Formula) -> None:
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


def lost(ctx: Ctx, pipeline: Pipeline, word: str) -> None:
    """What this column shows has changed in all boxes, or it is gone."""
    if pipeline.formulas_updated_at is not None and any(word in one.names for one in of(ctx, pipeline.key)):
        schedule(ctx, pipeline.key)


def schedule(ctx: Ctx, pipeline_key: str) -> None:
    """Have all boxes of the pipeline computed anew, soon; a run under way starts again."""
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
    """The box with the values of its formulas, or of those that read what differs from `before`."""
    if pipeline.formulas_updated_at is None:
        return box
    if ctx.db.for_update:  # a formula that is being changed now is computed as it will be
        ctx.db.row("SELECT key FROM pipelines WHERE key = :key FOR SHARE", key=pipeline.key)
    held = of(ctx, pipeline.key)
    wanted = held if before is None else _touched(held, formula_inputs.differing(before, box))
    if not wanted:
        return box
    (after,), slow = compute(ctx, pipeline, wanted, [box])
    note_overruns(ctx, pipeline.key, slow)
    return after


def _touched(held: list[Formula], changed: set[str]) -> list[Formula]:
    """Those that read what was changed, and those whose values these read."""
    needed: set[str] = set()
    for formula in held:
        if changed.intersection(formula.names):
            changed.add(formula.key)
            needed.add(formula.key)
    for formula in reversed(held):
        if formula.key in needed:
            needed.update(formula.names)
    return [formula for formula in held if formula.key in needed]


def compute(ctx: Ctx, pipeline: Pipeline, held: list[Formula], boxes: list[Box]) -> tuple[list[Box], set[str]]:
    """The boxes with the values of these formulas, and which of them ran over. Changes nothing."""
    words = {word for formula in held for word in formula.names}
    by_key = schema.fields_by_key(ctx, pipeline.key)
    sheet = formula_inputs.Sheet(ctx, pipeline, by_key, boxes, words)
    results: dict[str, list[Result]] = {}
    slow = set()
    for formula in held:
        columns = {word: results[word] if word in results else sheet.column(word) for word in formula.names}
        results[formula.key], ran_over = _evaluated(ctx, formula, columns, len(boxes))
        if ran_over:
            slow.add(formula.key)
    values = {key: [_stored(one) for one in found] for key, found in results.items()}
    return [_with(box, {key: found[at] for key, found in values.items()}) for at, box in enumerate(boxes)], slow


def preview(ctx: Ctx, pipeline: Pipeline, text: str, boxes: list[Box]) -> list[Any]:
    """What this formula would show for these boxes; refused as it would be when saved. Changes nothing."""
    source, names, _ = understood(ctx, pipeline, text, "formula")
    trial = Formula(pipeline.key, "preview", source, names, None, 0)
    found, _ = compute(ctx, pipeline, [trial], boxes)
    return [box.fields.get(trial.key) for box in found]


def _evaluated(ctx: Ctx, formula: Formula, columns: dict[str, list[Result]], count: int) -> tuple[list[Result], bool]:
    if formula.overruns >= MOST_OVERRUNS:
        return [GIVEN_UP] * count, False
    compiled = _compiled(formula.source)
    rows = [tuple(columns[word][at] for word in compiled.names) for at in range(count)]
    found = ENGINE.evaluate(compiled, rows, ctx.now)
    return found, any(_is_slow(one) and not any(map(_is_slow, row)) for one, row in zip(found, rows, strict=True))


def _is_slow(value: Result) -> bool:
    return isinstance(value, Fault) and value.code in SLOW


def _stored(value: Result) -> Any:
    """As it is kept in the box and read from it; None for unset."""
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


def _same(one: Any, other: Any) -> bool:
    """In Python 1 is also true; to those who read it, it is not."""
    return one == other and msgspec.json.encode(one) == msgspec.json.encode(other)


def note_overruns(ctx: Ctx, pipeline_key: str, keys: set[str]) -> None:
    if not keys:
        return
    among = ctx.db.dialect.among("key", "keys")
    ctx.db.run(
        f"UPDATE formulas SET overruns = overruns + 1 WHERE pipeline_key = :pipeline AND {among}",
        pipeline=pipeline_key,
        keys=ctx.db.texts(sorted(keys)),
    )
