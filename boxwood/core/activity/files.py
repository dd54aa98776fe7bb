"""Files of a box: uploaded files, and links to files in Google Drive."""

from __future__ import annotations

import re
import unicodedata

import msgspec

from ...db.records import Table
from ...errors import Conflict, Insufficient, Invalid
from ...lib import ids, media
from ...lib.blobs import Stored
from .. import boxes, events, search, stored_files, trash
from ..context import Ctx
from ..records import Box, Pipeline
from . import attached

MOST_NAME = 255
_UNSAFE = re.compile(r"[\x00-\x1f\x7f\u0080-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


class File(msgspec.Struct, frozen=True):
    key: str
    box_key: str
    owner_key: str
    name: str
    mime_type: str
    size: int | None
    """In bytes; None for a file in Google Drive."""
    blob: str | None
    sha256: str | None
    drive_id: str | None
    created_at: int
    saved_at: int
    thread_key: str | None = None
    """The thread of the message that the file was attached to; None for other files."""
    message_key: str | None = None


class MailFile(msgspec.Struct, frozen=True):
    """A file that is attached to a mail, wherever the mail is."""

    mail_key: str
    position: int
    name: str
    mime_type: str
    size: int
    blob: str
    sha256: str
    content_id: str | None
    """By which the HTML names the file, as `cid:…`."""
    is_inline: bool


class Upload(msgspec.Struct, frozen=True):
    """An uploaded file whose bytes are stored, but which does not belong to a box yet."""

    name: str
    mime_type: str
    stored: Stored


FILES = Table("files", File)


def get(ctx: Ctx, key: str) -> File:
    return attached.get(ctx, FILES, key)


def get_stored(ctx: Ctx, key: str) -> File:
    """A file whose bytes are stored here. Raises Conflict for a file in Google Drive."""
    file = get(ctx, key)
    if file.blob is None:
        raise Conflict("This file is in Google Drive: Boxwood only stores its id")
    return file


def list_for_box(ctx: Ctx, box_key: str, *, limit: int, offset: int) -> list[File]:
    """The files of a box, the oldest first."""
    return attached.list_for_box(ctx, FILES, box_key, limit=limit, offset=offset)


def by_message(ctx: Ctx, keys: list[str]) -> dict[str, list[File]]:
    """The files that were attached to each of these messages and that the actor may see, the oldest first."""
    return _grouped(ctx, "message_key", keys)


def by_thread(ctx: Ctx, keys: list[str]) -> dict[str, list[File]]:
    """The files of the messages of each of these threads that the actor may see, the oldest first."""
    return _grouped(ctx, "thread_key", keys)


def _grouped(ctx: Ctx, column: str, keys: list[str]) -> dict[str, list[File]]:
    found: dict[str, list[File]] = {key: [] for key in keys}
    among = ctx.db.dialect.among(column, "keys")
    test, given = attached.sees(ctx, "files")
    sql = f"SELECT {FILES.columns} FROM files WHERE {among} AND {test} ORDER BY created_at, key"
    for file in FILES.load_all(ctx.db.rows(sql, keys=ctx.db.texts(keys), **given)):
        found[getattr(file, column)].append(file)
    return found


def require_upload(ctx: Ctx, box_key: str) -> None:
    """Raise `Forbidden` if the actor may not add files to this box."""
    attached.reach_box(ctx, FILES, box_key)


def upload(ctx: Ctx, box_key: str, upload: Upload) -> File:
    """Add an uploaded file to a box."""
    box, pipeline, _ = attached.reach_box(ctx, FILES, box_key)
    file = insert(ctx, box, upload)
    record_added(ctx, box, pipeline, [file])
    return file


def insert(
    ctx: Ctx, box: Box, upload: Upload, *, thread_key: str | None = None, message_key: str | None = None
) -> File:
    """Insert only the row of a file. The caller has locked the box, and calls `record_added` afterwards."""
    stored_files.claim(ctx.db, upload.stored.id, ctx.now)
    file = File(
        key=ids.new("f", ctx.now),
        box_key=box.key,
        owner_key=ctx.actor.key,
        name=upload.name,
        mime_type=upload.mime_type,
        size=upload.stored.size,
        blob=upload.stored.id,
        sha256=upload.stored.sha256,
        drive_id=None,
        created_at=ctx.now,
        saved_at=ctx.now,
        thread_key=thread_key,
        message_key=message_key,
    )
    FILES.insert(ctx.db, file)
    return file


def insert_of_mail(ctx: Ctx, box: Box, file: MailFile, *, thread_key: str, message_key: str) -> File:
    """Insert the row of a file that came with a mail. Its bytes belong to the mail and to the file."""
    stored = Stored(file.blob, file.size, file.sha256)
    upload = Upload(file.name, file.mime_type, stored)
    return insert(ctx, box, upload, thread_key=thread_key, message_key=message_key)


def record_added(ctx: Ctx, box: Box, pipeline: Pipeline, added: list[File]) -> Box:
    """Update the box's number of files, and record an event for each new file. Returns the box."""
    box = boxes.save_activity(ctx, box, file_count=count(ctx, box))
    for file in added:
        record_event(ctx, "file.added", file, box, pipeline)
    return box


def count(ctx: Ctx, box: Box) -> int:
    """The number of files of a box, without those of restricted mail."""
    sql = f"SELECT COUNT(*) FROM files WHERE box_key = :box AND {attached.SEES['files']}"
    row = ctx.db.row(sql, box=box.key, mail_owner="")
    return row[0] if row else 0


def link_drive(ctx: Ctx, box_key: str, drive_id: str, *, name: str = "", mime_type: str = "") -> File:
    """Store the id of a file in Google Drive, without asking Google. If the box has this file already, returns it
    unchanged."""
    if not drive_id:
        raise Insufficient("File", "driveFileId")
    if not box_key:
        raise Insufficient("File", "driveBoxKey")
    box, pipeline, _ = attached.reach_box(ctx, FILES, box_key)
    row = ctx.db.row(
        f"SELECT {FILES.columns} FROM files WHERE box_key = :box AND drive_id = :drive", box=box.key, drive=drive_id
    )
    if row:
        return FILES.load(row)
    file = File(
        key=ids.new("f", ctx.now),
        box_key=box.key,
        owner_key=ctx.actor.key,
        name=safe_name(name or drive_id),
        mime_type=mime_type or media.UNKNOWN,
        size=None,
        blob=None,
        sha256=None,
        drive_id=drive_id,
        created_at=ctx.now,
        saved_at=ctx.now,
    )
    FILES.insert(ctx.db, file)
    record_added(ctx, box, pipeline, [file])
    return file


def delete(ctx: Ctx, key: str) -> None:
    """Move a file to the trash. Its bytes are deleted when the trash is emptied."""
    file, box, pipeline, _ = attached.reach(ctx, FILES, key, "DELETE")
    about = {"thread_key": file.thread_key}
    trash.store(ctx, "file", key, file.name, pipeline=pipeline, box_key=box.key, about=about)
    ctx.db.run("DELETE FROM files WHERE key = :key", key=key)
    box = boxes.save_activity(ctx, box, file_count=count(ctx, box))
    record_event(ctx, "file.deleted", file, box, pipeline)


def record_event(ctx: Ctx, kind: str, file: File, box: Box, pipeline: Pipeline) -> None:
    search.reindex(ctx, search.FILE, file.key)
    events.record(ctx, kind, file, pipeline=pipeline, box=box, people=[file.owner_key], subject=file.name)


def safe_name(given: str, default: str = "") -> str:
    """The last part of a path, without characters that hide the file's extension or break an HTTP header. Raises
    Invalid if nothing is left and there is no default."""
    name = unicodedata.normalize("NFC", _UNSAFE.sub("", re.split(r"[/\\]", given)[-1])).strip().lstrip(".")
    name = name or default
    if not name:
        raise Invalid("fileName", "is missing: give a name such as offer.pdf")
    return name if len(name) <= MOST_NAME else _shortened(name)


def _shortened(name: str) -> str:
    stem, dot, ending = name.rpartition(".")
    if not dot or len(ending) > 20:
        return name[:MOST_NAME]
    return stem[: MOST_NAME - len(ending) - 1] + dot + ending
