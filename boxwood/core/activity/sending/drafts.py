"""Drafts: mail that a user writes. A draft may be shared with colleagues, who then write it together.

A draft is hidden while it is a letter that waits or was sent. If the letter is cancelled or refused, the draft is back.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

from ....errors import Conflict, Forbidden, Invalid, NotFound, Stale
from ....lib import ids, mail
from ....lib.mail import Address
from ....lib.mail.addresses import addresses_of
from ... import boxes
from ...context import Ctx
from ...people import contact_access, teams
from ...people.contacts import CONTACTS
from ...persons import check_email
from ..files import Upload
from ..mail import mails, sharing
from ..mail.records import FULL
from . import filling, outgoing_files, senders
from .records import (
    DRAFT_KINDS,
    DRAFTS,
    FORWARD,
    MOST_RECIPIENTS,
    NEW,
    NO_TRACK,
    DraftRecord,
    LetterContent,
    OutgoingFile,
)

MOST_DRAFTS = 1000
"""Drafts of a user."""
_CONTENT_ID = re.compile(r"[!-;=?-~]{1,200}")
_PLACES = ("recipients", "cc", "bcc")


# Reading

_OWN = "d.creator_key = :actor AND (:within = '' OR (d.of_team AND d.team_key = :within))"
_SHARED = """
    d.shared AND EXISTS (SELECT 1 FROM team_members m WHERE m.team_key = d.team_key AND m.user_key = :actor
        AND m.role IN ('Member', 'Owner')) AND (:within = '' OR d.team_key = :within)
"""


def get(ctx: Ctx, key: str) -> DraftRecord:
    """A draft of the actor, or one that a colleague shares. Raises `NotFound`."""
    return _reach(ctx, key, "")


def _reach(ctx: Ctx, key: str, lock: str) -> DraftRecord:
    row = ctx.db.row(f"SELECT {DRAFTS.columns} FROM drafts WHERE key = :key AND letter_key IS NULL{lock}", key=key)
    draft = DRAFTS.load(row) if row else None
    if draft is None or not _seen(ctx, [draft]):
        raise NotFound(key)
    return draft


def page(
    ctx: Ctx, *, limit: int, offset: int, box_key: str = "", thread_key: str = "", mailbox_key: str = ""
) -> list[DraftRecord]:
    """The actor's drafts and those that colleagues share, the last changed first."""
    rows = ctx.db.rows(
        f"""
        SELECT {DRAFTS.of("d")} FROM drafts d
        WHERE d.letter_key IS NULL AND (({_OWN}) OR ({_SHARED})) AND (:box = '' OR d.box_key = :box)
            AND (:thread = '' OR d.thread_key = :thread) AND (:mailbox = '' OR d.mailbox_key = :mailbox)
        ORDER BY d.updated_at DESC, d.key DESC LIMIT {MOST_DRAFTS}
        """,
        actor=ctx.actor.key,
        within=ctx.within,
        box=box_key,
        thread=thread_key,
        mailbox=mailbox_key,
    )
    return _seen(ctx, DRAFTS.load_all(rows))[offset : offset + limit]


def _seen(ctx: Ctx, found: list[DraftRecord]) -> list[DraftRecord]:
    """Those of the drafts that the actor may see."""
    seen_boxes = boxes.seen_among(ctx, {draft.box_key for draft in found if draft.box_key})
    if ctx.only:  # the API key reaches only some pipelines
        found = [draft for draft in found if draft.box_key in seen_boxes]
    return [draft for draft in found if _is_own(ctx, draft) or _is_shared_with(ctx, draft, seen_boxes)]


def _is_own(ctx: Ctx, draft: DraftRecord) -> bool:
    if draft.creator_key != ctx.actor.key:
        return False
    if ctx.within:
        return draft.of_team and draft.team_key == ctx.within
    if teams.is_member(ctx, draft.team_key):
        return True
    return bool(draft.box_key) and draft.box_key in boxes.seen_among(ctx, {draft.box_key or ""})  # a guest's


def _is_shared_with(ctx: Ctx, draft: DraftRecord, seen_boxes: Any) -> bool:
    if not draft.shared or (draft.box_key and draft.box_key not in seen_boxes) or _quotes_restricted(ctx, draft):
        return False
    try:
        return teams.role_of(ctx, teams.get(ctx, draft.team_key)) in ("Member", "Owner")
    except NotFound:
        return False


# Writing


def create(ctx: Ctx, given: dict[str, Any]) -> DraftRecord:
    """Begin a draft. An answer or a forward is filled from its message; members that are given come before that."""
    kind = given.get("kind") or NEW
    if kind not in DRAFT_KINDS:
        raise Invalid("kind", f"must be one of {', '.join(DRAFT_KINDS)}")
    message = filling.read_message(ctx, kind, given.get("message_key"))
    box_key = given.get("box_key") or (message.box_key if message else None)
    _require_box(ctx, box_key)
    team_key = filling.team_of(ctx, given, box_key)
    _require_few(ctx)
    mailbox = filling.choose_mailbox(ctx, given, message, team_key)
    blank = DraftRecord(
        key=ids.new("d", ctx.now),
        team_key=team_key,
        creator_key=ctx.actor.key,
        of_team=bool(ctx.within),
        mailbox_key=mailbox.key if mailbox else None,
        box_key=box_key,
        contact_key=None,
        thread_key=given.get("thread_key") or (message.thread_key if message else None),
        message_key=message.key if message else None,
        kind=kind,
        recipients=[],
        cc=[],
        bcc=[],
        subject="",
        html="",
        text="",
        in_reply_to=None,
        mail_references=[],
        shared=False,
        track=NO_TRACK,
        snippet_key=None,
        version=1,
        letter_key=None,
        created_at=ctx.now,
        updated_at=ctx.now,
    )
    draft = filling.filled(ctx, blank, message, mailbox)
    draft = filling.with_snippet(ctx, draft, given)
    draft = _changed(ctx, draft, given)
    DRAFTS.insert(ctx.db, draft)
    if message is not None:
        attached = mails.files_of(ctx, message.mail_key)
        outgoing_files.add_of_mail(ctx, draft.key, attached, only_shown=None if kind == FORWARD else draft.html)
    if given.get("files") is not None:
        kept = [file.key for file in outgoing_files.list_of(ctx, draft.key)]
        outgoing_files.set_of(ctx, draft.key, [*kept, *given["files"]])
    ctx.show("draft", draft.key, {}, {"subject": draft.subject}, draft.subject)
    return draft


def edit(ctx: Ctx, key: str, given: dict[str, Any]) -> DraftRecord:
    """Apply the given values. Raises `Stale` if the draft was changed since the version that the caller knows."""
    before = _reach(ctx, key, ctx.db.for_update)
    version = given.get("version")
    if version is not None and version != before.version:
        raise Stale(
            f"The draft was changed since: you have version {version}, and it is version {before.version} now. Read "
            "it again"
        )
    _require_may_change(ctx, before)
    for member in ("kind", "message_key"):
        if given.get(member) and given[member] != getattr(before, member):
            raise Invalid(member, "cannot be changed: begin another draft")
    if given.get("shared") is not None and given["shared"] != before.shared and not _is_own(ctx, before):
        raise Forbidden("Only the author of a draft may change with whom it is shared")
    draft = before
    if given.get("mailbox_key"):
        draft = msgspec.structs.replace(draft, mailbox_key=senders.get(ctx, given["mailbox_key"]).key)
    for member in ("box_key", "thread_key"):
        if member in given:
            draft = msgspec.structs.replace(draft, **{member: given[member] or None})
    _require_box(ctx, draft.box_key)
    if draft.box_key and draft.box_key != before.box_key:
        box, pipeline, _ = boxes.reach(ctx, draft.box_key)
        if pipeline.team_key != draft.team_key:
            raise Invalid("boxKey", f"{box.name!r} is a box of another team")
    draft = _changed(ctx, draft, given)
    if given.get("files") is not None:
        outgoing_files.set_of(ctx, key, given["files"])
    elif draft == before:
        return before
    draft = msgspec.structs.replace(draft, version=before.version + 1, updated_at=ctx.now)
    DRAFTS.update(ctx.db, draft)
    ctx.show("draft", key, before, draft, draft.subject)
    return draft


def delete(ctx: Ctx, key: str) -> None:
    """Delete a draft, for good."""
    draft = _reach(ctx, key, ctx.db.for_update)
    if not _is_own(ctx, draft):
        raise Forbidden("Only the author of a draft may delete it")
    remove(ctx, key)
    ctx.show("draft", key, {"subject": draft.subject}, {}, draft.subject)


def remove(ctx: Ctx, key: str) -> None:
    """Delete the rows of a draft. Checks no permission."""
    outgoing_files.delete_of(ctx, key)
    ctx.db.run("DELETE FROM drafts WHERE key = :key", key=key)


def attach(ctx: Ctx, key: str, upload: Upload, *, content_id: str | None = None) -> DraftRecord:
    """Attach an uploaded file to a draft. With a `content_id`, the HTML shows it."""
    draft = _reach(ctx, key, ctx.db.for_update)
    _require_may_change(ctx, draft)
    if content_id and not _CONTENT_ID.fullmatch(content_id):
        raise Invalid("contentId", "must have up to 200 ASCII characters, without blanks and brackets")
    outgoing_files.insert(ctx, key, upload, content_id=content_id)
    outgoing_files.require_room(ctx, key)
    draft = msgspec.structs.replace(draft, version=draft.version + 1, updated_at=ctx.now)
    DRAFTS.update(ctx.db, draft, "version", "updated_at")
    ctx.show("draft", key, {"file": None}, {"file": upload.name}, draft.subject)
    return draft


def require_attach(ctx: Ctx, key: str) -> None:
    _require_may_change(ctx, get(ctx, key))


def files_of(ctx: Ctx, draft: DraftRecord) -> list[OutgoingFile]:
    return outgoing_files.list_of(ctx, draft.key)


def content_of(ctx: Ctx, draft: DraftRecord) -> LetterContent:
    """What the letter of the draft says."""
    return LetterContent(
        to=draft.recipients,
        cc=draft.cc,
        bcc=draft.bcc,
        subject=draft.subject,
        html=draft.html,
        text=draft.text,
        in_reply_to=draft.in_reply_to,
        references=draft.mail_references,
        files=files_of(ctx, draft),
        track=draft.track,
        contact_key=draft.contact_key,
    )


def lock(ctx: Ctx, key: str) -> DraftRecord:
    """The draft, locked to be sent."""
    draft = _reach(ctx, key, ctx.db.for_update)
    _require_may_change(ctx, draft)
    return draft


def hide(ctx: Ctx, draft: DraftRecord, letter_key: str) -> None:
    """Hide a draft that became a letter."""
    ctx.db.run("UPDATE drafts SET letter_key = :letter WHERE key = :key", letter=letter_key, key=draft.key)


def give_back(ctx: Ctx, letter_key: str) -> None:
    """Show the draft of a letter again, because the letter was not sent."""
    ctx.db.run(
        "UPDATE drafts SET letter_key = NULL, updated_at = :now WHERE letter_key = :key", key=letter_key, now=ctx.now
    )


# What a request may set


def _changed(ctx: Ctx, draft: DraftRecord, given: dict[str, Any]) -> DraftRecord:
    """The draft with the values of a request. Raises `Invalid`."""
    changes: dict[str, Any] = {}
    for member, name in zip(_PLACES, ("to", "cc", "bcc"), strict=True):
        if given.get(member) is not None:
            changes[member] = read_addresses(name, given[member])
    if given.get("subject") is not None:
        changes["subject"] = " ".join(given["subject"].split())
    if given.get("html") is not None:
        changes |= {"html": given["html"], "text": ""}
    if given.get("text") is not None and not given.get("html"):
        changes |= {"text": given["text"], "html": ""}
    if given.get("track") is not None:
        changes["track"] = msgspec.structs.replace(draft.track, **given["track"])
    if "contact_key" in given:
        key = given["contact_key"] or None
        changes["contact_key"] = contact_access.get(ctx, CONTACTS, key).key if key else None
    if given.get("shared") is not None:
        changes["shared"] = given["shared"]
    draft = msgspec.structs.replace(draft, **changes)
    if draft.shared:
        _require_open(ctx, draft)
    return draft


def _require_box(ctx: Ctx, box_key: str | None) -> None:
    if ctx.only and not box_key:
        raise Invalid("boxKey", "is missing: an API key that is limited to pipelines writes only on their boxes")


def _require_open(ctx: Ctx, draft: DraftRecord) -> None:
    """Raise `Conflict` if a draft quotes mail that colleagues may not see."""
    if _quotes_restricted(ctx, draft):
        raise Conflict("An answer to restricted mail cannot be shared with colleagues")


def _quotes_restricted(ctx: Ctx, draft: DraftRecord) -> bool:
    """Whether colleagues may not see the mail that the draft quotes. It may have been restricted later."""
    row = ctx.db.row("SELECT thread_key FROM messages WHERE key = :key", key=draft.message_key or "")
    keys = {key for key in (draft.thread_key, row and row[0]) if key}
    return any(share.share != FULL for share in sharing.of_threads(ctx, keys).values())


def read_addresses(member: str, given: list[str]) -> list[Address]:
    """Addresses such as `Zoe Zuse <zoe@client.example>`, each once. Raises `Invalid` for the member."""
    found: dict[str, Address] = {}
    for text in given:
        if not text.strip():
            continue
        people = addresses_of([text.encode()])
        if not people:
            raise Invalid(member, f"{text.strip()[:100]!r} is not an e-mail address")
        for person in people:
            email = check_email(person.email, member)
            found.setdefault(email, Address(email, " ".join(person.name.split())))
    if len(found) > MOST_RECIPIENTS:
        raise Invalid(member, f"must not have more than {MOST_RECIPIENTS} addresses: send a mailing instead")
    return list(found.values())


def _require_few(ctx: Ctx) -> None:
    row = ctx.db.row(
        "SELECT COUNT(*) FROM drafts WHERE creator_key = :actor AND letter_key IS NULL", actor=ctx.actor.key
    )
    if row and row[0] >= MOST_DRAFTS:
        raise Conflict(f"You have {MOST_DRAFTS:,} drafts: delete some first")


def _require_may_change(ctx: Ctx, draft: DraftRecord) -> None:
    """A colleague changes a shared draft of a box if they may change the box."""
    if not _is_own(ctx, draft) and draft.box_key:
        boxes.reach(ctx, draft.box_key, "UPDATE")


def text_of(draft: DraftRecord) -> str:
    """The draft as plain text."""
    return mail.plain(draft.html) if draft.html else draft.text
