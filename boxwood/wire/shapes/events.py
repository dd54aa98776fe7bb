"""Newsfeed entries on the wire (spec 4.9)."""

from __future__ import annotations

from typing import Any

import msgspec

from ...core.event_kinds import EVENT_KINDS
from ...core.events import Event, key_of
from .base import Out, given

_INNER = ("people", "part", "changed", "colours", "task_keys", "change_id", "via", "undoes", "earlier")


class NewsfeedEntry(Out, omit_defaults=False):
    newsfeed_item_key: str
    key: str
    newsfeed_entry_scope: str
    newsfeed_entry_operation: str
    newsfeed_entry_specific: str
    timestamp: int
    last_saved_timestamp: int
    moved: bool
    collapsed_entries: list[dict[str, Any]]
    story_text_box: str
    story_text_pipeline: str
    story_text_global: str
    specific_variables: dict[str, str]
    box_key: str | msgspec.UnsetType = msgspec.UNSET
    pipeline_key: str | msgspec.UnsetType = msgspec.UNSET
    creator_key: str | msgspec.UnsetType = msgspec.UNSET


def newsfeed_entry(event: Event, folded: list[Event] | None = None) -> NewsfeedEntry:
    """`folded` are the older entries shown within this one."""
    kind = EVENT_KINDS[event.kind]
    return NewsfeedEntry(
        newsfeed_item_key=key_of(event.id),
        key=key_of(event.id),
        newsfeed_entry_scope=kind.scope,
        newsfeed_entry_operation=kind.operation,
        newsfeed_entry_specific=kind.specific,
        timestamp=event.at,
        last_saved_timestamp=event.at,
        moved=event.kind in ("box.moved", "box.moved_pipeline"),
        collapsed_entries=[msgspec.to_builtins(newsfeed_entry(older)) for older in folded or []],
        story_text_box=story(event, "this box", "this pipeline"),
        story_text_pipeline=story(event, event.detail.get("box_name", ""), "this pipeline"),
        story_text_global=global_story(event),
        specific_variables=_variables(event),
        box_key=given(event.box_key),
        pipeline_key=given(event.pipeline_key),
        creator_key=given(event.actor_key),
    )


def story(event: Event, box: str, pipeline: str) -> str:
    """The sentence, naming the box and the pipeline as the reader's place asks."""
    names = {name: event.detail.get(name, "") for name in ("subject", "what", "old_name", "email", "reason")}
    names["stage"] = event.detail.get("stage_name", "")
    names["old_pipeline"] = event.detail.get("old_pipeline_name", "")
    kind = EVENT_KINDS[event.kind]
    what = kind.story.format(box=box, pipeline=pipeline, **names)
    return what if kind.by_itself else f"{event.detail.get('author', 'Someone')} {what}"


def global_story(event: Event) -> str:
    pipeline = event.detail.get("pipeline_name", "")
    sentence = story(event, event.detail.get("box_name", ""), pipeline)
    said_already = "{pipeline}" in EVENT_KINDS[event.kind].story or not pipeline
    return sentence if said_already else f"{sentence} in {pipeline}"


def _variables(event: Event) -> dict[str, str]:
    """Names in capitals, all texts; the author's has Streak's name."""
    found = {name.upper(): value for name, value in event.detail.items() if name not in _INNER}
    found["STORY_AUTHOR_DISPLAY_NAME"] = found.pop("AUTHOR", "")
    return found


def condense(events: list[Event]) -> list[NewsfeedEntry]:
    """Neighbours of one kind, box and author become one entry; stage moves never do (ruling 19)."""
    groups: list[list[Event]] = []
    for event in events:
        if groups and event.kind != "box.moved" and _same(groups[-1][0], event):
            groups[-1].append(event)
        else:
            groups.append([event])
    return [newsfeed_entry(first, rest) for first, *rest in groups]


def _same(event: Event, other: Event) -> bool:
    return (event.kind, event.box_key, event.pipeline_key, event.actor_key) == (
        other.kind,
        other.box_key,
        other.pipeline_key,
        other.actor_key,
    )
