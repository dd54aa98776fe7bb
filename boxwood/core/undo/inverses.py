"""What undoes each kind of event: the verb that does the opposite, with the values that were before."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from ...errors import Conflict
from .. import boxes, pipelines, trash, undo_data
from ..activity import comments, files, meetings, snippets, tasks, threads
from ..automations import automations
from ..boxes import transfers
from ..contacts import entries, merge
from ..context import Ctx
from ..event_kinds import EVENT_KINDS
from ..events import Event
from ..people import contact_access
from ..pipelines import fields, schema, stages, validation_rules
from ..records import PermissionSet
from ..views import saved_views
from ..webhooks import inbound_endpoints, subscriptions
from . import restore, settings_inverses

Values = dict[str, Any]


def reverse(ctx: Ctx, event: Event) -> bool:
    """Undo one event; whether there was anything to do. Refused where something was changed since."""
    kind = EVENT_KINDS[event.kind]
    if kind.by_itself or kind.quiet or event.kind in _FOLLOWS or "merged_into" in event.detail:
        return False
    noun, _, verb = event.kind.partition(".")
    if verb in ("created", "added", "restored") and noun in _DELETE:
        _DELETE[noun](ctx, event)
        return True
    if verb in ("deleted", "removed") and noun in trash.HELD:
        restore.restore(ctx, trash.key_of(noun, event.subject_key or "", event.pipeline_key))
        return True
    undone = _UNDO.get(event.kind) or (_UNDO.get(noun) if event.before is not None else None)
    if undone is None:
        raise Conflict("what it was before is not kept")
    return undone(ctx, event)


_FOLLOWS = ("box.email_added", "pipeline.imported")
"""What stays whatever becomes of the events it came with (ruling 12), or only sums them up."""

_DELETE: dict[str, Callable[[Ctx, Event], Any]] = {
    "box": lambda ctx, event: boxes.delete(ctx, event.subject_key or ""),
    "task": lambda ctx, event: tasks.delete(ctx, event.subject_key or ""),
    "comment": lambda ctx, event: comments.delete(ctx, event.subject_key or ""),
    "meeting": lambda ctx, event: meetings.delete(ctx, event.subject_key or ""),
    "file": lambda ctx, event: files.delete(ctx, event.subject_key or ""),
    "thread": lambda ctx, event: threads.remove(ctx, event.subject_key or ""),
    "contact": lambda ctx, event: entries.delete(ctx, entries.NOUNS["contacts"], event.subject_key or ""),
    "organization": lambda ctx, event: entries.delete(ctx, entries.NOUNS["organizations"], event.subject_key or ""),
    "stage": lambda ctx, event: stages.delete(ctx, event.pipeline_key or "", event.subject_key or ""),
    "field": lambda ctx, event: fields.delete(ctx, event.pipeline_key or "", event.subject_key or ""),
    "view": lambda ctx, event: saved_views.delete(ctx, event.pipeline_key or "", event.subject_key or ""),
    "snippet": lambda ctx, event: snippets.delete(ctx, event.subject_key or ""),
    "webhook": lambda ctx, event: subscriptions.delete(ctx, event.subject_key or ""),
    "automation": lambda ctx, event: automations.delete(ctx, event.subject_key or ""),
    "inbound": lambda ctx, event: inbound_endpoints.delete(ctx, event.subject_key or ""),
    "validator": lambda ctx, event: validation_rules.delete(ctx, event.pipeline_key or "", event.subject_key or ""),
    "pipeline": lambda ctx, event: pipelines.delete(ctx, event.subject_key or "", only_empty=True),
}


# Members that were changed


def _back(event: Event, now: Any, *, but: tuple[str, ...] = ()) -> Values:
    """The members that are as this event left them, and what they were before; refused where one is neither."""
    return undo_data.unless_changed(
        msgspec.json.decode(event.before or b"{}"), msgspec.json.decode(event.record), now, but
    )


def _back_fields(event: Event, held: Values, names: dict[str, str]) -> Values:
    """The same of values by field; `names` are the fields that still are, and can be written."""
    before, after = msgspec.json.decode(event.before or b"{}"), msgspec.json.decode(event.record)
    wanted: Values = {}
    for key, old in (before.get("fields") or {}).items():
        now = undo_data.plain(held.get(key))
        if key not in names or now == old:
            continue
        if now != after["fields"].get(key):
            raise Conflict(f"{names[key]} was changed since")
        wanted[key] = old
    return wanted


def _box(ctx: Ctx, event: Event) -> bool:
    box, pipeline, _ = boxes.reach(ctx, event.subject_key or "", "UPDATE")
    wanted = _back(event, box, but=("fields",))
    written = {key: one.name for key, one in schema.fields_by_key(ctx, pipeline.key).items() if one.type != "FORMULA"}
    if values := _back_fields(event, box.fields, written):
        wanted["fields"] = values
    if "assignee_keys" in wanted:
        wanted["assignees"] = [{"user_key": key} for key in wanted.pop("assignee_keys")]
    if wanted:
        boxes.edit(ctx, box.key, wanted)
    return bool(wanted)


def _moved_pipeline(ctx: Ctx, event: Event) -> bool:
    before, after = msgspec.json.decode(event.before or b"{}"), msgspec.json.decode(event.record)
    box, _, _ = boxes.reach(ctx, event.subject_key or "", "UPDATE")
    if (box.pipeline_key, box.stage_key, undo_data.plain(box.fields)) != (
        after["pipeline_key"],
        after["stage_key"],
        after["fields"],
    ):
        raise Conflict("it was changed since it was moved")
    box = transfers.move(ctx, box.key, before["pipeline_key"], before["stage_key"])
    known = schema.fields_by_key(ctx, box.pipeline_key)
    held = {key: value for key, value in before["fields"].items() if key in known and known[key].type != "FORMULA"}
    links = {name: before[name] for name in ("contacts", "organizations") if name in before}
    boxes.edit(ctx, box.key, {"fields": held, **links})
    return True


def _task(ctx: Ctx, event: Event) -> bool:
    wanted = _back(event, tasks.get(ctx, event.subject_key or ""))
    if "assignee_keys" in wanted:
        wanted["assignees"] = [{"user_key": key} for key in wanted.pop("assignee_keys")]
    if wanted:
        tasks.edit(ctx, event.subject_key or "", wanted)
    return bool(wanted)


def _comment(ctx: Ctx, event: Event) -> bool:
    wanted = _back(event, comments.get(ctx, event.subject_key or ""))
    if wanted:
        comments.edit(ctx, event.subject_key or "", wanted)
    return bool(wanted)


def _reaction(verb: Callable[[Ctx, str, str], Any]) -> Callable[[Ctx, Event], bool]:
    def undone(ctx: Ctx, event: Event) -> bool:
        if event.actor_key != ctx.actor.key:
            raise Conflict("only who reacted can take it back")
        verb(ctx, event.subject_key or "", event.detail["what"])
        return True

    return undone


def _meeting(ctx: Ctx, event: Event) -> bool:
    key = event.subject_key or ""
    meeting = meetings.get(ctx, key)
    before: Values = msgspec.json.decode(event.before or b"{}")
    held = meetings.task_keys(ctx, [key])[key]
    names = event.detail.get("task_keys", "")
    if held not in (before.get("task_keys", held), names.split(",") if names else []):
        raise Conflict("its tasks were changed since")
    wanted = _back(event, meeting, but=("task_keys",))
    if held != before.get("task_keys", held):
        wanted["task_keys"] = before["task_keys"]
    if wanted:
        meetings.edit(ctx, key, wanted)
    return bool(wanted)


def _pipeline(ctx: Ctx, event: Event) -> bool:
    wanted = _back(event, pipelines.get(ctx, event.subject_key or ""))
    if wanted:
        pipelines.edit(ctx, event.subject_key or "", wanted)
    return bool(wanted)


def _shared(ctx: Ctx, event: Event) -> bool:
    sql = "SELECT 1 FROM events WHERE pipeline_key = :key AND box_key IS NULL AND id > :id AND kind = 'pipeline.shared'"
    before: Values = msgspec.json.decode(event.before or b"{}")
    if ctx.db.row(sql, key=event.subject_key, id=event.id):
        raise Conflict("who can reach it was changed since")
    members = [{"user_key": one["user_key"], "permission_set": one["permission_set"]} for one in before["members"]]
    changes: Values = {"members": members}
    if "permission_sets" in before:
        changes["permission_sets"] = msgspec.convert(before["permission_sets"], dict[str, PermissionSet])
        changes["default_permission_set"] = before["default_permission_set"]
    pipelines.edit(ctx, event.subject_key or "", changes)
    return True


def _stage(ctx: Ctx, event: Event) -> bool:
    pipeline = pipelines.get(ctx, event.pipeline_key or "")
    wanted = _back(event, schema.stage(ctx, pipeline, event.subject_key or ""))
    if not wanted:
        return False
    stage = schema.stage(ctx, pipeline, event.subject_key or "")
    colour = {name: wanted.get(name, getattr(stage, name)) for name in ("foreground", "background")}
    stages.edit(ctx, pipeline.key, stage.key, {"name": wanted.get("name", stage.name), "color": colour})
    return True


def _field(ctx: Ctx, event: Event) -> bool:
    pipeline = pipelines.get(ctx, event.pipeline_key or "")
    field = schema.field(ctx, pipeline, event.subject_key or "")
    wanted = _back(event, field)
    lost = {one["key"] for one in wanted.get("options", ())} - {one.key for one in field.options}
    values = undo_data.values(ctx, event) if lost else None
    if wanted:
        fields.edit(ctx, pipeline.key, field.key, wanted, values=values)
    return bool(wanted)


def _view(ctx: Ctx, event: Event) -> bool:
    wanted = _back(event, saved_views.get(ctx, event.pipeline_key or "", event.subject_key or ""))
    if wanted:
        saved_views.edit(ctx, event.pipeline_key or "", event.subject_key or "", wanted)
    return bool(wanted)


def _snippet(ctx: Ctx, event: Event) -> bool:
    wanted = _back(event, snippets.get(ctx, event.subject_key or ""))
    if wanted:
        snippets.edit(ctx, event.subject_key or "", wanted)
    return bool(wanted)


def _entry(ctx: Ctx, event: Event) -> bool:
    noun = entries.NOUNS[f"{event.kind.partition('.')[0]}s"]
    entry = contact_access.get(ctx, noun, event.subject_key or "")
    wanted = _back(event, entry, but=("fields",))
    if values := _back_fields(event, entry.fields, {key: key for key in {**entry.fields, **_named(event)}}):
        wanted["fields"] = {key: value or "" for key, value in values.items()}
    for member in ("contact_links", "org_links"):
        if member in wanted:
            wanted[member] = [
                {"key": one["key"], "is_magic_linked": one["is_magic"], "creation_timestamp": one["created_at"]}
                for one in wanted[member]
            ]
    wanted = {member: "" if old is None else old for member, old in wanted.items()}
    if wanted:
        entries.edit(ctx, noun, entry.key, wanted)
    return bool(wanted)


def _named(event: Event) -> Values:
    held: Values = msgspec.json.decode(event.before or b"{}").get("fields") or {}
    return held


def _merged(ctx: Ctx, event: Event) -> bool:
    noun = entries.NOUNS[f"{event.kind.partition('.')[0]}s"]
    if merge.last(ctx, noun, event.subject_key or "").key != event.detail.get("merge_key"):
        raise Conflict("others were merged into it since")
    merge.unmerge(ctx, noun, event.subject_key or "")
    return True


def _unmerged(ctx: Ctx, event: Event) -> bool:
    raise Conflict("merge them again instead")


_UNDO: dict[str, Callable[[Ctx, Event], bool]] = {
    "box": _box,
    "box.moved_pipeline": _moved_pipeline,
    "task": _task,
    "comment": _comment,
    "comment.reacted": _reaction(comments.unreact),
    "comment.unreacted": _reaction(comments.react),
    "meeting": _meeting,
    "pipeline": _pipeline,
    "pipeline.shared": _shared,
    "stage": _stage,
    "field": _field,
    "view": _view,
    "snippet": _snippet,
    **settings_inverses.UNDO,
    "contact": _entry,
    "contact.merged": _merged,
    "contact.unmerged": _unmerged,
    "organization": _entry,
    "organization.merged": _merged,
    "organization.unmerged": _unmerged,
}
