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

from ..db.engine import Db
from ..lib import words
from .box import Box
from .context import Ctx

BOX, CONTACT, ORGANIZATION = "box", "contact", "organization"
MOST_LETTERS = 150_000
"""Of an entry, each word counted once; a tsvector holds a megabyte at most."""
AT_ONCE = 500
TEXT_TYPES = ("TEXT_INPUT", "FORMULA", "PERSON")


class Entry(NamedTuple):
    key: str
    title: str
    body: str
    marks: str

    @property
    def near(self) -> str:
        """The words of the title and what is left of them without a letter, by which mistyped ones are found."""
        return " ".join([one for word in self.title.split() for one in words.slips(word)])


def note(ctx: Ctx, kind: str, key: str) -> None:
    """This thing changed: its entry is renewed before the commit."""
    ctx.db.later(_renew, (kind, key, None))


def note_new(ctx: Ctx, box: Box, told: set[str]) -> None:
    """This box was made just now; `told` are its pipeline's fields whose values are texts."""
    texts = [box.notes or "", *box.emails.addresses, *box.emails.extracted, *_values(box.fields, told)]
    title, body, marks = _told(box.name, texts, _box_marks(box.pipeline_key, box.assignee_keys))
    ctx.db.later(_renew, (BOX, box.key, Entry(box.key, title, body, marks)))


def note_all(ctx: Ctx, kind: str, within: str) -> None:
    """All boxes of a pipeline (contacts or organizations of a team) changed or are about to go: they are
    renewed soon after the commit, a few at a time."""
    table, column = _WITHIN[kind]
    ctx.db.run(
        f"INSERT INTO search_chores (kind, key) SELECT '{kind}', key FROM {table} WHERE {column} = :within",
        within=within,
    )


def note_later(ctx: Ctx, kind: str, keys: list[str]) -> None:
    """The same of things of which there are many."""
    ctx.db.bulk("search_chores", ("kind", "key"), [(kind, key) for key in keys])


_WITHIN = {
    BOX: ("boxes", "pipeline_key"),
    CONTACT: ("contacts", "team_key"),
    ORGANIZATION: ("organizations", "team_key"),
}


def is_behind(db: Db) -> bool:
    """Whether entries were left for later."""
    return db.row("SELECT 1 FROM search_chores LIMIT 1") is not None


def catch_up(db: Db) -> None:
    """Renew some of the entries that were left for later."""
    chores = db.rows("SELECT number, kind, key FROM search_chores ORDER BY number LIMIT :limit", limit=AT_ONCE)
    _renew(db, [(kind, key, None) for _, kind, key in chores])
    db.many("DELETE FROM search_chores WHERE number = :number", [{"number": number} for number, _, _ in chores])


@lru_cache(maxsize=4096)
def mark(key: str) -> str:
    """A key as a word of its own: keys differ in letters that words take for the same."""
    return blake2b(key.encode(), digest_size=8).hexdigest()


def title_mark(title: str) -> str:
    return blake2b(b"=" + title.encode(), digest_size=8).hexdigest()


def _renew(db: Db, noted: list[tuple[str, str, Entry | None]]) -> None:
    """What was noted with its entry is new; if it was changed since, it is read like all the others."""
    items = sorted({(kind, key) for kind, key, entry in noted if entry is None})
    changed = {key for _, key in items}
    new = [entry for _, key, entry in noted if entry is not None and key not in changed]
    stale: list[str] = []
    for kind, group in groupby(items, key=lambda item: item[0]):
        keys = [key for _, key in group]
        there = set()
        for entry, held in _READERS[kind](db, keys):
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


def _add(db: Db, entries: list[Entry]) -> None:
    if len(entries) == 1:
        (entry,) = entries
        db.run(
            "INSERT INTO search_entries (key, title, body, marks, near) VALUES (:key, :title, :body, :marks, :near)",
            **entry._asdict(),
            near=entry.near,
        )
    elif entries:
        names = (*Entry._fields, "near")
        db.bulk("search_entries", names, [(*entry, entry.near) for entry in entries])
    if entries:
        db.dialect.fulltext.add(db, [entry.key for entry in entries])


Found = Iterator[tuple[Entry, Entry | None]]
_json = msgspec.json.Decoder().decode


def _select(db: Db, table: str, columns: str, keys: list[str]) -> list[tuple[Any, ...]]:
    """The things with their present entries. Locked, so that who renews later does not write what was before."""
    lock = f"{db.for_update} OF t" if db.for_update else ""
    return db.rows(
        f"""
        SELECT {columns}, t.key, e.title, e.body, e.marks
        FROM {table} t LEFT JOIN search_entries e ON e.key = t.key WHERE {db.dialect.among("t.key", "keys")}{lock}
        """,
        keys=db.texts(keys),
    )


def _entry(row: tuple[Any, ...], title: str, texts: Iterable[str], marks: Iterable[str]) -> tuple[Entry, Entry | None]:
    """The entry as it should be, and as it is."""
    *_, key, held_title, held_body, held_marks = row
    entry = Entry(key, *_told(title, texts, marks))
    return entry, None if held_title is None else Entry(key, held_title, held_body, held_marks)


def _told(title: str, texts: Iterable[str], marks: Iterable[str]) -> tuple[str, str, str]:
    name = " ".join(words.in_order(title))
    return name, _cut(" ".join(words.of("\n".join(texts)))), " ".join([*marks, title_mark(name)])


def _cut(text: str) -> str:
    return text if len(text) <= MOST_LETTERS else text[:MOST_LETTERS].rpartition(" ")[0]


def _boxes(db: Db, keys: list[str]) -> Found:
    columns = "t.pipeline_key, t.name, t.notes, t.fields, t.emails, t.assignee_keys"
    rows = _select(db, "boxes", columns, keys)
    told = _text_fields(db, sorted({row[0] for row in rows if row[3] != "{}"}))
    for row in rows:
        pipeline_key, name, notes, held, emails, assignee_keys = row[:6]
        texts = [notes or "", *_addresses(emails), *_held(held, told.get(pipeline_key, set()))]
        yield _entry(row, name, texts, _box_marks(pipeline_key, _json(assignee_keys)))


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
        yield _entry(row, name or next(iter(addresses), ""), texts, _common_marks(CONTACT, row))


def _organizations(db: Db, keys: list[str]) -> Found:
    rows = _select(db, "organizations", f"{_COMMON}, t.name, t.industry", keys)
    told = _team_fields(db, "organizations", rows)
    for row in rows:
        name, industry = row[7:9]
        title = name or next(iter(_json(row[3])), "")
        yield _entry(row, title, [industry or "", *_common_texts(row, told)], _common_marks(ORGANIZATION, row))


def _team_fields(db: Db, name: str, rows: list[tuple[Any, ...]]) -> dict[str, set[str]]:
    """The fields whose values are texts, of the teams whose entries have any values."""
    team_keys = sorted({row[0] for row in rows if row[6] != "{}"})
    if not team_keys:
        return {}
    sql = f"SELECT key, settings FROM teams WHERE {db.dialect.among('key', 'keys')}"
    return {
        key: {field["key"] for field in _json(settings).get(f"{name}_fields", []) if field["type"] in TEXT_TYPES}
        for key, settings in db.rows(sql, keys=db.texts(team_keys))
    }


def _common_texts(row: tuple[Any, ...], told: dict[str, set[str]]) -> list[str]:
    team_key, _, other, domains, phones, addresses, held = row[:7]
    numbers = _json(phones)
    digits = ["".join(one for one in number if one.isdecimal()) for number in numbers]
    values = _held(held, told.get(team_key, set()))
    return [other or "", *_json(domains), *numbers, *digits, *_json(addresses), *values]


def _common_marks(kind: str, row: tuple[Any, ...]) -> list[str]:
    """Its team with its kind, since a team has both lists; and its maker, who may be the only one to see it."""
    return [kind, mark(kind + row[0]), mark(row[1])]


_READERS = {BOX: _boxes, CONTACT: _contacts, ORGANIZATION: _organizations}
