"""Webhook subscriptions: a URL that gets the events of a pipeline or a team (spec 5.1, 5.2)."""

from __future__ import annotations

from typing import Any

import msgspec

from ...db.engine import Db
from ...db.records import Table
from ...errors import Forbidden, Invalid, NotFound
from ...lib import ids, signing
from ...lib.address_rules import Refused, Rules, check_headers
from .. import access, cel, event_kinds, events, pipelines, trash, undo_data
from ..accounts import makers
from ..context import Ctx
from ..people import endpoint_quota, teams
from ..pipelines import names, schema
from ..records import Team
from ..records.scopes import READ
from . import secret_rotation

# The name of each kind of event in subscriptions. Kinds that are not listed here cannot be subscribed to.
EVENT_NAMES = {
    "box.created": "BOX_CREATE",
    "box.restored": "BOX_CREATE",
    "box.deleted": "BOX_DELETE",
    "box.renamed": "BOX_EDIT",
    "box.notes_edited": "BOX_EDIT",
    "box.fields_edited": "BOX_EDIT",
    "box.assigned": "BOX_EDIT",
    "box.followed": "BOX_EDIT",
    "box.linked": "BOX_EDIT",
    "box.contacts_edited": "BOX_EDIT",
    "box.organizations_edited": "BOX_EDIT",
    "box.emails_edited": "BOX_EDIT",
    "box.moved": "BOX_CHANGE_STAGE",
    "box.moved_pipeline": "BOX_CHANGE_PIPELINE",
    "box.email_added": "BOX_NEW_EMAIL_ADDRESS",
    "box.email_received": "BOX_NEW_EMAIL_RECEIVED",
    "message.sent": "BOX_EMAIL_SENT",
    "message.bounced": "BOX_EMAIL_BOUNCED",
    "message.opened": "BOX_EMAIL_OPENED",
    "message.clicked": "BOX_EMAIL_CLICKED",
    "stage.created": "STAGE_CREATE",
    "stage.restored": "STAGE_CREATE",
    "comment.created": "COMMENT_CREATE",
    "comment.restored": "COMMENT_CREATE",
    "meeting.created": "MEETING_CREATE",
    "meeting.restored": "MEETING_CREATE",
    "meeting.edited": "MEETING_UPDATE",
    "task.created": "TASK_CREATE",
    "task.restored": "TASK_CREATE",
    "task.completed": "TASK_COMPLETE",
    "task.due": "TASK_DUE",
    "task.edited": "TASK_UPDATED",
    "task.rescheduled": "TASK_UPDATED",
    "task.assigned": "TASK_UPDATED",
    "task.reopened": "TASK_UPDATED",
    "contact.created": "CONTACT_CREATE",
    "contact.restored": "CONTACT_CREATE",
    "contact.edited": "CONTACT_UPDATE",
    "contact.merged": "CONTACT_UPDATE",
    "contact.unmerged": "CONTACT_UPDATE",
    "contact.deleted": "CONTACT_DELETE",
    "organization.created": "ORG_CREATE",
    "organization.restored": "ORG_CREATE",
    "organization.edited": "ORG_UPDATE",
    "organization.merged": "ORG_UPDATE",
    "organization.unmerged": "ORG_UPDATE",
    "organization.deleted": "ORG_DELETE",
    "thread.added": "THREAD_ADDED_TO_BOX",
    "thread.restored": "THREAD_ADDED_TO_BOX",
    "thread.removed": "THREAD_REMOVED_FROM_BOX",
    "proposal.created": "PROPOSAL_CREATE",
    "proposal.approved": "PROPOSAL_APPROVE",
}
EVENTS = tuple(dict.fromkeys(EVENT_NAMES.values()))
TEAM_EVENTS = ("CONTACT_", "ORG_")
# Names that only Nango's guide uses for these events.
_ALIASES = {"BOX_CREATED": "BOX_CREATE", "BOX_EDITED": "BOX_EDIT"}
BOX_MEMBERS = {
    "name": "name",
    "notes": "notes",
    "assignee_keys": "assignedToSharingEntries",
    "follower_keys": "followerKeys",
    "linked_box_keys": "linkedBoxKeys",
    "contacts": "contacts",
    "organizations": "organizations",
    "emails": "emailAddresses",
}
"""The members of a box, on the wire, that a filter by changed fields may name besides the pipeline's fields."""
CONDITION_NAMES = ("event", "item", "before")
"""The names in a condition: the event's name, the thing as it is sent, and the changed members before the change."""
TOKEN_HEADER = "X-Streak-Webhook-Token"
LIST, FULL = "list", "full"
MOST_EVENTS_AT_ONCE = 100


class Webhook(msgspec.Struct, frozen=True):
    key: str
    event: str
    target_url: str
    token: str | None
    scope_key: str
    """The pipeline's key or the team's."""
    pipeline_key: str | None
    team_key: str | None
    user_key: str
    """The owner: deliveries report what this user has access to."""
    secret: str
    previous_secret: str | None
    previous_until: int | None
    stages: list[str]
    """Only events of boxes in these stages; empty for all."""
    fields: list[str]
    """Only edits that changed one of these; empty for all."""
    condition: str
    """In CEL, about what is sent: only events for which it is true; empty for all."""
    ordered: bool
    active: bool
    off_at: int | None
    on_at: int | None
    """When it was switched off, and on again: events between these times were not sent."""
    off_reason: str | None
    created_at: int
    updated_at: int
    failures: int
    """Failed attempts in a row."""
    failing_since: int | None
    probes: int
    waits_until: int
    """Nothing is sent before this time; 0 while the endpoint works."""
    name: str = ""
    events: list[str] = []
    """All events, if there are several; empty if there is only `event`."""
    payload: str = LIST
    """`list` for Streak's list of changed things, `full` for envelopes that also say what changed, and who did it."""
    by_box: bool = False
    """If it is `ordered`: whether only the deliveries of each box are in order, beside those of other boxes."""
    batch_size: int = 1
    """The most events in one request."""
    maker: str | None = None
    """The API key through which it was saved last (see `accounts/makers`)."""

    @property
    def event_names(self) -> list[str]:
        return self.events or [self.event]

    def secrets(self, now: int) -> list[str]:
        """The secrets that a delivery is signed with now: both during a rotation."""
        return secret_rotation.valid_secrets(self.secret, self.previous_secret, self.previous_until, now)


WEBHOOKS = Table("webhooks", Webhook)
EDITED = (
    *("event", "target_url", "token", "stages", "fields", "condition", "ordered", "active"),
    *("name", "events", "payload", "by_box", "batch_size"),
)
"""What an edit may change."""
HEALTHY = {"failures": 0, "failing_since": None, "probes": 0, "waits_until": 0}


class WebhookUpdate(msgspec.Struct, frozen=True):
    """What an event reports about a subscription: nothing that helps to receive or forge deliveries."""

    key: str
    event: str
    host: str
    user_key: str


def get(ctx: Ctx, key: str) -> Webhook:
    """The actor's own subscription, or any subscription of a pipeline the actor may change, or a team the actor owns.

    Raises `NotFound`.
    """
    return _reach(ctx, key, "")


def get_for_change(ctx: Ctx, key: str) -> Webhook:
    """The same, with its row locked."""
    return _reach(ctx, key, ctx.db.for_update)


def _reach(ctx: Ctx, key: str, lock: str) -> Webhook:
    row = ctx.db.row(f"SELECT {WEBHOOKS.columns} FROM webhooks WHERE key = :key{lock}", key=key)
    if row is None:
        raise NotFound(key)
    webhook = WEBHOOKS.load(row)
    try:
        may_change_all = _may_change_all(ctx, webhook)
    except NotFound:
        raise NotFound(key) from None
    if not may_change_all and webhook.user_key != ctx.actor.key:
        raise NotFound(key)
    return webhook


def _may_change_all(ctx: Ctx, webhook: Webhook) -> bool:
    """Whether the actor may change other users' subscriptions here. Raises `NotFound` without access to the place."""
    if webhook.pipeline_key is not None:
        role = pipelines.reach(ctx, webhook.pipeline_key)[1]
        return access.allows(ctx, role, "PIPELINE", "UPDATE") and role.sees_all_boxes()
    return _owns(ctx, teams.get_whole(ctx, webhook.scope_key))


def _owns(ctx: Ctx, team: Team) -> bool:
    try:
        teams.require_owner(ctx, team)
    except Forbidden:
        return False
    return True


def list_for_pipeline(ctx: Ctx, key: str, *, limit: int, offset: int) -> list[Webhook]:
    """Subscriptions of a pipeline that the actor may see, the oldest first."""
    pipeline, role = pipelines.reach(ctx, key)
    may_change_all = access.allows(ctx, role, "PIPELINE", "UPDATE") and role.sees_all_boxes()
    return _list_for_scope(ctx, pipeline.key, may_change_all, limit, offset)


def list_for_team(ctx: Ctx, key: str, *, limit: int, offset: int) -> list[Webhook]:
    """Subscriptions of a team that the actor may see, the oldest first."""
    team = teams.get_whole(ctx, key)
    return _list_for_scope(ctx, team.key, _owns(ctx, team), limit, offset)


def _list_for_scope(ctx: Ctx, key: str, may_change_all: bool, limit: int, offset: int) -> list[Webhook]:
    own = "" if may_change_all else "AND user_key = :actor"
    rows = ctx.db.rows(
        f"""
        SELECT {WEBHOOKS.columns} FROM webhooks WHERE scope_key = :scope {own}
        ORDER BY created_at, key LIMIT :limit OFFSET :offset
        """,
        scope=key,
        limit=limit,
        offset=offset,
        **({} if may_change_all else {"actor": ctx.actor.key}),
    )
    return WEBHOOKS.load_all(rows)


def create(ctx: Ctx, given: dict[str, Any], rules: Rules, most: int = 0) -> Webhook:
    """Create a subscription from `event` or `events`, `target_url`, and `pipeline_key` or else `team_key`.

    A team may have `most` subscriptions; 0 means any number.
    """
    pipeline = team = None
    if given.get("pipeline_key"):
        pipeline = pipelines.get(ctx, given["pipeline_key"])
    elif given.get("team_key"):
        team = teams.get_to_work_in(ctx, given["team_key"])
    else:
        raise Invalid("pipelineKey", "is missing: name a pipeline, or a team with teamKey")
    if not (asked := given.get("events") or [given["event"]] if given.get("event") or given.get("events") else []):
        raise Invalid("event", "is missing: name an event, or several in events")
    if pipeline and all(str(name).startswith(TEAM_EVENTS) for name in asked):
        # Contacts and organizations belong to teams: a program that always names a pipeline means its team.
        team, pipeline = teams.get_to_work_in(ctx, given.get("team_key") or pipeline.team_key), None
    scope = pipeline or (team and teams.get_whole(ctx, team.key))
    assert scope is not None
    if not given.get("target_url"):
        raise Invalid("targetUrl", "is missing")
    endpoint_quota.require_subscription(ctx, pipeline.team_key if pipeline else scope.key, most)
    blank = Webhook(
        key=ids.new("w", ctx.now),
        event="",
        target_url="",
        token=None,
        scope_key=scope.key,
        pipeline_key=pipeline.key if pipeline else None,
        team_key=team.key if team else None,
        user_key=ctx.actor.key,
        secret=signing.new_secret(),
        previous_secret=None,
        previous_until=None,
        stages=[],
        fields=[],
        condition="",
        ordered=False,
        active=True,
        off_at=None,
        on_at=None,
        off_reason=None,
        created_at=ctx.now,
        updated_at=ctx.now,
        failures=0,
        failing_since=None,
        probes=0,
        waits_until=0,
    )
    webhook = _with_changes(ctx, blank, given, rules)
    require_readable(ctx, webhook)
    webhook = msgspec.structs.replace(webhook, maker=makers.maker_of(ctx))
    WEBHOOKS.insert(ctx.db, webhook)
    record_event(ctx, "webhook.created", webhook)
    return webhook


def edit(ctx: Ctx, key: str, given: dict[str, Any], rules: Rules) -> Webhook:
    """Apply the given values that differ. With another URL, and when switched on, its failures are forgotten."""
    before = get_for_change(ctx, key)
    after = _with_changes(ctx, before, given, rules)
    require_readable(ctx, after)
    if "active" in given and given["active"] != before.active:
        after = _switched_on(ctx, after) if given["active"] else _switched_off(ctx, after, "switched off by hand")
    if after.target_url != before.target_url:
        after = msgspec.structs.replace(after, **HEALTHY)
    if after == before:
        return before
    after = msgspec.structs.replace(after, updated_at=ctx.now, maker=makers.maker_of(ctx))
    changed = [name for name in WEBHOOKS.names if getattr(after, name) != getattr(before, name)]
    WEBHOOKS.update(ctx.db, after, *changed)
    if after.ordered and after.by_box:
        set_lanes(ctx.db, after.key)
    undo_data.store_members(ctx, record_event(ctx, "webhook.edited", after), before, after, EDITED)
    return after


def require_readable(ctx: Ctx, webhook: Webhook) -> None:
    """Raise `MissingScope` if the API key may not itself read what the subscription sends."""
    if ctx.scopes is None:
        return
    for name in webhook.event_names:
        for noun in nouns_of(name):
            ctx.require(noun, READ)
    if webhook.pipeline_key is not None:
        ctx.require("boxes", READ)


def nouns_of(event_name: str) -> set[str]:
    """The nouns that a reader of this event must be allowed to read."""
    return {event_kinds.noun_of(kind) for kind, name in EVENT_NAMES.items() if name == event_name}


def _switched_on(ctx: Ctx, webhook: Webhook) -> Webhook:
    """Switch it on for events from now on. Deliveries that waited when it was switched off need a replay."""
    ctx.db.run(
        "UPDATE deliveries SET state = 'dead', ended_at = :now WHERE webhook_key = :key AND state = 'due'",
        key=webhook.key,
        now=ctx.now,
    )
    return msgspec.structs.replace(webhook, active=True, on_at=ctx.now, off_reason=None, **HEALTHY)


def _switched_off(ctx: Ctx, webhook: Webhook, reason: str) -> Webhook:
    return msgspec.structs.replace(webhook, active=False, off_at=ctx.now, on_at=None, off_reason=reason)


def set_lanes(db: Db, webhook_key: str) -> None:
    """Put the waiting deliveries of a subscription into the lanes of their boxes."""
    db.run(
        """
        UPDATE deliveries SET lane = COALESCE((SELECT e.box_key FROM events e WHERE e.id = event_id), '')
        WHERE webhook_key = :webhook AND state = 'due' AND lane = ''
        """,
        webhook=webhook_key,
    )


def rotate(ctx: Ctx, key: str) -> Webhook:
    """Give the subscription a new secret. For a day, deliveries are signed with the previous one as well."""
    before = get_for_change(ctx, key)
    require_readable(ctx, before)
    changes = secret_rotation.replace(before.secret, signing.new_secret(), ctx.now)
    after = msgspec.structs.replace(before, **changes, updated_at=ctx.now, maker=makers.maker_of(ctx))
    WEBHOOKS.update(ctx.db, after, *changes, "updated_at", "maker")
    record_event(ctx, "webhook.edited", after)
    return after


def delete(ctx: Ctx, key: str) -> None:
    """Move it to the trash. Its waiting deliveries are not sent."""
    webhook = get_for_change(ctx, key)
    trash.store(ctx, "webhook", key, webhook.name or ", ".join(webhook.event_names))
    ctx.db.run("DELETE FROM webhooks WHERE key = :key", key=webhook.key)
    record_event(ctx, "webhook.deleted", webhook)


def record_event(ctx: Ctx, kind: str, webhook: Webhook) -> int:
    """Record an event that only the owner sees, since a URL can be a secret. Returns the event's number."""
    host = webhook.target_url.partition("://")[2].partition("/")[0]
    update = WebhookUpdate(webhook.key, webhook.event, host, webhook.user_key)
    title = webhook.name or ", ".join(webhook.event_names)
    return events.record(ctx, kind, update, subject=f"{title} at {host}")


# What an edit may change


def _with_changes(ctx: Ctx, webhook: Webhook, given: dict[str, Any], rules: Rules) -> Webhook:
    changes: dict[str, Any] = {}
    changes |= _events(webhook, given)
    for member in ("name", "payload", "ordered", "by_box", "batch_size"):
        if given.get(member) is not None:
            changes[member] = given[member]
    if given.get("target_url"):
        changes["target_url"] = _target(given["target_url"], rules)
    if "token" in given:
        changes["token"] = _token(given["token"] or None)
    if "stages" in given:
        changes["stages"] = _stages(ctx, webhook, given["stages"])
    if "fields" in given:
        changes["fields"] = _fields(ctx, webhook, given["fields"])
    if "condition" in given:
        changes["condition"] = (given["condition"] or "").strip()
        if changes["condition"]:
            cel.check(changes["condition"], CONDITION_NAMES, "condition")
    webhook = msgspec.structs.replace(webhook, **changes)
    if not 1 <= webhook.batch_size <= MOST_EVENTS_AT_ONCE:
        raise Invalid("batchSize", f"must be from 1 to {MOST_EVENTS_AT_ONCE}")
    if webhook.ordered and webhook.by_box and webhook.batch_size > 1:
        raise Invalid("batchSize", "must be 1 with orderBy BOX: a batch holds events of several boxes")
    return webhook


def _events(webhook: Webhook, given: dict[str, Any]) -> dict[str, Any]:
    """The changed events. `events` counts, unless a client sent it back as it was and changed only `event`."""
    now = webhook.event_names
    wanted = list(dict.fromkeys(_event(name) for name in given.get("events") or ()))
    if not wanted or wanted == now:
        event = _event(given["event"]) if given.get("event") else webhook.event
        is_single = "events" in given and not wanted
        wanted = [event] if event != webhook.event or is_single else now
    return {} if wanted == now else {"event": wanted[0], "events": wanted if len(wanted) > 1 else []}


def _event(name: str) -> str:
    name = _ALIASES.get(name, name)
    if name not in EVENTS:
        raise Invalid("event", f"no such event {name[:50]!r}: must be one of {', '.join(EVENTS)}")
    return name


def _target(url: str, rules: Rules) -> str:
    try:
        rules.check_url(url)
    except Refused as refused:
        raise Invalid("targetUrl", str(refused)) from None
    return url


def _token(token: str | None) -> str | None:
    try:
        check_headers({TOKEN_HEADER: token} if token else {})
    except Refused:
        raise Invalid("token", "must be one line of plain ASCII of at most 8,000 characters") from None
    return token


def _stages(ctx: Ctx, webhook: Webhook, keys: list[str]) -> list[str]:
    if keys and webhook.pipeline_key is None:
        raise Invalid("stages", "must be empty for a team: stages belong to one pipeline")
    if keys and webhook.pipeline_key:
        pipeline = pipelines.get(ctx, webhook.pipeline_key)
        keys = [names.stage_key(ctx, pipeline, key, "stages") for key in keys]
    return list(dict.fromkeys(keys))


def _fields(ctx: Ctx, webhook: Webhook, given: list[str]) -> list[str]:
    members = set(BOX_MEMBERS.values())
    by_key = schema.fields_by_key(ctx, webhook.pipeline_key) if webhook.pipeline_key else {}
    found = []
    for name in given:
        field = None if name in members else names.find_field(by_key, name, "fields")
        if field is None and name not in members:
            known = ", ".join([*BOX_MEMBERS.values(), *sorted(by_key)])
            raise Invalid("fields", f"no field {name[:50]!r} here: must be among {known}")
        found.append(field.key if field else name)
    return list(dict.fromkeys(found))
