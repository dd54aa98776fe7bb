"""What happened: one row is newsfeed, audit log, webhook outbox, automation trigger and live update.

A row is written in the change's own transaction and holds the record as it was at the commit, what it
was before, and the names a sentence needs, since names change afterwards. Nothing else lists kinds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import msgspec

from ..db.records import Table
from . import users
from .context import Ctx


class Kind(msgspec.Struct, frozen=True):
    """One kind of event. `story` is said of a box, `{box}` standing for its name or "this box"."""

    scope: str
    operation: str
    specific: str
    story: str
    condensed: bool = True
    """Shown where only what matters is asked for (`detailLevel=CONDENSED`)."""
    quiet: bool = False
    """A draft is nobody's news: in no newsfeed, and no webhook or automation hears it."""
    live: bool = False
    """Quiet, but whoever watches is told: what it says is on somebody's screen."""
    by_itself: bool = False
    """Nobody did it: the story is a sentence without an author."""


KINDS: dict[str, Kind] = {
    "user.signed_in": Kind("USER", "EDIT", "SIGN_IN", "signed in with {what}", False),
    # In no newsfeed or stream, for it is the team's owners' alone: in the audit log (core/audit).
    "user.sign_in_failed": Kind(
        "USER", "EDIT", "FAIL_SIGN_IN", "Signing in as {subject} failed: {what}", False, quiet=True, by_itself=True
    ),
    "user.signed_out": Kind("USER", "EDIT", "SIGN_OUT", "signed a browser out", False),
    "user.password_changed": Kind("USER", "EDIT", "CHANGE_PASSWORD", "changed the password", False),
    "user.totp_added": Kind("USER", "EDIT", "ADD_AUTHENTICATOR", "added an authenticator", False),
    "user.totp_removed": Kind("USER", "EDIT", "REMOVE_AUTHENTICATOR", "removed the authenticator", False),
    "user.recovery_codes_renewed": Kind("USER", "EDIT", "RENEW_RECOVERY_CODES", "made other recovery codes", False),
    "user.identity_added": Kind("USER", "EDIT", "ADD_IDENTITY", "signs in by {what} from now on", False),
    "user.passkey_added": Kind("USER", "EDIT", "ADD_PASSKEY", "added the passkey {subject}", False),
    "user.passkey_removed": Kind("USER", "EDIT", "REMOVE_PASSKEY", "removed the passkey {subject}", False),
    "user.reset_asked": Kind("USER", "EDIT", "ASK_FOR_RESET", "asked for another password", False),
    "mail.edited": Kind("USER", "EDIT", "EDIT_MAIL_SETTINGS", "changed how mail leaves", False),
    "team.created": Kind("TEAM", "CREATE", "NEW_TEAM", "created the team {subject}", False),
    "team.edited": Kind("TEAM", "EDIT", "EDIT_TEAM", "changed the team {subject}", False),
    "member.invited": Kind("TEAM", "EDIT", "INVITE_MEMBER", "invited {subject} to the team", False),
    "member.uninvited": Kind("TEAM", "EDIT", "UNINVITE_MEMBER", "took back the invitation of {subject}", False),
    "member.added": Kind("TEAM", "EDIT", "ADD_MEMBER", "added {subject} to the team", False),
    "member.joined": Kind("TEAM", "EDIT", "JOIN_TEAM", "accepted the invitation to the team", False),
    "member.role_changed": Kind("TEAM", "EDIT", "EDIT_MEMBER_ROLE", "made {subject} {what} of the team", False),
    "member.archived": Kind("TEAM", "EDIT", "ARCHIVE_MEMBER", "archived {subject}", False),
    "member.left": Kind("TEAM", "EDIT", "LEAVE_TEAM", "left the team", False),
    "member.removed": Kind("TEAM", "EDIT", "REMOVE_MEMBER", "took {subject} out of the team", False),
    "key.created": Kind("USER", "CREATE", "NEW_API_KEY", "made the API key {subject}", False),
    "key.revoked": Kind("USER", "DELETE", "REVOKE_API_KEY", "revoked the API key {subject}", False),
    "pipeline.created": Kind("PIPELINE", "CREATE", "NEW_PIPELINE", "created {pipeline}"),
    "pipeline.edited": Kind("PIPELINE", "EDIT", "EDIT_PIPELINE", "changed {what} of {pipeline}"),
    "pipeline.shared": Kind("PIPELINE", "EDIT", "EDIT_SHARING", "changed who can reach {pipeline}"),
    "pipeline.imported": Kind("PIPELINE", "EDIT", "IMPORT_BOXES", "imported {what} into {pipeline}"),
    # For the audit log alone, like the sign-in that failed.
    "pipeline.exported": Kind("PIPELINE", "EDIT", "EXPORT_BOXES", "exported {pipeline} as {what}", False, quiet=True),
    "pipeline.deleted": Kind("PIPELINE", "DELETE", "DELETE_PIPELINE", "deleted {pipeline}"),
    "pipeline.restored": Kind("PIPELINE", "CREATE", "RESTORE_PIPELINE", "brought back {pipeline}"),
    "stage.created": Kind("STAGE", "CREATE", "ADD_STAGE", "added the stage {subject} to {pipeline}"),
    "stage.edited": Kind("STAGE", "EDIT", "EDIT_STAGE_SETTINGS", "changed the stage {subject} of {pipeline}", False),
    "stage.deleted": Kind("STAGE", "DELETE", "DELETE_STAGE", "deleted the stage {subject} of {pipeline}"),
    "stage.restored": Kind("STAGE", "CREATE", "RESTORE_STAGE", "brought back the stage {subject} of {pipeline}"),
    "field.created": Kind("FIELD", "CREATE", "ADD_FIELD", "added the column {subject} to {pipeline}", False),
    "field.edited": Kind("FIELD", "EDIT", "EDIT_FIELD_SETTINGS", "changed the column {subject} of {pipeline}", False),
    "field.deleted": Kind("FIELD", "DELETE", "DELETE_FIELD", "deleted the column {subject} of {pipeline}", False),
    "field.restored": Kind(
        "FIELD", "CREATE", "RESTORE_FIELD", "brought back the column {subject} of {pipeline}", False
    ),
    "box.created": Kind("BOX", "CREATE", "NEW_BOX", "created {box}"),
    "box.moved": Kind("BOX", "EDIT", "EDIT_STAGE", "moved {box} to {stage}"),
    "box.moved_pipeline": Kind("BOX", "EDIT", "EDIT_PIPELINE", "moved {box} from {old_pipeline} to {pipeline}"),
    "box.renamed": Kind("BOX", "EDIT", "EDIT_NAME", "renamed {old_name} to {box}"),
    "box.notes_edited": Kind("BOX", "EDIT", "EDIT_NOTES", "edited the notes of {box}", False),
    "box.fields_edited": Kind("BOX", "EDIT", "EDIT_FIELD", "changed {what} of {box}", False),
    "box.assigned": Kind("BOX", "EDIT", "EDIT_ASSIGNED_TO", "assigned {box} to {what}"),
    "box.followed": Kind("BOX", "EDIT", "EDIT_FOLLOWERS", "changed the followers of {box}", False),
    "box.linked": Kind("BOX", "EDIT", "EDIT_LINKED_BOXES", "changed the boxes linked to {box}", False),
    "box.contacts_edited": Kind("BOX", "EDIT", "EDIT_CONTACTS", "changed the contacts of {box}", False),
    "box.organizations_edited": Kind("BOX", "EDIT", "EDIT_ORGANIZATIONS", "changed the organizations of {box}", False),
    "box.email_added": Kind("BOX", "EDIT", "NEW_EMAIL_ADDRESS", "added the address {email} to {box}", False),
    "box.marked": Kind("BOX", "EDIT", "ADD_GOLDEN_MARK", "marked {box} as golden", False),
    "box.unmarked": Kind("BOX", "EDIT", "REMOVE_GOLDEN_MARK", "took the golden mark off {box}", False),
    "box.placed": Kind("BOX", "EDIT", "EDIT_PLACE", "put {box} in its place on the board", False, True, live=True),
    "box.deleted": Kind("BOX", "DELETE", "DELETE_BOX", "deleted {box}"),
    "box.restored": Kind("BOX", "CREATE", "RESTORE_BOX", "brought back {box}"),
    "task.created": Kind("TASK", "CREATE", "ADD_TASK", "added the task {subject} to {box}"),
    "task.edited": Kind("TASK", "EDIT", "EDIT_TASK", "changed the task {subject} of {box}", False),
    "task.rescheduled": Kind("TASK", "EDIT", "EDIT_TASK_DUE_DATE", "changed when {subject} of {box} is due", False),
    "task.assigned": Kind("TASK", "EDIT", "EDIT_TASK_ASSIGNED_TO", "assigned {subject} of {box} to {what}", False),
    "task.completed": Kind("TASK", "EDIT", "COMPLETE_TASK", "completed the task {subject} of {box}"),
    "task.reopened": Kind("TASK", "EDIT", "REOPEN_TASK", "reopened the task {subject} of {box}"),
    "task.due": Kind("TASK", "EDIT", "TASK_DUE", "The task {subject} of {box} is due", by_itself=True),
    "task.deleted": Kind("TASK", "DELETE", "DELETE_TASK", "deleted the task {subject} of {box}"),
    "task.restored": Kind("TASK", "CREATE", "RESTORE_TASK", "brought back the task {subject} of {box}"),
    "task.drafted": Kind("TASK", "EDIT", "DRAFT_TASK", "drafted a task of {box}", False, quiet=True),
    "comment.created": Kind("COMMENT", "CREATE", "ADD_COMMENT", "commented on {box}: {subject}"),
    "comment.edited": Kind("COMMENT", "EDIT", "EDIT_COMMENT", "changed a comment on {box}: {subject}", False),
    "comment.deleted": Kind("COMMENT", "DELETE", "DELETE_COMMENT", "deleted a comment on {box}"),
    "comment.restored": Kind("COMMENT", "CREATE", "RESTORE_COMMENT", "brought back a comment on {box}: {subject}"),
    "comment.reacted": Kind("COMMENT", "EDIT", "ADD_REACTION", "reacted {what} to a comment on {box}", False),
    "comment.unreacted": Kind("COMMENT", "EDIT", "DELETE_REACTION", "took {what} back from a comment on {box}", False),
    "meeting.created": Kind("MEETING", "CREATE", "ADD_MEETING", "logged {what} on {box}"),
    "meeting.edited": Kind("MEETING", "EDIT", "EDIT_MEETING", "changed {what} of {box}", False),
    "meeting.deleted": Kind("MEETING", "DELETE", "DELETE_MEETING", "deleted {what} of {box}"),
    "meeting.restored": Kind("MEETING", "CREATE", "RESTORE_MEETING", "brought back {what} of {box}"),
    "meeting.drafted": Kind("MEETING", "EDIT", "DRAFT_MEETING", "drafted {what} of {box}", False, quiet=True),
    "box.email_received": Kind("BOX", "EDIT", "NEW_EMAIL", "{email} wrote to {box}", False, by_itself=True),
    "thread.added": Kind("THREAD", "CREATE", "ADD_THREAD", "added the conversation {subject} to {box}"),
    "thread.removed": Kind("THREAD", "DELETE", "DELETE_THREAD", "removed the conversation {subject} from {box}"),
    "thread.restored": Kind("THREAD", "CREATE", "RESTORE_THREAD", "brought back the conversation {subject} of {box}"),
    "message.added": Kind("MESSAGE", "CREATE", "ADD_MESSAGE", "added the mail {subject} from {email} to {box}", False),
    "file.added": Kind("FILE", "CREATE", "ADD_FILE", "added the file {subject} to {box}"),
    "file.deleted": Kind("FILE", "DELETE", "DELETE_FILE", "deleted the file {subject} of {box}"),
    "file.restored": Kind("FILE", "CREATE", "RESTORE_FILE", "brought back the file {subject} of {box}"),
    "snippet.created": Kind("SNIPPET", "CREATE", "ADD_SNIPPET", "added the snippet {subject}", False),
    "snippet.edited": Kind("SNIPPET", "EDIT", "EDIT_SNIPPET", "changed the snippet {subject}", False),
    "snippet.deleted": Kind("SNIPPET", "DELETE", "DELETE_SNIPPET", "deleted the snippet {subject}", False),
    "snippet.restored": Kind("SNIPPET", "CREATE", "RESTORE_SNIPPET", "brought back the snippet {subject}", False),
    "view.created": Kind("VIEW", "CREATE", "ADD_VIEW", "added the view {subject} to {pipeline}", False),
    "view.edited": Kind("VIEW", "EDIT", "EDIT_VIEW", "changed the view {subject} of {pipeline}", False),
    "view.deleted": Kind("VIEW", "DELETE", "DELETE_VIEW", "deleted the view {subject} of {pipeline}", False),
    "view.restored": Kind("VIEW", "CREATE", "RESTORE_VIEW", "brought back the view {subject} of {pipeline}", False),
    "validator.created": Kind("VALIDATOR", "CREATE", "ADD_VALIDATOR", "added the rule {subject} to {pipeline}", False),
    "validator.edited": Kind("VALIDATOR", "EDIT", "EDIT_VALIDATOR", "changed the rule {subject} of {pipeline}", False),
    "validator.deleted": Kind(
        "VALIDATOR", "DELETE", "DELETE_VALIDATOR", "deleted the rule {subject} of {pipeline}", False
    ),
    "webhook.created": Kind("WEBHOOK", "CREATE", "NEW_WEBHOOK", "subscribed to {subject}", False),
    "webhook.edited": Kind("WEBHOOK", "EDIT", "EDIT_WEBHOOK", "changed the subscription to {subject}", False),
    "webhook.deleted": Kind("WEBHOOK", "DELETE", "DELETE_WEBHOOK", "ended the subscription to {subject}", False),
    "webhook.restored": Kind("WEBHOOK", "CREATE", "RESTORE_WEBHOOK", "subscribed to {subject} again", False),
    "webhook.missed": Kind("WEBHOOK", "EDIT", "MISS_DELIVERY", "missed one {subject}: no attempt succeeded", False),
    "webhook.switched_off": Kind(
        "WEBHOOK", "EDIT", "SWITCH_OFF_WEBHOOK", "is no longer sent {subject}: nothing but failures for five days"
    ),
    "webhook.gone": Kind("WEBHOOK", "DELETE", "LOSE_WEBHOOK", "is no longer sent {subject}: it wants no more", False),
    "inbound.created": Kind("INBOUND", "CREATE", "NEW_INBOUND", "made the inbound webhook {subject}", False),
    "inbound.edited": Kind("INBOUND", "EDIT", "EDIT_INBOUND", "changed the inbound webhook {subject}", False),
    "inbound.deleted": Kind("INBOUND", "DELETE", "DELETE_INBOUND", "deleted the inbound webhook {subject}", False),
    "inbound.restored": Kind(
        "INBOUND", "CREATE", "RESTORE_INBOUND", "brought back the inbound webhook {subject}", False
    ),
    # In no newsfeed, for there may be thousands an hour; who starts automations is told by hand (core/arrivals).
    "hook.received": Kind("INBOUND", "EDIT", "CALL_INBOUND", "{subject} was called", False, quiet=True, by_itself=True),
    "automation.created": Kind("AUTOMATION", "CREATE", "NEW_AUTOMATION", "added the automation {subject}", False),
    "automation.edited": Kind("AUTOMATION", "EDIT", "EDIT_AUTOMATION", "changed the automation {subject}", False),
    "automation.enabled": Kind(
        "AUTOMATION", "EDIT", "ENABLE_AUTOMATION", "switched on the automation {subject}", False
    ),
    "automation.disabled": Kind(
        "AUTOMATION", "EDIT", "DISABLE_AUTOMATION", "switched off the automation {subject}", False
    ),
    "automation.paused": Kind(
        "AUTOMATION", "EDIT", "PAUSE_AUTOMATION", "The automation {subject} was switched off: {reason}", by_itself=True
    ),
    "automation.restored": Kind(
        "AUTOMATION", "CREATE", "RESTORE_AUTOMATION", "brought back the automation {subject}", False
    ),
    "automation.deleted": Kind("AUTOMATION", "DELETE", "DELETE_AUTOMATION", "deleted the automation {subject}", False),
    "contact.created": Kind("CONTACT", "CREATE", "NEW_CONTACT", "created the contact {subject}"),
    "contact.edited": Kind("CONTACT", "EDIT", "EDIT_CONTACT", "changed {what} of the contact {subject}", False),
    "contact.merged": Kind("CONTACT", "EDIT", "MERGE_CONTACT", "merged {what} into the contact {subject}"),
    "contact.unmerged": Kind("CONTACT", "EDIT", "UNMERGE_CONTACT", "took {what} out of the contact {subject} again"),
    "contact.restored": Kind("CONTACT", "CREATE", "RESTORE_CONTACT", "brought back the contact {subject}"),
    "contact.deleted": Kind("CONTACT", "DELETE", "DELETE_CONTACT", "deleted the contact {subject}"),
    "organization.created": Kind("ORGANIZATION", "CREATE", "NEW_ORGANIZATION", "created the organization {subject}"),
    "organization.edited": Kind(
        "ORGANIZATION", "EDIT", "EDIT_ORGANIZATION", "changed {what} of the organization {subject}", False
    ),
    "organization.merged": Kind(
        "ORGANIZATION", "EDIT", "MERGE_ORGANIZATION", "merged {what} into the organization {subject}"
    ),
    "organization.unmerged": Kind(
        "ORGANIZATION", "EDIT", "UNMERGE_ORGANIZATION", "took {what} out of the organization {subject} again"
    ),
    "organization.restored": Kind(
        "ORGANIZATION", "CREATE", "RESTORE_ORGANIZATION", "brought back the organization {subject}"
    ),
    "organization.deleted": Kind("ORGANIZATION", "DELETE", "DELETE_ORGANIZATION", "deleted the organization {subject}"),
}
QUIET = tuple(name for name, kind in KINDS.items() if kind.quiet)


FOLLOWED = frozenset(
    "box.moved box.moved_pipeline box.deleted box.email_received comment.created task.completed meeting.created "
    "file.added thread.added".split()
)
"""What a box's followers are told of."""
FAILED = frozenset("webhook.switched_off webhook.gone webhook.missed automation.paused".split())
"""What its owner is told of."""
LOUD = (
    FOLLOWED | FAILED | {"box.created", "box.assigned", "task.created", "task.assigned", "task.due", "comment.edited"}
)
"""What somebody may be told of by name (see `notifications`)."""


class Event(msgspec.Struct, frozen=True):
    """`record` and `before` are JSON of our own records; `detail` holds the names, all texts."""

    id: int
    kind: str
    at: int
    actor_key: str | None
    team_key: str | None
    pipeline_key: str | None
    box_key: str | None
    subject_key: str | None
    record: msgspec.Raw
    before: msgspec.Raw | None
    detail: dict[str, str]


class Happened(NamedTuple):
    """An event as listeners receive it, in the transaction that records it."""

    event_id: int
    kind: str
    thing: Any
    """The record that the event is about, as it is now (as it was, for a deletion)."""
    team_key: str | None
    pipeline: Any
    box: Any
    before: dict[str, Any] | None
    """The old values of the changed members."""
    detail: dict[str, str]
    payload: Any
    """What came with it and is not stored in the event, such as the body of a request."""


class Listener(NamedTuple):
    on_event: Callable[[Ctx, Happened], None]
    listens: Callable[[Ctx, str, Any], bool]
    """Whether it has something to do for events of this kind in this pipeline."""


LISTENERS: list[Listener] = []
"""In the order they are called; `listeners.connect` fills it."""
EVENTS = Table("events", Event)
_COLUMNS = ", ".join(EVENTS.names[1:])
_INSERT = f"""
    INSERT INTO events ({_COLUMNS}) VALUES ({", ".join(f":{name}" for name in EVENTS.names[1:])}) RETURNING id
"""
_encode = msgspec.json.Encoder().encode


def record(
    ctx: Ctx,
    kind: str,
    thing: msgspec.Struct,
    *,
    team_key: str | None = None,
    pipeline: Any = None,
    box: Any = None,
    before: dict[str, Any] | None = None,
    people: Iterable[str] = (),
    payload: Any = None,
    **detail: str,
) -> int:
    """Say that it happened, in the change's own transaction; the event's number.

    `thing` is the record as it is now (as it was, for a deletion), `before` the changed members' old
    values. `pipeline` and `box` say where it belongs and give their names to `detail`. `people` are the keys
    of the users it names, kept as they are now, so that it can be shown as it was. `payload` is for the listeners
    alone and is not stored.
    """
    if not LISTENERS:
        raise RuntimeError("events are recorded before listeners.connect() was called: webhooks would miss them")
    by_itself = KINDS[kind].by_itself
    detail["author"] = "" if by_itself else users.person(ctx.actor).display_name
    if ctx.change:
        detail["change_id"] = ctx.change
    if ctx.via and not by_itself:
        detail["via"] = ctx.via
    if ctx.undoes:
        detail["undoes"] = ctx.undoes
    if people:
        known = users.people(ctx, people)
        kept = {key: known[key] for key in dict.fromkeys(people) if key in known}
        detail["people"] = _encode(kept).decode()
    team_key = team_key or (pipeline.team_key if pipeline is not None else None)
    if pipeline is not None:
        detail.setdefault("pipeline_name", pipeline.name)
    if box is not None:
        detail.setdefault("box_name", box.name)
    found = ctx.db.row(
        _INSERT,
        kind=kind,
        at=ctx.now,
        actor_key=None if by_itself else ctx.actor.key,
        team_key=team_key,
        pipeline_key=pipeline.key if pipeline is not None else None,
        box_key=box.key if box is not None else None,
        subject_key=getattr(thing, "key", None),
        record=_encode(thing).decode(),
        before=None if before is None else _encode(before).decode(),
        detail=_encode(detail).decode(),
    )
    assert found is not None
    event_id = int(found[0])
    ctx.change = ctx.change or key_of(event_id)
    happened = Happened(event_id, kind, thing, team_key, pipeline, box, before, detail, payload)
    for listener in LISTENERS:
        listener.on_event(ctx, happened)
    ctx.db.notify("events")
    return event_id


def anyone_listens(ctx: Ctx, kind: str, pipeline: Any) -> bool:
    """Whether a listener has something to do for events of this kind in this pipeline. Where it has not, many events
    may be written at once."""
    return any(listener.listens(ctx, kind, pipeline) for listener in LISTENERS)


def key_of(event_id: int) -> str:
    """An event's key on the wire."""
    return f"n{event_id:012d}"


def brief(text: str) -> str:
    """As much of a text as a sentence holds."""
    line = " ".join(text.split())
    return line if len(line) <= 100 else f"{line[:99]}…"
