"""Contacts and organizations on the wire (spec 4.11 and 4.12)."""

from __future__ import annotations

from typing import Any

import msgspec

from ...core.people.contact_access import DirectoryLink, Entry
from ...core.people.contacts import Contact
from ...core.people.organizations import Organization
from ...errors import Invalid
from ..codec import Shape
from ..kinds import FLAG, KEY, LINES, MILLIS, NAME, NAMES, OBJECT, TEXT, WORDS, Kind, Wrong, records
from .base import Out, given


class EntryLink(Out, omit_defaults=False):
    key: str
    is_magic_linked: bool
    creation_timestamp: int


class EntryOut(Out, omit_defaults=False):
    """The members of both contacts and organizations. Members without a value are left out."""

    key: str
    team_key: str
    phone_numbers: list[str]
    addresses: list[str]
    domains: list[str]
    normalized_domains: list[str]
    contact_links: list[EntryLink]
    org_links: list[EntryLink]
    fields: dict[str, str]
    creator_key: str
    last_saved_user_key: str
    creation_date: int
    version_timestamp: int
    last_saved_timestamp: int


class ContactOut(EntryOut, omit_defaults=False, kw_only=True):
    email_addresses: list[str]
    given_name: str | msgspec.UnsetType = msgspec.UNSET
    family_name: str | msgspec.UnsetType = msgspec.UNSET
    other: str | msgspec.UnsetType = msgspec.UNSET
    title: str | msgspec.UnsetType = msgspec.UNSET
    twitter_handle: str | msgspec.UnsetType = msgspec.UNSET
    facebook_handle: str | msgspec.UnsetType = msgspec.UNSET
    linkedin_handle: str | msgspec.UnsetType = msgspec.UNSET
    instagram_handle: str | msgspec.UnsetType = msgspec.UNSET
    photo_url: str | msgspec.UnsetType = msgspec.UNSET


class OrganizationOut(EntryOut, omit_defaults=False, kw_only=True):
    name: str | msgspec.UnsetType = msgspec.UNSET
    other: str | msgspec.UnsetType = msgspec.UNSET
    industry: str | msgspec.UnsetType = msgspec.UNSET
    employee_count: str | msgspec.UnsetType = msgspec.UNSET
    logo_url: str | msgspec.UnsetType = msgspec.field(name="logoURL", default=msgspec.UNSET)
    twitter_handle: str | msgspec.UnsetType = msgspec.UNSET
    facebook_handle: str | msgspec.UnsetType = msgspec.UNSET
    linkedin_handle: str | msgspec.UnsetType = msgspec.UNSET
    instagram_handle: str | msgspec.UnsetType = msgspec.UNSET


def contact(contact: Contact) -> ContactOut:
    return ContactOut(
        **_common(contact),
        email_addresses=contact.email_addresses,
        given_name=given(contact.given_name),
        family_name=given(contact.family_name),
        title=given(contact.title),
        photo_url=given(contact.photo_url),
    )


def organization(organization: Organization) -> OrganizationOut:
    return OrganizationOut(
        **_common(organization),
        name=given(organization.name),
        industry=given(organization.industry),
        employee_count=given(organization.employee_count),
        logo_url=given(organization.logo_url),
    )


def _common(entry: Entry) -> dict[str, Any]:
    return {
        "key": entry.key,
        "team_key": entry.team_key,
        "phone_numbers": entry.phone_numbers,
        "addresses": entry.addresses,
        "domains": entry.domains,
        "normalized_domains": entry.normalized_domains,
        "contact_links": _links(entry.contact_links),
        "org_links": _links(entry.org_links),
        "fields": entry.fields,
        "creator_key": entry.creator_key,
        "last_saved_user_key": entry.saved_by,
        "creation_date": entry.created_at,
        "version_timestamp": entry.updated_at,
        "last_saved_timestamp": entry.saved_at,
        "other": given(entry.other),
        "twitter_handle": given(entry.twitter_handle),
        "facebook_handle": given(entry.facebook_handle),
        "linkedin_handle": given(entry.linkedin_handle),
        "instagram_handle": given(entry.instagram_handle),
    }


def _links(links: list[DirectoryLink]) -> list[EntryLink]:
    return [EntryLink(link.key, link.is_magic, link.created_at) for link in links]


class ContactPage(Out, omit_defaults=False):
    """Send `cursor` to get the next page. The last page has none."""

    results: list[ContactOut]
    cursor: str | msgspec.UnsetType = msgspec.UNSET


class OrganizationPage(Out, omit_defaults=False):
    """Send `cursor` to get the next page. The last page has none."""

    results: list[OrganizationOut]
    cursor: str | msgspec.UnsetType = msgspec.UNSET


class ContactDuplicates(Out, omit_defaults=False):
    """Contacts that may be the same person. `reason` is email, name or phone; `value` is what they have in common."""

    reason: str
    value: str
    contacts: list[ContactOut]


class ContactDuplicatesPage(Out, omit_defaults=False):
    results: list[ContactDuplicates]
    cursor: str | msgspec.UnsetType = msgspec.UNSET


class ContactUnmerged(Out, omit_defaults=False):
    contact: ContactOut
    restored: list[ContactOut]


class OrganizationDuplicates(Out, omit_defaults=False):
    """Organizations that may be the same. `reason` is domain, name or phone; `value` is what they have in common."""

    reason: str
    value: str
    organizations: list[OrganizationOut]


class OrganizationDuplicatesPage(Out, omit_defaults=False):
    results: list[OrganizationDuplicates]
    cursor: str | msgspec.UnsetType = msgspec.UNSET


class OrganizationUnmerged(Out, omit_defaults=False):
    organization: OrganizationOut
    restored: list[OrganizationOut]


def _read_number(value: Any) -> str:
    """Text, or a number as its digits: a client sends `120`, another `51-200`."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return str(int(value) if isinstance(value, float) and value.is_integer() else value)
    text: str = NAME.read(value)
    return text


def _read_values(value: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, item in OBJECT.read(value).items():
        if isinstance(item, bool):
            item = "true" if item else "false"
        elif isinstance(item, (int, float)):
            found[NAME.read(key)] = item
            continue
        elif isinstance(item, list) and all(isinstance(each, str) for each in item):
            item = ",".join(item)
        if item is not None and not isinstance(item, str):
            raise Wrong("must be text", f".{key}")
        found[NAME.read(key)] = None if item is None else TEXT.read(item)
    return found


_COUNT = Kind(_read_number, {"type": "string", "description": "Text; a number counts as its digits."})
_VALUES = Kind(_read_values, {"type": "object", "additionalProperties": {"type": "string"}})
_LINK = Shape(
    "EntryLinkEdit",
    required=("key",),
    key=KEY,
    is_magic_linked=FLAG,
    creation_timestamp=MILLIS,
)
_BOTH: dict[str, Kind] = {
    "other": TEXT,
    "phone_numbers": LINES,
    "addresses": LINES,
    "domains": WORDS,
    "twitter_handle": NAME,
    "facebook_handle": NAME,
    "linkedin_handle": NAME,
    "instagram_handle": NAME,
    "fields": _VALUES,
    "contact_links": records(_LINK, bare="key"),
    "org_links": records(_LINK, bare="key"),
}
_CONTACT: dict[str, Kind] = {
    "given_name": NAME,
    "family_name": NAME,
    "title": NAME,
    "email_addresses": WORDS,
    "photo_url": TEXT,
}
_ORGANIZATION: dict[str, Kind] = {
    "name": NAME,
    "industry": NAME,
    "employee_count": _COUNT,
    "logo_url": TEXT,
}
CONTACT = Shape("ContactEdit", {**_CONTACT, **_BOTH})
ORGANIZATION = Shape("OrganizationEdit", {**_ORGANIZATION, **_BOTH}, aliases={"logoURL": "logo_url"})
_CHOICES = {
    "type": "object",
    "additionalProperties": {"type": "string"},
    "description": "By member, or `fields.1001` for a field: the key of the entry whose value is used.",
}
MERGE = Shape("Merge", required=("keys",), keys=NAMES, choices=Kind(OBJECT.read, _CHOICES))


def choices(read: dict[str, Any], shape: Shape) -> dict[str, str]:
    """The key of the entry whose value is used, by core's names of the members."""
    found = {}
    for wire, key in (read.get("choices") or {}).items():
        name = shape.members[wire][0] if wire in shape.members else wire if wire.startswith("fields.") else ""
        if not name or name in ("fields", "contact_links", "org_links") or not isinstance(key, str):
            raise Invalid(
                f"choices.{wire[:50]}", "must be a member of the entries, with the key of the entry whose value to use"
            )
        found[name] = key
    return found
