"""What search looks through: an entry for each box, contact and organization, as its words.

Whoever changes one of them notes it, and its entry is renewed once at the end of the write batch, in the
same transaction: what was written a moment ago is found, and a batch pays for the index once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from hashlib import blake2b
from itertools import groupby
from typing import Any, NamedTuple

import msgspec

from ...db.engine import Db
from ...lib import search_words
from ..context import Ctx
from ..records import Box

BOX, CONTACT, ORGANIZATION = "box", "contact", "organization"
MOST_LETTERS = 150_000
"""Of an entry, each word counted once; a tsvector holds a megabyte at most."""
AT_ONCE = 1000
TEXT_TYPES = ("TEXT_INPUT", "FORMULA", "PERSON")


class SearchEntry(NamedTuple):
    key: str
    title: str
    body: str
    marks: str
    near: str
    """The words of the title and what is left of them without a letter, by which mistyped ones are found."""


Row = tuple[Any, ...]
Renewal = tuple[SearchEntry, SearchEntry | None]
"""An entry as it should be, and as it is."""


class PreparedEntries(NamedTuple):
    """Entries of boxes, made while those before are written."""

    last: int
    """The chore it was done up to."""
    told: dict[str, set[str]]
    made: dict[Row, Renewal]
    """By what they were made of."""


NOTHING = PreparedEntries(0, {}, {})


def note(ctx: Ctx, kind: str, key: str) -> None:
    """This thing changed: its entry is renewed before the commit."""
    ctx.db.later(_renew, (kind, key, None))


def note_new(ctx: Ctx, box: Box, told: set[str]) -> None:
    """This box was made just now; `told` are its pipeline's fields whose values are texts."""
    ctx.db.later(_renew, (BOX, box.key, _of_new(box, told)))


def of_many(ctx: Ctx, boxes: list[Box], told: set[str]) -> list[SearchEntry]:
    """Entries of boxes that are about to be made; none where their keys are all that is noted (see `note_many`)."""
    return [_of_new(box, told) for box in boxes] if ctx.db.dialect.fulltext.defers else []


def note_many(ctx: Ctx, boxes: list[Box], entries: list[SearchEntry]) -> None:
    """These boxes were made just now: they are found soon."""
    if not entries:
        ctx.db.bulk("search_chores", ("kind", "key"), [(BOX, box.key) for box in boxes])
        return
    fulltext = ctx.db.dialect.fulltext
    newest = fulltext.newest(ctx.db)
    ctx.db.bulk("search_entries", SearchEntry._fields, entries)
    fulltext.defer(ctx.db, newest)


def _of_new(box: Box, told: set[str]) -> SearchEntry:
    texts = [box.notes or "", *box.emails.addresses, *box.emails.extracted, *_values(box.fields, told)]
    return SearchEntry(box.key, *_told(box.name, texts, _box_marks(box.pipeline_key, box.assignee_keys)))


def note_all(ctx: Ctx, kind: str, within: str) -> None:
    """All boxes of a pipeline (contacts or organizations of a team) changed or are about to go: they are
    renewed soon after the commit, a few at a time."""
    table, column = _WITHIN[kind]
    ctx.db.run(
        f"INSERT INTO search_chores (kind, key) SELECT '{kind}', key FROM {table} WHERE {column} = :within",
        within=within,
    )


_WITHIN = {
    BOX: ("boxes", "pipeline_key"),
    CONTACT: ("contacts", "team_key"),
    ORGANIZATION: ("organizations", "team_key"),
}


def is_behind(db: Db) -> bool:
    """Whether entries were left for later."""
    left = db.row("SELECT 1 FROM search_chores LIMIT 1") is not None
    return left or db.dialect.fulltext.is_behind(db)


def ahead(db: Db, after: int) -> PreparedEntries:
    """Entries of some boxes that were left for later, behind this chore. `catch_up` takes what is still right."""
    sql = "SELECT number, kind, key FROM search_chores WHERE number > :after ORDER BY number LIMIT :limit"
    chores = db.rows(sql, after=after, limit=AT_ONCE)
    if not chores:
        return PreparedEntries(after, {}, {})
    rows, told = _box_rows(db, [key for _, kind, key in chores if kind == BOX], lock=False)
    return PreparedEntries(chores[-1][0], told, {row: _box_renewal(row, told) for row in rows})


def catch_up(db: Db, made: PreparedEntries = NOTHING) -> None:
    """Renew some of the entries that were left for later, the oldest first; or index some that are there."""
    if not made.made and db.dialect.fulltext.catch_up(db):
        return
    chores = db.rows(
        f"""
        DELETE FROM search_chores WHERE number IN (
            SELECT number FROM search_chores ORDER BY number LIMIT :limit{db.dialect.skip_locked}
        ) RETURNING kind, key
        """,
        limit=AT_ONCE,
    )
    _renew(db, [(kind, key, None) for kind, key in chores], made)


@lru_cache(maxsize=4096)
def mark(key: str) -> str:
    """A key as a word of its own: keys differ in letters that words take for the same."""
    return blake2b(key.encode(), digest_size=8).hexdigest()


def title_mark(title: str) -> str:
    return blake2b(b"=" + title.encode(), digest_size=8).hexdigest()


def _renew(db: Db, noted: list[tuple[str, str, SearchEntry | None]], made: PreparedEntries = NOTHING) -> None:
    """What was noted with its entry is new; if it was changed since, it is read like all the others."""
    items = sorted({(kind, key) for kind, key, entry in noted if entry is None})
    changed = {key for _, key in items}
    new = [entry for _, key, entry in noted if entry is not None and key not in changed]
    stale: list[str] = []
    for kind, group in groupby(items, key=lambda item: item[0]):
        keys = [key for _, key in group]
        there = set()
        for entry, held in _boxes(db, keys, made) if kind == BOX else _READERS[kind](db, keys):
            there.add(entry.key)
            if entry != held:
                new.append(entry)
                stale += [entry.key] if held else []
        stale += [key for key in keys if key not in there]
    _drop(db, stale)
    _add(db, new)


def _drop(db: Db, keys: list[str]) -> None:
    if keys:
        db.dialect.fulltext.drop(db, keys)
        db.run(f"DELETE FROM search_entries WHERE {db.dialect.among('key', 'keys')}", keys=db.texts(keys))


def _add(db: Db, entries: list[SearchEntry]) -> None:
    if not entries:
        return
    newest = db.dialect.fulltext.newest(db)
    if len(entries) == 1:
        (entry,) = entries
        db.run(
            "INSERT INTO search_entries (key, title, body, marks, near) VALUES (:key, :title, :body, :marks, :near)",
            **entry._asdict(),
        )
    else:
        db.bulk("search_entries", SearchEntry._fields, entries)
    db.dialect.fulltext.add(db, newest)


Found = Iterator[Renewal]
_json = msgspec.json.Decoder().decode


def _select(db: Db, table: str, columns: str, keys: list[str], *, lock: bool = True) -> list[Row]:
    """The things with their present entries. Locked, so that who renews later does not write what was before."""
    locked = f"{db.for_update} OF t" if db.for_update and lock else ""
    return db.rows(
        f"""
        SELECT {columns}, t.key, e.title, e.body, e.marks, e.near
        FROM {table} t LEFT JOIN search_entries e ON e.key = t.key WHERE {db.dialect.among("t.key", "keys")}{locked}
        """,
        keys=db.texts(keys),
    )


def _renewal(row: Row, title: str, texts: Iterable[str], marks: Iterable[str]) -> Renewal:
    key, *held = row[-5:]
    return SearchEntry(key, *_told(title, texts, marks)), None if held[0] is None else SearchEntry(key, *held)


def _told(title: str, texts: Iterable[str], marks: Iterable[str]) -> tuple[str, str, str, str]:
    """All of an entry but its key."""
    named = search_words.in_order(title)
    name = " ".join(named)
    near = " ".join([_slips(word) if word.isalpha() else word for word in named])
    return name, _cut(" ".join(search_words.of("\n".join(texts)))), " ".join([*marks, title_mark(name)]), near


@lru_cache(maxsize=8192)  # words with digits, which may be all different, are only themselves
def _slips(word: str) -> str:
    return " ".join(search_words.slips(word))


def _cut(text: str) -> str:
    return text if len(text) <= MOST_LETTERS else text[:MOST_LETTERS].rpartition(" ")[0]


def _boxes(db: Db, keys: list[str], made: PreparedEntries) -> Found:
    rows, told = _box_rows(db, keys)
    known = made.made if made.told == told else {}
    for row in rows:
        yield known.get(row) or _box_renewal(row, told)


def _box_rows(db: Db, keys: list[str], *, lock: bool = True) -> tuple[list[Row], dict[str, set[str]]]:
    """What entries are made of, and which fields of the pipelines hold texts."""
    columns = "t.pipeline_key, t.name, t.notes, t.fields, t.emails, t.assignee_keys"
    rows = _select(db, "boxes", columns, keys, lock=lock)
    return rows, _text_fields(db, sorted({row[0] for row in rows if row[3] != "{}"}))


def _box_renewal(row: Row, told: dict[str, set[str]]) -> Renewal:
    pipeline_key, name, notes, held, emails, assignee_keys = row[:6]
    texts = [notes or "", *_addresses(emails), *_held(held, told.get(pipeline_key, set()))]
    return _renewal(row, name, texts, _box_marks(pipeline_key, _json(assignee_keys)))


def _box_marks(pipeline_key: str, assignee_keys: list[str]) -> list[str]:
    return [BOX, mark(pipeline_key), *(mark(key) for key in assignee_keys)]


def _text_fields(db: Db, pipeline_keys: list[str]) -> dict[str, set[str]]:
    """The fields of these pipelines whose values are texts."""
    found: dict[str, set[str]] = {}
    if pipeline_keys:
        for pipeline_key, key in db.rows(
            f"""
            SELECT pipeline_key, key FROM fields
            WHERE {db.dialect.among("pipeline_key", "pipelines")} AND {db.dialect.among("type", "types")}
            """,
            pipelines=db.texts(pipeline_keys),
            types=db.texts(TEXT_TYPES),
        ):
            found.setdefault(pipeline_key, set()).add(key)
    return found


def _addresses(emails: str) -> list[str]:
    held: dict[str, list[str]] = _json(emails) if emails != "{}" else {}
    return [*held.get("addresses", []), *held.get("extracted", [])]


def _held(held: str, told: set[str]) -> Iterator[str]:
    return _values(_json(held) if told else {}, told)


def _values(held: Mapping[str, Any], told: set[str]) -> Iterator[str]:
    for key, value in held.items():
        if key in told:
            if isinstance(value, str):
                yield value
            else:
                yield from _texts(value)


def _texts(value: Any) -> Iterator[str]:
    """The texts in a value, numbers as one types them."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        yield f"{value:.15g}"
    elif isinstance(value, dict):
        yield from (str(value[name]) for name in ("email", "fullName") if name in value)
    elif isinstance(value, list):
        for one in value:
            yield from _texts(one)


_COMMON = "t.team_key, t.creator_key, t.other, t.domains, t.phone_numbers, t.addresses, t.fields"


def _contacts(db: Db, keys: list[str]) -> Found:
    rows = _select(db, "contacts", f"{_COMMON}, t.given_name, t.family_name, t.title, t.email_addresses", keys)
    told = _team_fields(db, "contacts", rows)
    for row in rows:
        given_name, family_name, title, emails = row[7:11]
        name = f"{given_name or ''} {family_name or ''}".strip()
        addresses = _json(emails)
        texts = [title or "", *addresses, *_common_texts(row, told)]
        yield _renewal(row, name or next(iter(addresses), ""), texts, _common_marks(CONTACT, row))


def _organizations(db: Db, keys: list[str]) -> Found:
    rows = _select(db, "organizations", f"{_COMMON}, t.name, t.industry", keys)
    told = _team_fields(db, "organizations", rows)
    for row in rows:
        name, industry = row[7:9]
        title = name or next(iter(_json(row[3])), "")
        yield _renewal(row, title, [industry or "", *_common_texts(row, told)], _common_marks(ORGANIZATION, row))


def _team_fields(db: Db, name: str, rows: list[Row]) -> dict[str, set[str]]:
    """The fields whose values are texts, of the teams whose entries have any values."""
    team_keys = sorted({row[0] for row in rows if row[6] != "{}"})
    if not team_keys:
        return {}
    sql = f"SELECT key, settings FROM teams WHERE {db.dialect.among('key', 'keys')}"
    return {
        key: {field["key"] for field in _json(settings).get(f"{name}_fields", []) if field["type"] in TEXT_TYPES}
        for key, settings in db.rows(sql, keys=db.texts(team_keys))
    }


def _common_texts(row: Row, told: dict[str, set[str]]) -> list[str]:
    team_key, _, other, domains, phones, addresses, held = row[:7]
    numbers = _json(phones)
    digits = ["".join(one for one in number if one.isdecimal()) for number in numbers]
    values = _held(held, told.get(team_key, set()))
    return [other or "", *_json(domains), *numbers, *digits, *_json(addresses), *values]


def _common_marks(kind: str, row: Row) -> list[str]:
    """Its team with its kind, since a team has both lists; and its maker, who may be the only one to see it."""
    return [kind, mark(kind + row[0]), mark(row[1])]


_READERS = {CONTACT: _contacts, ORGANIZATION: _organizations}
