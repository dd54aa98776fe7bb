"""Who calls: the API key in a request's head."""

from __future__ import annotations

import base64
import binascii

from ..errors import NotSignedIn


def secret(header: bytes | None) -> str:
    """The key from Basic (with or without a colon, padding or password) or Bearer (spec 1.2)."""
    if not header:
        raise NotSignedIn(given=False)
    scheme, _, rest = header.decode("latin-1").partition(" ")
    rest = rest.strip()
    if scheme.lower() == "bearer":
        return rest
    if scheme.lower() != "basic":
        raise NotSignedIn(given=False)
    text = rest.rstrip("=")
    try:
        decoded = base64.b64decode(text + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError):
        raise NotSignedIn(given=True) from None
    return decoded.decode("latin-1").partition(":")[0]
