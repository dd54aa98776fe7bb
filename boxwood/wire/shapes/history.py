"""Histories on the wire: each change with its author, and its values before and after."""

from __future__ import annotations

from typing import Any

import msgspec

from ...core.events import Event, key_of
from ...core.history import history
from ...core.trash import Trashed
from ...core.undo.undo import Undone as Done
from .. import payloads
from .base import Out, given
from .events import global_story


class Through(Out):
    """How the actor made the change: by a `key`, an `automation` and so on. `name` is its current name."""

    type: str
    key: str = ""
    name: str = ""


class Actor(Out):
    key: str
    display_name: str


class Change(Out, omit_defaults=False):
    """`change` is the key of everything that was done at once: send it to undo it. `before` and `after` contain the
    members that changed. For something created or deleted, `object` is the whole of it."""

    key: str
    change: str
    kind: str
    timestamp: int
    story: str
    actor: Actor | None
    via: Through | None
    before: Any
    after: Any
    object: Any = msgspec.UNSET
    box_key: str | msgspec.UnsetType = msgspec.UNSET
    pipeline_key: str | msgspec.UnsetType = msgspec.UNSET
    object_key: str | msgspec.UnsetType = msgspec.UNSET
    undoes: str | msgspec.UnsetType = msgspec.UNSET


class History(Out, omit_defaults=False):
    results: list[Change]
    cursor: str | msgspec.UnsetType = msgspec.UNSET


def change(event: Event, names: dict[str, str]) -> Change:
    after = history.after(event)
    return Change(
        key=key_of(event.id),
        change=event.detail.get("change_id") or key_of(event.id),
        kind=event.kind,
        timestamp=event.at,
        story=global_story(event),
        actor=Actor(event.actor_key, event.detail.get("author", "")) if event.actor_key else None,
        via=_through(event.detail.get("via", ""), names),
        before=payloads.before(event),
        after=None if after is None else payloads.spelled(after),
        object=payloads.thing(event) if after is None else msgspec.UNSET,
        box_key=given(event.box_key),
        pipeline_key=given(event.pipeline_key),
        object_key=given(event.subject_key),
        undoes=given(event.detail.get("undoes")),
    )


def _through(via: str, names: dict[str, str]) -> Through | None:
    noun, _, key = via.partition(":")
    return Through(noun, key, names.get(via, "")) if noun else None


class Left(Out, omit_defaults=False):
    """An event that was not undone, and why. `name` is what it is about; it is empty if the caller has no access to it
    any longer."""

    key: str
    kind: str
    reason: str
    name: str
    box_key: str | msgspec.UnsetType = msgspec.UNSET


class Undone(Out, omit_defaults=False):
    """`change` is the key of the undo itself, so that you can undo it too. `undone` are the keys of the undone
    events. `progress` is how much of the change is done, from 0 to 1."""

    change: str
    undone: list[str]
    left: list[Left]
    has_more: bool
    progress: float


def undone(done: Done, change: str) -> Undone:
    left = [
        Left(
            key_of(skipped.event.id),
            skipped.event.kind,
            skipped.text,
            skipped.name,
            given(skipped.event.box_key if skipped.name else None),
        )
        for skipped in done.left
    ]
    return Undone(change, [key_of(event.id) for event in done.events], left, done.more, round(done.progress, 4))


class TrashedOut(Out, omit_defaults=False):
    """`noun` is `box`, `task`, `contact`, `pipeline` and so on. At `until`, it is deleted permanently."""

    key: str
    noun: str
    name: str
    deleted_timestamp: int
    until: int
    deleted_by: str
    team_key: str | msgspec.UnsetType = msgspec.UNSET
    pipeline_key: str | msgspec.UnsetType = msgspec.UNSET
    box_key: str | msgspec.UnsetType = msgspec.UNSET


class Trash(Out, omit_defaults=False):
    results: list[TrashedOut]
    cursor: str | msgspec.UnsetType = msgspec.UNSET


def trashed(trashed: Trashed) -> TrashedOut:
    return TrashedOut(
        key=trashed.key,
        noun=trashed.noun,
        name=trashed.name,
        deleted_timestamp=trashed.deleted_at,
        until=trashed.until,
        deleted_by=trashed.actor_key,
        team_key=given(trashed.team_key),
        pipeline_key=given(trashed.pipeline_key),
        box_key=given(trashed.box_key),
    )
