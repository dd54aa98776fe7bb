"""Signing in on the wire."""

from __future__ import annotations

import msgspec

from ...core.accounts.second_factors import State
from ...core.accounts.sessions import Session
from ...core.records import User
from ..codec import Shape
from ..kinds import NAME, TEXT
from .base import Out, given
from .people import UserOut, user

SIGN_IN = Shape(
    "SignIn",
    email=NAME,
    password=TEXT,
    code=NAME,
    required=("email", "password"),
    described={
        "code": "The code of the authenticator app, or a recovery code, if the user has two-factor authentication."
    },
)
LINK = Shape(
    "SignInByLink",
    token=NAME,
    password=TEXT,
    name=NAME,
    code=NAME,
    required=("token",),
    described={
        "code": "The code of the authenticator app, or a recovery code, if the user has two-factor authentication.",
        "token": "The part of the link after #.",
        "password": "The new password, if the link needs one.",
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
    described={"current": "The current password, if there is one."},
)


PASSWORD = Shape("Password", password=TEXT, required=("password",))
CODE = Shape("Code", code=NAME, required=("code",))


class SignedIn(Out, omit_defaults=False):
    """Send `csrfToken` in the header X-CSRF-Token of every change that uses the session cookie."""

    user: UserOut
    csrf_token: str
    expires: int


def signed_in(who: User, csrf_token: str, session: Session) -> SignedIn:
    return SignedIn(user(who), csrf_token, session.over_at)


class SignInLinkOut(Out, omit_defaults=False):
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


def session(session: Session, current: str) -> SessionOut:
    return SessionOut(
        key=session.key,
        current=session.key == current,
        browser=session.browser,
        address=session.address,
        creation_timestamp=session.created_at,
        last_used_timestamp=session.used_at,
        expires=session.over_at,
    )


class WaysOut(Out, omit_defaults=False):
    """`mail`: forgotten passwords can be replaced by mail. `provider`: send the browser to `providerUrl`, with `?next=`
    and the path to return to."""

    password: bool
    mail: bool
    passkeys: bool
    provider: str | msgspec.UnsetType = msgspec.UNSET
    provider_url: str | msgspec.UnsetType = msgspec.UNSET


def ways(mail: bool, passkeys: bool, provider: str) -> WaysOut:
    return WaysOut(True, mail, passkeys, given(provider or None), given("/auth/oidc" if provider else None))


class FactorsOut(Out, omit_defaults=False):
    """Whether two-factor authentication is on, since when, and how many recovery codes are left."""

    authenticator: bool
    recovery_codes_left: int
    since: int | msgspec.UnsetType = msgspec.UNSET


def factors(state: State) -> FactorsOut:
    return FactorsOut(state.since is not None, state.recovery_codes_left, given(state.since))


class AuthenticatorOut(Out, omit_defaults=False):
    """`uri` is the content of the QR code for the app."""

    secret: str
    uri: str


class RecoveryCodesOut(Out, omit_defaults=False):
    recovery_codes: list[str]
