"""The names that templates and conditions of automations may use, and their values in a run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from ...errors import NotFound
from ...lib.templates import ANYTHING
from .. import boxes, persons
from ..boxes.box_values import box_values, field_value, person
from ..context import Ctx
from ..pipelines import schema
from .triggers import TRIGGERS

PERSON = dict.fromkeys(("key", "email", "name"), ANYTHING)
_KEY_AND_NAME = dict.fromkeys(("key", "name"), ANYTHING)
_BOX = dict.fromkeys(
    ("key", "name", "notes", "assignees", "followers", "contacts", "organizations", "emailAddresses", "linkedBoxKeys"),
    ANYTHING,
) | {
    "stage": _KEY_AND_NAME,
    "pipeline": _KEY_AND_NAME,
    "creator": PERSON,
    **dict.fromkeys(("created", "updated", "stageChanged", "lastTouched"), ANYTHING),
}
SUBJECTS: dict[str, dict[str, str]] = {
    "task": {"key": "key", "text": "text", "due": "due_at", "status": "status", "created": "created_at"},
    "comment": {"key": "key", "message": "message", "created": "created_at"},
    "meeting": {"key": "key", "type": "type", "start": "start_at", "duration": "duration_ms", "notes": "notes"},
    "file": {"key": "key", "name": "name", "mimeType": "mime_type", "size": "size"},
    "thread": {"key": "key", "subject": "subject", "names": "names", "emailAddresses": "email_addresses"},
    "message": {
        "key": "key",
        "subject": "subject",
        "text": "text",
        "from": "from",
        "fromName": "from_name",
        "to": "to",
        "sent": "sent_at",
    },
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
"""The members of the record that a trigger is about: the name in templates, and the name in the stored record."""


def with_box(trigger: Mapping[str, Any]) -> bool:
    """Whether the runs of this trigger are about a box."""
    kind = trigger.get("type")
    return kind != "webhook" and (kind != "schedule" or bool(trigger.get("eachBox")))


def scope(trigger_type: str, field_names: set[str] | None, secrets: list[str]) -> dict[str, Any]:
    """The names that templates may use, known when the automation is saved. `field_names` is None for an automation
    of a team: its runs have no box."""
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
        "automation": _KEY_AND_NAME,
    }
    if field_names is not None:
        values = dict.fromkeys(sorted(field_names), ANYTHING)
        found["box"] = {**_BOX, "fields": values}
        found["fields"] = values
        found["before"] = {
            **dict.fromkeys(("name", "notes", "assignees"), ANYTHING),
            "stage": _KEY_AND_NAME,
            "fields": values,
        }
    subject = TRIGGERS[trigger_type].subject
    if subject:
        found[subject] = dict.fromkeys(SUBJECTS[subject], ANYTHING)
    return found


def before(ctx: Ctx, pipeline_key: str | None, was: Mapping[str, Any], detail: Mapping[str, str]) -> dict[str, Any]:
    """The members of a box that an event changed, with their values before the change."""
    found: dict[str, Any] = {name: was.get(name) for name in ("name", "notes")}
    if "stage_key" in was:
        found["stage"] = {"key": was["stage_key"], "name": detail.get("old_stage_name", "")}
    if "assignee_keys" in was:
        known = persons.by_key(ctx, was["assignee_keys"])
        found["assignees"] = [person(known.get(key)) for key in was["assignee_keys"]]
    stored = was.get("fields")
    stored = stored if isinstance(stored, dict) else {}
    by_key = schema.fields_by_key(ctx, pipeline_key) if pipeline_key else {}
    found["fields"] = {field.name: field_value(field, stored[key]) for key, field in by_key.items() if key in stored}
    return found


def subject(name: str, record: Any) -> dict[str, Any]:
    """The record that a trigger is about, with the names that templates use. The event of a thread holds the thread
    within a larger record."""
    stored = msgspec.to_builtins(record) if not isinstance(record, dict) else record
    stored = stored.get("thread", stored) if name == "thread" else stored
    return {shown: stored.get(member) for shown, member in SUBJECTS[name].items()}


def current_box(ctx: Ctx, box_key: str | None) -> dict[str, Any] | None:
    """The box with its current values; None if there is none or the run's owner has no access to it."""
    if not box_key:
        return None
    try:
        return box_values(ctx, boxes.get(ctx, box_key))
    except NotFound:
        return None
