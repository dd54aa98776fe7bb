"""Who hears of an event: deliveries are made in the change's own transaction, so there is none without the other."""

from __future__ import annotations

from typing import Any

import msgspec

from ...db.engine import Db
from .. import access
from ..access import Role
from ..context import Ctx
from ..events import Happened
from ..people import contact_access
from ..people.contact_access import Rights
from ..records import TEAMS, PermissionSet
from . import deliveries, subscriptions

# More than this many, or for more than a tenth as many people, are made by a worker: a change waits for no crowd.
AT_ONCE = 100
CHANNEL = "deliveries"
MOST_NOTIFIED = 16
"""Deliveries of an event by whose keys the worker of this process can take them without looking."""


class EventToSend(msgspec.Struct, frozen=True):
    """What decides who hears of an event."""

    event_id: int
    name: str
    scopes: tuple[str, str, str]
    """The pipeline, the one it came from, the team; empty where there is none."""
    stage_key: str | None
    assignee_keys: list[str]
    creator_key: str | None
    changed: list[str]
    fields: dict[str, Any] = {}


class Subscriber(msgspec.Struct, frozen=True):
    """A subscription, and what its owner may do where the event belongs."""

    key: str
    user_key: str
    stages: list[str]
    fields: list[str]
    role: Role | None
    rights: Rights | None

    def hears(self, news: EventToSend) -> bool:
        return self._reaches(news) and self._wants(news)

    def _reaches(self, news: EventToSend) -> bool:
        if self.rights is not None:
            own = self.rights.see == contact_access.OWN and news.creator_key == self.user_key
            return own or self.rights.see == contact_access.ALL
        if self.role is None:
            return False
        return news.stage_key is None or access.allows_user(self.user_key, self.role, "BOX", "GET", news)

    def _wants(self, news: EventToSend) -> bool:
        if self.stages and news.stage_key is not None and news.stage_key not in self.stages:
            return False
        return not self.fields or news.name != "BOX_EDIT" or not set(self.fields).isdisjoint(news.changed)


def on_event(ctx: Ctx, happened: Happened) -> None:
    """Create the deliveries of an event. Without subscriptions it costs one look-up, once for many events alike.

    Of an edit that is recorded as several events, only the last one is delivered.
    """
    name = subscriptions.NAMES.get(happened.kind)
    if name is None or "part" in happened.detail:
        return
    scopes = (
        happened.pipeline.key if happened.pipeline is not None else "",
        happened.detail.get("old_pipeline_key", ""),
        happened.team_key or "",
    )
    known = _known(ctx, name, scopes)
    if known == []:
        return
    about = news(happened.event_id, name, scopes, happened.box, happened.thing, happened.detail)
    if known is None:
        encoded = msgspec.json.encode(about).decode()
        ctx.db.run(
            "INSERT INTO fan_outs (event_id, news) VALUES (:event, :news)", event=happened.event_id, news=encoded
        )
        ctx.db.notify(CHANNEL)
    else:
        _make(ctx.db, ctx.now, about, known)


# Asked of every event, nearly always in vain, and so the least there can be: 2 µs on SQLite, where the whole
# question takes 28.
_ANY = """
    SELECT 1 FROM webhooks WHERE scope_key = :pipeline AND event = :event
    UNION ALL SELECT 1 FROM webhooks WHERE scope_key = :team AND event = :event LIMIT 1
"""


def _known(ctx: Ctx, name: str, scopes: tuple[str, str, str]) -> list[Subscriber] | None:
    """Read once in a transaction; None where they are too many for it."""
    place = ("subscriptions", name, scopes)
    if place not in ctx.listening:
        pipeline, old, team = scopes
        alone = pipeline and not old and not _are_any(ctx, name, pipeline, team)
        ctx.listening[place] = [] if alone else of(ctx.db, name, scopes)
    found: list[Subscriber] | None = ctx.listening[place]
    return found


def listens(ctx: Ctx, kind: str, pipeline: Any) -> bool:
    """Whether any active subscription is to events of this kind in this pipeline."""
    name = subscriptions.NAMES.get(kind)
    return name is not None and of(ctx.db, name, (pipeline.key, "", pipeline.team_key), most=1) != []


def _are_any(ctx: Ctx, name: str, pipeline: str, team: str) -> bool:
    def read() -> bool:
        return ctx.db.row(_ANY, pipeline=pipeline, team=team, event=name) is not None

    return ctx.db.remember(("subscriptions", name, pipeline, team), read)


def news(
    event_id: int, name: str, scopes: tuple[str, str, str], box: Any, thing: Any, detail: dict[str, str]
) -> EventToSend:
    return EventToSend(
        event_id=event_id,
        name=name,
        scopes=scopes,
        stage_key=box.stage_key if box is not None else None,
        assignee_keys=box.assignee_keys if box is not None else [],
        creator_key=getattr(box if box is not None else thing, "creator_key", None),
        changed=[subscriptions.MEMBERS.get(one, one) for one in detail.get("changed", "").split(",")],
        fields=box.fields if box is not None else {},
    )


def _make(db: Db, now: int, about: EventToSend, known: list[Subscriber]) -> None:
    keys = [one.key for one in known if one.hears(about)]
    if keys:
        deliveries.add(db, now, about.event_id, about.name, keys)
        db.notify(CHANNEL, [deliveries.key(key, about.event_id) for key in keys[:MOST_NOTIFIED]])


def expand(db: Db, now: int) -> bool:
    """Make the deliveries of one event that many hear of, in a worker; whether there was one."""
    row = db.row(f"SELECT event_id, news FROM fan_outs ORDER BY event_id LIMIT 1{db.dialect.skip_locked}")
    if row is None:
        return False
    about = msgspec.json.decode(row[1], type=EventToSend)
    _make(db, now, about, of(db, about.name, about.scopes, most=1_000_000) or [])
    db.run("DELETE FROM fan_outs WHERE event_id = :event", event=row[0])
    return True


_sets = msgspec.json.Decoder(dict[str, PermissionSet]).decode
_texts = msgspec.json.Decoder(list[str]).decode
_IN_PIPELINE = """
    SELECT key, user_key, stages, fields, COALESCE(pipeline_key, :pipeline) FROM webhooks
    WHERE scope_key IN (:pipeline, :old, :team) AND event = :event AND active LIMIT :limit
"""
# For one person at a time: for several at once it takes eight times as long as for one.
_ROLE = f"SELECT {access.ROLE}, p.permission_sets FROM pipelines p WHERE p.key = :pipeline"
# A pipeline's subscription to what happens to contacts is one to its team's.
_IN_TEAM = f"""
    SELECT w.key, w.user_key, w.stages, w.fields, m.role, {TEAMS.of("t")}
    FROM webhooks w JOIN teams t ON t.key = :team
    JOIN team_members m ON m.team_key = t.key AND m.user_key = w.user_key AND m.role IN ('Member', 'Owner')
    WHERE w.scope_key IN (SELECT :team UNION ALL
            SELECT key FROM pipelines WHERE team_key = :team AND trashed_at IS NULL)
        AND w.event = :event AND w.active
    LIMIT :limit
"""


def of(db: Db, name: str, scopes: tuple[str, str, str], *, most: int = AT_ONCE) -> list[Subscriber] | None:
    """The active subscriptions to events of this name, in any of these places; None where there are more."""
    pipeline, old, team = scopes
    if not pipeline:
        rows = db.rows(_IN_TEAM, event=name, team=team, limit=most + 1)
        return [_of_team(name, row) for row in rows] if len(rows) <= most else None
    rows = db.rows(_IN_PIPELINE, event=name, pipeline=pipeline, old=old, team=team, limit=most + 1)
    places = {(row[1], row[4]) for row in rows}
    if len(rows) > most or len(places) > max(most // 10, 1):
        return None
    roles = {place: _role(db, *place) for place in places}
    return [Subscriber(row[0], row[1], _texts(row[2]), _texts(row[3]), roles[row[1], row[4]], None) for row in rows]


def _role(db: Db, user_key: str, pipeline_key: str) -> Role | None:
    row = db.row(_ROLE, actor=user_key, within="", pipeline=pipeline_key)
    return access.role(row[0], _sets(row[1])) if row and row[0] else None


def _of_team(name: str, row: tuple[Any, ...]) -> Subscriber:
    key, user_key, stages, fields, role = row[:5]
    which = "contacts" if name.startswith("CONTACT") else "organizations"
    rights = contact_access.rights_of(user_key, which, TEAMS.load(row[5:]), role)
    return Subscriber(key, user_key, _texts(stages), _texts(fields), None, rights)
