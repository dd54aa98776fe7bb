"""The kinds of triggers and their parameters, and whether an event fits a trigger.

An event is matched in the transaction of the change, only by what the event holds. The filter and the condition of an
automation are checked later, when the run starts.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from ...errors import Invalid
from ...lib import dates, numbers
from ..pipelines import field_values, names
from ..records import WITH_OPTIONS, Field

PIPELINE, TEAM = "pipeline", "team"


class Param(msgspec.Struct, frozen=True, omit_defaults=True):
    """A parameter of a trigger or a step. `kind` decides which input a form shows and how the value is checked."""

    name: str
    kind: str
    description: str
    required: bool = False
    options: tuple[str, ...] = ()
    templates: bool = False
    """Whether texts in the value are templates."""


class Trigger(msgspec.Struct, frozen=True):
    description: str
    scope: str = PIPELINE
    kinds: tuple[str, ...] = ()
    """The kinds of events that fit; empty for triggers by time, by request or by a user."""
    params: tuple[Param, ...] = ()
    subject: str = ""
    """The name in templates of the record that the trigger is about, besides the box."""


_TO = Param("to", "stages", "Only into one of these stages.")
_FROM = Param("from", "stages", "Only out of one of these stages.")
_ZONE = Param("timeZone", "timeZone", "A time zone such as Europe/Berlin. Default: UTC.")
_UNITS = ("minutes", "hours", "days")

TRIGGERS: dict[str, Trigger] = {
    "box.created": Trigger("A box is created", kinds=("box.created",)),
    "box.moved": Trigger("A box is moved to a stage", kinds=("box.moved",), params=(_TO, _FROM)),
    "box.movedPipeline": Trigger("A box comes from another pipeline", kinds=("box.moved_pipeline",)),
    "box.fieldChanged": Trigger(
        "A field of a box changes",
        kinds=("box.fields_edited",),
        params=(
            Param("fields", "fields", "Only these fields."),
            Param("from", "value", "Only from this value (null: from no value)."),
            Param("to", "value", "Only to this value (null: to no value)."),
        ),
    ),
    "box.assigned": Trigger(
        "Someone is assigned to a box", kinds=("box.assigned",), params=(Param("users", "users", "Only these people."),)
    ),
    "box.edited": Trigger(
        "The name or the notes of a box are edited",
        kinds=("box.renamed", "box.notes_edited"),
        params=(Param("which", "choice", "Only the name, or only the notes.", options=("name", "notes")),),
    ),
    "box.contactsChanged": Trigger(
        "The contacts or organizations of a box change", kinds=("box.contacts_edited", "box.organizations_edited")
    ),
    "box.emailAdded": Trigger("A new e-mail address appears on a box", kinds=("box.email_added",)),
    "box.emailReceived": Trigger("An e-mail to a box is received", kinds=("box.email_received",)),
    "task.created": Trigger("A task is created", kinds=("task.created",), subject="task"),
    "task.completed": Trigger("A task is completed", kinds=("task.completed",), subject="task"),
    "task.due": Trigger("A task becomes due", kinds=("task.due",), subject="task"),
    "comment.created": Trigger("A comment is added", kinds=("comment.created",), subject="comment"),
    "meeting.created": Trigger(
        "A meeting or call is logged",
        kinds=("meeting.created",),
        params=(Param("which", "choice", "Only calls, or only meetings.", options=("CALL_LOG", "MEETING_NOTES")),),
        subject="meeting",
    ),
    "file.added": Trigger("A file is added", kinds=("file.added",), subject="file"),
    "thread.added": Trigger("A conversation is added", kinds=("thread.added",), subject="thread"),
    "message.received": Trigger(
        "An e-mail message to a box is received",
        kinds=("message.added",),
        params=(
            Param("from", "text", "Only from this address or domain."),
            Param("automatic", "flag", "Include mail that programs send, such as newsletters and automatic replies."),
        ),
        subject="message",
    ),
    "message.sent": Trigger("A user sends an e-mail from a box", kinds=("message.sent",), subject="message"),
    "message.bounced": Trigger(
        "A sent e-mail came back",
        kinds=("message.bounced",),
        params=(Param("permanent", "flag", "Only if the address does not work, as the mail server says (5.x.x)."),),
        subject="message",
    ),
    "message.opened": Trigger("A sent e-mail is opened", kinds=("message.opened",), subject="message"),
    "message.clicked": Trigger("A link in a sent e-mail is clicked", kinds=("message.clicked",), subject="message"),
    "thread.unanswered": Trigger(
        "A conversation has had no answer for some time",
        params=(
            Param("amount", "integer", "How long.", required=True),
            Param("unit", "choice", "The unit of `amount`. Default: days.", options=_UNITS),
            Param(
                "waiting",
                "choice",
                "Who waits: `they` for your answer (default), or `you` for theirs.",
                options=("they", "you"),
            ),
        ),
    ),
    "contact.created": Trigger(
        "A contact is created", TEAM, ("contact.created", "contact.restored"), subject="contact"
    ),
    "contact.changed": Trigger("A contact changes", TEAM, ("contact.edited", "contact.merged"), subject="contact"),
    "organization.created": Trigger(
        "An organization is created", TEAM, ("organization.created", "organization.restored"), subject="organization"
    ),
    "organization.changed": Trigger(
        "An organization changes", TEAM, ("organization.edited", "organization.merged"), subject="organization"
    ),
    "date.reached": Trigger(
        "A date of a box is reached",
        params=(
            Param("field", "dateField", "The date field.", required=True),
            Param("amount", "integer", "How much later than the date; a negative number means earlier."),
            Param("unit", "choice", "The unit of `amount`.", options=_UNITS),
            Param("time", "time", "The time of day, such as 09:00."),
            _ZONE,
        ),
    ),
    "box.untouched": Trigger(
        "A box has not been changed for some days",
        params=(
            Param("days", "integer", "The number of days.", required=True),
            Param("existing", "flag", "Include boxes that were unchanged before the automation was switched on."),
        ),
    ),
    "schedule": Trigger(
        "At certain times",
        params=(
            Param("cron", "cron", "Minute, hour, day, month, weekday: `0 9 * * mon` is Mondays at nine.", True),
            _ZONE,
            Param("eachBox", "flag", "One run for each box that matches the filter. Default: one run without a box."),
        ),
    ),
    "webhook": Trigger(
        "An inbound webhook receives a request",
        params=(Param("endpoint", "inbound", "The key of the inbound webhook.", required=True),),
    ),
    "manual": Trigger("A user starts it"),
}
TIMED = ("date.reached", "box.untouched", "thread.unanswered", "schedule")
_BY_KIND: dict[str, list[str]] = {}
for _name, _trigger in TRIGGERS.items():
    for _kind in _trigger.kinds:
        _BY_KIND.setdefault(_kind, []).append(_name)
BY_KIND = {kind: tuple(names) for kind, names in _BY_KIND.items()}
_TIME = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)", re.ASCII)


# When an automation is saved


def check(
    trigger: dict[str, Any], scope: str, stages: Mapping[str, str], by_key: Mapping[str, Field]
) -> dict[str, Any]:
    """The trigger to store, with keys in place of names of stages, fields and options. `stages` are names by key.

    Raises Invalid, with the parameter's name, for every value that is not possible.
    """
    name = trigger.get("type")
    if not isinstance(name, str) or name not in TRIGGERS:
        raise Invalid("trigger.type", f"there is no trigger {str(name)[:50]!r}; use one of {', '.join(TRIGGERS)}")
    kind = TRIGGERS[name]
    if kind.kinds and kind.scope != scope:
        raise Invalid(
            "trigger.type", f"{name} is only for automations of a {kind.scope}; this one belongs to a {scope}"
        )
    if name in ("date.reached", "box.untouched", "thread.unanswered") and scope == TEAM:
        raise Invalid("trigger.type", f"{name} is only for automations of a pipeline")
    checked: dict[str, Any] = {"type": name}
    for param in kind.params:
        value = trigger.get(param.name)
        if param.name in trigger and (value not in (None, "", []) or param.kind == "value"):
            checked[param.name] = _checked(param, value, f"trigger.{param.name}", stages, by_key)
        elif param.required:
            raise Invalid(f"trigger.{param.name}", "is missing")
    known = [param.name for param in kind.params]
    for member in trigger:
        if member not in ("type", *known):
            takes = f"takes {', '.join(known)}" if known else "takes no parameters"
            raise Invalid(f"trigger.{member[:50]}", f"is unknown: {name} {takes}")
    if checked.get("eachBox") and scope == TEAM:
        raise Invalid("trigger.eachBox", "is only for automations of a pipeline")
    if name == "box.fieldChanged" and len(checked.get("fields", ())) == 1:
        field = by_key[checked["fields"][0]]
        checked |= {end: _as_stored(field, checked[end], f"trigger.{end}") for end in ("from", "to") if end in checked}
    return checked


def _as_stored(field: Field, value: Any, where: str) -> Any:
    """The value of a trigger as boxes store it: keys of options for their names, milliseconds for dates."""
    if isinstance(value, list):
        return [_as_stored(field, item, where) for item in value]
    if value in (None, ""):
        return value
    if field.type in WITH_OPTIONS:
        return names.option_key(field, value, where) or value
    if field.type == "DATE":
        try:
            return dates.read(value)
        except dates.DateError as error:
            raise Invalid(where, str(error)) from None
    if field.type == "CHECKBOX":
        return field_values.flag_of(value, where, field.name)
    return field_values.in_percents(field, value)


def _checked(param: Param, value: Any, where: str, stages: Mapping[str, str], by_key: Mapping[str, Field]) -> Any:
    match param.kind:
        case "stages":
            return _known_keys(value, stages, where, "stage")
        case "fields":
            return _known_keys(value, {key: field.name for key, field in by_key.items()}, where, "field")
        case "dateField":
            field = names.find_field(by_key, str(value), where)
            if field is None or field.type != "DATE":
                fields = ", ".join(f"{key} ({field.name})" for key, field in by_key.items() if field.type == "DATE")
                raise Invalid(where, f"must be the key or name of a date field; the pipeline has {fields or 'none'}")
            return field.key
        case "users":
            return _texts(value, where)
        case "choice":
            if value not in param.options:
                raise Invalid(where, f"must be one of {', '.join(param.options)}")
        case "integer":
            if isinstance(value, bool) or not isinstance(value, int) or abs(value) > 100_000:
                raise Invalid(where, "must be a whole number from -100,000 to 100,000")
            if (param.name == "days" or (param.name == "amount" and param.required)) and value < 1:
                raise Invalid(where, "must be 1 or more")
        case "flag":
            if not isinstance(value, bool):
                raise Invalid(where, "must be true or false")
        case "time":
            if not isinstance(value, str) or not _TIME.fullmatch(value):
                raise Invalid(where, "must be a time such as 09:00")
        case "timeZone":
            zone(value, where)
        case "text":
            if not isinstance(value, str) or len(value) > 300:
                raise Invalid(where, "must be a text of at most 300 characters")
            return value.strip().lower()
        case "inbound":
            return str(value)
        case "cron":
            next_time(value, UTC, 0, where)
            if len(value.split()) != 5:  # the library takes six as well, and the first one is then seconds
                raise Invalid(
                    where, f"must be minute, hour, day, month and weekday, but has {len(value.split())} parts"
                )
    return value


def _texts(value: Any, where: str) -> list[str]:
    found = [value] if isinstance(value, (str, int)) and not isinstance(value, bool) else value
    if not isinstance(found, list) or not all(isinstance(key, (str, int)) for key in found) or len(found) > 200:
        raise Invalid(where, "must be a list of at most 200 keys")
    return [str(key) for key in found]


def _known_keys(value: Any, known: Mapping[str, str], where: str, what: str) -> list[str]:
    return [names.require(known, wanted, where, what) for wanted in _texts(value, where)]


def zone(name: Any, where: str = "timeZone") -> tzinfo:
    """The time zone with this name; UTC if there is no name."""
    if not name:
        return UTC
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError, TypeError):
        raise Invalid(where, f"there is no time zone {str(name)[:60]!r}; use a name such as Europe/Berlin") from None


def next_time(cron: Any, place: tzinfo, now: int, where: str = "trigger.cron") -> int:
    """The first time after `now` that the cron expression means in this zone; both are milliseconds since the epoch."""
    from cronsim import CronSim, CronSimError  # imported only where there is a schedule

    if not isinstance(cron, str) or len(cron) > 200:
        raise Invalid(where, "must be a text such as `0 9 * * mon`")
    try:
        found = next(CronSim(cron, datetime.fromtimestamp(now / 1000, place)))
    except CronSimError as error:
        raise Invalid(where, f"must be minute, hour, day, month and weekday ({error})") from None
    except StopIteration:
        raise Invalid(where, "must mean a time that exists") from None
    return int(found.timestamp() * 1000)


# When something happens


def matches(
    trigger: dict[str, Any], kind: str, thing: Any, before: Mapping[str, Any] | None, detail: dict[str, str]
) -> bool:
    """Whether an event fits the trigger. `kind` must be one of the trigger's kinds of events."""
    was = before or {}
    match trigger["type"]:
        case "box.moved":
            old = detail.get("old_stage_key", "")
            return _among(thing.stage_key, trigger.get("to")) and _among(old, trigger.get("from"))
        case "box.fieldChanged":
            return _field_matches(trigger, thing, was)
        case "box.assigned":
            new = set(thing.assignee_keys) - set(was.get("assignee_keys", ()))
            return bool(new and (not trigger.get("users") or new & set(trigger["users"])))
        case "box.edited":
            wanted = {"name": "box.renamed", "notes": "box.notes_edited"}.get(trigger.get("which", ""))
            return wanted in (None, kind)
        case "message.received":
            return _message_matches(trigger, thing)
        case "message.sent":
            return not thing.automatic  # a rule that sends mail would start itself again
        case "message.bounced":
            return not trigger.get("permanent") or detail.get("code", "").startswith("5.")
        case "meeting.created":
            return trigger.get("which") in (None, thing.type)
    return True


def _message_matches(trigger: dict[str, Any], message: Any) -> bool:
    """Whether it was received from the wanted address or domain, and from a person."""
    if message.sent or (message.automatic and not trigger.get("automatic")):
        return False
    wanted = trigger.get("from", "").removeprefix("@")
    sender = message.sender.email
    return not wanted or sender == wanted or f"@{sender.rpartition('@')[2]}".endswith((f"@{wanted}", f".{wanted}"))


def _among(key: str, wanted: list[str] | None) -> bool:
    return not wanted or key in wanted


def _field_matches(trigger: dict[str, Any], box: Any, was: Mapping[str, Any]) -> bool:
    old: Mapping[str, Any] = was.get("fields", {})
    for key in old:
        if not _among(key, trigger.get("fields")):
            continue
        if "from" in trigger and not same(old[key], trigger["from"]):
            continue
        if "to" in trigger and not same(box.fields.get(key), trigger["to"]):
            continue
        return True
    return False


def same(stored: Any, given: Any) -> bool:
    """Whether a stored value equals the value that an automation names. All empty values are equal, and texts that are
    numbers or dates equal these."""
    if stored in (None, "", [], False) and given in (None, "", [], False):
        return True
    if isinstance(stored, list) and not isinstance(given, list):
        return any(same(item, given) for item in stored)
    if isinstance(stored, bool) or isinstance(given, bool):
        return stored is given
    if stored == given or stored is None or given is None:
        return bool(stored == given)
    number = _number(given)
    if number is not None and _number(stored) == number:
        return True
    return isinstance(stored, int) and isinstance(given, str) and dates.find(given) == stored


def _number(value: Any) -> Any:
    return numbers.read(value) if isinstance(value, str) else value if isinstance(value, (int, float)) else None
