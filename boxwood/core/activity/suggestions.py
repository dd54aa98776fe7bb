"""What a task's text suggests to do at once: to mail someone, to call, to fix a date, to follow up."""

from __future__ import annotations

import re

import msgspec

from ..context import Ctx
from ..people import contact_access
from ..people.contacts import CONTACTS, Contact
from .tasks import NOT_DONE, Task

# A box may have a thousand contacts; nobody means the last of them without saying so.
MOST_CONTACTS = 20
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
    """An e-mail address, or for a call a telephone number."""
    contact: Contact


def of(ctx: Ctx, tasks: list[Task]) -> dict[str, list[Suggestion]]:
    """By task, of open ones whose text says something and for whom someone is known.

    It is said with the contact the task names, else with the one of its box that the text names, else with the
    box's starred or first one; as far as the actor reaches them.
    """
    wanted = {task.key: _types(task.text) for task in tasks if task.status == NOT_DONE}
    asking = [task for task in tasks if wanted.get(task.key)]
    if not asking:
        return {}
    of_boxes = _contact_keys(ctx, {task.box_key for task in asking})
    keys = {key for task in asking for key in (task.contact_key, *of_boxes[task.box_key]) if key}
    known = {contact.key: contact for contact in contact_access.by_keys(ctx, CONTACTS, sorted(keys))}
    found = {}
    for task in asking:
        contact = _meant(task, [known[key] for key in of_boxes[task.box_key] if key in known], known)
        if contact:
            found[task.key] = _suggestions(wanted[task.key], contact, task.text)
    return found


def _types(text: str) -> list[str]:
    return [kind for kind, words in _TYPES.items() if words.search(text)]


def _contact_keys(ctx: Ctx, box_keys: set[str]) -> dict[str, list[str]]:
    """The contacts of each box, starred ones first."""
    sql = f"SELECT key, contacts FROM boxes WHERE {ctx.db.dialect.among('key', 'keys')}"
    found: dict[str, list[str]] = {key: [] for key in box_keys}
    for key, contacts in ctx.db.rows(sql, keys=ctx.db.texts(box_keys)):
        links = sorted(_links(contacts), key=lambda link: not link.get("is_starred"))
        found[key] = [str(link["key"]) for link in links[:MOST_CONTACTS]]
    return found


def _meant(task: Task, of_box: list[Contact], known: dict[str, Contact]) -> Contact | None:
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
    named = (one for one in contact.email_addresses if one in text.lower())
    email = next(named, next(iter(contact.email_addresses), ""))
    values = {kind: phone if kind == "CALL" else email for kind in types}
    return [Suggestion(kind, value, contact) for kind, value in values.items() if value]
