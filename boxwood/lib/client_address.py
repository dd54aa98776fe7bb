"""The address that a request comes from, as far as it can be trusted."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from functools import lru_cache

from .address_rules import Address, parse_address

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
UNKNOWN = "unknown"


def read_networks(texts: Sequence[str]) -> tuple[Network, ...]:
    """Read addresses and networks such as `10.0.0.0/8`. Raises ValueError with the first text that is neither."""
    found = []
    for text in texts:
        try:
            found.append(_as_ipv4(ipaddress.ip_network(text.strip(), strict=False)))
        except ValueError:
            raise ValueError(f"{text.strip()[:60]!r} is not an address or network such as 192.0.2.0/24") from None
    return tuple(found)


def _as_ipv4(network: Network) -> Network:
    """The IPv4 network if an IPv6 network holds IPv4 addresses only, such as `::ffff:192.0.2.0/120`: addresses of
    clients are read so too."""
    mapped = network.network_address.ipv4_mapped if isinstance(network, ipaddress.IPv6Network) else None
    return ipaddress.IPv4Network((mapped, network.prefixlen - 96)) if mapped and network.prefixlen >= 96 else network


def within(address: str, networks: Sequence[Network]) -> bool:
    """Whether the address lies in one of the networks. False if the address cannot be read."""
    try:
        parsed = parse_address(address)
    except ValueError:
        return False
    return any(parsed in network for network in networks)


def source(peer: str, forwarded: str, proxies: Sequence[Network]) -> str:
    """The client's address: the last address of `X-Forwarded-For` (`forwarded`) that is not one of our proxies.

    The header counts only if the connection itself (`peer`) comes from one of our proxies."""
    if not is_trusted(peer, proxies):
        return _plain(peer)
    for text in reversed(forwarded.split(",")):
        address = text.strip()
        if not within(address, proxies):
            return _plain(address) if _reads(address) else _plain(peer)
        peer = address
    return _plain(peer)


def is_trusted(peer: str, proxies: Sequence[Network]) -> bool:
    """Whether the connection comes from one of our proxies, whose headers are believed."""
    return bool(proxies) and within(peer, proxies)


def block(address: str) -> str:
    """The smallest block that belongs to a single client: an IPv4 address, or the /64 network of an IPv6 address."""
    try:
        parsed = parse_address(address)
    except ValueError:
        return UNKNOWN
    return str(parsed) if parsed.version == 4 else str(ipaddress.ip_network((parsed, 64), strict=False))


def _reads(address: str) -> bool:
    try:
        parse_address(address)
    except ValueError:
        return False
    return True


@lru_cache(maxsize=4096)  # reading an address takes 5 µs, and every request with an API key has one
def _plain(address: str) -> str:
    try:
        parsed: Address = parse_address(address)
    except ValueError:
        return UNKNOWN
    return str(parsed)
