"""The HTTP protocol of a connection: uvicorn's, with the limits that it leaves to a proxy.

The limits hold without a proxy, and before any key is looked at (docs/guide/operations.md, "Limits of a connection").
"""

from __future__ import annotations

import asyncio
import json
from typing import Any
from urllib.parse import urlsplit

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from .joined_writes import Joined

MOST_HEAD = 65_536
"""The maximum size of a request's head in bytes. A size in a chunked body and its trailer have the same limit."""
MOST_LINES = 200
HEAD_SECONDS = 20
"""A head must arrive within this time, counted from its first byte or from the start of the connection."""
DISCARD_SECONDS = 30
"""The connection is closed this long after a response whose request still sends its body."""

LINGER_SECONDS = 1
"""After a refusal, what the client still sends is thrown away for this time."""


class Refused(Exception):
    """The request breaks a rule of HTTP or a limit. It is answered, and the connection closed."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class Protocol(HttpToolsProtocol):
    head_seconds: float = HEAD_SECONDS
    discard_seconds: float = DISCARD_SECONDS

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._in_head = self._advanced = self._is_large = False
        self._hosts = self._trailers = self._trailers_size = 0
        self._without_advance = 0
        """Bytes since the last complete head or piece of a body: an endless header line, trailer or chunk size."""
        self._deadline: asyncio.TimerHandle | None = None
        self._refused: Refused | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(Joined(transport, self.loop))  # type: ignore[arg-type]
        self._close_in(self.head_seconds)

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_deadline()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._refused is not None:
            return
        self._advanced = False
        self._is_large = len(data) + self._without_advance > MOST_HEAD
        super().data_received(data)
        if self._advanced:
            self._without_advance = 0
            self._stop_deadline()
        elif self._refused is None and not self._discards():
            self._without_advance += len(data)
            if self._without_advance > MOST_HEAD:
                self._refuse(_too_large())
            elif self._deadline is None and not self.transport.is_closing():
                self._close_in(self.head_seconds)

    # What the parser finds

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._in_head = True
        self._hosts = self._trailers = self._trailers_size = 0

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._in_head:
            super().on_header(name, value)
            if self.headers[-1][0] == b"host":
                self._hosts += 1
        else:
            # After the head come trailers. A proxy has not checked them, so they are never headers.
            self._trailers += 1
            self._trailers_size += len(name) + len(value)
            if self._trailers > MOST_LINES or self._trailers_size > MOST_HEAD:
                raise self._because(_too_large())

    def on_headers_complete(self) -> None:
        self._in_head = False
        self._advanced = True
        version = self.parser.get_http_version()
        if self._is_large or len(self.headers) > MOST_LINES:
            self._check_size()
        if version != "1.1" or self._hosts != 1:
            self._check_version(version)
        if not self.url.startswith(b"/"):
            self._check_absolute()
        self._unset_keepalive_if_required()
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._advanced = self._advanced or not self._discards()
        super().on_body(body)

    def on_message_complete(self) -> None:
        discarded = self._discards()
        super().on_message_complete()
        if discarded:
            self._advanced = True
            self.cycle.more_body = False
            self._unset_keepalive_if_required()
            again = self.loop.call_later(self.timeout_keep_alive, self.timeout_keep_alive_handler)
            self.timeout_keep_alive_task = again

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self._discards():
            self._close_in(self.discard_seconds)

    def _check_size(self) -> None:
        size = len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)
        if size > MOST_HEAD or len(self.headers) > MOST_LINES:
            raise self._because(_too_large())

    def _check_version(self, version: str) -> None:
        if version not in ("1.1", "1.0"):
            raise self._because(Refused(505, "This server speaks HTTP/1.1"))
        if self._hosts != 1 and (self._hosts or version == "1.1"):
            many = "several Host headers" if self._hosts else "no Host header"
            raise self._because(Refused(400, f"The request has {many}: send exactly one"))

    def _check_absolute(self) -> None:
        """A whole URL in place of a path must name the host of the Host header: only one of them would be checked."""
        try:
            url = urlsplit(self.url.decode("ascii"))
        except ValueError:
            raise self._because(Refused(400, "The URL of the request is invalid")) from None
        host = next((value for name, value in self.headers if name == b"host"), b"").decode("latin-1")
        if url.scheme not in ("http", "https") or url.netloc.lower() != host.strip().lower():
            raise self._because(Refused(400, "The URL of the request must be a path, or begin with the host in Host"))

    # Refusing and closing

    def send_400_response(self, msg: str) -> None:
        self._refuse(self._refused or Refused(400, "This is not a valid HTTP request"))

    def _because(self, refused: Refused) -> Refused:
        """The parser wraps exceptions of its callbacks, so the reason is stored here."""
        self._refused = refused
        return refused

    def _refuse(self, refused: Refused) -> None:
        self._refused = refused
        self._stop_deadline()
        # A response that is being sent must not get a second head in its middle.
        if self.cycle is None or self.cycle.response_complete or not self.cycle.response_started:
            self.transport.write(_response(refused))
        if self.cycle is not None and not self.cycle.response_complete:
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        if not self.transport.can_write_eof():
            self.transport.close()
            return
        # Closing while the client still sends would reset the connection, and the client would not read the response.
        self.transport.write_eof()
        self._deadline = self.loop.call_later(LINGER_SECONDS, self.transport.close)

    def _discards(self) -> bool:
        """Whether the request is answered already, and the rest of its body is thrown away."""
        return self.cycle is not None and self.cycle.response_complete and self.cycle.more_body

    def _close_in(self, seconds: float) -> None:
        self._stop_deadline()
        self._deadline = self.loop.call_later(seconds, self._time_is_up)

    def _stop_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _time_is_up(self) -> None:
        self._deadline = None
        if self.cycle is not None and not self.cycle.response_complete:
            return  # a long response, such as a stream; the next request begins after it
        if self._in_head or self._without_advance:
            self._refuse(Refused(408, f"The head of the request took longer than {self.head_seconds:g} s"))
        elif not self.transport.is_closing():
            self.transport.close()


def _too_large() -> Refused:
    return Refused(431, f"The head of a request may have {MOST_HEAD // 1024} KB and {MOST_LINES} lines")


def _response(refused: Refused) -> bytes:
    body = json.dumps({"success": False, "error": str(refused)}).encode()
    return b"".join(
        (
            STATUS_LINE[refused.status],
            b"content-type: application/json;charset=utf-8\r\ncontent-length: %d\r\n" % len(body),
            b"cache-control: no-store\r\nvary: Authorization, Cookie\r\nx-content-type-options: nosniff\r\n",
            b"connection: close\r\n\r\n",
            body,
        )
    )
