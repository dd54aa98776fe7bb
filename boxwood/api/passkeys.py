"""Passkeys over HTTP."""

from __future__ import annotations

from ..core.accounts import passkeys
from ..db.engine import Db
from ..errors import Insufficient, NotSignedIn
from ..wire.shapes import passkeys as shapes
from ..wire.shapes.lists import SUCCESS, Results, Success
from . import sessions
from .http import dry_run
from .http.bodies import Body
from .http.call import Call
from .http.replies import Reply, encode


def list_own(call: Call) -> Results[shapes.PasskeyOut]:
    """Your passkeys, oldest first."""
    return Results([shapes.passkey(passkey) for passkey in passkeys.all_own(call.ctx)])


async def to_add(call: Call, body: Body) -> Reply:
    """Start adding a passkey: the options for the browser."""
    await sessions.check_password(call, body)
    return await call.write([], lambda ctx: shapes.PasskeyOptionsOut(passkeys.to_add(ctx)))


def add(call: Call) -> shapes.PasskeyOut:
    """Add the passkey that the browser created."""
    given = call.parse(shapes.ADD)
    if not given.get("credential"):
        raise Insufficient("Passkey", "credential")
    return shapes.passkey(passkeys.add(call.ctx, given["credential"], given.get("name", "")))


def remove(call: Call) -> Success:
    """Remove one of your passkeys."""
    passkeys.remove(call.ctx, call.path[0])
    return SUCCESS


async def to_sign_in(call: Call, body: Body) -> Reply:
    """Start signing in with a passkey: the options for the browser."""
    await sessions.read_body(call, body, shapes.NOTHING)
    now = call.api.clock()

    def begin(db: Db) -> Reply:
        reply = Reply(encode(shapes.PasskeyOptionsOut(passkeys.to_sign_in(db, now))))
        if call.dry:
            raise dry_run.Done(dry_run.shown(reply))
        return reply

    return await call.api.engine.write_soon(begin)


async def sign_in(call: Call, body: Body) -> Reply:
    """Sign in with a passkey, without password and code. The response sets the cookie `boxwood_session`."""
    given = await sessions.read_body(call, body, shapes.USE)

    def begin(db: Db) -> Reply:
        return sessions.begin(call, passkeys.sign_in(db, given["credential"], call.api.clock()), "a passkey")

    try:
        return await call.api.engine.write_soon(begin)
    except NotSignedIn:
        await call.api.aside(call.api.limits.failed, call.source, call.api.clock())
        raise
