"""What a draft begins with: its team and mailbox, a signature, a snippet, and what it takes over from a message."""

from __future__ import annotations

from typing import Any

import msgspec

from ....errors import Forbidden, Invalid
from ... import boxes
from ...context import Ctx
from ...people import teams
from .. import messages, snippets
from ..mail import mails, sharing
from ..mail.mailbox_records import MailboxRecord
from ..messages import Message
from . import quoting, senders
from .records import FORWARD, MOST_RECIPIENTS, NEW, REPLY_ALL, DraftRecord


def team_of(ctx: Ctx, given: dict[str, Any], box_key: str | None) -> str:
    """The team of the box, the given one, that of the mailbox, or the actor's oldest."""
    if box_key:
        return boxes.reach(ctx, box_key)[1].team_key
    if given.get("team_key"):
        return teams.get_to_work_in(ctx, given["team_key"]).key
    if given.get("mailbox_key"):
        return senders.get(ctx, given["mailbox_key"]).team_key
    return teams.oldest(ctx).key


def read_message(ctx: Ctx, kind: str, key: str | None) -> Message | None:
    """The message that a draft answers or forwards."""
    if kind == NEW:
        return None
    if not key:
        raise Invalid("messageKey", "is missing: give the message that you answer or forward")
    message = messages.get(ctx, key)
    share = sharing.of_threads(ctx, [message.thread_key]).get(message.thread_key, sharing.OPEN)
    if not share.is_whole(ctx):
        raise Forbidden("Only the user whose mail it is may answer or forward restricted mail")
    return message


def choose_mailbox(ctx: Ctx, given: dict[str, Any], message: Message | None, team_key: str) -> MailboxRecord | None:
    """The mailbox that a draft is sent from: the given one, that which has the message, or the actor's first."""
    if given.get("mailbox_key"):
        mailbox = senders.get(ctx, given["mailbox_key"])
        if mailbox.team_key != team_key:
            raise Invalid("mailboxKey", f"{mailbox.address} is a mailbox of another team")
        return mailbox
    usable = senders.list_own(ctx, team_key)
    if message is not None and usable:
        rows = ctx.db.rows("SELECT mailbox_key FROM mail_places WHERE mail_key = :mail", mail=message.mail_key)
        holding = {key for (key,) in rows}
        named = {person.email for person in (message.sender, *message.recipients, *message.cc)}
        for fits in (lambda each: each.key in holding, lambda each: bool({each.address, *each.aliases} & named)):
            if found := next(filter(fits, usable), None):
                return found
    return next(iter(usable), None)


def filled(ctx: Ctx, draft: DraftRecord, message: Message | None, mailbox: MailboxRecord | None) -> DraftRecord:
    """The draft with the signature of its mailbox, and with what it takes over from its message."""
    signature = mailbox.sending.signature if mailbox else ""
    body = f"<p></p>{signature}" if signature else ""
    if message is None:
        return msgspec.structs.replace(draft, html=body)
    own = {ctx.actor.email, *([mailbox.address, *mailbox.aliases] if mailbox else [])}
    attached = mails.files_of(ctx, message.mail_key)
    forwards = draft.kind == FORWARD
    changes: dict[str, Any] = {
        "subject": quoting.subject(message, quoting.FWD if forwards else quoting.RE),
        "html": (body or "<p></p>") + quoting.quoted(ctx.db, message, attached, forwards=forwards),
    }
    if not forwards:
        to, cc = quoting.recipients(message, own, everyone=draft.kind == REPLY_ALL)
        changes |= {
            "recipients": to[:MOST_RECIPIENTS],
            "cc": cc[:MOST_RECIPIENTS],
            "in_reply_to": message.message_id,
            "mail_references": quoting.references(message),
        }
    return msgspec.structs.replace(draft, **changes)


def with_snippet(ctx: Ctx, draft: DraftRecord, given: dict[str, Any]) -> DraftRecord:
    """The draft with the text of a snippet at its beginning."""
    if not given.get("snippet_key"):
        return draft
    snippet = snippets.get(ctx, given["snippet_key"])
    return msgspec.structs.replace(
        draft,
        snippet_key=snippet.key,
        html=f"{snippet.text}{draft.html}",
        subject=draft.subject or snippet.subject or "",
    )
