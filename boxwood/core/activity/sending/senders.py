"""The mailboxes that a user may send from, and the right to do so."""

from __future__ import annotations

from ....errors import Conflict, Forbidden, Invalid, NotFound
from ....lib.mail import Address
from ...context import Ctx
from ..mail.mailbox_records import MAILBOXES, UNAUTHORIZED, MailboxRecord
from ..mail.records import DROPBOX, PERSONAL

_MINE = f"""
    SELECT {MAILBOXES.of("b")}, m.role FROM mailboxes b
    JOIN team_members m ON m.team_key = b.team_key AND m.user_key = :actor AND m.role IN ('Member', 'Owner')
    WHERE (:within = '' OR b.team_key = :within) AND b.smtp IS NOT NULL AND b.kind <> '{DROPBOX}'
        AND ((b.kind = '{PERSONAL}' AND b.owner_key = :actor AND :within = '') OR b.kind <> '{PERSONAL}')
"""


def list_own(ctx: Ctx, team_key: str = "") -> list[MailboxRecord]:
    """The mailboxes that the actor may send from, their own before those of teams, the oldest first."""
    rows = ctx.db.rows(
        f"{_MINE} AND (:team = '' OR b.team_key = :team) ORDER BY b.owner_key IS NULL, b.created_at, b.key",
        actor=ctx.actor.key,
        within=ctx.within,
        team=team_key,
    )
    return [MAILBOXES.load(row) for row in rows if _allows(MAILBOXES.load(row), row[-1])]


def get(ctx: Ctx, key: str, where: str = "mailboxKey") -> MailboxRecord:
    """A mailbox that the actor may send from. Raises `Invalid` for the member `where` if the actor knows no such
    mailbox, `Forbidden` if only owners of its team may send from it, `Conflict` if it cannot send yet."""
    row = ctx.db.row(f"{_MINE} AND b.key = :key", actor=ctx.actor.key, within=ctx.within, key=key)
    if row is None:
        raise Invalid(where, f"you have no mailbox {key[:100]!r} that can send: give one an SMTP server first")
    mailbox = MAILBOXES.load(row)
    if not _allows(mailbox, row[-1]):
        raise Forbidden(f"Only owners of the team may send from {mailbox.address}")
    if mailbox.state == UNAUTHORIZED:
        raise Conflict(f"The mailbox {mailbox.address} needs permission at its provider first")
    return mailbox


def may_use(ctx: Ctx, key: str) -> bool:
    """Whether the actor may send from this mailbox."""
    try:
        get(ctx, key)
    except (Invalid, Forbidden, Conflict, NotFound):
        return False
    return True


def default(ctx: Ctx, team_key: str) -> MailboxRecord | None:
    """The mailbox that the actor's new drafts are sent from."""
    return next(iter(list_own(ctx, team_key)), None)


def sender_of(ctx: Ctx, mailbox: MailboxRecord) -> Address:
    """The sender of letters of this mailbox: its own name, or that of the actor."""
    return Address(mailbox.address, mailbox.sending.name or ctx.actor.full_name or ctx.actor.display_name)


def _allows(mailbox: MailboxRecord, role: str) -> bool:
    return mailbox.kind == PERSONAL or mailbox.sending.members or role == "Owner"
