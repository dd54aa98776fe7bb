"""What binds a box to the team's directory: the entries it names, and the e-mail addresses that belong to it."""

from __future__ import annotations

import msgspec

from ...lib import addresses
from ..context import Ctx
from ..records import Box, BoxEmails


def note(ctx: Ctx, box: Box, before: Box | None) -> None:
    """Keep the rows by which the boxes of a contact or an organization are found."""
    was, named = _named(before) if before else set(), _named(box)
    if gone := was - named:
        ctx.db.run(
            f"DELETE FROM box_links WHERE box_key = :box AND {ctx.db.dialect.among('key', 'keys')}",
            box=box.key,
            keys=ctx.db.texts(gone),
        )
    if new := named - was:
        ctx.db.many(
            "INSERT INTO box_links (box_key, key) VALUES (:box, :key) ON CONFLICT DO NOTHING",
            [{"box": box.key, "key": key} for key in sorted(new)],
        )


def note_new(ctx: Ctx, boxes: list[Box]) -> None:
    """Write the same rows for boxes that have none yet."""
    rows = [{"box": box.key, "key": key} for box in boxes for key in sorted(_named(box))]
    if rows:
        ctx.db.many("INSERT INTO box_links (box_key, key) VALUES (:box, :key) ON CONFLICT DO NOTHING", rows)


def _named(box: Box) -> set[str]:
    """Its contacts and organizations, and those in its fields: lists of texts there are keys of them or of tags."""
    found = {link.key for linked in (box.contacts, box.organizations) for link in linked}
    for value in box.fields.values():
        if isinstance(value, list):
            found.update(one for one in value if isinstance(one, str) and not one.isdecimal())
    return found


def of(ctx: Ctx, key: str) -> list[str]:
    """The keys of the boxes that name this entry, whoever reaches them."""
    return [row[0] for row in ctx.db.rows("SELECT box_key FROM box_links WHERE key = :key ORDER BY box_key", key=key)]


def may_have_addresses(box: Box) -> bool:
    """Whether `with_addresses` may find an address for a new box. Nearly all boxes of an import have none."""
    in_a_value = any(isinstance(value, str) and "@" in value for value in box.fields.values())
    return in_a_value or "@" in box.name or bool(box.contacts)


def with_addresses(ctx: Ctx, box: Box, before: Box | None) -> Box:
    """The box with the e-mail addresses that came with its new contacts, or are written in its name and texts.

    An address stays once it has appeared; `extracted` are those that are written there now (ruling 12).
    """
    emails = box.emails
    if before is None or (box.name, box.fields) != (before.name, before.fields):
        written = list(dict.fromkeys(one for text in _texts(box) for one in addresses.in_text(text)))
        emails = msgspec.structs.replace(emails, extracted=[one for one in written if one not in emails.blacklist])
    known = {link.key for link in before.contacts} if before else set()
    found = _of_contacts(ctx, [link.key for link in box.contacts if link.key not in known])
    emails = with_found(emails, [*found, *emails.extracted])
    return box if emails == box.emails else msgspec.structs.replace(box, emails=emails)


def with_found(emails: BoxEmails, found: list[str]) -> BoxEmails:
    new = [one for one in dict.fromkeys(found) if one not in emails.addresses and one not in emails.blacklist]
    return msgspec.structs.replace(emails, addresses=[*emails.addresses, *new]) if new else emails


def appeared(box: Box, before: Box | None) -> list[str]:
    """The addresses that the box had not before."""
    if before is not None and before.emails is box.emails:
        return []
    known = before.emails.addresses if before else []
    return [one for one in box.emails.addresses if one not in known]


def _texts(box: Box) -> list[str]:
    return [box.name, *(value for value in box.fields.values() if isinstance(value, str))]


def _of_contacts(ctx: Ctx, keys: list[str]) -> list[str]:
    if not keys:
        return []
    rows = ctx.db.rows(
        f"SELECT key, email_addresses FROM contacts WHERE {ctx.db.dialect.among('key', 'keys')}",
        keys=ctx.db.texts(keys),
    )
    held = {key: msgspec.json.decode(text, type=list[str]) for key, text in rows}
    return [one for key in keys for one in held.get(key, [])]
