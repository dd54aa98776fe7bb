"""Uploads: bytes go to the file store first and then to the database. If that fails, the store deletes them."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import AsyncIterator, Iterable, Iterator
from urllib.parse import unquote

import msgspec

from ..core import stored_files
from ..core.activity import files
from ..core.activity.files import Upload
from ..errors import Insufficient, Invalid, TooLarge
from ..lib import blobs, media
from ..lib.blobs import Stored, new_id
from .http import dry_run, multipart
from .http.bodies import Body, check_length
from .http.call import Call
from .http.multipart import Part, parts
from .http.services import Services

log = logging.getLogger("boxwood.api")
MOST_FIELD = 4096
# What a multipart form may have around its file.
_AROUND = 1_000_000


@contextlib.asynccontextmanager
async def announced(call: Call, count: int) -> AsyncIterator[list[str]]:
    """Ids for bytes in the file store. An exception deletes the bytes; after a crash, the sweep does.

    The bytes of a dry run are not stored.
    """
    api, ids, now = call.api, [new_id() for _ in range(count)], call.api.clock()
    if call.dry:
        call.unstored = ids
        yield ids
        return
    await api.engine.write_soon(lambda db: stored_files.announce(db, ids, now))
    try:
        yield ids
    except BaseException:
        try:
            await take_back(api, ids)
        except Exception:
            log.warning("an upload could not be deleted; the sweep will delete it", exc_info=True)
        raise


async def take_back(api: Services, ids: list[str]) -> None:
    """Delete bytes that nothing claimed."""
    doomed = await api.engine.write_soon(lambda db: stored_files.withdraw(db, ids))
    for blob in doomed:
        await api.aside(api.store.delete, blob)
    await api.engine.write_soon(lambda db: stored_files.forget(db, doomed))


def check(call: Call) -> None:
    """Check what can be checked before the first byte: the length and the file name."""
    if is_form(call):
        check_length(call.headers, call.api.max_file_size + _AROUND)
    else:
        check_length(call.headers, call.api.max_file_size)
        named(call)


def is_form(call: Call) -> bool:
    return call.header("content-type").lower().startswith("multipart/form-data")


def take(call: Call, body: Body, blob: str) -> Upload:
    """Store the file: the whole body, or the one file of a form. It blocks, so call it in a thread."""
    if is_form(call):
        return _take_part(call, body, blob)
    return store(call, body, blob, named(call))


def named(call: Call) -> str:
    """The file name: `fileName` in the query, or the header `X-File-Name` (percent-encoded if it is not ASCII), or the
    one in `Content-Disposition`."""
    given = unquote(call.headers.get(b"x-file-name", b"").decode("utf-8", "replace"))
    name = call.text("fileName") or given or multipart.file_name(call.headers.get(b"content-disposition", b""))
    if not name:
        raise Insufficient("File", "fileName")
    return files.safe_name(name)


def _take_part(call: Call, body: Body, blob: str) -> Upload:
    upload, name = None, call.text("fileName")
    whole = Head(body, call.api.max_file_size + _AROUND, 0)
    for part in parts(whole, call.header("content-type")):
        if part.file_name is None:
            value = field_text(part) if part.name in ("fileName", *dry_run.SPELLINGS) else ""
            name = value if part.name == "fileName" else name
            call.look_for_dry_run({part.name: value})
        elif upload:
            raise Invalid(part.name, "is a second file: send one file per request")
        else:
            upload = store(call, part.data, blob, files.safe_name(part.file_name or name))
    if upload is None:
        raise Insufficient("File", "file")
    return msgspec.structs.replace(upload, name=files.safe_name(name)) if name else upload


def field_text(part: Part) -> str:
    """The value of a short field of a form."""
    value = b""
    for piece in part.data:
        value += piece
        if len(value) > MOST_FIELD:
            raise Invalid(part.name, f"is longer than {MOST_FIELD:,} bytes")
    return value.decode("utf-8", "replace")


def store(call: Call, pieces: Iterable[bytes], blob: str, name: str) -> Upload:
    """Bytes into the store, as many as a file may have; their type is detected from the first of them."""
    head = Head(pieces, call.api.max_file_size)
    stored = write(call, head, blob)
    return Upload(name, media.sniff(bytes(head.first), name), stored)


def write(call: Call, pieces: Iterable[bytes], blob: str) -> Stored:
    """Bytes into the store. The bytes of a dry run are only counted."""
    return blobs.counted(pieces, blob) if call.dry else call.api.store.write(pieces, blob)


class Head:
    """Passes pieces on and stores the first bytes. Raises `TooLarge` if there are too many bytes."""

    def __init__(self, pieces: Iterable[bytes], most: int, head_size: int = media.SNIFFED) -> None:
        self.pieces = pieces
        self.head_size = head_size
        self.left = most
        self.most = most
        self.first = bytearray()

    def __iter__(self) -> Iterator[bytes]:
        for piece in self.pieces:
            self.left -= len(piece)
            if self.left < 0:
                raise TooLarge("The file", self.most)
            if len(self.first) < self.head_size:
                self.first += piece[: self.head_size - len(self.first)]
            yield piece
