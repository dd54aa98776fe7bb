"""Files of a box: bytes that were uploaded, or a link to a file in Google Drive."""

from __future__ import annotations

import re
import unicodedata

import msgspec

from ...db.records import Table
from ...errors import Conflict, Insufficient, Invalid
from ...lib import ids, media
from ...lib.blobs import Stored
from .. import boxes, events, stored_files, trash
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
    """None where the bytes are in Drive."""
    blob: str | None
    sha256: str | None
    drive_id: str | None
    created_at: int
    saved_at: int
    thread_key: str | None = None
    """The thread it came with, and the message."""
    message_key: str | None = None


class Upload(msgspec.Struct, frozen=True):
    """A file whose bytes are stored, and which is in no box yet."""

    name: str
    mime_type: str
    stored: Stored


FILES = Table("files", File)


def get(ctx: Ctx, key: str) -> File:
    return attached.get(ctx, FILES, key)


def contents(ctx: Ctx, key: str) -> File:
    """The file, which has bytes of its own here."""
    file = get(ctx, key)
    if file.blob is None:
        raise Conflict("This file is in Google Drive; only its id is kept here")
    return file


def page(ctx: Ctx, box_key: str, *, limit: int, offset: int) -> list[File]:
    """The files of a box, the oldest first."""
    box = boxes.get(ctx, box_key)
    rows = ctx.db.rows(
        f"""
        SELECT {FILES.columns} FROM files WHERE box_key = :box ORDER BY created_at, key LIMIT :limit OFFSET :offset
        """,
        box=box.key,
        limit=limit,
        offset=offset,
    )
    return FILES.load_all(rows)


def of_messages(ctx: Ctx, keys: list[str]) -> dict[str, list[File]]:
    """The files that came with these messages, in their order."""
    found: dict[str, list[File]] = {key: [] for key in keys}
    among = ctx.db.dialect.among("message_key", "keys")
    sql = f"SELECT {FILES.columns} FROM files WHERE {among} ORDER BY created_at, key"
    for file in FILES.load_all(ctx.db.rows(sql, keys=ctx.db.texts(keys))):
        found[file.message_key or ""].append(file)
    return found


def upload(ctx: Ctx, box_key: str, one: Upload) -> File:
    box, pipeline, _ = boxes.reach(ctx, box_key, "UPDATE")
    file = add(ctx, box, one)
    tell(ctx, box, pipeline, [file])
    return file


def add(ctx: Ctx, box: Box, one: Upload, *, thread_key: str | None = None, message_key: str | None = None) -> File:
    """The row alone, for who holds the box and will `tell`."""
    stored_files.claim(ctx.db, one.stored.id, ctx.now)
    file = File(
        key=ids.new("f", ctx.now),
        box_key=box.key,
        owner_key=ctx.actor.key,
        name=one.name,
        mime_type=one.mime_type,
        size=one.stored.size,
        blob=one.stored.id,
        sha256=one.stored.sha256,
        drive_id=None,
        created_at=ctx.now,
        saved_at=ctx.now,
        thread_key=thread_key,
        message_key=message_key,
    )
    FILES.insert(ctx.db, file)
    return file


def tell(ctx: Ctx, box: Box, pipeline: Pipeline, added: list[File]) -> Box:
    """Count them in and say so."""
    box = boxes.note(ctx, box, file_count=count(ctx, box))
    for file in added:
        say(ctx, "file.added", file, box, pipeline)
    return box


def count(ctx: Ctx, box: Box) -> int:
    row = ctx.db.row("SELECT COUNT(*) FROM files WHERE box_key = :box", box=box.key)
    return row[0] if row else 0


def link_drive(ctx: Ctx, box_key: str, drive_id: str, *, name: str = "", mime_type: str = "") -> File:
    """Keep a Drive file's id; Google is not asked. One that the box has already is answered as it is."""
    if not drive_id:
        raise Insufficient("File", "driveFileId")
    if not box_key:
        raise Insufficient("File", "driveBoxKey")
    box, pipeline, _ = boxes.reach(ctx, box_key, "UPDATE")
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
    tell(ctx, box, pipeline, [file])
    return file


def delete(ctx: Ctx, key: str) -> None:
    """The row goes now, its bytes once it has left the trash."""
    file, box, pipeline, _ = attached.reach(ctx, FILES, key)
    trash.store(ctx, "file", key, file.name, pipeline=pipeline, box_key=box.key)
    ctx.db.run("DELETE FROM files WHERE key = :key", key=key)
    box = boxes.note(ctx, box, file_count=count(ctx, box))
    say(ctx, "file.deleted", file, box, pipeline)


def say(ctx: Ctx, kind: str, file: File, box: Box, pipeline: Pipeline) -> None:
    events.record(ctx, kind, file, pipeline=pipeline, box=box, people=[file.owner_key], subject=file.name)


def safe_name(given: str, otherwise: str = "") -> str:
    """The last part of a path, without what would hide its ending or break a header; empty is refused where
    there is no other."""
    name = unicodedata.normalize("NFC", _UNSAFE.sub("", re.split(r"[/\\]", given)[-1])).strip().lstrip(".")
    name = name or otherwise
    if not name:
        raise Invalid("fileName", "is needed: a name such as offer.pdf")
    return name if len(name) <= MOST_NAME else _shortened(name)


def _shortened(name: str) -> str:
    stem, dot, ending = name.rpartition(".")
    if not dot or len(ending) > 20:
        return name[:MOST_NAME]
    return stem[: MOST_NAME - len(ending) - 1] + dot + ending
