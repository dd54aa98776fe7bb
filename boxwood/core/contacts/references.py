"""What becomes of all that names a contact or an organization when it is deleted or merged into another."""

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
    """What named it before: boxes' links and values by box, and values of other entries by list and key."""

    links: dict[str, list[BoxLink]] = {}
    box_values: dict[str, dict[str, list[str]]] = {}
    entry_values: list[tuple[str, str, str, str]] = []
    """As list, key of the entry, key of the field, value."""
    tasks: list[str] = []


def replace(ctx: Ctx, noun: Noun[E], team: Team, key: str, by: str | None) -> Undo:
    """Name `by` instead (or nothing), in every box, task and field of the team, whoever reaches them."""
    undo = Undo(entry_values=_in_entries(ctx, noun, team, key, by), tasks=_in_tasks(ctx, key, by))
    for box in boxes.locked(ctx, box_links.of(ctx, key)):
        links, values = getattr(box, noun.name), _values_naming(box, key)
        if any(link.key == key for link in links):
            undo.links[box.key] = links
        if values:
            undo.box_values[box.key] = values
        after = {**box.fields, **{field: _swapped(value, key, by) for field, value in values.items()}}
        after = {field: value for field, value in after.items() if value != []}
        changed = msgspec.structs.replace(box, fields=after, **{noun.name: _relinked(links, key, by)})
        boxes.save(ctx, boxes.pipeline_of(ctx, box), box, changed)
    return undo


def _in_tasks(ctx: Ctx, key: str, by: str | None) -> list[str]:
    rows = ctx.db.rows("SELECT key FROM tasks WHERE contact_key = :key ORDER BY key", key=key)
    ctx.db.run(
        "UPDATE tasks SET contact_key = :by, saved_at = :now WHERE contact_key = :key", key=key, by=by, now=ctx.now
    )
    return [row[0] for row in rows]


def undo(ctx: Ctx, noun: Noun[E], before: Undo, key: str, by: str | None) -> None:
    """Name `key` again where it was named before `by` (or nothing) took its place, as far as that was not changed
    since."""
    for box in boxes.locked(ctx, [*before.links, *before.box_values]):
        links = getattr(box, noun.name)
        if box.key in before.links:
            links = _linked_again(links, before.links[box.key], key, by)
        values = dict(box.fields)
        for field, value in before.box_values.get(box.key, {}).items():
            if values.get(field, []) == _swapped(value, key, by):
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
        if (_value(ctx, name, entry_key, field) or "") == ",".join(_swapped(text.split(","), key, by)):
            set_value(ctx, name, entry_key, field, text)


def _linked_again(now: list[BoxLink], before: list[BoxLink], key: str, by: str | None) -> list[BoxLink]:
    if now == _relinked(before, key, by):
        return before
    if by is not None and by not in {link.key for link in now}:
        return now  # somebody took the link away since
    if key in {link.key for link in now}:
        return now
    back = next(link for link in before if link.key == key)
    kept = now if by in {link.key for link in before} else [link for link in now if link.key != by]
    return [*kept, back]


def _values_naming(box: Box, key: str) -> dict[str, list[str]]:
    return {field: value for field, value in box.fields.items() if isinstance(value, list) and key in value}


def _swapped(value: list[str], key: str, by: str | None) -> list[str]:
    named = [by if one == key else one for one in value]
    return list(dict.fromkeys(one for one in named if one is not None))


def _relinked(links: list[BoxLink], key: str, by: str | None) -> list[BoxLink]:
    """In the place of the old one; where both were linked, one link that is starred if either was."""
    gone = next((link for link in links if link.key == key), None)
    if gone is None:
        return links
    if by is None:
        return [link for link in links if link.key != key]
    other = next((link for link in links if link.key == by), None)
    kept = msgspec.structs.replace(
        other or gone, key=by, is_starred=gone.is_starred or bool(other and other.is_starred)
    )
    place = other or gone
    return [kept if link is place else link for link in links if link is place or link is not gone]


def _in_entries(ctx: Ctx, noun: Noun[E], team: Team, key: str, by: str | None) -> list[tuple[str, str, str, str]]:
    """The same in the values of the directory's own fields; what they were."""
    found = []
    for name, field in custom_fields.holding(team, noun.name):
        for entry_key, value in _entries_naming(ctx, team, name, field, key):
            found.append((name, entry_key, field, value))
            set_value(ctx, name, entry_key, field, ",".join(_swapped(value.split(","), key, by)))
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
    """One value of an entry; empty clears it."""
    row = ctx.db.row(f"SELECT fields FROM {name} WHERE key = :key{ctx.db.for_update}", key=entry_key)
    if row is None:
        return
    values = {**msgspec.json.decode(row[0], type=dict[str, str]), field: value}
    ctx.db.run(
        f"UPDATE {name} SET fields = :fields, saved_at = :now WHERE key = :key",
        key=entry_key,
        now=ctx.now,
        fields=msgspec.json.encode({one: text for one, text in values.items() if text}).decode(),
    )
