"""Boxes, their values and newsfeeds over HTTP."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from ..core import boxes, persons, pipelines
from ..core.boxes import box_names, transfers
from ..core.boxes import upsert as box_upsert
from ..core.boxes.box_names import BoxNames
from ..core.context import Ctx
from ..core.history import history, newsfeed
from ..core.pipelines import names, schema
from ..core.records import WITH_OPTIONS, Box, Field, StoredBox
from ..core.records import box as stored
from ..core.views import listing, selections
from ..core.views.selections import BoxPage
from ..errors import Invalid, NotFound
from ..wire import payloads
from ..wire.codec import Shape
from ..wire.kinds import ANYTHING, KEY, clearable
from ..wire.shapes import box_lists
from ..wire.shapes import boxes as shapes
from ..wire.shapes.events import NewsfeedEntry, condense, newsfeed_entry
from ..wire.shapes.lists import SUCCESS, Results, Success
from ..wire.shapes.people import Out
from .http.call import MOST_PER_PAGE, Call, Stream


def _shown(call: Call, found: list[StoredBox]) -> list[shapes.BoxOut]:
    return _listed(call.ctx, found, call.flag("names"))


def _listed(ctx: Ctx, found: list[StoredBox], named: bool) -> list[shapes.BoxOut]:
    people = persons.by_key(ctx, stored.people(found))
    return box_lists.boxes(found, people, ctx.now, names=box_names.of(ctx, found) if named else ())


def named(call: Call, found: Sequence[Box | StoredBox]) -> list[BoxNames]:
    """The names of each box, if the request has `names=true`; else an empty list."""
    return box_names.of(call.ctx, found) if call.flag("names") else []


PAGE = 100


def selected(call: Call, found: BoxPage) -> Results[shapes.BoxOut]:
    """A page of a list with a cursor, with the requested columns. It notes the fields for which an index would help."""
    call.wishes.update(found.wishes)
    people = persons.by_key(call.ctx, stored.people(found.boxes))
    shown = box_lists.boxes(found.boxes, people, call.ctx.now, found.columns, named(call, found.boxes))
    return Results(shown, found.cursor is not None, call.next_cursor(found.cursor))


def _one(call: Call, box: Box, columns: dict[str, Any] | None = None) -> shapes.BoxOut:
    people = persons.by_key(call.ctx, box.people())
    return shapes.box(box, people, call.ctx.now, columns, *named(call, [box]))


def get(call: Call) -> shapes.BoxOut:
    """A box.

    `fields` are columns to return with it, including columns that Boxwood computes. With `asOf`, it returns the box as
    it was at that time.
    """
    if (at := call.moment("asOf", -1)) >= 0:
        box, event = history.box_at(call.ctx, call.path[0], at)
        return shapes.box(box, payloads.people(event), at, None, *named(call, [box]))
    if not (asked := call.texts("fields")):
        return _shown(call, [boxes.get_stored(call.ctx, call.path[0])])[0]
    box = boxes.get(call.ctx, call.path[0])
    return _one(call, box, selections.read(call.ctx, box, asked))


def create(call: Call) -> shapes.BoxOut:
    """Create a box.

    It takes `name` and every member that an edit takes. Without `stageKey`, the box starts in the first stage.
    """
    return _one(call, boxes.create(call.ctx, call.path[0], call.parse(shapes.BOX_CREATE)))


def edit(call: Call) -> shapes.BoxOut:
    """Update a box.

    Only the members you send change. Values equal to the stored ones are ignored: no event, no new timestamp. `fields`
    is merged key by key, and lists are replaced. You may send back a whole box.
    """
    changes = call.parse(shapes.BOX_EDIT)
    for name in ("name", "stage_key"):
        if name in changes and changes[name] is None:
            del changes[name]
    return _one(call, boxes.edit(call.ctx, call.path[0], changes))


UPSERT = Shape("BoxUpsert", {"match": KEY, **shapes.MEMBERS}, required=("match",), aliases=shapes.ALIASES)


class Upserted(Out, omit_defaults=False):
    created: bool
    box: shapes.BoxOut


def upsert(call: Call) -> Upserted:
    """Update the box that has the given name or field value, or create it.

    `match` is `name`, or the key of a field whose value you send in `fields`.
    """
    given = call.parse(UPSERT)
    match = given.pop("match", "")
    given = {name: value for name, value in given.items() if value is not None or name == "notes"}
    box, created = box_upsert.upsert(call.ctx, call.path[0], match, given)
    return Upserted(created, _one(call, box))


def delete(call: Call) -> Success:
    """Delete a box and everything on it."""
    boxes.delete(call.ctx, call.path[0])
    return SUCCESS


def list_v1(call: Call) -> list[shapes.BoxOut] | Stream:
    """The boxes of a pipeline, or all boxes that the caller can access.

    Without `limit` or `page`, the response contains all of them and is streamed.
    """
    stage_key, sort_by, since = call.text("stageKey") or None, call.sort_by(), _since(call)
    pipeline_key = call.path[0] if call.path else None
    if pipeline_key and {"limit", "page", "offset"} & call.given.keys():
        limit, offset = call.page(listing.SLICE)
        return _shown(
            call,
            listing.page(
                call.ctx, pipeline_key, stage_key=stage_key, sort_by=sort_by, limit=limit, offset=offset, since=since
            ),
        )
    found = listing.keys(call.ctx, pipeline_key, stage_key=stage_key, sort_by=sort_by, since=since)
    if {"limit", "page", "offset"} & call.given.keys():
        limit, offset = call.page(listing.SLICE)
        found = found[offset : offset + limit]
    if len(found) <= listing.SLICE:
        return _shown(call, listing.by_keys(call.ctx, found))
    has_names = call.flag("names")
    return Stream(listing.slices(found), lambda ctx, keys: [*_listed(ctx, listing.by_keys(ctx, keys), has_names)])


def list_v2(call: Call) -> Results[shapes.BoxOut]:
    """A page of the boxes of a pipeline.

    `page` counts from 0; you may send `offset` instead. With `filter`, `sort`, `fields` or `cursor`, the list has a
    cursor: it contains the boxes that match the filter, in the order of `sort`, with the `columns` that `fields` names.
    """
    if {"filter", "sort", "fields", "cursor"} & call.given.keys():
        return _select(call)
    limit, offset = call.page(PAGE)
    found = listing.page(
        call.ctx,
        call.path[0],
        stage_key=call.text("stageKey") or None,
        sort_by=call.sort_by(),
        limit=limit + 1,
        offset=offset,
        since=_since(call),
    )
    return Results([*_shown(call, found[:limit])], len(found) > limit)


def _select(call: Call) -> Results[shapes.BoxOut]:
    found = selections.page(
        call.ctx,
        call.path[0],
        tree=read_filter(call),
        sort=call.texts("sort") or _OLD_ORDERS[call.sort_by()],
        shown=call.texts("fields"),
        stage_key=call.text("stageKey") or None,
        since=_since(call),
        cursor=call.cursor(),
        limit=call.number("limit", PAGE, least=1, most=MOST_PER_PAGE),
    )
    return selected(call, found)


_OLD_ORDERS = {"": [], "created_at": ["-creationTimestamp"], "updated_at": ["-lastUpdatedTimestamp"]}
MOST_FILTER = 50_000


def read_filter(call: Call) -> Any:
    text = call.text("filter")
    if len(text) > MOST_FILTER:
        raise Invalid("filter", f"is longer than {MOST_FILTER:,} characters")
    try:
        return msgspec.json.decode(text) if text else None
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        raise Invalid("filter", "is not valid JSON") from None


def _since(call: Call) -> int | None:
    return call.moment("updatedSince", 0) or None


def batch_get(call: Call) -> list[shapes.BoxOut]:
    """The boxes with these keys, with the columns in `fields`.

    Boxes of other pipelines, and boxes that the caller cannot access, are left out.
    """
    found = listing.in_pipeline(call.ctx, call.path[0], _named_keys(call))
    return with_columns(call, found, selections.Selection(call.ctx, call.path[0], shown=call.texts("fields")))


def with_columns(call: Call, found: list[StoredBox], chosen: selections.Selection) -> list[shapes.BoxOut]:
    """The boxes with the columns of the selection."""
    ctx = call.ctx
    asked = [chosen.reads(box.box(), ctx.now) for box in found] if chosen.shown else []
    people = persons.by_key(ctx, stored.people(found))
    return box_lists.boxes(found, people, ctx.now, asked, named(call, found))


def _named_keys(call: Call) -> list[str]:
    """The box keys: a list in the body, or a member of it (spec 4.1)."""
    given: Any = call.items if call.items is not None else call.given.get("RAW_BODY", call.given.get("boxKeys"))
    if isinstance(given, str):
        given = [key.strip() for key in given.strip("[]").replace('"', "").split(",") if key.strip()]
    if not isinstance(given, list) or not all(isinstance(key, str) for key in given):
        raise Invalid("body", "must be a list of box keys")
    if len(given) > 1000:
        raise Invalid("body", "holds more than 1,000 keys")
    return given


def batch_move(call: Call) -> list[shapes.BoxOut]:
    """Move boxes to other pipelines, each `{"boxKey": …, "pipelineKey": …, "stageKey"?: …}`: all or none.

    Without `pipelineKey`, a box moves to the pipeline in the path. Boxes that the caller cannot access are left out.
    """
    if call.items is None:
        raise Invalid("body", "must be a list of moves")
    if len(call.items) > 1000:
        raise Invalid("body", "holds more than 1,000 moves")
    moved = []
    for at, move in enumerate(call.items):
        key = (move.get("boxKey") or move.get("key")) if isinstance(move, dict) else move
        target = move.get("pipelineKey", call.path[0]) if isinstance(move, dict) else call.path[0]
        stage_key = move.get("stageKey") if isinstance(move, dict) else None
        if not isinstance(key, str) or not isinstance(target, str):
            raise Invalid(f"[{at}]", "needs boxKey and pipelineKey")
        target = pipelines.get(call.ctx, names.pipeline_key(call.ctx, target, f"[{at}].pipelineKey") or target).key
        try:
            boxes.get(call.ctx, key)
        except NotFound:
            continue
        box = transfers.move(call.ctx, key, target, None if stage_key is None else str(stage_key))
        moved.append(box)
    return [_one(call, box) for box in moved]


def list_values(call: Call) -> list[shapes.FieldValue]:
    """The field values of a box; `value` is absent if the field has no value."""
    box = boxes.get(call.ctx, call.path[0])
    held = box.fields
    found = schema.fields(call.ctx, [box.pipeline_key])[box.pipeline_key]
    return [_value(call, field, held) for field in found]


def get_value(call: Call) -> shapes.FieldValue:
    """The value of one field of a box."""
    box, pipeline, _ = boxes.reach(call.ctx, call.path[0])
    return _value(call, names.field(call.ctx, pipeline, call.path[1]), box.fields)


def _value(call: Call, field: Field, held: dict[str, Any]) -> shapes.FieldValue:
    value = held.get(field.key, msgspec.UNSET)
    if not call.flag("names"):
        return shapes.FieldValue(field.key, value)
    has_label = value is not msgspec.UNSET and field.type in WITH_OPTIONS
    label = box_names.label(field, value) if has_label else msgspec.UNSET
    return shapes.FieldValue(field.key, value, field.name, label)


VALUE = Shape(
    "FieldValueEdit",
    required=("value",),
    value=clearable(ANYTHING),
    described={"value": "The value; null or empty clears it."},
)


def set_value(call: Call) -> shapes.FieldValue:
    """Set the value of one field; null, "" or an empty list clears it."""
    if "value" not in call.given:
        raise Invalid("value", "is missing")
    field, value = boxes.set_field(call.ctx, call.path[0], call.path[1], call.parse(VALUE)["value"])
    return _value(call, field, {} if value is None else {field.key: value})


def box_newsfeed(call: Call) -> list[NewsfeedEntry]:
    """The newsfeed of a box, newest first."""
    condensed, (limit, offset) = _detail(call), call.page(newsfeed.PAGE)
    found = newsfeed.of_box(call.ctx, call.path[0], condensed=condensed, limit=limit, offset=offset)
    return condense(found) if condensed else [newsfeed_entry(event) for event in found]


def pipeline_newsfeed(call: Call) -> list[NewsfeedEntry]:
    """The newsfeed of a pipeline and its boxes, newest first."""
    condensed, (limit, offset) = _detail(call), call.page(newsfeed.PAGE)
    found = newsfeed.of_pipeline(call.ctx, call.path[0], condensed=condensed, limit=limit, offset=offset)
    return condense(found) if condensed else [newsfeed_entry(event) for event in found]


def whole_newsfeed(call: Call) -> list[NewsfeedEntry]:
    """The newsfeed of everything that the caller can access, newest first."""
    condensed, (limit, offset) = _detail(call), call.page(newsfeed.PAGE)
    found = newsfeed.of_all(call.ctx, condensed=condensed, limit=limit, offset=offset)
    return condense(found) if condensed else [newsfeed_entry(event) for event in found]


def _detail(call: Call) -> bool:
    level = call.text("detailLevel") or "ALL"
    if level not in ("ALL", "CONDENSED"):
        raise Invalid("detailLevel", "must be ALL or CONDENSED")
    return level == "CONDENSED"


def export_newsfeed(call: Call) -> list[NewsfeedEntry]:
    """The whole newsfeed of the boxes of a pipeline, oldest first, without the limit of 50."""
    since = call.number("startTimestamp", 0)
    found = newsfeed.export(call.ctx, call.path[0], specifics=call.texts("includeSpecifics"), since=since)
    return [newsfeed_entry(event) for event in found]
