"""Validators: rules that the boxes of a pipeline keep (spec 6.2).

A rule has a condition, a filter tree that says of which boxes it speaks, and one of: an assertion, a filter tree
that must hold of them; a formula, which must be true of them; or a flat no. It rejects what would break it, or only
warns. Boxes hold the rules they break in `violations`: judged with each change of the box in its transaction, and
anew in the background when the rules change (`recomputes`). The trees are asked of the database, so a rule means
what the same filter means in a list.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from ...db.records import Table
from ...errors import Conflict, Forbidden, Insufficient, Invalid, NotFound, Rejected
from ...lib import formulas as lib
from ...lib import ids
from .. import access, events
from ..access import Role
from ..context import Ctx
from ..people import users
from ..records import BOXES, PIPELINES, Box, Field, Pipeline
from . import columns, formula_inputs, formulas, lookup, schema
from .columns import Column
from .filters import DEEPEST, Filter

REJECT, WARN = "REJECT", "WARN"
MOST = 50


class Validator(msgspec.Struct, frozen=True):
    key: str
    pipeline_key: str
    creator_key: str
    name: str
    mode: str
    message: str | None
    """What is said where it is broken; the name without it."""
    condition: dict[str, Any] | None
    """None speaks of every box."""
    assertion: dict[str, Any] | None
    source: str | None
    """A formula with the keys of columns for their names."""
    denies: bool
    """No box may be as the condition says."""
    due_at: int | None
    """When its formula can be of another mind though no box was changed."""
    overruns: int
    created_at: int
    saved_at: int


VALIDATORS = Table("validators", Validator)


class Tree(Filter):
    """A filter of a rule: it holds whoever asks, so people in it are looked up without their reach."""

    def _user(self, column: Column, value: str, where: str) -> str:
        if "@" not in value or column.kind == "people":
            return value
        user = users.by_email(self.ctx.db, value)
        return user.key if user else value

    def more(self, tree: Any, where: str) -> str:
        """The test of another tree, with parameters beside those of the first."""
        return self._node(tree, where, DEEPEST)


class GivenTree(Filter):
    """The same as it is given, by someone who must reach whom he names."""

    def _user(self, column: Column, value: str, where: str) -> str:
        if value == "me":
            raise Invalid(where, "must name someone: in a rule it would be whoever asks")
        return super()._user(column, value, where)


# Reading and changing them


def of(ctx: Ctx, pipeline_key: str) -> list[Validator]:
    sql = f"SELECT {VALIDATORS.columns} FROM validators WHERE pipeline_key = :pipeline ORDER BY created_at, key"
    return VALIDATORS.load_all(ctx.db.rows(sql, pipeline=pipeline_key))


def page(ctx: Ctx, pipeline_key: str, *, limit: int, offset: int) -> list[Validator]:
    """For everyone who reaches the pipeline: whoever changes a box should know what it has to keep."""
    return of(ctx, lookup.get(ctx, pipeline_key).key)[offset : offset + limit]


def get(ctx: Ctx, pipeline_key: str, key: str) -> Validator:
    return _find(ctx, lookup.get(ctx, pipeline_key), key)


def _find(ctx: Ctx, pipeline: Pipeline, key: str) -> Validator:
    sql = f"SELECT {VALIDATORS.columns} FROM validators WHERE key = :key AND pipeline_key = :pipeline"
    row = ctx.db.row(sql, key=key, pipeline=pipeline.key)
    if row is None:
        raise NotFound(key)
    return VALIDATORS.load(row)


def create(ctx: Ctx, pipeline_key: str, given: dict[str, Any]) -> Validator:
    """`name`, one of `assertion`, `formula` and `denies`; `mode` (REJECT), `message`, `condition`."""
    pipeline = _administer(ctx, pipeline_key)
    if not given.get("name"):
        raise Insufficient("Validator", "name")
    if len(of(ctx, pipeline.key)) >= MOST:
        raise Invalid("validators", f"a pipeline has at most {MOST} rules")
    blank = Validator(
        key=ids.new("y", ctx.now),
        pipeline_key=pipeline.key,
        creator_key=ctx.actor.key,
        name="",
        mode=REJECT,
        message=None,
        condition=None,
        assertion=None,
        source=None,
        denies=False,
        due_at=None,
        overruns=0,
        created_at=ctx.now,
        saved_at=ctx.now,
    )
    rule = _changed(ctx, pipeline, blank, given)
    VALIDATORS.insert(ctx.db, rule)
    _have_judged(ctx, pipeline)
    events.record(ctx, "validator.created", rule, pipeline=pipeline, subject=rule.name)
    return rule


def edit(ctx: Ctx, pipeline_key: str, key: str, changes: dict[str, Any]) -> Validator:
    """Change what is named and differs; an echo is no news. Another kind of rule takes the place of the one it was."""
    pipeline = _administer(ctx, pipeline_key)
    before = _find(ctx, pipeline, key)
    if "name" in changes and not changes["name"]:
        raise Invalid("name", "may not be empty")
    rule = _changed(ctx, pipeline, before, changes)
    changed = [name for name in VALIDATORS.names if getattr(rule, name) != getattr(before, name)]
    if not changed:
        return before
    rule = msgspec.structs.replace(rule, overruns=0, saved_at=ctx.now)
    VALIDATORS.update(ctx.db, rule)
    _have_judged(ctx, pipeline)
    old = {name: getattr(before, name) for name in changed}
    events.record(ctx, "validator.edited", rule, pipeline=pipeline, before=old, subject=rule.name)
    return rule


def delete(ctx: Ctx, pipeline_key: str, key: str) -> None:
    pipeline = _administer(ctx, pipeline_key)
    rule = _find(ctx, pipeline, key)
    ctx.db.run("DELETE FROM validators WHERE key = :key", key=key)
    _have_judged(ctx, pipeline)
    events.record(ctx, "validator.deleted", rule, pipeline=pipeline, subject=rule.name)


def put_back(ctx: Ctx, rule: Validator) -> None:
    """As it was when it was deleted."""
    pipeline = _administer(ctx, rule.pipeline_key)
    if any(one.key == rule.key for one in of(ctx, pipeline.key)):
        raise Conflict("it is there again already")
    _check(ctx, pipeline, rule)
    VALIDATORS.insert(ctx.db, rule)
    _have_judged(ctx, pipeline)
    events.record(ctx, "validator.created", rule, pipeline=pipeline, subject=rule.name)


def _administer(ctx: Ctx, pipeline_key: str) -> Pipeline:
    pipeline, role = lookup.reach(ctx, pipeline_key, change=True)
    if not access.allows(ctx, role, "PIPELINE", "DELETE", pipeline):
        raise Forbidden("Only an admin of the pipeline may change its validation rules")
    return pipeline


def _changed(ctx: Ctx, pipeline: Pipeline, rule: Validator, given: dict[str, Any]) -> Validator:
    plain = {name: given[name] for name in ("name", "mode", "condition") if given.get(name)}
    if "message" in given:
        plain["message"] = given["message"] or None
    if "condition" in given and not given["condition"]:
        plain["condition"] = None
    rule = msgspec.structs.replace(rule, **plain)
    asked = [name for name in ("assertion", "formula", "denies") if given.get(name)]
    if len(asked) > 1:
        raise Invalid(_WIRE[asked[1]], f"cannot be given beside {_WIRE[asked[0]]}")
    if asked:
        rule = _with_demand(ctx, pipeline, rule, asked[0], given[asked[0]])
    if not (rule.assertion or rule.source or rule.denies):
        raise Invalid("assertion", "is missing: a rule has an assertion, a formula, or deny")
    if rule.denies and not rule.condition:
        raise Invalid("condition", "is missing: without one, deny would refuse every box")
    _check(ctx, pipeline, rule)
    return rule


_WIRE = {"assertion": "assertion", "formula": "formula", "denies": "deny"}


def _with_demand(ctx: Ctx, pipeline: Pipeline, rule: Validator, name: str, value: Any) -> Validator:
    source, due_at = None, None
    if name == "formula":
        source, _, daily = formulas.understood(ctx, pipeline, value, "formula")
        due_at = formulas.tomorrow(ctx.now) if daily else None
        if source == rule.source:
            due_at = rule.due_at
    return msgspec.structs.replace(
        rule,
        assertion=value if name == "assertion" else None,
        source=source,
        denies=name == "denies",
        due_at=due_at,
    )


def _check(ctx: Ctx, pipeline: Pipeline, rule: Validator) -> None:
    """What it names is there, and does not change by itself."""
    by_key = schema.fields_by_key(ctx, pipeline.key)
    for name, tree in (("condition", rule.condition), ("assertion", rule.assertion)):
        for column in GivenTree(ctx, pipeline, by_key, tree, name).columns:
            magic = columns.MAGIC.get(column.name)
            if (magic and magic.live) or column.name.startswith(columns.TIME_IN_STAGE):
                raise Invalid(name, f"{column.name} changes by itself: no rule can keep boxes to it")
            if column.name == "violations":
                raise Invalid(name, "a rule cannot ask what other rules found")
    _compiled(ctx, pipeline, by_key, rule)


def _have_judged(ctx: Ctx, pipeline: Pipeline) -> None:
    pipeline = msgspec.structs.replace(pipeline, validators_updated_at=ctx.now)
    PIPELINES.update(ctx.db, pipeline, "validators_updated_at")
    formulas.schedule(ctx, pipeline.key)


def follow(ctx: Ctx, pipeline: Pipeline) -> None:
    """A stage or a column was changed: rules can be of another mind about boxes that nobody touched."""
    if pipeline.validators_updated_at is not None:
        formulas.schedule(ctx, pipeline.key)


def formula_of(ctx: Ctx, rule: Validator) -> str | None:
    """Its formula with the names that columns have now."""
    if rule.source is None:
        return None
    by_key = schema.fields_by_key(ctx, rule.pipeline_key)
    names = {word: own.title for word, own in formula_inputs.OWN.items()} | {
        key: one.name for key, one in by_key.items()
    }
    return lib.rename(rule.source, names)


def problem(ctx: Ctx, pipeline: Pipeline, rule: Validator) -> str | None:
    """Why it judges nothing: what it names is gone, or it took too long too often."""
    if rule.overruns >= formulas.MOST_OVERRUNS:
        return "its formula took too long too often: it is asked again once the rule is changed"
    try:
        _compiled(ctx, pipeline, schema.fields_by_key(ctx, pipeline.key), rule)
    except Invalid as error:
        return str(error)
    return None


# Judging boxes


Verdict = list[dict[str, Any]]


class _Compiled(msgspec.Struct, frozen=True):
    sql: str
    params: dict[str, Any]


def _compiled(ctx: Ctx, pipeline: Pipeline, by_key: Mapping[str, Field], rule: Validator) -> _Compiled:
    """A test in SQL on box `b` for those that break it, or, where it has a formula, those it speaks of."""
    tree = Tree(ctx, pipeline, by_key, rule.condition, "condition")
    sql = f"COALESCE({tree.sql}, FALSE)"
    if rule.assertion:
        sql = f"{sql} AND NOT COALESCE({tree.more(rule.assertion, 'assertion')}, FALSE)"
    return _Compiled(sql, tree.params)


def judge(ctx: Ctx, pipeline: Pipeline, boxes: list[Box]) -> tuple[dict[str, Verdict], set[str]]:
    """The rules each box breaks, by its key, and the rules that ran over. Changes nothing.

    The boxes are in the database as they are here.
    """
    found: dict[str, Verdict] = {box.key: [] for box in boxes}
    slow: set[str] = set()
    by_key = schema.fields_by_key(ctx, pipeline.key)
    for rule in of(ctx, pipeline.key):
        if rule.overruns >= formulas.MOST_OVERRUNS:
            continue
        try:
            compiled = _compiled(ctx, pipeline, by_key, rule)
        except Invalid:
            continue  # what it names is gone: `problem` says so to whoever reads the rule
        keys = _passing(ctx, compiled, boxes)
        if rule.source is None:
            for key in keys:
                found[key].append(_violation(rule, rule.mode, rule.message or rule.name))
            continue
        spoken_of = [box for box in boxes if box.key in keys]
        for box, result in zip(spoken_of, _asked(ctx, pipeline, by_key, rule.source, spoken_of), strict=True):
            if isinstance(result, lib.Fault):
                # Whatever the mode: a mistake in a rule should stop nobody's work.
                told = f"The rule {rule.name} could not be asked: {result.message}"
                found[box.key].append(_violation(rule, WARN, told))
                slow |= {rule.key} if result.code in formulas.SLOW else set()
            elif not result and not isinstance(result, list | dict):  # as JavaScript has it
                found[box.key].append(_violation(rule, rule.mode, rule.message or rule.name))
    return found, slow


def _violation(rule: Validator, mode: str, message: str) -> dict[str, Any]:
    return {"key": rule.key, "name": rule.name, "mode": mode, "message": message}


def _passing(ctx: Ctx, compiled: _Compiled, boxes: list[Box]) -> set[str]:
    among = ctx.db.dialect.among("b.key", "judged")
    sql = f"SELECT b.key FROM boxes b WHERE {among} AND {compiled.sql}"
    return {row[0] for row in ctx.db.rows(sql, judged=ctx.db.texts([box.key for box in boxes]), **compiled.params)}


def _asked(
    ctx: Ctx, pipeline: Pipeline, by_key: Mapping[str, Field], source: str, boxes: list[Box]
) -> list[lib.Result]:
    """What the formula says of each box."""
    if not boxes:
        return []
    compiled = lib.compile(source)
    sheet = formula_inputs.Sheet(ctx, pipeline, by_key, boxes, set(compiled.names))
    columns = [sheet.column(word) for word in compiled.names]
    rows = [tuple(column[at] for column in columns) for at in range(len(boxes))]
    return formulas.ENGINE.evaluate(compiled, rows, ctx.now)


def note_overruns(ctx: Ctx, keys: set[str]) -> None:
    if keys:
        among = ctx.db.dialect.among("key", "keys")
        ctx.db.run(f"UPDATE validators SET overruns = overruns + 1 WHERE {among}", keys=ctx.db.texts(sorted(keys)))


def has_any(ctx: Ctx, pipeline_key: str) -> bool:
    """Whether there are rules, or have been, for who does not hold the pipeline."""
    row = ctx.db.row("SELECT validators_updated_at FROM pipelines WHERE key = :key", key=pipeline_key)
    return row is not None and row[0] is not None


def judged(ctx: Ctx, pipeline: Pipeline, box: Box, *, new: bool = False) -> Box:
    """The box, as it was just written, with the rules it breaks now.

    A `new` one may have waited for a rule to be committed, the pipeline's first, since the pipeline was read.
    """
    if pipeline.validators_updated_at is None and not (new and ctx.db.for_update and has_any(ctx, pipeline.key)):
        return box
    if ctx.db.for_update:  # a rule that is being changed now is asked as it will be
        ctx.db.row("SELECT key FROM pipelines WHERE key = :key FOR SHARE", key=pipeline.key)
    verdicts, slow = judge(ctx, pipeline, [box])
    note_overruns(ctx, slow)
    verdict = verdicts[box.key]
    if verdict == box.violations:
        return box
    box = msgspec.structs.replace(box, violations=verdict)
    BOXES.update(ctx.db, box, "violations")
    return box


def enforce(ctx: Ctx, pipeline: Pipeline, box: Box, before: Box | None) -> None:
    """Refuse a change by which the box breaks a rule that rejects, or leaves one broken.

    A change that mends one and breaks none anew passes, or what breaks two could never be mended. So does what
    someone insists on who may, and what takes a change back: that goes event by event, and where the box is between
    two of them nobody wanted it.
    """
    if ctx.undoes:
        return
    broken = {one["key"]: one for one in box.violations if one["mode"] == REJECT}
    had = {one["key"] for one in before.violations if one["mode"] == REJECT} if before else set()
    if not broken or broken.keys() < had:
        return
    if ctx.insists and access.allows(ctx, _role(ctx, pipeline), "BOX", "OVERRIDE_VALIDATOR", box):
        return
    if ctx.insists:
        raise Forbidden("Your role here may not override validation rules")
    raise Rejected("; ".join(one["message"] for one in broken.values()), list(broken.values()))


def _role(ctx: Ctx, pipeline: Pipeline) -> Role:
    return lookup.reach(ctx, pipeline.key)[1]
