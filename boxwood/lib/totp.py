"""Six digits that an authenticator app shows for half a minute (RFC 6238)."""

from __future__ import annotations

import hmac

SECONDS = 30


def new_secret() -> str:
    import pyotp  # loaded when first asked for

    return pyotp.random_base32()


def uri(secret: str, account: str, issuer: str) -> str:
    """What the app reads from a QR code."""
    import pyotp

    return pyotp.TOTP(secret).provisioning_uri(name=account, issuer_name=issuer)


def step_of(secret: str, code: str, now: int) -> int | None:
    """The half minute whose code this is: the present one, or one beside it, since clocks differ. `now` is in ms."""
    import pyotp

    totp = pyotp.TOTP(secret)
    present = now // 1000 // SECONDS
    for step in (present, present - 1, present + 1):
        if hmac.compare_digest(totp.generate_otp(step).encode(), code.encode()):
            return step
    return None
