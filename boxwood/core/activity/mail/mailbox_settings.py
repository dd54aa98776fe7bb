"""What a request may set of a mailbox, and the sealed passwords and tokens."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from ....db.engine import Db
from ....errors import Invalid
from ....lib.address_rules import Refused, Rules
from ....lib.dialing import TLS
from ....lib.oauth import Provider
from ....lib.secret_keys import KeyMissing, SecretKeys
from ...context import Ctx
from ...persons import check_email
from .mailbox_records import (
    DELIVERED,
    MAILBOXES,
    PAUSED,
    SYNCING,
    UNAUTHORIZED,
    WAITING,
    Endpoint,
    MailboxRecord,
    Secrets,
    SendingSettings,
)
from .records import FULL, PERSONAL, SHARES

MOST_ALIASES = 50
LONGEST_PASSWORD = 1000
_LIMITS = (
    ("per_hour", "perHour", 1, 10_000),
    ("per_day", "perDay", 1, 100_000),
    ("gap_seconds", "gapSeconds", 0, 3600),
)
_TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d")


# Secrets


def secrets_of(keys: SecretKeys, mailbox: MailboxRecord) -> Secrets:
    """The passwords and tokens. Raises `KeyMissing`."""
    if mailbox.secret is None:
        return Secrets()
    return msgspec.json.decode(keys.open(mailbox.secret, mailbox.purpose), type=Secrets)


def seal(keys: SecretKeys, mailbox: MailboxRecord, secrets: Secrets) -> str:
    return keys.seal(msgspec.json.encode(secrets).decode(), mailbox.purpose)


def reseal(db: Db, keys: SecretKeys) -> list[str]:
    """Seal all passwords and tokens with the newest key, where they can be read. Returns the stored sealed texts."""
    texts = []
    rows = db.rows(f"SELECT {MAILBOXES.columns} FROM mailboxes WHERE secret IS NOT NULL ORDER BY key{db.for_update}")
    for mailbox in MAILBOXES.load_all(rows):
        sealed = mailbox.secret or ""
        if keys.opens(sealed, mailbox.purpose):
            sealed = keys.seal(keys.open(sealed, mailbox.purpose), mailbox.purpose)
            db.run("UPDATE mailboxes SET secret = :sealed WHERE key = :key", sealed=sealed, key=mailbox.key)
        texts.append(sealed)
    return texts


def readable(db: Db, keys: SecretKeys) -> list[bool]:
    """Whether the key file opens the secret, for each mailbox that has one."""
    rows = db.rows("SELECT key, secret FROM mailboxes WHERE secret IS NOT NULL")
    return [keys.opens(secret, f"mailbox:{key}") for key, secret in rows]


# What a request may set


def with_changes(
    ctx: Ctx,
    keys: SecretKeys,
    rules: Rules,
    providers: Mapping[str, Provider],
    mailbox: MailboxRecord,
    given: dict[str, Any],
) -> MailboxRecord:
    """The mailbox with the values of a request. Raises `Invalid`."""
    changes: dict[str, Any] = {}
    if "aliases" in given:
        changes["aliases"] = _aliases(given["aliases"], mailbox.address)
    if given.get("share"):
        changes["share"] = _share(mailbox, given["share"])
    if "since" in given:
        changes["since"] = given["since"]
    provider = _provider(providers, given.get("provider", mailbox.provider))
    changes["provider"] = provider.name if provider else ""
    if _is_delivered(mailbox, given):
        changes["imap"], changes["provider"] = Endpoint("", 0, TLS.NONE, ""), ""
        provider = None
    else:
        changes["imap"] = _endpoint(
            "imap", rules, mailbox, mailbox.imap, given.get("imap"), provider.imap if provider else None
        )
    if "smtp" in given or provider:
        preset = provider.smtp if provider else None
        changes["smtp"] = (
            _endpoint("smtp", rules, mailbox, mailbox.smtp, given.get("smtp"), preset)
            if given.get("smtp") or preset
            else None
        )
    if given.get("sending") is not None:
        changes["sending"] = _sending(mailbox.sending, given["sending"])
    after = msgspec.structs.replace(mailbox, **changes)
    return _with_secrets(ctx, keys, mailbox, after, given)


def _is_delivered(mailbox: MailboxRecord, given: dict[str, Any]) -> bool:
    """Whether mail only comes by the listener from now on. An owner of the team decides it: no sign-in proves
    that a personal mailbox belongs to its user."""
    wanted = given.get("delivered")
    if wanted and mailbox.kind == PERSONAL:
        raise Invalid("delivered", "is for mailboxes of the team: a personal mailbox is read by IMAP")
    if wanted and given.get("imap"):
        raise Invalid("imap", "must be absent: mail servers deliver the mail of this mailbox")
    if wanted is None:
        # A mailbox that is being created has no server yet, either.
        return mailbox.is_delivered and mailbox.state != WAITING and not given.get("imap")
    return bool(wanted)


def _with_secrets(
    ctx: Ctx, keys: SecretKeys, before: MailboxRecord, after: MailboxRecord, given: dict[str, Any]
) -> MailboxRecord:
    """The mailbox with the passwords of the request, and the state that follows from it."""
    try:
        known = secrets_of(keys, before)
    except KeyMissing:
        known = Secrets()
    new = {}
    for name, was, now in (("imap", before.imap, after.imap), ("smtp", before.smtp, after.smtp)):
        password = (given.get(name) or {}).get("password")
        # A password is sent only to the server that it was entered for.
        moved = (
            was is not None
            and now is not None
            and was.host
            and now.host
            and (was.host, was.port) != (now.host, now.port)
        )
        if password:
            new[name] = _password(f"{name}.password", password)
        elif moved and getattr(known, name) and not after.provider:
            raise Invalid(f"{name}.password", "is missing: enter the password for the other server")
    if after.provider != before.provider:
        new |= {"refresh_token": ""}
        if after.provider:
            new |= {"imap": "", "smtp": ""}
    secrets = msgspec.structs.replace(known, **new)
    if after.is_delivered:
        return _delivered(ctx, keys, before, after, msgspec.structs.replace(secrets, imap="", refresh_token=""))
    signs_in = bool(secrets.refresh_token if after.provider else secrets.imap)
    if not signs_in and not after.provider:
        raise Invalid("imap.password", "is missing: give the password, or the name of a provider")
    if not signs_in:
        return msgspec.structs.replace(after, secret=None, state=UNAUTHORIZED, error=None)
    if secrets == known and (after.imap, after.smtp) == (before.imap, before.smtp):
        return after
    state = PAUSED if before.state == PAUSED else WAITING if before.connected_at is None else SYNCING
    after = msgspec.structs.replace(after, state=state, error=None, failures=0, failing_since=None, due_at=ctx.now)
    return msgspec.structs.replace(after, secret=seal(keys, after, secrets))


def _delivered(
    ctx: Ctx, keys: SecretKeys, before: MailboxRecord, after: MailboxRecord, secrets: Secrets
) -> MailboxRecord:
    state = PAUSED if before.state == PAUSED else DELIVERED
    changes: dict[str, Any] = {"error": None, "failures": 0, "failing_since": None}
    after = msgspec.structs.replace(after, state=state, **changes)
    return msgspec.structs.replace(after, secret=seal(keys, after, secrets) if secrets.smtp else None)


def _sending(before: SendingSettings, given: dict[str, Any]) -> SendingSettings:
    """The settings of sending with the values of a request. None sets a limit back to the usual one."""
    for member, wire, least, most in _LIMITS:
        if given.get(member) is not None and not least <= given[member] <= most:
            raise Invalid(f"sending.{wire}", f"must be from {least} to {most:,}")
    for member in ("quiet_from", "quiet_to"):
        if given.get(member) and not _TIME.fullmatch(given[member]):
            raise Invalid(
                f"sending.{'quietFrom' if member == 'quiet_from' else 'quietTo'}", "must be a time of day such as 18:30"
            )
    after = msgspec.structs.replace(before, **given)
    if bool(after.quiet_from) != bool(after.quiet_to):
        raise Invalid("sending.quietFrom", "and quietTo belong together: give both times, or none")
    try:
        ZoneInfo(after.time_zone)
    except (ValueError, OSError, KeyError):
        raise Invalid("sending.timeZone", "must be a time zone such as Europe/Berlin") from None
    return after


def _aliases(given: list[str], address: str) -> list[str]:
    found = list(dict.fromkeys(check_email(alias, "aliases") for alias in given))
    if len(found) > MOST_ALIASES:
        raise Invalid("aliases", f"must not have more than {MOST_ALIASES} addresses")
    return [alias for alias in found if alias != address]


def _share(mailbox: MailboxRecord, given: str) -> str:
    if given not in SHARES:
        raise Invalid("share", f"{given[:50]!r} is not a share: use one of {', '.join(SHARES)}")
    if mailbox.kind != PERSONAL and given != FULL:
        raise Invalid("share", "of a mailbox of the team is always full")
    return given


def _provider(providers: Mapping[str, Provider], name: str) -> Provider | None:
    if not name:
        return None
    if name not in providers:
        known = f"use one of {', '.join(providers)}" if providers else "the operator has not registered this server"
        raise Invalid("provider", f"{name[:50]!r} is not set up here: {known}")
    return providers[name]


def _endpoint(
    member: str,
    rules: Rules,
    mailbox: MailboxRecord,
    before: Endpoint | None,
    given: dict[str, Any] | None,
    preset: tuple[str, int, str] | None,
) -> Endpoint:
    if preset and not (given or {}).get("host"):
        return Endpoint(*preset, user=mailbox.address)
    given = given or {}
    security = given.get("security") or (before.security if before else TLS.DIRECT)
    if security not in TLS.ALL:
        raise Invalid(f"{member}.security", f"{security[:50]!r} is unknown: use one of {', '.join(TLS.ALL)}")
    usual = {("imap", TLS.DIRECT): 993, ("smtp", TLS.DIRECT): 465, ("imap", TLS.STARTTLS): 143, ("imap", TLS.NONE): 143}
    host = str(given.get("host") or (before.host if before else "")).strip().lower()
    port = before.port if before and before.host else usual.get((member, security), 587)
    port = given.get("port", port)
    if not host:
        raise Invalid(f"{member}.host", "is missing: give the name of the mail server, such as imap.example.com")
    if not 0 < port < 65536:
        raise Invalid(f"{member}.port", f"{port} is not a port: use a number from 1 to 65535")
    try:
        rules.check_mail_server(host, port)
    except Refused as refused:
        raise Invalid(f"{member}.host", str(refused)) from None
    user = str(given.get("user") or (before.user if before and before.user else mailbox.address)).strip()
    return Endpoint(host, port, security, user)


def _password(member: str, text: str) -> str:
    if len(text) > LONGEST_PASSWORD or any(sign in text for sign in "\r\n\0"):
        raise Invalid(member, f"must be one line of at most {LONGEST_PASSWORD} characters")
    return text
