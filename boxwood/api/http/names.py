"""Names of pipelines, teams and users in paths and queries, in place of keys (ruling 36).

A text that has the form of a key is never looked up, so requests with keys cost nothing. A name that nothing has stays
as it is, and the handler answers as for an unknown key.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from ...core.context import Ctx
from ...core.people import teams, user_names
from ...core.pipelines import names
from ...errors import NotFound
from ...lib import ids

Path = tuple[str, ...]


def in_path(ctx: Ctx, template: str, path: Path) -> Path:
    """The parameters of a path with keys in place of names. `template` is the path of the route."""
    for at, noun in _parameters(template):
        if not ids.is_key(noun[0], path[at]) and (key := _FIND[noun](ctx, path[at], noun)):
            path = (*path[:at], key, *path[at + 1 :])
    return path


def in_members(ctx: Ctx, given: dict[str, Any]) -> dict[str, Any]:
    """The members of a query or a body with keys in place of names."""
    for member, noun in _MEMBERS.items():
        if member in given and (value := given[member]) and (found := _replaced(ctx, noun, value, member)) != value:
            given = {**given, member: found}
    return given


def _replaced(ctx: Ctx, noun: str, value: Any, member: str) -> Any:
    if isinstance(value, list):
        return [_replaced(ctx, noun, item, member) for item in value]
    if not isinstance(value, str) or ids.is_key(noun[0], value):
        return value
    if found := _FIND[noun](ctx, value.strip(), member):
        return found
    return ",".join(_replaced(ctx, noun, part.strip(), member) for part in value.split(",")) if "," in value else value


@lru_cache(maxsize=1000)
def _parameters(template: str) -> tuple[tuple[int, str], ...]:
    """The places of the parameters that may be names, each with its noun."""
    parameters = [segment[1:-1] for segment in template.split("/") if segment.startswith("{")]
    return tuple((at, noun) for at, noun in enumerate(parameters) if noun in _FIND)


def _find_user(ctx: Ctx, wanted: str, where: str) -> str | None:
    try:
        return None if wanted == "me" or "\x00" in wanted else user_names.get(ctx, wanted, where).key
    except NotFound:
        return None


_FIND: dict[str, Callable[[Ctx, str, str], str | None]] = {
    "pipeline": names.pipeline_key,
    "team": teams.find_key,
    "user": _find_user,
}
_MEMBERS = {"pipelineKey": "pipeline", "teamKey": "team", "userKeys": "user"}
