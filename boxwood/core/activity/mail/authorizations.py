"""Permission at a provider: the user opens a page of the provider, agrees, and comes back with a code."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping

import msgspec

from ....db.engine import Db
from ....db.records import Table
from ....errors import Conflict, NotFound
from ....lib import oauth
from ....lib.durations import MINUTE
from ....lib.oauth import Provider, Tokens
from ....lib.secret_keys import KeyMissing, SecretKeys
from ...context import Ctx
from . import mailboxes
from .mailbox_records import CHANNEL, MAILBOXES, SYNCING, WAITING, MailboxRecord, Secrets
from .mailbox_settings import seal, secrets_of

CALLBACK = "/auth/mailboxes"
LASTS = 15 * MINUTE


class Authorization(msgspec.Struct, frozen=True):
    digest: str
    """Of the `state`, which only the browser and the provider have."""
    mailbox_key: str
    user_key: str
    provider: str
    verifier: str
    """Sealed."""
    redirect_uri: str
    ends_at: int


AUTHORIZATIONS = Table("mail_authorizations", Authorization)


def begin(
    ctx: Ctx, keys: SecretKeys, providers: Mapping[str, Provider], mailbox: MailboxRecord, base_url: str
) -> tuple[str, int]:
    """The provider's page, and until when a browser may come back from it."""
    if not mailbox.provider:
        raise Conflict("The mailbox signs in with a password: set its provider first")
    if mailbox.provider not in providers:
        raise Conflict(f"The provider {mailbox.provider} is not set up on this server any more: use a password")
    state, verifier = secrets.token_urlsafe(32), oauth.new_verifier()
    authorization = Authorization(
        digest=_digest(state),
        mailbox_key=mailbox.key,
        user_key=ctx.actor.key,
        provider=mailbox.provider,
        verifier=keys.seal(verifier, mailbox.purpose),
        redirect_uri=base_url.rstrip("/") + CALLBACK,
        ends_at=ctx.now + LASTS,
    )
    ctx.db.run("DELETE FROM mail_authorizations WHERE ends_at < :now", now=ctx.now)
    AUTHORIZATIONS.insert(ctx.db, authorization)
    url = oauth.authorization_url(
        providers[mailbox.provider], authorization.redirect_uri, state, verifier, mailbox.address
    )
    return url, authorization.ends_at


def take(ctx: Ctx, state: str) -> Authorization:
    """The authorization that a browser comes back with. It works once, and only for the user who began it. Raises
    `NotFound`."""
    row = ctx.db.row(
        f"SELECT {AUTHORIZATIONS.columns} FROM mail_authorizations "
        "WHERE digest = :digest AND user_key = :user AND ends_at > :now",
        digest=_digest(state),
        user=ctx.actor.key,
        now=ctx.now,
    )
    if row is None or not ctx.db.run("DELETE FROM mail_authorizations WHERE digest = :digest", digest=row[0]):
        raise NotFound("authorization")
    authorization = AUTHORIZATIONS.load(row)
    mailboxes.get(ctx, authorization.mailbox_key)
    return authorization


def verifier_of(keys: SecretKeys, authorization: Authorization) -> str:
    """Raises `KeyMissing`."""
    return keys.open(authorization.verifier, f"mailbox:{authorization.mailbox_key}")


def finish(ctx: Ctx, keys: SecretKeys, authorization: Authorization, tokens: Tokens) -> MailboxRecord:
    """Store the permission. The mailbox is read at once."""
    mailbox = mailboxes.get(ctx, authorization.mailbox_key)
    if mailbox.provider != authorization.provider:
        raise Conflict("The provider of the mailbox was changed meanwhile: ask for permission again")
    try:
        known = secrets_of(keys, mailbox)
    except KeyMissing:
        known = Secrets()
    state = WAITING if mailbox.connected_at is None else SYNCING
    after = msgspec.structs.replace(
        mailbox,
        secret=seal(keys, mailbox, msgspec.structs.replace(known, refresh_token=tokens.refresh_token)),
        **{"state": state, "error": None, "failures": 0, "failing_since": None},
        due_at=ctx.now,
        updated_at=ctx.now,
    )
    MAILBOXES.update(ctx.db, after)
    mailboxes.record_event(ctx, "mailbox.edited", after)
    ctx.db.notify(CHANNEL)
    return after


def sweep(db: Db, now: int) -> None:
    db.run("DELETE FROM mail_authorizations WHERE ends_at < :now", now=now)


def _digest(state: str) -> str:
    return hashlib.sha256(state.encode("utf-8", "surrogatepass")).hexdigest()
