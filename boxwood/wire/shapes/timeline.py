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
"""What an entry is, by the filter that shows it."""


class TimelineEntry(Out, omit_defaults=False):
    """One thing that happened, with the thing itself under the one member that fits its type."""

    key: str
    """The thing's own."""
    type: str
    """COMMENT, CALL_LOG, MEETING_NOTES, EMAIL, FILE, TASK, NEWSFEED_BOX_CREATION_MOVE or NEWSFEED_BOX_EDIT."""
    timestamp: int
    """When it was said, met, sent, filed or done."""
    box_key: str
    comment: CommentOut | msgspec.UnsetType = msgspec.UNSET
    meeting: MeetingOut | msgspec.UnsetType = msgspec.UNSET
    message: MessageOut | msgspec.UnsetType = msgspec.UNSET
    """Of an EMAIL: without its HTML, and with the first 10,000 characters of its text."""
    thread: ThreadOut | msgspec.UnsetType = msgspec.UNSET
    """Of an EMAIL of which only the Gmail thread is known."""
    file: FileOut | msgspec.UnsetType = msgspec.UNSET
    newsfeed_entry: NewsfeedEntry | msgspec.UnsetType = msgspec.UNSET
    """Of a TASK and of what the newsfeed tells: the sentence, and what it is about."""


class Timeline(Out, omit_defaults=False):
    entries: list[TimelineEntry]
    next_page: str | msgspec.UnsetType = msgspec.UNSET
    """The `nextPageToken` of the next page; the last page has none."""
