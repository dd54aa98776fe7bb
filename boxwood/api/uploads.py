"""Bytes on their way in: to the store first, to the database after, and back out of the store if that fails."""

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
from ..lib import media
from ..lib.blobs import new_id
from .http.bodies import Body, check_length
from .http.call import Call
from .http.multipart import Part, parts
from .http.services import Services

log = logging.getLogger("boxwood.api")
MOST_FIELD = 4096
MOST_PREVIEW = 8_000_000
# What a multipart form may have around its file.
_AROUND = 1_000_000


@contextlib.asynccontextmanager
async def announced(api: Services, count: int) -> AsyncIterator[list[str]]:
    """Ids to store bytes under. What is raised meanwhile takes the bytes back; after a crash the sweep does."""
    ids, now = [new_id() for _ in range(count)], api.clock()
    await api.engine.write_soon(lambda db: stored_files.announce(db, ids, now))
    try:
        yield ids
    except BaseException:
        try:
            await _take_back(api, ids)
        except Exception:
            log.warning("an upload was not taken back; the sweep will", exc_info=True)
        raise


async def _take_back(api: Services, ids: list[str]) -> None:
    doomed = await api.engine.write_soon(lambda db: stored_files.withdraw(db, ids))
    for blob in doomed:
        await api.aside(api.store.delete, blob)
    await api.engine.write_soon(lambda db: stored_files.forget(db, doomed))


def check(call: Call) -> None:
    """Refuse what can be refused before the first byte."""
    if is_form(call):
        check_length(call.headers, call.api.max_file_size + _AROUND)
    else:
        check_length(call.headers, call.api.max_file_size)
        named(call)


def is_form(call: Call) -> bool:
    return call.header("content-type").lower().startswith("multipart/form-data")


def take(call: Call, body: Body, blob: str) -> Upload:
    """Store the file of the body: the whole of it, or a form's one file. For a thread."""
    if is_form(call):
        return _take_part(call, body, blob)
    return store(call.api, body, blob, named(call))


def named(call: Call) -> str:
    """As `fileName` in the query or the header `X-File-Name` (percent-encoded where it is not ASCII) has it."""
    name = call.text("fileName") or unquote(call.headers.get(b"x-file-name", b"").decode("utf-8", "replace"))
    if not name:
        raise Insufficient("File", "fileName")
    return files.safe_name(name)


def _take_part(call: Call, body: Body, blob: str) -> Upload:
    taken, name = None, call.text("fileName")
    for part in parts(body, call.header("content-type")):
        if part.file_name is None:
            name = _field(part) if part.name == "fileName" else name
        elif taken:
            raise Invalid(part.name, "is a second file: send one at a time")
        else:
            taken = store(call.api, part.data, blob, files.safe_name(part.file_name or name))
    if taken is None:
        raise Insufficient("File", "file")
    return msgspec.structs.replace(taken, name=files.safe_name(name)) if name else taken


def _field(part: Part) -> str:
    value = b""
    for piece in part.data:
        value += piece
        if len(value) > MOST_FIELD:
            raise Invalid(part.name, f"is longer than {MOST_FIELD:,} bytes")
    return value.decode("utf-8", "replace")


def store(api: Services, pieces: Iterable[bytes], blob: str, name: str) -> Upload:
    """Bytes into the store, as many as a file may have; their type is told by the first of them."""
    head = Head(pieces, api.max_file_size)
    stored = api.store.write(head, blob)
    return Upload(name, media.sniff(bytes(head.first), name), stored)


class Head:
    """Passes pieces on, keeping the first bytes and stopping where it is too much."""

    def __init__(self, pieces: Iterable[bytes], most: int, kept: int = media.SNIFFED) -> None:
        self.pieces = pieces
        self.kept = kept
        self.left = most
        self.most = most
        self.first = bytearray()

    def __iter__(self) -> Iterator[bytes]:
        for piece in self.pieces:
            self.left -= len(piece)
            if self.left < 0:
                raise TooLarge("The file", self.most)
            if len(self.first) < self.kept:
                self.first += piece[: self.kept - len(self.first)]
            yield piece
