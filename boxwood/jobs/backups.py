"""Backups: the database and the files' bytes in one file with digests, made while the server runs, and put back."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ..core import stored_files
from ..db import snapshots
from ..errors import Unavailable
from ..lib import archive, locks
from ..lib.archive import Manifest, Member
from ..lib.blobs import Blobs, Disk, Missing, StoreFailed
from ..version import VERSION

log = logging.getLogger("boxwood.backups")
FORMAT = 1
LOCK = "serving.lock"
FILES = "files/"
_NAME = re.compile(r"boxwood-\d{8}T\d{6}Z\.tar", re.ASCII)
LOOK_EVERY = 30
"""Seconds between looks whether a backup is due."""


@dataclass(frozen=True)
class Source:
    """What is backed up: a database and where its files' bytes are."""

    database_url: str | None
    sqlite_path: str
    data: Path
    store: Blobs
    in_data: bool
    """Whether the bytes are in the data directory, and not in a bucket."""


def make(source: Source, to: Path, now: int) -> Manifest:
    """A backup at `to`. The database first, then the bytes its files have: these never change, and none is deleted
    while its file is there or in the trash, which is longer than this takes."""
    to.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".backup-", dir=to.parent) as work:
        copy = Path(work) / snapshots.NAMES[snapshots.kind(source.database_url)]
        held = snapshots.save(source.database_url, source.sqlite_path, copy, stored_files.held)
        told = {"format": FORMAT, "version": VERSION, "database": snapshots.kind(source.database_url), "madeAt": now}
        with _told():
            return archive.write(to, _members(source, copy, held), told)


@contextlib.contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except archive.Unusable as error:
        raise Unavailable(str(error)) from error


def _members(source: Source, copy: Path, held: list[str]) -> Iterator[Member]:
    yield archive.of_file(copy, copy.name)
    for blob in held:
        try:
            yield Member(f"{FILES}{blob}", source.store.size(blob), source.store.read(blob))
        except Missing:
            log.error("the bytes of a file are missing; the backup is made without them", extra={"blob": blob})
        except StoreFailed as error:
            raise Unavailable(f"the files' bytes cannot be read: {error}") from error


def restore(source: Source, given: Path, now: int) -> Manifest:
    """Put a backup in place of what there is, which is kept beside it in `replaced-…` (SQLite and files on disk).

    Nothing is touched before the whole backup was read and found sound, and unpacked where there is room for it.
    """
    with _told():
        manifest = archive.check(given)
    _fits(source, manifest)
    source.data.mkdir(parents=True, exist_ok=True, mode=0o700)
    with locks.hold(source.data / LOCK) as free:
        if not free or snapshots.in_use(source.database_url):
            raise Unavailable("the server is running: stop it first, or it would write into what is restored")
        work = Path(tempfile.mkdtemp(prefix=".restore-", dir=source.data))
        try:
            with _told():
                copy = _unpack(source, given, work)
            snapshots.check(source.database_url, copy)
            _swap(source, work, copy, now)
        except OSError as error:
            raise Unavailable(f"the data directory cannot be written: {error.strerror or error}") from error
        finally:
            shutil.rmtree(work, ignore_errors=True)
    return manifest


def _fits(source: Source, manifest: Manifest) -> None:
    kind = snapshots.kind(source.database_url)
    if manifest.told.get("format") != FORMAT:
        raise Unavailable("the backup was made by a later version of Boxwood: use that one to restore it")
    if manifest.told.get("database") != kind:
        raise Unavailable(f"the backup is of a {manifest.told.get('database')} database, and this is {kind}")


def _unpack(source: Source, given: Path, work: Path) -> Path:
    copy = work / snapshots.NAMES[snapshots.kind(source.database_url)]
    store = Disk(work / "files") if source.in_data else source.store
    for name, pieces in archive.read(given):
        if name == copy.name:
            archive.to_file(pieces, copy)
        elif name.startswith(FILES):
            try:
                store.write(pieces, name.removeprefix(FILES))
            except StoreFailed as error:
                raise Unavailable(f"the files' bytes cannot be stored: {error}") from error
    return copy


def _swap(source: Source, work: Path, copy: Path, now: int) -> None:
    """The old out of the way, the new in its place. Cut off here, the backup can be restored again."""
    old = source.data / f"replaced-{_stamp(now)}"
    old.mkdir(mode=0o700)
    if not source.database_url:
        for ending in ("", "-wal", "-shm"):
            _move(Path(source.sqlite_path + ending), old)
    snapshots.load(source.database_url, source.sqlite_path, copy)
    if source.in_data:
        _move(source.data / "files", old)
        (work / "files").replace(source.data / "files")
    archive.sync(source.data)
    with contextlib.suppress(OSError):  # there was nothing to keep
        old.rmdir()


def _move(path: Path, into: Path) -> None:
    if path.exists():
        path.replace(into / path.name)


def _stamp(now: int) -> str:
    return time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(now / 1000))


# Now and then


def made(folder: Path) -> list[Path]:
    """The backups in a folder, the oldest first."""
    return sorted(path for path in folder.glob("boxwood-*.tar") if _NAME.fullmatch(path.name))


def newest_at(folder: Path) -> int:
    """When the newest one was made, in milliseconds; 0 where there is none."""
    found = made(folder)
    if not found:
        return 0
    return int(time.mktime(time.strptime(found[-1].name, "boxwood-%Y%m%dT%H%M%SZ.tar")) - time.timezone) * 1000


def make_due(source: Source, folder: Path, every: int, keep: int, now: int) -> Path | None:
    """A backup where the newest one is `every` milliseconds old, in whichever process comes first; of those there
    are the newest `keep` stay."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with locks.hold(folder / ".lock") as free:
        if not free or now - newest_at(folder) < every:
            return None
        to = folder / f"boxwood-{_stamp(now)}.tar"
        manifest = make(source, to, now)
        for path in made(folder)[:-keep]:
            path.unlink(missing_ok=True)
    log.info("made a backup", extra={"file": str(to), "members": len(manifest.parts)})
    return to


async def run(source: Source, folder: Path, every: int, keep: int, clock: Callable[[], int]) -> None:
    """For as long as the server runs. One that fails is told of and tried again."""
    while True:
        try:
            await asyncio.to_thread(make_due, source, folder, every, keep, clock())
        except Exception:
            log.exception("no backup was made; it is tried again")
        await asyncio.sleep(LOOK_EVERY)
