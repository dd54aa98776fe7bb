"""Many boxes at once: what `boxes.create` does for one, in as few statements as for one."""

from __future__ import annotations

from typing import Any

import msgspec

from . import (
    access,
    box_links,
    boxes,
    events,
    formulas,
    search,
    stages,
    starts,
    subscribers,
    users,
    validators,
    webhooks,
)
from .access import Role
from .box import BOXES, NO_ACTIVITY, NO_EMAILS, Box, Stay
from .context import Ctx
from .pipelines import Pipeline

KIND = "box.created"
_encode = msgspec.json.Encoder().encode


def create(ctx: Ctx, pipeline: Pipeline, role: Role, keys: list[str], given: list[dict[str, Any]]) -> list[Box]:
    """Boxes of values that were checked before: `name`, and any of `notes`, `stage_key`, `fields`, `assignees` and
    `followers` (user keys) and `created` (ms); their `keys` say their order."""
    first = stages.for_box(ctx, pipeline, None).key
    made = [_box(ctx, pipeline, first, key, one) for key, one in zip(keys, given, strict=True)]
    if pipeline.formulas_updated_at is not None:
        made = _computed(ctx, pipeline, made)
    held = [_encode(box.fields) for box in made]
    for at, box in enumerate(made):
        if b"@" in held[at] or "@" in box.name:
            made[at] = box_links.with_addresses(ctx, box, None)
    if not access.grants_any(role, "BOX", "CREATE"):
        for box in made:
            access.require(ctx, role, "BOX", "CREATE", box)
    ctx.db.bulk("boxes", BOXES.names, [_row(box, values) for box, values in zip(made, held, strict=True)])
    if pipeline.validators_updated_at is not None:
        made = [validators.judged(ctx, pipeline, box) for box in made]
        for box in made:
            validators.enforce(ctx, pipeline, box, None)
    ctx.db.bulk("assignments", ("user_key", "box_key"), [(key, box.key) for box in made for key in box.assignee_keys])
    for box, values in zip(made, held, strict=True):
        if b"[" in values:
            box_links.note(ctx, box, None)
    _tell(ctx, pipeline, made)
    search.note_later(ctx, search.BOX, [box.key for box in made])
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
        stage_history=[Stay(stage_key, created, 0)],
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


def _row(box: Box, values: bytes) -> tuple[Any, ...]:
    stay = box.stage_history[0]
    return (
        box.key,
        box.pipeline_key,
        box.stage_key,
        box.name,
        box.notes,
        box.creator_key,
        box.source,
        values.decode(),
        _encode(box.assignee_keys).decode(),
        _encode(box.follower_keys).decode(),
        "[]",
        "[]",
        "[]",
        "{}" if box.emails is NO_EMAILS else _encode(box.emails).decode(),
        f'[{{"stage_key":"{stay.stage_key}","entered_at":{stay.entered_at},"finished_ms":0}}]',
        "{}",
        "[]",
        box.created_at,
        box.updated_at,
        box.saved_at,
        box.stage_changed_at,
    )


def _tell(ctx: Ctx, pipeline: Pipeline, made: list[Box]) -> None:
    """One event each. Where somebody subscribes, an automation waits, or addresses appeared, as for a single box."""
    if not made:
        return
    scopes = (pipeline.key, "", pipeline.team_key)
    heard = subscribers.of(ctx.db, webhooks.NAMES[KIND], scopes, most=1) != []
    if heard or starts.listening(ctx, KIND, pipeline.key):
        for box in made:
            boxes.tell(ctx, KIND, box, pipeline)
    else:
        _tell_nobody(ctx, pipeline, made)
    for box in made:
        if box.emails is not NO_EMAILS:
            boxes.tell_addresses(ctx, pipeline, box, None)


def _tell_nobody(ctx: Ctx, pipeline: Pipeline, made: list[Box]) -> None:
    """The same events as `events.record` makes, for the record alone."""
    known = users.people(ctx, {key for box in made for key in box.people()})
    common = {"author": known[ctx.actor.key].display_name, "pipeline_name": pipeline.name}
    common |= {"change_id": ctx.change} if ctx.change else {}
    common |= {"via": ctx.via} if ctx.via else {}
    kept: dict[tuple[str, ...], str] = {}
    rows = []
    for box in made:
        named = tuple(dict.fromkeys(box.people()))
        if named not in kept:
            kept[named] = _encode({key: known[key] for key in named if key in known}).decode()
        detail = {**common, "people": kept[named], "box_name": box.name, "stage_key": box.stage_key}
        rows.append(
            (
                KIND,
                ctx.now,
                ctx.actor.key,
                pipeline.team_key,
                pipeline.key,
                box.key,
                box.key,
                _encode(box).decode(),
                None,
                _encode(detail).decode(),
            )
        )
    ctx.db.bulk("events", events.EVENTS.names[1:], rows)
    ctx.db.notify("events")
