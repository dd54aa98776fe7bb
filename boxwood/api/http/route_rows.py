"""Functions for the rows of the route table, with the defaults of each verb, so that a route is one line."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from ...wire.codec import Shape
from .router import LIST, READ, STREAM, WRITE, Route


def _read(path: str, handler: Callable[..., Any], *query: str) -> Route:
    return Route("GET", path, handler, READ, query=query)


def _list(path: str, handler: Callable[..., Any], *query: str) -> Route:
    return Route("GET", path, handler, LIST, query=query)


def _put(path: str, handler: Callable[..., Any], takes: Shape | None = None, *query: str) -> Route:
    return Route("PUT", path, handler, WRITE, takes, query)


def _post(path: str, handler: Callable[..., Any], takes: Shape | None = None, *query: str, says: str = "") -> Route:
    return Route("POST", path, handler, WRITE, takes, query, says=says)


def _ask(path: str, handler: Callable[..., Any], takes: Shape | None, *query: str) -> Route:
    """A POST that only reads, because its parameters are too long for a URL."""
    return Route("POST", path, handler, LIST, takes, query)


def _sign_in(path: str, handler: Callable[..., Any], gives: Any, takes: Shape) -> Route:
    return Route("POST", path, handler, STREAM, takes, gives=gives, tag="sessions", open=True)


def _stream(
    path: str,
    handler: Callable[..., Any],
    gives: Any,
    *bodies: str,
    takes: Shape | None = None,
    query: tuple[str, ...] = (),
) -> Route:
    return Route("POST", path, handler, STREAM, takes, query, bodies, gives)


def _delete(path: str, handler: Callable[..., Any]) -> Route:
    return Route("DELETE", path, handler, WRITE)


def _secret(route: Route) -> Route:
    """The route with responses that show a secret."""
    return msgspec.structs.replace(route, shows_secret=True)


def _only_reads(route: Route) -> Route:
    """The route of a STREAM that changes nothing."""
    return msgspec.structs.replace(route, only_reads=True)


def _not_dry(route: Route, reason: str) -> Route:
    """The route without a dry run, for this reason."""
    return msgspec.structs.replace(route, not_dry=reason)


def _reads_files(route: Route) -> Route:
    """The route of a WRITE that reads files of proposals before its transaction."""
    return msgspec.structs.replace(route, reads_files=True)
