"""The rules for the targets that this server may call. Nothing here resolves a name or sends anything."""

import ipaddress
import re
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import quote

from yarl import URL

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

LONGEST_URL = 2048
LONGEST_HEADERS = 8192
USUAL_PORTS = (80, 443)
MAIL_PORTS = frozenset({143, 993, 25, 465, 587, 2525})

# Written out, because `ipaddress`'s own flags cannot be trusted: on Python 3.11 `is_global` passes
# multicast, 6to4 and the NAT64 form of loopback.
FORBIDDEN_V4 = tuple(
    ipaddress.IPv4Network(block)
    for block in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
    )
)
ALLOWED_V6 = ipaddress.IPv6Network("2000::/3")
FORBIDDEN_V6 = tuple(ipaddress.IPv6Network(block) for block in ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"))

_AUTHORITY = re.compile(r"https?://([^/?#]+)", re.IGNORECASE)
_PORT = re.compile(r":([^:\]]*)\Z")
_AS_GIVEN = "".join(map(chr, range(0x21, 0x7F)))
_UNPRINTABLE = re.compile(r"[\x00-\x20\x7f\\]")
_LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
# The last label must begin with a letter. This excludes 2130706433, 127.1 and 0x7f.1, which the system's resolver
# would read as addresses.
_NAME = re.compile(rf"(?:{_LABEL}\.)*(?=[a-z]){_LABEL}\.?")
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE = re.compile(r"[\t\x20-\x7e]*")

# The HTTP client writes the first two itself. The others are about the connection.
FRAMING = frozenset(
    {
        *("host", "content-length", "transfer-encoding", "trailer", "te", "expect"),
        *("connection", "keep-alive", "upgrade", "http2-settings"),
        *("proxy-authenticate", "proxy-authorization", "proxy-connection"),
    }
)


class Refused(ValueError):
    """A target or header that this server does not use. The text is for the user who entered it."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What is allowed. `own` lists the hosts and ports of this server: its public name and its listening address.
    `mail_servers` lists the operator's mail servers, which may have private addresses and any port."""

    allow_private: bool = False
    extra_ports: frozenset[int] = frozenset()
    own: frozenset[tuple[str, int]] = frozenset()
    mail_servers: frozenset[tuple[str, int]] = frozenset()

    def check_url(self, text: str) -> URL:
        """Check everything that can be checked without resolving the name. Raises Refused."""
        return _checked(self, text)

    def check_address(self, text: str, port: int) -> Address:
        """Check a resolved address, or an address in a URL. Connect only to the returned address. Raises Refused."""
        try:
            address = parse_address(text)
        except ValueError:
            raise Refused("the target's address cannot be read") from None
        if any(port == at and _answers_at(host, address) for host, at in self.own):
            raise Refused("the target is this server itself")
        if not (self.allow_private or is_public(address)):
            raise Refused("the target's address is not a public one")
        return address

    def check_mail_server(self, host: str, port: int) -> None:
        """Check a mail server that a user enters, without resolving its name. Raises Refused."""
        if not _is_host(host):
            raise Refused("must be the name or the address of a mail server, such as imap.example.com")
        if (host.lower(), port) in self.mail_servers:
            return
        if not (self.allow_private or port in MAIL_PORTS):
            raise Refused(f"must have one of the ports of mail: {', '.join(map(str, sorted(MAIL_PORTS)))}")
        self._check_name(host.lower(), port)
        if not _NAME.fullmatch(host.lower()):
            self.check_address(host, port)

    def check_server(self, host: str, address: str, port: int) -> Address:
        """Check a resolved address of a mail server. Connect only to the returned address. Raises Refused."""
        if (host.lower(), port) in self.mail_servers:
            return parse_address(address)
        return self.check_address(address, port)

    def _check(self, url: URL) -> None:
        host, port = url.raw_host or "", url.port or 0
        self._check_port(port)
        self._check_name(host, port)
        if not _NAME.fullmatch(host):
            self.check_address(host, port)

    def _check_port(self, port: int) -> None:
        if port and (self.allow_private or port in USUAL_PORTS or port in self.extra_ports):
            return
        allowed = sorted({*USUAL_PORTS, *self.extra_ports})
        raise Refused(f"the target's port must be one of {', '.join(map(str, allowed))}")

    def _check_name(self, host: str, port: int) -> None:
        name = host.rstrip(".")
        if any(name == own.lower().rstrip(".") and port == at for own, at in self.own):
            raise Refused("the target is this server itself")
        if not self.allow_private and (name == "localhost" or name.endswith(".localhost")):
            raise Refused("the target's address is not a public one")


# Each call checks its URL: 1 µs with this cache, 12 without. The resolved address is checked again for each connection.
@lru_cache(maxsize=1024)
def _checked(rules: Rules, text: str) -> URL:
    url = _parse(text)
    rules._check(url)
    return url


def is_public(address: Address) -> bool:
    if isinstance(address, ipaddress.IPv4Address):
        return not any(address in block for block in FORBIDDEN_V4)
    return address in ALLOWED_V6 and not any(address in block for block in FORBIDDEN_V6)


def parse_address(text: str) -> Address:
    """The address as it is connected to. An IPv4 address that is mapped into IPv6 becomes an IPv4 address."""
    address = ipaddress.ip_address(text)
    if isinstance(address, ipaddress.IPv6Address):
        return address.ipv4_mapped or address
    return address


def check_headers(headers: Mapping[str, str]) -> None:
    """Check the headers that a user adds to requests. They must not replace those of the server. Raises Refused."""
    check_fields(headers)
    for name in headers:
        if name.lower().startswith("webhook-"):
            raise Refused(f"the header {name} is written by the server")


def is_header_name(text: str) -> bool:
    return len(text) <= 200 and _TOKEN.fullmatch(text) is not None


def check_fields(headers: Mapping[str, str]) -> None:
    """Check headers of any origin: a single line of ASCII, and not about the connection. Raises Refused."""
    for name, value in headers.items():
        _check_name(name)
        if not _VALUE.fullmatch(value):
            raise Refused(f"the header {name} must be one line of plain ASCII")
    if sum(len(name) + len(value) for name, value in headers.items()) > LONGEST_HEADERS:
        raise Refused(f"the headers are longer than {LONGEST_HEADERS} characters together")


@lru_cache(maxsize=1024)
def _check_name(name: str) -> None:
    if not _TOKEN.fullmatch(name):
        raise Refused("a header's name may hold only letters, digits and hyphens")
    if name.lower() in FRAMING:
        raise Refused(f"the header {name} is written by the server")


# The same few targets are called again and again.
@lru_cache(maxsize=1024)
def _parse(text: str) -> URL:
    if len(text) > LONGEST_URL:
        raise Refused(f"the target is longer than {LONGEST_URL} characters")
    if _UNPRINTABLE.search(text):
        raise Refused("the target may not hold spaces, control characters or backslashes")
    authority = _AUTHORITY.match(text)
    if authority is None:
        raise Refused("the target must begin with http:// or https:// and a host")
    if "@" in authority[1]:
        raise Refused("the target may not hold a user name or password")
    return _read(text, authority[1])


def _read(text: str, authority: str) -> URL:
    # int() and the parser below would also accept ８０ and 8_0.
    port = _PORT.search(authority)
    if port is not None and not re.fullmatch(r"[0-9]{0,5}", port[1]):
        raise Refused("the target's port must be a number")
    try:
        host = URL(text).raw_host or ""
    except ValueError:
        raise Refused("the target is not a valid address") from None
    if not _is_host(host):
        raise Refused("the target's host is not valid")
    try:
        # Path and query go out byte for byte, because receivers compute signatures over them. The client connects with
        # this same object: two parsers that disagree would be a security hole.
        url = URL(_exact(text, authority, host), encoded=True)
    except ValueError:
        raise Refused("the target is not a valid address") from None
    if url.raw_host != host:
        raise Refused("the target's host is not valid")
    return url


def _exact(text: str, authority: str, host: str) -> str:
    """The address with its host in ASCII. What follows the host stays, but characters that are not ASCII are
    escaped."""
    scheme, rest = text[: text.index(":")].lower(), text[text.index(authority) + len(authority) :]
    port = _PORT.search(authority)
    shown = f"[{host}]" if ":" in host else host
    number = f":{int(port[1])}" if port is not None and port[1] else ""
    return f"{scheme}://{shown}{number}{quote(rest, safe=_AS_GIVEN)}"


def _is_host(host: str) -> bool:
    if len(host) > 253 or "%" in host:
        return False
    if _NAME.fullmatch(host):
        return True
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _answers_at(own: str, address: Address) -> bool:
    """Whether a server that listens on `own` can be reached at `address`."""
    if own == "localhost":
        return address.is_loopback or address.is_unspecified
    try:
        bound = parse_address(own or "0.0.0.0")
    except ValueError:
        return False  # a name: a proxy may serve other names at the same address, so only the name counts
    if bound.is_unspecified:
        return _is_of_this_machine(address)
    return address == bound or (address.is_unspecified and bound.is_loopback)


def _is_of_this_machine(address: Address) -> bool:
    """Whether a socket can be bound to the address, which works only for addresses of this machine. Nothing is sent."""
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((str(address), 0))
        except OSError:
            return False
    return True
