"""Organizations over HTTP."""

from __future__ import annotations

from ..core import directory, entries
from ..core.organizations import ORGANIZATIONS
from ..wire.shapes import directory as shapes
from ..wire.shapes.base import given
from ..wire.shapes.lists import Success
from . import paging
from .call import Call


def get(call: Call) -> shapes.OrganizationOut:
    """An organization."""
    return shapes.organization(directory.get(call.ctx, ORGANIZATIONS, call.path[0]))


def list_page(call: Call) -> shapes.OrganizationPage:
    """The team's organizations in the order of their keys, those saved since `after` where it is given."""
    found, cursor = paging.entries(call, ORGANIZATIONS)
    return shapes.OrganizationPage([shapes.organization(one) for one in found], given(cursor))


def batch_get(call: Call) -> dict[str, shapes.OrganizationOut]:
    """The organizations with these keys, by key, as far as they are within reach."""
    found = directory.by_keys(call.ctx, ORGANIZATIONS, paging.named_keys(call))
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
