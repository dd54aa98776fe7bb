"""Organizations: the record of a company that a team knows, and how to get it. `core/contacts` changes them."""

from __future__ import annotations

from collections.abc import Iterator

from ...db.records import Table
from ...lib import ids
from ..context import Ctx
from . import contact_access
from .contact_access import Entry, Noun


class Organization(Entry, frozen=True):
    """A company or institution that the team knows."""

    name: str | None
    industry: str | None
    employee_count: str | None
    logo_url: str | None


def _blank(ctx: Ctx, team_key: str) -> Organization:
    return Organization(
        key=ids.new("o", ctx.now),
        team_key=team_key,
        other=None,
        phone_numbers=[],
        addresses=[],
        domains=[],
        normalized_domains=[],
        twitter_handle=None,
        facebook_handle=None,
        linkedin_handle=None,
        instagram_handle=None,
        fields={},
        creator_key=ctx.actor.key,
        saved_by=ctx.actor.key,
        created_at=ctx.now,
        updated_at=ctx.now,
        saved_at=ctx.now,
        name=None,
        industry=None,
        employee_count=None,
        logo_url=None,
    )


def _title(organization: Organization) -> str:
    return organization.name or next(iter(organization.domains), "")


def _identify(organization: Organization) -> Iterator[tuple[str, str]]:
    yield from (("domain", domain) for domain in organization.normalized_domains)
    yield from contact_access.name_identities(organization.name)
    yield from contact_access.phone_identities(organization.phone_numbers)


ORGANIZATIONS = Noun(
    name="organizations",
    singular="organization",
    letter="o",
    table=Table("organizations", Organization, beside=("contact_links", "org_links")),
    blank=_blank,
    title=_title,
    needs="name",
    identify=_identify,
    matched_by="domain",
    match_needs="domains",
    lists=("phone_numbers", "addresses", "domains"),
)


def get(ctx: Ctx, key: str) -> Organization:
    """Return the organization with its links. Raise `NotFound` if the actor may not see it."""
    return contact_access.get(ctx, ORGANIZATIONS, key)
