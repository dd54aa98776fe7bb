"""What a search answers (spec 4.10): of each thing what tells it from the others."""

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
    """`query` is null where a name was asked for."""

    results: FoundOut
    query: str | None
    page: int


def answer(found: SearchResults, query: str | None, page: int) -> SearchOut:
    boxes = [_box(one) for one in found.boxes]
    contacts = [_contact(one) for one in found.contacts]
    return SearchOut(FoundOut(boxes, contacts, [_organization(one) for one in found.organizations]), query, page)


def _box(one: Hit) -> BoxFound:
    return BoxFound(one.key, one.name, one.updated_at, one.assignee_keys, one.stage_key, one.pipeline_key)


def _contact(one: Contact) -> ContactFound:
    return ContactFound(
        key=one.key,
        addresses=one.addresses,
        email_addresses=one.email_addresses,
        phone_numbers=one.phone_numbers,
        given_name=given(one.given_name),
        family_name=given(one.family_name),
        other=given(one.other),
        title=given(one.title),
    )


def _organization(one: Organization) -> OrganizationFound:
    return OrganizationFound(
        key=one.key,
        domains=one.domains,
        normalized_domains=one.normalized_domains,
        addresses=one.addresses,
        name=given(one.name),
        other=given(one.other),
        industry=given(one.industry),
        employee_count=given(one.employee_count),
        logo_url=given(one.logo_url),
    )
