"""Sign-in with an OpenID Connect provider: the code flow with PKCE, and the checks of the provider's ID token
(OpenID Connect Core 1.0, section 3.1)."""

from __future__ import annotations

import base64
import hashlib
import secrets
from typing import Any, TypeVar
from urllib.parse import quote, urlencode

import aiohttp
import msgspec

T = TypeVar("T")
PATIENCE = 15
MOST_REPLY = 1_000_000
# No algorithms with a shared secret: with our secret, anyone could sign a token for any user.
ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"]
LEEWAY = 60
"""Clocks may differ by this many seconds."""


class Failed(Exception):
    """The sign-in failed. The text is for the user and holds no secrets."""


class Client(msgspec.Struct, frozen=True):
    """How this server is registered at the provider."""

    issuer: str
    client_id: str
    client_secret: str
    name: str
    """The label of the button."""
    domains: tuple[str, ...] = ()
    """E-mail domains whose users may sign in without an invitation."""
    trusts_email: bool = False
    """Whether the provider's addresses count as verified even if it does not say so."""


class Attempt(msgspec.Struct, frozen=True):
    """The state of a browser's attempt to sign in, stored in its cookie."""

    state: str
    nonce: str
    verifier: str
    next: str

    @property
    def challenge(self) -> str:
        return _base64(hashlib.sha256(self.verifier.encode()).digest())


class Vouched(msgspec.Struct, frozen=True):
    """The user as the provider describes them."""

    subject: str
    email: str
    verified: bool
    name: str


class _Provider(msgspec.Struct):
    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str = ""
    token_endpoint_auth_methods_supported: tuple[str, ...] = ("client_secret_basic",)


class _Tokens(msgspec.Struct):
    id_token: str
    access_token: str = ""


def attempt(next_path: str) -> Attempt:
    """Start an attempt. After signing in the browser goes to `next_path`, or to `/` if that is not a local path."""
    return Attempt(
        secrets.token_urlsafe(32), secrets.token_urlsafe(32), secrets.token_urlsafe(48), local_path(next_path)
    )


def local_path(path: str) -> str:
    """The path if it is one of this server, otherwise `/`."""
    ours = path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable()
    return path if ours else "/"


async def address(client: Client, redirect_uri: str, attempt: Attempt) -> str:
    """The provider's URL that the browser is sent to."""
    async with _session() as session:
        provider = await _discover(session, client)
    asked = {
        "response_type": "code",
        "client_id": client.client_id,
        "redirect_uri": redirect_uri,
        "scope": "openid email profile",
        "state": attempt.state,
        "nonce": attempt.nonce,
        "code_challenge": attempt.challenge,
        "code_challenge_method": "S256",
    }
    sign = "&" if "?" in provider.authorization_endpoint else "?"
    return f"{provider.authorization_endpoint}{sign}{urlencode(asked)}"


async def vouched(client: Client, redirect_uri: str, attempt: Attempt, code: str, now: int) -> Vouched:
    """Exchange the code for the user's identity. `now` is in milliseconds since the epoch. Raises Failed."""
    async with _session() as session:
        provider = await _discover(session, client)
        tokens = await _exchange(session, provider, client, redirect_uri, attempt, code)
        keys = await _json(session, "GET", provider.jwks_uri)
        claims = _checked(tokens.id_token, keys, provider, client, attempt, now)
        if "email" not in claims and provider.userinfo_endpoint and tokens.access_token:
            bearer = {"Authorization": f"Bearer {tokens.access_token}"}
            more = await _json(session, "GET", provider.userinfo_endpoint, headers=bearer)
            if more.get("sub") != claims["sub"]:
                raise Failed("the provider speaks of somebody else")
            claims = {**more, **claims}
    email = claims.get("email")
    if not isinstance(email, str) or not email:
        raise Failed("the provider gives no e-mail address")
    verified = client.trusts_email or claims.get("email_verified") in (True, "true")
    return Vouched(str(claims["sub"]), email, verified, str(claims.get("name") or ""))


async def _discover(session: aiohttp.ClientSession, client: Client) -> _Provider:
    url = client.issuer.rstrip("/") + "/.well-known/openid-configuration"
    provider = _read(await _json(session, "GET", url), _Provider)
    if provider.issuer.rstrip("/") != client.issuer.rstrip("/"):
        raise Failed(f"the provider calls itself {provider.issuer[:200]!r}, not {client.issuer!r}")
    return provider


async def _exchange(
    session: aiohttp.ClientSession,
    provider: _Provider,
    client: Client,
    redirect_uri: str,
    attempt: Attempt,
    code: str,
) -> _Tokens:
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": redirect_uri,
        "code_verifier": attempt.verifier,
    }
    headers = {}
    if "client_secret_basic" in provider.token_endpoint_auth_methods_supported:
        both = f"{quote(client.client_id, safe='')}:{quote(client.client_secret, safe='')}"
        headers["Authorization"] = "Basic " + base64.b64encode(both.encode()).decode()
    else:
        form |= {"client_id": client.client_id, "client_secret": client.client_secret}
    return _read(await _json(session, "POST", provider.token_endpoint, data=form, headers=headers), _Tokens)


def _checked(
    token: str, keys: dict[str, Any], provider: _Provider, client: Client, attempt: Attempt, now: int
) -> dict[str, Any]:
    """The claims of an ID token. Raises Failed unless the provider signed it for this server and this attempt, and it
    has not expired."""
    from joserfc import errors, jwt  # imported at the first use
    from joserfc.jwk import KeySet

    registry = jwt.JWTClaimsRegistry(
        now=now // 1000,
        leeway=LEEWAY,
        iss={"essential": True, "value": provider.issuer},
        sub={"essential": True},
        aud={"essential": True, "value": client.client_id},
        exp={"essential": True},
        iat={"essential": True},
        nonce={"essential": True, "value": attempt.nonce},
    )
    try:
        decoded = jwt.decode(token, KeySet.import_key_set(keys), algorithms=ALGORITHMS)  # type: ignore[arg-type]
        registry.validate(decoded.claims)
    except (errors.JoseError, ValueError, KeyError, TypeError) as error:
        raise Failed(f"what the provider says cannot be trusted ({type(error).__name__})") from None
    claims = decoded.claims
    if isinstance(claims["aud"], list) and len(claims["aud"]) > 1 and claims.get("azp") != client.client_id:
        raise Failed("what the provider says is meant for somebody else")
    return claims


async def _json(session: aiohttp.ClientSession, verb: str, url: str, **more: Any) -> dict[str, Any]:
    try:
        async with session.request(verb, url, allow_redirects=False, **more) as answer:
            body = await answer.content.read(MOST_REPLY)
            if answer.status != 200:
                raise Failed(f"the provider answers {answer.status}")
            found = msgspec.json.decode(body)
    except (aiohttp.ClientError, TimeoutError, msgspec.DecodeError, ValueError) as error:
        raise Failed(f"the provider cannot be reached, or is none ({type(error).__name__})") from None
    if not isinstance(found, dict):
        raise Failed("the provider answers something else")
    return found


def _read(found: dict[str, Any], kind: type[T]) -> T:
    try:
        return msgspec.convert(found, kind)
    except msgspec.ValidationError as error:
        raise Failed(f"the provider's answer lacks something: {error}") from None


def _session() -> aiohttp.ClientSession:
    return aiohttp.ClientSession(
        timeout=aiohttp.ClientTimeout(total=PATIENCE), cookie_jar=aiohttp.DummyCookieJar(), trust_env=True
    )


def _base64(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()
