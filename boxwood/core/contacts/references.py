"""References to a contact or an organization in boxes, tasks and fields: replaced when it is merged or deleted."""

from __future__ import annotations

from typing import Any

import msgspec

from .. import boxes
from ..boxes import links as box_links
from ..context import Ctx
from ..people.contact_access import E, Noun
from ..records import Box, BoxLink, Team
from . import custom_fields


class Undo(msgspec.Struct, frozen=True, omit_defaults=True):
    """The references before they were replaced: links and field values by box, and field values of other entries."""

    links: dict[str, list[BoxLink]] = {}
    box_values: dict[str, dict[str, list[str]]] = {}
    entry_values: list[tuple[str, str, str, str]] = []
    """The list, the key of the entry, the key of the field, and the value."""
    tasks: list[str] = []


def replace(ctx: Ctx, noun: Noun[E], team: Team, key: str, by: str | None) -> Undo:
    """Replace the entry `key` by the entry `by` in all boxes, tasks and fields of the team, without a check of access.
    If `by` is None, the references are removed."""
    undo = Undo(entry_values=_in_entries(ctx, noun, team, key, by), tasks=_in_tasks(ctx, key, by))
    for box in boxes.lock_many(ctx, box_links.box_keys_for(ctx, key)):
        links, values = getattr(box, noun.name), _values_naming(box, key)
        if any(link.key == key for link in links):
            undo.links[box.key] = links
        if values:
            undo.box_values[box.key] = values
        after = {**box.fields, **{field: _replaced(value, key, by) for field, value in values.items()}}
        after = {field: value for field, value in after.items() if value != []}
        changed = msgspec.structs.replace(box, fields=after, **{noun.name: _links_replaced(links, key, by)})
        boxes.save(ctx, boxes.pipeline_of(ctx, box), box, changed)
    return undo


def _in_tasks(ctx: Ctx, key: str, by: str | None) -> list[str]:
    rows = ctx.db.rows("SELECT key FROM tasks WHERE contact_key = :key ORDER BY key", key=key)
    ctx.db.run(
        "UPDATE tasks SET contact_key = :by, saved_at = :now WHERE contact_key = :key", key=key, by=by, now=ctx.now
    )
    return [row[0] for row in rows]


def undo(ctx: Ctx, noun: Noun[E], before: Undo, key: str, by: str | None) -> None:
    """Restore the references to the entry `key` that were replaced by `by` (or removed), except where a value was
    changed since."""
    for box in boxes.lock_many(ctx, [*before.links, *before.box_values]):
        links = getattr(box, noun.name)
        if box.key in before.links:
            links = _links_restored(links, before.links[box.key], key, by)
        values = dict(box.fields)
        for field, value in before.box_values.get(box.key, {}).items():
            if values.get(field, []) == _replaced(value, key, by):
                values[field] = value
        changed = msgspec.structs.replace(box, fields=values, **{noun.name: links})
        boxes.save(ctx, boxes.pipeline_of(ctx, box), box, changed)
    ctx.db.many(
        f"""
        UPDATE tasks SET contact_key = :key, saved_at = :now
        WHERE key = :task AND {"contact_key IS NULL AND :by = ''" if by is None else "contact_key = :by"}
        """,
        [{"key": key, "by": by or "", "task": task, "now": ctx.now} for task in before.tasks],
    )
    for name, entry_key, field, text in before.entry_values:
        if (_value(ctx, name, entry_key, field) or "") == ",".join(_replaced(text.split(","), key, by)):
            set_value(ctx, name, entry_key, field, text)


def _links_restored(now: list[BoxLink], before: list[BoxLink], key: str, by: str | None) -> list[BoxLink]:
    if now == _links_replaced(before, key, by):
        return before
    if by is not None and by not in {link.key for link in now}:
        return now  # a user removed the link since
    if key in {link.key for link in now}:
        return now
    restored = next(link for link in before if link.key == key)
    others = now if by in {link.key for link in before} else [link for link in now if link.key != by]
    return [*others, restored]


def _values_naming(box: Box, key: str) -> dict[str, list[str]]:
    return {field: value for field, value in box.fields.items() if isinstance(value, list) and key in value}


def _replaced(value: list[str], key: str, by: str | None) -> list[str]:
    keys = [by if each == key else each for each in value]
    return list(dict.fromkeys(each for each in keys if each is not None))


def _links_replaced(links: list[BoxLink], key: str, by: str | None) -> list[BoxLink]:
    """The links with `by` in the place of `key`. If both were linked, one link remains, which is starred if either
    was."""
    old = next((link for link in links if link.key == key), None)
    if old is None:
        return links
    if by is None:
        return [link for link in links if link.key != key]
    other = next((link for link in links if link.key == by), None)
    remaining = msgspec.structs.replace(
        other or old, key=by, is_starred=old.is_starred or bool(other and other.is_starred)
    )
    place = other or old
    return [remaining if link is place else link for link in links if link is place or link is not old]


def _in_entries(ctx: Ctx, noun: Noun[E], team: Team, key: str, by: str | None) -> list[tuple[str, str, str, str]]:
    """Replace references in field values of other entries. Returns the values before."""
    found = []
    for name, field in custom_fields.naming(team, noun.name):
        for entry_key, value in _entries_naming(ctx, team, name, field, key):
            found.append((name, entry_key, field, value))
            set_value(ctx, name, entry_key, field, ",".join(_replaced(value.split(","), key, by)))
    return found


def _entries_naming(ctx: Ctx, team: Team, name: str, field: str, key: str) -> list[Any]:
    value = ctx.db.dialect.field_value("fields", field)
    rows = ctx.db.rows(
        f"SELECT key, {value} FROM {name} WHERE team_key = :team AND {value} LIKE :part",
        team=team.key,
        part=f"%{key}%",
    )
    return [(entry_key, text) for entry_key, text in rows if key in text.split(",")]


def _value(ctx: Ctx, name: str, entry_key: str, field: str) -> str | None:
    row = ctx.db.row(f"SELECT fields FROM {name} WHERE key = :key", key=entry_key)
    return msgspec.json.decode(row[0], type=dict[str, str]).get(field) if row else None


def set_value(ctx: Ctx, name: str, entry_key: str, field: str, value: str) -> None:
    """Store a field value of an entry. An empty text clears it."""
    row = ctx.db.row(f"SELECT fields FROM {name} WHERE key = :key{ctx.db.for_update}", key=entry_key)
    if row is None:
        return
    values = {**msgspec.json.decode(row[0], type=dict[str, str]), field: value}
    ctx.db.run(
        f"UPDATE {name} SET fields = :fields, saved_at = :now WHERE key = :key",
        key=entry_key,
        now=ctx.now,
        fields=msgspec.json.encode({name: text for name, text in values.items() if text}).decode(),
    )
