"""Scheduling a letter with one request, as Streak's clients do."""

from __future__ import annotations

from typing import Any

from ....errors import Invalid
from ... import boxes
from ...context import Ctx
from .. import snippets
from . import drafts, letters, merging, senders
from .records import LetterContent, LetterRecord, Track


def create(ctx: Ctx, given: dict[str, Any]) -> LetterRecord:
    """Write and schedule a letter. With `should_box` it belongs to the box that has the first recipient's address, if
    only one box of the actor has it."""
    to = drafts.read_addresses("toAddresses", given.get("to_addresses") or [])
    if not to:
        raise Invalid("toAddresses", "is empty: give at least one recipient")
    texts, subject = [given.get("body") or ""], given.get("subject") or ""
    for key in given.get("snippet_key_list") or []:
        snippet = snippets.get(ctx, key)
        texts.append(snippet.text)
        subject = subject or snippet.subject or ""
    wanted = given.get("mailbox_key")
    mailbox = senders.get(ctx, wanted) if wanted else next(iter(senders.list_own(ctx)), None)
    if mailbox is None:
        raise Invalid("mailboxKey", "you have no mailbox that can send: add one with an SMTP server first")
    tracked = bool(given.get("is_tracked"))
    content = LetterContent(
        to=to,
        cc=drafts.read_addresses("ccAddresses", given.get("cc_addresses") or []),
        bcc=drafts.read_addresses("bccAddresses", given.get("bcc_addresses") or []),
        subject=" ".join(subject.split()),
        html="".join(texts),
        track=Track(tracked, tracked),
    )
    box_key = given.get("box_key")
    if not box_key and given.get("should_box"):
        box_key = _box_of(ctx, mailbox.team_key, to[0].email)
    content, missing = merging.merged(ctx, content, mailbox, box_key=box_key, contact_key=None)
    if missing:
        raise Invalid("snippetKeyList", f"{{{{{missing[0].field}}}}} has no value: give it a default")
    return letters.schedule(
        ctx,
        content,
        mailbox=mailbox,
        box_key=box_key,
        thread_key=given.get("thread_key"),
        due_at=given.get("send_date") or ctx.now,
    )


def _box_of(ctx: Ctx, team_key: str, address: str) -> str | None:
    rows = ctx.db.rows(
        """
        SELECT x.box_key FROM box_addresses x JOIN boxes b ON b.key = x.box_key
        JOIN pipelines p ON p.key = b.pipeline_key WHERE x.address = :address AND p.team_key = :team
        """,
        address=address,
        team=team_key,
    )
    found = boxes.seen_among(ctx, {key for (key,) in rows})
    return next(iter(found)) if len(found) == 1 else None
