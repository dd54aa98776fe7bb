"""Finding a route: a tree of path segments, with the aliases real clients need (spec 1.1).

A tree costs about 2 µs for any of a few hundred routes, where a list of patterns costs more with each.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from ...wire.codec import Shape

READ, LIST, WRITE, STREAM = "read", "list", "write", "stream"
_GLUED = re.compile(r"^/api/v2(?=[a-z])")
_SLASHES = re.compile("/{2,}")


class Route(msgspec.Struct, frozen=True):
    """A row of the route table: a verb and a path of one edition, and the handler."""

    verb: str
    path: str
    handler: Callable[..., Any]
    mode: str
    """READ runs in the event loop, LIST in a reader thread, WRITE in the writer. STREAM reads its body as a stream and
    opens its own transactions."""
    takes: Shape | None = None
    query: tuple[str, ...] = ()
    bodies: tuple[str, ...] = ()
    """The media types that a STREAM accepts."""
    gives: Any = None
    """The type of a STREAM's response. Other routes have it in the signature of their handler."""
    says: str = ""
    """The message of a 404, if it is not the default (spec 1.7)."""
    tag: str = ""
    open: bool = False
    """Needs no credentials: a token in the query identifies the user."""
    accepts: Callable[..., Any] | None = None
    """Returns the context of the user whom the token in the query identifies."""
    shows_secret: bool = False
    """Its response shows a secret, such as a new key: no cache may store it."""
    only_reads: bool = False
    """It changes nothing, although it is a POST and a STREAM."""
    not_dry: str = ""
    """Why it has no dry run (`dryRun=true`), if it has none."""
    reads_files: bool = False
    """It approves operations whose files are read before its transaction (see `proposed_files`)."""
    needs: tuple[tuple[str, str], ...] | None = None
    """The nouns and levels that the scopes of an API key must allow. None if only a key without scopes may use it."""

    @property
    def writes(self) -> bool:
        """Whether it changes something, so that a request may ask for a dry run."""
        return self.verb != "GET" and (self.mode == WRITE or (self.mode == STREAM and not self.only_reads))

    @property
    def edition(self) -> str:
        return self.path[1:3]


class Node:
    __slots__ = ("children", "parameter", "routes")

    def __init__(self) -> None:
        self.children: dict[str, Node] = {}
        self.parameter: tuple[str, Node] | None = None
        self.routes: dict[str, Route] = {}


class Router:
    """All routes of both editions."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self.routes = list(routes)
        self._trees = {"v1": Node(), "v2": Node()}
        for route in self.routes:
            self._add(route)

    def _add(self, route: Route) -> None:
        node = self._trees[route.edition]
        for segment in route.path.split("/")[2:]:
            if segment.startswith("{"):
                node.parameter = node.parameter or (segment, Node())
                node = node.parameter[1]
            else:
                node = node.children.setdefault(segment, Node())
        assert route.verb not in node.routes, (route.verb, route.path)
        node.routes[route.verb] = route

    def find(self, verb: str, path: str) -> tuple[Route | None, tuple[str, ...], list[str]]:
        """The route and the parameters of its path in order; otherwise the verbs that the path accepts.

        The edition asked for wins; then the other one, whose nouns answer here too; then PUT for POST
        and POST for PUT, which some clients swap.
        """
        path = _straightened(path)
        edition, _, rest = path.removeprefix("/api/").partition("/")
        if edition not in self._trees:
            return None, (), []
        segments = rest.rstrip("/").split("/")
        editions = [edition, "v2" if edition == "v1" else "v1"]
        found = [_walk(self._trees[edition], segments) for edition in editions]
        for wanted in (verb, {"PUT": "POST", "POST": "PUT", "HEAD": "GET"}.get(verb)):
            for end in found:
                if end and wanted in end[0].routes:
                    return end[0].routes[wanted], end[1], []
        return None, (), sorted({known for end in found if end for known in end[0].routes})


def _walk(node: Node, segments: list[str]) -> tuple[Node, tuple[str, ...]] | None:
    parameters: list[str] = []
    for segment in segments:
        child = node.children.get(segment)
        if child is not None:
            node = child
        elif node.parameter is not None and segment:
            parameters.append(segment)
            node = node.parameter[1]
        else:
            return None
    return node, tuple(parameters)


def _straightened(path: str) -> str:
    """`/api/v2tasks/…` (the npm client), `/api/v1/api/v2/…` (Streak.NET) and `/api/v1//boxes` as they were meant."""
    if "//" in path:
        path = _SLASHES.sub("/", path)
    if path.startswith("/api/v1/api/"):
        path = path[len("/api/v1") :]
    if _GLUED.match(path):
        path = "/api/v2/" + path[len("/api/v2") :]
    return path
