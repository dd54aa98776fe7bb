"""Backups: create one file with the database, the files' bytes and their digests while the server runs; restore it."""

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
from typing import Annotated

import msgspec

from ..core import events, stored_files
from ..db import schema, snapshots
from ..errors import Unavailable
from ..lib import archive, locks
from ..lib.archive import Manifest, Member
from ..lib.blobs import Blobs, Disk, Missing, StoreFailed
from ..version import VERSION

log = logging.getLogger("boxwood.backups")
FORMAT = 1
LOCK = "serving.lock"
FILES = "files/"
_MEMBER = re.compile(rf"(?:{'|'.join(map(re.escape, snapshots.NAMES.values()))}|{FILES}[0-9a-f]{{32}})", re.ASCII)
"""The names of a backup's members. They become paths, so every other name is refused."""
_NAME = re.compile(r"boxwood-\d{8}T\d{6}Z\.tar", re.ASCII)
LOOK_EVERY = 30
"""Seconds between checks whether a backup is due."""


_Word = Annotated[str, msgspec.Meta(pattern=r"^[!-~]{1,100}$")]


class About(msgspec.Struct, frozen=True):
    """What a backup says about itself."""

    format: int
    version: _Word
    database: _Word
    created_at: Annotated[int, msgspec.Meta(ge=0, le=253_402_300_799_999)] = msgspec.field(name="madeAt")


@dataclass(frozen=True)
class Source:
    """What a backup contains: a database, and the files' bytes from `store`."""

    database_url: str | None
    sqlite_path: str
    data: Path
    store: Blobs
    in_data: bool
    """Whether the bytes are in the data directory, and not in a bucket."""


def make(source: Source, to: Path, now: int) -> Manifest:
    """Create a backup at `to`. Returns its manifest. `now` is in milliseconds.

    The database comes first, then the bytes of its files: bytes never change, and they are deleted only some time after
    their file has left the trash, which is longer than a backup takes. Raises `Unavailable`.
    """
    to.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".backup-", dir=to.parent) as work:
        copy = Path(work) / snapshots.NAMES[snapshots.kind(source.database_url)]
        stored = snapshots.save(source.database_url, source.sqlite_path, copy, stored_files.held)
        database = snapshots.kind(source.database_url)
        manifest = {"format": FORMAT, "version": VERSION, "database": database, "madeAt": now}
        with _as_unavailable():
            return archive.write(to, _members(source, copy, stored), manifest)


@contextlib.contextmanager
def _as_unavailable() -> Iterator[None]:
    try:
        yield
    except archive.Unusable as error:
        raise Unavailable(str(error)) from error


def _members(source: Source, copy: Path, stored: list[str]) -> Iterator[Member]:
    yield archive.of_file(copy, copy.name)
    for blob in stored:
        try:
            yield Member(f"{FILES}{blob}", source.store.size(blob), source.store.read(blob))
        except Missing:
            log.error("the bytes of a file are missing; the backup does not contain them", extra={"blob": blob})
        except StoreFailed as error:
            raise Unavailable(f"the files' bytes cannot be read: {error}") from error


def restore(source: Source, given: Path, now: int) -> Manifest:
    """Replace the database and files by those of a backup, migrated to this version.

    SQLite databases and files on disk move to `replaced-…`. Nothing is replaced before the whole backup was read,
    checked and unpacked. Raises `Unavailable`.
    """
    manifest = read_manifest(given)
    _fits(source, manifest)
    source.data.mkdir(parents=True, exist_ok=True, mode=0o700)
    with locks.hold(source.data / LOCK) as is_free:
        if not is_free or snapshots.in_use(source.database_url):
            raise Unavailable(
                "the server is running, or a pooler holds connections: stop it before you restore a backup"
            )
        work = Path(tempfile.mkdtemp(prefix=".restore-", dir=source.data))
        try:
            with _as_unavailable():
                copy = _unpack(source, given, work)
            snapshots.check(source.database_url, copy)
            newest = snapshots.newest_event(source.database_url, source.sqlite_path)
            if not source.database_url:
                _finish(None, str(copy), now, newest)
            _swap(source, work, copy, now, newest)
        except OSError as error:
            raise Unavailable(f"the data directory cannot be written: {error.strerror or error}") from error
        finally:
            shutil.rmtree(work, ignore_errors=True)
    return manifest


def read_manifest(given: Path) -> Manifest:
    """Read and check a whole backup. Raises `Unavailable`."""
    with _as_unavailable():
        return archive.check(given, _MEMBER)


def about(manifest: Manifest) -> About:
    """What the backup says about itself. Raises `Unavailable` if that is not of the right form."""
    try:
        return msgspec.convert(manifest.about, About)
    except msgspec.ValidationError as error:
        raise Unavailable(f"the backup's description cannot be used: {error}") from error


def _fits(source: Source, manifest: Manifest) -> None:
    kind = snapshots.kind(source.database_url)
    if manifest.about.get("format") != FORMAT:
        raise Unavailable("the backup was created by a later version of Boxwood: restore it with that version")
    if about(manifest).database != kind:
        raise Unavailable(f"the backup is of a {about(manifest).database} database, but this server uses {kind}")
    if snapshots.NAMES[kind] not in manifest.parts:
        raise Unavailable("the backup holds no database")


def _unpack(source: Source, given: Path, work: Path) -> Path:
    copy = work / snapshots.NAMES[snapshots.kind(source.database_url)]
    store = Disk(work / "files") if source.in_data else source.store
    for name, pieces in archive.read(given, _MEMBER):
        if name == copy.name:
            archive.to_file(pieces, copy)
        elif name.startswith(FILES):
            try:
                store.write(pieces, name.removeprefix(FILES))
            except StoreFailed as error:
                raise Unavailable(f"the files' bytes cannot be stored: {error}") from error
    return copy


def _finish(database_url: str | None, path: str, now: int, newest: int) -> None:
    """Migrate a restored database that an earlier version created, and continue its numbers of events after `newest`,
    the newest event of the database that it replaces."""
    try:
        schema.migrate(database_url, path, restoring=True)
    except schema.errors(database_url) as error:
        raise Unavailable(f"the backup's database cannot be used: {error}") from error
    snapshots.change(database_url, path, lambda db: events.skip_ahead(db, now, newest))


def _swap(source: Source, work: Path, copy: Path, now: int, newest: int) -> None:
    """Move the old data away and the new data to its place. After an interruption, the backup can be restored again."""
    old = source.data / f"replaced-{_stamp(now)}"
    old.mkdir(mode=0o700)
    if not source.database_url:
        for ending in ("", "-wal", "-shm"):
            _move(Path(source.sqlite_path + ending), old)
    snapshots.load(source.database_url, source.sqlite_path, copy, lambda: _finish(source.database_url, "", now, newest))
    if source.in_data:
        _move(source.data / "files", old)
        (work / "files").replace(source.data / "files")
    archive.sync(source.data)
    with contextlib.suppress(OSError):  # a folder without old data
        old.rmdir()


def _move(path: Path, into: Path) -> None:
    if path.exists():
        path.replace(into / path.name)


def _stamp(now: int) -> str:
    return time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(now / 1000))


# Regular backups


def existing(folder: Path) -> list[Path]:
    """The regular backups in a folder, the oldest first."""
    return sorted(path for path in folder.glob("boxwood-*.tar") if _NAME.fullmatch(path.name))


def newest_at(folder: Path) -> int:
    """When the newest backup was created, in milliseconds; 0 if there is none."""
    found = existing(folder)
    if not found:
        return 0
    return int(time.mktime(time.strptime(found[-1].name, "boxwood-%Y%m%dT%H%M%SZ.tar")) - time.timezone) * 1000


def make_due(source: Source, folder: Path, every: int, keep: int, now: int) -> Path | None:
    """Create a backup if the newest one is at least `every` milliseconds old, and delete all but the newest `keep`.

    Returns its path, or None. Of several processes, only the first one creates it.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with locks.hold(folder / ".lock") as is_free:
        if not is_free or now - newest_at(folder) < every:
            return None
        to = folder / f"boxwood-{_stamp(now)}.tar"
        manifest = make(source, to, now)
        for path in existing(folder)[:-keep]:
            path.unlink(missing_ok=True)
    log.info("created a backup", extra={"file": str(to), "members": len(manifest.parts)})
    return to


async def run(source: Source, folder: Path, every: int, keep: int, clock: Callable[[], int]) -> None:
    """Create regular backups while the server runs. A failure is logged, and the job tries again."""
    while True:
        try:
            await asyncio.to_thread(make_due, source, folder, every, keep, clock())
        except Exception:
            log.exception("the backup was not created; the job tries again")
        await asyncio.sleep(LOOK_EVERY)
