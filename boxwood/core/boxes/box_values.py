"""A box as templates and conditions see it: field values by the names of the fields, options by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .. import persons, pipelines
from ..context import Ctx
from ..pipelines import schema
from ..records import WITH_OPTIONS, Box, Field, Person


def box_values(ctx: Ctx, box: Box) -> dict[str, Any]:
    """The members of a box and the names of what its keys mean."""
    pipeline = pipelines.get(ctx, box.pipeline_key)
    by_key = schema.fields_by_key(ctx, box.pipeline_key)
    people = persons.by_key(ctx, [box.creator_key, *box.assignee_keys, *box.follower_keys])
    stage = schema.stage(ctx, pipeline, box.stage_key)
    return {
        "key": box.key,
        "name": box.name,
        "notes": box.notes,
        "stage": {"key": stage.key, "name": stage.name},
        "pipeline": {"key": pipeline.key, "name": pipeline.name},
        "creator": person(people.get(box.creator_key)),
        "assignees": [person(people.get(key)) for key in box.assignee_keys],
        "followers": [person(people.get(key)) for key in box.follower_keys],
        "contacts": [link.key for link in box.contacts],
        "organizations": [link.key for link in box.organizations],
        "emailAddresses": box.emails.addresses,
        "linkedBoxKeys": box.linked_box_keys,
        "created": box.created_at,
        "updated": box.updated_at,
        "stageChanged": box.stage_changed_at,
        "lastTouched": box.activity.touched_at,
        "fields": field_values(by_key, box.fields),
    }


def field_values(by_key: Mapping[str, Field], stored: Mapping[str, Any]) -> dict[str, Any]:
    """Values by the names of the fields. If two fields have the same name, the older field counts."""
    found: dict[str, Any] = {}
    for key, field in by_key.items():
        found.setdefault(field.name, field_value(field, stored.get(key)))
    return found


def field_value(field: Field, value: Any) -> Any:
    """A stored value with the names of options in place of their keys."""
    if field.type in WITH_OPTIONS and value is not None:
        names = {option.key: option.name for option in field.options}
        return [names.get(key, key) for key in value] if isinstance(value, list) else names.get(value, value)
    return value


def person(user: Person | None) -> dict[str, Any] | None:
    """A user as templates see them."""
    return {"key": user.key, "email": user.email, "name": user.full_name or user.display_name} if user else None
