"""Create the deliveries of an event in the transaction of the change, so that neither exists without the other."""

from __future__ import annotations

from typing import Any

import msgspec

from ...db.engine import Db
from ...lib.durations import SECOND
from .. import access
from ..access import Role
from ..accounts import makers
from ..context import Ctx
from ..events import Happened
from ..people import contact_access
from ..people.contact_access import Rights
from ..records import TEAMS, PermissionSet
from ..records.scopes import READ
from . import deliveries, subscriptions

# If an event has more subscriptions than this, or more owners of them than a tenth of this, a worker creates its
# deliveries later, so that the change does not wait for them.
MOST_SUBSCRIPTIONS = 100
ALL_SUBSCRIPTIONS = 1_000_000
CHANNEL = "deliveries"
BATCH_WAIT = SECOND
"""How long a delivery waits for others, if its subscription has batches."""
MOST_NOTIFIED = 16
"""Deliveries of an event whose keys are in the notification: a worker in this process takes them without a search."""


class EventToSend(msgspec.Struct, frozen=True):
    """What decides which subscriptions get an event."""

    event_id: int
    name: str
    scopes: tuple[str, str, str]
    """Keys of the pipeline, of the pipeline the box came from, and of the team; empty if there is none."""
    stage_key: str | None
    assignee_keys: list[str]
    creator_key: str | None
    changed: list[str]
    fields: dict[str, Any] = {}
    box_key: str = ""


class Subscriber(msgspec.Struct, frozen=True):
    """A subscription, and the access of its owner where the event happened."""

    key: str
    user_key: str
    stages: list[str]
    fields: list[str]
    role: Role | None
    rights: Rights | None
    by_box: bool
    maker: str | None
    place: str
    """The key of the pipeline in which it gets the event; empty for events of the team."""
    waits: bool
    """Whether its deliveries wait for others, to be sent with them in one request."""

    def wants(self, event: EventToSend) -> bool:
        """Whether the subscription gets this event."""
        return self._has_access(event) and self._passes_filters(event)

    def _has_access(self, event: EventToSend) -> bool:
        if self.rights is not None:
            own = self.rights.see == contact_access.OWN and event.creator_key == self.user_key
            return own or self.rights.see == contact_access.ALL
        if self.role is None:
            return False
        return event.stage_key is None or access.allows_user(self.user_key, self.role, "BOX", "GET", event)

    def _passes_filters(self, event: EventToSend) -> bool:
        if self.stages and event.stage_key is not None and event.stage_key not in self.stages:
            return False
        return not self.fields or event.name != "BOX_EDIT" or not set(self.fields).isdisjoint(event.changed)


def on_event(ctx: Ctx, happened: Happened) -> None:
    """Create the deliveries of an event. Without subscriptions this costs one read for all events of a kind.

    Of an edit that is recorded as several events, only the last one is delivered.
    """
    name = subscriptions.EVENT_NAMES.get(happened.kind)
    if name is None or "part" in happened.detail or happened.only_for:
        return
    scopes = (
        happened.pipeline.key if happened.pipeline is not None else "",
        happened.detail.get("old_pipeline_key", ""),
        happened.team_key or "",
    )
    known = _known(ctx, name, scopes)
    if known == []:
        return
    event = event_to_send(happened.event_id, name, scopes, happened.box, happened.thing, happened.detail)
    if known is None:
        encoded = msgspec.json.encode(event).decode()
        ctx.db.run(
            "INSERT INTO fan_outs (event_id, news) VALUES (:event, :news)", event=happened.event_id, news=encoded
        )
        ctx.db.notify(CHANNEL)
    else:
        keys = _create(ctx.db, ctx.now, event, known)
        if ctx.effects is not None:
            ctx.effects.deliveries += keys


# Asked for every event, and nearly always without a result, so it asks as little as possible: 2 µs on SQLite, where the
# whole query takes 28.
_ANY = """
    SELECT 1 FROM webhooks WHERE scope_key = :pipeline AND event = :event
    UNION ALL SELECT 1 FROM webhooks WHERE scope_key = :team AND event = :event
    UNION ALL SELECT 1 FROM webhooks WHERE scope_key IN (:pipeline, :team) AND events <> '[]' AND {} LIMIT 1
"""


def _known(ctx: Ctx, name: str, scopes: tuple[str, str, str]) -> list[Subscriber] | None:
    """The subscriptions to this event, read once in a transaction; None if there are too many for it."""
    memory_key = ("subscriptions", name, scopes)
    if memory_key not in ctx.listening:
        pipeline, old, team = scopes
        alone = pipeline and not old and not _are_any(ctx, name, pipeline, team)
        most = MOST_SUBSCRIPTIONS if ctx.effects is None else ALL_SUBSCRIPTIONS
        ctx.listening[memory_key] = [] if alone else subscribers(ctx.db, name, scopes, most=most)
    found: list[Subscriber] | None = ctx.listening[memory_key]
    return found


def listens(ctx: Ctx, kind: str, pipeline: Any) -> bool:
    """Whether there is an active subscription to events of this kind in this pipeline."""
    name = subscriptions.EVENT_NAMES.get(kind)
    return name is not None and subscribers(ctx.db, name, (pipeline.key, "", pipeline.team_key), most=1) != []


def _are_any(ctx: Ctx, name: str, pipeline: str, team: str) -> bool:
    def read() -> bool:
        sql = _ANY.format(ctx.db.dialect.contains("events", "quoted"))
        return ctx.db.row(sql, pipeline=pipeline, team=team, event=name, quoted=f'"{name}"') is not None

    return ctx.db.remember(("subscriptions", name, pipeline, team), read)


def event_to_send(
    event_id: int, name: str, scopes: tuple[str, str, str], box: Any, thing: Any, detail: dict[str, str]
) -> EventToSend:
    return EventToSend(
        event_id=event_id,
        name=name,
        scopes=scopes,
        stage_key=box.stage_key if box is not None else None,
        assignee_keys=box.assignee_keys if box is not None else [],
        creator_key=getattr(box if box is not None else thing, "creator_key", None),
        changed=[subscriptions.BOX_MEMBERS.get(name, name) for name in detail.get("changed", "").split(",")],
        fields=box.fields if box is not None else {},
        box_key=getattr(box, "key", ""),
    )


def _maker_may_read(db: Db, now: int, subscriber: Subscriber, event_name: str) -> bool:
    nouns = subscriptions.nouns_of(event_name) | ({"boxes"} if subscriber.place else set())
    needs = [(noun, READ) for noun in nouns]
    return subscriber.maker is None or makers.may(db, subscriber.maker, now, needs, subscriber.place or None)


def _create(db: Db, now: int, event: EventToSend, known: list[Subscriber]) -> list[str]:
    """Create the deliveries of an event, and return their keys."""
    wanted = [
        subscriber
        for subscriber in known
        if subscriber.wants(event) and _maker_may_read(db, now, subscriber, event.name)
    ]
    if not wanted:
        return []
    rows = [
        deliveries.row(
            now,
            event.event_id,
            event.name,
            subscriber.key,
            wait=BATCH_WAIT if subscriber.waits else 0,
            lane=event.box_key if subscriber.by_box else "",
        )
        for subscriber in wanted
    ]
    deliveries.add(db, rows)
    keys = [row["key"] for row in rows]
    db.notify(CHANNEL, keys[:MOST_NOTIFIED])
    return keys


def expand(db: Db, now: int) -> bool:
    """Create the deliveries of one event with many subscriptions, in a worker. Returns whether there was one."""
    row = db.row(f"SELECT event_id, news FROM fan_outs ORDER BY event_id LIMIT 1{db.dialect.skip_locked}")
    if row is None:
        return False
    event = msgspec.json.decode(row[1], type=EventToSend)
    _create(db, now, event, subscribers(db, event.name, event.scopes, most=ALL_SUBSCRIPTIONS) or [])
    db.run("DELETE FROM fan_outs WHERE event_id = :event", event=row[0])
    return True


_sets = msgspec.json.Decoder(dict[str, PermissionSet]).decode
_texts = msgspec.json.Decoder(list[str]).decode
_SENDING = "ordered AND by_box, batch_size > 1 AND NOT ordered"
_IN_PIPELINE = f"""
    SELECT key, user_key, stages, fields, COALESCE(pipeline_key, :pipeline), maker, {_SENDING} FROM webhooks
    WHERE scope_key IN (:pipeline, :old, :team) AND event = :event AND events = '[]' AND active
    UNION ALL SELECT key, user_key, stages, fields, COALESCE(pipeline_key, :pipeline), maker, {_SENDING} FROM webhooks
    WHERE scope_key IN (:pipeline, :old, :team) AND events <> '[]' AND {{}} AND active LIMIT :limit
"""
# For one user at a time: for several users at once, the query takes eight times as long as for one.
_ROLE = f"SELECT {access.ROLE}, p.permission_sets FROM pipelines p WHERE p.key = :pipeline"
# A pipeline's subscription to events of contacts and organizations gets those of the pipeline's team.
_IN_TEAM = f"""
    SELECT w.key, w.user_key, w.stages, w.fields, m.role, w.maker, {_SENDING}, {TEAMS.of("t")}
    FROM webhooks w JOIN teams t ON t.key = :team
    JOIN team_members m ON m.team_key = t.key AND m.user_key = w.user_key AND m.role IN ('Member', 'Owner')
    WHERE w.scope_key IN (SELECT :team UNION ALL
            SELECT key FROM pipelines WHERE team_key = :team AND trashed_at IS NULL)
        AND (w.event = :event OR {{}}) AND w.active
    LIMIT :limit
"""


def subscribers(
    db: Db, name: str, scopes: tuple[str, str, str], *, most: int = MOST_SUBSCRIPTIONS
) -> list[Subscriber] | None:
    """The active subscriptions to this event in these pipelines or this team; None if there are more than `most`."""
    pipeline, old, team = scopes
    given = {"event": name, "quoted": f'"{name}"', "team": team, "limit": most + 1}
    if not pipeline:
        rows = db.rows(_IN_TEAM.format(db.dialect.contains("w.events", "quoted")), **given)
        return [_team_subscriber(name, row) for row in rows] if len(rows) <= most else None
    rows = db.rows(_IN_PIPELINE.format(db.dialect.contains("events", "quoted")), pipeline=pipeline, old=old, **given)
    owners = {(row[1], row[4]) for row in rows}
    if len(rows) > most or len(owners) > max(most // 10, 1):
        return None
    roles = {owner: _role(db, *owner) for owner in owners}
    return [
        Subscriber(
            *(key, user, _texts(stages), _texts(fields), roles[user, place], None),
            *(bool(by_box), maker, place, bool(waits)),
        )
        for key, user, stages, fields, place, maker, by_box, waits in rows
    ]


def _role(db: Db, user_key: str, pipeline_key: str) -> Role | None:
    row = db.row(_ROLE, actor=user_key, within="", only="", pipeline=pipeline_key)
    return access.role(row[0], _sets(row[1])) if row and row[0] else None


def _team_subscriber(name: str, row: tuple[Any, ...]) -> Subscriber:
    key, user_key, stages, fields, role, maker, by_box, waits = row[:8]
    noun = "contacts" if name.startswith("CONTACT") else "organizations"
    rights = contact_access.rights_of_user(user_key, noun, TEAMS.load(row[8:]), role)
    return Subscriber(key, user_key, _texts(stages), _texts(fields), None, rights, bool(by_box), maker, "", bool(waits))
