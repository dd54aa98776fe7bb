"""What each step does, by the same verbs as the API's: with the rights of whoever the automation acts for.

Each takes what it was told, its templates filled, and answers what later steps find of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ...errors import Invalid
from ...lib.template_filters import as_moment, as_text
from .. import boxes, outgoing_mail, pipelines
from ..accounts import invitations
from ..activity import comments, tasks
from ..boxes import upsert
from ..contacts import entries
from ..context import Ctx
from ..people.contacts import CONTACTS
from ..people.organizations import ORGANIZATIONS
from ..pipelines import schema
from ..records import WITH_OPTIONS, Box, Field, Pipeline
from . import runs
from .automations import Automation, load
from .runs import Run
from .steps import milliseconds, named

Given = dict[str, Any]
Output = dict[str, Any]


class Doing:
    """A step under way: who acts, for which run, and its number within it."""

    def __init__(self, ctx: Ctx, automation: Automation, run: Run, place: int) -> None:
        self.ctx = ctx
        self.automation = automation
        self.run = run
        self.place = place

    def box(self, given: Given) -> tuple[Box, Pipeline]:
        """The box it is done to."""
        key = as_text(given.get("box")).strip() or self.run.box_key
        if not key:
            raise Invalid("box", "is missing: this run has no box of its own")
        box = boxes.get(self.ctx, key)
        return box, boxes.pipeline_of(self.ctx, box)


def _set_fields(doing: Doing, given: Given) -> Output:
    box, pipeline = doing.box(given)
    held = _values(doing.ctx, pipeline, given["fields"])
    boxes.edit(doing.ctx, box.key, {"fields": held})
    return {}


def _edit(doing: Doing, given: Given) -> Output:
    box, _ = doing.box(given)
    changes: Given = {name: as_text(given[name]) for name in ("name", "notes") if name in given}
    if as_text(given.get("addNotes")):
        held = changes.get("notes", box.notes or "")
        changes["notes"] = f"{held}\n{as_text(given['addNotes'])}".strip("\n")
    boxes.edit(doing.ctx, box.key, changes)
    return {}


def _move(doing: Doing, given: Given) -> Output:
    box, pipeline = doing.box(given)
    key = _stage(doing.ctx, pipeline, given["stage"])
    boxes.edit(doing.ctx, box.key, {"stage_key": key})
    return {}


def _move_pipeline(doing: Doing, given: Given) -> Output:
    box, _ = doing.box(given)
    target = pipelines.get(doing.ctx, given["pipeline"])
    stage = _stage(doing.ctx, target, given["stage"]) if as_text(given.get("stage")) else None
    boxes.edit(doing.ctx, box.key, {"pipeline_key": target.key, "stage_key": stage})
    return {}


def _assign(doing: Doing, given: Given) -> Output:
    box, _ = doing.box(given)
    held = [] if given.get("replace") else [{"user_key": key} for key in box.assignee_keys]
    boxes.edit(doing.ctx, box.key, {"assignees": [*held, *_people(given["users"])]})
    return {}


def _unassign(doing: Doing, given: Given) -> Output:
    box, _ = doing.box(given)
    gone = _user_keys(doing.ctx, _people(given.get("users"))) if given.get("users") else set(box.assignee_keys)
    kept = [{"user_key": key} for key in box.assignee_keys if key not in gone]
    boxes.edit(doing.ctx, box.key, {"assignees": kept})
    return {}


def _follow(doing: Doing, given: Given) -> Output:
    box, _ = doing.box(given)
    more = _user_keys(doing.ctx, _people(given["users"]))
    boxes.edit(doing.ctx, box.key, {"follower_keys": [*box.follower_keys, *sorted(more)]})
    return {}


def _link(doing: Doing, given: Given) -> Output:
    box, _ = doing.box(given)
    boxes.edit(doing.ctx, box.key, {"linked_box_keys": [*box.linked_box_keys, *_texts(given["boxes"])]})
    return {}


def _create(doing: Doing, given: Given) -> Output:
    pipeline, told = _new_box(doing, given)
    box = boxes.create(doing.ctx, pipeline.key, told)
    return {"key": box.key, "name": box.name}


def _find_or_create(doing: Doing, given: Given) -> Output:
    pipeline, told = _new_box(doing, given)
    match = given["match"]
    if match != "name":
        by_key = schema.fields_by_key(doing.ctx, pipeline.key)
        match = named({key: field.name for key, field in by_key.items()}, match, "match", "field")
    box, created = upsert.upsert(doing.ctx, pipeline.key, match, told, update=bool(given.get("update")))
    return {"key": box.key, "name": box.name, "created": created}


def _new_box(doing: Doing, given: Given) -> tuple[Pipeline, Given]:
    ctx, own = doing.ctx, doing.automation.pipeline_key
    key = given.get("pipeline") or own
    if not key:
        raise Invalid("pipeline", "is missing: this automation is a team's")
    pipeline = pipelines.get(ctx, key)
    told: Given = {"name": as_text(given["name"])}
    if as_text(given.get("stage")):
        told["stage_key"] = _stage(ctx, pipeline, given["stage"])
    if given.get("notes"):
        told["notes"] = as_text(given["notes"])
    if given.get("fields"):
        told["fields"] = _values(ctx, pipeline, given["fields"])
    if given.get("assignees"):
        told["assignees"] = _people(given["assignees"])
    if given.get("link") and doing.run.box_key:
        told["linked_box_keys"] = [doing.run.box_key]
    return pipeline, told


def _task(doing: Doing, given: Given) -> Output:
    box, _ = doing.box(given)
    told: Given = {"text": as_text(given["text"])}
    if given.get("due") not in (None, ""):
        told["due_at"] = moment(given["due"], "due")
    elif given.get("dueIn"):
        told["due_at"] = doing.ctx.now + milliseconds(given["dueIn"], "dueIn")
    if given.get("assignees"):
        told["assignees"] = _people(given["assignees"])
    task = tasks.create(doing.ctx, box.key, told)
    return {"key": task.key, "text": task.text, "due": task.due_at}


def _comment(doing: Doing, given: Given) -> Output:
    box, _ = doing.box(given)
    return {"key": comments.create(doing.ctx, box.key, {"message": as_text(given["message"])}).key}


def _contact(doing: Doing, given: Given) -> Output:
    told = {
        "email_addresses": _texts(given["emailAddresses"]),
        "phone_numbers": _texts(given.get("phoneNumbers")),
        "given_name": as_text(given.get("givenName")),
        "family_name": as_text(given.get("familyName")),
        "title": as_text(given.get("title")),
        "other": as_text(given.get("other")),
    }
    entry = entries.upsert(doing.ctx, CONTACTS, doing.automation.team_key, _without_empty(told))
    _name(doing, given, "contacts", entry.key)
    return {"key": entry.key}


def _organization(doing: Doing, given: Given) -> Output:
    told = {
        "domains": _texts(given["domains"]),
        "phone_numbers": _texts(given.get("phoneNumbers")),
        "name": as_text(given.get("name")),
        "industry": as_text(given.get("industry")),
        "other": as_text(given.get("other")),
    }
    entry = entries.upsert(doing.ctx, ORGANIZATIONS, doing.automation.team_key, _without_empty(told))
    _name(doing, given, "organizations", entry.key)
    return {"key": entry.key}


def _without_empty(told: Given) -> Given:
    return {name: value for name, value in told.items() if value}


def _name(doing: Doing, given: Given, member: str, key: str) -> None:
    """Among the contacts (organizations) of the run's box."""
    if not given.get("linkToBox"):
        return
    box, _ = doing.box({})
    held = [{"key": one.key, "is_starred": one.is_starred} for one in getattr(box, member)]
    if key not in {one["key"] for one in held}:
        boxes.edit(doing.ctx, box.key, {member: [*held, {"key": key}]})


def _email(doing: Doing, given: Given) -> Output:
    """Written down with the step, so it is sent once, when a mail server takes it."""

    def post(to: list[str]) -> str:
        return outgoing_mail.post(
            doing.ctx,
            to,
            as_text(given["subject"]),
            as_text(given["text"]),
            html=as_text(given.get("html")),
            reply_to=as_text(given.get("replyTo")),
            about="automation",
        ).key

    for one in _texts(given.get("bcc")):
        post([one])
    return {"letter": post(_texts(given["to"]))}


def _run(doing: Doing, given: Given) -> Output:
    """Another automation, begun once for this step, whatever becomes of the step's transaction."""
    other = load(doing.ctx.db, given["automation"])
    if other is None or other.team_key != doing.automation.team_key:
        raise Invalid("automation", f"no automation {given['automation'][:50]!r} in this team")
    if not other.enabled:
        raise Invalid("automation", f"{other.name!r} is switched off")
    box_key = as_text(given.get("box")).strip() or doing.run.box_key
    if box_key:
        box = boxes.get(doing.ctx, box_key)
        if other.pipeline_key not in (None, box.pipeline_key):
            raise Invalid("box", f"is of another pipeline than the automation {other.name!r}")
    began = runs.start(
        doing.ctx,
        other,
        f"a:{doing.run.key}:{doing.place}",
        trigger={"type": "automation"},
        box_key=box_key,
        body=given.get("body"),
    )
    if began is not None and began.state == "refused":
        raise Invalid("automation", f"{other.name!r} was not run: {began.reason}")
    return {"run": began.key if began else None}


VERBS: dict[str, Callable[[Doing, Given], Output]] = {
    "box.setFields": _set_fields,
    "box.edit": _edit,
    "box.move": _move,
    "box.movePipeline": _move_pipeline,
    "box.assign": _assign,
    "box.unassign": _unassign,
    "box.follow": _follow,
    "box.link": _link,
    "box.create": _create,
    "box.findOrCreate": _find_or_create,
    "task.create": _task,
    "comment.create": _comment,
    "contact.save": _contact,
    "organization.save": _organization,
    "email.send": _email,
    "automation.run": _run,
}


# Reading what was told


def moment(value: Any, where: str) -> int:
    """Milliseconds, of milliseconds or a date in ISO form."""
    found = as_moment(value)
    if found is None:
        raise Invalid(where, f"{as_text(value)[:50]!r} is no time: milliseconds, or a date such as 2026-11-25")
    return int(found.timestamp() * 1000)


def _stage(ctx: Ctx, pipeline: Pipeline, wanted: Any) -> str:
    names = {key: stage.name for key, stage in schema.stages(ctx, [pipeline.key])[pipeline.key].items()}
    return named(names, as_text(wanted), "stage", "stage")


def _values(ctx: Ctx, pipeline: Pipeline, given: Mapping[str, Any]) -> Given:
    """By the fields' keys; options by theirs."""
    by_key = schema.fields_by_key(ctx, pipeline.key)
    names = {key: field.name for key, field in by_key.items()}
    found = {}
    for name, value in given.items():
        key = named(names, name, f"fields.{name[:50]}", "field")
        found[key] = _value(by_key[key], value, f"fields.{name[:50]}")
    return found


def _value(field: Field, value: Any, where: str) -> Any:
    if value in (None, "", []):
        return None
    if field.type in WITH_OPTIONS:
        names = {option.key: option.name for option in field.options}
        if field.type == "DROPDOWN":
            return named(names, as_text(value), where, "option")
        return [named(names, one, where, "option") for one in _texts(value)]
    if field.type == "DATE":
        return moment(value, where)
    if field.type == "TEXT_INPUT" and isinstance(value, (list, dict, bool)):
        return as_text(value)
    return value


def _texts(value: Any) -> list[str]:
    """Of a list, of lists within it, or of a text with commas."""
    if value is None:
        return []
    if isinstance(value, list):
        return [text for one in value for text in _texts(one)]
    return [one.strip() for one in as_text(value).split(",") if one.strip()]


def _people(value: Any) -> list[dict[str, str]]:
    """Of keys, addresses, or people as templates have them."""
    if isinstance(value, dict):
        return [{"user_key": value["key"]}] if value.get("key") else []
    if isinstance(value, list):
        return [person for one in value for person in _people(one)]
    return [{"email" if "@" in one else "user_key": one} for one in _texts(value)]


def _user_keys(ctx: Ctx, people: list[dict[str, str]]) -> set[str]:
    return {invitations.named(ctx, one, "users") for one in people}
