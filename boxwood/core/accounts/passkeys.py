"""Passkeys: keys on a person's devices that sign in instead of a password and a second factor."""

from __future__ import annotations

from typing import Any

import msgspec

from ...db.engine import Db
from ...db.records import Table
from ...errors import Conflict, Invalid, NotFound, NotSignedIn
from ...lib import ids, webauthn
from ...lib.durations import MINUTE
from .. import events, mail_settings, persons
from ..context import Ctx
from ..records import USERS
from . import api_keys

LASTS = 10 * MINUTE
MOST = 50


class Passkey(msgspec.Struct, frozen=True):
    """A user's passkey."""

    key: str
    user_key: str
    credential_id: str
    public_key: str
    sign_count: int
    name: str
    created_at: int
    used_at: int | None


PASSKEYS = Table("passkeys", Passkey)


def site(db: Db) -> webauthn.Site | None:
    """Return the site that passkeys belong to; None if the server is not reached by a name and TLS."""
    return webauthn.site(mail_settings.find(db).base_url)


def _site(db: Db) -> webauthn.Site:
    found = site(db)
    if found is None:
        raise Conflict("Passkeys need a server that is reached by a host name and HTTPS: set BOXWOOD_URL")
    return found


def all_own(ctx: Ctx) -> list[Passkey]:
    """Return the actor's passkeys, the oldest first."""
    api_keys.require_self(ctx)
    rows = ctx.db.rows(
        f"SELECT {PASSKEYS.columns} FROM passkeys WHERE user_key = :user ORDER BY created_at, key", user=ctx.actor.key
    )
    return PASSKEYS.load_all(rows)


def to_add(ctx: Ctx) -> dict[str, Any]:
    """Return the options with which the browser creates a passkey."""
    known = [passkey.credential_id for passkey in all_own(ctx)]
    if len(known) >= MOST:
        raise Conflict(f"You have {MOST} passkeys, which is the limit: remove a passkey first")
    challenge, options = webauthn.to_make(_site(ctx.db), ctx.actor.key, ctx.actor.email, ctx.actor.full_name, known)
    _store_challenge(ctx.db, challenge, ctx.actor.key, ctx.now)
    return options


def add(ctx: Ctx, credential: dict[str, Any], name: str) -> Passkey:
    """Check the credential that the browser created, and store it as a passkey."""
    api_keys.require_self(ctx)
    try:
        challenge = _use_challenge(ctx.db, credential, ctx.actor.key, ctx.now)
        found = webauthn.check_registration(_site(ctx.db), challenge, credential)
    except webauthn.Wrong as error:
        raise Invalid("credential", f"cannot be verified: {error}") from None
    if ctx.db.row("SELECT 1 FROM passkeys WHERE credential_id = :id", id=found.credential_id):
        raise Invalid("credential", "is stored as a passkey already")
    passkey = Passkey(
        key=ids.new("y", ctx.now),
        user_key=ctx.actor.key,
        credential_id=found.credential_id,
        public_key=found.public_key,
        sign_count=found.sign_count,
        name=name or "Passkey",
        created_at=ctx.now,
        used_at=None,
    )
    PASSKEYS.insert(ctx.db, passkey)
    events.record(ctx, "user.passkey_added", persons.of(ctx.actor), subject=passkey.name)
    return passkey


def remove(ctx: Ctx, key: str) -> None:
    """Delete one of the actor's passkeys."""
    passkey = next((passkey for passkey in all_own(ctx) if passkey.key == key), None)
    if passkey is None:
        raise NotFound(key)
    ctx.db.run("DELETE FROM passkeys WHERE key = :key", key=key)
    events.record(ctx, "user.passkey_removed", persons.of(ctx.actor), subject=passkey.name)


def to_sign_in(db: Db, now: int) -> dict[str, Any]:
    """Return the options with which the browser signs in. The person chooses the passkey in the browser."""
    challenge, options = webauthn.to_use(_site(db))
    _store_challenge(db, challenge, None, now)
    return options


def sign_in(db: Db, credential: dict[str, Any], now: int) -> Ctx:
    """Return a context that acts as the passkey's owner. Raise `NotSignedIn` if the credential is wrong."""
    row = db.row(
        f"""
        SELECT {PASSKEYS.of("p")}, {USERS.of("u")} FROM passkeys p JOIN users u ON u.key = p.user_key
        WHERE p.credential_id = :id
        """,
        id=str(credential.get("id", "")),
    )
    try:
        challenge = _use_challenge(db, credential, None, now)
        if row is None:
            raise webauthn.Wrong("no user has it")
        passkey = PASSKEYS.load(row)
        count = webauthn.check_use(_site(db), challenge, credential, passkey.public_key, passkey.sign_count)
    except webauthn.Wrong:
        raise NotSignedIn(given=True, says="this passkey is not known here, or its answer came too late") from None
    PASSKEYS.update(db, msgspec.structs.replace(passkey, sign_count=count, used_at=now), "sign_count", "used_at")
    return Ctx(db, now, USERS.load(row[len(PASSKEYS.names) :]))


def _store_challenge(db: Db, challenge: str, user_key: str | None, now: int) -> None:
    db.run("DELETE FROM passkey_challenges WHERE ends_at <= :now", now=now)
    db.run(
        "INSERT INTO passkey_challenges (challenge, user_key, ends_at) VALUES (:challenge, :user, :ends)",
        challenge=challenge,
        user=user_key,
        ends=now + LASTS,
    )


def _use_challenge(db: Db, credential: dict[str, Any], user_key: str | None, now: int) -> str:
    """Delete and return the challenge that the credential answers. Raise `webauthn.Wrong` if it is not valid."""
    challenge = webauthn.challenge_of(credential)
    deleted = db.run(
        """
        DELETE FROM passkey_challenges
        WHERE challenge = :challenge AND ends_at > :now AND COALESCE(user_key, '') = :user
        """,
        challenge=challenge,
        now=now,
        user=user_key or "",
    )
    if not deleted:
        raise webauthn.Wrong("its challenge is not from this server, has expired or was answered before")
    return challenge
