"""Merge fields: places of a mail that each recipient gets filled with their own values.

`Dear {{contact.givenName|customer}}` is `Dear Ada` for Ada, and `Dear customer` for a contact without a given name. The
places are those of `lib/templates`; a text after `|` that is no filter is the default.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import tzinfo
from html import unescape
from typing import Any, NamedTuple

from ....errors import Invalid, NotFound
from ....lib import dates, templates
from ....lib.lines import on_one_line
from ....lib.template_filters import FILTERS, TemplateError, as_text
from ....lib.templates import Place, Template
from ... import boxes, persons, pipelines
from ...context import Ctx
from ...people import contact_access, contacts, teams
from ...people.contacts import CONTACTS, Contact
from ...people.organizations import ORGANIZATIONS, Organization
from ...pipelines import schema
from ...records import Box, Person, TeamField
from . import shown_values

ROOTS = ("contact", "organization", "box", "sender", "team")
_CONTACT = ("name", "givenName", "familyName", "title", "email", "phone", "address", "other", "key")
_ORGANIZATION = ("name", "domain", "industry", "employeeCount", "phone", "address", "other", "key")
_BOX = ("name", "notes", "stage", "pipeline", "assignee", "assigneeEmail", "created", "key")
_SENDER = ("name", "givenName", "familyName", "email")
_PLACE = re.compile(r"\{\{(.*?)\}\}", re.S)
_FILTER = re.compile(r"\s*(\w+)\s*(?:$|[|(])")
_TAG = re.compile(r"<[^<>]*>")


class Missing(NamedTuple):
    """A place without a value."""

    field: str
    where: str
    """The part of the mail: `subject`, `text` or `html`."""


class Rendered(NamedTuple):
    text: str
    missing: list[Missing]


class Values(Mapping[str, Any]):
    """The values of a record: its own members, then its fields by name or key. It is shown as its name."""

    def __init__(self, shown: Any, own: Mapping[str, Any], fields: Mapping[str, Any], *, is_open: bool = False) -> None:
        """`is_open`: any name may be a field, because there is no record that says which fields there are."""
        self.shown = shown
        self.own = own
        self.fields = {name.casefold(): value for name, value in fields.items()}
        self.is_open = is_open

    def __getitem__(self, name: str) -> Any:
        if name in self.own:
            return self.own[name]
        if name == "fields":
            return Values("", {}, self.fields, is_open=self.is_open)
        if name.casefold() in self.fields:
            return self.fields[name.casefold()]
        if self.is_open:
            return None
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        return iter((*self.own, *self.fields))

    def __len__(self) -> int:
        return len(self.own) + len(self.fields)

    def __str__(self) -> str:
        return as_text(self.shown)

    def get(self, name: str, default: Any = None) -> Any:
        try:
            return self[name]
        except KeyError:
            return default

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and (
            name in self.own or name == "fields" or name.casefold() in self.fields or self.is_open
        )


# Rendering


def check(template: str, where: str, *, html: bool = False) -> None:
    """Raise `Invalid` for `where` if the template cannot be parsed, or begins with no known name."""
    try:
        for place in parsed(template, html=html).places:
            if place.path[0] not in ROOTS:
                known = ", ".join(ROOTS)
                raise Invalid(where, f"{{{{{place.source[:60]}}}}} names nothing: merge fields begin with {known}")
    except TemplateError as error:
        raise Invalid(where, str(error)) from None


def rendered(template: str, values: Mapping[str, Any], where: str = "text", *, html: bool = False) -> Rendered:
    """Fill the places. In HTML the values are escaped. Raise `Invalid` for `where` if the template is wrong."""
    try:
        found = parsed(template, html=html)
        text = found.html(values) if html else found.text(values)
        missing = [Missing(_name(place), where) for place in found.places if _is_missing(place, values)]
    except TemplateError as error:
        raise Invalid(where, str(error)) from None
    return Rendered(on_one_line(text) if where == "subject" else text, list(dict.fromkeys(missing)))


def _name(place: Place) -> str:
    return ".".join(map(str, place.path))


def parsed(template: str, *, html: bool = False) -> Template:
    if "{{" not in template:
        return Template((template,) if template else ())
    return templates.parse(_PLACE.sub(lambda found: _with_default(found[1], html), template))


def _with_default(source: str, html: bool) -> str:
    """The place with its default as a filter: `contact.givenName|there` as `contact.givenName | default("there")`."""
    if html:  # An editor may put tags and entities within a place.
        source = unescape(_TAG.sub("", source)).replace("\u00a0", " ")
    path, bar, rest = source.partition("|")
    found = _FILTER.match(rest)
    if bar and not (found and found[1] in FILTERS):
        text = rest.strip().replace("\\", "\\\\").replace('"', '\\"')
        source = f'{path.strip()} | default("{text}")'
    return f"{{{{{source.strip()}}}}}"


def _is_missing(place: Place, values: Mapping[str, Any]) -> bool:
    """Whether the place names nothing, or shows nothing although it has no default."""
    if not _is_known(place, values):
        return True
    return as_text(place.value(values)).strip() == "" and not any(name == "default" for name, _ in place.filters)


def _is_known(place: Place, values: Mapping[str, Any]) -> bool:
    found: Any = values
    for part in place.path:
        if not isinstance(found, Mapping):
            return True
        if str(part) not in found:
            return False
        found = found.get(str(part))
    return True


# Values


def values(
    ctx: Ctx,
    *,
    box_key: str | None = None,
    contact_key: str | None = None,
    address: str = "",
    sender: Person | None = None,
    sender_address: str = "",
    team_key: str | None = None,
) -> Mapping[str, Any]:
    """The values for one recipient, as far as the actor may see them.

    Without `contact_key`, the contact is the one of the box that has this address, or the first of the box. Without
    `sender`, the actor sends. Raise `NotFound` for a box or a contact that the actor may not see.
    """
    box = boxes.get(ctx, box_key) if box_key and ctx.sees("boxes") else None
    zone = dates.zone(ctx.actor.timezone)
    contact = contacts.get(ctx, contact_key) if contact_key else _contact_of(ctx, box, address)
    organization = _organization_of(ctx, box, contact)
    if team_key is None and box is not None:
        team_key = boxes.pipeline_of(ctx, box).team_key
    team_key = team_key or (contact.team_key if contact else None)
    return {
        "contact": _contact(ctx, contact, address),
        "organization": _organization(ctx, organization),
        "box": _box(ctx, box, zone),
        "sender": _sender(ctx, sender, sender_address),
        "team": _team(ctx, team_key),
    }


def _contact_of(ctx: Ctx, box: Box | None, address: str) -> Contact | None:
    found = contact_access.by_keys(ctx, CONTACTS, [link.key for link in box.contacts]) if box else []
    wanted = address.casefold()
    with_address = [each for each in found if wanted in [email.casefold() for email in each.email_addresses]]
    if wanted:
        return with_address[0] if with_address else None
    return found[0] if found else None


def _organization_of(ctx: Ctx, box: Box | None, contact: Contact | None) -> Organization | None:
    keys = [link.key for link in contact.org_links] if contact else []
    keys += [link.key for link in box.organizations] if box else []
    found = contact_access.by_keys(ctx, ORGANIZATIONS, keys[:10])
    return found[0] if found else None


def _contact(ctx: Ctx, contact: Contact | None, address: str) -> Values:
    if contact is None:
        return Values("", {**dict.fromkeys(_CONTACT), "email": address or None}, {}, is_open=True)
    own = {
        "name": contact.full_name,
        "givenName": contact.given_name,
        "familyName": contact.family_name,
        "title": contact.title,
        "email": address or next(iter(contact.email_addresses), None),
        **_reachable(contact),
    }
    return Values(contact.full_name, own, _team_values(ctx, contact.team_key, "contacts_fields", contact.fields))


def _organization(ctx: Ctx, organization: Organization | None) -> Values:
    if organization is None:
        return Values("", dict.fromkeys(_ORGANIZATION), {}, is_open=True)
    own = {
        "name": organization.name,
        "domain": next(iter(organization.domains), None),
        "industry": organization.industry,
        "employeeCount": organization.employee_count,
        **_reachable(organization),
    }
    fields = _team_values(ctx, organization.team_key, "organizations_fields", organization.fields)
    return Values(organization.name, own, fields)


def _reachable(entry: contact_access.Entry) -> dict[str, Any]:
    return {
        "phone": next(iter(entry.phone_numbers), None),
        "address": next(iter(entry.addresses), None),
        "other": entry.other,
        "key": entry.key,
    }


def _team_values(ctx: Ctx, team_key: str, member: str, stored: Mapping[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    fields: list[TeamField] = getattr(teams.get(ctx, team_key).settings, member)
    for field in fields:
        names = {option.key: option.name for option in field.options}
        value = stored.get(field.key)
        found[field.key] = names.get(value, value) if value else value
        found.setdefault(field.name, found[field.key])
    return found


def _box(ctx: Ctx, box: Box | None, zone: tzinfo) -> Values:
    if box is None:
        return Values("", dict.fromkeys(_BOX), {}, is_open=True)
    pipeline = pipelines.get(ctx, box.pipeline_key)
    stage = schema.stage(ctx, pipeline, box.stage_key)
    assignees = [person for person in persons.by_key(ctx, box.assignee_keys).values() if person is not None]
    own = {
        "name": box.name,
        "notes": box.notes,
        "stage": Values(stage.name, {"name": stage.name, "key": stage.key}, {}),
        "pipeline": Values(pipeline.name, {"name": pipeline.name, "key": pipeline.key}, {}),
        "assignee": [person.full_name for person in assignees],
        "assigneeEmail": next((person.email for person in assignees), None),
        "created": shown_values.date(box.created_at, zone),
        "key": box.key,
    }
    titles = _titles(ctx, box)
    fields: dict[str, Any] = {}
    for key, field in schema.fields_by_key(ctx, box.pipeline_key).items():
        fields[key] = shown_values.field_value(field, box.fields.get(key), zone, lambda key: titles.get(key, ""))
        fields.setdefault(field.name, fields[key])
    return Values(box.name, own, fields)


def _titles(ctx: Ctx, box: Box) -> dict[str, str]:
    """What the contacts and organizations are called that the box's fields name and the actor may see."""
    keys = [key for value in box.fields.values() if isinstance(value, list) for key in value if isinstance(key, str)]
    found: dict[str, str] = {}
    if keys:
        for contact in contact_access.by_keys(ctx, CONTACTS, keys):
            found[contact.key] = CONTACTS.title(contact)
        for organization in contact_access.by_keys(ctx, ORGANIZATIONS, keys):
            found[organization.key] = ORGANIZATIONS.title(organization)
    return found


def _sender(ctx: Ctx, sender: Person | None, address: str) -> Values:
    person = sender or persons.of(ctx.actor)
    family_name = person.full_name.removeprefix(person.given_name).strip() if person.given_name else ""
    own = {
        "name": person.full_name,
        "givenName": person.given_name or person.full_name,
        "familyName": family_name,
        "email": address or person.email,
    }
    return Values(person.full_name, own, {})


def _team(ctx: Ctx, team_key: str | None) -> Values:
    try:
        name = teams.get(ctx, team_key).name if team_key else None
    except NotFound:  # a guest of a pipeline
        name = None
    return Values(name, {"name": name}, {})
