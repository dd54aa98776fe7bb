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


def search_for(ctx: Ctx, team_key: str, addresses: Iterable[str]) -> None:
    """Search all mailboxes of the team for mail of these addresses."""
    keys = [row[0] for row in ctx.db.rows("SELECT key FROM mailboxes WHERE team_key = :team", team=team_key)]
    rows = [{"key": key, "address": address, "now": ctx.now} for key in keys for address in addresses]
    if rows:
        sql = (
            "INSERT INTO mail_searches (mailbox_key, address, at) VALUES (:key, :address, :now) ON CONFLICT DO NOTHING"
        )
        ctx.db.many(sql, rows)
        ctx.db.notify(CHANNEL)


def on_event(ctx: Ctx, happened: Happened) -> None:
    """Search for earlier mail of an address that a box gained. Addresses that a mail added are not searched, or a mail
    would bring all earlier mail of everyone in it."""
    if happened.kind != "box.email_added" or "of_mail" in happened.detail or not happened.team_key:
        return
    place = ("mailboxes of a team", happened.team_key)
    if place not in ctx.listening:
        sql = "SELECT 1 FROM mailboxes WHERE team_key = :team LIMIT 1"
        ctx.listening[place] = ctx.db.row(sql, team=happened.team_key) is not None
    if ctx.listening[place]:
        search_for(ctx, happened.team_key, [happened.detail["email"]])


def waiting(db: Db, mailbox_key: str) -> list[str]:
    """The addresses to search for."""
    sql = "SELECT address FROM mail_searches WHERE mailbox_key = :key ORDER BY at, address"
    return [row[0] for row in db.rows(sql, key=mailbox_key)]


def searched(db: Db) -> set[str]:
    """The mailboxes that are to be searched."""
    return {row[0] for row in db.rows("SELECT DISTINCT mailbox_key FROM mail_searches")}


def done(db: Db, mailbox_key: str, addresses: Iterable[str]) -> None:
    db.many(
        "DELETE FROM mail_searches WHERE mailbox_key = :key AND address = :address",
        [{"key": mailbox_key, "address": address} for address in addresses],
    )
