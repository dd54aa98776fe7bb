"""What a provider vouches for is believed only where it is signed by it, for us, now, and for this attempt."""

import base64
import json
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet, OctKey, RSAKey

from boxwood.lib import oidc

NOW = 1_700_000_000_000
KEY = RSAKey.generate_key(2048, {"kid": "k1"})
STRANGER = RSAKey.generate_key(2048, {"kid": "k1"})
KEYS: Any = KeySet([KEY]).as_dict(private=False)
CLIENT = oidc.Client("https://login.example", "boxwood", "secret", "Login")
PROVIDER = oidc._Provider("https://login.example", "https://a", "https://t", "https://j")
ATTEMPT = oidc.attempt("/")
CLAIMS = {
    "iss": "https://login.example",
    "sub": "dee",
    "aud": "boxwood",
    "exp": NOW // 1000 + 300,
    "iat": NOW // 1000,
    "nonce": ATTEMPT.nonce,
}


def token(key: Any = KEY, alg: str = "RS256", **changed: Any) -> str:
    claims = {name: value for name, value in {**CLAIMS, **changed}.items() if value is not None}
    return jwt.encode({"alg": alg, "kid": "k1"}, claims, key, algorithms=[alg])


def check(given: str) -> dict[str, Any]:
    return oidc._checked(given, KEYS, PROVIDER, CLIENT, ATTEMPT, NOW)


def test_a_sound_token_is_believed() -> None:
    assert check(token())["sub"] == "dee"
    assert check(token(aud=["boxwood", "other"], azp="boxwood"))["sub"] == "dee"
    assert check(token(exp=NOW // 1000 - 30))["sub"] == "dee", "clocks differ a little"


@pytest.mark.parametrize(
    "changed",
    [
        {"iss": "https://evil.example"},
        {"aud": "another"},
        {"aud": ["boxwood", "other"]},
        {"aud": ["boxwood", "other"], "azp": "other"},
        {"exp": NOW // 1000 - 300},
        {"exp": None},
        {"iat": NOW // 1000 + 300},
        {"nonce": "of another attempt"},
        {"nonce": None},
        {"sub": None},
    ],
    ids=str,
)
def test_what_is_not_for_us_or_not_for_now_is_not_believed(changed: dict[str, Any]) -> None:
    with pytest.raises(oidc.Failed):
        check(token(**changed))


def test_what_another_signed_or_nobody_is_not_believed() -> None:
    shared = OctKey.import_key("the client's secret, which others may have")
    head, body, _ = token().split(".")
    none = base64.urlsafe_b64encode(json.dumps({"alg": "none"}).encode()).rstrip(b"=").decode()
    for forged in (token(STRANGER), token(shared, "HS256"), f"{none}.{body}.", f"{head}.{body}.", "x", "", "a.b.c"):
        with pytest.raises(oidc.Failed):
            check(forged)
