"""What a mail server asks for when Boxwood signs in: the stored password, or an access token from the provider."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from functools import partial

import msgspec

from ....db.engine import Db, Engine
from ....lib import oauth
from ....lib.oauth import Provider
from ....lib.sasl import Login
from ....lib.secret_keys import SecretKeys
from .mailbox_records import MAILBOXES, MailboxRecord
from .mailbox_settings import seal, secrets_of

KEY_LOST = "the stored password cannot be read with the server's key file: enter the password again"

_tokens: dict[str, tuple[str, str, int]] = {}
"""Access tokens by mailbox, in memory only: the refresh token they came from, the token, and when it expires."""


async def login(
    engine: Engine,
    keys: SecretKeys,
    providers: Mapping[str, Provider],
    mailbox: MailboxRecord,
    server: str,
    clock: Callable[[], int],
) -> Login:
    """How to sign in to the `imap` or the `smtp` server. Raises `KeyMissing`, `oauth.Failed` or `oauth.Refused`."""
    endpoint = mailbox.smtp if server == "smtp" and mailbox.smtp else mailbox.imap
    secrets = secrets_of(keys, mailbox)
    if not mailbox.provider:
        # Most servers have the same user and password for both.
        return Login(endpoint.user, secrets.smtp or secrets.imap if server == "smtp" else secrets.imap)
    if mailbox.provider not in providers:
        raise oauth.Refused(f"the provider {mailbox.provider} is not set up on this server any more")
    token = await _token(engine, keys, providers[mailbox.provider], mailbox, secrets.refresh_token, clock)
    return Login(endpoint.user, token=token)


async def _token(
    engine: Engine,
    keys: SecretKeys,
    provider: Provider,
    mailbox: MailboxRecord,
    refresh_token: str,
    clock: Callable[[], int],
) -> str:
    known, token, until = _tokens.get(mailbox.key, ("", "", 0))
    if known == refresh_token and clock() < until:
        return token
    try:
        tokens = await oauth.renew(provider, refresh_token)
    except oauth.Refused:
        # Another process may have used the refresh token, and stored the next one.
        await asyncio.sleep(1)
        now = await engine.read_soon(partial(_stored, keys=keys, key=mailbox.key))
        if now in ("", refresh_token):
            raise
        refresh_token = now
        tokens = await oauth.renew(provider, refresh_token)
    if tokens.refresh_token and tokens.refresh_token != refresh_token:
        replace = partial(_replace, keys=keys, key=mailbox.key, old=refresh_token, new=tokens.refresh_token)
        await engine.write_soon(replace)  # before the access token is used: the old one may be void
        refresh_token = tokens.refresh_token
    until = clock() + max(0, tokens.expires_in - oauth.EARLY) * 1000
    _tokens[mailbox.key] = (refresh_token, tokens.access_token, until)
    return tokens.access_token


def forget(key: str) -> None:
    """Forget the access token of a mailbox, because its server refused it or the mailbox was removed."""
    _tokens.pop(key, None)


def _stored(db: Db, *, keys: SecretKeys, key: str) -> str:
    row = db.row(f"SELECT {MAILBOXES.columns} FROM mailboxes WHERE key = :key", key=key)
    return secrets_of(keys, MAILBOXES.load(row)).refresh_token if row else ""


def _replace(db: Db, *, keys: SecretKeys, key: str, old: str, new: str) -> None:
    row = db.row(f"SELECT {MAILBOXES.columns} FROM mailboxes WHERE key = :key{db.for_update}", key=key)
    if row is None:
        return
    mailbox = MAILBOXES.load(row)
    secrets = secrets_of(keys, mailbox)
    if secrets.refresh_token == old:
        sealed = seal(keys, mailbox, msgspec.structs.replace(secrets, refresh_token=new))
        db.run("UPDATE mailboxes SET secret = :sealed WHERE key = :key", sealed=sealed, key=key)
