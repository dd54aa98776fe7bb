"""Mailboxes: e-mail accounts that the server reads by IMAP.

A personal mailbox belongs to one user, who alone sees it. A mailbox of the team (shared, or for dropbox addresses) is
seen and changed by the owners of the team. Passwords and tokens are sealed with the server's key file, for one mailbox.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from ....db.engine import Db
from ....errors import Conflict, Forbidden, Invalid, NotFound
from ....lib import ids
from ....lib.address_rules import Rules
from ....lib.dialing import TLS
from ....lib.oauth import Provider
from ....lib.secret_keys import SecretKeys
from ... import events
from ...context import Ctx
from ...people import teams
from ...persons import check_email
from ...records import USERS, Team, User
from . import suggestions
from .mailbox_records import (
    CHANNEL,
    DELIVERED,
    FOLDERS,
    MAILBOXES,
    PAUSED,
    REFUSALS,
    SYNCING,
    WAITING,
    Counts,
    Endpoint,
    FolderRecord,
    MailboxRecord,
    MailboxUpdate,
    Refusal,
)
from .mailbox_settings import with_changes
from .records import FULL, KINDS, PERSONAL

MOST_PER_USER = 20


# Reading


def get(ctx: Ctx, key: str) -> MailboxRecord:
    """The actor's own mailbox, or a mailbox of a team that the actor owns. Raises `NotFound`."""
    return _reach(ctx, key, "")


def get_to_read(ctx: Ctx, key: str) -> MailboxRecord:
    """The same for a mailbox that is read by IMAP. Raises `Conflict` for others."""
    mailbox = get(ctx, key)
    if mailbox.is_delivered:
        raise Conflict(f"The mailbox {mailbox.address} has no IMAP server: mail servers deliver its mail")
    return mailbox


def _reach(ctx: Ctx, key: str, lock: str) -> MailboxRecord:
    row = ctx.db.row(f"SELECT {MAILBOXES.columns} FROM mailboxes WHERE key = :key{lock}", key=key)
    if row is None:
        raise NotFound(key)
    mailbox = MAILBOXES.load(row)
    try:
        team = teams.get(ctx, mailbox.team_key)
    except NotFound:
        raise NotFound(key) from None
    if not _may_see(ctx, mailbox, team):
        raise NotFound(key)
    return mailbox


def _may_see(ctx: Ctx, mailbox: MailboxRecord, team: Team) -> bool:
    if mailbox.kind == PERSONAL:
        # A team's API key is not the user's own: it sees no personal mailbox.
        return mailbox.owner_key == ctx.actor.key and not ctx.within
    return teams.role_of(ctx, team) == "Owner"


def list_own(ctx: Ctx, *, limit: int, offset: int) -> list[MailboxRecord]:
    """The actor's mailboxes, and those of the teams that the actor owns, the oldest first."""
    rows = ctx.db.rows(
        f"""
        SELECT {MAILBOXES.of("b")} FROM mailboxes b
        JOIN team_members m ON m.team_key = b.team_key AND m.user_key = :actor AND m.role <> 'ArchiveOnly'
        WHERE (:within = '' OR b.team_key = :within) AND (
            (b.kind = '{PERSONAL}' AND b.owner_key = :actor AND :within = '')
            OR (b.kind <> '{PERSONAL}' AND m.role = 'Owner')
        )
        ORDER BY b.created_at, b.key LIMIT :limit OFFSET :offset
        """,
        **ctx.who,
        limit=limit,
        offset=offset,
    )
    return MAILBOXES.load_all(rows)


def folders(ctx: Ctx, key: str) -> list[FolderRecord]:
    """The folders of a mailbox, by name."""
    mailbox = get(ctx, key)
    return folders_of(ctx.db, mailbox.key)


def folders_of(db: Db, key: str) -> list[FolderRecord]:
    sql = f"SELECT {FOLDERS.columns} FROM mail_folders WHERE mailbox_key = :key ORDER BY name"
    return FOLDERS.load_all(db.rows(sql, key=key))


def refusals(ctx: Ctx, key: str, *, limit: int, offset: int) -> list[Refusal]:
    """The mails that were refused, the newest first."""
    mailbox = get(ctx, key)
    sql = f"""
        SELECT {REFUSALS.columns} FROM mail_refusals WHERE mailbox_key = :key
        ORDER BY at DESC, folder, uid DESC LIMIT :limit OFFSET :offset
    """
    return REFUSALS.load_all(ctx.db.rows(sql, key=mailbox.key, limit=limit, offset=offset))


def counts(ctx: Ctx, keys: list[str]) -> dict[str, Counts]:
    """How many mails were stored, skipped and refused, by mailbox."""
    rows = ctx.db.rows(
        f"""
        SELECT mailbox_key, SUM(stored), SUM(skipped), SUM(refused), SUM(looked), SUM(on_server) FROM mail_folders
        WHERE {ctx.db.dialect.among("mailbox_key", "keys")} GROUP BY mailbox_key
        """,
        keys=ctx.db.texts(keys),
    )
    found = {row[0]: Counts(int(row[1]), int(row[2]), int(row[3]), int(row[4]), row[5] and int(row[5])) for row in rows}
    return {key: found.get(key, Counts()) for key in keys}


# Changing


def create(
    ctx: Ctx, keys: SecretKeys, rules: Rules, providers: Mapping[str, Provider], given: dict[str, Any]
) -> MailboxRecord:
    """Add a mailbox. It is read as soon as it has a password, or permission at its provider."""
    kind = given.get("kind") or PERSONAL
    if kind not in KINDS:
        raise Invalid("kind", f"must be one of {', '.join(KINDS)}")
    team = teams.get_to_work_in(ctx, given["team_key"]) if given.get("team_key") else teams.oldest(ctx)
    if kind == PERSONAL and ctx.within:
        raise Forbidden("A personal mailbox needs your own API key, not a team's")
    if kind != PERSONAL:
        teams.require_owner(ctx, team)
    if not given.get("address"):
        raise Invalid("address", "is missing: give the mailbox's e-mail address")
    blank = MailboxRecord(
        key=ids.new("y", ctx.now),
        team_key=team.key,
        owner_key=ctx.actor.key if kind == PERSONAL else None,
        user_key=ctx.actor.key,
        address=check_email(given["address"], "address"),
        aliases=[],
        kind=kind,
        share=FULL,
        imap=Endpoint("", 993, TLS.DIRECT, ""),
        smtp=None,
        provider="",
        secret=None,
        since=None,
        state=WAITING,
        error=None,
        failures=0,
        failing_since=None,
        due_at=ctx.now,
        worker=None,
        lease_until=0,
        day=0,
        day_bytes=0,
        connected_at=None,
        synced_at=None,
        checked_at=None,
        created_at=ctx.now,
        updated_at=ctx.now,
    )
    _require_unused(ctx, blank)
    mailbox = with_changes(ctx, keys, rules, providers, blank, given)
    MAILBOXES.insert(ctx.db, mailbox)
    record_event(ctx, "mailbox.created", mailbox)
    ctx.db.notify(CHANNEL)
    return mailbox


def edit(
    ctx: Ctx, keys: SecretKeys, rules: Rules, providers: Mapping[str, Provider], key: str, given: dict[str, Any]
) -> MailboxRecord:
    """Apply the given values. New sign-in data is tried at once."""
    before = _reach(ctx, key, ctx.db.for_update)
    if given.get("address") and check_email(given["address"], "address") != before.address:
        raise Invalid("address", "cannot be changed: remove this mailbox and add another one")
    if given.get("kind", before.kind) != before.kind:
        raise Invalid("kind", "cannot be changed: remove this mailbox and add another one")
    if given.get("team_key", before.team_key) != before.team_key:
        raise Invalid("teamKey", "cannot be changed: remove this mailbox and add another one")
    after = with_changes(ctx, keys, rules, providers, before, given)
    if after == before:
        return before
    after = msgspec.structs.replace(after, updated_at=ctx.now)
    MAILBOXES.update(ctx.db, after)
    record_event(ctx, "mailbox.edited", after)
    ctx.db.notify(CHANNEL)
    return after


def pause(ctx: Ctx, key: str) -> MailboxRecord:
    """Stop reading the mailbox, until `resume`."""
    mailbox = _reach(ctx, key, ctx.db.for_update)
    if mailbox.state == PAUSED:
        return mailbox
    return _set_state(ctx, mailbox, PAUSED)


def resume(ctx: Ctx, key: str) -> MailboxRecord:
    """Read the mailbox again, at once. Also ends the waiting time after a failure."""
    mailbox = _reach(ctx, key, ctx.db.for_update)
    if mailbox.is_delivered:
        return _set_state(ctx, mailbox, DELIVERED)
    if mailbox.secret is None:
        raise Conflict(_what_is_missing(mailbox))
    return _set_state(ctx, mailbox, WAITING if mailbox.connected_at is None else SYNCING)


def _set_state(ctx: Ctx, mailbox: MailboxRecord, state: str) -> MailboxRecord:
    changes = {"state": state, "error": None, "failures": 0, "failing_since": None, "due_at": ctx.now}
    after = msgspec.structs.replace(mailbox, **changes, updated_at=ctx.now)
    MAILBOXES.update(ctx.db, after)
    record_event(ctx, "mailbox.edited", after)
    ctx.db.notify(CHANNEL)
    return after


def delete(ctx: Ctx, key: str) -> None:
    """Remove a mailbox with its password and the list of its places. Mail that is on boxes stays there."""
    mailbox = _reach(ctx, key, ctx.db.for_update)
    ctx.db.dialect.overwrite_deleted(ctx.db)
    ctx.db.run("DELETE FROM mailboxes WHERE key = :key", key=mailbox.key)
    suggestions.forget_mailbox(ctx.db, mailbox.key)
    record_event(ctx, "mailbox.deleted", mailbox)
    ctx.db.notify(CHANNEL)


def member_left(ctx: Ctx, team_key: str, user: User, heir: User) -> None:
    """A user left the team. Their personal mailboxes of the team are removed with their passwords. Mailboxes of the
    team act for the heir from now on."""
    rows = ctx.db.rows(
        f"SELECT {MAILBOXES.columns} FROM mailboxes WHERE team_key = :team AND user_key = :user",
        team=team_key,
        user=user.key,
    )
    for mailbox in MAILBOXES.load_all(rows):
        if mailbox.kind == PERSONAL:
            ctx.db.run("DELETE FROM mailboxes WHERE key = :key", key=mailbox.key)
            suggestions.forget_mailbox(ctx.db, mailbox.key)
        else:
            ctx.db.run("UPDATE mailboxes SET user_key = :heir WHERE key = :key", heir=heir.key, key=mailbox.key)
    if rows:
        ctx.db.notify(CHANNEL)


def acting(db: Db, mailbox: MailboxRecord, now: int) -> Ctx | None:
    """The context in which mail of the mailbox is stored: its user, within its team. None if the user may not work in
    the team any longer."""
    row = db.row(
        f"""
        SELECT {USERS.of("u")} FROM users u JOIN team_members m ON m.user_key = u.key
        WHERE u.key = :user AND m.team_key = :team AND m.role IN ('Member', 'Owner')
            AND NOT EXISTS (SELECT 1 FROM locked_users l WHERE l.user_key = u.key)
        """,
        user=mailbox.user_key,
        team=mailbox.team_key,
    )
    return Ctx(db, now, USERS.load(row), within=mailbox.team_key, via=f"mailbox:{mailbox.key}") if row else None


def record_event(ctx: Ctx, kind: str, mailbox: MailboxRecord, reason: str = "") -> int:
    """Record an event. Of a personal mailbox only its owner sees it."""
    update = MailboxUpdate(mailbox.key, mailbox.address, mailbox.kind, mailbox.user_key)
    team_key = None if mailbox.kind == PERSONAL else mailbox.team_key
    return events.record(ctx, kind, update, team_key=team_key, subject=mailbox.address, reason=reason)


def _require_unused(ctx: Ctx, mailbox: MailboxRecord) -> None:
    row = ctx.db.row(
        "SELECT COUNT(*), SUM(CASE WHEN address = :address THEN 1 ELSE 0 END) FROM mailboxes "
        "WHERE team_key = :team AND COALESCE(owner_key, '') = :owner",
        team=mailbox.team_key,
        owner=mailbox.owner_key or "",
        address=mailbox.address,
    )
    total, same = (row[0], row[1] or 0) if row else (0, 0)
    if same:
        raise Conflict(f"The mailbox {mailbox.address} is connected already: change it instead")
    if total >= MOST_PER_USER:
        raise Conflict(f"At most {MOST_PER_USER} mailboxes can be connected: remove one first")


def _what_is_missing(mailbox: MailboxRecord) -> str:
    if mailbox.provider:
        return f"The mailbox {mailbox.address} needs permission at its provider first: ask for it with /authorize"
    return f"The mailbox {mailbox.address} has no password: enter it first"
