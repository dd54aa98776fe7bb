"""Organizations: the companies and bodies a team knows."""

from __future__ import annotations

from collections.abc import Iterator

from ...db.records import Table
from ...lib import ids
from ..context import Ctx
from . import contact_access
from .contact_access import Entry, Noun


class Organization(Entry, frozen=True):
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
    yield from (("domain", one) for one in organization.normalized_domains)
    yield from contact_access.by_name(organization.name)
    yield from contact_access.by_phone(organization.phone_numbers)


ORGANIZATIONS = Noun(
    name="organizations",
    one="organization",
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
    return contact_access.get(ctx, ORGANIZATIONS, key)
