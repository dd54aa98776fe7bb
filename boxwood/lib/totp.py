"""The six-digit codes of an authenticator app, each valid for 30 seconds (RFC 6238)."""

from __future__ import annotations

import hmac

SECONDS = 30


def new_secret() -> str:
    import pyotp  # imported at the first use

    return pyotp.random_base32()


def uri(secret: str, account: str, issuer: str) -> str:
    """The URI in the QR code that the app reads."""
    import pyotp

    return pyotp.TOTP(secret).provisioning_uri(name=account, issuer_name=issuer)


def step_of(secret: str, code: str, now: int) -> int | None:
    """The number of the 30 seconds that the code belongs to, or None if the code is wrong. The current, the previous
    and the next 30 seconds are accepted, since clocks differ. `now` is in milliseconds since the epoch."""
    import pyotp

    totp = pyotp.TOTP(secret)
    present = now // 1000 // SECONDS
    for step in (present, present - 1, present + 1):
        if hmac.compare_digest(totp.generate_otp(step).encode(), code.encode()):
            return step
    return None
