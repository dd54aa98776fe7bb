"""Mailings: one mail to many recipients. Each recipient gets a letter of their own, on their own box.

A mailing belongs to the user who created it. Its recipients are stored when they are chosen (`mailing_recipients`), so
that later changes of a view change nothing. While it runs, `mailing_queue` writes the letters, a few ahead of those
that are sent; pausing takes the letters back that wait.
"""

from __future__ import annotations

from typing import Any

import msgspec

from ....db.engine import Db
from ....errors import Conflict, Insufficient, Invalid, NotFound
from ....lib import ids
from ....lib.durations import DAY
from ....lib.mail import Address
from ... import events
from ...accounts import makers
from ...context import Ctx
from ...people import teams
from ..mail.mailbox_records import MailboxRecord
from . import letters, mailing_letters, mailing_recipients, merge_fields, senders
from .mailing_records import (
    CANCELLED,
    CHANNEL,
    DONE,
    DRAFT,
    LETTER,
    MAILINGS,
    PAUSED,
    RUNNING,
    STOPPED,
    WAITING,
    Mailing,
    MailingUpdate,
    Recipient,
)
from .records import NO_TRACK, SCHEDULED, LetterContent, LetterRecord

MOST_AHEAD = 366 * DAY
_VISIBLE = f"""
    SELECT {MAILINGS.of("g")} FROM mailings g
    JOIN team_members m ON m.team_key = g.team_key AND m.user_key = :actor AND m.role IN ('Member', 'Owner')
    WHERE g.creator_key = :actor AND :only = '' AND (:within = '' OR (g.of_team AND g.team_key = :within))
"""
"""A mailing goes to boxes of any pipeline, so that a key that is limited to some of them sees none."""


# Reading


def get(ctx: Ctx, key: str) -> Mailing:
    return _reach(ctx, key, "")


def lock(ctx: Ctx, key: str) -> Mailing:
    return _reach(ctx, key, f"{ctx.db.for_update} OF g" if ctx.db.for_update else "")


def _reach(ctx: Ctx, key: str, lock_sql: str) -> Mailing:
    row = ctx.db.row(f"{_VISIBLE} AND g.key = :key{lock_sql}", key=key, **ctx.who)
    if row is None:
        raise NotFound(key)
    return MAILINGS.load(row)


def page(ctx: Ctx, *, limit: int, offset: int) -> list[Mailing]:
    """The actor's mailings, the newest first."""
    sql = f"{_VISIBLE} ORDER BY g.created_at DESC, g.key DESC LIMIT :limit OFFSET :offset"
    return MAILINGS.load_all(ctx.db.rows(sql, **ctx.who, limit=limit, offset=offset))


# Writing


def create(ctx: Ctx, given: dict[str, Any]) -> Mailing:
    if not given.get("name"):
        raise Insufficient("Mailing", "name")
    mailbox = senders.get(ctx, given["mailbox_key"]) if given.get("mailbox_key") else None
    if given.get("team_key"):
        team = teams.get_to_work_in(ctx, given["team_key"])
    elif mailbox is not None:
        team = teams.get_to_work_in(ctx, mailbox.team_key)
    else:
        team = teams.oldest(ctx)
    mailing = Mailing(
        key=ids.new("i", ctx.now),
        team_key=team.key,
        creator_key=ctx.actor.key,
        of_team=bool(ctx.within),
        maker=makers.maker_of(ctx),
        name=given["name"],
        mailbox_key=None,
        subject="",
        html="",
        text="",
        track=NO_TRACK,
        state=DRAFT,
        error=None,
        due_at=0,
        started_at=None,
        ended_at=None,
        created_at=ctx.now,
        updated_at=ctx.now,
    )
    mailing = _changed(ctx, mailing, given)
    MAILINGS.insert(ctx.db, mailing)
    record_event(ctx, "mailing.created", mailing)
    return mailing


def edit(ctx: Ctx, key: str, given: dict[str, Any]) -> Mailing:
    """Change a mailing that is not started, or is paused. Recipients who have a letter keep it."""
    before = lock(ctx, key)
    if before.state not in (DRAFT, PAUSED):
        raise Conflict(f"Only a draft or a paused mailing can be changed: this one is {before.state}")
    mailing = _changed(ctx, before, given)
    if mailing == before:
        return mailing
    mailing = msgspec.structs.replace(mailing, updated_at=ctx.now)
    MAILINGS.update(ctx.db, mailing, "name", "mailbox_key", "subject", "html", "text", "track", "updated_at")
    record_event(ctx, "mailing.edited", mailing)
    return mailing


def _changed(ctx: Ctx, mailing: Mailing, given: dict[str, Any]) -> Mailing:
    changes: dict[str, Any] = {name: given[name] for name in ("subject", "html", "text") if name in given}
    if given.get("name"):
        changes["name"] = given["name"]
    if given.get("track") is not None:
        changes["track"] = msgspec.convert({**msgspec.to_builtins(mailing.track), **given["track"]}, type(NO_TRACK))
    if given.get("mailbox_key"):
        changes["mailbox_key"] = _mailbox(ctx, mailing, given["mailbox_key"]).key
    mailing = msgspec.structs.replace(mailing, **changes)
    for name in ("subject", "html", "text"):
        merge_fields.check(getattr(mailing, name), name, html=name == "html")
    return mailing


def _mailbox(ctx: Ctx, mailing: Mailing, key: str | None) -> MailboxRecord:
    if not key:
        raise Invalid("mailboxKey", "is missing: choose the mailbox that the letters are sent from")
    mailbox = senders.get(ctx, key)
    if mailbox.team_key != mailing.team_key:
        raise Invalid("mailboxKey", f"{mailbox.address} is a mailbox of another team than the mailing")
    return mailbox


def delete(ctx: Ctx, key: str) -> None:
    """Delete a mailing that has sent nothing."""
    mailing = lock(ctx, key)
    sent = ctx.db.row(
        f"SELECT 1 FROM mailing_recipients WHERE mailing_key = :key AND state = '{LETTER}' LIMIT 1", key=key
    )
    if sent or mailing.state == RUNNING:
        raise Conflict("A mailing that has letters stays: cancel it instead")
    ctx.db.run("DELETE FROM mailings WHERE key = :key", key=key)
    record_event(ctx, "mailing.deleted", mailing)


# Trying


def test(ctx: Ctx, key: str, recipient_key: str | None) -> LetterRecord:
    """Send the mail of one recipient, the first by default, to the actor's own address. It is on no box."""
    mailing = lock(ctx, key)
    mailbox = _mailbox(ctx, mailing, mailing.mailbox_key)
    recipient = mailing_recipients.get(ctx, mailing, recipient_key)
    filled = mailing_letters.filled(ctx, mailing, recipient, mailbox)
    content = LetterContent(
        to=[Address(ctx.actor.email, ctx.actor.full_name)],
        subject=f"[Test] {filled.subject}",
        html=filled.html,
        text=filled.text,
    )
    return letters.schedule(ctx, content, mailbox=mailbox, box_key=None, thread_key=None, due_at=ctx.now)


# Running


def start(ctx: Ctx, key: str, *, send_at: int | None = None) -> Mailing:
    """Start a mailing, now or at a time."""
    mailing = lock(ctx, key)
    if mailing.state != DRAFT:
        raise Conflict(f"Only a draft can be started: this mailing is {mailing.state}")
    _mailbox(ctx, mailing, mailing.mailbox_key)
    if not mailing.subject.strip():
        raise Invalid("subject", "is missing: write a subject first")
    if not (mailing.html.strip() or mailing.text.strip()):
        raise Invalid("html", "is missing: write the mail first")
    if not mailing_recipients.has_waiting(ctx.db, key):
        raise Invalid("recipients", "are missing: choose recipients first")
    if send_at is not None and send_at > ctx.now + MOST_AHEAD:
        raise Invalid("sendAt", "must be within a year")
    due_at = max(ctx.now, send_at or 0)
    changes = {"due_at": due_at, "started_at": due_at, "maker": makers.maker_of(ctx)}
    return _store(ctx, mailing, "mailing.started", state=RUNNING, error=None, **changes)


def pause(ctx: Ctx, key: str) -> Mailing:
    """Pause a mailing. Letters that wait are taken back; their recipients wait again."""
    mailing = lock(ctx, key)
    if mailing.state != RUNNING:
        raise Conflict(f"Only a mailing that runs can be paused: this one is {mailing.state}")
    _take_back(ctx, mailing, WAITING)
    return _store(ctx, mailing, "mailing.paused", state=PAUSED)


def pause_by_itself(ctx: Ctx, mailing: Mailing, error: str) -> Mailing:
    """Pause a mailing that cannot send, and notify its user."""
    _take_back(ctx, mailing, WAITING)
    return _store(ctx, mailing, "mailing.failed", state=PAUSED, error=error)


def resume(ctx: Ctx, key: str) -> Mailing:
    mailing = lock(ctx, key)
    if mailing.state != PAUSED:
        raise Conflict(f"Only a paused mailing can be resumed: this one is {mailing.state}")
    _mailbox(ctx, mailing, mailing.mailbox_key)
    due_at = max(ctx.now, mailing.started_at or 0)
    changes = {"due_at": due_at, "maker": makers.maker_of(ctx)}
    return _store(ctx, mailing, "mailing.resumed", state=RUNNING, error=None, **changes)


def cancel(ctx: Ctx, key: str) -> Mailing:
    """End a mailing. Recipients who have no letter yet get none."""
    mailing = lock(ctx, key)
    if mailing.state not in (RUNNING, PAUSED):
        raise Conflict(f"Only a mailing that was started can be cancelled: this one is {mailing.state}")
    _take_back(ctx, mailing, STOPPED)
    ctx.db.run(
        f"UPDATE mailing_recipients SET state = '{STOPPED}' WHERE mailing_key = :key AND state = '{WAITING}'", key=key
    )
    return _store(ctx, mailing, "mailing.cancelled", state=CANCELLED, ended_at=ctx.now, error=None)


def finish(ctx: Ctx, mailing: Mailing) -> Mailing:
    """Every recipient has a letter that is no longer waiting, or is left out."""
    return _store(ctx, mailing, "mailing.finished", state=DONE, ended_at=ctx.now)


def _take_back(ctx: Ctx, mailing: Mailing, state: str) -> None:
    """Remove the letters that wait. A letter that is being handed over, or was, stays."""
    ctx.db.run(
        f"""
        UPDATE mailing_recipients SET state = :state, letter_key = NULL WHERE mailing_key = :key AND letter_key IN (
            SELECT key FROM sent_letters WHERE mailing_key = :key AND state = '{SCHEDULED}')
        """,
        key=mailing.key,
        state=state,
    )
    ctx.db.run(f"DELETE FROM sent_letters WHERE mailing_key = :key AND state = '{SCHEDULED}'", key=mailing.key)


def _store(ctx: Ctx, mailing: Mailing, kind: str, **changes: Any) -> Mailing:
    mailing = msgspec.structs.replace(mailing, **changes, updated_at=ctx.now)
    MAILINGS.update(ctx.db, mailing, *changes, "updated_at")
    record_event(ctx, kind, mailing)
    ctx.db.notify(CHANNEL)
    return mailing


def load(db: Db, key: str, lock_sql: str = "") -> Mailing | None:
    """The mailing, without a question of rights."""
    row = db.row(f"SELECT {MAILINGS.columns} FROM mailings WHERE key = :key{lock_sql}", key=key)
    return MAILINGS.load(row) if row else None


def record_event(ctx: Ctx, kind: str, mailing: Mailing) -> None:
    """Record an event, which only the user of the mailing sees."""
    update = MailingUpdate(mailing.key, mailing.creator_key, mailing.name, mailing.state, mailing.error)
    events.record(ctx, kind, update, subject=mailing.name, reason=mailing.error or "")


def preview(ctx: Ctx, key: str, recipient_key: str | None) -> mailing_letters.MailingPreview:
    """The mail of one recipient, the first by default, with what keeps it from being sent."""
    mailing = get(ctx, key)
    recipient: Recipient = mailing_recipients.get(ctx, mailing, recipient_key)
    return mailing_letters.preview(ctx, mailing, recipient)
