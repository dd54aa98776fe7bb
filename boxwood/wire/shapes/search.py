"""Search results (spec 4.10)."""

from __future__ import annotations

import msgspec

from ...core.people.contacts import Contact
from ...core.people.organizations import Organization
from ...core.search.matches import Facet, Match, Matches
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


class MatchRangeOut(Out, omit_defaults=False):
    """A part of `text`, from `start` up to `end` (not included). Both count UTF-16 units, as JavaScript does."""

    start: int
    end: int


class MatchSnippetOut(Out):
    """A place where a thing matches. `text` is plain text, not HTML."""

    where: str
    """The member whose text matches, such as `name`, `notes`, `fields.1001` or `text`."""
    text: str
    ranges: list[MatchRangeOut]
    field_name: str | None = None
    """The name of the field, if `where` is a field."""


class MatchOut(Out):
    """A thing that was found. What is in a box also has the members of its box."""

    noun: str
    key: str
    name: str
    timestamp: int
    """When a box, contact or organization changed; when another thing was created, sent or began."""
    snippets: list[MatchSnippetOut]
    box_key: str | None = None
    box_name: str | None = None
    pipeline_key: str | None = None
    stage_key: str | None = None
    thread_key: str | None = None
    address: str | None = None
    """The first e-mail address of a contact, or the first domain of an organization."""


class FacetOut(Out, omit_defaults=False):
    """How many things of a noun match. If `more` is true, more than 1,000 may match."""

    noun: str
    count: int
    more: bool


class MatchesOut(Out, omit_defaults=False):
    results: list[MatchOut]
    facets: list[FacetOut]
    has_next_page: bool
    query: str
    page: int


def matches_out(found: Matches, query: str, page: int) -> MatchesOut:
    return MatchesOut(
        [_match(each) for each in found.matches], [_facet(each) for each in found.facets], found.has_more, query, page
    )


def _match(match: Match) -> MatchOut:
    snippets = [
        MatchSnippetOut(
            each.where, each.text, [MatchRangeOut(part.start, part.end) for part in each.ranges], each.field_name
        )
        for each in match.snippets
    ]
    return MatchOut(
        match.noun,
        match.key,
        match.name,
        match.at,
        snippets,
        match.box_key,
        match.box_name,
        match.pipeline_key,
        match.stage_key,
        match.thread_key,
        match.address,
    )


def _facet(facet: Facet) -> FacetOut:
    return FacetOut(facet.noun, facet.count, facet.more)
