"""A box as one document in Markdown (spec 4.1): for people to read, and for language models.

Text by users is in quotes or in one line, so that it cannot look like a heading of the document.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from ..core.activity.comments import Comment
from ..core.activity.files import File
from ..core.activity.meetings import CALL, Meeting
from ..core.activity.messages import Message
from ..core.activity.overview import Overview
from ..core.activity.tasks import Task
from ..core.activity.threads import Thread
from ..core.activity.timeline import TimelineEntry
from ..core.events import Event
from ..core.people.contacts import Contact
from ..core.people.organizations import Organization
from ..core.records import Person
from ..lib import dates
from ..lib.durations import MINUTE
from ..lib.formulas import Date, Fault
from ..lib.mail import Address, plain
from .shapes.events import story

TIMELINE = "## Timeline"
LEFT_OUT = "*Earlier entries were left out here.*"


def moment(ms: int) -> str:
    """The time in ISO 8601 and UTC."""
    return dates.to_datetime(ms).isoformat(timespec="seconds").replace("+00:00", "Z")


def date(ms: int) -> str:
    """A date that a user wrote, in ISO 8601: a day without a time. A date that no calendar has stays a number."""
    return moment(ms) if dates.FIRST <= ms <= dates.LAST and not dates.is_day(ms) else dates.shown(ms)


def sections(overview: Overview) -> str:
    """The document before its timeline."""
    parts = [
        f"# {_line(overview.box.name)}",
        _facts(_about(overview)),
        _section("Notes", _quote(overview.box.notes or "")),
        _section("Columns", _facts([(field.name, _value(value)) for field, value in overview.columns])),
        _section("Contacts", _list(_contact(contact) for contact in overview.contacts)),
        _section("Organizations", _list(_organization(organization) for organization in overview.organizations)),
        _section(
            "Linked boxes", _list(f"{_line(box.name)} ({_line(box.pipeline)}, {box.stage})" for box in overview.linked)
        ),
        _section("Tasks", "\n".join(_task(task, overview.people) for task in overview.tasks)),
        _section("Pipeline", _facts(_pipeline(overview))),
    ]
    return "\n\n".join(part for part in parts if part)


def _about(overview: Overview) -> list[tuple[str, str]]:
    box = overview.box
    return [
        ("Key", box.key),
        ("Stage", _stage(overview, box.stage_key)),
        ("In this stage since", moment(box.stage_changed_at)),
        ("Assigned to", _people(box.assignee_keys, overview.people)),
        ("Followed by", _people(box.follower_keys, overview.people)),
        ("Created", f"{moment(box.created_at)} by {_people([box.creator_key], overview.people) or 'someone'}"),
        ("Last updated", moment(box.updated_at)),
        ("E-mail addresses", ", ".join(box.emails.addresses)),
        ("Breaks a rule", "; ".join(str(each.get("message", "")) for each in box.violations)),
        (
            "Stages so far",
            ", ".join(f"{_stage(overview, stay.stage_key)} ({moment(stay.entered_at)})" for stay in _stays(overview)),
        ),
    ]


def _stays(overview: Overview) -> list[Any]:
    return overview.box.stage_history if len(overview.box.stage_history) > 1 else []


def _stage(overview: Overview, key: str) -> str:
    return _line(overview.stages[key].name) if key in overview.stages else key


def _pipeline(overview: Overview) -> list[tuple[str, str]]:
    return [
        ("Name", overview.pipeline.name),
        ("Key", overview.pipeline.key),
        ("Description", overview.pipeline.description or ""),
        ("Stages", " → ".join(_stage(overview, key) for key in overview.pipeline.stage_order)),
    ]


def _contact(contact: Contact) -> str:
    about = [contact.title or "", *contact.email_addresses, *contact.phone_numbers]
    return _named(contact.full_name or next(iter(contact.email_addresses), "(no name)"), about)


def _organization(organization: Organization) -> str:
    return _named(
        organization.name or next(iter(organization.domains), "(no name)"),
        [organization.industry or "", *organization.domains],
    )


def _named(name: str, about: list[str]) -> str:
    details = "; ".join(_line(each) for each in about if each and each != name)
    return f"{_line(name)} ({details})" if details else _line(name)


def _task(task: Task, people: Mapping[str, Person]) -> str:
    about = [f"due {date(task.due_at)}"] if task.due_at is not None else []
    about += [f"assigned to {who}"] if (who := _people(task.assignee_keys, people)) else []
    details = f" ({'; '.join(about)})" if about else ""
    return f"- [{'x' if task.status == 'DONE' else ' '}] {_line(task.text)}{details}"


def entry(entry: TimelineEntry, people: Mapping[str, Person]) -> str:
    """An entry of the timeline. `people` has the users of `named`."""
    title, body = _title_and_body(entry.thing, people)
    heading = f"### {moment(entry.place.at)}: {_line(title)}"
    return f"{heading}\n\n{body}" if body else heading


def named(entry: TimelineEntry) -> list[str]:
    """The keys of the users that the text of an entry names."""
    match entry.thing:
        case Comment() | Meeting() | Thread():
            return [entry.thing.creator_key]
        case File():
            return [entry.thing.owner_key]
    return []


def _title_and_body(thing: Any, people: Mapping[str, Person]) -> tuple[str, str]:
    match thing:
        case Event():
            return story(thing, "this box", "this pipeline"), ""
        case Comment():
            return f"Comment by {_people([thing.creator_key], people)}", _quote(thing.message)
        case Meeting():
            kind = "Call" if thing.type == CALL else "Meeting"
            lasted = f" ({thing.duration_ms // MINUTE} minutes)" if thing.duration_ms else ""
            return f"{kind} logged by {_people([thing.creator_key], people)}{lasted}", _quote(plain(thing.notes))
        case Message():
            return f"E-mail from {_address(thing.sender)}", _mail(thing)
        case Thread():
            return f"Gmail thread {thing.gmail_id} added by {_people([thing.creator_key], people)}", ""
        case File():
            size = f", {thing.size} bytes" if thing.size is not None else ", in Google Drive"
            return f"File {thing.name} ({thing.mime_type}{size}) added by {_people([thing.owner_key], people)}", ""
    raise TypeError(thing)


def _mail(message: Message) -> str:
    head = _facts(
        [("Subject", message.subject), ("To", ", ".join(_address(each) for each in [*message.recipients, *message.cc]))]
    )
    text = message.text.strip() + ("\n[…]" if message.truncated else "")
    return "\n\n".join(part for part in (head, _quote(text)) if part)


def _address(address: Address) -> str:
    return f"{address.name} ({address.email})" if address.name else address.email


def _people(keys: Iterable[str], people: Mapping[str, Person]) -> str:
    return ", ".join(_line(people[key].full_name) if key in people else "someone" for key in keys)


def _value(value: Any) -> str:
    match value:
        case Date():
            return date(value.ms)
        case Fault():
            return f"{value.code} {value.message}"
        case bool():
            return "yes" if value else "no"
        case list():
            return ", ".join(_value(item) for item in value)
        case str() | int() | float():
            return str(value)
    return msgspec.json.encode(value).decode()


def _section(title: str, body: str) -> str:
    return f"## {title}\n\n{body}" if body else ""


def _facts(pairs: Iterable[tuple[str, str]]) -> str:
    return "\n".join(f"- **{_line(name)}:** {_line(details)}" for name, details in pairs if details)


def _list(lines: Iterable[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)


def _line(text: str) -> str:
    return " ".join(text.split())


def _quote(text: str) -> str:
    text = text.strip()
    return "\n".join(f"> {line}".rstrip() for line in text.splitlines()) if text else ""
