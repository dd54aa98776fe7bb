"""Actions that the text of a task suggests: to send an e-mail, to call, to schedule a meeting, to follow up."""

from __future__ import annotations

import re

import msgspec

from ..context import Ctx
from ..people import contact_access
from ..people.contacts import CONTACTS, Contact
from .tasks import NOT_DONE, Task

MOST_CONTACTS = 20
"""Contacts of a box that are considered. A box may have a thousand."""
_WORDS = {
    "EMAIL": r"e-?mail|mail|write to|send|reply|forward",
    "CALL": r"call|phone|ring|dial",
    "SCHEDULE": r"schedule|meet|meeting|book|invite|appointment",
    "FOLLOW_UP": r"follow[ -]?up|check in|touch base|remind|chase",
}
_TYPES = {kind: re.compile(rf"\b({words})s?\b", re.IGNORECASE) for kind, words in _WORDS.items()}
_links = msgspec.json.Decoder(list[dict[str, str | bool]]).decode


class Suggestion(msgspec.Struct, frozen=True):
    type: str
    value: str
    """An e-mail address, or for a call a phone number."""
    contact: Contact


def for_tasks(ctx: Ctx, tasks: list[Task]) -> dict[str, list[Suggestion]]:
    """Suggestions by the key of the task. Only open tasks have suggestions, if their text contains one of the words and
    a contact is found.

    The contact is the contact of the task, or the contact of the box that the text names, or the first starred contact
    of the box, or its first contact. Only contacts that the actor may see are used.
    """
    types = {task.key: _types(task.text) for task in tasks if task.status == NOT_DONE}
    matching = [task for task in tasks if types.get(task.key)]
    if not matching:
        return {}
    by_box = _contact_keys(ctx, {task.box_key for task in matching})
    keys = {key for task in matching for key in (task.contact_key, *by_box[task.box_key]) if key}
    known = {contact.key: contact for contact in contact_access.by_keys(ctx, CONTACTS, sorted(keys))}
    found = {}
    for task in matching:
        contact = _choose_contact(task, [known[key] for key in by_box[task.box_key] if key in known], known)
        if contact:
            found[task.key] = _suggestions(types[task.key], contact, task.text)
    return found


def _types(text: str) -> list[str]:
    return [kind for kind, words in _TYPES.items() if words.search(text)]


def _contact_keys(ctx: Ctx, box_keys: set[str]) -> dict[str, list[str]]:
    """The keys of each box's contacts, starred contacts first."""
    sql = f"SELECT key, contacts FROM boxes WHERE {ctx.db.dialect.among('key', 'keys')}"
    found: dict[str, list[str]] = {key: [] for key in box_keys}
    for key, contacts in ctx.db.rows(sql, keys=ctx.db.texts(box_keys)):
        links = sorted(_links(contacts), key=lambda link: not link.get("is_starred"))
        found[key] = [str(link["key"]) for link in links[:MOST_CONTACTS]]
    return found


def _choose_contact(task: Task, of_box: list[Contact], known: dict[str, Contact]) -> Contact | None:
    if task.contact_key in known:
        return known[task.contact_key]
    text = task.text.lower()
    for contact in of_box:
        names = (contact.full_name, contact.given_name or "", contact.family_name or "", *contact.email_addresses)
        if any(name and re.search(rf"\b{re.escape(name.lower())}\b", text) for name in names):
            return contact
    return of_box[0] if of_box else None


def _suggestions(types: list[str], contact: Contact, text: str) -> list[Suggestion]:
    phone = next(iter(contact.phone_numbers), "")
    named = (address for address in contact.email_addresses if address in text.lower())
    email = next(named, next(iter(contact.email_addresses), ""))
    values = {kind: phone if kind == "CALL" else email for kind in types}
    return [Suggestion(kind, value, contact) for kind, value in values.items() if value]
