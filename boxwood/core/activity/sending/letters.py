"""Letters: mail that is scheduled, and sent through a mailbox when it is due. A letter is never sent twice.

Its states are in `records`. A letter that waits can be cancelled, which gives its draft back.
"""

from __future__ import annotations

from typing import Any

import msgspec

from ....errors import Conflict, Forbidden, Invalid, NotFound, Stale
from ....lib import addresses, ids, mail
from ....lib.durations import DAY
from ....lib.mail import Address
from ... import access, boxes, events
from ...accounts import makers
from ...context import Ctx
from ...people import teams
from .. import messages
from ..mail import sharing
from ..mail.mailbox_records import MailboxRecord
from ..mail.records import FULL, PERSONAL, PRIVATE
from . import drafts, limits, merging, outgoing_files, quoting, senders, suppressions
from .records import (
    CANCELLED,
    CHANNEL,
    LETTER_STATES,
    LETTERS,
    MOST_RECIPIENTS,
    NO_COPY,
    SCHEDULED,
    DraftRecord,
    LetterContent,
    LetterRecord,
    LetterUpdate,
    OutgoingFile,
)

UNDO_SECONDS, MOST_UNDO_SECONDS = 10, 60
MOST_AHEAD = 366 * DAY
MOST_SEEN = 5000


# Scheduling


def send_draft(
    ctx: Ctx, key: str, *, send_at: int | None = None, undo_seconds: int | None = None, **given: Any
) -> LetterRecord:
    """Schedule the letter of a draft: after the seconds in which it can be undone, or at a later time."""
    draft = drafts.lock(ctx, key)
    version = given.get("version")
    if version is not None and version != draft.version:
        raise Stale("The draft was changed since you read it: read it again before you send it")
    if draft.mailbox_key is None:
        raise Invalid("mailboxKey", "is missing: choose the mailbox that the letter is sent from")
    mailbox = senders.get(ctx, draft.mailbox_key)
    overrides = bool(given.get("override_bounces"))
    if overrides and len({person.email for person in (*draft.recipients, *draft.cc, *draft.bcc)}) > 1:
        raise Invalid("overrideBounces", "is only for a letter to one recipient")
    undo = UNDO_SECONDS if undo_seconds is None else undo_seconds
    if not 0 <= undo <= MOST_UNDO_SECONDS:
        raise Invalid("undoSeconds", f"must be from 0 to {MOST_UNDO_SECONDS}")
    content, missing = merging.merged(
        ctx, drafts.content_of(ctx, draft), mailbox, box_key=draft.box_key, contact_key=draft.contact_key
    )
    if missing:
        raise Invalid(missing[0].where, f"{{{{{missing[0].field}}}}} has no value: fill it, or give it a default")
    letter = schedule(
        ctx,
        content,
        mailbox=mailbox,
        box_key=draft.box_key,
        thread_key=draft.thread_key,
        due_at=max(ctx.now + undo * 1000, send_at or 0),
        draft_key=draft.key,
        overrides=overrides,
    )
    drafts.hide(ctx, draft, letter.key)
    return letter


def schedule(
    ctx: Ctx,
    content: LetterContent,
    *,
    mailbox: MailboxRecord,
    box_key: str | None,
    thread_key: str | None,
    due_at: int,
    mailing_key: str | None = None,
    run_key: str | None = None,
    draft_key: str | None = None,
    automatic: bool = False,
    overrides: bool = False,
) -> LetterRecord:
    """Schedule a letter from a mailbox that the actor may send from (`senders.get`). With a box, the actor must be
    allowed to change it, and the letter is on it after it was sent. What a user writes is refused at once if an address
    gets no mail; `overrides` says that the user wants to write to a bounced address nevertheless."""
    if box_key:
        box, pipeline, _ = boxes.reach(ctx, box_key, "UPDATE")
        if pipeline.team_key != mailbox.team_key:
            raise Invalid("mailboxKey", f"{mailbox.address} is a mailbox of another team than the box {box.name!r}")
    content = _checked(content)
    if thread_key and not content.references:
        content = _within_thread(ctx, content, thread_key)
    if due_at > ctx.now + MOST_AHEAD:
        raise Invalid("sendAt", "must be within a year")
    automatic = automatic or mailing_key is not None or run_key is not None
    count = len({person.email for person in (*content.to, *content.cc, *content.bcc)})
    if not automatic:
        limits.require(ctx, mailbox, count, due_at)
        emails = [person.email for person in (*content.to, *content.cc, *content.bcc)]
        if found := suppressions.stopping(ctx.db, mailbox.team_key, emails, automatic=False, overrides=overrides):
            raise Conflict(suppressions.refusal(found))
    key = ids.new("l", ctx.now)
    sender = senders.sender_of(ctx, mailbox)
    letter = LetterRecord(
        key=key,
        team_key=mailbox.team_key,
        creator_key=ctx.actor.key,
        mailbox_key=mailbox.key,
        owner_key=mailbox.owner_key,
        draft_key=draft_key,
        box_key=box_key or None,
        contact_key=content.contact_key,
        thread_key=thread_key or None,
        message_key=None,
        mail_key=None,
        message_id=f"{key}@{addresses.in_ascii(sender.email).rpartition('@')[2]}",
        in_reply_to=content.in_reply_to,
        mail_references=content.references,
        sender=sender,
        recipients=content.to,
        cc=content.cc,
        bcc=content.bcc,
        recipient_count=count,
        subject=content.subject,
        html=content.html,
        text=content.text,
        track=content.track,
        automatic=automatic,
        maker=makers.maker_of(ctx),
        mailing_key=mailing_key,
        run_key=run_key,
        state=SCHEDULED,
        due_at=max(due_at, ctx.now),
        attempts=0,
        error=None,
        worker=None,
        lease_until=0,
        handed_at=None,
        sent_at=None,
        copy_state=NO_COPY,
        copy_due_at=0,
        created_at=ctx.now,
        updated_at=ctx.now,
        overrides=overrides,
    )
    LETTERS.insert(ctx.db, letter)
    outgoing_files.copy(ctx, content.files, key)
    if mailing_key is None:
        record_event(ctx, "letter.scheduled", letter)
    ctx.db.notify(CHANNEL)
    return letter


def _checked(content: LetterContent) -> LetterContent:
    people = [*content.to, *content.cc, *content.bcc]
    if not people:
        raise Invalid("to", "is empty: give at least one recipient")
    if len(people) > MOST_RECIPIENTS:
        raise Invalid("to", f"a letter must not have more than {MOST_RECIPIENTS} recipients")
    for person in people:
        if not addresses.in_ascii(person.email).isascii():
            raise Invalid("to", f"{person.email} has letters before the @ that most mail servers do not accept")
    if not content.subject.strip() and not content.html.strip() and not content.text.strip() and not content.files:
        raise Invalid("subject", "is empty, and so is the text: write something first")
    return content


def _within_thread(ctx: Ctx, content: LetterContent, thread_key: str) -> LetterContent:
    """The letter as an answer to the last message of a conversation."""
    found = messages.list_for_thread(ctx, thread_key, limit=1000, offset=0)
    if not found:
        return content
    last = found[-1]
    return msgspec.structs.replace(content, in_reply_to=last.message_id, references=quoting.references(last))


# Reading

_OWN = "s.creator_key = :actor AND (:within = '' OR (s.owner_key IS NULL AND s.team_key = :within))"
_ON_BOX = f"""
    s.box_key IS NOT NULL AND EXISTS (
        SELECT 1 FROM boxes x JOIN pipelines p ON p.key = x.pipeline_key
        WHERE x.key = s.box_key AND {access.ROLE} IS NOT NULL)
    AND EXISTS (
        SELECT 1 FROM mailboxes b WHERE b.key = s.mailbox_key AND (b.kind <> '{PERSONAL}' OR b.share <> '{PRIVATE}'))
"""
"""Letters of colleagues on boxes. Those of private mailboxes are hidden."""


def get(ctx: Ctx, key: str) -> LetterRecord:
    """A letter that the actor sent, or a letter on a box that the actor sees. Raises `NotFound`."""
    row = ctx.db.row(f"SELECT {LETTERS.columns} FROM sent_letters WHERE key = :key", key=key)
    found = _seen(ctx, [LETTERS.load(row)]) if row else []
    if not found:
        raise NotFound(key)
    return found[0]


def page(
    ctx: Ctx,
    *,
    limit: int,
    offset: int,
    state: str = "",
    box_key: str = "",
    mailbox_key: str = "",
    mailing_key: str = "",
) -> list[LetterRecord]:
    """The actor's letters, and those on boxes that the actor sees; the last due first."""
    if state and state not in LETTER_STATES:
        raise Invalid("state", f"must be one of {', '.join(LETTER_STATES)}")
    if box_key:
        boxes.get(ctx, box_key)
    rows = ctx.db.rows(
        f"""
        SELECT {LETTERS.of("s")} FROM sent_letters s
        WHERE (({_OWN}) OR ({_ON_BOX})) AND (:state = '' OR s.state = :state) AND (:box = '' OR s.box_key = :box)
            AND (:mailbox = '' OR s.mailbox_key = :mailbox) AND (:mailing = '' OR s.mailing_key = :mailing)
        ORDER BY s.due_at DESC, s.key DESC LIMIT {MOST_SEEN}
        """,
        **ctx.who,
        state=state,
        box=box_key,
        mailbox=mailbox_key,
        mailing=mailing_key,
    )
    return _seen(ctx, LETTERS.load_all(rows))[offset : offset + limit]


def files_of(ctx: Ctx, letters: list[LetterRecord]) -> dict[str, list[OutgoingFile]]:
    return outgoing_files.by_owner(ctx, [letter.key for letter in letters])


def _seen(ctx: Ctx, found: list[LetterRecord]) -> list[LetterRecord]:
    """Those of the letters that the actor may see, without what the actor may not see of them."""
    seen_boxes = boxes.seen_among(ctx, {letter.box_key for letter in found if letter.box_key})
    shares = _shares(ctx, found)
    shown = []
    for letter in found:
        if ctx.only and letter.box_key and letter.box_key not in seen_boxes:
            continue
        if is_own(ctx, letter):
            shown.append(letter)
        elif letter.box_key in seen_boxes and (reduced := _reduced(letter, shares[letter.key])) is not None:
            shown.append(reduced)
    return shown


def is_own(ctx: Ctx, letter: LetterRecord) -> bool:
    """Whether the actor wrote the letter. An API key of the team sees only letters from mailboxes of the team."""
    if letter.creator_key != ctx.actor.key:
        return False
    if ctx.within:
        return letter.owner_key is None and letter.team_key == ctx.within
    try:
        teams.get(ctx, letter.team_key)
    except NotFound:
        return False
    return True


def _shares(ctx: Ctx, found: list[LetterRecord]) -> dict[str, str]:
    """What users who see the box see of each letter: as of its conversation, or as its mailbox says."""
    of_threads = sharing.of_threads(ctx, {letter.thread_key for letter in found if letter.thread_key})
    among = ctx.db.dialect.among("key", "keys")
    sql = f"SELECT key, share, kind FROM mailboxes WHERE {among}"
    rows = ctx.db.rows(sql, keys=ctx.db.texts({letter.mailbox_key for letter in found}))
    of_mailboxes = {key: share if kind == PERSONAL else FULL for key, share, kind in rows}
    shares = {}
    for letter in found:
        thread = of_threads.get(letter.thread_key or "", sharing.OPEN)
        is_sent = letter.message_key is not None
        mailbox = PRIVATE if letter.owner_key else FULL
        mailbox = of_mailboxes.get(letter.mailbox_key, mailbox)
        shares[letter.key] = thread.share if is_sent or thread.share != FULL else mailbox
    return shares


def _reduced(letter: LetterRecord, share: str) -> LetterRecord | None:
    """What a colleague sees of a letter: not its hidden recipients, its draft, or from which mailbox of the author it
    is sent."""
    if share == PRIVATE:
        return None
    changes: dict[str, Any] = {"bcc": [], "draft_key": None, "error": None}
    if letter.owner_key is not None:
        changes["mailbox_key"] = ""
    if share != FULL:
        changes |= {"html": "", "text": ""}
        if share != "subject":
            changes["subject"] = ""
    return msgspec.structs.replace(letter, **changes)


# Taking back


def cancel(ctx: Ctx, key: str) -> tuple[LetterRecord, DraftRecord | None]:
    """Cancel a letter that waits. Returns it, and the draft that it gives back."""
    letter = reach(ctx, key)
    if letter.state != SCHEDULED:
        raise Conflict(f"Only a letter that waits can be cancelled: this one is {letter.state}")
    letter = settle(ctx, letter, CANCELLED, "letter.cancelled")
    return letter, given_back(ctx, letter)


def settle(ctx: Ctx, letter: LetterRecord, state: str, kind: str, error: str | None = None) -> LetterRecord:
    """Store a final state, and record the event."""
    letter = msgspec.structs.replace(
        letter, state=state, error=error or letter.error, worker=None, lease_until=0, updated_at=ctx.now
    )
    LETTERS.update(ctx.db, letter, "state", "error", "worker", "lease_until", "updated_at")
    record_event(ctx, kind, letter)
    return letter


def reach(ctx: Ctx, key: str) -> LetterRecord:
    """The letter, locked to be changed by its author, or by a user who may send from its mailbox of the team."""
    row = ctx.db.row(f"SELECT {LETTERS.columns} FROM sent_letters WHERE key = :key{ctx.db.for_update}", key=key)
    if row is None:
        raise NotFound(key)
    letter = LETTERS.load(row)
    if not _seen(ctx, [letter]):
        raise NotFound(key)
    if not is_own(ctx, letter) and not (letter.owner_key is None and senders.may_use(ctx, letter.mailbox_key)):
        raise Forbidden("Only the author of a letter may change what becomes of it")
    return letter


def given_back(ctx: Ctx, letter: LetterRecord) -> DraftRecord | None:
    """The draft of a letter that is not sent. A letter that a mailing or a sequence wrote gives none."""
    if letter.draft_key is None:
        return None
    drafts.give_back(ctx, letter.key)
    try:
        return drafts.get(ctx, letter.draft_key)
    except NotFound:
        return None


def record_event(ctx: Ctx, kind: str, letter: LetterRecord) -> int:
    """Record an event, which only its author sees."""
    update = LetterUpdate(
        letter.key,
        letter.creator_key,
        letter.mailbox_key,
        letter.box_key,
        letter.subject,
        [person.email for person in letter.people],
        letter.due_at,
        letter.state,
        letter.error,
    )
    subject = events.brief(letter.subject) or "(no subject)"
    return events.record(ctx, kind, update, subject=subject, reason=letter.error or "")


def people_text(people: list[Address]) -> list[str]:
    """Addresses as requests and answers write them."""
    return [f"{person.name} <{person.email}>" if person.name else person.email for person in people]


def text_of(letter: LetterRecord) -> str:
    return mail.plain(letter.html) if letter.html else letter.text
