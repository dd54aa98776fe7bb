"""OAuth 2 for mailboxes: the code flow with PKCE (RFC 6749, 7636), and the renewal of access tokens."""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Mapping
from urllib.parse import urlencode

import aiohttp
import msgspec

PATIENCE = 20
MOST_REPLY = 100_000
EARLY = 120
"""An access token is renewed this many seconds before it expires."""


class Failed(Exception):
    """The provider could not be asked, or gave no usable answer: a later attempt may work."""


class Refused(Exception):
    """The provider does not give a token: the user must give permission again."""


class Provider(msgspec.Struct, frozen=True):
    """A provider of mailboxes, and how this server is registered there."""

    name: str
    client_id: str
    client_secret: str
    authorize_url: str
    token_url: str
    scope: str
    more: Mapping[str, str] = {}
    """Further parameters of the authorization URL."""
    imap: tuple[str, int, str] | None = None
    """The provider's server: host, port and security. None if each user enters it."""
    smtp: tuple[str, int, str] | None = None


class Tokens(msgspec.Struct, frozen=True):
    access_token: str
    expires_in: int = 3600
    refresh_token: str = ""
    """Empty if the previous one stays valid."""


def google(client_id: str, client_secret: str) -> Provider:
    return Provider(
        name="google",
        client_id=client_id,
        client_secret=client_secret,
        authorize_url="https://accounts.google.com/o/oauth2/v2/auth",
        token_url="https://oauth2.googleapis.com/token",
        scope="https://mail.google.com/",
        more={"access_type": "offline", "prompt": "consent"},
        imap=("imap.gmail.com", 993, "tls"),
        smtp=("smtp.gmail.com", 465, "tls"),
    )


def microsoft(client_id: str, client_secret: str, tenant: str) -> Provider:
    base = f"https://login.microsoftonline.com/{tenant or 'common'}/oauth2/v2.0"
    return Provider(
        name="microsoft",
        client_id=client_id,
        client_secret=client_secret,
        authorize_url=f"{base}/authorize",
        token_url=f"{base}/token",
        scope="https://outlook.office.com/IMAP.AccessAsUser.All https://outlook.office.com/SMTP.Send offline_access",
        imap=("outlook.office365.com", 993, "tls"),
        smtp=("smtp.office365.com", 587, "starttls"),
    )


def new_verifier() -> str:
    return secrets.token_urlsafe(48)


def authorization_url(provider: Provider, redirect_uri: str, state: str, verifier: str, login_hint: str) -> str:
    """The provider's page on which the user gives permission."""
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
    asked = {
        "response_type": "code",
        "client_id": provider.client_id,
        "redirect_uri": redirect_uri,
        "scope": provider.scope,
        "state": state,
        "code_challenge": challenge,
        "code_challenge_method": "S256",
        "login_hint": login_hint,
        **provider.more,
    }
    sign = "&" if "?" in provider.authorize_url else "?"
    return f"{provider.authorize_url}{sign}{urlencode(asked)}"


async def exchange(provider: Provider, code: str, verifier: str, redirect_uri: str) -> Tokens:
    """The tokens for a code. Raises `Failed` or `Refused`."""
    tokens = await _ask(
        provider,
        {
            "grant_type": "authorization_code",
            "code": code,
            "code_verifier": verifier,
            "redirect_uri": redirect_uri,
        },
    )
    if not tokens.refresh_token:
        raise Refused("the provider gave no refresh token, with which Boxwood stays signed in")
    return tokens


async def renew(provider: Provider, refresh_token: str) -> Tokens:
    """A new access token. If the answer has another refresh token, store it before you use the access token, because
    the previous one may be void already. Raises `Failed` or `Refused`."""
    return await _ask(provider, {"grant_type": "refresh_token", "refresh_token": refresh_token})


async def _ask(provider: Provider, form: dict[str, str]) -> Tokens:
    form = {**form, "client_id": provider.client_id, "client_secret": provider.client_secret}
    try:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=PATIENCE), trust_env=True) as session,
            session.post(provider.token_url, data=form, allow_redirects=False) as reply,
        ):
            body = await reply.content.read(MOST_REPLY)
            status = reply.status
    except (aiohttp.ClientError, TimeoutError, OSError):
        raise Failed(f"{provider.name} cannot be reached for a new access token") from None
    if status == 200:
        try:
            return msgspec.json.decode(body, type=Tokens, strict=False)
        except (msgspec.DecodeError, msgspec.ValidationError):
            raise Failed(f"{provider.name} gave an answer without an access token") from None
    if status in (400, 401, 403):
        raise Refused(f"{provider.name} refused: {_error(body)}")
    raise Failed(f"{provider.name} answered {status}")


def _error(body: bytes) -> str:
    try:
        error = str(msgspec.json.decode(body).get("error", ""))
    except (msgspec.DecodeError, AttributeError):
        error = ""
    return error[:100] if error.isprintable() and error else "it gave no reason"
