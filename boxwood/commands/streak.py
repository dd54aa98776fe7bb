"""`boxwood import-streak`: moves a team from Streak, or from another server with its API, to this one."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from typing import Any

from ..core.activity.streak.imports import Report
from ..core.context import Ctx
from ..core.people import teams, users
from ..core.records import USERS, Team, User
from ..db.engine import Db, Engine
from ..errors import Problem
from ..jobs import streak_imports
from ..jobs.backups import Source
from ..jobs.streak_imports import COMPARE, DRY_RUN, IMPORT, Run
from ..lib import dates
from ..lib.address_rules import Rules
from ..lib.blobs import StoreFailed
from ..lib.clock import now_ms
from ..lib.streak_client import PER_SECOND, STREAK, SourceFailed, StreakClient
from .options import add_store, config_of, open_store, prepare, source_of

MOST_SHOWN = 50
WATCH_EVERY = 60.0


def add(commands: Any) -> None:
    parser = commands.add_parser("import-streak", help="move a team from Streak: pipelines, boxes, contacts, files …")
    parser.add_argument("--key", default=os.environ.get("STREAK_KEY"), help="an API key there; or set STREAK_KEY")
    parser.add_argument("--from", dest="url", default=STREAK, help=f"the server; by default {STREAK}")
    parser.add_argument("--team", default="", help="the team there, by key or name, if the key sees several")
    parser.add_argument("--into", default="", help="the team here, by key or name; by default the user's oldest team")
    parser.add_argument("--as", dest="email", help="the user here who imports; by default the first user")
    parser.add_argument("--since", default="", help="only boxes that changed since this day, such as 2026-01-31")
    parser.add_argument("--dry-run", action="store_true", help="count what would come, and write nothing")
    parser.add_argument("--compare", action="store_true", help="list every difference to the source, and write nothing")
    parser.add_argument("--full", action="store_true", help="also read again what is in boxes that seem unchanged")
    parser.add_argument("--watch", action="store_true", help=f"run again every {WATCH_EVERY:.0f} seconds until stopped")
    parser.add_argument("--rate", type=float, default=PER_SECOND, help=f"requests a second ({PER_SECOND:.0f})")
    add_store(parser)
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> None:
    if not options.key:
        sys.exit("boxwood: give the API key of the source with --key, or in the environment as STREAK_KEY")
    if not 0 < options.rate <= 1000:
        sys.exit("boxwood: --rate must be more than 0 and at most 1000 requests a second")
    try:
        options.since_ms = dates.read(options.since) if options.since else 0
    except dates.DateError as error:
        sys.exit(f"boxwood: --since {error}")
    prepare(config_of(options))
    source = source_of(options)
    engine = open_store(config_of(options))
    try:
        differs = asyncio.run(_import(engine, source, options))
    except (SourceFailed, StoreFailed) as failed:
        sys.exit(f"boxwood: {failed}")
    finally:
        engine.close()
    if differs:
        sys.exit(1)


async def _import(engine: Engine, source: Source, options: argparse.Namespace) -> bool:
    """Run the import, with `--watch` again and again. Returns whether a comparison found differences."""
    user, team = engine.read(lambda db: _acting(db, options))
    client = StreakClient(options.url, options.key, Rules(allow_private=True), per_second=options.rate, clock=now_ms)
    mode = COMPARE if options.compare else DRY_RUN if options.dry_run else IMPORT
    try:
        while True:
            run = Run(
                engine,
                source.store,
                client,
                now_ms,
                user,
                team,
                wanted=options.team,
                since=options.since_ms,
                full=options.full,
                mode=mode,
                progress=_show_progress,
            )
            try:
                report = await run.run()
            except (SourceFailed, Problem, StoreFailed) as problem:
                _print_report(run.report, mode)
                if not options.watch or isinstance(problem, StoreFailed):
                    raise
                print(f"boxwood: {problem}", file=sys.stderr)
            else:
                _print_report(report, mode)
            if not options.watch:
                return mode == COMPARE and streak_imports.differs(run.report)
            await asyncio.sleep(WATCH_EVERY)
    finally:
        await client.close()


def _acting(db: Db, options: argparse.Namespace) -> tuple[User, Team]:
    """The user who imports, and the team here."""
    user = users.by_email(db, options.email) if options.email else None
    if user is None and not options.email:
        row = db.row(f"SELECT {USERS.columns} FROM users ORDER BY created_at, key LIMIT 1")
        user = USERS.load(row) if row else None
    if user is None:
        sys.exit(
            f"boxwood: there is no user with the address {options.email}"
            if options.email
            else "boxwood: there is no user yet: create one with `boxwood user create` first"
        )
    ctx = Ctx(db, now_ms(), user)
    if not options.into:
        return user, teams.oldest(ctx)
    key = teams.find_key(ctx, options.into, "--into") or options.into
    return user, teams.get(ctx, key)


def _show_progress(text: str) -> None:
    if sys.stderr.isatty():
        print(f"\r{text[:100]:<100}", end="", file=sys.stderr, flush=True)


def _print_report(report: Report, mode: str) -> None:
    """Print what came by noun, then what did not come and why, then the differences."""
    if sys.stderr.isatty():
        print(file=sys.stderr)
    print({IMPORT: "Imported:", DRY_RUN: "Would be imported:", COMPARE: "Compared:"}[mode])
    for noun, outcomes in report.counts.items():
        print(f"  {noun}: {', '.join(f'{number:,} {outcome}' for outcome, number in outcomes.items())}")
    print(f"  ({report.requests:,} requests)")
    for note in report.notes[:MOST_SHOWN]:
        print(f"not as there: {' '.join(part for part in (note.noun, note.key, note.name) if part)}: {note.reason}")
    if (more := len(report.notes) - MOST_SHOWN + report.more_notes) > 0:
        print(f"… and {more:,} more")
    for each in report.differences[:MOST_SHOWN]:
        print(f"differs: {each.noun} {each.key} {each.name}: {each.member}: {each.there!r} there, {each.here!r} here")
    if (more := len(report.differences) - MOST_SHOWN + report.more_differences) > 0:
        print(f"… and {more:,} more differences")
