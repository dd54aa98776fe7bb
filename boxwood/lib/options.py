"""How options of the command line are spelled."""

from __future__ import annotations

import re
from argparse import ArgumentTypeError

from .client_address import read_networks
from .durations import DAY, HOUR, MINUTE, SECOND
from .rates import read_rate


def size(text: str) -> int:
    """Bytes, or with KB, MB or GB behind."""
    found = re.fullmatch(r"(\d{1,12})\s*([KMG]?)B?", text.strip(), re.IGNORECASE)
    if not found or not int(found[1]):
        raise ArgumentTypeError(f"{text!r} is no size such as 100MB")
    return int(found[1]) * {"": 1, "K": 10**3, "M": 10**6, "G": 10**9}[found[2].upper()]


def span(text: str) -> int:
    """Milliseconds: a number with s, m, h or d behind; 0 for never."""
    found = re.fullmatch(r"(\d{1,6})\s*([smhd])", text.strip(), re.IGNORECASE)
    if text.strip() == "0":
        return 0
    if not found or not int(found[1]):
        raise ArgumentTypeError(f"{text!r} is no span of time such as 6h")
    return int(found[1]) * {"s": SECOND, "m": MINUTE, "h": HOUR, "d": DAY}[found[2].lower()]


def rate(text: str) -> str:
    """One that can be read, or none."""
    try:
        if text:
            read_rate(text)
    except ValueError as error:
        raise ArgumentTypeError(str(error)) from None
    return text


def networks(text: str) -> tuple[str, ...]:
    """Addresses and networks with commas between."""
    try:
        return tuple(map(str, read_networks([one for one in text.split(",") if one.strip()])))
    except ValueError as error:
        raise ArgumentTypeError(str(error)) from None
