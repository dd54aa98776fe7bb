"""An import from a server with the Streak API into a team, and what it has brought.

The state is stored with the things themselves, in the same transactions. So an import that breaks off is continued by
running it again, and an import that runs again later brings only what changed: a mirror.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from typing import Any

import msgspec

from ....db.records import Table
from ....errors import Conflict
from ....lib import ids
from ...context import Ctx
from ...people import teams
from ...records import Team

NEW, CHANGED, SAME, CONFLICT, REFUSED = "new", "changed", "same", "conflict", "refused"
MOST_NOTES = 1000


class Note(msgspec.Struct, frozen=True):
    """What an import could not bring, or did not overwrite, and why."""

    noun: str
    key: str
    name: str
    reason: str


class Difference(msgspec.Struct, frozen=True):
    """A member that is not the same at the source and here."""

    noun: str
    key: str
    name: str
    member: str
    there: Any
    here: Any


class Report(msgspec.Struct):
    """What came, by noun and outcome; and what did not come, with the reasons."""

    counts: dict[str, dict[str, int]] = {}
    notes: list[Note] = []
    more_notes: int = 0
    """How many notes are left out of `notes`."""
    differences: list[Difference] = []
    more_differences: int = 0
    requests: int = 0

    def count(self, noun: str, outcome: str, number: int = 1) -> None:
        self.counts.setdefault(noun, {})
        self.counts[noun][outcome] = self.counts[noun].get(outcome, 0) + number

    def note(self, noun: str, key: str, name: str, reason: str) -> None:
        if len(self.notes) < MOST_NOTES:
            self.notes.append(Note(noun, key, name, reason))
        else:
            self.more_notes += 1

    def differ(self, noun: str, key: str, name: str, member: str, there: Any, here: Any) -> None:
        if len(self.differences) < MOST_NOTES:
            self.differences.append(Difference(noun, key, name, member, there, here))
        else:
            self.more_differences += 1

    def add(self, other: Report) -> None:
        """Add what another report has: of one transaction, which is committed now."""
        for noun, outcomes in other.counts.items():
            for outcome, number in outcomes.items():
                self.count(noun, outcome, number)
        for note in other.notes:
            self.note(note.noun, note.key, note.name, note.reason)
        for each in other.differences:
            self.differ(each.noun, each.key, each.name, each.member, each.there, each.here)


class StreakImport(msgspec.Struct, frozen=True):
    """An import of one team of a source into a team here."""

    key: str
    team_key: str
    creator_key: str
    source: str
    """The URL of the source."""
    source_team_key: str
    report: Report
    """Of the last run."""
    error: str | None
    created_at: int
    begun_at: int
    """When the last run began."""
    ended_at: int | None


class Thing(msgspec.Struct, frozen=True):
    """A thing that an import brought, with digests of its members there and here when both were last made the same.

    The two differ where something cannot be stored as it is at the source, such as a formula of another dialect.
    """

    source_key: str
    import_key: str
    noun: str
    key: str
    there: str
    here: str
    inside: str | None = None
    """Of a box: a digest of what says whether anything in it changed."""


IMPORTS = Table("streak_imports", StreakImport)
THINGS = Table("streak_things", Thing)


def begin(ctx: Ctx, team: Team, source: str, source_team_key: str) -> StreakImport:
    """Create the import, or begin another run of it. Only an owner of the team may do this."""
    teams.require_owner(ctx, team)
    row = ctx.db.row(
        f"SELECT {IMPORTS.columns} FROM streak_imports WHERE source = :source AND source_team_key = :team",
        source=source,
        team=source_team_key,
    )
    if row is None:
        job = StreakImport(
            ids.new("i", ctx.now),
            team.key,
            ctx.actor.key,
            source,
            source_team_key,
            Report(),
            None,
            ctx.now,
            ctx.now,
            None,
        )
        IMPORTS.insert(ctx.db, job)
        return job
    job = IMPORTS.load(row)
    if job.team_key != team.key:
        raise Conflict(f"This team of {source} was imported into another team of this server already")
    job = msgspec.structs.replace(job, begun_at=ctx.now, ended_at=None, error=None)
    IMPORTS.update(ctx.db, job, "begun_at", "ended_at", "error")
    return job


def end(ctx: Ctx, job: StreakImport, report: Report, error: str | None) -> None:
    """Store the report of a run, and why it ended too early, if it did."""
    job = msgspec.structs.replace(job, report=report, error=error, ended_at=ctx.now)
    IMPORTS.update(ctx.db, job, "report", "error", "ended_at")


def known(ctx: Ctx, source_keys: Collection[str]) -> dict[str, Thing]:
    """The things with these keys at the source that any import brought."""
    if not source_keys:
        return {}
    sql = f"SELECT {THINGS.columns} FROM streak_things WHERE {ctx.db.dialect.among('source_key', 'keys')}"
    rows = ctx.db.rows(sql, keys=ctx.db.texts(source_keys))
    return {thing.source_key: thing for thing in THINGS.load_all(rows)}


def keys_of(ctx: Ctx, job: StreakImport, noun: str) -> list[str]:
    """The keys of all things of a noun that the import brought."""
    sql = "SELECT source_key FROM streak_things WHERE import_key = :job AND noun = :noun ORDER BY source_key"
    return [row[0] for row in ctx.db.rows(sql, job=job.key, noun=noun)]


def keep(ctx: Ctx, things: Collection[Thing]) -> None:
    """Store that these things are as they are at the source now."""
    sql = f"""
        INSERT INTO streak_things ({THINGS.columns})
        VALUES (:source_key, :import_key, :noun, :key, :there, :here, :inside)
        ON CONFLICT (source_key) DO UPDATE SET there = EXCLUDED.there, here = EXCLUDED.here, inside = EXCLUDED.inside
    """
    ctx.db.many(sql, [THINGS.params(thing) for thing in things])


def digest(members: Mapping[str, Any]) -> str:
    """A digest of the members by which a thing at the source and here are compared."""
    return hashlib.blake2b(msgspec.json.encode(members, order="sorted"), digest_size=12).hexdigest()


def judge(thing: Thing | None, there: Mapping[str, Any], here: Mapping[str, Any] | None) -> str:
    """What to do with a thing, from its members at the source and here (None: it is not here).

    A change here is never overwritten: if both sides changed, it is a conflict. If only this side changed, it stays.
    """
    if thing is None:
        return NEW if here is None else REFUSED
    if digest(there) == thing.there:
        return SAME
    if here is None:
        return CONFLICT
    if digest(here) == thing.here:
        return CHANGED
    return SAME if digest(there) == digest(here) else CONFLICT
