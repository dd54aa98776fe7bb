"""Imports of whole teams from an archive: who and what gets which key here, and writing the records slice by slice.

A thing keeps its key, unless something here has it: then it gets a new one, and every record that names it is changed.
Each slice is written in the transaction that stores how far the import is. So an import that was killed continues where
it was, and an archive that is imported again changes nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import msgspec

from ...db.engine import Db
from ...db.records import Table
from ...errors import Conflict, Invalid
from ...lib import ids
from .. import events, persons, trash
from ..context import Ctx
from ..people import old_keys, users
from ..records import TEAM_MEMBERS, TEAMS, USERS, Team, TeamMember, User, UserSettings
from .team_export import KEY, ArchivedUser
from .team_nouns import BY_NAME, NOUNS, ArchiveNoun

AT_ONCE = 500


class TeamImport(msgspec.Struct, frozen=True):
    """The import of an archive, and how far it is."""

    key: str
    archive: str
    """The id of the archive. The same archive continues its import."""
    team_key: str
    """The team here."""
    creator_key: str
    stage: str
    """`keys:NOUN` while keys are chosen, then the noun whose records are written, then `done`."""
    position: int
    """How many records of this noun are done."""
    counts: dict[str, int]
    """The number of records that came, by noun."""
    left_out: dict[str, int]
    """The number of records that were left out because what they belong to is not in the archive."""
    created_at: int
    ended_at: int | None


IMPORTS = Table("team_imports", TeamImport)
STAGES = (*(f"keys:{noun.name}" for noun in NOUNS if noun.letter), *BY_NAME)


def find(ctx: Ctx, archive: str) -> TeamImport | None:
    """The actor's import of this archive; None if it has not begun."""
    row = ctx.db.row(
        f"SELECT {IMPORTS.columns} FROM team_imports WHERE creator_key = :user AND archive = :archive",
        user=ctx.actor.key,
        archive=archive,
    )
    return IMPORTS.load(row) if row else None


def begin(
    ctx: Ctx, archive: str, team: Team, people: Sequence[ArchivedUser], name: str, old: Sequence[tuple[str, str]]
) -> TeamImport:
    """Create the team with its owner, the actor, and the users whom the archive names."""
    key = team.key if not taken(ctx.db, "teams", [team.key]) else ids.new("t", ctx.now)
    job = TeamImport(ids.new("i", ctx.now), archive, key, ctx.actor.key, STAGES[0], 0, {}, {}, ctx.now, None)
    mapped = {} if key == team.key else {team.key: key}
    present = {person.key: _user(ctx, person) for person in people}
    mapped |= {old_key: user.key for old_key, user in present.items() if old_key != user.key}
    creator = present.get(team.creator_key, ctx.actor).key
    settings = msgspec.json.decode(
        replaced(msgspec.json.encode(team.settings), {old.encode(): new.encode() for old, new in mapped.items()}),
        type=type(team.settings),
    )
    team = msgspec.structs.replace(team, key=key, name=name or team.name, creator_key=creator, settings=settings)
    TEAMS.insert(ctx.db, team)
    TEAM_MEMBERS.insert(ctx.db, TeamMember(key, ctx.actor.key, "Owner", "Accepted", ctx.now))
    IMPORTS.insert(ctx.db, job)
    remember(ctx.db, job, {person.key: present[person.key].key for person in people})
    remember(ctx.db, job, mapped)
    _answer_to_old_keys(ctx, [*old, *mapped.items()], {key, *(user.key for user in present.values())}, mapped)
    events.record(ctx, "team.import_begun", team, team_key=key, subject=team.name, what="an archive")
    return job


def _user(ctx: Ctx, person: ArchivedUser) -> User:
    """The user here with this e-mail address or key, or a new one who is invited. No invitation is sent."""
    email = persons.check_email(person.email, "users.jsonl: email")
    user = users.by_email(ctx.db, email)
    if user is None:
        row = ctx.db.row(f"SELECT {USERS.columns} FROM users WHERE key = :key", key=person.key)
        user = USERS.load(row) if row else None
    if user is None:
        _require_key("u", person.key)
        user = User(
            key=person.key,
            email=email,
            given_name=person.given_name,
            family_name=person.family_name,
            timezone=person.timezone,
            image=person.image,
            user_type="HUMAN",
            settings=UserSettings(),
            invited=True,
            created_at=person.created_at,
            updated_at=ctx.now,
            seen_at=None,
        )
        USERS.insert(ctx.db, user)
    return user


def _answer_to_old_keys(
    ctx: Ctx, pairs: Sequence[tuple[str, str]], own: Collection[str], mapped: Mapping[str, str]
) -> None:
    """Let users, and the team, answer to the keys that they had, unless these are keys of others here."""
    for old, key in pairs:
        key = mapped.get(key, key)
        is_taken = taken(ctx.db, "users", [old]) or taken(ctx.db, "teams", [old]) or old_keys.resolve(ctx.db, [old])
        if key in own and not is_taken:
            old_keys.add(ctx.db, old, key)


# Choosing keys


def choose_keys(ctx: Ctx, job: TeamImport, noun: ArchiveNoun, lines: Sequence[bytes]) -> None:
    """Give new keys to those of the records whose keys are taken here."""
    keys = [_key_in(noun, line) for line in lines]
    in_use = taken(ctx.db, noun.table.name, keys) | taken(ctx.db, "trash", keys)
    again = [key for key in keys if key in in_use]
    if again:
        remember(ctx.db, job, dict(zip(again, ids.several(noun.letter, ctx.now, len(again)), strict=True)))


class _Keyed(msgspec.Struct):
    key: str


def _key_in(noun: ArchiveNoun, line: bytes) -> str:
    key: str = decoded(noun, line, _Keyed).key
    _require_key(noun.letter, key)
    return key


def _require_key(letter: str, key: str) -> None:
    if not ids.is_key(letter, key):
        raise Invalid("", f"the archive is damaged: {key[:40]!r} is no key")


def taken(db: Db, table: str, keys: Sequence[str]) -> set[str]:
    return trash.existing_keys(db, table, keys)


def remember(db: Db, job: TeamImport, keys: Mapping[str, str]) -> None:
    db.many(
        """
        INSERT INTO team_import_keys (import_key, old_key, key) VALUES (:import, :old, :key)
        ON CONFLICT (import_key, old_key) DO UPDATE SET key = EXCLUDED.key
        """,
        [{"import": job.key, "old": old, "key": key} for old, key in keys.items()],
    )


def mapped(db: Db, job: TeamImport, keys: Collection[str]) -> dict[str, str]:
    """The keys here of those of the keys that were changed."""
    if not keys:
        return {}
    rows = db.rows(
        f"""
        SELECT old_key, key FROM team_import_keys
        WHERE import_key = :import AND {db.dialect.among("old_key", "keys")}
        """,
        **{"import": job.key, "keys": db.texts(keys)},
    )
    return dict(rows)


def replaced(text: bytes, keys: Mapping[bytes, bytes]) -> bytes:
    """The text with these keys in place of those of the archive."""
    return KEY.sub(lambda found: keys.get(found[0], found[0]), text) if keys else text


def advance(ctx: Ctx, job: TeamImport, stage: str, position: int, came: int = 0, left_out: int = 0) -> TeamImport:
    """Store how far the import is. Raises `Conflict` if another process goes on with it."""
    counts, missing = {**job.counts}, {**job.left_out}
    if came:
        counts[job.stage] = counts.get(job.stage, 0) + came
    if left_out:
        missing[job.stage] = missing.get(job.stage, 0) + left_out
    after = msgspec.structs.replace(
        job,
        stage=stage,
        position=position,
        counts=counts,
        left_out=missing,
        ended_at=ctx.now if stage == "done" else None,
    )
    names = ("stage", "position", "counts", "left_out", "ended_at")
    done = ctx.db.run(
        f"""
        UPDATE team_imports SET {", ".join(f"{name} = :{name}" for name in names)}
        WHERE key = :key AND stage = :old_stage AND position = :old_position
        """,
        **IMPORTS.params(after, (*names, "key")),
        old_stage=job.stage,
        old_position=job.position,
    )
    if not done:
        raise Conflict("This archive is imported by another process: wait until it ends")
    return after


def decoded(noun: ArchiveNoun, line: bytes, kind: Any) -> Any:
    try:
        return msgspec.json.decode(line, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Invalid("", f"the archive is damaged: a line of {noun.name}.jsonl is no record: {error}") from None
