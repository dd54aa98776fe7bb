"""The search index: one entry with its words for each box, contact, organization, e-mail message, task, comment,
meeting and file.

A function that changes one of them calls `reindex`. At the end of the write batch, in the same transaction, each entry
is updated once. So search finds what was written a moment ago, and a batch updates the index once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from hashlib import blake2b
from itertools import groupby
from typing import Any, NamedTuple

import msgspec

from ...db.engine import Db
from ...lib import addresses as letters
from ...lib import phones, search_words
from .. import access
from ..context import Ctx
from ..records import Box

BOX, CONTACT, ORGANIZATION, MESSAGE = "box", "contact", "organization", "message"
TASK, COMMENT, MEETING, FILE = "task", "comment", "meeting", "file"
PARTS = {MESSAGE: "messages", TASK: "tasks", COMMENT: "comments", MEETING: "meetings", FILE: "files"}
"""What a box holds, each with its table."""
MOST_LETTERS = 150_000
"""The longest body of an entry, in characters; each word is counted once. A tsvector holds at most a megabyte."""
AT_ONCE = 1000
"""How many entries one step of `catch_up` updates."""
TEXT_TYPES = ("TEXT_INPUT", "FORMULA", "PERSON")
"""The types of the fields whose values search finds."""


class SearchEntry(NamedTuple):
    """The texts that search looks through for one thing."""

    key: str
    """The key of the thing."""
    title: str
    """The words of its name."""
    body: str
    """All its other words."""
    marks: str
    """Hashes of its kind, pipeline or team, and users: they limit a search to what the user may see."""
    near: str
    """The words of the title, each with its spellings that lack one letter, to find mistyped words."""


Row = tuple[Any, ...]
Update = tuple[SearchEntry, SearchEntry | None]
"""An entry as it should be, and the stored entry; None if none is stored."""


class PreparedEntries(NamedTuple):
    """Entries of boxes that were prepared while the entries before them were written."""

    last: int
    """The number of the last row of `search_chores` that was read."""
    text_fields: dict[str, set[str]]
    """The fields whose values are texts, by pipeline."""
    updates: dict[Row, Update]
    """The entries, by the database row they were computed from."""


NO_ENTRIES = PreparedEntries(0, {}, {})


def reindex(ctx: Ctx, kind: str, key: str) -> None:
    """Update the entry of a thing that changed, before the commit."""
    ctx.db.later(_update, (kind, key, None))


def index_new_box(ctx: Ctx, box: Box, text_fields: set[str]) -> None:
    """Add the entry of a new box before the commit. `text_fields` are its pipeline's fields whose values are texts."""
    ctx.db.later(_update, (BOX, box.key, _new_entry(box, text_fields)))


def prepare_new_entries(ctx: Ctx, boxes: list[Box], text_fields: set[str]) -> list[SearchEntry]:
    """Return entries for boxes that are about to be created, to be passed to `index_new_boxes`.

    The list is empty if the database needs only the keys of the boxes (PostgreSQL).
    """
    return [_new_entry(box, text_fields) for box in boxes] if ctx.db.dialect.fulltext.defers else []


def index_new_boxes(ctx: Ctx, boxes: list[Box], entries: list[SearchEntry]) -> None:
    """Add the entries of boxes that were just created. Search finds these boxes soon after the commit."""
    if not entries:
        ctx.db.bulk("search_chores", ("kind", "key"), [(BOX, box.key) for box in boxes])
        return
    fulltext = ctx.db.dialect.fulltext
    newest = fulltext.newest(ctx.db)
    ctx.db.bulk("search_entries", SearchEntry._fields, entries)
    fulltext.defer(ctx.db, newest)


def _new_entry(box: Box, text_fields: set[str]) -> SearchEntry:
    texts = [box.notes or "", *box.emails.addresses, *box.emails.extracted, *_values(box.fields, text_fields)]
    return SearchEntry(box.key, *_entry_texts(box.name, texts, _box_marks(box.pipeline_key, box.assignee_keys)))


def reindex_all(ctx: Ctx, kind: str, within: str) -> None:
    """Update the entries of all boxes of a pipeline, or of all contacts or organizations of a team, that changed or
    are about to be deleted. They are updated soon after the commit, a few at a time."""
    table, column = _WITHIN[kind]
    ctx.db.run(
        f"INSERT INTO search_chores (kind, key) SELECT '{kind}', key FROM {table} WHERE {column} = :within",
        within=within,
    )


def reindex_parts(ctx: Ctx, column: str, key: str) -> None:
    """Update the entries of what a box (`box_key`) or a thread (`thread_key`) holds and that changed or is about to be
    deleted, soon after the commit. A change of who may see it takes effect at once, because each search asks."""
    for kind, table in PARTS.items():
        if column == "box_key" or kind in (MESSAGE, FILE):
            ctx.db.run(
                f"INSERT INTO search_chores (kind, key) SELECT '{kind}', key FROM {table} WHERE {column} = :key",
                key=key,
            )


_WITHIN = {
    BOX: ("boxes", "pipeline_key"),
    CONTACT: ("contacts", "team_key"),
    ORGANIZATION: ("organizations", "team_key"),
}


def is_behind(db: Db) -> bool:
    """Return whether entries wait to be updated by `catch_up`."""
    left = db.row("SELECT 1 FROM search_chores LIMIT 1") is not None
    return left or db.dialect.fulltext.is_behind(db)


def prepare_entries(db: Db, after: int) -> PreparedEntries:
    """Return the entries of some waiting boxes after this row of `search_chores`.

    `catch_up` uses those whose box has not changed since.
    """
    sql = "SELECT number, kind, key FROM search_chores WHERE number > :after ORDER BY number LIMIT :limit"
    chores = db.rows(sql, after=after, limit=AT_ONCE)
    if not chores:
        return PreparedEntries(after, {}, {})
    rows, text_fields = _box_rows(db, [key for _, kind, key in chores if kind == BOX], lock=False)
    return PreparedEntries(chores[-1][0], text_fields, {row: _box_update(row, text_fields) for row in rows})


def catch_up(db: Db, prepared: PreparedEntries = NO_ENTRIES) -> None:
    """Update some of the entries that wait, the oldest first; or add some stored entries to the full-text index."""
    if not prepared.updates and db.dialect.fulltext.catch_up(db):
        return
    chores = db.rows(
        f"""
        DELETE FROM search_chores WHERE number IN (
            SELECT number FROM search_chores ORDER BY number LIMIT :limit{db.dialect.skip_locked}
        ) RETURNING kind, key
        """,
        limit=AT_ONCE,
    )
    _update(db, [(kind, key, None) for kind, key in chores], prepared)


@lru_cache(maxsize=4096)
def mark(key: str) -> str:
    """Return a key as a word for the index: a hash, because the index ignores case and keys differ by it."""
    return blake2b(key.encode(), digest_size=8).hexdigest()


def title_mark(title: str) -> str:
    """Return the mark of all things with exactly this title (its words in order)."""
    return blake2b(b"=" + title.encode(), digest_size=8).hexdigest()


def _update(db: Db, waiting: list[tuple[str, str, SearchEntry | None]], prepared: PreparedEntries = NO_ENTRIES) -> None:
    """Update entries, given as kind, key and, for a new box, its entry.

    If a new box was changed after it was created, its entry is computed from the database like all others.
    """
    items = sorted({(kind, key) for kind, key, entry in waiting if entry is None})
    changed = {key for _, key in items}
    new = [entry for _, key, entry in waiting if entry is not None and key not in changed]
    stale: list[str] = []
    for kind, group in groupby(items, key=lambda item: item[0]):
        keys = [key for _, key in group]
        existing = set()
        for entry, stored in _boxes(db, keys, prepared) if kind == BOX else _READERS[kind](db, keys):
            existing.add(entry.key)
            if entry != stored:
                new.append(entry)
                stale += [entry.key] if stored else []
        stale += [key for key in keys if key not in existing]
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


Updates = Iterator[Update]
decode = msgspec.json.Decoder().decode


def _select(db: Db, table: str, columns: str, keys: list[str], *, lock: bool = True) -> list[Row]:
    """Return the rows of these things, each with its stored entry.

    The rows are locked, so that two transactions do not update an entry from old data.
    """
    locked = f"{db.for_update} OF t" if db.for_update and lock else ""
    return db.rows(
        f"""
        SELECT {columns}, t.key, e.title, e.body, e.marks, e.near
        FROM {table} t LEFT JOIN search_entries e ON e.key = t.key WHERE {db.dialect.among("t.key", "keys")}{locked}
        """,
        keys=db.texts(keys),
    )


def _entry_update(row: Row, title: str, texts: Iterable[str], marks: Iterable[str]) -> Update:
    key, *stored = row[-5:]
    entry = SearchEntry(key, *_entry_texts(title, texts, marks))
    return entry, None if stored[0] is None else SearchEntry(key, *stored)


def _entry_texts(title: str, texts: Iterable[str], marks: Iterable[str]) -> tuple[str, str, str, str]:
    """Return title, body, marks and near of an entry."""
    named = search_words.in_order(title)
    name = " ".join(named)
    near = " ".join([_slips(word) if word.isalpha() else word for word in named])
    return name, _cut(" ".join(search_words.distinct("\n".join(texts)))), " ".join([*marks, title_mark(name)]), near


@lru_cache(maxsize=8192)  # words with digits, which are often all different, are not looked up here
def _slips(word: str) -> str:
    return " ".join(search_words.slips(word))


def _cut(text: str) -> str:
    return text if len(text) <= MOST_LETTERS else text[:MOST_LETTERS].rpartition(" ")[0]


def _boxes(db: Db, keys: list[str], prepared: PreparedEntries) -> Updates:
    rows, text_fields = _box_rows(db, keys)
    known = prepared.updates if prepared.text_fields == text_fields else {}
    for row in rows:
        yield known.get(row) or _box_update(row, text_fields)


def _box_rows(db: Db, keys: list[str], *, lock: bool = True) -> tuple[list[Row], dict[str, set[str]]]:
    """Return the rows that entries of boxes are computed from, and the text fields of their pipelines."""
    columns = "t.pipeline_key, t.name, t.notes, t.fields, t.emails, t.assignee_keys"
    rows = _select(db, "boxes", columns, keys, lock=lock)
    return rows, _text_fields(db, sorted({row[0] for row in rows if row[3] != "{}"}))


def _box_update(row: Row, text_fields: dict[str, set[str]]) -> Update:
    pipeline_key, name, notes, fields, emails, assignee_keys = row[:6]
    texts = [notes or "", *addresses(emails), *_values_of_json(fields, text_fields.get(pipeline_key, set()))]
    return _entry_update(row, name, texts, _box_marks(pipeline_key, decode(assignee_keys)))


def _box_marks(pipeline_key: str, assignee_keys: list[str]) -> tuple[str, ...]:
    return _marks_of_boxes(pipeline_key, tuple(assignee_keys))


@lru_cache(maxsize=1024)  # the boxes of an import mostly have the same assignees
def _marks_of_boxes(pipeline_key: str, assignee_keys: tuple[str, ...]) -> tuple[str, ...]:
    return (BOX, mark(pipeline_key), *(mark(key) for key in assignee_keys))


def _text_fields(db: Db, pipeline_keys: list[str]) -> dict[str, set[str]]:
    """Return the keys of the fields whose values are texts, by pipeline."""
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


def addresses(emails: str) -> list[str]:
    box_emails: dict[str, list[str]] = decode(emails) if emails != "{}" else {}
    return [*box_emails.get("addresses", []), *box_emails.get("extracted", [])]


def _values_of_json(fields: str, text_fields: set[str]) -> Iterator[str]:
    return _values(decode(fields) if text_fields else {}, text_fields)


def _values(fields: Mapping[str, Any], text_fields: set[str]) -> Iterator[str]:
    for key, value in fields.items():
        if key in text_fields:
            if isinstance(value, str):
                yield value
                if value[:1] in phones.FIRST:
                    yield from phones.words(value)
            else:
                yield from texts_of(value)


def texts_of(value: Any) -> Iterator[str]:
    """Return the texts in a field value, with numbers as users type them."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        yield f"{value:.15g}"
    elif isinstance(value, dict):
        yield from (str(value[name]) for name in ("email", "fullName") if name in value)
    elif isinstance(value, list):
        for item in value:
            yield from texts_of(item)


_COMMON = "t.team_key, t.creator_key, t.other, t.domains, t.phone_numbers, t.addresses, t.fields"


def _contacts(db: Db, keys: list[str]) -> Updates:
    rows = _select(db, "contacts", f"{_COMMON}, t.given_name, t.family_name, t.title, t.email_addresses", keys)
    text_fields = _team_fields(db, "contacts", rows)
    for row in rows:
        given_name, family_name, title, emails = row[7:11]
        name = f"{given_name or ''} {family_name or ''}".strip()
        addresses = decode(emails)
        texts = [title or "", *addresses, *_common_texts(row, text_fields)]
        yield _entry_update(row, name or next(iter(addresses), ""), texts, _common_marks(CONTACT, row))


def _organizations(db: Db, keys: list[str]) -> Updates:
    rows = _select(db, "organizations", f"{_COMMON}, t.name, t.industry", keys)
    text_fields = _team_fields(db, "organizations", rows)
    for row in rows:
        name, industry = row[7:9]
        title = name or next(iter(decode(row[3])), "")
        texts = [industry or "", *_common_texts(row, text_fields)]
        yield _entry_update(row, title, texts, _common_marks(ORGANIZATION, row))


def _team_fields(db: Db, name: str, rows: list[Row]) -> dict[str, set[str]]:
    """Return the keys of the custom fields whose values are texts, by team.

    Teams are left out if none of these contacts or organizations has a field value.
    """
    team_keys = sorted({row[0] for row in rows if row[6] != "{}"})
    if not team_keys:
        return {}
    sql = f"SELECT key, settings FROM teams WHERE {db.dialect.among('key', 'keys')}"
    return {
        key: {field["key"] for field in decode(settings).get(f"{name}_fields", []) if field["type"] in TEXT_TYPES}
        for key, settings in db.rows(sql, keys=db.texts(team_keys))
    }


def _common_texts(row: Row, text_fields: dict[str, set[str]]) -> list[str]:
    team_key, _, notes, domains, phone_numbers, addresses, fields = row[:7]
    numbers = decode(phone_numbers)
    digits = ["".join(character for character in number if character.isdecimal()) for number in numbers]
    digits += [form for number in numbers if (form := phones.form(number))]
    values = _values_of_json(fields, text_fields.get(team_key, set()))
    names = [letters.with_letters(domain) for domain in decode(domains)]
    return [notes or "", *names, *numbers, *digits, *decode(addresses), *values]


def _common_marks(kind: str, row: Row) -> list[str]:
    """Return the marks of a contact or organization: its kind, its kind and team, and its creator.

    Kind and team are one mark because a user may see one of the team's two lists only. The creator is a mark because
    some users see only what they created.
    """
    return [kind, mark(kind + row[0]), mark(row[1])]


def _messages(db: Db, keys: list[str]) -> Updates:
    """Entries of messages: subject, text, people and the names of the files. Restricted mail is marked by its owner
    alone, all other mail by its pipeline."""
    rows = _select(db, "messages", "t.mail_key, t.pipeline_key, t.thread_key, t.bcc", keys)
    mails = {
        row[0]: row[1:]
        for row in db.rows(
            f"""
            SELECT key, subject, text, sender, reply_to, recipients, cc FROM mails
            WHERE {db.dialect.among("key", "mails")}
            """,
            mails=db.texts({row[0] for row in rows}),
        )
    }
    files: dict[str, list[str]] = {}
    for key, name in db.rows(
        f"SELECT message_key, name FROM files WHERE {db.dialect.among('message_key', 'keys')}",
        keys=db.texts(row[4] for row in rows),
    ):
        files.setdefault(key, []).append(name)
    owners = access.restricted_to(db, {row[2] for row in rows})
    for row in rows:
        mail_key, pipeline_key, thread_key, bcc = row[:4]
        subject, text, sender, *lists = mails[mail_key]
        people = [decode(sender), *(person for people in (*lists, bcc) for person in decode(people))]
        named = [word for person in people for word in (person["email"], person.get("name") or "")]
        mark_of = owner_mark(owners[thread_key]) if thread_key in owners else part_mark(MESSAGE, pipeline_key)
        texts = [*named, *files.get(row[4], []), text]
        yield _entry_update(row, subject, texts, [MESSAGE, mark_of])


def _written(kind: str) -> Callable[[Db, list[str]], Updates]:
    """Return the reader of tasks, comments, meetings or files: their texts, without drafts. A task and a file are named
    by their text."""
    column, draft = {
        TASK: ("t.text", "t.is_draft"),
        COMMENT: ("t.message", "FALSE"),
        MEETING: ("t.notes", "t.is_draft"),
        FILE: ("t.name", "FALSE"),
    }[kind]

    def read(db: Db, keys: list[str]) -> Updates:
        pipeline = "(SELECT b.pipeline_key FROM boxes b WHERE b.key = t.box_key)"
        for row in _select(db, PARTS[kind], f"{pipeline}, {column}, {draft}", keys):
            pipeline_key, text, is_draft = row[:3]
            if not is_draft:
                marks = f"{mark(kind)} {part_mark(kind, pipeline_key)}"
                named = kind in (TASK, FILE)
                words = _cut(" ".join(search_words.in_order(text) if named else search_words.distinct(text)))
                key, *stored = row[-5:]
                entry = SearchEntry(key, words if named else "", "" if named else words, marks, "")
                yield entry, None if stored[0] is None else SearchEntry(key, *stored)

    return read


def part_mark(kind: str, pipeline_key: str) -> str:
    """The mark of the messages, tasks, comments, meetings or files in a pipeline's boxes."""
    return mark(kind + pipeline_key)


def owner_mark(user_key: str) -> str:
    """The mark of the mail that only this user may see."""
    return mark(f"{MESSAGE} of {user_key}")


_READERS = {
    CONTACT: _contacts,
    ORGANIZATION: _organizations,
    MESSAGE: _messages,
    **{kind: _written(kind) for kind in (TASK, COMMENT, MEETING, FILE)},
}
