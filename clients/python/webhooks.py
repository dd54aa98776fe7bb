"""Signatures of webhooks, by Standard Webhooks."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from typing import Any

TOLERANCE = 300
"""Seconds that a delivery may be old, or early."""


class WrongSignature(ValueError):
    """The delivery was not signed with the secret, or is too old."""


def verify(body: bytes, headers: Mapping[str, str], secret: str, *, now: float | None = None) -> Any:
    """Return what a delivery holds. Raise `WrongSignature` if it does not come from the owner of the secret.

    `body` is the body of the request as it arrived, `secret` that of the subscription (`whsec_…`).
    """
    given = {name.lower(): value for name, value in headers.items()}
    delivery, moment = given.get("webhook-id", ""), given.get("webhook-timestamp", "")
    at = time.time() if now is None else now
    if not moment.isascii() or not moment.isdigit() or abs(at - int(moment)) > TOLERANCE:
        raise WrongSignature("the time of the delivery is missing, or too far from now")
    try:
        key = base64.b64decode(secret.removeprefix("whsec_"))
    except ValueError:
        raise WrongSignature("the secret is not one of Boxwood") from None
    signed = f"{delivery}.{moment}.".encode() + body
    expected = b"v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256))
    signatures = given.get("webhook-signature", "").encode("utf-8", "replace").split()
    if not any(hmac.compare_digest(each, expected) for each in signatures):
        raise WrongSignature("no signature is right")
    return json.loads(body)
