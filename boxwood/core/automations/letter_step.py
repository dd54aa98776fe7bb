"""The step `email.send` with a mailbox: it schedules a letter, which is on its box after it was sent."""

from __future__ import annotations

from typing import Any

from ...errors import Invalid
from ...lib.template_filters import as_text
from ..activity import snippets
from ..activity.sending import drafts, letters, merging, senders
from ..activity.sending.records import LetterContent
from ..context import Ctx

WITH_MAILBOX = ("snippet", "box", "thread")
"""Parameters that a mail without a mailbox does not take."""


def schedule(ctx: Ctx, given: dict[str, Any], run_box_key: str | None) -> str:
    """Schedule the letter with the rights of the automation's user, and return its key."""
    if as_text(given.get("replyTo")).strip():
        raise Invalid("replyTo", "is not for mail of a mailbox: the mailbox gets the replies")
    wanted = as_text(given["mailbox"]).strip()
    known = {name: each.key for each in senders.list_own(ctx) for name in (each.key, each.address)}
    mailbox = senders.get(ctx, known.get(wanted, wanted), "mailbox")
    subject, html = as_text(given.get("subject")), as_text(given.get("html"))
    content = LetterContent(
        to=drafts.read_addresses("to", _texts(given["to"])),
        bcc=drafts.read_addresses("bcc", _texts(given.get("bcc"))),
        subject=subject,
        html=html,
        text="" if html else as_text(given.get("text")),
    )
    box_key = as_text(given.get("box")).strip() or run_box_key or None
    if key := as_text(given.get("snippet")).strip():
        content = _of_snippet(ctx, content, key, mailbox, box_key)
    if not content.subject.strip():
        raise Invalid("subject", "is missing")
    if not (content.html or content.text).strip():
        raise Invalid("text", "is missing")
    thread_key = as_text(given.get("thread")).strip() or None
    letter = letters.schedule(
        ctx, content, mailbox=mailbox, box_key=box_key, thread_key=thread_key, due_at=ctx.now, automatic=True
    )
    return letter.key


def _of_snippet(ctx: Ctx, content: LetterContent, key: str, mailbox: Any, box_key: str | None) -> LetterContent:
    """The letter with the text of a snippet. Only the snippet has merge fields: templates of the step are filled."""
    snippet = snippets.get(ctx, key)
    filled = LetterContent(to=content.to, subject="" if content.subject else snippet.subject or "", html=snippet.text)
    filled, missing = merging.merged(ctx, filled, mailbox, box_key=box_key, contact_key=None)
    if missing:
        raise Invalid("snippet", f"{{{{{missing[0].field}}}}} has no value: give it a default")
    return LetterContent(
        to=content.to, bcc=content.bcc, subject=content.subject or filled.subject, html=filled.html + content.html
    )


def _texts(value: Any) -> list[str]:
    values = value if isinstance(value, list) else [value]
    return [part.strip() for each in values for part in as_text(each).split(",") if part.strip()]
