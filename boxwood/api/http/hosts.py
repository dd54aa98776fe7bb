"""The host names of this server. A page of another site can point its own name at this server's address and then read
what the server answers (DNS rebinding), so requests for other names get 421."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from urllib.parse import urlsplit

from starlette.types import Scope

from ...lib import client_address
from ...lib.client_address import Network
from ...lib.host_names import is_loopback, name_of
from . import headers, replies
from .replies import Reply

ANY = "*"
_MOST_REMEMBERED = 1000


class Hosts:
    """Decides which values of the header Host are names of this server."""

    def __init__(
        self,
        *,
        bound: str,
        is_local: bool,
        base_url: str,
        allowed: Iterable[str],
        proxies: tuple[Network, ...],
        stored_url: Callable[[], Awaitable[str]],
    ) -> None:
        """`bound` is the address that the server listens on, `is_local` whether it is loopback. `stored_url` returns
        the public URL that the owners set in the browser."""
        names = {name.strip().lower() for name in allowed}
        self.checks = ANY not in names and (bool(base_url) or is_local)
        self._names = names | {bound.lower(), name_of(urlsplit(base_url).netloc)}
        self._has_url = bool(base_url)
        self._proxies = proxies
        self._stored_url = stored_url
        self._remembered: set[bytes] = set()

    def knows(self, scope: Scope) -> bool:
        """Whether the host was accepted before: most requests need only this."""
        if self._proxies:
            return False
        for name, value in scope["headers"]:
            if name == b"host":
                return value in self._remembered
        return False

    async def refusal(self, scope: Scope) -> Reply | None:
        """The response with status 421, or None if the request is for this server."""
        host = b""
        for name, value in scope["headers"]:
            if name == b"host":
                host = value
                break
        if client_address.is_trusted(_peer(scope), self._proxies):
            if not self._has_url:
                return None  # the operator's proxy decides which names it forwards
            host = headers.last(scope["headers"], b"x-forwarded-host") or host
        if host in self._remembered:
            return None
        name = name_of(host.decode("latin-1"))
        if not await self._is_ours(name, scope):
            return _refused(host)
        if len(self._remembered) < _MOST_REMEMBERED:
            self._remembered.add(host)
        return None

    def reached_url(self, scope: Scope) -> str:
        """The URL by which the client reached the server, or a trusted proxy before it."""
        scheme, host = scope["scheme"], headers.last(scope["headers"], b"host")
        if client_address.is_trusted(_peer(scope), self._proxies):
            host = headers.last(scope["headers"], b"x-forwarded-host") or host
            if headers.last(scope["headers"], b"x-forwarded-proto").lower() == b"https":
                scheme = "https"
        return f"{scheme}://{host.decode('latin-1') or 'localhost'}"

    async def _is_ours(self, name: str, scope: Scope) -> bool:
        if not name:
            return False
        # With the address of the connection itself there is no name that an attacker could point here.
        reached = (scope.get("server") or ("",))[0]
        return (
            name in self._names
            or name == reached
            or is_loopback(name)
            or name == name_of(urlsplit(await self._stored_url()).netloc)
        )


def _peer(scope: Scope) -> str:
    return scope["client"][0] if scope.get("client") else ""


def _refused(host: bytes) -> Reply:
    shown = host.decode("latin-1")[:200]
    return replies.error(
        421,
        f"This server is not {shown!r}. Its operator can set BOXWOOD_URL to its public URL, or name further hosts in "
        "BOXWOOD_ALLOWED_HOSTS",
    )
