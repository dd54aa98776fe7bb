"""How each member of an edit changes a box. Nothing is written here: `boxes.save` does, and says so."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from ...errors import Invalid, NotFound
from ..accounts import invitations
from ..context import Ctx
from ..people import contact_access
from ..pipelines import field_values, schema
from ..records import Box, BoxLink, Pipeline, StageStay
from . import lookup

MOST_LINKS = 1000


def _name(ctx: Ctx, pipeline: Pipeline, box: Box, name: str) -> Box:
    return msgspec.structs.replace(box, name=name)


def _notes(ctx: Ctx, pipeline: Pipeline, box: Box, notes: str | None) -> Box:
    return msgspec.structs.replace(box, notes=notes or None)


def _stage(ctx: Ctx, pipeline: Pipeline, box: Box, stage_key: str | None) -> Box:
    return box if not stage_key else move(ctx, box, schema.stage_for_box(ctx, pipeline, stage_key).key)


def move(ctx: Ctx, box: Box, stage_key: str) -> Box:
    """The box in another stage: the stay that ends is added to that stage's time. The caller saves it."""
    if stage_key == box.stage_key:
        return box
    history = []
    for stay in box.stage_history:
        if stay.stage_key == box.stage_key:
            spent = stay.finished_ms + ctx.now - box.stage_changed_at
            stay = msgspec.structs.replace(stay, finished_ms=spent)
        history.append(stay)
    was = next((stay for stay in history if stay.stage_key == stage_key), None)
    entered = StageStay(stage_key, ctx.now, was.finished_ms if was else 0)
    history = [stay for stay in history if stay is not was] + [entered]
    return msgspec.structs.replace(box, stage_key=stage_key, stage_history=history, stage_changed_at=ctx.now)


def merge_fields(ctx: Ctx, pipeline: Pipeline, box: Box, given: dict[str, Any]) -> Box:
    """Merge values key by key. A formula's value in an echo is left alone."""
    if not given:
        return box
    by_key = schema.fields_by_key(ctx, pipeline.key)
    merged = dict(box.fields)
    for key, value in given.items():
        name = f"fields.{key}"
        if key not in by_key:
            raise Invalid(name, f"no field {key[:50]!r} in this pipeline")
        if by_key[key].type == "FORMULA" or (key in merged and merged[key] == value):
            continue
        checked = field_values.check(ctx, pipeline, by_key[key], value, name)
        merged.pop(key, None)
        if checked is not None:
            merged[key] = checked
    return msgspec.structs.replace(box, fields=dict(sorted(merged.items())))


def _assignees(ctx: Ctx, pipeline: Pipeline, box: Box, given: list[dict[str, str]]) -> Box:
    keys = [invitations.named(ctx, one, "assignedToSharingEntries", box.assignee_keys) for one in given]
    return msgspec.structs.replace(box, assignee_keys=list(dict.fromkeys(keys)))


def _followers(ctx: Ctx, pipeline: Pipeline, box: Box, keys: list[str]) -> Box:
    keys = [invitations.named(ctx, {"user_key": key}, "followerKeys", box.follower_keys) for key in keys]
    return msgspec.structs.replace(box, follower_keys=list(dict.fromkeys(keys)))


def _linked(ctx: Ctx, pipeline: Pipeline, box: Box, keys: list[str]) -> Box:
    keys = [key for key in dict.fromkeys(keys) if key != box.key]
    if len(keys) > MOST_LINKS:
        raise Invalid("linkedBoxKeys", f"at most {MOST_LINKS} boxes can be linked")
    for key in keys:
        if key not in box.linked_box_keys:
            try:
                lookup.get(ctx, key)
            except NotFound:
                raise Invalid("linkedBoxKeys", f"no box {key[:100]!r} within your reach") from None
    return msgspec.structs.replace(box, linked_box_keys=keys)


def _of_team(table: str, member: str) -> Callable[[Ctx, Pipeline, Box, list[dict[str, Any]]], Box]:
    """Replace the contacts (organizations) with those named, which must be the team's."""

    def change(ctx: Ctx, pipeline: Pipeline, box: Box, given: list[dict[str, Any]]) -> Box:
        links = list({one["key"]: BoxLink(**one) for one in given}.values())
        if len(links) > MOST_LINKS:
            raise Invalid(member, f"at most {MOST_LINKS} can be linked")
        known = {link.key for link in getattr(box, member)}
        keys = [link.key for link in links if link.key not in known]
        found = contact_access.known(ctx, table, pipeline.team_key, keys)
        for at, link in enumerate(links):
            if link.key not in known | found:
                raise Invalid(f"{member}[{at}].key", f"no one of the team's {table} has the key {link.key[:100]!r}")
        return msgspec.structs.replace(box, **{member: links})

    return change


# In the order told.
CHANGES: dict[str, Callable[[Ctx, Pipeline, Box, Any], Box]] = {
    "stage_key": _stage,
    "name": _name,
    "notes": _notes,
    "fields": merge_fields,
    "assignees": _assignees,
    "follower_keys": _followers,
    "linked_box_keys": _linked,
    "contacts": _of_team("contacts", "contacts"),
    "organizations": _of_team("organizations", "organizations"),
}
