"""File bytes: written once under an id of our own, read whole or in part, deleted. On disk here, in S3 beside."""

import hashlib
import os
import re
import secrets
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Protocol

import msgspec

PIECE = 256 * 1024
ID = re.compile("[0-9a-f]{32}", re.ASCII)


class Stored(msgspec.Struct, frozen=True):
    id: str
    size: int
    sha256: str


class Missing(Exception):
    """No bytes are stored under this id."""


class StoreFailed(Exception):
    """The store cannot take or give now. The message is for whoever runs the server, not for its users."""


class Blobs(Protocol):
    """What every store does. One that returned from `write` keeps the bytes; one that raised keeps nothing."""

    def write(self, chunks: Iterable[bytes], blob: str | None = None) -> Stored:
        """What `chunks` raises comes out as it is: a body too large, a client gone.

        `blob` is an id of `new_id`, for one who wrote it down beforehand and means to find what a crash left.
        """
        ...

    def read(self, blob: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """From `start` up to, not including, `end`. Missing is raised by the call, not by the first piece."""
        ...

    def size(self, blob: str) -> int: ...

    def delete(self, blob: str) -> None:
        """What is not there is deleted already."""
        ...

    def sweep(self, before: float) -> int:
        """Clears what killed processes left unfinished, last touched before this time in seconds; how many."""
        ...


class Disk:
    """A directory: `root/a1/b2/a1b2…`, and `root/incoming` for what is not whole yet."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.incoming = root / "incoming"
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.incoming.mkdir(mode=0o700, exist_ok=True)

    def write(self, chunks: Iterable[bytes], blob: str | None = None) -> Stored:
        blob = blob or new_id()
        partial, tally = self.incoming / blob, Tally(chunks)
        try:
            self._fill(partial, tally)
            self._settle(partial, self._place(blob))
        except BaseException as error:
            partial.unlink(missing_ok=True)
            if isinstance(error, OSError) and error is not tally.failure:
                raise _failed(error) from error
            raise
        return tally.stored(blob)

    def read(self, blob: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        end = check_range(self.size(blob), start, end)
        return self._pieces(blob, start, end)

    def size(self, blob: str) -> int:
        try:
            return self._place(blob).stat().st_size
        except FileNotFoundError:
            raise Missing(blob) from None
        except OSError as error:
            raise _failed(error) from error

    def delete(self, blob: str) -> None:
        try:
            self._place(blob).unlink(missing_ok=True)
        except OSError as error:
            raise _failed(error) from error

    def sweep(self, before: float) -> int:
        swept = 0
        for partial in self.incoming.iterdir():
            try:
                if partial.stat().st_mtime < before:
                    partial.unlink()
                    swept += 1
            except FileNotFoundError:
                continue  # became whole, or another process swept it
        return swept

    def _place(self, blob: str) -> Path:
        check_id(blob)
        return self.root / blob[:2] / blob[2:4] / blob

    def _fill(self, partial: Path, tally: "Tally") -> None:
        with open(partial, "xb", opener=_private) as file:
            for chunk in tally:
                file.write(chunk)
            file.flush()
            os.fsync(file.fileno())

    def _settle(self, partial: Path, place: Path) -> None:
        """A name is on disk once its directory is: all are synced, for who made them may have died before."""
        place.parent.parent.mkdir(mode=0o700, exist_ok=True)
        place.parent.mkdir(mode=0o700, exist_ok=True)
        partial.replace(place)
        for directory in (place.parent, place.parent.parent, self.root):
            _sync(directory)

    def _pieces(self, blob: str, start: int, end: int) -> Iterator[bytes]:
        try:
            with open(self._place(blob), "rb") as file:
                file.seek(start)
                while start < end:
                    piece = file.read(min(PIECE, end - start))
                    if not piece:
                        raise StoreFailed(f"{blob} became shorter while it was read")
                    start += len(piece)
                    yield piece
        except FileNotFoundError:
            raise Missing(blob) from None
        except OSError as error:
            raise _failed(error) from error


class Tally:
    """Passes chunks through once, counting and hashing; remembers what the source raised, to tell it from the store."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self.chunks = iter(chunks)
        self.size = 0
        self.hash = hashlib.sha256()
        self.failure: BaseException | None = None

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        try:
            chunk = next(self.chunks)
        except BaseException as error:
            self.failure = None if isinstance(error, StopIteration) else error
            raise
        self.size += len(chunk)
        self.hash.update(chunk)
        return chunk

    def stored(self, blob: str) -> Stored:
        return Stored(blob, self.size, self.hash.hexdigest())


def new_id() -> str:
    return secrets.token_hex(16)


def check_id(blob: str) -> None:
    """Ids become paths: only what `new_id` makes is looked for at all."""
    if not ID.fullmatch(blob):
        raise Missing(blob)


def check_range(size: int, start: int, end: int | None) -> int:
    """The end of what is asked for. The caller knows the size: a range outside it is his mistake."""
    end = size if end is None else end
    if not 0 <= start <= end <= size:
        raise ValueError(f"bytes {start} to {end} are not within {size}")
    return end


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _sync(directory: Path) -> None:
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _failed(error: OSError) -> StoreFailed:
    return StoreFailed(f"the data directory failed: {error.strerror or error}")
