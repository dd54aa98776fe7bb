"""Giving the share of a mailbox to its conversations that are stored already. Mail that arrives gets it by itself."""

from __future__ import annotations

import contextlib
from typing import NamedTuple

from ....errors import Conflict, Forbidden, Invalid, NotFound
from ...context import Ctx
from . import conversations, mailboxes
from .mailbox_records import MailboxRecord
from .records import FULL, PERSONAL, SHARES

AT_ONCE = 200


class SharedConversations(NamedTuple):
    changed: int
    kept: int
    """Conversations that stay as they are, because their mail is also in mailboxes of other users, or of the team."""
    more: bool
    """Whether there are further conversations to change."""


def apply(ctx: Ctx, key: str, only_from: str = "") -> SharedConversations:
    """Give the mailbox's share to its conversations, at most `AT_ONCE`, the newest first. With `only_from`, to those
    that have this share now, so that what the owner chose for a single conversation stays."""
    mailbox = mailboxes.get(ctx, key)
    if mailbox.kind != PERSONAL:
        raise Conflict("The mail of a mailbox of the team is always shared in full")
    if only_from and only_from not in SHARES:
        raise Invalid("from", f"must be one of {', '.join(SHARES)}")
    found = _differing(ctx, mailbox, only_from)
    alone = [thread_key for thread_key, is_shared in found if not is_shared]
    changed = 0
    for thread_key in alone[:AT_ONCE]:
        # The owner may not change a box any longer, or does not see it.
        with contextlib.suppress(NotFound, Forbidden, Conflict):
            conversations.share(ctx, thread_key, mailbox.share)
            changed += 1
    return SharedConversations(changed, len(found) - len(alone), len(alone) > AT_ONCE and changed > 0)


def _differing(ctx: Ctx, mailbox: MailboxRecord, only_from: str) -> list[tuple[str, bool]]:
    """The mailbox's conversations with another share, the newest first, and whether other users share their mail. The
    owner of a restricted conversation alone has its mail."""
    dialect, share = ctx.db.dialect, f"COALESCE(ts.share, '{FULL}')"
    rows = ctx.db.rows(
        f"""
        SELECT m.thread_key, MAX(CASE WHEN {share} = '{FULL}' AND EXISTS (
            SELECT 1 FROM messages o WHERE o.thread_key = m.thread_key AND ({dialect.length("o.owner_keys")} <> 1
                OR NOT EXISTS (SELECT 1 FROM {dialect.each_text("o.owner_keys")} a WHERE a.value = :owner))
            ) THEN 1 ELSE 0 END)
        FROM mail_places p JOIN messages m ON m.mail_key = p.mail_key
        LEFT JOIN thread_shares ts ON ts.thread_key = m.thread_key
        WHERE p.mailbox_key = :mailbox AND {share} <> :share AND (:only_from = '' OR {share} = :only_from)
            AND (ts.owner_key IS NULL OR ts.owner_key = :owner)
        GROUP BY m.thread_key ORDER BY m.thread_key DESC
        """,
        mailbox=mailbox.key,
        owner=mailbox.owner_key,
        share=mailbox.share,
        only_from=only_from,
    )
    return [(thread_key, bool(is_shared)) for thread_key, is_shared in rows]
