"""Validation rules: what must be true of a pipeline's boxes (spec 6.2 calls them validators).

A rule has a condition, which is a filter that selects the boxes it applies to, and one of: an assertion, which is a
filter that these boxes must match; a formula, which must be true for them; or `deny`, which allows none. A rule rejects
changes that violate it, or only warns. A box stores the rules it violates in `violations`. They are updated in the
transaction of each change of the box, and in the background when the rules change (`boxes/recompute`). The database
evaluates the filters, so that a filter means the same in a rule and in a list.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, tzinfo
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


class ValidationRule(msgspec.Struct, frozen=True):
    """A rule for the boxes of a pipeline."""

    key: str
    pipeline_key: str
    creator_key: str
    name: str
    mode: str
    """REJECT or WARN."""
    message: str | None
    """The text shown for a box that violates the rule; None for the rule's name."""
    condition: dict[str, Any] | None
    """The filter of the boxes it applies to; None for all boxes."""
    assertion: dict[str, Any] | None
    """The filter that these boxes must match."""
    source: str | None
    """The text of the formula with keys of columns in place of their names."""
    denies: bool
    """Whether no box may match the condition."""
    due_at: int | None
    """When its formula may have another result although no box changed; None for never."""
    overruns: int
    """How often its formula took too long."""
    created_at: int
    saved_at: int


RULES = Table("validators", ValidationRule)


class StoredFilter(Filter):
    """A stored filter of a rule. It means the same for every actor: users in it need not be in the actor's reach, and
    days begin at midnight UTC."""

    reads_names = False

    def _zone(self) -> tzinfo:
        return UTC

    def _user(self, column: Column, value: str, where: str) -> str:
        if "@" not in value or column.kind == "people":
            return value
        user = users.by_email(self.ctx.db, value)
        return user.key if user else value

    def add(self, tree: Any, where: str) -> str:
        """Return the SQL of another filter tree, whose parameters are added to those of the first."""
        return self._node(tree, where, DEEPEST)


class GivenFilter(Filter):
    """A filter of a rule in a request. The actor must reach the users in it."""

    takes_relative_dates = False

    def _user(self, column: Column, value: str, where: str) -> str:
        if value == "me":
            raise Invalid(where, "must name a user: in a rule, me would be a different user for each reader")
        return super()._user(column, value, where)


# Reading and changing them


def list_all(ctx: Ctx, pipeline_key: str) -> list[ValidationRule]:
    """Return the pipeline's rules, the oldest first. The caller has checked the actor's permission."""
    sql = f"SELECT {RULES.columns} FROM validators WHERE pipeline_key = :pipeline ORDER BY created_at, key"
    return RULES.load_all(ctx.db.rows(sql, pipeline=pipeline_key))


def page(ctx: Ctx, pipeline_key: str, *, limit: int, offset: int) -> list[ValidationRule]:
    """Return a page of the pipeline's rules. Every user who reaches the pipeline may read them."""
    return list_all(ctx, lookup.get(ctx, pipeline_key).key)[offset : offset + limit]


def get(ctx: Ctx, pipeline_key: str, key: str) -> ValidationRule:
    """Return a rule of a pipeline that the actor reaches."""
    return _find(ctx, lookup.get(ctx, pipeline_key), key)


def _find(ctx: Ctx, pipeline: Pipeline, key: str) -> ValidationRule:
    sql = f"SELECT {RULES.columns} FROM validators WHERE key = :key AND pipeline_key = :pipeline"
    row = ctx.db.row(sql, key=key, pipeline=pipeline.key)
    if row is None:
        raise NotFound(key)
    return RULES.load(row)


def create(ctx: Ctx, pipeline_key: str, given: dict[str, Any]) -> ValidationRule:
    """Create a rule. It needs `name` and one of `assertion`, `formula` and `denies`.

    `mode` (REJECT if not given), `message` and `condition` are optional. Only admins of the pipeline may do it.
    """
    pipeline = _administer(ctx, pipeline_key)
    if not given.get("name"):
        raise Insufficient("ValidationRule", "name")
    if len(list_all(ctx, pipeline.key)) >= MOST:
        raise Invalid("validators", f"a pipeline can have at most {MOST} rules")
    blank = ValidationRule(
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
    RULES.insert(ctx.db, rule)
    _schedule_recheck(ctx, pipeline)
    events.record(ctx, "validator.created", rule, pipeline=pipeline, subject=rule.name)
    return rule


def edit(ctx: Ctx, pipeline_key: str, key: str, changes: dict[str, Any]) -> ValidationRule:
    """Change the given members of a rule. Values equal to the stored ones are ignored.

    Giving `assertion`, `formula` or `denies` replaces the other two.
    """
    pipeline = _administer(ctx, pipeline_key)
    before = _find(ctx, pipeline, key)
    if "name" in changes and not changes["name"]:
        raise Invalid("name", "must not be empty")
    rule = _changed(ctx, pipeline, before, changes)
    changed = [name for name in RULES.names if getattr(rule, name) != getattr(before, name)]
    if not changed:
        return before
    rule = msgspec.structs.replace(rule, overruns=0, saved_at=ctx.now)
    RULES.update(ctx.db, rule)
    _schedule_recheck(ctx, pipeline)
    old = {name: getattr(before, name) for name in changed}
    events.record(ctx, "validator.edited", rule, pipeline=pipeline, before=old, subject=rule.name)
    return rule


def delete(ctx: Ctx, pipeline_key: str, key: str) -> None:
    """Delete a rule. Boxes are no longer checked against it."""
    pipeline = _administer(ctx, pipeline_key)
    rule = _find(ctx, pipeline, key)
    ctx.db.run("DELETE FROM validators WHERE key = :key", key=key)
    _schedule_recheck(ctx, pipeline)
    events.record(ctx, "validator.deleted", rule, pipeline=pipeline, subject=rule.name)


def put_back(ctx: Ctx, rule: ValidationRule) -> None:
    """Restore a deleted rule as it was."""
    pipeline = _administer(ctx, rule.pipeline_key)
    if any(other.key == rule.key for other in list_all(ctx, pipeline.key)):
        raise Conflict("it was restored already")
    _check(ctx, pipeline, rule)
    RULES.insert(ctx.db, rule)
    _schedule_recheck(ctx, pipeline)
    events.record(ctx, "validator.created", rule, pipeline=pipeline, subject=rule.name)


def _administer(ctx: Ctx, pipeline_key: str) -> Pipeline:
    pipeline, role = lookup.reach(ctx, pipeline_key, change=True)
    if not access.allows(ctx, role, "PIPELINE", "DELETE", pipeline):
        raise Forbidden("Only an admin of the pipeline may change its validation rules")
    return pipeline


def _changed(ctx: Ctx, pipeline: Pipeline, rule: ValidationRule, given: dict[str, Any]) -> ValidationRule:
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
        raise Invalid("assertion", "is missing: a rule must have an assertion, a formula, or deny")
    if rule.denies and not rule.condition:
        raise Invalid("condition", "is missing: without a condition, deny would refuse every box")
    _check(ctx, pipeline, rule)
    return rule


_WIRE = {"assertion": "assertion", "formula": "formula", "denies": "deny"}


def _with_demand(ctx: Ctx, pipeline: Pipeline, rule: ValidationRule, name: str, value: Any) -> ValidationRule:
    source, due_at = None, None
    if name == "formula":
        source, _, daily = formulas.parse(ctx, pipeline, value, "formula")
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


def _check(ctx: Ctx, pipeline: Pipeline, rule: ValidationRule) -> None:
    """Raise `Invalid` if the rule uses a column that does not exist or changes with time."""
    by_key = schema.fields_by_key(ctx, pipeline.key)
    for name, tree in (("condition", rule.condition), ("assertion", rule.assertion)):
        for column in GivenFilter(ctx, pipeline, by_key, tree, name).columns:
            magic = columns.MAGIC.get(column.name)
            if (magic and magic.live) or column.name.startswith(columns.TIME_IN_STAGE):
                raise Invalid(name, f"{column.name} changes by itself with time: rules cannot use it")
            if column.name == "violations":
                raise Invalid(name, "must not use violations: a rule cannot read the results of other rules")
    _compiled(ctx, pipeline, by_key, rule)


def _schedule_recheck(ctx: Ctx, pipeline: Pipeline) -> None:
    pipeline = msgspec.structs.replace(pipeline, validators_updated_at=ctx.now)
    PIPELINES.update(ctx.db, pipeline, "validators_updated_at")
    formulas.schedule_recompute(ctx, pipeline.key)


def recheck_after_schema_change(ctx: Ctx, pipeline: Pipeline) -> None:
    """Check every box again after a stage or field changed: a rule's result may differ for boxes that did not change.

    The background worker does it. Pipelines that never had rules are skipped.
    """
    if pipeline.validators_updated_at is not None:
        formulas.schedule_recompute(ctx, pipeline.key)


def formula_of(ctx: Ctx, rule: ValidationRule) -> str | None:
    """Return the text of the rule's formula with the present names of columns; None if it has no formula."""
    if rule.source is None:
        return None
    by_key = schema.fields_by_key(ctx, rule.pipeline_key)
    names = {word: column.title for word, column in formula_inputs.BUILT_IN.items()} | {
        key: field.name for key, field in by_key.items()
    }
    return lib.rename(rule.source, names)


def problem(ctx: Ctx, pipeline: Pipeline, rule: ValidationRule) -> str | None:
    """Return why the rule is not applied: it uses something that was deleted, or its formula took too long too often.

    Return None if it is applied.
    """
    if rule.overruns >= formulas.MOST_OVERRUNS:
        return "its formula took too long too often: change the rule to apply it again"
    try:
        _compiled(ctx, pipeline, schema.fields_by_key(ctx, pipeline.key), rule)
    except Invalid as error:
        return str(error)
    return None


# Checking boxes


Violations = list[dict[str, Any]]
"""The rules that a box violates, each as `key`, `name`, `mode` and `message`."""


class _Compiled(msgspec.Struct, frozen=True):
    sql: str
    params: dict[str, Any]


def _compiled(ctx: Ctx, pipeline: Pipeline, by_key: Mapping[str, Field], rule: ValidationRule) -> _Compiled:
    """Return an SQL condition on box `b` for the boxes that violate the rule. For a rule with a formula, return the
    condition for the boxes that the rule applies to."""
    tree = StoredFilter(ctx, pipeline, by_key, rule.condition, "condition")
    sql = f"COALESCE({tree.sql}, FALSE)"
    if rule.assertion:
        sql = f"{sql} AND NOT COALESCE({tree.add(rule.assertion, 'assertion')}, FALSE)"
    return _Compiled(sql, tree.params)


def find_violations(ctx: Ctx, pipeline: Pipeline, boxes: list[Box]) -> tuple[dict[str, Violations], set[str]]:
    """Return the rules that each box violates, by box key, and the keys of the rules that took too long.

    Nothing is stored. The database must hold the boxes as they are given.
    """
    found: dict[str, Violations] = {box.key: [] for box in boxes}
    slow: set[str] = set()
    by_key = schema.fields_by_key(ctx, pipeline.key)
    for rule in list_all(ctx, pipeline.key):
        if rule.overruns >= formulas.MOST_OVERRUNS:
            continue
        try:
            compiled = _compiled(ctx, pipeline, by_key, rule)
        except Invalid:
            continue  # it uses something that was deleted: `problem` tells the readers of the rule
        keys = _matching(ctx, compiled, boxes)
        if rule.source is None:
            for key in keys:
                found[key].append(_violation(rule, rule.mode, rule.message or rule.name))
            continue
        applies_to = [box for box in boxes if box.key in keys]
        results = _evaluate(ctx, pipeline, by_key, rule.source, applies_to)
        for box, result in zip(applies_to, results, strict=True):
            if isinstance(result, lib.Fault):
                # It only warns, even in mode REJECT: a mistake in a rule must not stop anyone's work.
                message = f"The rule {rule.name} could not be asked: {result.message}"
                found[box.key].append(_violation(rule, WARN, message))
                slow |= {rule.key} if result.code in formulas.SLOW else set()
            elif not result and not isinstance(result, list | dict):  # empty lists are true, as in JavaScript
                found[box.key].append(_violation(rule, rule.mode, rule.message or rule.name))
    return found, slow


def _violation(rule: ValidationRule, mode: str, message: str) -> dict[str, Any]:
    return {"key": rule.key, "name": rule.name, "mode": mode, "message": message}


def _matching(ctx: Ctx, compiled: _Compiled, boxes: list[Box]) -> set[str]:
    among = ctx.db.dialect.among("b.key", "checked")
    sql = f"SELECT b.key FROM boxes b WHERE {among} AND {compiled.sql}"
    return {row[0] for row in ctx.db.rows(sql, checked=ctx.db.texts([box.key for box in boxes]), **compiled.params)}


def _evaluate(
    ctx: Ctx, pipeline: Pipeline, by_key: Mapping[str, Field], source: str, boxes: list[Box]
) -> list[lib.Result]:
    """Return the result of the formula for each box."""
    if not boxes:
        return []
    compiled = lib.compile(source)
    sheet = formula_inputs.Sheet(ctx, pipeline, by_key, boxes, set(compiled.names))
    columns = [sheet.column(word) for word in compiled.names]
    rows = [tuple(column[at] for column in columns) for at in range(len(boxes))]
    return formulas.ENGINE.evaluate(compiled, rows, ctx.now)


def note_overruns(ctx: Ctx, keys: set[str]) -> None:
    """Count one more overrun for each of these rules."""
    if keys:
        among = ctx.db.dialect.among("key", "keys")
        ctx.db.run(f"UPDATE validators SET overruns = overruns + 1 WHERE {among}", keys=ctx.db.texts(sorted(keys)))


def has_any(ctx: Ctx, pipeline_key: str) -> bool:
    """Return whether the pipeline has or had rules, as the database has it now."""
    row = ctx.db.row("SELECT validators_updated_at FROM pipelines WHERE key = :key", key=pipeline_key)
    return row is not None and row[0] is not None


def with_violations(ctx: Ctx, pipeline: Pipeline, box: Box, *, new: bool = False) -> Box:
    """Store and return the box, as it was just written, with the rules it violates now.

    For a `new` box the pipeline is read again: its first rule may have been committed since it was read.
    """
    if pipeline.validators_updated_at is None and not (new and ctx.db.for_update and has_any(ctx, pipeline.key)):
        return box
    if ctx.db.for_update:  # wait for a transaction that changes a rule
        ctx.db.row("SELECT key FROM pipelines WHERE key = :key FOR SHARE", key=pipeline.key)
    found, slow = find_violations(ctx, pipeline, [box])
    note_overruns(ctx, slow)
    violations = found[box.key]
    if violations == box.violations:
        return box
    box = msgspec.structs.replace(box, violations=violations)
    BOXES.update(ctx.db, box, "violations")
    return box


def enforce(ctx: Ctx, pipeline: Pipeline, box: Box, before: Box | None) -> None:
    """Raise `Rejected` if the box violates a rule in mode REJECT after a change.

    Three changes pass. A change after which the box violates fewer rules and no new rule: otherwise a box that violates
    two rules could not be corrected step by step. A change with `overrideValidation` by an actor who may override
    rules. And an undo: it goes event by event, and the states in between may violate rules.
    """
    if ctx.undoes:
        return
    broken = {violation["key"]: violation for violation in box.violations if violation["mode"] == REJECT}
    had = {violation["key"] for violation in before.violations if violation["mode"] == REJECT} if before else set()
    if not broken or broken.keys() < had:
        return
    if ctx.insists and access.allows(ctx, _role(ctx, pipeline), "BOX", "OVERRIDE_VALIDATOR", box):
        return
    if ctx.insists:
        raise Forbidden("Your role here may not override validation rules")
    raise Rejected("; ".join(violation["message"] for violation in broken.values()), list(broken.values()))


def _role(ctx: Ctx, pipeline: Pipeline) -> Role:
    return lookup.reach(ctx, pipeline.key)[1]
