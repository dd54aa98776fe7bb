"""Imports from Streak that the server runs in the background, because a user started them.

The key of the source is sealed while the import runs, and removed when it ends. A server that stops in the middle
leaves the run to the next one, which continues it.
"""

from __future__ import annotations

from typing import Any

import msgspec

from ....db.engine import Db
from ....db.records import Table
from ....errors import Conflict, Invalid, NotFound
from ....lib import dates, ids
from ....lib.address_rules import Refused, Rules
from ....lib.secret_keys import SecretKeys
from ....lib.streak_client import STREAK
from ... import events
from ...accounts import api_keys, locked_users
from ...context import Ctx
from ...people import teams
from ...records import TEAMS, USERS, Team, User
from .imports import Report

CHANNEL = "streak"
IMPORT, COUNT, COMPARE = "IMPORT", "COUNT", "COMPARE"
MODES = (IMPORT, COUNT, COMPARE)
LEASE = 30_000
WATCH_EVERY = 60_000
"""Milliseconds between two runs of an import that is repeated."""


class StreakRun(msgspec.Struct, frozen=True):
    """What a user asked for, and how far it is."""

    key: str
    team_key: str
    """The team here."""
    creator_key: str
    source: str
    source_team: str
    """The team of the source, by key or name; empty if the key sees only one."""
    since: int
    mode: str
    """IMPORT writes; COUNT says what would come; COMPARE lists what differs."""
    watch: bool
    """Whether the import is repeated until it is stopped."""
    secret: str | None
    """The key of the source, sealed; None once the run has ended."""
    state: str
    """waiting, running, done, failed or stopped."""
    progress: str
    report: Report
    error: str | None
    worker: str | None
    due_at: int
    """When a worker may take it: at once, when the lease of its worker ends, or at the next repetition."""
    created_at: int
    ended_at: int | None

    @property
    def purpose(self) -> str:
        return f"streak:{self.key}"


RUNS = Table("streak_runs", StreakRun)


def create(ctx: Ctx, keys: SecretKeys, rules: Rules, given: dict[str, Any]) -> StreakRun:
    """Start an import into a team. Only an owner of the team may do this."""
    api_keys.require_self(ctx)
    team = teams.get(ctx, given["team_key"]) if given.get("team_key") else teams.oldest(ctx)
    teams.require_owner(ctx, team)
    secret = (given.get("key") or "").strip()
    if not secret:
        raise Invalid("key", "is missing: give an API key of the source")
    source = (given.get("source") or STREAK).strip().rstrip("/")
    try:
        rules.check_url(source)
    except Refused as refused:
        raise Invalid("source", str(refused)) from None
    if ctx.db.row("SELECT 1 FROM streak_runs WHERE team_key = :team AND ended_at IS NULL", team=team.key):
        raise Conflict("An import into this team is running: stop it first, or wait until it ends")
    mode = given.get("mode") or IMPORT
    run = StreakRun(
        key=ids.new("i", ctx.now),
        team_key=team.key,
        creator_key=ctx.actor.key,
        source=source,
        source_team=(given.get("source_team") or "").strip(),
        since=_since(given.get("since")),
        mode=mode,
        watch=bool(given.get("watch")) and mode == IMPORT,
        secret=None,
        state="waiting",
        progress="",
        report=Report(),
        error=None,
        worker=None,
        due_at=0,
        created_at=ctx.now,
        ended_at=None,
    )
    run = msgspec.structs.replace(run, secret=keys.seal(secret, run.purpose))
    RUNS.insert(ctx.db, run)
    if mode == IMPORT:
        events.record(ctx, "team.import_begun", team, team_key=team.key, subject=team.name, what=source)
    ctx.show("streakimport", run.key, {}, {"source": source, "mode": mode}, source)
    ctx.db.notify(CHANNEL)
    return run


def _since(given: Any) -> int:
    try:
        return dates.read(given) if given else 0
    except dates.DateError as error:
        raise Invalid("since", str(error)) from None


def get(ctx: Ctx, key: str) -> StreakRun:
    """A run of the actor."""
    row = ctx.db.row(f"SELECT {RUNS.columns} FROM streak_runs WHERE key = :key", key=key)
    run = RUNS.load(row) if row else None
    if run is None or run.creator_key != ctx.actor.key or ctx.within:
        raise NotFound(key)
    return run


def page(ctx: Ctx, *, limit: int, offset: int) -> list[StreakRun]:
    """The actor's runs, the newest first."""
    api_keys.require_self(ctx)
    rows = ctx.db.rows(
        f"""
        SELECT {RUNS.columns} FROM streak_runs WHERE creator_key = :actor
        ORDER BY created_at DESC, key DESC LIMIT :limit OFFSET :offset
        """,
        actor=ctx.actor.key,
        limit=limit,
        offset=offset,
    )
    return RUNS.load_all(rows)


def stop(ctx: Ctx, key: str) -> StreakRun:
    """Stop a run. What came stays, and another import continues there."""
    run = get(ctx, key)
    if run.ended_at is not None:
        raise Conflict(f"This import is {run.state} already")
    end(ctx.db, run, "stopped", run.report, None, ctx.now)
    ctx.show("streakimport", key, {"state": run.state}, {"state": "stopped"}, run.source)
    return get(ctx, key)


# For the worker


def is_due(db: Db, now: int) -> bool:
    """Whether a worker could take a run."""
    return db.row("SELECT 1 FROM streak_runs WHERE ended_at IS NULL AND due_at < :now LIMIT 1", now=now) is not None


def take(db: Db, worker: str, now: int) -> StreakRun | None:
    """Give the oldest run that is due to this worker; None if there is none."""
    row = db.row(
        f"""
        UPDATE streak_runs SET state = 'running', worker = :worker, due_at = :until WHERE key = (
            SELECT key FROM streak_runs WHERE ended_at IS NULL AND due_at < :now
            ORDER BY created_at LIMIT 1{db.dialect.skip_locked}
        ) RETURNING {RUNS.columns}
        """,
        worker=worker,
        until=now + LEASE,
        now=now,
    )
    return RUNS.load(row) if row else None


def release_all(db: Db) -> None:
    """End all leases. Only for a process that starts alone: the processes that had them have stopped."""
    db.run("UPDATE streak_runs SET due_at = 0 WHERE state = 'running'")


def advance(db: Db, run: StreakRun, progress: str, report: Report, now: int) -> bool:
    """Renew the lease, and store how far the run is. Returns whether it is to go on."""
    sql = """
        UPDATE streak_runs SET progress = :progress, report = :report, due_at = :until
        WHERE key = :key AND worker = :worker AND ended_at IS NULL
    """
    text = msgspec.json.encode(report).decode()
    until = now + LEASE
    return bool(db.run(sql, key=run.key, worker=run.worker, progress=progress, report=text, until=until))


def release(db: Db, run: StreakRun) -> None:
    """Let another worker continue the run at once."""
    db.run("UPDATE streak_runs SET due_at = 0 WHERE key = :key AND worker = :worker", key=run.key, worker=run.worker)


def finish(db: Db, run: StreakRun, report: Report, error: str | None, now: int) -> None:
    """End a run, or let a repeated run wait for the next time."""
    if not run.watch:
        end(db, run, "failed" if error else "done", report, error, now)
        return
    db.run(
        """
        UPDATE streak_runs SET state = 'waiting', report = :report, error = :error, due_at = :due
        WHERE key = :key AND ended_at IS NULL
        """,
        key=run.key,
        report=msgspec.json.encode(report).decode(),
        error=error,
        due=now + WATCH_EVERY,
    )


def end(db: Db, run: StreakRun, state: str, report: Report, error: str | None, now: int) -> None:
    """End a run for good, and remove the key of the source."""
    db.run(
        """
        UPDATE streak_runs SET state = :state, report = :report, error = :error, ended_at = :now, secret = NULL
        WHERE key = :key AND ended_at IS NULL
        """,
        key=run.key,
        state=state,
        report=msgspec.json.encode(report).decode(),
        error=error,
        now=now,
    )


def acting(db: Db, run: StreakRun, now: int) -> tuple[User, Team]:
    """The user who started the run, and the team here. Raises `Forbidden` if the user may not do it any longer."""
    row = db.row(f"SELECT {USERS.columns} FROM users WHERE key = :key", key=run.creator_key)
    team = db.row(f"SELECT {TEAMS.columns} FROM teams WHERE key = :key", key=run.team_key)
    if row is None or team is None:
        raise NotFound(run.team_key)
    locked_users.require_unlocked(db, run.creator_key)
    user, found = USERS.load(row), TEAMS.load(team)
    teams.require_owner(Ctx(db, now, user), found)
    return user, found


def reseal(db: Db, keys: SecretKeys) -> list[str]:
    """Seal the keys of running imports with the newest key, where they can be read. Returns the stored sealed texts."""
    texts = []
    rows = db.rows(f"SELECT {RUNS.columns} FROM streak_runs WHERE secret IS NOT NULL ORDER BY key{db.for_update}")
    for run in RUNS.load_all(rows):
        sealed = run.secret or ""
        if keys.opens(sealed, run.purpose):
            sealed = keys.seal(keys.open(sealed, run.purpose), run.purpose)
            db.run("UPDATE streak_runs SET secret = :sealed WHERE key = :key", sealed=sealed, key=run.key)
        texts.append(sealed)
    return texts
