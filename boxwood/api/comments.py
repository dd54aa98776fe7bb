"""Comments over HTTP."""

from __future__ import annotations

from ..core import persons
from ..core.activity import comments
from ..core.activity.comments import Comment
from ..core.context import Ctx
from ..wire.shapes import comments as shapes
from ..wire.shapes.lists import SUCCESS, Results, Success
from .http.call import Call

EVERYTHING = 1_000_000


def shown(ctx: Ctx, found: list[Comment]) -> list[shapes.CommentOut]:
    keys = [comment.key for comment in found]
    children, reactions = comments.replies(ctx, keys), comments.reactions(ctx, keys)
    people = persons.by_key(ctx, {key for by_emoji in reactions.values() for by in by_emoji.values() for key in by})
    return [shapes.comment(comment, people, children[comment.key], reactions[comment.key]) for comment in found]


def _one(call: Call, comment: Comment) -> shapes.CommentOut:
    return shown(call.ctx, [comment])[0]


def list_v1(call: Call) -> list[shapes.CommentOut]:
    """The comments of a box, oldest first: all of them, unless you send `limit` or `page`."""
    limit, offset = call.page(EVERYTHING)
    return shown(call.ctx, comments.list_for_box(call.ctx, call.path[0], limit=limit, offset=offset))


def list_v2(call: Call) -> Results[shapes.CommentOut]:
    """The comments of a box, oldest first: all of them, unless you send `limit` or `page`."""
    limit, offset = call.page(EVERYTHING)
    found = comments.list_for_box(call.ctx, call.path[0], limit=limit + 1, offset=offset)
    return Results([*shown(call.ctx, found[:limit])], len(found) > limit)


def create(call: Call) -> shapes.CommentOut:
    """Comment on a box; with `parent`, reply to another comment."""
    return _one(call, comments.create(call.ctx, call.path[0], call.parse(shapes.COMMENT_CREATE)))


def get(call: Call) -> shapes.CommentOut:
    """A comment."""
    return _one(call, comments.get(call.ctx, call.path[0]))


def edit(call: Call) -> shapes.CommentOut:
    """Edit your own comment. Without `mentions`, its mentions stay."""
    return _one(call, comments.edit(call.ctx, call.path[0], call.parse(shapes.COMMENT_EDIT)))


def delete(call: Call) -> Success:
    """Delete a comment. Its replies stay."""
    comments.delete(call.ctx, call.path[0])
    return SUCCESS


def react(call: Call) -> shapes.CommentOut:
    """Add your reaction to a comment: each emoji once per user."""
    emoji = call.parse(shapes.REACTION).get("emoji", "")
    return _one(call, comments.react(call.ctx, call.path[0], emoji))


def unreact(call: Call) -> shapes.CommentOut:
    """Remove your reaction from a comment."""
    emoji = call.parse(shapes.REACTION).get("emoji", "")
    return _one(call, comments.unreact(call.ctx, call.path[0], emoji))
