"""Comments on a box: what people say to each other about it, with replies, mentions and reactions."""

from __future__ import annotations

from typing import Any

import msgspec

from ...db.records import Table
from ...errors import Forbidden, Invalid
from ...lib import ids
from .. import access, boxes, events, trash
from ..context import Ctx
from ..records import Box, Pipeline
from . import attached, mentions
from .mentions import Mention

MOST_MENTIONS = 1000
LONGEST_EMOJI = 64


class Comment(msgspec.Struct, frozen=True):
    key: str
    box_key: str
    pipeline_key: str
    creator_key: str
    message: str
    mentions: list[Mention]
    parent_key: str | None
    """What it replies to; nothing once that is deleted."""
    event_id: int | None
    """The event that says it was made; None in that event's own record."""
    created_at: int
    saved_at: int

    def people(self) -> list[str]:
        return [self.creator_key, *(mention.user_key for mention in self.mentions)]


class Reaction(msgspec.Struct, frozen=True):
    comment_key: str
    emoji: str
    user_key: str
    at: int


COMMENTS = Table("comments", Comment)
REACTIONS = Table("reactions", Reaction)


def get(ctx: Ctx, key: str) -> Comment:
    return attached.get(ctx, COMMENTS, key)


def of_box(ctx: Ctx, box_key: str, *, limit: int, offset: int) -> list[Comment]:
    """The oldest first."""
    boxes.get(ctx, box_key)
    rows = ctx.db.rows(
        f"""
        SELECT {COMMENTS.columns} FROM comments WHERE box_key = :box
        ORDER BY created_at, key LIMIT :limit OFFSET :offset
        """,
        box=box_key,
        limit=limit,
        offset=offset,
    )
    return COMMENTS.load_all(rows)


def replies(ctx: Ctx, keys: list[str]) -> dict[str, list[str]]:
    """The keys of the direct replies to each of these, the oldest first."""
    found: dict[str, list[str]] = {key: [] for key in keys}
    among = ctx.db.dialect.among("parent_key", "keys")
    sql = f"SELECT parent_key, key FROM comments WHERE {among} ORDER BY created_at, key"
    for parent_key, key in ctx.db.rows(sql, keys=ctx.db.texts(keys)):
        found[parent_key].append(key)
    return found


def reactions(ctx: Ctx, keys: list[str]) -> dict[str, dict[str, list[str]]]:
    """Who reacted to each of these, by emoji, both in the order it happened."""
    found: dict[str, dict[str, list[str]]] = {key: {} for key in keys}
    among = ctx.db.dialect.among("comment_key", "keys")
    sql = f"SELECT {REACTIONS.columns} FROM reactions WHERE {among} ORDER BY at, user_key"
    for one in REACTIONS.load_all(ctx.db.rows(sql, keys=ctx.db.texts(keys))):
        found[one.comment_key].setdefault(one.emoji, []).append(one.user_key)
    return found


def create(ctx: Ctx, box_key: str, given: dict[str, Any]) -> Comment:
    """`message`; `mentions`, or `search` to find them in it; `parent_key` of the comment it replies to."""
    box, pipeline, _ = boxes.reach(ctx, box_key, "UPDATE")
    message = _checked_message(given.get("message"))
    comment = Comment(
        key=ids.new("r", ctx.now),
        box_key=box.key,
        pipeline_key=box.pipeline_key,
        creator_key=ctx.actor.key,
        message=message,
        mentions=_mentions(ctx, box, pipeline, message, given, []),
        parent_key=_checked_parent(ctx, box, given.get("parent_key")),
        event_id=None,
        created_at=ctx.now,
        saved_at=ctx.now,
    )
    event_id = tell(ctx, "comment.created", comment, box, pipeline)
    comment = msgspec.structs.replace(comment, event_id=event_id)
    COMMENTS.insert(ctx.db, comment)
    count(ctx, box)
    return comment


def edit(ctx: Ctx, key: str, changes: dict[str, Any]) -> Comment:
    """Its message and mentions, by its author alone: what people said is theirs."""
    before, box, pipeline, _ = attached.reach(ctx, COMMENTS, key)
    if before.creator_key != ctx.actor.key:
        raise Forbidden("Only its author may change a comment")
    message = _checked_message(changes["message"]) if "message" in changes else before.message
    named = _mentions(ctx, box, pipeline, message, changes, before.mentions)
    comment = msgspec.structs.replace(before, message=message, mentions=named)
    if comment == before:
        return before
    comment = msgspec.structs.replace(comment, saved_at=ctx.now)
    COMMENTS.update(ctx.db, comment, "message", "mentions", "saved_at")
    old = {"message": before.message, "mentions": before.mentions}
    tell(ctx, "comment.edited", comment, box, pipeline, before=old)
    return comment


def delete(ctx: Ctx, key: str) -> None:
    """By its author or an admin of the pipeline. Replies stay, as comments of their own."""
    comment, box, pipeline, role = attached.reach(ctx, COMMENTS, key)
    if comment.creator_key != ctx.actor.key and not access.allows(ctx, role, "PIPELINE", "DELETE"):
        raise Forbidden("Only its author, or an admin of the pipeline, may delete a comment")
    about = {"creator_key": comment.creator_key}
    answers = replies(ctx, [key])[key]
    name = events.brief(comment.message)
    trash.store(ctx, "comment", key, name, pipeline=pipeline, box_key=box.key, about=about, replies=answers)
    ctx.db.run("DELETE FROM comments WHERE key = :key", key=key)
    count(ctx, box)
    tell(ctx, "comment.deleted", comment, box, pipeline)


def react(ctx: Ctx, key: str, emoji: str) -> Comment:
    """Once per person and emoji: again is no news."""
    comment, box, pipeline, _ = attached.reach(ctx, COMMENTS, key)
    added = ctx.db.run(
        """
        INSERT INTO reactions (comment_key, emoji, user_key, at) VALUES (:comment, :emoji, :user, :at)
        ON CONFLICT DO NOTHING
        """,
        comment=key,
        emoji=_checked_emoji(emoji),
        user=ctx.actor.key,
        at=ctx.now,
    )
    return _reacted(ctx, "comment.reacted", comment, box, pipeline, emoji) if added else comment


def unreact(ctx: Ctx, key: str, emoji: str) -> Comment:
    comment, box, pipeline, _ = attached.reach(ctx, COMMENTS, key)
    removed = ctx.db.run(
        "DELETE FROM reactions WHERE comment_key = :comment AND emoji = :emoji AND user_key = :user",
        comment=key,
        emoji=_checked_emoji(emoji),
        user=ctx.actor.key,
    )
    return _reacted(ctx, "comment.unreacted", comment, box, pipeline, emoji) if removed else comment


def _reacted(ctx: Ctx, kind: str, comment: Comment, box: Box, pipeline: Pipeline, emoji: str) -> Comment:
    comment = msgspec.structs.replace(comment, saved_at=ctx.now)
    COMMENTS.update(ctx.db, comment, "saved_at")
    tell(ctx, kind, comment, box, pipeline, what=emoji)
    return comment


def _checked_emoji(emoji: str) -> str:
    if not emoji or len(emoji) > LONGEST_EMOJI or any(one.isspace() for one in emoji):
        raise Invalid("emoji", f"must be an emoji: no spaces, at most {LONGEST_EMOJI} characters")
    return emoji


def _checked_message(message: str | None) -> str:
    if not message or not message.strip():
        raise Invalid("message", "may not be empty")
    return message


def _checked_parent(ctx: Ctx, box: Box, key: str | None) -> str | None:
    if not key:
        return None
    sql = "SELECT 1 FROM comments WHERE key = :key AND box_key = :box"
    if ctx.db.row(sql, key=key, box=box.key) is None:
        raise Invalid("parent", f"no comment {key[:100]!r} on this box")
    return key


def _mentions(
    ctx: Ctx, box: Box, pipeline: Pipeline, message: str, given: dict[str, Any], before: list[Mention]
) -> list[Mention]:
    """Those named, else those it had as far as the message still has room for them; and those found in it."""
    named = [Mention(**one) for one in given["mentions"]] if "mentions" in given else before
    if len(named) > MOST_MENTIONS:
        raise Invalid("mentions", f"at most {MOST_MENTIONS:,} people can be mentioned")
    if named == before and not given.get("search"):
        return [one for one in named if _fits(one, message)]
    readers = boxes.readers(ctx, box, pipeline)
    known = {person.key for person in readers} | {one.user_key for one in before}
    for at, one in enumerate(named):
        if one.user_key not in known:
            raise Invalid(f"mentions[{at}].userKey", f"no one with the key {one.user_key[:100]!r} can see this box")
        if "mentions" in given and not _fits(one, message):
            raise Invalid(f"mentions[{at}].offset", "lies outside the message")
    found = mentions.find(message, readers) if given.get("search") else []
    kept = [one for one in named if _fits(one, message)]
    return kept + [one for one in found if not any(one.overlaps(other) for other in kept)]


def _fits(mention: Mention, message: str) -> bool:
    """Within the message, whether its client counts characters or, as JavaScript does, UTF-16 units."""
    offset, length = mention.offset or 0, mention.length or 0
    return offset >= 0 and length >= 0 and offset + length <= len(message.encode("utf-16-le")) // 2


def count(ctx: Ctx, box: Box) -> None:
    row = ctx.db.row("SELECT COUNT(*), MAX(created_at) FROM comments WHERE box_key = :box", box=box.key)
    assert row is not None
    boxes.note(ctx, box, comment_count=row[0], last_comment_at=row[1])


def tell(
    ctx: Ctx, kind: str, comment: Comment, box: Box, pipeline: Pipeline, *, before: Any = None, **names: str
) -> int:
    names |= {"subject": events.brief(comment.message), "comment_text": comment.message, "stage_key": box.stage_key}
    return events.record(
        ctx, kind, comment, pipeline=pipeline, box=box, before=before, people=comment.people(), **names
    )
