"""Organizations over HTTP."""

from __future__ import annotations

from ..core import organizations
from ..core.organizations import ORGANIZATIONS
from ..wire.shapes import directory as shapes
from ..wire.shapes.people import given
from . import directory
from .call import Call


def get(call: Call) -> shapes.OrganizationOut:
    """An organization."""
    return shapes.organization(organizations.get(call.ctx, call.path[0]))


def list_page(call: Call) -> shapes.OrganizationPage:
    """The team's organizations in the order of their keys, those saved since `after` where it is given."""
    found, cursor = directory.page(call, ORGANIZATIONS)
    return shapes.OrganizationPage([shapes.organization(one) for one in found], given(cursor))


def create(call: Call) -> shapes.OrganizationOut:
    """An organization of the team's: a name or a domain at least."""
    return shapes.organization(organizations.create(call.ctx, call.path[0], call.parse(shapes.ORGANIZATION)))
