"""The names of columns in tables: what exports call them, and where imports send them.

An export takes a field's own name where an import would send that name to the field, and else a name with a mark
(`Notes (field)`, `Name (field 2)`, `Notes (box)`), so that each column comes back to where it was.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from ...lib.tables import JSON, LINES, as_field, as_own, plain, read_mark
from ..records import Field

NAME, NOTES, STAGE, ASSIGNEES, FOLLOWERS, CREATED = "name", "notes", "stage", "assignees", "followers", "created"
TARGETS = (NAME, NOTES, STAGE, ASSIGNEES, FOLLOWERS, CREATED)
CONTACTS, ORGANIZATIONS = "contacts", "organizations"
LINKED = (CONTACTS, ORGANIZATIONS)
"""Further targets, to which no column goes by its name alone: what the box is linked to, by name or e-mail address."""
_TARGET_OF_WORD = {
    **{name: name for name in TARGETS},
    **dict.fromkeys(("boxname", "title", "dealname"), NAME),
    **dict.fromkeys(("stagename", "stagekey", "status"), STAGE),
    **dict.fromkeys(("note", "description"), NOTES),
    **dict.fromkeys(("assignee", "assignedto", "owner", "assignedtosharingentries"), ASSIGNEES),
    **dict.fromkeys(("follower", "followerkeys"), FOLLOWERS),
    **dict.fromkeys(("createdat", "creationtimestamp", "createdtimestamp", "creationdate", "datecreated"), CREATED),
}
_FIRST_NAMES = ("firstname", "givenname", "forename", "vorname", "prénom", "nombre")
_LAST_NAMES = ("lastname", "surname", "familyname", "nachname", "nom", "apellido", "apellidos")
OWN_WORDS = {*_TARGET_OF_WORD, *_FIRST_NAMES, *_LAST_NAMES}
"""The words in columns' names that mean something in every pipeline."""
# What the members of a box are called in exports as JSON.
_TARGET_OF_MEMBER = {
    **{name: name for name in TARGETS},
    "stageKey": STAGE,
    "creationTimestamp": CREATED,
    "lastUpdatedTimestamp": None,
    "key": None,
}
_OLD_MARK = re.compile(r"(.*) \(([0-9]+)\)", re.DOTALL)
"""Exports until 0.1.0 marked the second field of a name with its key."""


def target_of(column: str, fields: Mapping[str, Field], kind: str) -> str | None:
    """Where a column goes by its name: one of `TARGETS`, the key of a field, or None."""
    if kind in (JSON, LINES) and column in _TARGET_OF_MEMBER:
        return _TARGET_OF_MEMBER[column]
    if mark := read_mark(column):
        name, number = mark
        if number == 0:
            return _TARGET_OF_WORD.get(plain(name))
        named = [field.key for field in fields.values() if field.name.strip() == name.strip()]
        if number <= len(named):
            return named[number - 1]
    word = plain(column)
    if word == NAME:
        return NAME
    if column in fields:
        return column
    exact = next((field.key for field in fields.values() if field.name == column), None)
    alike = exact or next((field.key for field in fields.values() if word and plain(field.name) == word), None)
    if alike:
        return alike
    old = _OLD_MARK.fullmatch(column)
    if old and old[2] in fields and fields[old[2]].name == old[1]:
        return old[2]
    return _TARGET_OF_WORD.get(word)


def suggested(columns: Sequence[str], fields: Mapping[str, Field], kind: str) -> dict[str, str | None]:
    """Where each column goes, by its name; None if the name is unknown.

    In CSV and spreadsheets, only one column can go to a target. In JSON, two may: each row may use another name. Lists
    of contacts have the name in two columns, which are joined, and a title that is not the box's name.
    """
    words = {plain(column) for column in columns}
    has_names = not words.isdisjoint(_FIRST_NAMES) and not words.isdisjoint(_LAST_NAMES)
    taken: set[str] = set()
    found: dict[str, str | None] = {}
    for column in columns:
        target = target_of(column, fields, kind)
        is_title = has_names and target == NAME and plain(column) == "title"
        if is_title or (target and target in fields and fields[target].type == "FORMULA"):
            target = None
        found[column] = target if kind in (JSON, LINES) or target not in taken else None
        taken |= {target} if target else set()
    if has_names and NAME not in taken:
        parts = (*_FIRST_NAMES, *_LAST_NAMES)
        found |= {column: NAME for column in columns if plain(column) in parts and found[column] is None}
    return found


def of_export(
    named: Sequence[tuple[str, Field | None, str | None]], fields: Mapping[str, Field], kind: str
) -> list[str]:
    """The names of an export's columns, each with its field, or the target of the box's own member (None if imports
    ignore it)."""
    taken: set[str] = set()
    found: list[str] = []
    for name, field, target in named:
        is_own = field is None
        goes = target_of(name, fields, kind)
        heading = name
        if field is not None:
            same = [each.key for each in fields.values() if each.name.strip() == field.name.strip()]
            is_safe = goes == field.key and name == name.strip() and name
            heading = name if is_safe else as_field(name.strip(), same.index(field.key) + 1)
        elif goes != target:
            heading = as_own(name)
        while heading in taken:
            heading = as_own(heading) if is_own else as_field(heading)
        taken.add(heading)
        found.append(heading)
    return found
