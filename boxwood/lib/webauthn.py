"""Passkeys (WebAuthn level 2): the requests to a browser, and the checks of its answers.

All bytes are texts in base64url. The library is imported at the first use, which takes 0.15 s.
"""

from __future__ import annotations

import ipaddress
import json
from typing import Any
from urllib.parse import urlsplit

import msgspec


class Wrong(Exception):
    """The browser's answer is invalid."""


class Site(msgspec.Struct, frozen=True):
    """The site that passkeys belong to: the host name that browsers store with them, and the origin of the pages."""

    name: str
    origin: str


class Registration(msgspec.Struct, frozen=True):
    credential_id: str
    public_key: str
    sign_count: int


def site(base_url: str) -> Site | None:
    """The site of this server, or None if browsers allow no passkeys there: they need a host name and TLS, or
    `localhost`."""
    parts = urlsplit(base_url)
    host = parts.hostname or ""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        if host and (parts.scheme == "https" or host == "localhost"):
            return Site(host, f"{parts.scheme}://{parts.netloc}")
    return None


def to_make(site: Site, user_id: str, email: str, name: str, known: list[str]) -> tuple[str, dict[str, Any]]:
    """A challenge, and the options of `navigator.credentials.create`. The device stores the passkey and unlocks it by
    fingerprint, face or PIN. Passkeys with the ids in `known` are not created again."""
    import webauthn
    from webauthn.helpers import base64url_to_bytes, bytes_to_base64url, structs

    options = webauthn.generate_registration_options(
        rp_id=site.name,
        rp_name="Boxwood",
        user_id=user_id.encode(),
        user_name=email,
        user_display_name=name,
        authenticator_selection=structs.AuthenticatorSelectionCriteria(
            resident_key=structs.ResidentKeyRequirement.REQUIRED,
            user_verification=structs.UserVerificationRequirement.REQUIRED,
        ),
        exclude_credentials=[
            structs.PublicKeyCredentialDescriptor(id=base64url_to_bytes(known_id)) for known_id in known
        ],
    )
    return bytes_to_base64url(options.challenge), json.loads(webauthn.options_to_json(options))


def check_registration(site: Site, challenge: str, credential: dict[str, Any]) -> Registration:
    import webauthn
    from webauthn.helpers import base64url_to_bytes, bytes_to_base64url

    try:
        found = webauthn.verify_registration_response(
            credential=credential,
            expected_challenge=base64url_to_bytes(challenge),
            expected_rp_id=site.name,
            expected_origin=site.origin,
            require_user_verification=True,
        )
    except Exception as error:  # the library parses untrusted data and may raise any exception
        raise Wrong(str(error)) from None
    return Registration(
        bytes_to_base64url(found.credential_id), bytes_to_base64url(found.credential_public_key), found.sign_count
    )


def to_use(site: Site) -> tuple[str, dict[str, Any]]:
    """A challenge, and the options of `navigator.credentials.get`. The user chooses the passkey."""
    import webauthn
    from webauthn.helpers import bytes_to_base64url, structs

    options = webauthn.generate_authentication_options(
        rp_id=site.name, user_verification=structs.UserVerificationRequirement.REQUIRED
    )
    return bytes_to_base64url(options.challenge), json.loads(webauthn.options_to_json(options))


def check_use(site: Site, challenge: str, credential: dict[str, Any], public_key: str, sign_count: int) -> int:
    """Check that the passkey signed this challenge at this site, and return its new count. Raises Wrong."""
    import webauthn
    from webauthn.helpers import base64url_to_bytes

    try:
        found = webauthn.verify_authentication_response(
            credential=credential,
            expected_challenge=base64url_to_bytes(challenge),
            expected_rp_id=site.name,
            expected_origin=site.origin,
            credential_public_key=base64url_to_bytes(public_key),
            credential_current_sign_count=sign_count,
            require_user_verification=True,
        )
    except Exception as error:  # as above
        raise Wrong(str(error)) from None
    return found.new_sign_count


def challenge_of(credential: dict[str, Any]) -> str:
    """The challenge that the browser's answer names. Raises Wrong if it names none."""
    from webauthn.helpers import base64url_to_bytes

    try:
        said = json.loads(base64url_to_bytes(credential["response"]["clientDataJSON"]))["challenge"]
    except (KeyError, TypeError, ValueError):
        raise Wrong("it holds no clientDataJSON") from None
    if not isinstance(said, str):
        raise Wrong("its challenge is no text")
    return said
