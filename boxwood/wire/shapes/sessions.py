"""Signing in on the wire."""

from __future__ import annotations

from ...core.sessions import Session
from ...core.users import User
from ..codec import Shape
from ..kinds import NAME, TEXT
from .base import Out
from .people import UserOut, user

SIGN_IN = Shape("SignIn", email=NAME, password=TEXT, required=("email", "password"))
LINK = Shape(
    "SignInByLink",
    token=NAME,
    password=TEXT,
    name=NAME,
    required=("token",),
    described={
        "token": "What stands behind # in the link.",
        "password": "The new one, where the link needs one.",
        "name": "Given and family name.",
    },
)
LINK_LOOK = Shape("LookAtLink", token=NAME, required=("token",))
FORGOTTEN = Shape("Forgotten", email=NAME, required=("email",))
PASSWORD_CHANGE = Shape(
    "PasswordChange",
    password=TEXT,
    current=TEXT,
    required=("password",),
    described={"current": "Needed where there is one."},
)


class SignedIn(Out, omit_defaults=False):
    """`csrfToken` goes into the header X-CSRF-Token of every change made with the session's cookie."""

    user: UserOut
    csrf_token: str
    expires: int


def signed_in(who: User, csrf_token: str, session: Session) -> SignedIn:
    return SignedIn(user(who), csrf_token, session.over_at)


class LinkOut(Out, omit_defaults=False):
    kind: str
    email: str
    name: str
    needs_password: bool
    expires: int


class SessionOut(Out, omit_defaults=False):
    key: str
    current: bool
    browser: str
    address: str
    creation_timestamp: int
    last_used_timestamp: int
    expires: int


def session(one: Session, current: str) -> SessionOut:
    return SessionOut(
        key=one.key,
        current=one.key == current,
        browser=one.browser,
        address=one.address,
        creation_timestamp=one.created_at,
        last_used_timestamp=one.used_at,
        expires=one.over_at,
    )
