"""Texts that are numbers in conditions: a text such as `1.250,00 €` counts as its number where it meets a number.

CEL has no comparison of a text with a number. So the values are changed, not the language: first those that stand
beside a number in the expression, then, if the expression still cannot be evaluated, all texts that are numbers.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

from boxwood.lib import numbers

MISFIT = re.compile(r"no matching overload", re.IGNORECASE)
"""What the library says when an operation does not take values of these types."""
_NUMBER = r"-?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?u?(?![\w.\"'])"
_TEXT = r"\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'"
_PATH = rf"(?<![\w.])(?P<path{{0}}>[A-Za-z_]\w*(?:\s*\.\s*[A-Za-z_]\w*|\s*\[\s*(?:{_TEXT})\s*\])+)"
_END = r"(?!\s*[.(\[])"
_MEETING = re.compile(
    rf"{_PATH.format(1)}\s*(?:[=!]=|[<>]=?|\+)\s*{_NUMBER}"
    rf"|{_PATH.format(2)}{_END}\s*(?:[*/%-]|in\s*\[\s*{_NUMBER})"
    rf"|(?<![\w.\"']){_NUMBER}\s*(?:[=!]=|[<>]=?|[-+*/%])\s*{_PATH.format(3)}{_END}"
    rf"|\b(?:double|int)\s*\(\s*{_PATH.format(4)}{_END}",
    re.ASCII,
)
_KEYS = re.compile(rf"[A-Za-z_]\w*|{_TEXT}", re.ASCII)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


@lru_cache(maxsize=500)
def paths(source: str) -> tuple[list[str], ...]:
    """The values in an expression that are compared or computed with a number, each as the keys that lead to it."""
    found = []
    for match in _overlapping(source):
        path = next(text for text in match.groupdict().values() if text)
        found.append([_ESCAPED.sub(r"\1", key[1:-1]) if key[0] in "\"'" else key for key in _KEYS.findall(path)])
    return tuple(found)


def _overlapping(source: str) -> Iterator[re.Match[str]]:
    """Every match. The next search begins at the end of the value, because a number can stand between two values."""
    at = 0
    while match := _MEETING.search(source, at):
        yield match
        at = max(match.start() + 1, max(match.end(name) for name in match.groupdict()))


def with_numbers(data: Any, path: list[str]) -> Any:
    """The data with a number in place of the text at this path. Data without such a text stays as it is."""
    if not path:
        number = numbers.read(data) if isinstance(data, str) else None
        return data if number is None else number
    if not isinstance(data, dict) or path[0] not in data:
        return data
    return {**data, path[0]: with_numbers(data[path[0]], path[1:])}


def all_numbers(data: Any) -> Any:
    """The data with numbers in place of all texts that are numbers."""
    return _each(data, lambda value: numbers.read(value) if isinstance(value, str) else None)


def all_fractions(data: Any) -> Any:
    """The same with every number as a fraction: CEL multiplies no whole number by a fraction."""

    def fraction(value: Any) -> float | None:
        number = numbers.read(value) if isinstance(value, str) else value
        return None if isinstance(number, bool) or not isinstance(number, (int, float)) else float(number)

    return _each(data, fraction)


def _each(data: Any, read: Callable[[Any], Any]) -> Any:
    if isinstance(data, dict):
        return {key: _each(value, read) for key, value in data.items()}
    if isinstance(data, list):
        return [_each(value, read) for value in data]
    number = read(data)
    return data if number is None else number
