"""Old keys of Streak in requests, replaced by the keys of today (see `core/people/old_keys`).

This is the only place that knows of them: handlers get present keys. A text is replaced only where a key is expected,
never in names, notes, comments and values of text fields.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from ...core.people import old_keys
from ...db.engine import Db
from ...errors import NotFound, Problem
from . import replies
from .replies import Reply

_MEMBER = re.compile(
    r"(?:\w*[kK]eys?|assigned\w*|contacts|organizations|contactLinks|orgLinks|members|users|aclEntries|mentions"
    r"|followers\w*|filter|choices|RAW_BODY)"
)
_KEY = re.compile(r"[A-Za-z0-9_=-]{10,250}", re.ASCII)
_FIELDS = ("fields", "value")
"""Members whose texts are values, and whose lists may be lists of keys."""
Given = dict[str, Any]


def replaced(
    db: Db, path: tuple[str, ...], given: Given, items: list[Any] | None
) -> tuple[tuple[str, ...], Given, list[Any] | None, dict[str, str]]:
    """The parameters of the path, the members and the list of a request, with present keys in place of old ones; and
    the present keys by the old ones that were replaced."""
    found: set[str] = set()

    def note(text: str) -> str:
        found.update(_KEY.findall(text))
        return text

    for part in path:
        note(part)
    _walk(given, False, note)
    _walk(items, True, note)
    present = old_keys.resolve(db, found)
    if not present:
        return path, given, items, present

    def put(text: str) -> str:
        return _KEY.sub(lambda key: present.get(key[0], key[0]), text)

    return tuple(put(part) for part in path), _walk(given, False, put), _walk(items, True, put), present


def refusal(problem: Problem, says: str, path: Sequence[str], present: dict[str, str]) -> Reply:
    """The response for an error, as `replies.of_problem`, with the old keys that the request had in place of the
    present ones: a caller who may not see a thing learns neither its present key nor that it exists."""
    given = {key: old for old, key in present.items()}
    if isinstance(problem, NotFound):
        problem = NotFound(given.get(problem.key, problem.key))
    reply = replies.of_problem(problem, says, [given.get(part, part) for part in path])
    for key, old in given.items():
        reply.body = reply.body.replace(key.encode(), old.encode())
    return reply


def _walk(value: Any, keys: bool, visit: Callable[[str], str]) -> Any:
    """The value with `visit` applied to its texts that may be keys. `keys` says whether a text here may be one."""
    if isinstance(value, str):
        return visit(value) if keys else value
    if isinstance(value, list):
        return [_walk(item, keys, visit) for item in value]
    if isinstance(value, dict):
        return {name: _walk_member(name, item, keys, visit) for name, item in value.items()}
    return value


def _walk_member(name: str, value: Any, keys: bool, visit: Callable[[str], str]) -> Any:
    if name in _FIELDS and not keys:
        return _walk_values(value, visit)
    return _walk(value, keys or _MEMBER.fullmatch(name) is not None, visit)


def _walk_values(value: Any, visit: Callable[[str], str]) -> Any:
    """The values of fields: people, contacts and organizations are in lists, and texts are texts."""
    if isinstance(value, dict):
        return {name: _walk_values(item, visit) for name, item in value.items()}
    return _walk(value, True, visit) if isinstance(value, list) else value
