"""Comments on the wire (spec 4.5)."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from ...core.activity.comments import Comment
from ...core.events import key_of
from ...core.records import Person
from ..codec import Shape
from ..kinds import FLAG, INTEGER, KEY, TEXT, records
from .base import Out, given
from .people import UserBrief, user_brief


class MentionOut(Out):
    user_key: str
    offset: int | None = None
    length: int | None = None


class ReactionSummary(Out, omit_defaults=False):
    emoji: str
    count: int
    users: list[UserBrief]


class CommentOut(Out, omit_defaults=False):
    key: str
    comment_key: str
    box_key: str
    pipeline_key: str
    creator_key: str
    timestamp: int
    last_saved_timestamp: int
    message: str
    reaction_summary: list[ReactionSummary]
    newsfeed_entry_key: str | msgspec.UnsetType = msgspec.UNSET
    mentions: list[MentionOut] | msgspec.UnsetType = msgspec.UNSET
    parent: str | msgspec.UnsetType = msgspec.UNSET
    children: list[str] | msgspec.UnsetType = msgspec.UNSET


def comment(
    comment: Comment, people: Mapping[str, Person], children: list[str], reactions: dict[str, list[str]]
) -> CommentOut:
    """`reactions` are user keys by emoji."""
    mentions = [MentionOut(mention.user_key, mention.offset, mention.length) for mention in comment.mentions]
    return CommentOut(
        key=comment.key,
        comment_key=comment.key,
        box_key=comment.box_key,
        pipeline_key=comment.pipeline_key,
        creator_key=comment.creator_key,
        timestamp=comment.created_at,
        last_saved_timestamp=comment.saved_at,
        message=comment.message,
        reaction_summary=[_summary(emoji, keys, people) for emoji, keys in reactions.items()],
        newsfeed_entry_key=msgspec.UNSET if comment.event_id is None else key_of(comment.event_id),
        mentions=mentions or msgspec.UNSET,
        parent=given(comment.parent_key),
        children=children or msgspec.UNSET,
    )


def _summary(emoji: str, keys: list[str], people: Mapping[str, Person]) -> ReactionSummary:
    return ReactionSummary(emoji, len(keys), [user_brief(people[key]) for key in keys if key in people])


_MENTION = Shape("MentionEdit", required=("user_key",), user_key=KEY, offset=INTEGER, length=INTEGER)
_MEMBERS = {"message": TEXT, "mentions": records(_MENTION), "search": FLAG}
_ALIASES = {"searchForAtMentions": "search"}
_DESCRIBED = {"search": "Find mentions in the message: @ and a display name, first name or e-mail."}
COMMENT_CREATE = Shape(
    "CommentCreate",
    _MEMBERS,
    required=("message",),
    parent_key=KEY,
    aliases={**_ALIASES, "parent": "parent_key"},
    described={**_DESCRIBED, "parent_key": "The comment that this comment replies to, on the same box."},
)
COMMENT_EDIT = Shape("CommentEdit", _MEMBERS, aliases=_ALIASES, described=_DESCRIBED)
REACTION = Shape("Reaction", required=("emoji",), emoji=TEXT)
