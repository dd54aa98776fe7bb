"""Contacts over HTTP."""

from __future__ import annotations

from ..core.contacts import entries
from ..core.contacts import merge as contact_merge
from ..core.people import contact_access
from ..core.people.contacts import CONTACTS
from ..wire.shapes import directory as shapes
from ..wire.shapes.base import given
from ..wire.shapes.boxes import BoxOut
from ..wire.shapes.events import NewsfeedEntry, newsfeed_entry
from ..wire.shapes.lists import Results, Success
from .http import paging
from .http.call import Call


def get(call: Call) -> shapes.ContactOut:
    """A contact."""
    return shapes.contact(contact_access.get(call.ctx, CONTACTS, call.path[0]))


def list_page(call: Call) -> shapes.ContactPage:
    """The team's contacts in the order of their keys, those saved since `after` where it is given."""
    found, cursor = paging.entries(call, CONTACTS)
    return shapes.ContactPage([shapes.contact(one) for one in found], given(cursor))


def batch_get(call: Call) -> dict[str, shapes.ContactOut]:
    """The contacts with these keys, by key, as far as they are within reach."""
    found = contact_access.by_keys(call.ctx, CONTACTS, paging.named_keys(call))
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


def duplicates(call: Call) -> shapes.ContactDuplicatesPage:
    """The team's contacts that may be one and the same, by what they have in common."""
    found, cursor = paging.duplicates(call, CONTACTS)
    shown = [
        shapes.ContactDuplicates(group.reason, group.value, [shapes.contact(one) for one in alike])
        for group, alike in found
    ]
    return shapes.ContactDuplicatesPage(shown, given(cursor))


def merge(call: Call) -> shapes.ContactOut:
    """Merge others (`keys`) into this contact, which takes their place wherever they are named.

    Lists are joined; what this one lacks comes from the first that has it, or from whom `choices` says.
    """
    read = call.parse(shapes.MERGE)
    chosen = shapes.choices(read, shapes.CONTACT)
    return shapes.contact(contact_merge.merge(call.ctx, CONTACTS, call.path[0], read.get("keys", []), chosen))


def unmerge(call: Call) -> shapes.ContactUnmerged:
    """Take back the last merge into this contact: the others are there again, and named where they were."""
    survivor, restored = contact_merge.unmerge(call.ctx, CONTACTS, call.path[0])
    return shapes.ContactUnmerged(shapes.contact(survivor), [shapes.contact(one) for one in restored])


def newsfeed(call: Call) -> list[NewsfeedEntry]:
    """What happened to a contact, newest first."""
    return [newsfeed_entry(one) for one in paging.newsfeed(call, CONTACTS)]


def list_boxes(call: Call) -> Results[BoxOut]:
    """The boxes within reach that name this contact, the last changed first."""
    return paging.boxes(call, CONTACTS)
