"""Operations of the API, as tools call them: in this process, or at another server over HTTP (`boxwood mcp`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol
from urllib.parse import quote, urlencode

import msgspec
from starlette.types import ASGIApp, Message, Scope

FORWARDED = frozenset(
    {b"authorization", b"host", b"user-agent", b"x-boxwood-act-as"}
    | {b"x-forwarded-for", b"x-forwarded-host", b"x-forwarded-proto"}
)
"""Headers of a request to `/mcp` that the operations get. A cookie is not among them: only keys and tokens count."""


class Reply(msgspec.Struct, frozen=True):
    status: int
    body: bytes
    change: str = ""
    """The key of the change, by which it can be undone."""

    def json(self) -> Any:
        return msgspec.json.decode(self.body)


class Refused(Exception):
    """The API refused an operation."""

    def __init__(self, reply: Reply) -> None:
        try:
            said = reply.json()
        except (msgspec.DecodeError, RecursionError):
            said = {}
        self.said: dict[str, Any] = said if isinstance(said, dict) else {}
        self.status = reply.status
        super().__init__(str(self.said.get("error") or f"The server answered with status {reply.status}"))


class Operations(Protocol):
    async def send(self, method: str, path: str, query: Mapping[str, Any], body: Any) -> Reply:
        """Do an operation of the API. `path` is below `/api`."""


async def perform(
    operations: Operations, method: str, path: str, query: Mapping[str, Any] | None = None, body: Any = None
) -> Reply:
    """Do an operation of the API. Raise `Refused` if the API refuses it."""
    reply = await operations.send(method, path, {k: v for k, v in (query or {}).items() if v is not None}, body)
    if reply.status != 200:
        raise Refused(reply)
    return reply


class InProcess:
    """Operations of the API in this process, with the credentials of the request to `/mcp`."""

    def __init__(self, app: ASGIApp, outer: Scope) -> None:
        self.app = app
        self.outer = outer

    async def send(self, method: str, path: str, query: Mapping[str, Any], body: Any) -> Reply:
        content = b"" if body is None else msgspec.json.encode(body)
        headers = [(name, value) for name, value in self.outer["headers"] if name in FORWARDED]
        if content:
            headers += [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(content))]
        scope = {
            **{name: self.outer[name] for name in ("type", "asgi", "http_version", "scheme")},
            **{name: self.outer.get(name) for name in ("client", "server")},
            "method": method,
            "path": f"/api{path}",
            "raw_path": quote(f"/api{path}").encode(),
            "query_string": urlencode(query).encode(),
            "headers": headers,
        }
        sent: list[Message] = []
        given = [{"type": "http.request", "body": content, "more_body": False}]

        async def receive() -> Message:
            return given.pop() if given else {"type": "http.disconnect"}

        async def send(message: Message) -> None:
            sent.append(message)

        await self.app(scope, receive, send)
        change = dict(sent[0]["headers"]).get(b"x-boxwood-change", b"").decode()
        return Reply(sent[0]["status"], b"".join(message.get("body", b"") for message in sent[1:]), change)
