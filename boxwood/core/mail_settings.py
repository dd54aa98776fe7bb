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
from ..lib.secret_keys import SecretKeys
from . import events
from .context import Ctx

PURPOSE = "smtp"
"""What the password is sealed for (see `SecretKeys`)."""
KEY_MISSING = (
    "the password of the mail server cannot be read, because the server's key file (secret.key) is another one: enter "
    "the password again in Settings, or restore the key file"
)


class Settings(msgspec.Struct, frozen=True):
    smtp_url: str
    """Without its password. Empty if there is no SMTP server."""
    sender: str
    """The From address of all mail."""
    base_url: str
    """The address at which people reach this server. Links in mails begin with it."""
    fixed: bool = False
    """Whether the environment sets the SMTP server, so that the API cannot change it."""
    sealed: str = ""
    """The password of the SMTP server, sealed with the server's key file. Empty if there is none."""

    @property
    def shown_url(self) -> str:
        """The URL of the SMTP server with dots for its password."""
        return smtp.without_password(smtp.join_password(self.smtp_url, "…" if self.sealed else ""))


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


def adopt(db: Db, keys: SecretKeys, smtp_url: str, sender: str, base_url: str, *, known: bool) -> bool:
    """Store the settings of the environment when the server starts. They replace those that were set by the API.

    `known` is whether the operator set the base URL; if not, a base URL that was set by the API stays. A password that
    an earlier version stored is sealed. Returns whether there was such a password.
    """
    before = find(db)
    bare = bool(smtp.split_password(before.smtp_url)[1])
    if smtp_url:
        after = _with_url(keys, before, smtp_url)
        after = msgspec.structs.replace(after, sender=sender or before.sender, base_url=base_url, fixed=True)
    elif before.fixed:
        after = Settings("", "", base_url)
    else:
        after = msgspec.structs.replace(before, base_url=base_url if known or not before.base_url else before.base_url)
        if bare:
            after = _with_url(keys, after, after.smtp_url)
    if after != before:
        db.dialect.overwrite_deleted(db)
        store(db, after)
    return bare


def _with_url(keys: SecretKeys, settings: Settings, smtp_url: str) -> Settings:
    """The settings with this URL, whose password is sealed. The same URL changes nothing."""
    is_sealed = not smtp.split_password(settings.smtp_url)[1]
    known = [settings.shown_url, *([full_url(keys, settings)] if keys_open(keys, settings) else [])]
    if is_sealed and smtp_url in known:
        return settings
    url, password = smtp.split_password(smtp_url)
    return msgspec.structs.replace(settings, smtp_url=url, sealed=keys.seal(password, PURPOSE) if password else "")


def full_url(keys: SecretKeys, settings: Settings) -> str:
    """The URL of the SMTP server with its password. Raises `KeyMissing`."""
    return smtp.join_password(settings.smtp_url, keys.open(settings.sealed, PURPOSE) if settings.sealed else "")


def reseal(db: Db, keys: SecretKeys) -> list[str]:
    """Seal the password with the newest key, if it can be read. Returns the sealed texts that are stored: one or
    none."""
    settings = find(db)
    if keys_open(keys, settings) and settings.sealed:
        settings = msgspec.structs.replace(settings, sealed=keys.seal(keys.open(settings.sealed, PURPOSE), PURPOSE))
        store(db, settings)
    return [settings.sealed] if settings.sealed else []


def keys_open(keys: SecretKeys, settings: Settings) -> bool:
    """Return whether the key file opens the password, or there is none."""
    return not settings.sealed or keys.opens(settings.sealed, PURPOSE)


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


def edit(ctx: Ctx, keys: SecretKeys, changes: dict[str, Any]) -> Settings:
    """Change the given settings; the others stay. An empty `smtp_url` turns mail off."""
    _require_server_owner(ctx)
    before = find(ctx.db)
    if before.fixed and {"smtp_url", "sender"} & changes.keys():
        raise Conflict("Mail is set by the environment (BOXWOOD_SMTP_URL): change it there")
    others = {name: value for name, value in changes.items() if name != "smtp_url"}
    after = check(msgspec.structs.replace(before, **others), changes.get("smtp_url", before.shown_url))
    if "smtp_url" in changes:
        after = _with_url(keys, after, changes["smtp_url"])
    store(ctx.db, after)
    events.record(
        ctx,
        "mail.edited",
        ShownMailSettings(after.shown_url, after.sender, after.base_url),
        team_key=None,
    )
    return after


def check(settings: Settings, smtp_url: str) -> Settings:
    """Return the settings in the form in which they are stored. Raise `Invalid` if a member or the URL of the SMTP
    server is wrong."""
    if smtp_url:
        _checked("smtpUrl", smtp.read_url, smtp_url)
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
