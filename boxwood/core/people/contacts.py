"""Contacts: the record of a person that a team knows, and how to get it. `core/contacts` changes contacts."""

from __future__ import annotations

from collections.abc import Iterator

from ...db.records import Table
from ...lib import ids
from ..context import Ctx
from . import contact_access
from .contact_access import Entry, Noun


class Contact(Entry, frozen=True):
    """A person that the team knows."""

    given_name: str | None
    family_name: str | None
    title: str | None
    email_addresses: list[str]
    photo_url: str | None

    @property
    def full_name(self) -> str:
        return f"{self.given_name or ''} {self.family_name or ''}".strip()


def _blank(ctx: Ctx, team_key: str) -> Contact:
    return Contact(
        key=ids.new("c", ctx.now),
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
        given_name=None,
        family_name=None,
        title=None,
        email_addresses=[],
        photo_url=None,
    )


def _title(contact: Contact) -> str:
    return contact.full_name or next(iter(contact.email_addresses), "")


def _identify(contact: Contact) -> Iterator[tuple[str, str]]:
    yield from (("email", address) for address in contact.email_addresses)
    yield from (("domain", domain) for domain in contact.normalized_domains)
    yield from contact_access.name_identities(contact.full_name)
    yield from contact_access.phone_identities(contact.phone_numbers)


CONTACTS = Noun(
    name="contacts",
    singular="contact",
    letter="c",
    table=Table("contacts", Contact, beside=("contact_links", "org_links")),
    blank=_blank,
    title=_title,
    needs="emailAddresses",
    identify=_identify,
    matched_by="email",
    match_needs="emailAddresses",
    lists=("email_addresses", "phone_numbers", "addresses", "domains"),
)


def get(ctx: Ctx, key: str) -> Contact:
    """Return the contact with its links. Raise `NotFound` if the actor may not see it."""
    return contact_access.get(ctx, CONTACTS, key)
