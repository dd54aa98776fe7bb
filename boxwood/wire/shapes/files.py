"""Files on the wire (spec 4.7)."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from ...core.activity.files import File
from ...core.records import Person
from ..codec import Shape
from ..kinds import KEY, NAME
from .people import Out, given


class FileOut(Out, omit_defaults=False):
    key: str
    file_key: str
    box_key: str
    file_name: str
    main_file_name: str
    file_type: str
    """GMAIL_API: Boxwood has the contents. DRIVE: a link."""
    file_owner: str
    """An e-mail address."""
    mime_type: str
    is_current_user_owner_in_drive: bool
    creation_timestamp: int
    last_updated_timestamp: int
    last_saved_timestamp: int
    size: str | msgspec.UnsetType = msgspec.UNSET
    """Bytes, as text."""
    drive_file_id: str | msgspec.UnsetType = msgspec.UNSET
    thread_key: str | msgspec.UnsetType = msgspec.UNSET
    """The thread it came with."""
    gmail_message_id: str | msgspec.UnsetType = msgspec.UNSET
    """The key of the message it came with."""


def file(file: File, people: Mapping[str, Person], viewer: str) -> FileOut:
    return FileOut(
        key=file.key,
        file_key=file.key,
        box_key=file.box_key,
        file_name=file.name,
        main_file_name=file.name,
        file_type="DRIVE" if file.drive_id else "GMAIL_API",
        file_owner=people[file.owner_key].email if file.owner_key in people else "",
        mime_type=file.mime_type,
        is_current_user_owner_in_drive=bool(file.drive_id) and file.owner_key == viewer,
        creation_timestamp=file.created_at,
        last_updated_timestamp=file.saved_at,
        last_saved_timestamp=file.saved_at,
        size=msgspec.UNSET if file.size is None else str(file.size),
        drive_file_id=given(file.drive_id),
        thread_key=given(file.thread_key),
        gmail_message_id=given(file.message_key),
    )


class FileLink(Out, omit_defaults=False):
    link: str
    expires_timestamp: int


DRIVE_LINK = Shape(
    "DriveLink",
    required=("drive_file_id", "drive_box_key"),
    drive_file_id=NAME,
    drive_box_key=KEY,
    file_name=NAME,
    mime_type=NAME,
    described={
        "drive_file_id": "Boxwood stores it and does not contact Google.",
        "drive_box_key": "The box.",
        "file_name": "The name to show. Default: the id.",
    },
)
