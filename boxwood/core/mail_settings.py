"""How mail leaves: one SMTP server for everyone, from the environment or set by the owners of the first team.

Kept in the database, so that every process of the server knows. Without it nothing is mailed, and links are shown to
be copied.
"""

from __future__ import annotations

from typing import Any

import msgspec

from ..db.engine import Db
from ..errors import Conflict, Forbidden, Invalid
from ..lib import smtp
from . import events
from .context import Ctx


class Settings(msgspec.Struct, frozen=True):
    smtp_url: str
    """Empty where there is no server to hand mail to."""
    sender: str
    base_url: str
    """Where people reach this server: what links in mails begin with."""
    fixed: bool = False
    """By the environment: the API cannot change it."""


class ShownMailSettings(msgspec.Struct, frozen=True):
    """What the log of events says of a change: no password."""

    smtp_url: str
    sender: str
    base_url: str


def find(db: Db) -> Settings:
    row = db.row("SELECT value FROM secrets WHERE name = 'mail'")
    return msgspec.json.decode(row[0], type=Settings) if row else Settings("", "", "")


def configured(db: Db) -> bool:
    """Whether mail can be sent at all."""
    return bool(find(db).smtp_url)


def adopt(db: Db, smtp_url: str, sender: str, base_url: str, *, known: bool) -> None:
    """At the start: what the environment says stands above what was set by the API. `known` is whether the operator
    named the base URL; else one that was set by the API stays."""
    now = find(db)
    if smtp_url:
        after = Settings(smtp_url, sender or now.sender, base_url, True)
    elif now.fixed:
        after = Settings("", "", base_url)
    else:
        after = msgspec.structs.replace(now, base_url=base_url if known or not now.base_url else now.base_url)
    if after != now:
        keep(db, after)


def refusal(smtp_url: str, sender: str) -> str:
    """Why mail cannot leave like this; empty where it can."""
    try:
        if smtp_url:
            smtp.read_url(smtp_url)
    except ValueError as error:
        return f"BOXWOOD_SMTP_URL {error}"
    try:
        if smtp_url or sender:
            smtp.check_sender(sender)
    except ValueError as error:
        return f"BOXWOOD_MAIL_FROM {error}"
    return ""


def require_steward(ctx: Ctx) -> None:
    """The owners of the first team there was look after what concerns the whole server."""
    row = ctx.db.row(
        """
        SELECT m.role FROM team_members m WHERE m.user_key = :actor AND m.team_key = (
            SELECT t.key FROM teams t ORDER BY t.created_at, t.key LIMIT 1
        )
        """,
        actor=ctx.actor.key,
    )
    if row is None or row[0] != "Owner" or ctx.within:
        raise Forbidden("Only the owners of this server's first team may do this")


def get(ctx: Ctx) -> Settings:
    require_steward(ctx)
    return find(ctx.db)


def edit(ctx: Ctx, changes: dict[str, Any]) -> Settings:
    """What is left out stays; an empty `smtp_url` ends mail."""
    require_steward(ctx)
    before = find(ctx.db)
    if before.fixed and {"smtp_url", "sender"} & changes.keys():
        raise Conflict("Mail is set by the environment (BOXWOOD_SMTP_URL): change it there")
    after = check(msgspec.structs.replace(before, **changes))
    keep(ctx.db, after)
    events.record(
        ctx,
        "mail.edited",
        ShownMailSettings(smtp.without_password(after.smtp_url), after.sender, after.base_url),
        team_key=None,
    )
    return after


def check(settings: Settings) -> Settings:
    if settings.smtp_url:
        _checked("smtpUrl", smtp.read_url, settings.smtp_url)
        _checked("from", smtp.check_sender, settings.sender)
    if settings.base_url and not settings.base_url.startswith(("http://", "https://")):
        raise Invalid("baseUrl", "is no URL such as https://crm.example.com")
    return msgspec.structs.replace(settings, base_url=settings.base_url.rstrip("/"))


def _checked(field: str, read: Any, value: str) -> None:
    try:
        read(value)
    except ValueError as error:
        raise Invalid(field, str(error)) from None


def keep(db: Db, settings: Settings) -> None:
    db.run(
        "INSERT INTO secrets (name, value) VALUES ('mail', :value) ON CONFLICT (name) DO UPDATE SET value = :value",
        value=msgspec.json.encode(settings).decode(),
    )
