"""What each kind of step does. A step calls the same functions as the API, with the rights of the user whom the run
acts for.

Each action takes the step's parameters, with their templates filled, and returns the output that later steps can use.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ...errors import Invalid
from ...lib import dates
from ...lib.template_filters import as_text
from .. import boxes, outgoing_mail, pipelines
from ..accounts import invitations
from ..activity import comments, tasks
from ..activity.sending import sequence_runs
from ..boxes import upsert
from ..contacts import entries
from ..context import Ctx
from ..people.contacts import CONTACTS
from ..people.organizations import ORGANIZATIONS
from ..pipelines import names, schema
from ..records import WITH_OPTIONS, Box, Field, Pipeline
from . import letter_step, runs
from .automations import Automation, load
from .runs import Run
from .steps import milliseconds

Given = dict[str, Any]
Output = dict[str, Any]


class StepContext:
    """The step in progress: the context of its user, the automation, the run, and the index of the step."""

    def __init__(self, ctx: Ctx, automation: Automation, run: Run, place: int) -> None:
        self.ctx = ctx
        self.automation = automation
        self.run = run
        self.place = place

    def box(self, given: Given) -> tuple[Box, Pipeline]:
        """The box that the step changes: the box that it names, or the run's box."""
        key = as_text(given.get("box")).strip() or self.run.box_key
        if not key:
            raise Invalid("box", "is missing: this run is not about a box")
        box = boxes.get(self.ctx, key)
        return box, boxes.pipeline_of(self.ctx, box)


def _set_fields(step: StepContext, given: Given) -> Output:
    box, pipeline = step.box(given)
    values = _field_values(step.ctx, pipeline, given["fields"])
    boxes.edit(step.ctx, box.key, {"fields": values})
    return {}


def _edit(step: StepContext, given: Given) -> Output:
    box, _ = step.box(given)
    changes: Given = {name: as_text(given[name]) for name in ("name", "notes") if name in given}
    if given.get("name") is None:  # null means "not given", except where it clears a value (docs/api/README.md)
        changes.pop("name", None)
    if as_text(given.get("addNotes")):
        notes = changes.get("notes", box.notes or "")
        changes["notes"] = f"{notes}\n{as_text(given['addNotes'])}".strip("\n")
    boxes.edit(step.ctx, box.key, changes)
    return {}


def _move(step: StepContext, given: Given) -> Output:
    box, pipeline = step.box(given)
    key = _stage(step.ctx, pipeline, given["stage"])
    boxes.edit(step.ctx, box.key, {"stage_key": key})
    return {}


def _move_pipeline(step: StepContext, given: Given) -> Output:
    box, _ = step.box(given)
    target = _pipeline(step.ctx, given["pipeline"])
    stage = _stage(step.ctx, target, given["stage"]) if as_text(given.get("stage")) else None
    boxes.edit(step.ctx, box.key, {"pipeline_key": target.key, "stage_key": stage})
    return {}


def _assign(step: StepContext, given: Given) -> Output:
    box, _ = step.box(given)
    if given["users"] is None:
        return {}
    assigned = [] if given.get("replace") else [{"user_key": key} for key in box.assignee_keys]
    boxes.edit(step.ctx, box.key, {"assignees": [*assigned, *_people(given["users"])]})
    return {}


def _unassign(step: StepContext, given: Given) -> Output:
    box, pipeline = step.box(given)
    removed = _user_keys(step.ctx, pipeline, given["users"]) if "users" in given else set(box.assignee_keys)
    remaining = [{"user_key": key} for key in box.assignee_keys if key not in removed]
    boxes.edit(step.ctx, box.key, {"assignees": remaining})
    return {}


def _add_followers(step: StepContext, given: Given) -> Output:
    box, pipeline = step.box(given)
    user_keys = _user_keys(step.ctx, pipeline, given["users"])
    boxes.edit(step.ctx, box.key, {"follower_keys": [*box.follower_keys, *sorted(user_keys)]})
    return {}


def _link(step: StepContext, given: Given) -> Output:
    box, _ = step.box(given)
    boxes.edit(step.ctx, box.key, {"linked_box_keys": [*box.linked_box_keys, *_texts(given["boxes"])]})
    return {}


def _create(step: StepContext, given: Given) -> Output:
    pipeline, members = _new_box(step, given)
    box = boxes.create(step.ctx, pipeline.key, members)
    return {"key": box.key, "name": box.name}


def _find_or_create(step: StepContext, given: Given) -> Output:
    pipeline, members = _new_box(step, given)
    match = given["match"]
    if match != "name":
        by_key = schema.fields_by_key(step.ctx, pipeline.key)
        match = names.require({key: field.name for key, field in by_key.items()}, match, "match", "field")
    box, created = upsert.upsert(step.ctx, pipeline.key, match, members, update=bool(given.get("update")))
    return {"key": box.key, "name": box.name, "created": created}


def _new_box(step: StepContext, given: Given) -> tuple[Pipeline, Given]:
    ctx, own = step.ctx, step.automation.pipeline_key
    key = given.get("pipeline") or own
    if not key:
        raise Invalid("pipeline", "is missing: this automation belongs to a team")
    pipeline = _pipeline(ctx, key)
    members: Given = {"name": as_text(given["name"])}
    if as_text(given.get("stage")):
        members["stage_key"] = _stage(ctx, pipeline, given["stage"])
    if given.get("notes"):
        members["notes"] = as_text(given["notes"])
    if given.get("fields"):
        members["fields"] = _field_values(ctx, pipeline, given["fields"])
    if given.get("assignees"):
        members["assignees"] = _people(given["assignees"])
    if given.get("link") and step.run.box_key:
        members["linked_box_keys"] = [step.run.box_key]
    return pipeline, members


def _task(step: StepContext, given: Given) -> Output:
    box, _ = step.box(given)
    members: Given = {"text": as_text(given["text"])}
    if given.get("due") not in (None, ""):
        members["due_at"] = moment(given["due"], "due")
    elif given.get("dueIn"):
        members["due_at"] = step.ctx.now + milliseconds(given["dueIn"], "dueIn")
    if given.get("assignees"):
        members["assignees"] = _people(given["assignees"])
    task = tasks.create(step.ctx, box.key, members)
    return {"key": task.key, "text": task.text, "due": task.due_at}


def _comment(step: StepContext, given: Given) -> Output:
    box, _ = step.box(given)
    return {"key": comments.create(step.ctx, box.key, {"message": as_text(given["message"])}).key}


def _contact(step: StepContext, given: Given) -> Output:
    members = {
        "email_addresses": _texts(given["emailAddresses"]),
        "phone_numbers": _texts(given.get("phoneNumbers")),
        "given_name": as_text(given.get("givenName")),
        "family_name": as_text(given.get("familyName")),
        "title": as_text(given.get("title")),
        "other": as_text(given.get("other")),
    }
    entry = entries.upsert(step.ctx, CONTACTS, step.automation.team_key, _without_empty(members))
    _link_to_box(step, given, "contacts", entry.key)
    return {"key": entry.key}


def _organization(step: StepContext, given: Given) -> Output:
    members = {
        "domains": _texts(given["domains"]),
        "phone_numbers": _texts(given.get("phoneNumbers")),
        "name": as_text(given.get("name")),
        "industry": as_text(given.get("industry")),
        "other": as_text(given.get("other")),
    }
    entry = entries.upsert(step.ctx, ORGANIZATIONS, step.automation.team_key, _without_empty(members))
    _link_to_box(step, given, "organizations", entry.key)
    return {"key": entry.key}


def _without_empty(members: Given) -> Given:
    return {name: value for name, value in members.items() if value}


def _link_to_box(step: StepContext, given: Given, member: str, key: str) -> None:
    """Add the contact (organization) to those of the run's box, if the step says so."""
    if not given.get("linkToBox"):
        return
    box, _ = step.box({})
    links = [{"key": link.key, "is_starred": link.is_starred} for link in getattr(box, member)]
    if key not in {link["key"] for link in links}:
        boxes.edit(step.ctx, box.key, {member: [*links, {"key": key}]})


def _email(step: StepContext, given: Given) -> Output:
    """Queue the e-mail in the step's transaction, so that it is sent once, after the transaction commits."""
    if as_text(given.get("mailbox")).strip():
        return {"letter": letter_step.schedule(step.ctx, given, step.run.box_key)}
    for name in letter_step.WITH_MAILBOX:
        if as_text(given.get(name)).strip():
            raise Invalid(name, "needs a mailbox that sends the mail")
    for name in ("subject", "text"):
        if not as_text(given.get(name)).strip():
            raise Invalid(name, "is missing")

    def post(to: list[str]) -> str:
        return outgoing_mail.post(
            step.ctx,
            to,
            as_text(given["subject"]),
            as_text(given["text"]),
            html=as_text(given.get("html")),
            reply_to=as_text(given.get("replyTo")),
            about="automation",
        ).key

    for address in _texts(given.get("bcc")):
        post([address])
    return {"letter": post(_texts(given["to"]))}


def _run(step: StepContext, given: Given) -> Output:
    """Start a run of another automation. If the step is repeated, it does not start a second run."""
    other = load(step.ctx.db, given["automation"])
    if other is None or other.team_key != step.automation.team_key:
        raise Invalid("automation", f"there is no automation {given['automation'][:50]!r} in this team")
    if not other.enabled:
        raise Invalid("automation", f"{other.name!r} is switched off")
    box_key = as_text(given.get("box")).strip() or step.run.box_key
    if box_key:
        box = boxes.get(step.ctx, box_key)
        if other.pipeline_key not in (None, box.pipeline_key):
            raise Invalid("box", f"must be a box of the pipeline of the automation {other.name!r}")
    started = runs.start(
        step.ctx,
        other,
        f"a:{step.run.key}:{step.place}",
        trigger={"type": "automation"},
        box_key=box_key,
        body=given.get("body"),
    )
    if started is not None and started.state == "refused":
        raise Invalid("automation", f"{other.name!r} was not run: {started.reason}")
    return {"run": started.key if started else None}


def _start_sequence(step: StepContext, given: Given) -> Output:
    box, _ = step.box(given)
    contact = as_text(given.get("contact")).strip()
    started, others = sequence_runs.start(
        step.ctx,
        given["sequence"],
        box_keys=[box.key],
        contact_keys=[contact] if contact else [],
        mailbox_key=as_text(given.get("mailbox")).strip() or None,
    )
    if not started:
        raise Invalid("sequence", f"was not started: {others[0].note}")
    return {"run": started[0].key}


def _stop_sequence(step: StepContext, given: Given) -> Output:
    box, _ = step.box(given)
    stopped = sequence_runs.stop_on_box(step.ctx, box.key, given.get("sequence") or None, "stopped by an automation")
    return {"stopped": stopped}


ACTIONS: dict[str, Callable[[StepContext, Given], Output]] = {
    "box.setFields": _set_fields,
    "box.edit": _edit,
    "box.move": _move,
    "box.movePipeline": _move_pipeline,
    "box.assign": _assign,
    "box.unassign": _unassign,
    "box.follow": _add_followers,
    "box.link": _link,
    "box.create": _create,
    "box.findOrCreate": _find_or_create,
    "task.create": _task,
    "comment.create": _comment,
    "contact.save": _contact,
    "organization.save": _organization,
    "email.send": _email,
    "sequence.start": _start_sequence,
    "sequence.stop": _stop_sequence,
    "automation.run": _run,
}


# Reading parameters


def moment(value: Any, where: str) -> int:
    """Milliseconds since the epoch, from milliseconds or from a text that is a date."""
    try:
        return dates.read(value)
    except dates.DateError as error:
        raise Invalid(where, str(error)) from None


def _pipeline(ctx: Ctx, wanted: str) -> Pipeline:
    """The pipeline that a step names by key or name."""
    return pipelines.get(ctx, names.pipeline_key(ctx, wanted, "pipeline") or wanted)


def _stage(ctx: Ctx, pipeline: Pipeline, wanted: Any) -> str:
    return names.require(names.stage_names(ctx, pipeline), as_text(wanted), "stage", "stage")


def _field_values(ctx: Ctx, pipeline: Pipeline, given: Mapping[str, Any]) -> Given:
    """Values by the keys of the fields, with keys of options in place of their names."""
    by_key = schema.fields_by_key(ctx, pipeline.key)
    fields = {key: field.name for key, field in by_key.items()}
    found = {}
    for name, value in given.items():
        key = names.require(fields, name, f"fields.{name[:50]}", "field")
        found[key] = _field_value(by_key[key], value, f"fields.{name[:50]}")
    return found


def _field_value(field: Field, value: Any, where: str) -> Any:
    if value in (None, "", []):
        return None
    if field.type in WITH_OPTIONS:
        options = {option.key: option.name for option in field.options}
        if field.type == "DROPDOWN":
            return names.require(options, as_text(value), where, "option")
        return [names.require(options, text, where, "option") for text in _texts(value)]
    if field.type == "DATE":
        return moment(value, where)
    if field.type == "TEXT_INPUT" and isinstance(value, (list, dict, bool)):
        return as_text(value)
    return value


def _texts(value: Any) -> list[str]:
    """Texts from a list, from lists within it, or from a text with commas."""
    if value is None:
        return []
    if isinstance(value, list):
        return [text for item in value for text in _texts(item)]
    return [part.strip() for part in as_text(value).split(",") if part.strip()]


def _people(value: Any) -> list[dict[str, str]]:
    """Users from keys, from names, from e-mail addresses, or from users as templates have them."""
    if isinstance(value, dict):
        return [{"user_key": value["key"]}] if value.get("key") else []
    if isinstance(value, list):
        return [person for item in value for person in _people(item)]
    return [{"email" if "@" in text else "user_key": text} for text in _texts(value)]


def _user_keys(ctx: Ctx, pipeline: Pipeline, people: Any) -> set[str]:
    return {invitations.find_user_key(ctx, person, "users", pipeline=pipeline) for person in _people(people)}
