"""Letters: mail that is scheduled, and sent through a mailbox when it is due. A letter is never sent twice.

Its states are in `records`. A letter that waits can be cancelled, which gives its draft back.
"""

from __future__ import annotations

from typing import Any

import msgspec

from ....errors import Conflict, Forbidden, Invalid, NotFound, Stale
from ....lib import addresses, ids, mail
from ....lib.durations import DAY
from ....lib.lines import on_one_line
from ....lib.mail import Address
from ... import access, boxes, events
from ...accounts import makers
from ...context import Ctx
from ...people import teams
from .. import messages
from ..mail.mailbox_records import MailboxRecord
from ..mail.records import FULL, PERSONAL, PRIVATE
from . import drafts, letter_shares, limits, merging, outgoing_files, quoting, senders, suppressions
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
MOST_SEEN, AT_ONCE = 5000, 500


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
    elif ctx.only:
        raise Invalid("boxKey", "is missing: an API key that is limited to pipelines writes only on their boxes")
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
    sender = _named(senders.sender_of(ctx, mailbox))
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
    named = {member: [_named(each) for each in getattr(content, member)] for member in ("to", "cc", "bcc")}
    return msgspec.structs.replace(content, subject=on_one_line(content.subject), **named)


def _named(person: Address) -> Address:
    return Address(person.email, on_one_line(person.name))


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
    """The actor's letters, and those on boxes that the actor sees; the last due first. Their texts are not read."""
    if state and state not in LETTER_STATES:
        raise Invalid("state", f"must be one of {', '.join(LETTER_STATES)}")
    if box_key:
        boxes.get(ctx, box_key)
    shown: list[LetterRecord] = []
    for start in range(0, MOST_SEEN, AT_ONCE):
        rows = _rows_without_text(ctx, start, state=state, box=box_key, mailbox=mailbox_key, mailing=mailing_key)
        shown += _seen(ctx, LETTERS.load_all(rows))
        if len(rows) < AT_ONCE or len(shown) >= offset + limit:
            break
    return shown[offset : offset + limit]


_WITHOUT_TEXT = ", ".join(f"'' AS {name}" if name in ("html", "text") else f"s.{name}" for name in LETTERS.names)


def _rows_without_text(ctx: Ctx, start: int, **params: str) -> list[Any]:
    return ctx.db.rows(
        f"""
        SELECT {_WITHOUT_TEXT} FROM sent_letters s
        WHERE (({_OWN}) OR ({_ON_BOX})) AND (:state = '' OR s.state = :state) AND (:box = '' OR s.box_key = :box)
            AND (:mailbox = '' OR s.mailbox_key = :mailbox) AND (:mailing = '' OR s.mailing_key = :mailing)
        ORDER BY s.due_at DESC, s.key DESC LIMIT {AT_ONCE} OFFSET :start
        """,
        **ctx.who,
        **params,
        start=start,
    )


def files_of(ctx: Ctx, letters: list[LetterRecord]) -> dict[str, list[OutgoingFile]]:
    """The files of letters as the actor sees them: none of those whose text is hidden."""
    found = outgoing_files.by_owner(ctx, sorted(with_text(ctx, letters)))
    return {letter.key: found.get(letter.key, []) for letter in letters}


def with_text(ctx: Ctx, letters: list[LetterRecord]) -> set[str]:
    """The keys of those letters, which `get` or `page` returned, whose text, files and links the actor sees."""
    own = {letter.key for letter in letters if is_own(ctx, letter)}
    others = [letter.key for letter in letters if letter.key not in own]
    if not others:
        return own
    sql = f"SELECT {_WITHOUT_TEXT} FROM sent_letters s WHERE {ctx.db.dialect.among('s.key', 'keys')}"
    stored = LETTERS.load_all(ctx.db.rows(sql, keys=ctx.db.texts(others)))  # `reduced` removes their mailbox
    return own | {key for key, share in letter_shares.of_letters(ctx, stored).items() if share == FULL}


def _seen(ctx: Ctx, found: list[LetterRecord]) -> list[LetterRecord]:
    """Those of the letters that the actor may see, without what the actor may not see of them."""
    seen_boxes = boxes.seen_among(ctx, {letter.box_key for letter in found if letter.box_key})
    shares = letter_shares.of_letters(ctx, found)
    own_teams = {team for team in {letter.team_key for letter in found} if teams.is_member(ctx, team)}
    shown = []
    for letter in found:
        if ctx.only and letter.box_key not in seen_boxes:
            continue
        if _wrote(ctx, letter) and (ctx.within or letter.team_key in own_teams):
            shown.append(letter)
        elif (
            letter.box_key in seen_boxes and (reduced := letter_shares.reduced(letter, shares[letter.key])) is not None
        ):
            shown.append(reduced)
    return shown


def is_own(ctx: Ctx, letter: LetterRecord) -> bool:
    """Whether the actor wrote the letter. An API key of the team sees only letters from mailboxes of the team."""
    return _wrote(ctx, letter) and (bool(ctx.within) or teams.is_member(ctx, letter.team_key))


def _wrote(ctx: Ctx, letter: LetterRecord) -> bool:
    if letter.creator_key != ctx.actor.key:
        return False
    return not ctx.within or (letter.owner_key is None and letter.team_key == ctx.within)


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
