"""Many boxes at once: what `boxes.create` does for one, in as few statements as for one."""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec

from .. import access, events, persons, search
from ..access import Role
from ..context import Ctx
from ..pipelines import formulas, schema, validation_rules
from ..records import BOXES, NO_ACTIVITY, NO_EMAILS, Box, Pipeline, StageStay
from . import boxes, links

KIND = "box.created"
_encode = msgspec.json.Encoder().encode
# An event's record is the box's row, with its texts as JSON: our own keys only want their quotes.
_KEYS = ("key", "pipeline_key", "stage_key", "creator_key", "source")
_RECORD = "{" + ",".join(f'"{name}":"%s"' if name in _KEYS else f'"{name}":%s' for name in BOXES.names) + "}"
_FIELDS, _ASSIGNEES, _FOLLOWERS = (
    BOXES.names.index("fields"),
    BOXES.names.index("assignee_keys"),
    BOXES.names.index("follower_keys"),
)
Row = tuple[Any, ...]


class SharedEventText(NamedTuple):
    """What all their events have in common, as it is written: what depends on names, which may change."""

    start: str
    people: dict[tuple[str, str], str]
    """By assignees and followers."""


class PreparedBoxes(NamedTuple):
    """Boxes that only want to be written."""

    boxes: list[Box]
    rows: list[Row]
    named: dict[tuple[str, str], list[str]]
    """The users that a box with these assignees and followers names."""
    said: SharedEventText
    events: list[Row]
    entries: list[search.SearchEntry]


def create(ctx: Ctx, pipeline: Pipeline, role: Role, keys: list[str], given: list[dict[str, Any]]) -> list[Box]:
    """Boxes of values that were checked before: `name`, and any of `notes`, `stage_key`, `fields`, `assignees` and
    `followers` (user keys) and `created` (ms); their `keys` say their order."""
    return put(ctx, pipeline, role, make(ctx, pipeline, keys, given))


def make(ctx: Ctx, pipeline: Pipeline, keys: list[str], given: list[dict[str, Any]]) -> PreparedBoxes:
    """The first half, which writes nothing where the pipeline has no formulas."""
    first = schema.stage_for_box(ctx, pipeline, None).key
    made = [_box(ctx, pipeline, first, key, one) for key, one in zip(keys, given, strict=True)]
    if pipeline.formulas_updated_at is not None:
        made = _computed(ctx, pipeline, made)
    held = [_json(box.fields) for box in made]
    for at, box in enumerate(made):
        if "@" in held[at] or "@" in box.name:
            made[at] = links.with_addresses(ctx, box, None)
    lists = _Lists()
    rows = [_row(box, values, lists) for box, values in zip(made, held, strict=True)]
    named: dict[tuple[str, str], list[str]] = {}
    for box, row in zip(made, rows, strict=True):
        if (row[_ASSIGNEES], row[_FOLLOWERS]) not in named:
            named[row[_ASSIGNEES], row[_FOLLOWERS]] = box.people()
    said = _said(ctx, pipeline, named)
    told = {field.key for field in schema.fields_by_key(ctx, pipeline.key).values() if field.type in search.TEXT_TYPES}
    return PreparedBoxes(made, rows, named, said, _events(ctx, pipeline, rows, said), search.of_many(ctx, made, told))


def put(ctx: Ctx, pipeline: Pipeline, role: Role, ready: PreparedBoxes) -> list[Box]:
    """The other half: the pipeline and its fields must be what they were for the first."""
    made, rows = ready.boxes, ready.rows
    if not access.grants_any(role, "BOX", "CREATE"):
        for box in made:
            access.require(ctx, role, "BOX", "CREATE", box)
    ctx.db.bulk("boxes", BOXES.names, rows)
    if pipeline.validators_updated_at is not None:
        made = [validation_rules.judged(ctx, pipeline, box) for box in made]
        rows = [(*row[:16], _json(box.violations), *row[17:]) for row, box in zip(rows, made, strict=True)]
        for box in made:
            validation_rules.enforce(ctx, pipeline, box, None)
    ctx.db.bulk("assignments", ("user_key", "box_key"), [(key, box.key) for box in made for key in box.assignee_keys])
    for box, row in zip(made, rows, strict=True):
        if "[" in row[_FIELDS]:
            links.note(ctx, box, None)
    _tell(ctx, pipeline, made, ready if rows is ready.rows else ready._replace(rows=rows, events=[]))
    search.note_many(ctx, made, ready.entries)
    return made


def _box(ctx: Ctx, pipeline: Pipeline, first: str, key: str, given: dict[str, Any]) -> Box:
    stage_key, actor = given.get("stage_key") or given.get("stage") or first, ctx.actor.key
    created = given.get("created", ctx.now)
    own = [actor]
    return Box(
        key=key,
        pipeline_key=pipeline.key,
        stage_key=stage_key,
        name=given["name"],
        notes=given.get("notes"),
        creator_key=actor,
        source="HUMAN",
        fields=given.get("fields", {}),
        assignee_keys=given.get("assignees", own),
        follower_keys=given.get("followers", own),
        linked_box_keys=[],
        contacts=[],
        organizations=[],
        emails=NO_EMAILS,
        stage_history=[StageStay(stage_key, created, 0)],
        activity=NO_ACTIVITY,
        violations=[],
        created_at=created,
        updated_at=ctx.now,
        saved_at=ctx.now,
        stage_changed_at=created,
    )


def _computed(ctx: Ctx, pipeline: Pipeline, made: list[Box]) -> list[Box]:
    if ctx.db.for_update:  # as in `formulas.computed`
        ctx.db.row("SELECT key FROM pipelines WHERE key = :key FOR SHARE", key=pipeline.key)
    if not (held := formulas.of(ctx, pipeline.key)):
        return made
    made, slow = formulas.compute(ctx, pipeline, held, made)
    formulas.note_overruns(ctx, pipeline.key, slow)
    return made


class _Lists(dict[int, str]):
    """Lists of keys as JSON, each encoded once; told apart by which list it is, as most boxes share one."""

    def of(self, keys: list[str]) -> str:
        return self.get(id(keys)) or self.setdefault(id(keys), _json(keys))


def _row(box: Box, values: str, lists: _Lists) -> Row:
    stay = box.stage_history[0]
    return (
        box.key,
        box.pipeline_key,
        box.stage_key,
        box.name,
        box.notes,
        box.creator_key,
        box.source,
        values,
        lists.of(box.assignee_keys),
        lists.of(box.follower_keys),
        "[]",
        "[]",
        "[]",
        "{}" if box.emails is NO_EMAILS else _json(box.emails),
        f'[{{"stage_key":"{stay.stage_key}","entered_at":{stay.entered_at},"finished_ms":0}}]',
        "{}",
        "[]",
        box.created_at,
        box.updated_at,
        box.saved_at,
        box.stage_changed_at,
    )


def _json(value: Any) -> str:
    return _encode(value).decode()


def _tell(ctx: Ctx, pipeline: Pipeline, made: list[Box], ready: PreparedBoxes) -> None:
    """One event each. Where somebody subscribes, an automation waits, or addresses appeared, as for a single box."""
    if not made:
        return
    if events.anyone_listens(ctx, KIND, pipeline):
        for box in made:
            boxes.tell(ctx, KIND, box, pipeline)
    else:
        _tell_nobody(ctx, pipeline, ready)
    for box in made:
        if box.emails is not NO_EMAILS:
            boxes.tell_addresses(ctx, pipeline, box, None)


def _tell_nobody(ctx: Ctx, pipeline: Pipeline, ready: PreparedBoxes) -> None:
    """The same events as `events.record` makes, for the record alone."""
    said, told = _said(ctx, pipeline, ready.named), ready.events
    if said != ready.said or not told:
        told = _events(ctx, pipeline, ready.rows, said)
    ctx.db.bulk("events", events.EVENTS.names[1:], told)
    ctx.db.notify("events")


def _said(ctx: Ctx, pipeline: Pipeline, named: dict[tuple[str, str], list[str]]) -> SharedEventText:
    known = persons.by_key(ctx, {ctx.actor.key, *(key for keys in named.values() for key in keys)})
    kept = {
        lists: _json(_json({key: known[key] for key in dict.fromkeys(keys) if key in known}))
        for lists, keys in named.items()
    }
    common = {"author": known[ctx.actor.key].display_name, "pipeline_name": pipeline.name}
    common |= {"change_id": ctx.change} if ctx.change else {}
    common |= {"via": ctx.via} if ctx.via else {}
    return SharedEventText(_json(common)[:-1], kept)


def _events(ctx: Ctx, pipeline: Pipeline, rows: list[Row], said: SharedEventText) -> list[Row]:
    told = []
    for row in rows:
        key, _, stage_key, name, notes = row[:5]
        name = _json(name)
        record = _RECORD % (*row[:3], name, "null" if notes is None else _json(notes), *row[5:])
        people = said.people[row[_ASSIGNEES], row[_FOLLOWERS]]
        detail = f'{said.start},"people":{people},"box_name":{name},"stage_key":"{stage_key}"}}'
        told.append((KIND, ctx.now, ctx.actor.key, pipeline.team_key, pipeline.key, key, key, record, None, detail))
    return told
