"""How each kind of event is undone: by the function that does the opposite, with the values from before the event."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from ...errors import Conflict, Invalid
from ...lib.address_rules import Rules
from .. import boxes, pipelines, trash, undo_data
from ..accounts import team_settings
from ..activity import calendars, comments, files, forms, meetings, messages, snippets, tasks, threads
from ..activity.mail import blocks, conversations, rules
from ..activity.mail import suggestions as mail_suggestions
from ..activity.sending import letters, mailings, sequence_runs, sequences, suppressions
from ..automations import automations
from ..boxes import transfers
from ..contacts import custom_fields, entries, merge
from ..context import Ctx
from ..event_kinds import EVENT_KINDS
from ..events import Event, key_of
from ..people import contact_access, teams
from ..pipelines import fields, schema, stages, validation_rules
from ..records import TEAM_LISTS, Box, PermissionSet, Team, TeamSettings
from ..views import saved_views
from ..webhooks import inbound_endpoints, subscriptions
from . import restore

Values = dict[str, Any]


def reverse(ctx: Ctx, event: Event) -> bool:
    """Undo an event. Returns whether there was anything to do. Raises Conflict if the values were changed since."""
    kind = EVENT_KINDS[event.kind]
    if kind.by_itself or kind.quiet or event.kind in _NOT_UNDONE or "merged_into" in event.detail:
        return False
    noun, _, verb = event.kind.partition(".")
    if verb in ("created", "added", "restored") and noun in _DELETE:
        _DELETE[noun](ctx, event)
        return True
    if verb in ("deleted", "removed") and noun in trash.HELD:
        restore.restore(ctx, trash.key_of(noun, event.subject_key or "", event.pipeline_key))
        return True
    undo = _UNDO.get(event.kind) or (_UNDO.get(noun) if event.before is not None else None)
    if undo is None:
        raise Conflict("the state before this change is not stored")
    return undo(ctx, event)


_NOT_UNDONE = ("box.email_added", "pipeline.imported", "proposal.created", "proposal.approved", "proposal.rejected")
"""Added addresses stay on the box (ruling 12), and the event of an import only sums up other events."""

_DELETE: dict[str, Callable[[Ctx, Event], Any]] = {
    "box": lambda ctx, event: boxes.delete(ctx, event.subject_key or ""),
    "task": lambda ctx, event: tasks.delete(ctx, event.subject_key or ""),
    "comment": lambda ctx, event: comments.delete(ctx, event.subject_key or ""),
    "meeting": lambda ctx, event: meetings.delete(ctx, event.subject_key or ""),
    "file": lambda ctx, event: files.delete(ctx, event.subject_key or ""),
    "thread": lambda ctx, event: threads.remove(ctx, event.subject_key or ""),
    "message": lambda ctx, event: _require_alone(ctx, event),
    "contact": lambda ctx, event: entries.delete(ctx, entries.NOUNS["contacts"], event.subject_key or ""),
    "organization": lambda ctx, event: entries.delete(ctx, entries.NOUNS["organizations"], event.subject_key or ""),
    "stage": lambda ctx, event: stages.delete(ctx, event.pipeline_key or "", event.subject_key or ""),
    "field": lambda ctx, event: fields.delete(ctx, event.pipeline_key or "", event.subject_key or ""),
    "view": lambda ctx, event: saved_views.delete(ctx, event.pipeline_key or "", event.subject_key or ""),
    "calendar": lambda ctx, event: calendars.delete(ctx, event.subject_key or ""),
    "snippet": lambda ctx, event: snippets.delete(ctx, event.subject_key or ""),
    "mail_block": lambda ctx, event: blocks.delete(ctx, event.subject_key or ""),
    "mail_rule": lambda ctx, event: rules.delete(ctx, event.pipeline_key or "", event.subject_key or ""),
    "suppression": lambda ctx, event: suppressions.delete(ctx, event.subject_key or ""),
    "mailing": lambda ctx, event: mailings.delete(ctx, event.subject_key or ""),
    "sequence": lambda ctx, event: sequences.delete(ctx, event.subject_key or ""),
    "form": lambda ctx, event: forms.delete(ctx, event.pipeline_key or "", event.subject_key or ""),
    "webhook": lambda ctx, event: subscriptions.delete(ctx, event.subject_key or ""),
    "automation": lambda ctx, event: automations.delete(ctx, event.subject_key or ""),
    "inbound": lambda ctx, event: inbound_endpoints.delete(ctx, event.subject_key or ""),
    "validator": lambda ctx, event: validation_rules.delete(ctx, event.pipeline_key or "", event.subject_key or ""),
    "pipeline": lambda ctx, event: pipelines.delete(ctx, event.subject_key or "", only_empty=True),
}


def _require_alone(ctx: Ctx, event: Event) -> None:
    """A message goes with its conversation, if the same change added both. Raises Conflict if the conversation is older
    and has other messages."""
    message = messages.get(ctx, event.subject_key or "")
    added = ctx.db.row(
        "SELECT id, detail FROM events WHERE kind = 'thread.added' AND subject_key = :thread", thread=message.thread_key
    )
    # The first event of a change gives the change its key, and does not name it.
    added_by = msgspec.json.decode(added[1]).get("change_id", key_of(added[0])) if added else ""
    is_one_change = added_by == event.detail.get("change_id", key_of(event.id))
    if not is_one_change and len(messages.list_for_thread(ctx, message.thread_key, limit=2, offset=0)) > 1:
        raise Conflict("the conversation has other messages: remove it from the box, or split it first")


# Members that were changed


def _members(event: Event, now: Any, *, but: tuple[str, ...] = ()) -> Values:
    """The members to set back, with their values from before the event. Members that have this value already are left
    out. Raises Conflict if a member was changed since the event."""
    return undo_data.unless_changed(
        msgspec.json.decode(event.before or b"{}"), msgspec.json.decode(event.record), now, but
    )


def _field_values(event: Event, current: Values, names: dict[str, str]) -> Values:
    """Like `_members`, for field values. `names` has the fields that still exist and can be written."""
    before, after = msgspec.json.decode(event.before or b"{}"), msgspec.json.decode(event.record)
    wanted: Values = {}
    for key, old in (before.get("fields") or {}).items():
        now = undo_data.plain(current.get(key))
        if key not in names or now == old:
            continue
        if now != after["fields"].get(key):
            raise Conflict(f"{names[key]} was changed since")
        wanted[key] = old
    return wanted


def _box(ctx: Ctx, event: Event) -> bool:
    box, pipeline, _ = boxes.reach(ctx, event.subject_key or "", "UPDATE")
    wanted = _members(event, box, but=("fields", "emails"))
    wanted |= _email_lists(event, box)
    known = schema.fields_by_key(ctx, pipeline.key)
    writable = {key: field.name for key, field in known.items() if field.type != "FORMULA"}
    if values := _field_values(event, box.fields, writable):
        wanted["fields"] = values
    if "assignee_keys" in wanted:
        wanted["assignees"] = [{"user_key": key} for key in wanted.pop("assignee_keys")]
    if wanted:
        box = boxes.edit(ctx, box.key, wanted)
    if "email_blacklist" in wanted:
        # The addresses that the list took from the box.
        before = msgspec.json.decode(event.before or b"{}")["emails"].get("addresses", [])
        boxes.add_addresses(ctx, box, before)
    return bool(wanted)


def _email_lists(event: Event, box: Box) -> Values:
    """The lists of addresses to set back. The addresses of the box itself change with each mail."""
    old: Values | None = msgspec.json.decode(event.before or b"{}").get("emails")
    after: Values = msgspec.json.decode(event.record)["emails"]
    wanted = {}
    for member in ("blacklist", "whitelist") if old is not None else ():
        was, became, now = (values.get(member, []) for values in (old or {}, after, undo_data.plain(box.emails)))
        if now == was:
            continue
        if now != became:
            raise Conflict(f"the {member} of addresses was changed since")
        wanted[f"email_{member}"] = was
    return wanted


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
    values = {key: value for key, value in before["fields"].items() if key in known and known[key].type != "FORMULA"}
    links = {name: before[name] for name in ("contacts", "organizations") if name in before}
    boxes.edit(ctx, box.key, {"fields": values, **links})
    return True


def _task(ctx: Ctx, event: Event) -> bool:
    wanted = _members(event, tasks.get(ctx, event.subject_key or ""))
    if "assignee_keys" in wanted:
        wanted["assignees"] = [{"user_key": key} for key in wanted.pop("assignee_keys")]
    if wanted:
        tasks.edit(ctx, event.subject_key or "", wanted)
    return bool(wanted)


def _comment(ctx: Ctx, event: Event) -> bool:
    wanted = _members(event, comments.get(ctx, event.subject_key or ""))
    if wanted:
        comments.edit(ctx, event.subject_key or "", wanted)
    return bool(wanted)


def _reaction(opposite: Callable[[Ctx, str, str], Any]) -> Callable[[Ctx, Event], bool]:
    def undo(ctx: Ctx, event: Event) -> bool:
        if event.actor_key != ctx.actor.key:
            raise Conflict("only the user who reacted can undo a reaction")
        opposite(ctx, event.subject_key or "", event.detail["what"])
        return True

    return undo


def _meeting(ctx: Ctx, event: Event) -> bool:
    key = event.subject_key or ""
    meeting = meetings.get(ctx, key)
    before: Values = msgspec.json.decode(event.before or b"{}")
    task_keys = meetings.task_keys(ctx, [key])[key]
    names = event.detail.get("task_keys", "")
    if task_keys not in (before.get("task_keys", task_keys), names.split(",") if names else []):
        raise Conflict("its tasks were changed since")
    wanted = _members(event, meeting, but=("task_keys",))
    if task_keys != before.get("task_keys", task_keys):
        wanted["task_keys"] = before["task_keys"]
    if wanted:
        meetings.edit(ctx, key, wanted)
    return bool(wanted)


def _pipeline(ctx: Ctx, event: Event) -> bool:
    wanted = _members(event, pipelines.get(ctx, event.subject_key or ""))
    if wanted:
        pipelines.edit(ctx, event.subject_key or "", wanted)
    return bool(wanted)


def _shared(ctx: Ctx, event: Event) -> bool:
    sql = "SELECT 1 FROM events WHERE pipeline_key = :key AND box_key IS NULL AND id > :id AND kind = 'pipeline.shared'"
    before: Values = msgspec.json.decode(event.before or b"{}")
    if ctx.db.row(sql, key=event.subject_key, id=event.id):
        raise Conflict("its members were changed since")
    members = [{"user_key": it["user_key"], "permission_set": it["permission_set"]} for it in before["members"]]
    changes: Values = {"members": members}
    if "permission_sets" in before:
        changes["permission_sets"] = msgspec.convert(before["permission_sets"], dict[str, PermissionSet])
        changes["default_permission_set"] = before["default_permission_set"]
    pipelines.edit(ctx, event.subject_key or "", changes)
    return True


def _stage(ctx: Ctx, event: Event) -> bool:
    pipeline = pipelines.get(ctx, event.pipeline_key or "")
    wanted = _members(event, schema.stage(ctx, pipeline, event.subject_key or ""))
    if not wanted:
        return False
    stage = schema.stage(ctx, pipeline, event.subject_key or "")
    colour = {name: wanted.get(name, getattr(stage, name)) for name in ("foreground", "background")}
    kept = {name: wanted.get(name, getattr(stage, name)) for name in ("name", "kind")}
    stages.edit(ctx, pipeline.key, stage.key, {**kept, "color": colour})
    return True


def _field(ctx: Ctx, event: Event) -> bool:
    pipeline = pipelines.get(ctx, event.pipeline_key or "")
    field = schema.field(ctx, pipeline, event.subject_key or "")
    wanted = _members(event, field)
    removed = {option["key"] for option in wanted.get("options", ())} - {option.key for option in field.options}
    values = undo_data.values(ctx, event) if removed else None
    if wanted:
        fields.edit(ctx, pipeline.key, field.key, wanted, values=values)
    return bool(wanted)


def _view(ctx: Ctx, event: Event) -> bool:
    wanted = _members(event, saved_views.get(ctx, event.pipeline_key or "", event.subject_key or ""))
    if wanted:
        saved_views.edit(ctx, event.pipeline_key or "", event.subject_key or "", wanted)
    return bool(wanted)


def _form(ctx: Ctx, event: Event) -> bool:
    wanted = _members(event, forms.get(ctx, event.pipeline_key or "", event.subject_key or ""))
    if wanted:
        wanted |= wanted.pop("settings", None) or {}
        forms.edit(ctx, event.pipeline_key or "", event.subject_key or "", wanted)
    return bool(wanted)


def _snippet(ctx: Ctx, event: Event) -> bool:
    wanted = _members(event, snippets.get(ctx, event.subject_key or ""))
    if wanted:
        snippets.edit(ctx, event.subject_key or "", wanted)
    return bool(wanted)


def _sequence(ctx: Ctx, event: Event) -> bool:
    wanted = _members(event, sequences.get(ctx, event.subject_key or ""))
    if wanted:
        sequences.edit(ctx, event.subject_key or "", wanted)
    return bool(wanted)


def _sequence_started(ctx: Ctx, event: Event) -> bool:
    if sequence_runs.get(ctx, event.subject_key or "").ended_at is not None:
        return False
    sequence_runs.stop(ctx, event.subject_key or "")
    return True


def _entry(ctx: Ctx, event: Event) -> bool:
    noun = entries.NOUNS[f"{event.kind.partition('.')[0]}s"]
    entry = contact_access.get(ctx, noun, event.subject_key or "")
    wanted = _members(event, entry, but=("fields",))
    names = {key: key for key in {**entry.fields, **_fields_before(event)}}
    if values := _field_values(event, entry.fields, names):
        wanted["fields"] = {key: value or "" for key, value in values.items()}
    for member in ("contact_links", "org_links"):
        if member in wanted:
            wanted[member] = [
                {"key": link["key"], "is_magic_linked": link["is_magic"], "creation_timestamp": link["created_at"]}
                for link in wanted[member]
            ]
    wanted = {member: "" if old is None else old for member, old in wanted.items()}
    if wanted:
        entries.edit(ctx, noun, entry.key, wanted)
    return bool(wanted)


def _fields_before(event: Event) -> Values:
    values: Values = msgspec.json.decode(event.before or b"{}").get("fields") or {}
    return values


def _merged(ctx: Ctx, event: Event) -> bool:
    noun = entries.NOUNS[f"{event.kind.partition('.')[0]}s"]
    if merge.latest(ctx, noun, event.subject_key or "").key != event.detail.get("merge_key"):
        raise Conflict("other entries were merged into it since")
    merge.unmerge(ctx, noun, event.subject_key or "")
    return True


def _unmerged(ctx: Ctx, event: Event) -> bool:
    raise Conflict("an unmerge cannot be undone: merge the entries again")


# Settings of teams, webhooks, automations and rules


def _team(ctx: Ctx, event: Event) -> bool:
    """The team's name, its settings, or the fields of its contacts or organizations with their values."""
    key, before = event.subject_key or "", msgspec.json.decode(event.before or b"{}")
    after = msgspec.json.decode(event.record, type=Team)
    settings = before.get("settings", {})
    changed: Values = {name: settings[name] for name in settings if name in TeamSettings.__struct_fields__}
    old = msgspec.convert({**undo_data.plain(after.settings), **changed}, TeamSettings)
    for name in TEAM_LISTS:
        if (member := f"{name}_fields") in changed:
            was, became = getattr(old, member), getattr(after.settings, member)
            return custom_fields.restore(ctx, name, key, was, became, undo_data.values(ctx, event))
    teams.require_owner(ctx, teams.get(ctx, key))
    team = teams.lock(ctx, key)
    states = {"name": (team.name, before.get("name", team.name), after.name)}
    states |= {it: (getattr(team.settings, it), getattr(old, it), getattr(after.settings, it)) for it in changed}
    wanted = {member: was for member, (now, was, became) in states.items() if now != was}
    for member in wanted:
        now, _, became = states[member]
        if now != became:
            raise Conflict(f"{member.replace('_', ' ')} was changed since")
    title = wanted.pop("name", team.name)
    return team_settings.save(ctx, team, wanted, name=title) != team


_ANY_ADDRESS = Rules(allow_private=True)
"""An earlier address may be restored without a check, because addresses are checked again at each request."""


def _stored_members(ctx: Ctx, event: Event, now: Any) -> Values:
    """Like `_members`, for members that the event does not hold and that are stored for undo."""
    stored = undo_data.find(ctx, event.id)
    return undo_data.unless_changed(stored["before"], stored["after"], now)


def _webhook(ctx: Ctx, event: Event) -> bool:
    webhook = subscriptions.get_for_change(ctx, event.subject_key or "")
    wanted = _stored_members(ctx, event, webhook)
    if wanted:
        subscriptions.edit(ctx, webhook.key, wanted, _ANY_ADDRESS)
    return bool(wanted)


def _inbound(ctx: Ctx, event: Event) -> bool:
    endpoint = inbound_endpoints.get(ctx, event.subject_key or "")
    wanted = _stored_members(ctx, event, endpoint)
    by, at = wanted.pop("repeat_by", endpoint.repeat_by), wanted.pop("repeat_at", endpoint.repeat_at)
    if (by, at) != (endpoint.repeat_by, endpoint.repeat_at):
        wanted["repeat_header" if by == inbound_endpoints.BY_HEADER else "repeat_path"] = at
    if wanted:
        inbound_endpoints.edit(ctx, endpoint.key, wanted)
    return bool(wanted)


def _automation(ctx: Ctx, event: Event) -> bool:
    """The actor becomes the owner of the automation, as with any other edit. Secrets are restored only if they were the
    actor's."""
    automation = automations.get_for_change(ctx, event.subject_key or "")
    wanted = _stored_members(ctx, event, automation)
    owner, secrets = wanted.pop("user_key", automation.user_key), wanted.pop("secrets", automation.secrets)
    definition = wanted.pop("definition", {})
    if definition:
        wanted |= {"filter": None, "condition": None, "allow_self": False, **definition}
    if owner == ctx.actor.key and (definition or secrets != automation.secrets):
        wanted["secrets"] = {**dict.fromkeys(automation.secrets), **secrets}
    if not wanted:
        return False
    try:
        automations.edit(ctx, automation.key, wanted, _ANY_ADDRESS, 0)
    except Invalid as invalid:
        raise Conflict(f"its earlier steps are not possible any longer: {invalid}") from None
    return True


def _switched(ctx: Ctx, event: Event) -> bool:
    automation = automations.get_for_change(ctx, event.subject_key or "", "FLOW_PAUSE_RESUME")
    on = event.kind == "automation.disabled"
    if automation.enabled == on:
        return False
    automations.switch(ctx, automation.key, on)
    return True


def _validator(ctx: Ctx, event: Event) -> bool:
    rule = validation_rules.get(ctx, event.pipeline_key or "", event.subject_key or "")
    before, after = msgspec.json.decode(event.before or b"{}"), msgspec.json.decode(event.record)
    wanted = undo_data.unless_changed(before, after, rule, but=("due_at", "overruns", "saved_at"))
    conditions: Values = {name: wanted.pop(name) for name in ("assertion", "source", "denies") if name in wanted}
    if source := conditions.pop("source", None):
        conditions["formula"] = validation_rules.formula_of(ctx, msgspec.structs.replace(rule, source=source))
    wanted |= {name: value for name, value in conditions.items() if value}
    if wanted:
        validation_rules.edit(ctx, rule.pipeline_key, rule.key, wanted)
    return bool(wanted)


def _validator_deleted(ctx: Ctx, event: Event) -> bool:
    validation_rules.put_back(ctx, msgspec.json.decode(event.record, type=validation_rules.ValidationRule))
    return True


def _thread_shared(ctx: Ctx, event: Event) -> bool:
    before: Values = msgspec.json.decode(event.before or b"{}")
    key = event.subject_key or ""
    if threads.get(ctx, key).share != event.detail.get("share"):
        raise Conflict("who sees this conversation was changed since")
    conversations.share(ctx, key, before["share"])
    return True


def _thread_split(ctx: Ctx, event: Event) -> bool:
    before: Values = msgspec.json.decode(event.before or b"{}")
    conversations.unsplit(ctx, event.subject_key or "", before["thread_key"], before["message_keys"])
    return True


def _decided(opposite: Callable[[Ctx, Event], None]) -> Callable[[Ctx, Event], bool]:
    """Undoes a decision about mail that waits ("to be boxed"), or the undo of one."""

    def undo(ctx: Ctx, event: Event) -> bool:
        opposite(ctx, event)
        return True

    return undo


def _scheduled(ctx: Ctx, event: Event) -> bool:
    letters.cancel(ctx, event.subject_key or "")
    return True


def _sent(ctx: Ctx, event: Event) -> bool:
    raise Conflict("a mail that was sent cannot be taken back")


_UNDO: dict[str, Callable[[Ctx, Event], bool]] = {
    "box": _box,
    "box.moved_pipeline": _moved_pipeline,
    "task": _task,
    "comment": _comment,
    "thread.shared": _thread_shared,
    "message.sent": _sent,
    "letter.scheduled": _scheduled,
    "thread.split": _thread_split,
    "mail_suggestion.boxed": _decided(mail_suggestions.restore),
    "mail_suggestion.dismissed": _decided(mail_suggestions.restore),
    "mail_suggestion.restored": _decided(mail_suggestions.decide_again),
    "comment.reacted": _reaction(comments.unreact),
    "comment.unreacted": _reaction(comments.react),
    "meeting": _meeting,
    "pipeline": _pipeline,
    "pipeline.shared": _shared,
    "stage": _stage,
    "field": _field,
    "view": _view,
    "form": _form,
    "snippet": _snippet,
    "sequence.edited": _sequence,
    "sequence.started": _sequence_started,
    "team.edited": _team,
    "webhook.edited": _webhook,
    "inbound.edited": _inbound,
    "automation.edited": _automation,
    "automation.enabled": _switched,
    "automation.disabled": _switched,
    "validator.edited": _validator,
    "validator.deleted": _validator_deleted,
    "contact": _entry,
    "contact.merged": _merged,
    "contact.unmerged": _unmerged,
    "organization": _entry,
    "organization.merged": _merged,
    "organization.unmerged": _unmerged,
}
