"""Signing in and out over HTTP. Passwords are checked between transactions, in a thread of their own."""

from __future__ import annotations

from typing import Any

from ..core import mail_settings
from ..core.accounts import passkeys, passwords, second_factors, sessions, sign_in_links
from ..core.accounts import sign_in as core_sign_in
from ..core.context import Ctx
from ..core.people import users
from ..core.records import User
from ..db.engine import Db
from ..errors import Forbidden, Insufficient, Invalid, NotSignedIn, TooMany
from ..lib import addresses, password_queue
from ..lib import passwords as hashes
from ..wire import v1
from ..wire.codec import Shape
from ..wire.shapes import sessions as shapes
from ..wire.shapes.lists import SUCCESS, Results, Success
from .http import credentials, dry_run
from .http.bodies import Body
from .http.call import Call
from .http.replies import Reply, encode

MOST_BODY = 100_000
WRONG = "this e-mail address and password do not belong together"


async def sign_in(call: Call, body: Body) -> Reply:
    """Sign in with e-mail and password. The response sets the cookie `boxwood_session`."""
    given = await read_body(call, body, shapes.SIGN_IN)
    email, password, code = addresses.one_form(given["email"]), given["password"], given.get("code") or ""
    api = call.api
    try:
        async with api.guesses.turn(f"{call.source} {email}"):
            user, stored_hash = await api.engine.read_soon(lambda db: _find_user(db, email))
            if not await api.heavy(hashes.verify, stored_hash, password) or user is None or stored_hash is None:
                await api.aside(api.limits.failed, call.source, api.clock())
                none = "there is no password" if user else "there is no such user"
                _note(call, email, "a wrong password" if stored_hash else none)
                raise NotSignedIn(given=True, says=WRONG)
            await require_code(call, user, code)
    except password_queue.Full:
        raise TooMany("Too many tries at this password are waiting already", 10_000) from None
    renewed = await api.heavy(hashes.hashed, password) if hashes.is_old(stored_hash) else None

    def enter(db: Db) -> Reply:
        ctx = Ctx(db, api.clock(), user)
        if passwords.find_hash(db, user.key) != stored_hash:
            raise NotSignedIn(given=True, says=WRONG)
        if renewed:
            passwords.store(db, user, renewed, ctx.now)
        return begin(call, ctx, "a password")

    try:
        return await api.engine.write_soon(enter)
    except Forbidden:
        _note(call, email, "the user is locked")
        raise


async def sign_in_by_link(call: Call, body: Body) -> Reply:
    """Sign in with the token of a link, which works once: of the first owner, an invitation, or a forgotten password.

    `password` is the new password of the user. It is required for a forgotten password, and for users without one.
    """
    given = await read_body(call, body, shapes.LINK)
    api, now = call.api, call.api.clock()
    link, user = await api.engine.read_soon(lambda db: sign_in_links.find(db, given["token"], now))
    needs = await api.engine.read_soon(lambda db: sign_in_links.needs_password(db, link))
    password = given.get("password") or ""
    if needs and not password:
        raise Insufficient("Session", "password")
    if link.kind == "reset":
        # A person who reads the mail of the user does not have the authenticator.
        async with api.guesses.turn(f"{call.source} {user.email}"):
            await require_code(call, user, given.get("code") or "")
    hash_ = await api.heavy(hashes.hashed, passwords.check(password)) if password else None

    def enter(db: Db) -> Reply:
        ctx, link = core_sign_in.use_link(db, given["token"], api.clock())
        if given.get("name"):
            ctx = users.rename_actor(ctx, given["name"])
        if hash_:
            passwords.change(ctx, hash_)
            sessions.end_others(ctx)
        return begin(call, ctx, {"reset": "a link for a forgotten password"}.get(link.kind, f"the {link.kind} link"))

    return await api.engine.write_soon(enter)


async def look_at_link(call: Call, body: Body) -> Reply:
    """Look at a sign-in link: whose it is, and whether it needs a password. The link stays valid."""
    given = await read_body(call, body, shapes.LINK_LOOK)

    def look(db: Db) -> Reply:
        link, user = sign_in_links.find(db, given["token"], call.api.clock())
        needs = sign_in_links.needs_password(db, link)
        return Reply(encode(shapes.SignInLinkOut(link.kind, user.email, user.full_name, needs, link.ends_at)))

    return await call.api.engine.read_soon(look)


async def forgotten(call: Call, body: Body) -> Reply:
    """Mail a link for a forgotten password. The response is the same if there is no such user."""
    given = await read_body(call, body, shapes.FORGOTTEN)
    now = call.api.clock()
    await call.api.aside(call.api.limits.failed, call.source, now)
    if call.dry:
        # Also what would follow is the same if there is no such user.
        return dry_run.shown(Reply(encode(SUCCESS)))
    await call.api.engine.write_soon(lambda db: sign_in_links.mail_reset(db, given["email"], now))
    return Reply(encode(SUCCESS))


async def ways(call: Call, body: Body) -> Reply:
    """The ways to sign in to this server. Needs no API key and no session."""
    mail, site = await call.api.engine.read_soon(lambda db: (mail_settings.configured(db), passkeys.site(db)))
    return Reply(encode(shapes.ways(mail, site is not None, call.api.provider)))


def get_current(call: Call) -> shapes.SignedIn:
    """The current session and its user."""
    session = sessions.get(call.ctx, _required(call))
    return shapes.signed_in(call.ctx.actor, sessions.csrf_token(credentials.session(call)), session)


def sign_out(call: Call) -> Success | Reply:
    """Sign out: ends the session and removes the cookie."""
    sessions.end(call.ctx, _required(call))
    gone = credentials.cookie("", seconds=0, secure=call.by_tls)
    return Reply(encode(SUCCESS), headers=(gone, *credentials.without_old_cookie(call)))


async def change_password(call: Call, body: Body) -> Reply:
    """Change your own password. All your other sessions end.

    A user without a password chooses the first one with a sign-in link or in a session; an API key alone is not enough.
    """
    api = call.api
    user, stored_hash = await call.read(lambda ctx: (ctx.actor, passwords.find_own_hash(ctx)))
    given = await read_body(call, body, shapes.PASSWORD_CHANGE)
    if stored_hash is not None:
        if not given.get("current"):
            raise Insufficient("Password", "current")
        await _require(call, user, stored_hash, given["current"], "current")
    elif not call.session:
        raise Forbidden(
            "An API key cannot choose the first password: sign in with a link (`boxwood user link`) or in a browser"
        )
    hash_ = await api.heavy(hashes.hashed, passwords.check(given["password"]))

    def change(ctx: Ctx) -> Success:
        passwords.change(ctx, hash_)
        sessions.end_others(ctx, call.session)
        return SUCCESS

    return await call.write([], change)


def list_own(call: Call) -> Results[shapes.SessionOut]:
    """Your sessions, last used first."""
    return Results([shapes.session(session, call.session) for session in sessions.all_own(call.ctx)])


def end_others(call: Call) -> Success:
    """End all your sessions except the current one."""
    sessions.end_others(call.ctx, call.session)
    return SUCCESS


def end(call: Call) -> Success:
    """End one of your sessions."""
    sessions.end(call.ctx, call.path[0])
    return SUCCESS


async def check_password(call: Call, body: Body) -> None:
    """Check the password before a change of how the user signs in, so that an open browser alone is not enough."""
    user, stored_hash = await call.read(lambda ctx: (ctx.actor, passwords.find_own_hash(ctx)))
    given = await read_body(call, body, shapes.PASSWORD)
    if stored_hash is None:
        raise Invalid("password", "there is none yet: choose one first")
    await _require(call, user, stored_hash, given["password"], "password")


async def _require(call: Call, user: User, stored_hash: str, password: str, field: str) -> None:
    try:
        async with call.api.guesses.turn(f"{call.source} {user.email}"):
            if not await call.api.heavy(hashes.verify, stored_hash, password):
                await call.api.aside(call.api.limits.failed, call.source, call.api.clock())
                _note(call, user.email, "a wrong password, by a browser that is signed in")
                raise Invalid(field, "is wrong")
    except password_queue.Full:
        raise TooMany("Too many tries at this password are waiting already", 10_000) from None


async def require_code(call: Call, user: User, code: str) -> None:
    """Check the code if the user has an authenticator. A code works only once, even if a later step fails."""
    api, now = call.api, call.api.clock()
    await api.engine.read_soon(lambda db: second_factors.require_given(db, user.key, code))
    if not await api.engine.write_soon(lambda db: second_factors.use_code(db, user.key, code, now)):
        await api.aside(api.limits.failed, call.source, now)
        _note(call, user.email, "a wrong code")
        raise NotSignedIn(given=True, says="code: this is not the authenticator's code", field="code")


def _note(call: Call, email: str, why: str) -> None:
    """Record a failed sign-in in the audit log, without what the user typed."""
    call.api.failures.note(email, why, call.header("user-agent"), call.source)


async def read_body(call: Call, body: Body, shape: Shape) -> dict[str, Any]:
    """The members of the body. Refuses requests from pages of other sites."""
    credentials.require_same_origin(call)
    raw = await body.whole(call.headers, MOST_BODY)
    members, _ = v1.read_body(raw, call.header("content-type"))
    call.look_for_dry_run(members)
    found = shape.parse(members)
    for name in shape.required:
        if not found.get(name):
            raise Insufficient("Session", name)
    return found


def _find_user(db: Db, email: str) -> tuple[User | None, str | None]:
    user = users.by_email(db, email.strip())
    return user, passwords.find_hash(db, user.key) if user else None


def begin(call: Call, ctx: Ctx, how: str) -> Reply:
    session, secret = sessions.start(ctx, call.header("user-agent"), call.source, how)
    answer = shapes.signed_in(ctx.actor, sessions.csrf_token(secret), session)
    seconds = (session.ends_at - ctx.now) // 1000
    cookie = credentials.cookie(secret, seconds=seconds, secure=call.by_tls)
    return Reply(encode(answer), headers=(*credentials.without_old_cookie(call), cookie))


def _required(call: Call) -> str:
    if not call.session:
        raise NotSignedIn(given=False)
    return call.session
