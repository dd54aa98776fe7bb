"""Contacts over HTTP."""

from __future__ import annotations

from ..core import contacts
from ..core.contacts import CONTACTS
from ..wire.shapes import directory as shapes
from ..wire.shapes.people import given
from . import directory
from .call import Call


def get(call: Call) -> shapes.ContactOut:
    """A contact."""
    return shapes.contact(contacts.get(call.ctx, call.path[0]))


def list_page(call: Call) -> shapes.ContactPage:
    """The team's contacts in a stable order, those saved since `after` where it is given."""
    found, cursor = directory.page(call, CONTACTS)
    return shapes.ContactPage([shapes.contact(one) for one in found], given(cursor))


def create(call: Call) -> shapes.ContactOut:
    """A contact of the team's: a name or an e-mail address at least."""
    return shapes.contact(contacts.create(call.ctx, call.path[0], call.parse(shapes.CONTACT)))
