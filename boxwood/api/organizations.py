"""Organizations over HTTP."""

from __future__ import annotations

from ..core.contacts import entries
from ..core.contacts import merge as contact_merge
from ..core.people import contact_access
from ..core.people.organizations import ORGANIZATIONS
from ..wire.shapes import directory as shapes
from ..wire.shapes.base import given
from ..wire.shapes.boxes import BoxOut
from ..wire.shapes.events import NewsfeedEntry, newsfeed_entry
from ..wire.shapes.lists import Results, Success
from .http import paging
from .http.call import Call


def get(call: Call) -> shapes.OrganizationOut:
    """An organization."""
    return shapes.organization(contact_access.get(call.ctx, ORGANIZATIONS, call.path[0]))


def list_page(call: Call) -> shapes.OrganizationPage:
    """The team's organizations in the order of their keys, those saved since `after` where it is given."""
    found, cursor = paging.entries(call, ORGANIZATIONS)
    return shapes.OrganizationPage([shapes.organization(one) for one in found], given(cursor))


def batch_get(call: Call) -> dict[str, shapes.OrganizationOut]:
    """The organizations with these keys, by key, as far as they are within reach."""
    found = contact_access.by_keys(call.ctx, ORGANIZATIONS, paging.named_keys(call))
    return {one.key: shapes.organization(one) for one in found}


def create(call: Call) -> shapes.OrganizationOut:
    """An organization of the team's: a name or a domain at least.

    With `getIfExisting=true` the one that has the domain already is given as it is, if there is one.
    """
    read, existing = call.parse(shapes.ORGANIZATION), call.flag("getIfExisting")
    return shapes.organization(entries.create(call.ctx, ORGANIZATIONS, call.path[0], read, get_if_existing=existing))


def upsert(call: Call) -> shapes.OrganizationOut:
    """Change the organization that has the domain, or make one.

    The lists given are added to those there are; everything else is as in a change.
    """
    return shapes.organization(entries.upsert(call.ctx, ORGANIZATIONS, call.path[0], call.parse(shapes.ORGANIZATION)))


def edit(call: Call) -> shapes.OrganizationOut:
    """Change what is named and differs: null leaves as it is, "" clears, lists replace, `fields` merges."""
    return shapes.organization(entries.edit(call.ctx, ORGANIZATIONS, call.path[0], call.parse(shapes.ORGANIZATION)))


def delete(call: Call) -> Success:
    """Delete an organization with all links to it."""
    entries.delete(call.ctx, ORGANIZATIONS, call.path[0])
    return Success(message="The organization was deleted")


def duplicates(call: Call) -> shapes.OrganizationDuplicatesPage:
    """The team's organizations that may be one and the same, by what they have in common."""
    found, cursor = paging.duplicates(call, ORGANIZATIONS)
    shown = [
        shapes.OrganizationDuplicates(group.reason, group.value, [shapes.organization(one) for one in alike])
        for group, alike in found
    ]
    return shapes.OrganizationDuplicatesPage(shown, given(cursor))


def merge(call: Call) -> shapes.OrganizationOut:
    """Merge others (`keys`) into this organization, which takes their place wherever they are named.

    Lists are joined; what this one lacks comes from the first that has it, or from whom `choices` says.
    """
    read = call.parse(shapes.MERGE)
    chosen = shapes.choices(read, shapes.ORGANIZATION)
    return shapes.organization(contact_merge.merge(call.ctx, ORGANIZATIONS, call.path[0], read.get("keys", []), chosen))


def unmerge(call: Call) -> shapes.OrganizationUnmerged:
    """Take back the last merge into this organization: the others are there again, and named where they were."""
    survivor, restored = contact_merge.unmerge(call.ctx, ORGANIZATIONS, call.path[0])
    return shapes.OrganizationUnmerged(shapes.organization(survivor), [shapes.organization(one) for one in restored])


def newsfeed(call: Call) -> list[NewsfeedEntry]:
    """What happened to an organization, newest first."""
    return [newsfeed_entry(one) for one in paging.newsfeed(call, ORGANIZATIONS)]


def list_boxes(call: Call) -> Results[BoxOut]:
    """The boxes within reach that name this organization, the last changed first."""
    return paging.boxes(call, ORGANIZATIONS)
