"""Comments on a box, with replies, mentions and reactions."""

from __future__ import annotations

from typing import Any

import msgspec

from ...db.records import Table
from ...errors import Forbidden, Invalid
from ...lib import ids
from .. import access, boxes, events, search, trash
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
    """The comment that this one replies to; None after that comment is deleted."""
    event_id: int | None
    """The number of the event `comment.created`; None in the record of that event itself."""
    created_at: int
    saved_at: int

    def people(self) -> list[str]:
        """The keys of the users that the comment names."""
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


def list_for_box(ctx: Ctx, box_key: str, *, limit: int, offset: int) -> list[Comment]:
    """The comments on a box, the oldest first."""
    return attached.list_for_box(ctx, COMMENTS, box_key, limit=limit, offset=offset)


def replies(ctx: Ctx, keys: list[str]) -> dict[str, list[str]]:
    """The keys of the direct replies to each of these comments, the oldest first."""
    found: dict[str, list[str]] = {key: [] for key in keys}
    among = ctx.db.dialect.among("parent_key", "keys")
    sql = f"SELECT parent_key, key FROM comments WHERE {among} ORDER BY created_at, key"
    for parent_key, key in ctx.db.rows(sql, keys=ctx.db.texts(keys)):
        found[parent_key].append(key)
    return found


def reactions(ctx: Ctx, keys: list[str]) -> dict[str, dict[str, list[str]]]:
    """By comment and emoji, the keys of the users who reacted, in the order of their reactions."""
    found: dict[str, dict[str, list[str]]] = {key: {} for key in keys}
    among = ctx.db.dialect.among("comment_key", "keys")
    sql = f"SELECT {REACTIONS.columns} FROM reactions WHERE {among} ORDER BY at, user_key"
    for reaction in REACTIONS.load_all(ctx.db.rows(sql, keys=ctx.db.texts(keys))):
        found[reaction.comment_key].setdefault(reaction.emoji, []).append(reaction.user_key)
    return found


def create(ctx: Ctx, box_key: str, given: dict[str, Any]) -> Comment:
    """Add a comment. `given` holds `message`; `mentions`, or `search` to find mentions in the message; and
    `parent_key`, if the comment is a reply."""
    box, pipeline, _ = attached.reach_box(ctx, COMMENTS, box_key)
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
    event_id = record_event(ctx, "comment.created", comment, box, pipeline)
    comment = msgspec.structs.replace(comment, event_id=event_id)
    COMMENTS.insert(ctx.db, comment)
    update_box_counts(ctx, box)
    return comment


def edit(ctx: Ctx, key: str, changes: dict[str, Any]) -> Comment:
    """Change the message and the mentions. Only the author may do this."""
    before, box, pipeline, _ = attached.reach(ctx, COMMENTS, key)
    if before.creator_key != ctx.actor.key:
        raise Forbidden("Only the author of a comment may change it")
    message = _checked_message(changes["message"]) if "message" in changes else before.message
    named = _mentions(ctx, box, pipeline, message, changes, before.mentions)
    comment = msgspec.structs.replace(before, message=message, mentions=named)
    if comment == before:
        return before
    comment = msgspec.structs.replace(comment, saved_at=ctx.now)
    COMMENTS.update(ctx.db, comment, "message", "mentions", "saved_at")
    old = {"message": before.message, "mentions": before.mentions}
    record_event(ctx, "comment.edited", comment, box, pipeline, before=old)
    return comment


def delete(ctx: Ctx, key: str) -> None:
    """Delete a comment. Only the author or an admin of the pipeline may do this. Replies stay, without a parent."""
    comment, box, pipeline, role = attached.reach(ctx, COMMENTS, key, "DELETE")
    if comment.creator_key != ctx.actor.key and not access.allows(ctx, role, "PIPELINE", "DELETE"):
        raise Forbidden("Only the author of a comment, or an admin of the pipeline, may delete it")
    about = {"creator_key": comment.creator_key}
    reply_keys = replies(ctx, [key])[key]
    name = events.brief(comment.message)
    trash.store(ctx, "comment", key, name, pipeline=pipeline, box_key=box.key, about=about, replies=reply_keys)
    ctx.db.run("DELETE FROM comments WHERE key = :key", key=key)
    update_box_counts(ctx, box)
    record_event(ctx, "comment.deleted", comment, box, pipeline)


def react(ctx: Ctx, key: str, emoji: str) -> Comment:
    """Add the actor's reaction. The same reaction a second time changes nothing and records no event."""
    comment, box, pipeline, _ = attached.reach(ctx, COMMENTS, key, "CREATE")
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
    """Remove the actor's reaction, if there is one."""
    comment, box, pipeline, _ = attached.reach(ctx, COMMENTS, key, "CREATE")
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
    record_event(ctx, kind, comment, box, pipeline, what=emoji)
    return comment


def _checked_emoji(emoji: str) -> str:
    if not emoji or len(emoji) > LONGEST_EMOJI or any(character.isspace() for character in emoji):
        raise Invalid("emoji", f"must be an emoji: no spaces, at most {LONGEST_EMOJI} characters")
    return emoji


def _checked_message(message: str | None) -> str:
    if not message or not message.strip():
        raise Invalid("message", "must not be empty")
    return message


def _checked_parent(ctx: Ctx, box: Box, key: str | None) -> str | None:
    if not key:
        return None
    sql = "SELECT 1 FROM comments WHERE key = :key AND box_key = :box"
    if ctx.db.row(sql, key=key, box=box.key) is None:
        raise Invalid("parent", f"there is no comment {key[:100]!r} on this box")
    return key


def _mentions(
    ctx: Ctx, box: Box, pipeline: Pipeline, message: str, given: dict[str, Any], before: list[Mention]
) -> list[Mention]:
    """The given mentions, or else the previous ones that still fit into the message. With `search`, also the mentions
    found in the message."""
    named = [Mention(**mention) for mention in given["mentions"]] if "mentions" in given else before
    if len(named) > MOST_MENTIONS:
        raise Invalid("mentions", f"must not be more than {MOST_MENTIONS:,}")
    if named == before and not given.get("search"):
        return [mention for mention in named if _fits(mention, message)]
    readers = boxes.readers(ctx, box, pipeline)
    known = {person.key for person in readers} | {mention.user_key for mention in before}
    for at, mention in enumerate(named):
        key = mention.user_key
        if key not in known:
            raise Invalid(f"mentions[{at}].userKey", f"there is no user {key[:100]!r} who may see this box")
        if "mentions" in given and not _fits(mention, message):
            raise Invalid(f"mentions[{at}].offset", "must lie within the message")
    found = mentions.find(message, readers) if given.get("search") else []
    fitting = [mention for mention in named if _fits(mention, message)]
    return fitting + [mention for mention in found if not any(mention.overlaps(other) for other in fitting)]


def _fits(mention: Mention, message: str) -> bool:
    """Whether the mention lies within the message. The message is measured in UTF-16 units, as JavaScript counts; that
    is never less than the number of characters, which other clients count."""
    offset, length = mention.offset or 0, mention.length or 0
    return offset >= 0 and length >= 0 and offset + length <= len(message.encode("utf-16-le")) // 2


def update_box_counts(ctx: Ctx, box: Box) -> None:
    """Store in the box how many comments it has and when the last one was created."""
    row = ctx.db.row("SELECT COUNT(*), MAX(created_at) FROM comments WHERE box_key = :box", box=box.key)
    assert row is not None
    boxes.save_activity(ctx, box, comment_count=row[0], last_comment_at=row[1])


def record_event(
    ctx: Ctx, kind: str, comment: Comment, box: Box, pipeline: Pipeline, *, before: Any = None, **names: str
) -> int:
    """Record an event about a comment; returns the event's number."""
    names |= {"subject": events.brief(comment.message), "comment_text": comment.message, "stage_key": box.stage_key}
    search.reindex(ctx, search.COMMENT, comment.key)
    return events.record(
        ctx, kind, comment, pipeline=pipeline, box=box, before=before, people=comment.people(), **names
    )
