"""Search through everything: boxes, contacts, organizations, and what boxes hold, with counts by noun and with the
places where each thing matches.

A thing that the actor may not see is neither found nor counted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import msgspec

from ...db.engine import ANYWHERE
from ...lib import highlights, phones
from ...lib.highlights import Excerpt, Range
from .. import access, events
from ..context import Ctx
from ..people.contact_access import E, Noun
from ..people.contacts import CONTACTS
from ..people.organizations import ORGANIZATIONS
from ..records import TEAMS
from . import index, query
from .index import BOX, COMMENT, CONTACT, FILE, MEETING, MESSAGE, ORGANIZATION, PARTS, TASK
from .query import Narrow, Reached, Scope

NOUNS = (BOX, CONTACT, ORGANIZATION, TASK, MESSAGE, COMMENT, MEETING, FILE)
"""The nouns that are searched, in the order of the answer."""
MOST_COUNTED = 1000
"""Matches of each noun that are counted."""
MOST_SNIPPETS = 3

Texts = list[tuple[str, str]]
"""The texts of a thing that are searched, each after the member that holds it."""


class Snippet(msgspec.Struct, frozen=True):
    """A place where a thing matches."""

    where: str
    """The member whose text matches, as `notes` or `fields.1001`."""
    text: str
    ranges: list[Range]
    field_name: str | None = None


class Match(msgspec.Struct, frozen=True):
    """A thing that was found."""

    noun: str
    key: str
    name: str
    at: int
    """When a box, contact or organization changed; when the other things were created, sent or began."""
    snippets: list[Snippet]
    box_key: str | None = None
    box_name: str | None = None
    pipeline_key: str | None = None
    stage_key: str | None = None
    thread_key: str | None = None
    address: str | None = None
    """The first e-mail address of a contact, or the first domain of an organization."""


class Facet(msgspec.Struct, frozen=True):
    """How many things of a noun match. With `more`, at least as many."""

    noun: str
    count: int
    more: bool


class Matches(NamedTuple):
    matches: list[Match]
    facets: list[Facet]
    has_more: bool


class _Asked(NamedTuple):
    """What is searched, for the snippets."""

    words: list[str]
    number: str
    """The form of the query if it is a telephone number."""


def find(ctx: Ctx, asked: str, narrow: Narrow, nouns: Iterable[str], *, limit: int, offset: int) -> Matches:
    """Return a page of the matches of each of these nouns, and the counts of all nouns."""
    text, words = query.query_words(asked)
    if not words:
        return Matches([], [Facet(noun, 0, False) for noun in NOUNS], False)
    scopes = _scopes(ctx, narrow)
    found = {noun: _found(ctx, noun, scope, text, words) for noun, scope in scopes.items()}
    if sum(map(len, found.values())) < query.FEW and "@" not in text:
        for noun in (BOX, CONTACT, ORGANIZATION):
            found[noun] = query.with_mistyped(ctx, scopes[noun], words, found[noun])
    facets = [Facet(noun, len(found[noun]), len(found[noun]) == MOST_COUNTED) for noun in NOUNS]
    shown = [noun for noun in NOUNS if noun in set(nouns)]
    searched = _Asked(words, phones.form(text) if phones.words(text) else "")
    matches = [match for noun in shown for match in _load(ctx, noun, found[noun][offset : offset + limit], searched)]
    return Matches(matches, facets, any(len(found[noun]) > offset + limit for noun in shown))


def _found(ctx: Ctx, noun: str, scope: Scope, text: str, words: list[str]) -> list[str]:
    """Return the keys of the matches, the best first. Comments and meetings have no name by which they are ranked."""
    if noun in (COMMENT, MEETING):
        return [key for _, key, _ in query.newest(ctx, scope, [[word] for word in words], ANYWHERE, MOST_COUNTED)]
    return query.ranked(ctx, scope, text, words, MOST_COUNTED)[:MOST_COUNTED]


# Which entries the actor may see


def _scopes(ctx: Ctx, narrow: Narrow) -> dict[str, Scope]:
    reached = query.reached_pipelines(ctx, narrow)
    return {
        BOX: query.box_scope(ctx, narrow),
        CONTACT: query.list_scope(ctx, CONTACTS, narrow.teams),
        ORGANIZATION: query.list_scope(ctx, ORGANIZATIONS, narrow.teams),
        **{noun: _part_scope(ctx, noun, reached, narrow.stages) for noun in PARTS},
    }


def _part_scope(ctx: Ctx, noun: str, reached: Reached, stages: list[str]) -> Scope:
    """Return the scope of the messages, tasks, comments, meetings or files of the boxes that the actor sees.

    The index only finds candidates. Each is checked, because its entry is updated some time after its box moves.
    """
    pipelines = [key for _, keys in reached for key in keys]
    if not pipelines or not ctx.sees("mail" if noun == MESSAGE else PARTS[noun]):
        return Scope([], "", {})
    marks: list[tuple[str, ...]] = [(index.part_mark(noun, key),) for key in pipelines]
    if len(pipelines) > query.MOST_MARKS:
        marks = [(index.MESSAGE if noun == MESSAGE else index.mark(noun),)]
    test, params = query.visible_boxes(ctx, reached, stages)
    if noun in (MESSAGE, FILE):
        test = f"{test} AND {access.sees_mail('x.thread_key')}"
        params |= {"mail_owner": ctx.mail_owner}
    if noun == MESSAGE and ctx.mail_owner:
        marks.append((index.owner_mark(ctx.mail_owner),))
    return Scope(marks, test, params, (f"{PARTS[noun]} x ON x.key = e.key", "boxes b ON b.key = x.box_key"))


# The things and where they match


def _load(ctx: Ctx, noun: str, keys: list[str], asked: _Asked) -> list[Match]:
    """Return the things with these keys, in this order."""
    if not keys:
        return []
    found = {match.key: match for match in _LOADERS[noun](ctx, keys, asked)}
    return [found[key] for key in keys if key in found]


def _boxes(ctx: Ctx, keys: list[str], asked: _Asked) -> Iterable[Match]:
    rows = ctx.db.rows(
        f"""
        SELECT key, name, updated_at, pipeline_key, stage_key, notes, emails, fields FROM boxes
        WHERE {ctx.db.dialect.among("key", "keys")}
        """,
        keys=ctx.db.texts(keys),
    )
    names = _field_names(ctx, {row[3] for row in rows})
    for key, name, at, pipeline_key, stage_key, notes, emails, fields in rows:
        named = names.get(pipeline_key, {})
        addresses = [("emailAddresses", address) for address in index.addresses(emails)]
        texts = [("name", name), ("notes", notes or ""), *_values(index.decode(fields), named), *addresses]
        snippets = _snippets(asked, texts, named)
        yield Match(BOX, key, name, at, snippets, key, name, pipeline_key, stage_key)


def _field_names(ctx: Ctx, pipeline_keys: set[str]) -> dict[str, dict[str, str]]:
    """Return the names of the fields that are searched, by pipeline and by key."""
    among = ctx.db.dialect.among
    sql = (
        f"SELECT pipeline_key, key, name FROM fields WHERE {among('pipeline_key', 'keys')} AND {among('type', 'types')}"
    )
    found: dict[str, dict[str, str]] = {}
    for pipeline_key, key, name in ctx.db.rows(
        sql, keys=ctx.db.texts(pipeline_keys), types=ctx.db.texts(index.TEXT_TYPES)
    ):
        found.setdefault(pipeline_key, {})[key] = name
    return found


def _values(fields: dict[str, Any], named: dict[str, str]) -> Texts:
    return [(f"fields.{key}", text) for key in named if key in fields for text in index.texts_of(fields[key])]


def _entries(ctx: Ctx, noun: Noun[E], keys: list[str], asked: _Asked, own: Callable[[E], Texts]) -> Iterable[Match]:
    """Return contacts or organizations. `own` returns the texts that only one of the two has."""
    found = query.loaded(ctx, noun, keys)
    sql = f"SELECT {TEAMS.columns} FROM teams WHERE {ctx.db.dialect.among('key', 'keys')}"
    teams = TEAMS.load_all(ctx.db.rows(sql, keys=ctx.db.texts({entry.team_key for entry in found})))
    fields = {team.key: getattr(team.settings, f"{noun.name}_fields") for team in teams}
    for entry in found:
        searched = [field for field in fields.get(entry.team_key, []) if field.type in index.TEXT_TYPES]
        named = {field.key: field.name for field in searched}
        texts = [
            *own(entry),
            ("other", entry.other or ""),
            *(("domains", domain) for domain in entry.domains),
            *(("phoneNumbers", number) for number in entry.phone_numbers),
            *(("addresses", address) for address in entry.addresses),
            *_values(entry.fields, named),
        ]
        yield Match(
            noun.singular,
            entry.key,
            noun.title(entry),
            entry.updated_at,
            _snippets(asked, texts, named),
            address=next((text for where, text in texts if where in ("emailAddresses", "domains")), None),
        )


def _contacts(ctx: Ctx, keys: list[str], asked: _Asked) -> Iterable[Match]:
    return _entries(
        ctx,
        CONTACTS,
        keys,
        asked,
        lambda contact: [
            ("name", f"{contact.given_name or ''} {contact.family_name or ''}".strip()),
            *(("emailAddresses", address) for address in contact.email_addresses),
            ("title", contact.title or ""),
        ],
    )


def _organizations(ctx: Ctx, keys: list[str], asked: _Asked) -> Iterable[Match]:
    own: Callable[[Any], Texts] = lambda entry: [("name", entry.name or ""), ("industry", entry.industry or "")]  # noqa: E731
    return _entries(ctx, ORGANIZATIONS, keys, asked, own)


def _written(noun: str, column: str, where: str, at: str) -> Callable[[Ctx, list[str], _Asked], Iterable[Match]]:
    """Return the loader of tasks, comments, meetings or files, whose text is in this column."""
    thread = "x.thread_key" if noun == FILE else "NULL"

    def load(ctx: Ctx, keys: list[str], asked: _Asked) -> Iterable[Match]:
        for key, text, created_at, *place in ctx.db.rows(
            f"""
            SELECT x.key, x.{column}, x.{at}, b.key, b.name, b.pipeline_key, b.stage_key, {thread}
            FROM {PARTS[noun]} x JOIN boxes b ON b.key = x.box_key WHERE {ctx.db.dialect.among("x.key", "keys")}
            """,
            keys=ctx.db.texts(keys),
        ):
            snippets = _snippets(asked, [(where, text)], {})
            yield Match(noun, key, events.brief(text), created_at, snippets, **_placed(place))

    return load


def _messages(ctx: Ctx, keys: list[str], asked: _Asked) -> Iterable[Match]:
    among = ctx.db.dialect.among
    files: dict[str, Texts] = {}
    for key, name in ctx.db.rows(
        f"SELECT message_key, name FROM files WHERE {among('message_key', 'keys')} ORDER BY created_at, key",
        keys=ctx.db.texts(keys),
    ):
        files.setdefault(key, []).append(("attachments", name))
    for key, subject, text, sent_at, sender, recipients, cc, *place in ctx.db.rows(
        f"""
        SELECT x.key, m.subject, m.text, m.sent_at, m.sender, m.recipients, m.cc,
            b.key, b.name, b.pipeline_key, b.stage_key, x.thread_key
        FROM messages x JOIN mails m ON m.key = x.mail_key JOIN boxes b ON b.key = x.box_key
        WHERE {among("x.key", "keys")}
        """,
        keys=ctx.db.texts(keys),
    ):
        people = [("from", [index.decode(sender)]), ("to", index.decode(recipients)), ("cc", index.decode(cc))]
        named = [(where, _person(person)) for where, listed in people for person in listed]
        snippets = _snippets(asked, [("subject", subject), *named, *files.get(key, []), ("text", text)], {})
        yield Match(MESSAGE, key, subject, sent_at, snippets, **_placed(place))


def _placed(row: list[Any]) -> dict[str, Any]:
    """Return where a thing is, as members of its match."""
    return dict(zip(("box_key", "box_name", "pipeline_key", "stage_key", "thread_key"), row, strict=True))


def _person(person: dict[str, Any]) -> str:
    return f"{person['name']} <{person['email']}>" if person.get("name") else str(person["email"])


_LOADERS: dict[str, Callable[[Ctx, list[str], _Asked], Iterable[Match]]] = {
    BOX: _boxes,
    CONTACT: _contacts,
    ORGANIZATION: _organizations,
    MESSAGE: _messages,
    TASK: _written(TASK, "text", "text", "created_at"),
    COMMENT: _written(COMMENT, "message", "message", "created_at"),
    MEETING: _written(MEETING, "notes", "notes", "start_at"),
    FILE: _written(FILE, "name", "fileName", "created_at"),
}


def _snippets(asked: _Asked, texts: Texts, field_names: dict[str, str]) -> list[Snippet]:
    """Return the first texts that have words of the search, each only if it shows a word that those before do not."""
    found = _excerpts(asked, texts, mistyped=False) or _excerpts(asked, texts[:1], mistyped=True)
    return [
        Snippet(where, excerpt.text, excerpt.ranges, field_names.get(where.removeprefix("fields.")))
        for where, excerpt in found
    ]


def _excerpts(asked: _Asked, texts: Texts, *, mistyped: bool) -> list[tuple[str, Excerpt]]:
    found: list[tuple[str, Excerpt]] = []
    shown: set[str] = set()
    for where, text in texts:
        excerpt = highlights.excerpt(text, asked.words, mistyped=mistyped) if text else None
        if excerpt is None and asked.number and text and phones.form(text) == asked.number:
            excerpt = highlights.whole(text, asked.words)
        if excerpt and not excerpt.found <= shown:
            found.append((where, excerpt))
            shown |= excerpt.found
        if len(found) == MOST_SNIPPETS or len(shown) == len(asked.words):
            break
    return found
