"""The recipients of a mailing: chosen once, then stored. Who gets no letter is stored too, with the reason."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import msgspec

from ....db.engine import Db
from ....errors import Conflict, Invalid, NotFound
from ....lib import ids
from ....lib.hit_classes import CLICK, MACHINE, OPEN
from ... import boxes
from ...context import Ctx
from ...people import contact_access
from ...people.contacts import CONTACTS, Contact
from ...persons import check_email
from ...records import Box
from ...views import saved_views
from ...views.selections import Selection
from . import merge_fields, suppressions
from .mailing_records import (
    CHOSEN,
    DOUBLE,
    DRAFT,
    LEFT_OUT,
    LETTER,
    MOST_RECIPIENTS,
    NO_ADDRESS,
    PAUSED,
    RECIPIENTS,
    SUPPRESSED,
    WAITING,
    Mailing,
    Recipient,
)
from .records import DOUBTFUL, HANDING, LETTERS, REFUSED, SCHEDULED, SENT, LetterRecord

_PAGE = 500
_NOTES = {
    NO_ADDRESS: "There is no e-mail address",
    DOUBLE: "The address gets this mailing already",
    CHOSEN: "You left this recipient out",
}


class Found(NamedTuple):
    """A recipient before it is stored."""

    address: str
    name: str
    box_key: str | None
    contact_key: str | None


class Counts(NamedTuple):
    """How many recipients are in each state."""

    total: int
    waiting: int
    sent: int
    refused: int
    doubtful: int
    cancelled: int
    bounced: int
    opened: int
    clicked: int
    replied: int
    unsubscribed: int
    left_out: dict[str, int]
    """By reason."""


# Choosing


def choose(ctx: Ctx, mailing: Mailing, given: dict[str, Any]) -> None:
    """Replace the recipients: the boxes of a saved view, of a filter, or of a list, or contacts. The mailing is
    locked."""
    if mailing.state != DRAFT:
        raise Conflict("Recipients are chosen before a mailing is started")
    found = list(_found(ctx, mailing, given))
    if len(found) > MOST_RECIPIENTS:
        raise Invalid("recipients", f"must be at most {MOST_RECIPIENTS:,}: these are more")
    before = counts(ctx.db, [mailing.key])[mailing.key]
    ctx.db.run("DELETE FROM mailing_recipients WHERE mailing_key = :key", key=mailing.key)
    stopped = _suppressed(ctx, mailing, [each.address for each in found])
    taken: set[str] = set()
    for position, (key, each) in enumerate(zip(ids.several("r", ctx.now, len(found)), found, strict=True)):
        reason, note = _left_out(each.address, stopped, taken)
        taken.add(each.address)
        RECIPIENTS.insert(
            ctx.db,
            Recipient(
                key=key,
                mailing_key=mailing.key,
                position=position,
                address=each.address,
                name=each.name,
                box_key=each.box_key,
                contact_key=each.contact_key,
                state=LEFT_OUT if reason else WAITING,
                reason=reason,
                note=note,
                subject=None,
                html=None,
                text=None,
                letter_key=None,
                replied_at=None,
                unsubscribed_at=None,
            ),
        )
    after = counts(ctx.db, [mailing.key])[mailing.key]
    ctx.show("mailing", mailing.key, {"counts": before._asdict()}, {"counts": after._asdict()}, mailing.name)


def _left_out(address: str, stopped: dict[str, str], taken: set[str]) -> tuple[str, str]:
    if not address:
        return NO_ADDRESS, _NOTES[NO_ADDRESS]
    if address in taken:
        return DOUBLE, _NOTES[DOUBLE]
    return (SUPPRESSED, stopped[address]) if address in stopped else ("", "")


def _suppressed(ctx: Ctx, mailing: Mailing, addresses: Iterable[str]) -> dict[str, str]:
    """The addresses to which the team sends no mail, with the reason in words."""
    found = suppressions.warnings(ctx.db, mailing.team_key, {address for address in addresses if address})
    return {each.address: suppressions.sentence(each) for each in found}


def _found(ctx: Ctx, mailing: Mailing, given: dict[str, Any]) -> Iterable[Found]:
    if given.get("contact_keys"):
        yield from _of_contacts(ctx, mailing, given["contact_keys"])
        return
    if given.get("box_keys"):
        chosen = [boxes.get(ctx, key) for key in dict.fromkeys(_few(given["box_keys"]))]
    elif given.get("pipeline_key"):
        chosen = _selected(ctx, given)
    else:
        raise Invalid("recipients", "are missing: name boxKeys, contactKeys, or pipelineKey with a viewKey or a filter")
    for box in chosen:
        if boxes.pipeline_of(ctx, box).team_key != mailing.team_key:
            raise Invalid("boxKeys", f"the box {box.name!r} is of another team than the mailing")
    contacts = _contacts_by_key(ctx, [link.key for box in chosen for link in box.contacts])
    for box in chosen:
        yield from _of_box(box, contacts, everyone=bool(given.get("every_contact")))


def _few(keys: list[str]) -> list[str]:
    if len(keys) > MOST_RECIPIENTS:
        raise Invalid("recipients", f"must be at most {MOST_RECIPIENTS:,}: these are {len(keys):,}")
    return keys


def _selected(ctx: Ctx, given: dict[str, Any]) -> list[Box]:
    tree, sort = given.get("filter"), None
    if given.get("view_key"):
        view = saved_views.get(ctx, given["pipeline_key"], given["view_key"])
        tree = {"and": [view.filter, tree]} if view.filter and tree else view.filter or tree
        sort = saved_views.order(view)
    selection = Selection(ctx, given["pipeline_key"], tree=tree, sort=sort)
    found: list[Box] = []
    cursor: str | None = ""
    while cursor is not None and len(found) <= MOST_RECIPIENTS:
        part = selection.page(cursor, _PAGE)
        found += [box.box() for box in part.boxes]
        cursor = part.cursor
    return found


def _contacts_by_key(ctx: Ctx, keys: list[str]) -> dict[str, Contact]:
    return {contact.key: contact for contact in contact_access.by_keys(ctx, CONTACTS, keys)} if keys else {}


def _of_contacts(ctx: Ctx, mailing: Mailing, keys: list[str]) -> Iterable[Found]:
    known = _contacts_by_key(ctx, _few(keys))
    for key in dict.fromkeys(keys):
        contact = known.get(key)
        if contact is None or contact.team_key != mailing.team_key:
            raise NotFound(key)
        yield Found(_address_of(contact), contact.full_name, None, contact.key)


def _of_box(box: Box, contacts: dict[str, Contact], *, everyone: bool) -> Iterable[Found]:
    """The contacts of a box who have an address: all, or the first. Else an address of the box itself."""
    linked = [contacts[link.key] for link in box.contacts if link.key in contacts]
    reached = [contact for contact in linked if _address_of(contact)]
    if reached:
        for contact in reached if everyone else reached[:1]:
            yield Found(_address_of(contact), contact.full_name, box.key, contact.key)
        return
    addresses = [address for address in map(_sound, [*box.emails.whitelist, *box.emails.addresses]) if address]
    contact_key = linked[0].key if linked else None
    yield Found(next(iter(addresses), ""), linked[0].full_name if linked else box.name, box.key, contact_key)


def _address_of(contact: Contact) -> str:
    return next((found for found in map(_sound, contact.email_addresses) if found), "")


def _sound(address: str) -> str:
    try:
        return check_email(address).lower()
    except Invalid:
        return ""


# Reading


def get(ctx: Ctx, mailing: Mailing, key: str | None) -> Recipient:
    """The recipient, or the first one who is not left out."""
    test = "key = :key" if key else f"state <> '{LEFT_OUT}'"
    sql = f"SELECT {RECIPIENTS.columns} FROM mailing_recipients WHERE mailing_key = :mailing AND {test}"
    row = ctx.db.row(f"{sql} ORDER BY position LIMIT 1", mailing=mailing.key, **({"key": key} if key else {}))
    if row is None:
        raise NotFound(key) if key else Invalid("recipients", "are missing: choose recipients first")
    return RECIPIENTS.load(row)


def page(ctx: Ctx, mailing: Mailing, *, state: str, limit: int, offset: int) -> list[Recipient]:
    """The recipients in their order, or those in a state (see `_TESTS`)."""
    if state and state not in _TESTS:
        raise Invalid("state", f"must be one of {', '.join(_TESTS)}")
    rows = ctx.db.rows(
        f"""
        SELECT {RECIPIENTS.of("r")} FROM mailing_recipients r LEFT JOIN sent_letters s ON s.key = r.letter_key
        WHERE r.mailing_key = :mailing AND {_TESTS[state] if state else "1 = 1"}
        ORDER BY r.position LIMIT :limit OFFSET :offset
        """,
        mailing=mailing.key,
        limit=limit,
        offset=offset,
    )
    return RECIPIENTS.load_all(rows)


def _hit(kind: str) -> str:
    """SQL: a person opened the letter, or clicked a link in it."""
    counted = f"h.kind = '{kind}' AND h.counted AND h.class <> '{MACHINE}'"
    return f"EXISTS (SELECT 1 FROM hits h WHERE h.letter_key = s.key AND {counted})"


_TESTS = {
    "waiting": f"(r.state = '{WAITING}' OR s.state IN ('{SCHEDULED}', '{HANDING}'))",
    "sent": f"s.state = '{SENT}'",
    "refused": f"s.state = '{REFUSED}'",
    "doubtful": f"s.state = '{DOUBTFUL}'",
    "cancelled": "(r.state = 'cancelled' OR s.state = 'cancelled')",
    "bounced": "EXISTS (SELECT 1 FROM bounces n WHERE n.letter_key = s.key AND n.failed)",
    "opened": _hit(OPEN),
    "clicked": _hit(CLICK),
    "replied": "r.replied_at IS NOT NULL",
    "unsubscribed": "r.unsubscribed_at IS NOT NULL",
    "leftOut": f"r.state = '{LEFT_OUT}'",
}
STATES = tuple(_TESTS)


def letters_of(ctx: Ctx, found: Iterable[Recipient]) -> dict[str, LetterRecord]:
    """The letters of these recipients, by their keys."""
    keys = [each.letter_key for each in found if each.letter_key]
    sql = f"SELECT {LETTERS.columns} FROM sent_letters WHERE {ctx.db.dialect.among('key', 'keys')}"
    return {letter.key: letter for letter in LETTERS.load_all(ctx.db.rows(sql, keys=ctx.db.texts(keys)))}


def counts(db: Db, keys: list[str]) -> dict[str, Counts]:
    """How many recipients of each mailing are in each state."""
    sums = ", ".join(f"SUM(CASE WHEN {_TESTS[name]} THEN 1 ELSE 0 END)" for name in STATES if name != "leftOut")
    among = db.dialect.among("r.mailing_key", "keys")
    rows = db.rows(
        f"""
        SELECT r.mailing_key, COUNT(*), {sums}
        FROM mailing_recipients r LEFT JOIN sent_letters s ON s.key = r.letter_key
        WHERE {among} GROUP BY r.mailing_key
        """,
        keys=db.texts(keys),
    )
    left = db.rows(
        f"SELECT r.mailing_key, r.reason, COUNT(*) FROM mailing_recipients r WHERE {among} AND r.state = '{LEFT_OUT}' "
        "GROUP BY r.mailing_key, r.reason ORDER BY r.reason",
        keys=db.texts(keys),
    )
    reasons: dict[str, dict[str, int]] = {key: {} for key in keys}
    for key, reason, count in left:
        reasons[key][reason] = int(count)
    found = {row[0]: Counts._make([*map(int, row[1:]), reasons[row[0]]]) for row in rows}
    return {key: found.get(key, Counts(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, {})) for key in keys}


def has_waiting(db: Db, mailing_key: str) -> bool:
    sql = f"SELECT 1 FROM mailing_recipients WHERE mailing_key = :key AND state = '{WAITING}' LIMIT 1"
    return db.row(sql, key=mailing_key) is not None


# Changing


def edit(ctx: Ctx, mailing: Mailing, key: str, given: dict[str, Any]) -> Recipient:
    """Write another subject or text for one recipient, or leave the recipient out. The mailing is locked. An empty text
    is the mailing's own again."""
    if mailing.state not in (DRAFT, PAUSED):
        raise Conflict(f"Recipients of a mailing that is {mailing.state} cannot be changed: pause it first")
    before = get(ctx, mailing, key)
    if before.state not in (WAITING, LEFT_OUT):
        raise Conflict("This recipient has a letter already")
    changes: dict[str, Any] = {name: given[name] or None for name in ("subject", "html", "text") if name in given}
    for name, text in changes.items():
        merge_fields.check(text or "", name, html=name == "html")
    if given.get("left_out") is True and before.state == WAITING:
        changes |= {"state": LEFT_OUT, "reason": CHOSEN, "note": _NOTES[CHOSEN]}
    elif given.get("left_out") is False and before.state == LEFT_OUT:
        changes |= _taken_in(ctx, mailing, before)
    recipient = msgspec.structs.replace(before, **changes)
    RECIPIENTS.update(ctx.db, recipient, *changes)
    ctx.show("recipient", key, before, recipient, recipient.name or recipient.address)
    return recipient


def _taken_in(ctx: Ctx, mailing: Mailing, recipient: Recipient) -> dict[str, Any]:
    """Give a recipient who was left out a letter nevertheless, unless the team sends the address no mail."""
    taken = ctx.db.row(
        f"SELECT 1 FROM mailing_recipients WHERE mailing_key = :key AND address = :address AND state <> '{LEFT_OUT}'",
        key=mailing.key,
        address=recipient.address,
    )
    stopped = _suppressed(ctx, mailing, [recipient.address])
    reason, note = _left_out(recipient.address, stopped, {recipient.address} if taken else set())
    if reason:
        raise Conflict(note)
    return {"state": WAITING, "reason": "", "note": ""}


def noted(db: Db, recipient: Recipient, reason: str, note: str) -> None:
    """Leave a recipient out while the mailing runs."""
    db.run(
        f"UPDATE mailing_recipients SET state = '{LEFT_OUT}', reason = :reason, note = :note WHERE key = :key",
        key=recipient.key,
        reason=reason,
        note=note[:500],
    )


def has_letter(db: Db, recipient: Recipient, letter_key: str) -> None:
    db.run(
        f"UPDATE mailing_recipients SET state = '{LETTER}', letter_key = :letter WHERE key = :key",
        key=recipient.key,
        letter=letter_key,
    )
