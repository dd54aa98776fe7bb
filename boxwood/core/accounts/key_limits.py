"""Limits of an API key: what it may do less than its user, until when, from where and how often."""

from __future__ import annotations

import re
from functools import lru_cache

import msgspec

from ...errors import Forbidden, Invalid, NotSignedIn
from ...lib import client_address, rates
from ..records import Scopes
from ..records.scopes import ADMIN, ALL_NOUNS


class Limits(msgspec.Struct, frozen=True):
    """What a key may do less than its user."""

    levels: dict[str, str] = {}
    """The level of each noun, as in `Scopes`; empty for all rights."""
    pipelines: list[str] = []
    """The keys of the only pipelines within reach; empty for all."""
    expires_at: int | None = None
    addresses: list[str] = []
    """The addresses and networks from which it may be used; empty for all."""
    rate: str = ""
    """Its own rate limit, such as `10/s burst 50`; empty for none."""
    origins: list[str] = []
    """The origins whose pages may use it in a browser; empty for none."""

    @property
    def scopes(self) -> Scopes | None:
        if not self.levels and not self.pipelines:
            return None
        return Scopes(self.levels or {ALL_NOUNS: ADMIN}, self.pipelines)

    def require(self, source: str, now: int) -> None:
        """Raise `NotSignedIn` if the key has expired, and `Forbidden` if it may not be used from this address."""
        if self.expires_at is not None and self.expires_at <= now:
            raise NotSignedIn(given=True, says="this api key has expired")
        if self.addresses and not client_address.within(source, _networks(tuple(self.addresses))):
            raise Forbidden(f"This API key may not be used from the address {source}")


NO_LIMITS = Limits()
_ORIGIN = re.compile(r"https?://[a-z0-9.\-\[\]:]+")
_networks = lru_cache(maxsize=1000)(client_address.read_networks)


def checked(limits: Limits, now: int) -> Limits | None:
    """The limits, or None if they limit nothing. Raise `Invalid` if the key would have expired already, or could be
    used from nowhere."""
    if limits.expires_at is not None and limits.expires_at <= now:
        raise Invalid("expiresTimestamp", "is in the past")
    try:
        client_address.read_networks(limits.addresses)
    except ValueError as problem:
        raise Invalid("allowedAddresses", str(problem)) from None
    try:
        if limits.rate:
            rates.read_rate(limits.rate)
    except ValueError as problem:
        raise Invalid("rateLimit", str(problem)) from None
    for origin in limits.origins:
        if not _ORIGIN.fullmatch(origin):
            raise Invalid("allowedOrigins", f"{origin[:100]!r} is not an origin such as https://app.example.com")
    return limits if limits != NO_LIMITS else None
