"""What formulas read of a box: the columns that every box has, by a fixed word, and the pipeline's fields by key."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

import msgspec

from ...lib.formulas import Date, Fault, Result
from .. import persons
from ..context import Ctx
from ..records import Box, Field, Pipeline
from . import schema


class BuiltInColumn(NamedTuple):
    """A column that every box has: its name in formulas, and the member of the box that it reads."""

    title: str
    member: str


BUILT_IN = {
    "name": BuiltInColumn("Name", "name"),
    "notes": BuiltInColumn("Notes", "notes"),
    "stage": BuiltInColumn("Stage", "stage_key"),
    "assignees": BuiltInColumn("Assigned To", "assignee_keys"),
    "contacts": BuiltInColumn("Contacts", "contacts"),
    "organizations": BuiltInColumn("Organizations", "organizations"),
    "linked_boxes": BuiltInColumn("Linked Boxes", "linked_box_keys"),
    "followers": BuiltInColumn("Followers", "follower_keys"),
    "creator": BuiltInColumn("Creator", "creator_key"),
    "created": BuiltInColumn("Date Created", "created_at"),
    "stage_changed": BuiltInColumn("Date of Last Stage Change", "stage_changed_at"),
}
"""If a field has the same name as a built-in column, formulas read the built-in column."""
_PEOPLE = ("assignees", "followers", "creator")
_LISTS = ("TAG", "PERSON", "TEAM_CONTACT", "TEAM_ORGANIZATION")


def words_by_name(fields: Iterable[Field]) -> dict[str, str]:
    """Return what each name in a formula stands for: the word of a built-in column, or the key of a field.

    If two fields have the same name, formulas read the older field.
    """
    found = {own.title: word for word, own in BUILT_IN.items()}
    for field in fields:
        found.setdefault(field.name.strip(), field.key)
    return found


def differing(before: Box, box: Box) -> set[str]:
    """Return the words and field keys of the columns in which the two boxes differ."""
    own = {word for word, column in BUILT_IN.items() if getattr(before, column.member) != getattr(box, column.member)}
    keys = before.fields.keys() | box.fields.keys()
    return own | {key for key in keys if before.fields.get(key) != box.fields.get(key)}


def names_others(word: str, fields: Mapping[str, Field]) -> bool:
    """Return whether the column shows names of users, contacts or organizations, which change without the box."""
    kinds = ("TEAM_CONTACT", "TEAM_ORGANIZATION")
    return word in (*_PEOPLE, "contacts", "organizations") or (word in fields and fields[word].type in kinds)


class Sheet:
    """The values that formulas read of some boxes of one pipeline. Names are read once for all boxes."""

    def __init__(
        self, ctx: Ctx, pipeline: Pipeline, fields: Mapping[str, Field], boxes: list[Box], words: set[str]
    ) -> None:
        self.fields = fields
        self.boxes = boxes
        self.titles: dict[str, str] = {}
        if "stage" in words:
            found = schema.stages(ctx, [pipeline.key])[pipeline.key]
            self.titles |= {key: stage.name for key, stage in found.items()}
        if people := {key for word in words.intersection(_PEOPLE) for box in boxes for key in self._keys(word, box)}:
            known = persons.by_key(ctx, people)
            self.titles |= {key: known[key].full_name or known[key].email for key in people if key in known}
        self.titles |= _contacts(ctx, self._linked(words, "contacts", "TEAM_CONTACT"))
        self.titles |= _organizations(ctx, self._linked(words, "organizations", "TEAM_ORGANIZATION"))

    def column(self, word: str) -> list[Result]:
        """Return the column's value for each box."""
        if word in BUILT_IN:
            return [self._own(word, box) for box in self.boxes]
        field = self.fields.get(word)
        if field is None:
            return [Fault("#REF!", "The formula reads a column that was deleted")] * len(self.boxes)
        options = {option.key: option.name for option in field.options}
        read = _KINDS.get(field.type, _as_it_is)
        values = (box.fields.get(word) for box in self.boxes)
        blank: Any = [] if field.type in _LISTS else None
        return [blank if value is None else read(value, options or self.titles) for value in values]

    def _own(self, word: str, box: Box) -> Result:
        match word:
            case "name" | "notes":
                return getattr(box, BUILT_IN[word].member) or None
            case "created" | "stage_changed":
                return Date(getattr(box, BUILT_IN[word].member))
            case "stage" | "creator":
                return self.titles.get(getattr(box, BUILT_IN[word].member))
            case "linked_boxes":
                return list(box.linked_box_keys)
        return [self.titles.get(key, key) for key in self._keys(word, box)]

    def _keys(self, word: str, box: Box) -> list[str]:
        held = getattr(box, BUILT_IN[word].member)
        if isinstance(held, str):
            return [held]
        return [item if isinstance(item, str) else item.key for item in held]

    def _linked(self, words: set[str], word: str, kind: str) -> set[str]:
        """Return the keys of the contacts (or organizations) in these columns."""
        keys = {key for box in self.boxes for key in self._keys(word, box)} if word in words else set()
        for field_key in words & self.fields.keys():
            if self.fields[field_key].type == kind:
                keys.update(key for box in self.boxes for key in box.fields.get(field_key, ()))
        return keys


Read = Callable[[Any, dict[str, str]], Any]


def _as_it_is(value: Any, titles: dict[str, str]) -> Any:
    return value


def _title(value: Any, titles: dict[str, str]) -> Any:
    return titles.get(value)


def _titles(value: Any, titles: dict[str, str]) -> Any:
    return [titles.get(key, key) for key in value]


def _people(value: Any, titles: dict[str, str]) -> Any:
    return [person.get("fullName") or person["email"] for person in value]


_KINDS: dict[str, Read] = {
    "DROPDOWN": _title,
    "TAG": _titles,
    "DATE": lambda value, titles: Date(value),
    "PERSON": _people,
    "TEAM_CONTACT": _titles,
    "TEAM_ORGANIZATION": _titles,
}


def _contacts(ctx: Ctx, keys: set[str]) -> dict[str, str]:
    """Return what each contact is called: its first e-mail address, else its name."""
    found = {}
    for key, given, family, addresses in _rows(ctx, "contacts", "given_name, family_name, email_addresses", keys):
        first = next(iter(msgspec.json.decode(addresses, type=list[str])), "")
        found[key] = first or f"{given or ''} {family or ''}".strip() or key
    return found


def _organizations(ctx: Ctx, keys: set[str]) -> dict[str, str]:
    return {key: name or key for key, name in _rows(ctx, "organizations", "name", keys)}


def _rows(ctx: Ctx, table: str, columns: str, keys: set[str]) -> list[tuple[Any, ...]]:
    if not keys:
        return []
    among = ctx.db.dialect.among("key", "keys")
    return ctx.db.rows(f"SELECT key, {columns} FROM {table} WHERE {among}", keys=ctx.db.texts(keys))
