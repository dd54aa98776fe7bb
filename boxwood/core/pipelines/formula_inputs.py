"""What a formula reads of a box: the columns every box has, by a word of ours, and its pipeline's fields by key."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

import msgspec

from ...lib.formulas import Date, Fault, Result
from .. import persons
from ..context import Ctx
from ..records import Box, Field, Pipeline
from . import schema


class Own(NamedTuple):
    """A column every box has: what people call it, and which member of the box it stands for."""

    title: str
    member: str


OWN = {
    "name": Own("Name", "name"),
    "notes": Own("Notes", "notes"),
    "stage": Own("Stage", "stage_key"),
    "assignees": Own("Assigned To", "assignee_keys"),
    "contacts": Own("Contacts", "contacts"),
    "organizations": Own("Organizations", "organizations"),
    "linked_boxes": Own("Linked Boxes", "linked_box_keys"),
    "followers": Own("Followers", "follower_keys"),
    "creator": Own("Creator", "creator_key"),
    "created": Own("Date Created", "created_at"),
    "stage_changed": Own("Date of Last Stage Change", "stage_changed_at"),
}
"""Oldest first, and all of them older than any field: of columns with the same name the oldest is read."""
_PEOPLE = ("assignees", "followers", "creator")
_LISTS = ("TAG", "PERSON", "TEAM_CONTACT", "TEAM_ORGANIZATION")


def named(fields: Iterable[Field]) -> dict[str, str]:
    """What each column's name means in a formula."""
    found = {own.title: word for word, own in OWN.items()}
    for field in fields:
        found.setdefault(field.name.strip(), field.key)
    return found


def differing(before: Box, box: Box) -> set[str]:
    """The columns in which the two differ."""
    own = {word for word, one in OWN.items() if getattr(before, one.member) != getattr(box, one.member)}
    keys = before.fields.keys() | box.fields.keys()
    return own | {key for key in keys if before.fields.get(key) != box.fields.get(key)}


def names_others(word: str, fields: Mapping[str, Field]) -> bool:
    """Whether it shows names that change without the box: of people, contacts and organizations."""
    kinds = ("TEAM_CONTACT", "TEAM_ORGANIZATION")
    return word in (*_PEOPLE, "contacts", "organizations") or (word in fields and fields[word].type in kinds)


class Sheet:
    """Boxes of one pipeline as rows of what formulas read; names are looked up once for all of them."""

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
        """Its value for each box."""
        if word in OWN:
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
                return getattr(box, OWN[word].member) or None
            case "created" | "stage_changed":
                return Date(getattr(box, OWN[word].member))
            case "stage" | "creator":
                return self.titles.get(getattr(box, OWN[word].member))
            case "linked_boxes":
                return list(box.linked_box_keys)
        return [self.titles.get(key, key) for key in self._keys(word, box)]

    def _keys(self, word: str, box: Box) -> list[str]:
        held = getattr(box, OWN[word].member)
        if isinstance(held, str):
            return [held]
        return [one if isinstance(one, str) else one.key for one in held]

    def _linked(self, words: set[str], word: str, kind: str) -> set[str]:
        """The keys of the contacts (organizations) that these columns name."""
        keys = {key for box in self.boxes for key in self._keys(word, box)} if word in words else set()
        for one in words & self.fields.keys():
            if self.fields[one].type == kind:
                keys.update(key for box in self.boxes for key in box.fields.get(one, ()))
        return keys


Read = Callable[[Any, dict[str, str]], Any]


def _as_it_is(value: Any, titles: dict[str, str]) -> Any:
    return value


def _title(value: Any, titles: dict[str, str]) -> Any:
    return titles.get(value)


def _titles(value: Any, titles: dict[str, str]) -> Any:
    return [titles.get(key, key) for key in value]


def _people(value: Any, titles: dict[str, str]) -> Any:
    return [one.get("fullName") or one["email"] for one in value]


_KINDS: dict[str, Read] = {
    "DROPDOWN": _title,
    "TAG": _titles,
    "DATE": lambda value, titles: Date(value),
    "PERSON": _people,
    "TEAM_CONTACT": _titles,
    "TEAM_ORGANIZATION": _titles,
}


def _contacts(ctx: Ctx, keys: set[str]) -> dict[str, str]:
    """What a contact is called: its first e-mail address, else its name."""
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
