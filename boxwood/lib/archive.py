"""A tar archive that can be checked for completeness and damage.

Its last member, `manifest.json`, holds a description and the size and SHA-256 of each other member.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import re
import tarfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Any, NamedTuple

import msgspec

MANIFEST = "manifest.json"
PIECE = 1 << 20
MOST_MANIFEST = 1 << 30
MOST_HEADER = 1 << 16


class Unusable(Exception):
    """The archive cannot be written or read, or is damaged. The message is for the operator of the server."""


class Part(msgspec.Struct, frozen=True):
    size: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True):
    about: dict[str, Any] = msgspec.field(name="told")
    """The description that `write` was given."""
    parts: dict[str, Part]


class Member(NamedTuple):
    """A file to write to an archive. The pieces must add up to the size."""

    name: str
    size: int
    pieces: Iterable[bytes]


def write(to: Path, members: Iterable[Member], about: dict[str, Any]) -> Manifest:
    """Write an archive. The file appears at `to` only when it is complete and on disk. Raises Unusable."""
    partial = to.with_name(f"{to.name}.part")
    parts: dict[str, Part] = {}
    try:
        with open(partial, "wb", opener=_private) as file:
            with tarfile.open(fileobj=file, mode="w|", format=tarfile.PAX_FORMAT) as tar:
                for member in members:
                    reader = _Hashed(member.pieces)
                    _add(tar, member.name, member.size, reader)
                    if reader.size != member.size:
                        raise Unusable(f"{member.name} changed while it was read: try again")
                    parts[member.name] = Part(member.size, reader.sha256.hexdigest())
                manifest = Manifest(about, parts)
                encoded = msgspec.json.encode(manifest)
                _add(tar, MANIFEST, len(encoded), io.BytesIO(encoded))
            file.flush()
            os.fsync(file.fileno())
        partial.replace(to)
        sync(to.parent)
    except BaseException as error:
        partial.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise Unusable(f"{to} cannot be written: {error.strerror or error}") from error
        raise
    return manifest


def read(source: Path, allowed: re.Pattern[str], what: str = "a backup") -> Iterator[tuple[str, Iterator[bytes]]]:
    """Yield each member's name and pieces. At the end, raise Unusable unless all members match the manifest.

    Every member is a plain file with its own name, which `allowed` matches: anything else raises Unusable before the
    name is yielded. Messages call the archive `what`.
    """
    found: dict[str, Part] = {}
    manifest: Manifest | None = None
    with _in_words(source, what):
        with tarfile.open(source, "r|", tarinfo=_Header) as tar:
            for info in tar:
                if not info.isreg() or info.issparse():
                    raise Unusable(f"{source} holds {_shown(info.name)}, which is not a plain file")
                if manifest is not None:
                    raise Unusable(f"{source} holds {_shown(info.name)} after its end")
                body = tar.extractfile(info)
                assert body is not None  # as for every plain file
                if info.name == MANIFEST:
                    manifest = _manifest(source, body, info.size, what)
                    continue
                if not allowed.fullmatch(info.name):
                    raise Unusable(f"{source} holds {_shown(info.name)}, which is no name that {what} uses")
                if info.name in found:
                    raise Unusable(f"{source} holds {_shown(info.name)} twice")
                hashed = _Hashed(iter(lambda body=body: body.read(PIECE), b""))  # type: ignore[misc]
                yield info.name, hashed
                for _ in hashed:
                    pass
                found[info.name] = Part(hashed.size, hashed.sha256.hexdigest())
        if manifest is None:
            raise Unusable(f"{source} is not whole: its end is missing")
        if found != manifest.parts:
            wrong = [name for name in {**found, **manifest.parts} if found.get(name) != manifest.parts.get(name)]
            names = ", ".join(_shown(name) for name in sorted(wrong)[:5])
            raise Unusable(f"{source} is damaged: {names} is not as it was written")


def check(source: Path, allowed: re.Pattern[str], what: str = "a backup") -> Manifest:
    """Read and check the whole archive, and return its manifest. Raises Unusable."""
    for _name, _pieces in read(source, allowed, what):
        pass
    with _in_words(source, what), tarfile.open(source, "r|", tarinfo=_Header) as tar:
        for info in tar:
            if info.name == MANIFEST and (body := tar.extractfile(info)):
                return _manifest(source, body, info.size, what)
    raise Unusable(f"{source} is not whole: its end is missing")


@contextlib.contextmanager
def _in_words(source: Path, what: str) -> Iterator[None]:
    """Raise Unusable for everything that `tarfile` and JSON raise for a file that is no archive of ours."""
    try:
        yield
    except OSError as error:
        raise Unusable(f"{source} cannot be read: {error.strerror or error}") from error
    except (tarfile.TarError, msgspec.DecodeError, EOFError, ValueError, LookupError, ArithmeticError) as error:
        raise Unusable(f"{source} is not {what}, or is incomplete: {error}") from error
    except (RecursionError, MemoryError) as error:
        raise Unusable(f"{source} is not {what}: its description cannot be read") from error


def _manifest(source: Path, body: IO[bytes], size: int, what: str) -> Manifest:
    if size > MOST_MANIFEST:
        raise Unusable(f"{source} is not {what}: its {MANIFEST} claims {size:,} bytes")
    return msgspec.json.decode(body.read(size), type=Manifest)


def _shown(name: str) -> str:
    """The name for a message: control characters as escapes, and at most 100 characters."""
    return repr(name[:100])


class _Header(tarfile.TarInfo):
    """A member's header. Long names and other extensions are read into memory, so their size is limited."""

    def _proc_member(self, tar: tarfile.TarFile) -> tarfile.TarInfo:
        if self.size < 0 or (not self.isreg() and self.size > MOST_HEADER):
            raise tarfile.ReadError(f"a header claims {self.size:,} bytes")
        found: tarfile.TarInfo = super()._proc_member(tar)  # type: ignore[misc]
        return found


class Place(NamedTuple):
    """Where a member's bytes are in the file of an archive."""

    start: int
    size: int


def places(source: Path) -> dict[str, Place]:
    """Where the members of a checked archive are."""
    with tarfile.open(source, "r:", tarinfo=_Header) as tar:
        return {info.name: Place(info.offset_data, info.size) for info in tar}


def lines(source: Path, place: Place) -> Iterator[bytes]:
    """The lines of a member, without their ends."""
    with open(source, "rb") as file:
        file.seek(place.start)
        left = place.size
        while left and (line := file.readline(left)):
            left -= len(line)
            yield line.rstrip(b"\n")


def pieces(source: Path, place: Place) -> Iterator[bytes]:
    """The bytes of a member."""
    with open(source, "rb") as file:
        file.seek(place.start)
        left = place.size
        while left and (piece := file.read(min(PIECE, left))):
            left -= len(piece)
            yield piece


def of_file(path: Path, name: str) -> Member:
    return Member(name, path.stat().st_size, _pieces(path))


def _pieces(path: Path) -> Iterator[bytes]:
    with open(path, "rb") as file:
        while piece := file.read(PIECE):
            yield piece


def to_file(pieces: Iterable[bytes], path: Path) -> None:
    with open(path, "xb", opener=_private) as file:
        for piece in pieces:
            file.write(piece)
        file.flush()
        os.fsync(file.fileno())


def _add(tar: tarfile.TarFile, name: str, size: int, body: Any) -> None:
    info = tarfile.TarInfo(name)
    info.size, info.mode = size, 0o600
    stream: IO[bytes] = body
    tar.addfile(info, stream)


class _Hashed:
    """Pieces as a file that can be read once. Counts and hashes the bytes that were read."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = iter(pieces)
        self._left = b""
        self.size = 0
        self.sha256 = hashlib.sha256()

    def __iter__(self) -> _Hashed:
        return self

    def __next__(self) -> bytes:
        piece = next(self._pieces)
        self.size += len(piece)
        self.sha256.update(piece)
        return piece

    def read(self, size: int) -> bytes:
        while len(self._left) < size and (piece := next(self, b"")):
            self._left += piece
        found, self._left = self._left[:size], self._left[size:]
        return found


def sync(directory: Path) -> None:
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
