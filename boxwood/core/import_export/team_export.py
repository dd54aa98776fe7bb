"""What an archive of a team holds, read page by page: the records of each noun, the users they name, and what has to be
set again elsewhere because it holds secrets."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from typing import Any

import msgspec

from ...db.engine import Db
from ...errors import NotFound
from .. import access, events, pipelines
from ..accounts import api_keys
from ..context import Ctx
from ..people import teams
from ..records import TEAMS, USERS, Team
from .team_nouns import NOUNS, ArchiveNoun

AT_ONCE = 500
KEY = re.compile(
    rb"(?<![0-9A-Za-z_-])(?:[a-z]-[-0-9A-Za-z_]{19}|agxzfm1haWxmb29nYWVy[-0-9A-Za-z_]{1,80})(?![0-9A-Za-z_-])"
)
"""A key in the text of a record, ours or one of Streak."""
USER = re.compile(rb'"(u-[-0-9A-Za-z_]{19}|agxzfm1haWxmb29nYWVy[-0-9A-Za-z_]{1,80})"')


class ArchivedUser(msgspec.Struct, frozen=True):
    """A user whom the archive names."""

    key: str
    email: str
    given_name: str
    family_name: str
    timezone: str | None
    image: str | None
    created_at: int


class SetAgain(msgspec.Struct, frozen=True):
    """Something that is not in the archive because it holds secrets."""

    what: str
    name: str
    why: str


class TeamScope(msgspec.Struct, frozen=True):
    """What is exported: a team, and of it what a user sees; all of it for the operator of the server."""

    team: Team
    pipeline_keys: list[str]
    viewer: str = ""
    """The key of the user; empty for the operator."""


def whole(db: Db, named: str) -> TeamScope:
    """The scope of the operator, for a team by key or name. Raises `NotFound`."""
    rows = db.rows(f"SELECT {TEAMS.columns} FROM teams WHERE key = :named OR name = :named", named=named)
    if len(rows) != 1:
        raise NotFound(named)
    team = TEAMS.load(rows[0])
    sql = "SELECT key FROM pipelines WHERE team_key = :team AND trashed_at IS NULL ORDER BY key"
    return TeamScope(team, [row[0] for row in db.rows(sql, team=team.key)])


def of_owner(ctx: Ctx, team_key: str) -> TeamScope:
    """The scope of an owner of the team: the pipelines whose boxes they all see and may export, and no mail, views and
    automations that other users keep to themselves."""
    api_keys.require_self(ctx)
    team = teams.get_whole(ctx, team_key)
    teams.require_owner(ctx, team)
    found = [
        pipeline.key
        for pipeline, role in pipelines.reach_all(ctx)
        if pipeline.team_key == team.key
        and role.sees_all_boxes()
        and access.allows(ctx, role, "PIPELINE", "EXPORT", pipeline)
    ]
    return TeamScope(team, sorted(found), ctx.actor.key)


def record_export(ctx: Ctx, team: Team) -> None:
    """Record the export, for the audit log."""
    events.record(ctx, "team.exported", team, team_key=team.key, subject=team.name, what="an archive")


def records(db: Db, scope: TeamScope, noun: ArchiveNoun) -> Iterator[list[Any]]:
    """The records of a noun, a page at a time, in the order of `noun.by`."""
    table, by = noun.table, ", ".join(f"t.{name}" for name in noun.by)
    where = noun.condition(db.dialect.among("p.key", "pipelines"))
    params: dict[str, Any] = {"team": scope.team.key, "viewer": scope.viewer, "limit": AT_ONCE}
    params["pipelines"] = db.texts(scope.pipeline_keys)
    behind = ""
    while True:
        rows = db.rows(
            f"""
            SELECT {table.of("t")} FROM {table.name} t WHERE {where} {behind}
            ORDER BY {by} LIMIT :limit
            """,
            **params,
        )
        found = table.load_all(rows)
        if seen := _seen(db, scope, noun, found):
            yield seen
        if len(found) < AT_ONCE:
            return
        last = found[-1]
        behind = f"AND ({by}) > ({', '.join(f':after_{name}' for name in noun.by)})"
        params |= {f"after_{name}": getattr(last, name) for name in noun.by}


def _seen(db: Db, scope: TeamScope, noun: ArchiveNoun, found: list[Any]) -> list[Any]:
    """The events without those of mail that is restricted for the exporting user."""
    if noun.name != "events" or not scope.viewer:
        return found
    threads = {each.id: _thread_of(each) for each in found}
    owners = access.restricted_to(db, {thread for thread in threads.values() if thread})
    return [each for each in found if owners.get(threads[each.id], scope.viewer) == scope.viewer]


def _thread_of(event: Any) -> str:
    if event.kind.startswith("thread."):
        return event.subject_key or ""
    if event.kind.startswith(("file.", "message.")):
        return (event.record or {}).get("thread_key") or ""
    return event.detail.get("thread_key") or ""


def users(db: Db, keys: Collection[str]) -> list[ArchivedUser]:
    """The users with these keys; keys of other things are ignored."""
    among = db.dialect.among("key", "keys")
    rows = db.rows(f"SELECT {USERS.columns} FROM users WHERE {among} ORDER BY key", keys=db.texts(sorted(keys)))
    return [
        ArchivedUser(
            user.key, user.email, user.given_name, user.family_name, user.timezone, user.image, user.created_at
        )
        for user in USERS.load_all(rows)
    ]


def old_keys(db: Db, keys: Sequence[str]) -> list[tuple[str, str]]:
    """The old keys to which these things also answer."""
    sql = f"SELECT old_key, key FROM old_keys WHERE {db.dialect.among('key', 'keys')} ORDER BY old_key"
    return [(old, key) for old, key in db.rows(sql, keys=db.texts(keys))]


_SECRETS = {
    "API key": ("SELECT COALESCE(name, prefix) FROM api_keys WHERE team_key = :team", "create a new one"),
    "webhook": (
        "SELECT CASE WHEN name = '' THEN event ELSE name END FROM webhooks WHERE (team_key = :team OR {pipelines})",
        "create it again: it gets a new secret",
    ),
    "inbound webhook": (
        "SELECT name FROM inbound WHERE (team_key = :team OR {pipelines})",
        "create it again: it gets a new address",
    ),
    "mailbox": ("SELECT address FROM mailboxes WHERE team_key = :team", "connect it again: it needs its password"),
    "calendar": ("SELECT name FROM calendars WHERE {pipelines}", "create it again: it gets a new address"),
    "automation": (
        "SELECT name FROM automations WHERE team_key = :team AND CAST(secrets AS TEXT) <> '{{}}'",
        "type its secrets again before you switch it on",
    ),
}


def to_set_again(db: Db, scope: TeamScope) -> list[SetAgain]:
    """What has to be set again where the archive is imported: everything that has a secret."""
    among = db.dialect.among("pipeline_key", "pipelines")
    found = []
    for what, (sql, why) in _SECRETS.items():
        own = "" if not scope.viewer else _OWN[what]
        query = f"SELECT * FROM ({sql.format(pipelines=among)} {own}) AS found ORDER BY 1 LIMIT 1000"
        params = {"team": scope.team.key, "pipelines": db.texts(scope.pipeline_keys), "viewer": scope.viewer}
        rows = db.rows(query, **params)
        found += [SetAgain(what, name, why) for (name,) in rows]
    return found


_OWN = {
    "API key": "",
    "webhook": "AND user_key = :viewer",
    "inbound webhook": "AND user_key = :viewer",
    "mailbox": "AND user_key = :viewer",
    "calendar": "AND user_key = :viewer",
    "automation": "AND user_key = :viewer",
}
"""Owners see all API keys of a team, and of the rest their own."""


def keyed() -> list[ArchiveNoun]:
    """The nouns whose records have keys of their own."""
    return [noun for noun in NOUNS if noun.letter]
