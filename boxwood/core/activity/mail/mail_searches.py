"""Addresses that a contact or a box gained: mailboxes are searched for earlier mail of them. No index of mail that
belongs to no box is stored, so the mail server searches."""

from __future__ import annotations

from collections.abc import Iterable

from ....db.engine import Db
from ...context import Ctx
from ...events import Happened
from .mailbox_records import CHANNEL

MOST_SEARCHED = 50
"""Above so many addresses the headers of all mail are looked at again."""


KINDS = frozenset(
    "box.email_added box.emails_edited box.created box.contacts_edited contact.created contact.edited".split()
)
"""Events by which a box may gain addresses."""


def on_event(ctx: Ctx, happened: Happened) -> None:
    """Search for mail of the addresses that a box gained, by itself or by its contacts. Addresses that a mail added are
    not searched, or a mail would bring all earlier mail of everyone in it."""
    if happened.kind not in KINDS or "of_mail" in happened.detail or not happened.team_key:
        return
    place = ("mailboxes of a team", happened.team_key)
    if place not in ctx.listening:
        sql = "SELECT 1 FROM mailboxes WHERE team_key = :team LIMIT 1"
        ctx.listening[place] = ctx.db.row(sql, team=happened.team_key) is not None
    if ctx.listening[place] and (gained := _gained(ctx, happened)):
        search_for(ctx, happened.team_key, gained)


def _gained(ctx: Ctx, happened: Happened) -> list[str]:
    thing, before = happened.thing, happened.before or {}
    if happened.kind == "box.email_added":
        return [happened.detail["email"]]
    if happened.kind == "box.emails_edited":
        return [address for address in thing.emails.whitelist if address not in before["emails"].whitelist]
    if happened.kind.startswith("contact."):
        known = set(before.get("email_addresses", thing.email_addresses if happened.kind == "contact.edited" else ()))
        return [address for address in thing.email_addresses if address not in known]
    known = {link.key for link in before.get("contacts", ())}
    return _addresses_of(ctx, [link.key for link in thing.contacts if link.key not in known])


def _addresses_of(ctx: Ctx, contact_keys: list[str]) -> list[str]:
    if not contact_keys:
        return []
    among = ctx.db.dialect.among("c.key", "keys")
    sql = f"SELECT DISTINCT a.value FROM contacts c, {ctx.db.dialect.each_text('c.email_addresses')} a WHERE {among}"
    return [row[0] for row in ctx.db.rows(sql, keys=ctx.db.texts(contact_keys))]


def search_for(ctx: Ctx, team_key: str, addresses: Iterable[str]) -> None:
    """Search all mailboxes of the team that are read by IMAP for mail of these addresses."""
    sql = f"SELECT key FROM mailboxes WHERE team_key = :team AND {ctx.db.dialect.field_value('imap', 'host')} <> ''"
    keys = [row[0] for row in ctx.db.rows(sql, team=team_key)]
    rows = [{"key": key, "address": address, "now": ctx.now} for key in keys for address in addresses]
    if rows:
        ctx.db.many(_INSERT, rows)
        ctx.db.notify(CHANNEL)


# A search that is asked for while the same one runs is made again: `at` shows it.
_INSERT = """
    INSERT INTO mail_searches (mailbox_key, address, at) VALUES (:key, :address, :now)
    ON CONFLICT (mailbox_key, address) DO UPDATE
        SET at = CASE WHEN mail_searches.at < excluded.at THEN excluded.at ELSE mail_searches.at + 1 END
"""


def waiting(db: Db, mailbox_key: str) -> dict[str, int]:
    """The addresses to search for, and when each search was asked for."""
    sql = "SELECT address, at FROM mail_searches WHERE mailbox_key = :key ORDER BY at, address"
    return {row[0]: row[1] for row in db.rows(sql, key=mailbox_key)}


def searched(db: Db) -> set[str]:
    """The mailboxes that are to be searched, or from which a user wants a mail."""
    sql = "SELECT mailbox_key FROM mail_searches UNION SELECT mailbox_key FROM box_suggestions WHERE wanted IS NOT NULL"
    return {row[0] for row in db.rows(sql)}


def done(db: Db, mailbox_key: str, searches: dict[str, int]) -> None:
    """These searches were made. One that was asked for again meanwhile stays."""
    db.many(
        "DELETE FROM mail_searches WHERE mailbox_key = :key AND address = :address AND at = :at",
        [{"key": mailbox_key, "address": address, "at": at} for address, at in searches.items()],
    )
