"""The contacts and organizations that a box names, and the e-mail addresses that belong to it."""

from __future__ import annotations

import msgspec

from ...db.engine import Row
from ...lib import addresses
from ..context import Ctx
from ..records import BOXES, Box, BoxEmails

_FIELDS = BOXES.written.index("fields")


def save(ctx: Ctx, box: Box, before: Box | None) -> None:
    """Update the rows by which the boxes of a contact or an organization are found."""
    old, new = _named(before) if before else set(), _named(box)
    if removed := old - new:
        ctx.db.run(
            f"DELETE FROM box_links WHERE box_key = :box AND {ctx.db.dialect.among('key', 'keys')}",
            box=box.key,
            keys=ctx.db.texts(removed),
        )
    if added := new - old:
        ctx.db.many(
            "INSERT INTO box_links (box_key, key) VALUES (:box, :key) ON CONFLICT DO NOTHING",
            [{"box": box.key, "key": key} for key in sorted(added)],
        )


def save_new(ctx: Ctx, boxes: list[Box], stored: list[Row]) -> None:
    """Write the same rows for boxes that have none yet. `stored` are the rows of the boxes themselves: most boxes of an
    import have no list in their field values, and need not be looked at."""
    found = [
        {"box": box.key, "key": key}
        for box, row in zip(boxes, stored, strict=True)
        if box.contacts or box.organizations or "[" in row[_FIELDS]
        for key in sorted(_named(box))
    ]
    if found:
        ctx.db.many("INSERT INTO box_links (box_key, key) VALUES (:box, :key) ON CONFLICT DO NOTHING", found)


def _named(box: Box) -> set[str]:
    """The keys of its contacts and organizations, and of those in its fields.

    A list of texts in a field holds keys of contacts, organizations or tags; the keys of tags are numbers.
    """
    found = {link.key for link in (*box.contacts, *box.organizations)}
    for value in box.fields.values():
        if isinstance(value, list):
            found.update(key for key in value if isinstance(key, str) and not key.isdecimal())
    return found


def box_keys_for(ctx: Ctx, key: str) -> list[str]:
    """The keys of the boxes that name this contact or organization. Checks no permission."""
    return [row[0] for row in ctx.db.rows("SELECT box_key FROM box_links WHERE key = :key ORDER BY box_key", key=key)]


def may_have_addresses(box: Box) -> bool:
    """Whether `with_addresses` may find an address for a new box. Nearly all boxes of an import have none."""
    for value in box.fields.values():
        if isinstance(value, str) and "@" in value:
            return True
    return "@" in box.name or bool(box.contacts)


def with_addresses(ctx: Ctx, box: Box, before: Box | None) -> Box:
    """The box with the e-mail addresses of its new contacts, and those that are written in its name and field values.

    An address stays after its source is gone; `extracted` are those that are written there now (ruling 12).
    """
    emails = box.emails
    if before is None or (box.name, box.fields) != (before.name, before.fields):
        written = list(dict.fromkeys(address for text in _texts(box) for address in addresses.in_text(text)))
        extracted = [address for address in written if address not in emails.blacklist]
        emails = msgspec.structs.replace(emails, extracted=extracted)
    known = {link.key for link in before.contacts} if before else set()
    found = _of_contacts(ctx, [link.key for link in box.contacts if link.key not in known])
    emails = with_found(emails, [*found, *emails.extracted])
    return box if emails == box.emails else msgspec.structs.replace(box, emails=emails)


def with_found(emails: BoxEmails, found: list[str]) -> BoxEmails:
    """The addresses with those that were found, except the ones on the blacklist."""
    known = {*emails.addresses, *emails.blacklist}
    new = [address for address in dict.fromkeys(found) if address not in known]
    return msgspec.structs.replace(emails, addresses=[*emails.addresses, *new]) if new else emails


def appeared(box: Box, before: Box | None) -> list[str]:
    """The addresses that the box has and `before` does not have."""
    if before is not None and before.emails is box.emails:
        return []
    known = before.emails.addresses if before else []
    return [address for address in box.emails.addresses if address not in known]


def _texts(box: Box) -> list[str]:
    return [box.name, *(value for value in box.fields.values() if isinstance(value, str))]


def _of_contacts(ctx: Ctx, keys: list[str]) -> list[str]:
    if not keys:
        return []
    rows = ctx.db.rows(
        f"SELECT key, email_addresses FROM contacts WHERE {ctx.db.dialect.among('key', 'keys')}",
        keys=ctx.db.texts(keys),
    )
    by_key = {key: msgspec.json.decode(text, type=list[str]) for key, text in rows}
    return [address for key in keys for address in by_key.get(key, [])]
