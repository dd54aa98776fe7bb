"""Archives of whole teams: one file with JSON lines for each noun, the bytes of files and the original mails.

An export writes it from the database, an import creates the team from it, on either database. The archive is checked
as a whole before anything is written.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import msgspec

from ..core import search, stored_files
from ..core.context import Ctx
from ..core.import_export import team_export, team_imports, team_records
from ..core.import_export.team_export import ArchivedUser, SetAgain, TeamScope
from ..core.import_export.team_imports import AT_ONCE, STAGES, TeamImport
from ..core.import_export.team_nouns import BY_NAME, NOUNS
from ..core.import_export.team_records import BLOB_OF
from ..core.records import Team, User
from ..db.engine import Db, Engine
from ..errors import Invalid, Unavailable
from ..lib import archive
from ..lib.archive import Manifest, Member
from ..lib.blobs import Blobs, Missing, Stored, StoreFailed, new_id
from ..version import VERSION

FORMAT = 1
WHAT = "an archive of a team"
FILES, LINES = "files/", ".jsonl"
_NAMES = ("team.json", "users", "oldKeys", *BY_NAME)
_MEMBER = re.compile(
    rf"(?:team\.json|(?:{'|'.join(name for name in _NAMES if name != 'team.json')})\.jsonl|{FILES}[0-9a-f]{{32}})",
    re.ASCII,
)


class About(msgspec.Struct, frozen=True, rename="camel"):
    """What an archive says about itself."""

    format: int
    kind: str
    version: str
    archive: Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{32}$")]
    team_name: str
    created_at: int
    counts: dict[str, int]
    set_again: list[SetAgain]
    missing_files: list[str] = []
    """Ids of files whose bytes the store had lost."""


# Writing an archive


def make(engine: Engine, store: Blobs, to: Path, scope: Callable[[Db], TeamScope], now: int) -> About:
    """Write the archive of a team. The file appears at `to` only when it is complete. Raises `Unavailable`."""
    with tempfile.TemporaryDirectory(prefix=".team-", dir=to.parent) as work:
        about, blobs = engine.read(lambda db: _spool(db, scope(db), Path(work), now))
        return _write(store, Path(work), to, about, blobs)


def pieces(store: Blobs, scope: Callable[[Ctx], TeamScope], now: int) -> Iterator[Callable[[Ctx], bytes]]:
    """The archive in pieces, for a response. The first piece reads the records in its transaction, the second writes
    the archive to a temporary file."""
    with tempfile.TemporaryDirectory(prefix="boxwood-team-") as folder:
        work, to = Path(folder), Path(folder) / "team.tar"
        spooled: list[tuple[About, list[str]]] = []

        def spool(ctx: Ctx) -> bytes:
            spooled.append(_spool(ctx.db, scope(ctx), work, now))
            return b""

        def write(ctx: Ctx) -> bytes:
            _write(store, work, to, *spooled[0])
            return b""

        yield spool
        yield write
        with open(to, "rb") as file:
            for _ in range(-(-to.stat().st_size // archive.PIECE)):
                yield lambda ctx: file.read(archive.PIECE)


def _write(store: Blobs, work: Path, to: Path, about: About, blobs: list[str]) -> About:
    description: dict[str, Any] = {}
    members = _members(work, store, blobs, about, description)
    try:
        manifest = archive.write(to, members, description)
    except archive.Unusable as error:
        raise Unavailable(str(error)) from error
    return _about(to, manifest)


def _spool(db: Db, scope: TeamScope, work: Path, now: int) -> tuple[About, list[str]]:
    """Write the records to files in `work`, in one reading transaction. Returns also the ids of the stored bytes."""
    counts: dict[str, int] = {}
    named: set[str] = {scope.team.creator_key}
    blobs: dict[str, None] = {}
    (work / "team.json").write_bytes(msgspec.json.encode(scope.team))
    named.update(_users_in(msgspec.json.encode(scope.team)))
    for noun in NOUNS:
        count = 0
        with open(work / f"{noun.name}{LINES}", "wb") as file:
            for page in team_export.records(db, scope, noun):
                if noun.name == "automations":
                    page = [_without_secrets(each) for each in page]
                text = b"".join(msgspec.json.encode(each) + b"\n" for each in page)
                file.write(text)
                named.update(_users_in(text))
                if member := BLOB_OF.get(noun.name):
                    blobs |= dict.fromkeys(blob for each in page if (blob := getattr(each, member)))
                count += len(page)
        counts[noun.name] = count
    users = team_export.users(db, named)
    counts["users"] = len(users)
    (work / f"users{LINES}").write_bytes(b"".join(msgspec.json.encode(each) + b"\n" for each in users))
    old = team_export.old_keys(db, [scope.team.key, *(user.key for user in users)])
    (work / f"oldKeys{LINES}").write_bytes(b"".join(msgspec.json.encode(each) + b"\n" for each in old))
    again = team_export.to_set_again(db, scope)
    about = About(FORMAT, "team", VERSION, new_id(), scope.team.name, now, counts, again)
    return about, list(blobs)


def _users_in(text: bytes) -> set[str]:
    return {key.decode() for key in team_export.USER.findall(text)}


def _without_secrets(automation: Any) -> Any:
    return msgspec.structs.replace(automation, secrets={}, signing_secret="", previous_secret=None, previous_until=None)


def _members(work: Path, store: Blobs, blobs: list[str], about: About, description: dict[str, Any]) -> Iterator[Member]:
    for name in ("team.json", *(f"{name}{LINES}" for name in _NAMES if name != "team.json")):
        yield archive.of_file(work / name, name)
    missing = []
    for blob in blobs:
        try:
            yield Member(f"{FILES}{blob}", store.size(blob), store.read(blob))
        except Missing:
            missing.append(blob)
        except StoreFailed as error:
            raise Unavailable(f"the files' bytes cannot be read: {error}") from error
    description |= msgspec.to_builtins(msgspec.structs.replace(about, missing_files=missing))


# Reading an archive


def check(file: Path) -> About:
    """Read and check a whole archive. Raises `Unavailable` with what is wrong."""
    try:
        return _about(file, archive.check(file, _MEMBER, WHAT))
    except archive.Unusable as error:
        raise Unavailable(str(error)) from error


def _about(file: Path, manifest: Manifest) -> About:
    try:
        about = msgspec.convert(manifest.about, About)
    except msgspec.ValidationError:
        raise Unavailable(f"{file} is not {WHAT}") from None
    if about.kind != "team" or about.format != FORMAT:
        raise Unavailable(f"{file} has format {about.format}, which Boxwood {VERSION} does not read: update it first")
    missing = [name for name in ("team.json", *(f"{name}{LINES}" for name in BY_NAME)) if name not in manifest.parts]
    if missing:
        raise Unavailable(f"{file} is damaged: {missing[0]} is missing")
    return about


class Imported(NamedTuple):
    """The result of an import."""

    job: TeamImport
    about: About
    was_done: bool
    """Whether an earlier run had finished it."""


def bring(
    engine: Engine,
    store: Blobs,
    file: Path,
    actor: User,
    clock: Callable[[], int],
    *,
    name: str = "",
    goes_on: Callable[[TeamImport], bool] = lambda job: True,
) -> Imported | None:
    """Import an archive as a team with this name, or continue. Returns None if `goes_on` ended it early.

    Raises `Unavailable` for a bad archive, before anything is written, and `Problem` for what cannot be written.
    """
    about = check(file)
    places = archive.places(file)
    run = _Run(engine, store, file, places, actor, clock, about)
    job = run.begin(name)
    was_done = job.stage == "done"
    while job.stage != "done":
        if not goes_on(job):
            return None
        job = run.stage(job, goes_on)
    while not was_done and engine.read(search.is_behind):
        engine.write(search.catch_up)
    return Imported(job, about, was_done)


class _Run(NamedTuple):
    engine: Engine
    store: Blobs
    file: Path
    places: dict[str, archive.Place]
    actor: User
    clock: Callable[[], int]
    about: About

    def begin(self, name: str) -> TeamImport:
        team = self._read("team.json", Team)[0]
        people = self._read(f"users{LINES}", ArchivedUser)
        old = self._read(f"oldKeys{LINES}", tuple[str, str])

        def work(db: Db) -> TeamImport:
            ctx = self._ctx(db)
            found = team_imports.find(ctx, self.about.archive)
            return found or team_imports.begin(ctx, self.about.archive, team, people, name, old)

        return self.engine.write(work)

    def _read(self, name: str, kind: Any) -> list[Any]:
        if name not in self.places:
            return []
        try:
            return [msgspec.json.decode(line, type=kind) for line in archive.lines(self.file, self.places[name])]
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise Invalid("", f"the archive is damaged: {name}: {error}") from None

    def stage(self, job: TeamImport, goes_on: Callable[[TeamImport], bool]) -> TeamImport:
        """Do what is left of a stage, slice by slice."""
        noun = BY_NAME[job.stage.removeprefix("keys:")]
        step = self._choose if job.stage.startswith("keys:") else self._write
        after = STAGES.index(job.stage) + 1
        following = STAGES[after] if after < len(STAGES) else "done"
        slice_: list[bytes] = []
        for number, line in enumerate(archive.lines(self.file, self.places[f"{noun.name}{LINES}"])):
            if number < job.position:
                continue
            slice_.append(line)
            if len(slice_) == AT_ONCE:
                job = step(job, slice_, job.stage, job.position + AT_ONCE)
                slice_ = []
                if not goes_on(job):
                    return job
        return step(job, slice_, following, 0)

    def _choose(self, job: TeamImport, lines: list[bytes], stage: str, position: int) -> TeamImport:
        noun = BY_NAME[job.stage.removeprefix("keys:")]

        def work(db: Db) -> TeamImport:
            ctx = self._ctx(db)
            if lines:
                team_imports.choose_keys(ctx, job, noun, lines)
            return team_imports.advance(ctx, job, stage, position)

        return self.engine.write(work)

    def _write(self, job: TeamImport, lines: list[bytes], stage: str, position: int) -> TeamImport:
        noun = BY_NAME[job.stage]
        stored = self._store(job, set(team_records.blobs_in(noun, lines)))

        def work(db: Db) -> TeamImport:
            ctx = self._ctx(db)
            came, left_out = team_records.write(ctx, job, noun, lines, stored) if lines else (0, 0)
            return team_imports.advance(ctx, job, stage, position, came, left_out)

        return self.engine.write(work)

    def _store(self, job: TeamImport, blobs: set[str]) -> dict[str, Stored]:
        """Store the bytes that are not here yet."""
        known = self.engine.read(lambda db: team_imports.mapped(db, job, blobs))
        stored = {}
        for blob in sorted(blobs - known.keys()):
            place = self.places.get(f"{FILES}{blob}")
            if place is None and blob not in self.about.missing_files:
                raise Invalid("", f"the archive is damaged: the bytes {blob[:40]!r} are missing")
            new = new_id()
            self.engine.write(partial(stored_files.announce, blobs=[new], now=self.clock()))
            pieces = archive.pieces(self.file, place) if place else iter(())
            stored[blob] = self.store.write(pieces, new)
        return stored

    def _ctx(self, db: Db) -> Ctx:
        return Ctx(db, self.clock(), self.actor, silent=True)
