"""What an export has besides boxes: what is in them and whom they name, page by page, as the caller sees it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import msgspec

from ..core import boxes, persons
from ..core.activity import attached
from ..core.activity.comments import COMMENTS
from ..core.activity.files import FILES
from ..core.activity.mail import sharing
from ..core.activity.meetings import MEETINGS
from ..core.activity.tasks import TASKS
from ..core.activity.threads import THREADS
from ..core.context import Ctx
from ..core.import_export import exports
from ..core.import_export.exports import Export
from ..core.people import contact_access
from ..core.people.contacts import CONTACTS
from ..core.people.organizations import ORGANIZATIONS
from ..core.records.scopes import READ
from ..errors import Invalid
from ..lib import csv_cells
from ..wire.shapes import directory
from . import comments, files, meetings, tasks, threads
from .http.replies import encode

PAGE = 500
Shown = Callable[[Ctx, Any, str], Iterable[Any]]


class Page(NamedTuple):
    """Entries of a part as the API shows them, and the key after which the next page begins; empty at the end."""

    entries: list[Any]
    after: str


class Part(NamedTuple):
    """A part of an export. `page` takes the context, the export, the key before the page, and the server's URL."""

    scope: str
    """What a scoped API key must be allowed to read."""
    page: Callable[[Ctx, Export, str, str], Page]


def _in_boxes(table: Any, scope: str, shown: Shown) -> Part:
    def page(ctx: Ctx, export: Export, after: str, base_url: str) -> Page:
        chosen = export.chosen
        found = attached.list_for_boxes(ctx, table, chosen.where, chosen.params, after=after, limit=PAGE)
        return Page(list(shown(ctx, found, base_url)), found[-1].key if len(found) == PAGE else "")

    return Part(scope, page)


def _entries(noun: Any, shown: Callable[[Any], Any]) -> Part:
    """The contacts or organizations that the boxes name, also in fields."""

    def page(ctx: Ctx, export: Export, after: str, base_url: str) -> Page:
        rows = ctx.db.rows(
            f"""
            SELECT DISTINCT e.key FROM box_links l JOIN boxes b ON b.key = l.box_key JOIN {noun.name} e ON e.key = l.key
            WHERE {export.chosen.where} AND e.key > :after ORDER BY e.key LIMIT {PAGE}
            """,
            **{**export.chosen.params, "now": ctx.now},
            after=after,
        )
        keys = [row[0] for row in rows]
        found = contact_access.by_keys(ctx, noun, keys) if keys else []
        return Page([shown(each) for each in found], keys[-1] if len(keys) == PAGE else "")

    return Part(noun.name, page)


def _links(ctx: Ctx, export: Export, after: str, base_url: str) -> Page:
    """The boxes that each box is linked to, as far as the caller sees them."""
    rows = ctx.db.rows(
        f"""
        SELECT b.key, b.linked_box_keys FROM boxes b WHERE {export.chosen.where} AND b.key > :after
        ORDER BY b.key LIMIT {PAGE}
        """,
        **{**export.chosen.params, "now": ctx.now},
        after=after,
    )
    linked = {key: msgspec.json.decode(text, type=list[str]) for key, text in rows if text != "[]"}
    seen = boxes.seen_among(ctx, {key for keys in linked.values() for key in keys}) if linked else set()
    found = {key: [other for other in keys if other in seen] for key, keys in linked.items()}
    entries = [{"boxKey": key, "linkedBoxKeys": keys} for key, keys in found.items() if keys]
    return Page(entries, rows[-1][0] if len(rows) == PAGE else "")


def _files(ctx: Ctx, found: Any, base_url: str) -> Iterable[dict[str, Any]]:
    """Files with the address of their bytes, which needs an API key."""
    for file in files.shown(ctx, found):
        shown: dict[str, Any] = msgspec.to_builtins(file)
        if file.file_type == "GMAIL_API":
            shown["contentsUrl"] = f"{base_url}/api/v1/files/{file.key}/contents"
        yield shown


PARTS: dict[str, Part] = {
    "tasks": _in_boxes(TASKS, "tasks", lambda ctx, found, _: tasks.shown(ctx, found)),
    "comments": _in_boxes(COMMENTS, "comments", lambda ctx, found, _: comments.shown(ctx, found)),
    "meetings": _in_boxes(MEETINGS, "meetings", lambda ctx, found, _: meetings.shown(ctx, found)),
    "files": _in_boxes(FILES, "files", _files),
    "threads": _in_boxes(
        THREADS, "mail", lambda ctx, found, _: threads.shown(ctx, sharing.reduced_threads(ctx, found))
    ),
    "contacts": _entries(CONTACTS, directory.contact),
    "organizations": _entries(ORGANIZATIONS, directory.organization),
    "links": Part("boxes", _links),
}
"""What `include` may name, and its member in the export."""


def chosen(ctx: Ctx, names: list[str]) -> list[str]:
    """The parts that a request names. Raises `Invalid` for an unknown part, and `MissingScope`."""
    for name in names:
        if name not in PARTS:
            raise Invalid("include", f"must be some of {', '.join(PARTS)}, but has {name[:50]!r}")
        ctx.require(PARTS[name].scope, READ)
    return list(dict.fromkeys(names))


class Reading:
    """One part of one export, page by page."""

    def __init__(self, export: Export, name: str, base_url: str) -> None:
        self.export, self.name, self.base_url = export, name, base_url
        self.done = False
        self._after, self._first = "", True

    def entries(self, ctx: Ctx) -> list[Any]:
        """The next entries."""
        self.export.require(ctx)
        ctx.require(PARTS[self.name].scope, READ)
        page = PARTS[self.name].page(ctx, self.export, self._after, self.base_url)
        self._after, self.done = page.after, not page.after
        return page.entries

    def member(self, ctx: Ctx) -> bytes:
        """The next piece of the member of a JSON object."""
        found = self.entries(ctx)
        between = b"" if self._first or not found else b",\n"
        self._first = self._first and not found
        return between + b",\n".join(encode(each) for each in found)

    def lines(self, ctx: Ctx) -> bytes:
        """The next JSON lines."""
        return b"".join(encode(each) + b"\n" for each in self.entries(ctx))

    def rows(self, ctx: Ctx) -> bytes:
        """The next lines of CSV, with names in place of keys."""
        found = self.entries(ctx)
        named = boxes_of(ctx, {each.box_key for each in found})
        people = persons.by_key(ctx, {each.creator_key for each in found})
        emails = {key: person.email for key, person in people.items()}
        return csv_cells.written([row(self.name, each, named, emails) for each in found])


HEADINGS = {
    "tasks": ("Box", "Task", "Due", "Status", "Assignees", "Created", "Created by", "Box key", "Key"),
    "comments": ("Box", "Comment", "Created", "Created by", "Reply to", "Box key", "Key"),
    "meetings": ("Box", "Notes", "Kind", "Start", "Minutes", "Created by", "Box key", "Key"),
}
"""The columns of the parts that can be exported as a table of their own."""


def boxes_of(ctx: Ctx, keys: set[str]) -> dict[str, str]:
    """The names of boxes whose records the caller was just shown."""
    among = ctx.db.dialect.among("key", "keys")
    return dict(ctx.db.rows(f"SELECT key, name FROM boxes WHERE {among}", keys=ctx.db.texts(keys)) if keys else ())


def row(part: str, each: Any, named: dict[str, str], emails: dict[str, str]) -> list[Any]:
    """A task, comment or meeting as a row."""
    given: list[Any] = [named.get(each.box_key, "")]
    author = emails.get(each.creator_key, "")
    if part == "tasks":
        due = "" if each.due_date is msgspec.UNSET else exports.dated(each.due_date)
        people = ", ".join(person.email for person in each.assigned_to)
        status = "Done" if each.status == "DONE" else "Not done"
        given += [each.text, due, status, people, exports.dated(each.creation_date), author]
    elif part == "comments":
        parent = "" if each.parent is msgspec.UNSET else each.parent
        given += [each.message, exports.dated(each.timestamp), author, parent]
    else:
        minutes = "" if each.duration is msgspec.UNSET else round(each.duration / 60_000)
        kind = "Call" if each.meeting_type == "CALL_LOG" else "Meeting"
        given += [each.notes, kind, exports.dated(each.start_timestamp), minutes, author]
    return [*given, each.box_key, each.key]
