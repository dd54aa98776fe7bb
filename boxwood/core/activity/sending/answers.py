"""What recipients do after a letter of a mailing: they reply, or unsubscribe. It is counted on the mailing."""

from __future__ import annotations

from ...context import Ctx
from ...events import Happened
from .mailing_records import LETTER


def on_event(ctx: Ctx, happened: Happened) -> None:
    if happened.kind == "message.added" and not happened.thing.sent and not happened.thing.automatic:
        _replied(ctx, happened)
    elif happened.kind == "suppression.noticed" and happened.thing.reason in ("unsubscribe", "complaint"):
        _unsubscribed(ctx, happened.thing.letter_key)


def _replied(ctx: Ctx, happened: Happened) -> None:
    """A message from a recipient's address, or in the conversation of a letter, is a reply to the letters before."""
    message = happened.thing
    ctx.db.run(
        f"""
        UPDATE mailing_recipients SET replied_at = :now
        WHERE state = '{LETTER}' AND replied_at IS NULL AND letter_key IN (
            SELECT s.key FROM sent_letters s WHERE s.box_key = :box AND s.mailing_key IS NOT NULL
                AND s.sent_at <= :at AND (mailing_recipients.address = :sender OR s.thread_key = :thread))
        """,
        now=ctx.now,
        box=happened.box.key if happened.box is not None else "",
        at=max(message.sent_at, ctx.now),
        sender=message.sender.email,
        thread=message.thread_key,
    )


def _unsubscribed(ctx: Ctx, letter_key: str | None) -> None:
    ctx.db.run(
        "UPDATE mailing_recipients SET unsubscribed_at = :now WHERE letter_key = :letter AND unsubscribed_at IS NULL",
        now=ctx.now,
        letter=letter_key or "",
    )
