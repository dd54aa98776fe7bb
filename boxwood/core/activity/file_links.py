"""Signed links that open one file without an API key, for an hour.

A link acts for the user who created it. It stops working when this user loses access to the box or is locked, and when
the API key or session with which it was created ends.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac

import msgspec

from ...db.engine import Db
from ...errors import Forbidden
from ...lib.durations import HOUR
from ..accounts import api_keys, locked_users, sessions
from ..context import Ctx
from ..records import USERS, Scopes
from ..records.scopes import READ

LASTS = HOUR


class Claim(msgspec.Struct, frozen=True, array_like=True):
    """The signed content of a link. `until` is milliseconds since the epoch."""

    subject: str
    user_key: str
    within: str
    until: int
    via: str = ""
    """The API key or session with which the link was created, as in `Ctx.via`."""


def sign(ctx: Ctx, subject: str) -> tuple[str, int]:
    """A token that opens only this subject, and the time when it expires."""
    until = ctx.now + LASTS
    claim = msgspec.json.encode(Claim(subject, ctx.actor.key, ctx.within, until, ctx.via))
    return f"{_text(claim)}.{_text(_signature(ctx.db, claim))}", until


def accept(db: Db, token: str, subject: str, now: int) -> Ctx:
    """A context that acts for the user who signed the token. Raises Forbidden if the token is not valid for this
    subject or has expired."""
    claim = _verified(db, token)
    if claim is None or claim.subject != subject or claim.until < now:
        raise Forbidden("This link is not valid, or it has expired: links work for an hour")
    row = db.row(f"SELECT {USERS.columns} FROM users WHERE key = :key", key=claim.user_key)
    if row is None or not _still_acts(db, claim, now):
        raise Forbidden("This link is not valid, or it has expired: links work for an hour")
    ctx = Ctx(db, now, USERS.load(row), claim.within, scopes=_scopes(db, claim, now))
    ctx.require("files", READ)
    return ctx


def _still_acts(db: Db, claim: Claim, now: int) -> bool:
    """Whether the user is not locked, and the API key or session of the link may still act for the user."""
    if locked_users.is_locked(db, claim.user_key):
        return False
    noun, _, key = claim.via.partition(":")
    match noun:
        case "key":
            return api_keys.still_acts(db, key, claim.user_key, now) is not None
        case "session":
            return sessions.still_acts(db, key, claim.user_key, now)
    return True


def _scopes(db: Db, claim: Claim, now: int) -> Scopes | None:
    """The scopes that the API key of the link has now."""
    noun, _, key = claim.via.partition(":")
    api_key = api_keys.still_acts(db, key, claim.user_key, now) if noun == "key" else None
    return api_key.limits.scopes if api_key and api_key.limits else None


def _verified(db: Db, token: str) -> Claim | None:
    claim, _, signature = token.partition(".")
    try:
        content = _bytes(claim)
        if hmac.compare_digest(_signature(db, content), _bytes(signature)):
            return msgspec.json.decode(content, type=Claim)
    except (binascii.Error, UnicodeEncodeError, msgspec.DecodeError):
        pass
    return None


def _signature(db: Db, claim: bytes) -> bytes:
    row = db.row("SELECT value FROM secrets WHERE name = 'links'")
    assert row is not None
    return hmac.digest(bytes.fromhex(row[0]), claim, hashlib.sha256)


def _text(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def _bytes(text: str) -> bytes:
    return base64.b64decode(text.encode("ascii") + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)
