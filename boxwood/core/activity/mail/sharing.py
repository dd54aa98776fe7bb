"""What users who see a box see of its mail: the share of each conversation.

A conversation has a row in `thread_shares` only if it is restricted, or if its owner chose a share for it. Its owner
sees all of it. Rows stay when a conversation is removed, because its events stay.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple, TypeVar

import msgspec

from ...context import Ctx
from .records import FULL, METADATA, PRIVATE


class ThreadShare(NamedTuple):
    share: str
    owner_key: str | None
    """The user who restricted the conversation, or whose mailbox it came from; None if no user did."""

    def is_whole(self, ctx: Ctx) -> bool:
        return self.share == FULL or self.owner_key == ctx.mail_owner


OPEN = ThreadShare(FULL, None)
S = TypeVar("S", bound=Any)


def of_threads(ctx: Ctx, keys: Iterable[str]) -> dict[str, ThreadShare]:
    """The shares of these conversations. Those that are open to all are left out."""
    among = ctx.db.dialect.among("thread_key", "threads")
    sql = f"SELECT thread_key, share, owner_key FROM thread_shares WHERE {among}"
    return {key: ThreadShare(*rest) for key, *rest in ctx.db.rows(sql, threads=ctx.db.texts(keys))}


def reduced_threads(ctx: Ctx, threads: list[S]) -> list[S]:
    """The threads with their shares, without what the actor may not see. Private threads must be left out before."""
    return _reduced(ctx, threads, "key", {})


def reduced_messages(ctx: Ctx, messages: list[S]) -> list[S]:
    """The same for messages."""
    return _reduced(ctx, messages, "thread_key", {"text": "", "html": None, "truncated": False})


def _reduced(ctx: Ctx, things: list[S], member: str, empty: dict[str, Any]) -> list[S]:
    shares = of_threads(ctx, {getattr(thing, member) for thing in things}) if things else {}
    if not shares:
        return things
    found = []
    for thing in things:
        share = shares.get(getattr(thing, member), OPEN)
        changes: dict[str, Any] = {"share": share.share, "share_owner_key": share.owner_key}
        if not share.is_whole(ctx):
            changes |= empty
            if share.share == METADATA:
                changes["subject"] = ""
        found.append(msgspec.structs.replace(thing, **changes))
    return found


def members_who_share(ctx: Ctx, team_keys: Iterable[str]) -> set[tuple[str, str]]:
    """Team and user of the members who share the mail of a mailbox of theirs with the team, at least that it exists."""
    among = ctx.db.dialect.among("team_key", "teams")
    sql = f"SELECT team_key, owner_key FROM mailboxes WHERE {among} AND owner_key IS NOT NULL AND share <> '{PRIVATE}'"
    return {(team, user) for team, user in ctx.db.rows(sql, teams=ctx.db.texts(team_keys))}


def store(ctx: Ctx, thread_key: str, box_key: str, share: ThreadShare) -> None:
    """Store the share of a conversation. Checks no permission."""
    if share == OPEN:
        ctx.db.run("DELETE FROM thread_shares WHERE thread_key = :thread", thread=thread_key)
        return
    ctx.db.run(
        """
        INSERT INTO thread_shares (thread_key, box_key, share, owner_key) VALUES (:thread, :box, :share, :owner)
        ON CONFLICT (thread_key) DO UPDATE SET share = :share, owner_key = :owner
        """,
        thread=thread_key,
        box=box_key,
        share=share.share,
        owner=share.owner_key,
    )
