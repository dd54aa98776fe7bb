"""Settings of outgoing mail: one SMTP server for all teams, set by the environment or by the owners of the first team.

They are stored in the database, so that every process of the server reads the same settings. Without an SMTP server
no mail is sent, and the UI shows links to copy instead.
"""

from __future__ import annotations

import ipaddress
from typing import Any
from urllib.parse import urlsplit

import msgspec

from ..db.engine import Db
from ..errors import Conflict, Forbidden, Invalid
from ..lib import smtp
from . import events
from .context import Ctx


class Settings(msgspec.Struct, frozen=True):
    smtp_url: str
    """Empty if there is no SMTP server."""
    sender: str
    """The From address of all mail."""
    base_url: str
    """The address at which people reach this server. Links in mails begin with it."""
    fixed: bool = False
    """Whether the environment sets the SMTP server, so that the API cannot change it."""


class ShownMailSettings(msgspec.Struct, frozen=True):
    """The settings as an event stores them: without the password."""

    smtp_url: str
    sender: str
    base_url: str


def find(db: Db) -> Settings:
    """Return the stored settings; all empty if there are none."""
    row = db.row("SELECT value FROM secrets WHERE name = 'mail'")
    return msgspec.json.decode(row[0], type=Settings) if row else Settings("", "", "")


def configured(db: Db) -> bool:
    """Return whether an SMTP server is set, so that mail can be sent."""
    return bool(find(db).smtp_url)


def public_url(db: Db) -> str:
    """Return the address at which people reach this server, if it is known: not when it is only the address of this
    machine that the server stored at its start."""
    url = find(db).base_url
    try:
        host = urlsplit(url).hostname or ""
        address = ipaddress.ip_address(host)
    except ValueError:
        return "" if host == "localhost" else url
    return "" if address.is_loopback or address.is_unspecified else url


def adopt(db: Db, smtp_url: str, sender: str, base_url: str, *, known: bool) -> None:
    """Store the settings of the environment when the server starts. They replace those that were set by the API.

    `known` is whether the operator set the base URL; if not, a base URL that was set by the API stays.
    """
    before = find(db)
    if smtp_url:
        after = Settings(smtp_url, sender or before.sender, base_url, True)
    elif before.fixed:
        after = Settings("", "", base_url)
    else:
        after = msgspec.structs.replace(before, base_url=base_url if known or not before.base_url else before.base_url)
    if after != before:
        store(db, after)


def refusal(smtp_url: str, sender: str) -> str:
    """Return why mail cannot be sent with these settings of the environment; empty if it can."""
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


def _require_server_owner(ctx: Ctx) -> None:
    """Raise `Forbidden` unless the actor owns the server's first team: its owners manage the whole server."""
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
    _require_server_owner(ctx)
    return find(ctx.db)


def edit(ctx: Ctx, changes: dict[str, Any]) -> Settings:
    """Change the given settings; the others stay. An empty `smtp_url` turns mail off."""
    _require_server_owner(ctx)
    before = find(ctx.db)
    if before.fixed and {"smtp_url", "sender"} & changes.keys():
        raise Conflict("Mail is set by the environment (BOXWOOD_SMTP_URL): change it there")
    after = check(msgspec.structs.replace(before, **changes))
    store(ctx.db, after)
    events.record(
        ctx,
        "mail.edited",
        ShownMailSettings(smtp.without_password(after.smtp_url), after.sender, after.base_url),
        team_key=None,
    )
    return after


def check(settings: Settings) -> Settings:
    """Return the settings in the form in which they are stored. Raise `Invalid` if a member is wrong."""
    if settings.smtp_url:
        _checked("smtpUrl", smtp.read_url, settings.smtp_url)
        _checked("from", smtp.check_sender, settings.sender)
    if settings.base_url and not settings.base_url.startswith(("http://", "https://")):
        raise Invalid("baseUrl", "must be a URL such as https://crm.example.com")
    return msgspec.structs.replace(settings, base_url=settings.base_url.rstrip("/"))


def _checked(field: str, read: Any, value: str) -> None:
    try:
        read(value)
    except ValueError as error:
        raise Invalid(field, str(error)) from None


def store(db: Db, settings: Settings) -> None:
    db.run(
        "INSERT INTO secrets (name, value) VALUES ('mail', :value) ON CONFLICT (name) DO UPDATE SET value = :value",
        value=msgspec.json.encode(settings).decode(),
    )
