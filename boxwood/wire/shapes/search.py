"""Search results (spec 4.10)."""

from __future__ import annotations

import msgspec

from ...core.people.contacts import Contact
from ...core.people.organizations import Organization
from ...core.search.query import Hit, SearchResults
from .base import Out, given


class BoxFound(Out, omit_defaults=False):
    box_key: str
    name: str
    last_updated_timestamp: int
    assigned_to_keys: list[str]
    stage_key: str
    pipeline_key: str


class ContactFound(Out, omit_defaults=False):
    key: str
    addresses: list[str]
    email_addresses: list[str]
    phone_numbers: list[str]
    given_name: str | msgspec.UnsetType = msgspec.UNSET
    family_name: str | msgspec.UnsetType = msgspec.UNSET
    other: str | msgspec.UnsetType = msgspec.UNSET
    title: str | msgspec.UnsetType = msgspec.UNSET


class OrganizationFound(Out, omit_defaults=False):
    key: str
    domains: list[str]
    normalized_domains: list[str]
    addresses: list[str]
    name: str | msgspec.UnsetType = msgspec.UNSET
    other: str | msgspec.UnsetType = msgspec.UNSET
    industry: str | msgspec.UnsetType = msgspec.UNSET
    employee_count: str | msgspec.UnsetType = msgspec.UNSET
    logo_url: str | msgspec.UnsetType = msgspec.field(name="logoURL", default=msgspec.UNSET)


class FoundOut(Out, omit_defaults=False):
    boxes: list[BoxFound]
    contacts: list[ContactFound]
    orgs: list[OrganizationFound]


class SearchOut(Out, omit_defaults=False):
    """`query` is null for a search by name."""

    results: FoundOut
    query: str | None
    page: int


def answer(found: SearchResults, query: str | None, page: int) -> SearchOut:
    boxes = [_box(box) for box in found.boxes]
    contacts = [_contact(contact) for contact in found.contacts]
    return SearchOut(
        FoundOut(boxes, contacts, [_organization(organization) for organization in found.organizations]), query, page
    )


def _box(hit: Hit) -> BoxFound:
    return BoxFound(hit.key, hit.name, hit.updated_at, hit.assignee_keys, hit.stage_key, hit.pipeline_key)


def _contact(contact: Contact) -> ContactFound:
    return ContactFound(
        key=contact.key,
        addresses=contact.addresses,
        email_addresses=contact.email_addresses,
        phone_numbers=contact.phone_numbers,
        given_name=given(contact.given_name),
        family_name=given(contact.family_name),
        other=given(contact.other),
        title=given(contact.title),
    )


def _organization(organization: Organization) -> OrganizationFound:
    return OrganizationFound(
        key=organization.key,
        domains=organization.domains,
        normalized_domains=organization.normalized_domains,
        addresses=organization.addresses,
        name=given(organization.name),
        other=given(organization.other),
        industry=given(organization.industry),
        employee_count=given(organization.employee_count),
        logo_url=given(organization.logo_url),
    )
