"""Names of hosts, as the header Host and settings have them."""

from __future__ import annotations

import ipaddress
import re

_HOST = re.compile(r"(?P<name>\[[0-9a-f:.]+\]|[^\s:/@\[\]]+)(:\d*)?", re.IGNORECASE)


def name_of(host: str) -> str:
    """The name in a Host header, in lower case and without the port. Empty if the header is malformed."""
    found = _HOST.fullmatch(host.strip())
    return found["name"].strip("[]").rstrip(".").lower() if found else ""


def is_loopback(name: str) -> bool:
    """Whether this name or address always means the machine itself."""
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False
