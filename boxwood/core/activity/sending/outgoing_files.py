"""Files that are attached to drafts and letters. Their bytes may also belong to a file of a box or to a mail."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from ....db.engine import Db
from ....errors import Conflict, Invalid, NotFound
from ....lib import ids
from ....lib.blobs import Stored
from ... import stored_files
from ...context import Ctx
from ...records.scopes import READ
from .. import files
from ..files import MailFile, Upload
from .records import OUTGOING_FILES, OutgoingFile

MOST_FILES = 50
MOST_BYTES = 25 * 1024 * 1024
"""Of all files of a letter together, as they are in the mail: in text a third larger than here. Most mail servers
refuse larger ones."""
ENCODED = 4 / 3


def list_of(ctx: Ctx, of_key: str) -> list[OutgoingFile]:
    """The files of a draft or a letter, in the order in which they were attached. Checks no permission."""
    return stored_of(ctx.db, of_key)


def stored_of(db: Db, of_key: str) -> list[OutgoingFile]:
    sql = f"SELECT {OUTGOING_FILES.columns} FROM outgoing_files WHERE of_key = :key ORDER BY key"
    return OUTGOING_FILES.load_all(db.rows(sql, key=of_key))


def as_upload(file: OutgoingFile) -> Upload:
    return Upload(file.name, file.mime_type, Stored(file.blob, file.size, file.sha256))


def by_owner(ctx: Ctx, keys: Sequence[str]) -> dict[str, list[OutgoingFile]]:
    """The files of each of these drafts or letters. Checks no permission."""
    found: dict[str, list[OutgoingFile]] = {key: [] for key in keys}
    among = ctx.db.dialect.among("of_key", "keys")
    sql = f"SELECT {OUTGOING_FILES.columns} FROM outgoing_files WHERE {among} ORDER BY key"
    for file in OUTGOING_FILES.load_all(ctx.db.rows(sql, keys=ctx.db.texts(keys))):
        found[file.of_key].append(file)
    return found


def set_of(ctx: Ctx, of_key: str, wanted: Sequence[str]) -> None:
    """Let a draft have exactly these files: files that it has already, and files of boxes that the actor sees."""
    known = {file.key: file for file in list_of(ctx, of_key)}
    kept = {key for key in wanted if key in known}
    for key in known.keys() - kept:
        ctx.db.run("DELETE FROM outgoing_files WHERE key = :key", key=key)
    for key in dict.fromkeys(key for key in wanted if key not in known):
        add_of_box(ctx, of_key, key)
    require_room(ctx, of_key)


def add_of_box(ctx: Ctx, of_key: str, key: str) -> None:
    """Attach a file of a box."""
    ctx.require("files", READ)
    try:
        file = files.get_stored(ctx, key)
    except NotFound:
        raise Invalid("files", f"you have no file {key[:100]!r}") from None
    except Conflict as error:
        raise Invalid("files", str(error)) from None
    stored = Stored(file.blob or "", file.size or 0, file.sha256 or "")
    insert(ctx, of_key, Upload(file.name, file.mime_type, stored))


def add_of_mail(ctx: Ctx, of_key: str, attached: Sequence[MailFile], *, only_shown: str | None = None) -> None:
    """Attach the files of a mail that is forwarded. With `only_shown`, only pictures that this HTML shows."""
    for file in attached[:MOST_FILES]:
        content_id = file.content_id if file.content_id and f"cid:{file.content_id}" in (only_shown or "cid:") else None
        if only_shown is not None and content_id is None:
            continue
        upload = Upload(file.name, file.mime_type, Stored(file.blob, file.size, file.sha256))
        insert(ctx, of_key, upload, content_id=file.content_id if file.is_inline or content_id else None)


def insert(ctx: Ctx, of_key: str, upload: Upload, *, content_id: str | None = None) -> OutgoingFile:
    """Insert only the row of a file, and claim its bytes."""
    stored_files.claim(ctx.db, upload.stored.id, ctx.now)
    file = OutgoingFile(
        key=ids.new("f", ctx.now),
        of_key=of_key,
        name=upload.name,
        mime_type=upload.mime_type,
        size=upload.stored.size,
        blob=upload.stored.id,
        sha256=upload.stored.sha256,
        content_id=content_id,
    )
    OUTGOING_FILES.insert(ctx.db, file)
    return file


def copy(ctx: Ctx, given: Sequence[OutgoingFile], of_key: str) -> None:
    """Attach the same files to another draft or letter."""
    for file in given:
        stored_files.claim(ctx.db, file.blob, ctx.now)
        OUTGOING_FILES.insert(ctx.db, msgspec.structs.replace(file, key=ids.new("f", ctx.now), of_key=of_key))


def delete_of(ctx: Ctx, of_key: str) -> None:
    ctx.db.run("DELETE FROM outgoing_files WHERE of_key = :key", key=of_key)


def require_room(ctx: Ctx, of_key: str) -> None:
    """Raise `Invalid` if a draft has too many files, or too large ones."""
    found = list_of(ctx, of_key)
    if len(found) > MOST_FILES:
        raise Invalid("files", f"must not have more than {MOST_FILES} files")
    if sum(file.size for file in found) * ENCODED > MOST_BYTES:
        raise Invalid("files", "are larger than 18 MB together, which mail servers refuse: send a link instead")
