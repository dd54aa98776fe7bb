"""The timeline on the wire (spec 4.8). Where the spec has a gap, an entry's shape is ours."""

from __future__ import annotations

import msgspec

from .base import Out
from .comments import CommentOut
from .events import NewsfeedEntry
from .files import FileOut
from .meetings import MeetingOut
from .threads import MessageOut, ThreadOut

TYPES = {
    "NEWSFEED_BOX_CREATION_MOVE": "NEWSFEED_BOX_CREATION_MOVE",
    "NEWSFEED_BOX_EDIT": "NEWSFEED_BOX_EDIT",
    "TASKS": "TASK",
    "COMMENTS": "COMMENT",
    "CALL_LOGS": "CALL_LOG",
    "MEETING_NOTES": "MEETING_NOTES",
    "EMAILS": "EMAIL",
    "FILES": "FILE",
}
"""The types of entries, by the filter that includes them."""


class TimelineEntry(Out, omit_defaults=False):
    """An entry of the timeline. The member that fits its type contains the thing itself."""

    key: str
    """The key of the thing."""
    type: str
    """COMMENT, CALL_LOG, MEETING_NOTES, EMAIL, FILE, TASK, NEWSFEED_BOX_CREATION_MOVE or NEWSFEED_BOX_EDIT."""
    timestamp: int
    """When the comment, meeting, message, file or change happened."""
    box_key: str
    comment: CommentOut | msgspec.UnsetType = msgspec.UNSET
    meeting: MeetingOut | msgspec.UnsetType = msgspec.UNSET
    message: MessageOut | msgspec.UnsetType = msgspec.UNSET
    """For EMAIL: the message without its HTML, with the first 10,000 characters of its text."""
    thread: ThreadOut | msgspec.UnsetType = msgspec.UNSET
    """For EMAIL, if only the Gmail thread is known."""
    file: FileOut | msgspec.UnsetType = msgspec.UNSET
    newsfeed_entry: NewsfeedEntry | msgspec.UnsetType = msgspec.UNSET
    """For TASK and NEWSFEED types: the sentence, and what it is about."""


class Timeline(Out, omit_defaults=False):
    entries: list[TimelineEntry]
    next_page: str | msgspec.UnsetType = msgspec.UNSET
    """The `nextPageToken` of the next page; the last page has none."""
