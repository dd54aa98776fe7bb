"""Passkeys: keys that a person's devices hold and sign in with, instead of a password and a second factor."""

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
    return webauthn.site(mail_settings.find(db).base_url)


def _site(db: Db) -> webauthn.Site:
    found = site(db)
    if found is None:
        raise Conflict("Passkeys need this server to be reached by a name and TLS (BOXWOOD_URL)")
    return found


def all_own(ctx: Ctx) -> list[Passkey]:
    api_keys.require_self(ctx)
    rows = ctx.db.rows(
        f"SELECT {PASSKEYS.columns} FROM passkeys WHERE user_key = :user ORDER BY created_at, key", user=ctx.actor.key
    )
    return PASSKEYS.load_all(rows)


def to_add(ctx: Ctx) -> dict[str, Any]:
    """What the browser takes to make one."""
    known = [one.credential_id for one in all_own(ctx)]
    if len(known) >= MOST:
        raise Conflict(f"{MOST} passkeys are the most: remove one first")
    challenge, options = webauthn.to_make(_site(ctx.db), ctx.actor.key, ctx.actor.email, ctx.actor.full_name, known)
    _remember(ctx.db, challenge, ctx.actor.key, ctx.now)
    return options


def add(ctx: Ctx, credential: dict[str, Any], name: str) -> Passkey:
    """What the browser made, checked and kept."""
    api_keys.require_self(ctx)
    try:
        challenge = _spend(ctx.db, credential, ctx.actor.key, ctx.now)
        found = webauthn.made(_site(ctx.db), challenge, credential)
    except webauthn.Wrong as error:
        raise Invalid("credential", f"cannot be believed: {error}") from None
    if ctx.db.row("SELECT 1 FROM passkeys WHERE credential_id = :id", id=found.credential_id):
        raise Invalid("credential", "is kept already")
    one = Passkey(
        key=ids.new("y", ctx.now),
        user_key=ctx.actor.key,
        credential_id=found.credential_id,
        public_key=found.public_key,
        sign_count=found.sign_count,
        name=name or "Passkey",
        created_at=ctx.now,
        used_at=None,
    )
    PASSKEYS.insert(ctx.db, one)
    events.record(ctx, "user.passkey_added", persons.of(ctx.actor), subject=one.name)
    return one


def remove(ctx: Ctx, key: str) -> None:
    one = next((one for one in all_own(ctx) if one.key == key), None)
    if one is None:
        raise NotFound(key)
    ctx.db.run("DELETE FROM passkeys WHERE key = :key", key=key)
    events.record(ctx, "user.passkey_removed", persons.of(ctx.actor), subject=one.name)


def to_sign_in(db: Db, now: int) -> dict[str, Any]:
    """What the browser takes to sign in by whichever passkey the person picks."""
    challenge, options = webauthn.to_use(_site(db))
    _remember(db, challenge, None, now)
    return options


def sign_in(db: Db, credential: dict[str, Any], now: int) -> Ctx:
    """To act as the passkey's owner."""
    row = db.row(
        f"""
        SELECT {PASSKEYS.of("p")}, {USERS.of("u")} FROM passkeys p JOIN users u ON u.key = p.user_key
        WHERE p.credential_id = :id
        """,
        id=str(credential.get("id", "")),
    )
    try:
        challenge = _spend(db, credential, None, now)
        if row is None:
            raise webauthn.Wrong("nobody has it")
        one = PASSKEYS.load(row)
        count = webauthn.used(_site(db), challenge, credential, one.public_key, one.sign_count)
    except webauthn.Wrong:
        raise NotSignedIn(given=True, says="this passkey is not known here, or its answer came too late") from None
    PASSKEYS.update(db, msgspec.structs.replace(one, sign_count=count, used_at=now), "sign_count", "used_at")
    return Ctx(db, now, USERS.load(row[len(PASSKEYS.names) :]))


def _remember(db: Db, challenge: str, user_key: str | None, now: int) -> None:
    db.run("DELETE FROM passkey_challenges WHERE ends_at <= :now", now=now)
    db.run(
        "INSERT INTO passkey_challenges (challenge, user_key, ends_at) VALUES (:challenge, :user, :ends)",
        challenge=challenge,
        user=user_key,
        ends=now + LASTS,
    )


def _spend(db: Db, credential: dict[str, Any], user_key: str | None, now: int) -> str:
    """The challenge it answers, which was given out for this and is good once."""
    challenge = webauthn.challenge_of(credential)
    mine = db.run(
        """
        DELETE FROM passkey_challenges
        WHERE challenge = :challenge AND ends_at > :now AND COALESCE(user_key, '') = :user
        """,
        challenge=challenge,
        now=now,
        user=user_key or "",
    )
    if not mine:
        raise webauthn.Wrong("its challenge is none of ours, or was answered before")
    return challenge
