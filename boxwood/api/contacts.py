"""Contacts over HTTP."""

from __future__ import annotations

from ..core import directory, entries
from ..core.contacts import CONTACTS
from ..wire.shapes import directory as shapes
from ..wire.shapes.base import given
from ..wire.shapes.lists import Success
from . import paging
from .call import Call


def get(call: Call) -> shapes.ContactOut:
    """A contact."""
    return shapes.contact(directory.get(call.ctx, CONTACTS, call.path[0]))


def list_page(call: Call) -> shapes.ContactPage:
    """The team's contacts in the order of their keys, those saved since `after` where it is given."""
    found, cursor = paging.entries(call, CONTACTS)
    return shapes.ContactPage([shapes.contact(one) for one in found], given(cursor))


def batch_get(call: Call) -> dict[str, shapes.ContactOut]:
    """The contacts with these keys, by key, as far as they are within reach."""
    found = directory.by_keys(call.ctx, CONTACTS, paging.named_keys(call))
    return {one.key: shapes.contact(one) for one in found}


def create(call: Call) -> shapes.ContactOut:
    """A contact of the team's: a name or an e-mail address at least.

    With `getIfExisting=true` the one that has the e-mail address already is given as it is, if there is one.
    """
    read, existing = call.parse(shapes.CONTACT), call.flag("getIfExisting")
    return shapes.contact(entries.create(call.ctx, CONTACTS, call.path[0], read, get_if_existing=existing))


def upsert(call: Call) -> shapes.ContactOut:
    """Change the contact that has the e-mail address, or make one.

    The lists given are added to those there are; everything else is as in a change.
    """
    return shapes.contact(entries.upsert(call.ctx, CONTACTS, call.path[0], call.parse(shapes.CONTACT)))


def edit(call: Call) -> shapes.ContactOut:
    """Change what is named and differs: null leaves as it is, "" clears, lists replace, `fields` merges."""
    return shapes.contact(entries.edit(call.ctx, CONTACTS, call.path[0], call.parse(shapes.CONTACT)))


def delete(call: Call) -> Success:
    """Delete a contact with all links to it."""
    entries.delete(call.ctx, CONTACTS, call.path[0])
    return Success(message="The contact was deleted")
