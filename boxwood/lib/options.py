"""Readers of the command line's options. Each raises ArgumentTypeError if the text cannot be read."""

from __future__ import annotations

import re
from argparse import ArgumentTypeError

from .client_address import read_networks
from .durations import DAY, HOUR, MINUTE, SECOND
from .host_names import name_of
from .rates import read_rate


def size(text: str) -> int:
    """A number of bytes: `1000`, `20KB`, `100MB` or `2GB`."""
    found = re.fullmatch(r"(\d{1,12})\s*([KMG]?)B?", text.strip(), re.IGNORECASE)
    if not found or not int(found[1]):
        raise ArgumentTypeError(f"{text!r} is not a size such as 100MB")
    return int(found[1]) * {"": 1, "K": 10**3, "M": 10**6, "G": 10**9}[found[2].upper()]


def span(text: str) -> int:
    """A duration in milliseconds: `30s`, `5m`, `6h` or `1d`; `0` means never."""
    found = re.fullmatch(r"(\d{1,6})\s*([smhd])", text.strip(), re.IGNORECASE)
    if text.strip() == "0":
        return 0
    if not found or not int(found[1]):
        raise ArgumentTypeError(f"{text!r} is not a duration such as 6h")
    return int(found[1]) * {"s": SECOND, "m": MINUTE, "h": HOUR, "d": DAY}[found[2].lower()]


def rate(text: str) -> str:
    """A rate such as `10/s burst 50`, or an empty text. It is checked and returned as it is."""
    try:
        if text:
            read_rate(text)
    except ValueError as error:
        raise ArgumentTypeError(str(error)) from None
    return text


def names(text: str) -> tuple[str, ...]:
    """Host names without ports, separated by commas; `*` for any."""
    found = []
    for given in text.split(","):
        if name := given.strip():
            if name != "*" and not name_of(name):
                raise ArgumentTypeError(f"{name!r} is not a host name such as crm.example.com")
            found.append(name if name == "*" else name_of(name))
    return tuple(found)


def servers(text: str) -> tuple[tuple[str, int], ...]:
    """Hosts with ports, separated by commas, such as `mail.internal:143`."""
    found = []
    for given in text.split(","):
        if server := given.strip().lower():
            host, _, port = server.rpartition(":")
            if not host or not port.isdigit() or not 0 < int(port) < 65536:
                raise ArgumentTypeError(f"{server!r} is not a server such as mail.example.com:993")
            found.append((host.strip("[]"), int(port)))
    return tuple(found)


def mail_listener(text: str) -> tuple[str, str, int] | None:
    """Where mail servers deliver, such as `lmtp://127.0.0.1:2424`: protocol, host and port. None for nowhere."""
    if not text:
        return None
    found = re.fullmatch(r"(lmtp|smtp)://(\[[^\]]+\]|[^:/\s]+):(\d{1,5})/?", text.strip().lower())
    if not found or not 0 < int(found[3]) < 65536:
        raise ArgumentTypeError(f"{text!r} is not an address such as lmtp://127.0.0.1:2424")
    return found[1], found[2].strip("[]"), int(found[3])


def origins(text: str) -> tuple[str, ...]:
    """Origins of web pages, separated by commas; `*` for all."""
    found = tuple(origin.strip().rstrip("/") for origin in text.split(",") if origin.strip())
    for origin in found:
        if origin != "*" and not re.fullmatch(r"https?://[^/\s]+", origin):
            raise ArgumentTypeError(f"{origin!r} is not an origin such as https://app.example.com")
    return found


def networks(text: str) -> tuple[str, ...]:
    """Addresses and networks, separated by commas."""
    try:
        return tuple(map(str, read_networks([network for network in text.split(",") if network.strip()])))
    except ValueError as error:
        raise ArgumentTypeError(str(error)) from None
