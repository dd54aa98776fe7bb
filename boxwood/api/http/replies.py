"""Status codes and error bodies (spec 1.7). The status of every success is 200."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import msgspec

from ...core.context import Ctx
from ...core.idempotency import Reused
from ...errors import (
    Busy,
    Conflict,
    Forbidden,
    Insufficient,
    Invalid,
    MissingScope,
    NotFound,
    NotSignedIn,
    Problem,
    Rejected,
    Stale,
    TooLarge,
    TooMany,
    TooSlow,
    Unavailable,
    Unsupported,
)

JSON = b"application/json;charset=utf-8"
encode = msgspec.json.Encoder().encode


class Reply(msgspec.Struct):
    """A response: body, status, content type and headers."""

    body: bytes
    status: int = 200
    content_type: bytes = JSON
    headers: tuple[tuple[bytes, bytes], ...] = ()
    tag: bytes = b""
    """The ETag, if it is known already."""


class Download(msgspec.Struct):
    """A response whose bytes are read while they are sent. `open` raises if they are missing."""

    status: int
    headers: list[tuple[bytes, bytes]]
    open: Callable[[], Iterator[bytes]]


class Chunks(msgspec.Struct):
    """A response in pieces, each computed when it is sent, in its own transaction."""

    headers: list[tuple[bytes, bytes]]
    pieces: Iterator[Callable[[Ctx], bytes]]
    record: Callable[[Ctx], Any] | None = None
    """Records the response in a transaction before the first piece."""


def error(status: int, message: str, **more: Any) -> Reply:
    return Reply(encode({"success": False, **more, "error": message}), status)


def of_problem(problem: Problem, says: str = "", path: Sequence[str] = ()) -> Reply:
    """The response for an error. `says` is the message of a 404 for a key in the path, if the route has its own."""
    match problem:
        case NotSignedIn():
            return not_signed_in(problem)
        case NotFound():
            if says and problem.key in path:
                return error(404, says)
            return error(404, "Entity not found with key", details=problem.key)
        case MissingScope():
            reply = error(403, str(problem), missingScope=problem.scope)
            challenge = f'Bearer realm="Boxwood", error="insufficient_scope", scope="{problem.scope}"'
            reply.headers = ((b"www-authenticate", challenge.encode()),)
            return reply
        case Forbidden():
            return error(403, str(problem))
        case Rejected():
            return error(400, str(problem), violations=problem.violations)
        case Insufficient():
            return error(400, problem.message, field=problem.field, details=f"{problem.field} is required")
        case Reused():
            return error(422, str(problem), field=problem.field)
        case Invalid():
            return error(400, str(problem), field=problem.field)
        case TooLarge():
            return error(413, str(problem), field="body")
        case TooSlow():
            reply = error(408, str(problem), field="body")
            reply.headers = ((b"connection", b"close"),)
            return reply
        case Unsupported():
            reply = error(415, str(problem), field="Content-Encoding")
            reply.headers = ((b"accept-encoding", problem.accepted.encode()),)
            return reply
        case Conflict():
            # Not 409: the SDKs repeat that, and it would not help.
            return error(400, str(problem))
        case Stale():
            return error(412, str(problem))
        case Busy():
            reply = error(409, str(problem))
            reply.headers = ((b"retry-after", b"1"),)
            return reply
        case TooMany():
            reply = error(429, str(problem))
            seconds = max(1, math.ceil(problem.wait / 1000))
            reply.headers = ((b"retry-after", b"%d" % seconds), *problem.headers)
            return reply
        case Unavailable():
            reply = error(503, str(problem))
            reply.headers = ((b"retry-after", b"1"),)
            return reply
        case _:
            return error(400, str(problem))


def not_signed_in(problem: NotSignedIn, *, challenge: bool = True) -> Reply:
    """Clients distinguish missing from wrong credentials by the member `success`. The challenge `Basic` makes a browser
    open a dialog, so pages with their own sign-in form do not get it."""
    field = {"field": problem.field} if problem.field else {}
    reply = error(401, str(problem), **field) if problem.given else Reply(encode({"error": str(problem)}), 401)
    scheme = b"Basic" if challenge else b"Bearer"
    reply.headers = ((b"www-authenticate", scheme + b' realm="Boxwood"'),)
    return reply


UNKNOWN_PATH = error(400, "Invalid API path specified")
OUR_FAULT = error(500, "The server failed; its log has the details under the id of this request")


def wrong_verb(verbs: list[str]) -> Reply:
    allowed = ", ".join(verbs)
    reply = error(405, f"This path accepts {allowed}")
    reply.headers = ((b"allow", allowed.encode()),)
    return reply
