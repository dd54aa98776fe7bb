"""`boxwood export --team` and `boxwood import --team`: one file with a whole team."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from ..core.import_export import team_export
from ..core.import_export.team_export import SetAgain
from ..core.import_export.team_imports import STAGES, TeamImport
from ..core.people import users
from ..core.records import USERS, User
from ..db.engine import Db, Engine
from ..errors import NotFound
from ..jobs import team_archives
from ..jobs.backups import Source
from ..lib.blobs import StoreFailed
from ..lib.clock import now_ms

MOST_SHOWN = 50


def export(engine: Engine, source: Source, options: argparse.Namespace) -> None:
    file = _file(options)
    if file.exists():
        sys.exit(f"boxwood: {file} already exists: give the name of a new file")
    try:
        about = team_archives.make(
            engine, source.store, file.absolute(), lambda db: team_export.whole(db, options.team), now_ms()
        )
    except NotFound:
        sys.exit(f"boxwood: there is no team {options.team!r}, or there are several: give its key")
    print(f"{file}: the team {about.team_name}, {file.stat().st_size:,} bytes")
    _print_counts(about.counts)
    _print_set_again(about.set_again)
    if about.missing_files:
        print(f"{len(about.missing_files):,} files have lost their bytes: the archive has them without content")


def bring(engine: Engine, source: Source, options: argparse.Namespace) -> None:
    file = _file(options)
    if options.dry_run:
        about = team_archives.check(file)
        print(f"{file} is whole: the team {about.team_name}, written by Boxwood {about.version}. It would bring:")
        _print_counts(about.counts)
        _print_set_again(about.set_again)
        return
    actor = engine.read(lambda db: _actor(db, options.email))

    def show(job: TeamImport) -> bool:
        if sys.stderr.isatty():
            share = STAGES.index(job.stage) / len(STAGES)
            print(f"\r{share:4.0%} {job.stage.removeprefix('keys:'):<20}", end="", file=sys.stderr, flush=True)
        return True

    try:
        done = team_archives.bring(engine, source.store, file, actor, now_ms, name=options.team, goes_on=show)
    except StoreFailed as failed:
        sys.exit(f"boxwood: {failed}")
    if sys.stderr.isatty():
        print(file=sys.stderr)
    assert done is not None
    print(f"{'Imported before' if done.was_done else 'Imported'}: the team {options.team} ({done.job.team_key})")
    _print_counts(done.job.counts)
    for noun, count in done.job.left_out.items():
        print(f"left out: {count:,} of {noun}, because what they belong to is not in the archive")
    _print_set_again(done.about.set_again)
    print(f"{actor.email} owns the team. No invitation was sent: owners invite the members.")


def _file(options: argparse.Namespace) -> Path:
    if options.file is not None:
        sys.exit("boxwood: with --team, give only the file: a team is exported and imported whole")
    if options.pipeline is None:
        sys.exit("boxwood: give the name of the file")
    return Path(options.pipeline)


def _actor(db: Db, email: str | None) -> User:
    """The user who will own the team: by e-mail address, or the first user of the server."""
    user = users.by_email(db, email) if email else None
    if user is None and not email:
        row = db.row(f"SELECT {USERS.columns} FROM users ORDER BY created_at, key LIMIT 1")
        user = USERS.load(row) if row else None
    if user is None:
        sys.exit(
            f"boxwood: there is no user with the address {email}"
            if email
            else "boxwood: there is no user yet: create one with `boxwood user create` first"
        )
    return user


def _print_counts(counts: dict[str, int]) -> None:
    for noun, count in counts.items():
        if count:
            print(f"  {noun}: {count:,}")


def _print_set_again(found: list[SetAgain]) -> None:
    for each in found[:MOST_SHOWN]:
        print(f"set again: {each.what} {each.name}: {each.why}")
    if (more := len(found) - MOST_SHOWN) > 0:
        print(f"… and {more:,} more")
