"""What templates and conditions of a rule can speak of: which names there are, and what they stand for in a run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from ...errors import NotFound
from ...lib.templates import ANYTHING
from .. import boxes, persons, pipelines
from ..context import Ctx
from ..pipelines import schema
from ..records import WITH_OPTIONS, Box, Field, Person
from .triggers import TRIGGERS

PERSON = dict.fromkeys(("key", "email", "name"), ANYTHING)
_PLACE = dict.fromkeys(("key", "name"), ANYTHING)
_BOX = dict.fromkeys(
    ("key", "name", "notes", "assignees", "followers", "contacts", "organizations", "emailAddresses", "linkedBoxKeys"),
    ANYTHING,
) | {
    "stage": _PLACE,
    "pipeline": _PLACE,
    "creator": PERSON,
    **dict.fromkeys(("created", "updated", "stageChanged", "lastTouched"), ANYTHING),
}
SUBJECTS: dict[str, dict[str, str]] = {
    "task": {"key": "key", "text": "text", "due": "due_at", "status": "status", "created": "created_at"},
    "comment": {"key": "key", "message": "message", "created": "created_at"},
    "meeting": {"key": "key", "type": "type", "start": "start_at", "duration": "duration_ms", "notes": "notes"},
    "file": {"key": "key", "name": "name", "mimeType": "mime_type", "size": "size"},
    "thread": {"key": "key", "subject": "subject", "names": "names", "emailAddresses": "email_addresses"},
    "contact": {
        "key": "key",
        "givenName": "given_name",
        "familyName": "family_name",
        "title": "title",
        "emailAddresses": "email_addresses",
        "phoneNumbers": "phone_numbers",
        "addresses": "addresses",
        "domains": "domains",
        "other": "other",
        "fields": "fields",
    },
    "organization": {
        "key": "key",
        "name": "name",
        "industry": "industry",
        "employeeCount": "employee_count",
        "phoneNumbers": "phone_numbers",
        "addresses": "addresses",
        "domains": "domains",
        "other": "other",
        "fields": "fields",
    },
}
"""What is told of the record that a trigger is about: our names of its members by theirs."""


def with_box(trigger: Mapping[str, Any]) -> bool:
    """Whether its runs are about a box."""
    kind = trigger.get("type")
    return kind != "webhook" and (kind != "schedule" or bool(trigger.get("eachBox")))


def scope(trigger_type: str, field_names: set[str] | None, secrets: list[str]) -> dict[str, Any]:
    """The names known when a rule is saved; of a team's rule (`field_names` None) there is no box."""
    found: dict[str, Any] = {
        "trigger": dict.fromkeys(("type", "kind", "at", "email"), ANYTHING),
        "actor": PERSON,
        "owner": PERSON,
        "now": ANYTHING,
        "body": ANYTHING,
        "query": ANYTHING,
        "headers": ANYTHING,
        "steps": {},
        "secrets": dict.fromkeys(secrets, ANYTHING),
        "automation": _PLACE,
    }
    if field_names is not None:
        values = dict.fromkeys(sorted(field_names), ANYTHING)
        found["box"] = {**_BOX, "fields": values}
        found["fields"] = values
        found["before"] = {**dict.fromkeys(("name", "notes", "assignees"), ANYTHING), "stage": _PLACE, "fields": values}
    subject = TRIGGERS[trigger_type].subject
    if subject:
        found[subject] = dict.fromkeys(SUBJECTS[subject], ANYTHING)
    return found


def of_box(ctx: Ctx, box: Box) -> dict[str, Any]:
    """A box as templates see it: values of its fields by their names, options by theirs."""
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
        "fields": values(by_key, box.fields),
    }


def values(by_key: Mapping[str, Field], held: Mapping[str, Any]) -> dict[str, Any]:
    """By the fields' names; of two of one name the older."""
    found: dict[str, Any] = {}
    for key, field in by_key.items():
        found.setdefault(field.name, shown(field, held.get(key)))
    return found


def shown(field: Field, value: Any) -> Any:
    if field.type in WITH_OPTIONS and value is not None:
        names = {option.key: option.name for option in field.options}
        return [names.get(one, one) for one in value] if isinstance(value, list) else names.get(value, value)
    return value


def person(one: Person | None) -> dict[str, Any] | None:
    return {"key": one.key, "email": one.email, "name": one.full_name or one.display_name} if one else None


def before(ctx: Ctx, pipeline_key: str | None, was: Mapping[str, Any], detail: Mapping[str, str]) -> dict[str, Any]:
    """What the change changed, as it had been."""
    found: dict[str, Any] = {name: was.get(name) for name in ("name", "notes")}
    if "stage_key" in was:
        found["stage"] = {"key": was["stage_key"], "name": detail.get("old_stage_name", "")}
    if "assignee_keys" in was:
        known = persons.by_key(ctx, was["assignee_keys"])
        found["assignees"] = [person(known.get(key)) for key in was["assignee_keys"]]
    held = was.get("fields")
    by_key = schema.fields_by_key(ctx, pipeline_key) if pipeline_key else {}
    found["fields"] = {
        field.name: shown(field, held[key]) for key, field in by_key.items() if isinstance(held, dict) and key in held
    }
    return found


def subject(name: str, record: Any) -> dict[str, Any]:
    """The record a trigger is about, under our names. A thread's record stands within its whole."""
    held = msgspec.to_builtins(record) if not isinstance(record, dict) else record
    held = held.get("thread", held) if name == "thread" else held
    return {ours: held.get(theirs) for ours, theirs in SUBJECTS[name].items()}


def reached(ctx: Ctx, box_key: str | None) -> dict[str, Any] | None:
    """The box as it is now, if the run's owner may see it."""
    if not box_key:
        return None
    try:
        return of_box(ctx, boxes.get(ctx, box_key))
    except NotFound:
        return None
