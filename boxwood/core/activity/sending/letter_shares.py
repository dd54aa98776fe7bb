"""What users who see the box of a letter see of the letter."""

from __future__ import annotations

from typing import Any

import msgspec

from ...context import Ctx
from ..mail import sharing
from ..mail.records import FULL, PERSONAL, PRIVATE
from .records import LetterRecord


def of_letters(ctx: Ctx, found: list[LetterRecord]) -> dict[str, str]:
    """What users who see the box see of each letter: as of its conversation, or as its mailbox says."""
    among = ctx.db.dialect.among("key", "keys")
    sent = ctx.db.texts({letter.message_key for letter in found if letter.message_key})
    rows = ctx.db.rows(f"SELECT key, thread_key FROM messages WHERE {among}", keys=sent)
    now_in: dict[str, str] = dict(rows)
    threads = {letter.key: now_in.get(letter.message_key or "") or letter.thread_key or "" for letter in found}
    of_threads = sharing.of_threads(ctx, set(threads.values()))
    sql = f"SELECT key, share, kind FROM mailboxes WHERE {among}"
    rows = ctx.db.rows(sql, keys=ctx.db.texts({letter.mailbox_key for letter in found}))
    of_mailboxes = {key: share if kind == PERSONAL else FULL for key, share, kind in rows}
    shares = {}
    for letter in found:
        thread = of_threads.get(threads[letter.key], sharing.OPEN)
        is_sent = letter.message_key is not None
        mailbox = PRIVATE if letter.owner_key else FULL
        mailbox = of_mailboxes.get(letter.mailbox_key, mailbox)
        shares[letter.key] = thread.share if is_sent or thread.share != FULL else mailbox
    return shares


def reduced(letter: LetterRecord, share: str) -> LetterRecord | None:
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
