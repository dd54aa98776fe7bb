"""Stores the bytes of files on disk: written once under a random id, read whole or in part, deleted. `s3.py` stores
them in S3."""

import hashlib
import os
import re
import secrets
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Protocol

import msgspec

PIECE = 256 * 1024
SYNCS_AT_ONCE = 4
"""A disk syncs several files together. More threads than these cost more CPU and gain nothing."""
ID = re.compile("[0-9a-f]{32}", re.ASCII)


class Stored(msgspec.Struct, frozen=True):
    id: str
    size: int
    sha256: str


class Missing(Exception):
    """No bytes are stored under this id."""


class StoreFailed(Exception):
    """The store does not work now. The message is for the operator of the server, not for its users."""


class Blobs(Protocol):
    """The interface of every store. If `write` returns, the bytes are stored; if it raises, nothing is stored."""

    def write(self, chunks: Iterable[bytes], blob: str | None = None) -> Stored:
        """Store the bytes. Exceptions of `chunks` are passed on unchanged (a body too large, a client that is gone).

        `blob` is an id from `new_id`. A caller that records the id first can find the bytes again after a crash.
        """
        ...

    def write_many(self, contents: Mapping[str, bytes]) -> dict[str, Stored]:
        """Store the bytes of several files at once. The caller has recorded the ids, which are from `new_ids`."""
        ...

    def read(self, blob: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """The bytes from `start` up to, not including, `end`. The call itself raises Missing, not the first piece."""
        ...

    def size(self, blob: str) -> int: ...

    def delete(self, blob: str) -> None:
        """Delete the bytes. Does nothing if there are none."""
        ...

    def sweep(self, before: float) -> int:
        """Delete unfinished files of killed processes that were last changed before this time, in seconds since the
        epoch. Returns their number."""
        ...


class Disk:
    """A store in a directory: `root/a1/b2/a1b2…`, and `root/incoming` for unfinished files."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.incoming = root / "incoming"
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.incoming.mkdir(mode=0o700, exist_ok=True)

    def write(self, chunks: Iterable[bytes], blob: str | None = None) -> Stored:
        blob = blob or new_id()
        check_id(blob)  # before the id becomes a path
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

    def write_many(self, contents: Mapping[str, bytes]) -> dict[str, Stored]:
        places = {self._place(blob): content for blob, content in contents.items()}
        created: list[Path] = []
        try:
            for directory in dict.fromkeys(place.parent for place in places):
                _make(directory)
            for place, content in places.items():
                with open(place, "xb", opener=_private) as file:
                    created.append(place)
                    file.write(content)
            with ThreadPoolExecutor(SYNCS_AT_ONCE) as threads:
                list(threads.map(_sync, places))
            for directory in dict.fromkeys(above for place in places for above in self._above(place)):
                _sync(directory)
        except BaseException as error:
            for place in created:
                with suppress(OSError):
                    place.unlink()
            if isinstance(error, OSError):
                raise _failed(error) from error
            raise
        return {blob: counted([content], blob) for blob, content in contents.items()}

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
                continue  # it was finished, or another process deleted it
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
        """Move a finished file to its place. All directories are synced, because another process may have created them
        and died before it synced them."""
        _make(place.parent)
        partial.replace(place)
        for directory in self._above(place):
            _sync(directory)

    def _above(self, place: Path) -> tuple[Path, Path, Path]:
        return place.parent, place.parent.parent, self.root

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
    """Passes chunks through, and counts and hashes them. `failure` is the exception of the source, if it raised one."""

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


def counted(chunks: Iterable[bytes], blob: str) -> Stored:
    """Read the bytes to their end and store none: what `write` would return."""
    tally = Tally(chunks)
    for _ in tally:
        pass
    return tally.stored(blob)


def new_id() -> str:
    return secrets.token_hex(16)


def new_ids(count: int) -> list[str]:
    """Ids of files that are written together. They begin alike, so that the files are in one directory: each directory
    is synced for itself."""
    start = secrets.token_hex(2)
    return [start + secrets.token_hex(14) for _ in range(count)]


def check_id(blob: str) -> None:
    """Raise Missing unless the id has the form of `new_id`, since ids become paths."""
    if not ID.fullmatch(blob):
        raise Missing(blob)


def check_range(size: int, start: int, end: int | None) -> int:
    """The end of a requested range. Raises ValueError if the range is not within the size, which is a bug of the
    caller."""
    end = size if end is None else end
    if not 0 <= start <= end <= size:
        raise ValueError(f"bytes {start} to {end} are not within {size}")
    return end


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _make(directory: Path) -> None:
    directory.parent.mkdir(mode=0o700, exist_ok=True)
    directory.mkdir(mode=0o700, exist_ok=True)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _failed(error: OSError) -> StoreFailed:
    return StoreFailed(f"the data directory failed: {error.strerror or error}")
