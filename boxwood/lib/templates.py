"""Templates of texts: `Hello {{ box.name | default("you") | upper }}`.

A place is a path to a value, followed by filters. There is no logic and no code. Names are separated by dots
(`box.fields.Deal size`), or in brackets if they contain special characters (`box.fields["A|B"]`). Numbers are in
brackets (`steps.list.body.items[0]`). A missing value becomes an empty text, or the value of the filter `default`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from html import escape
from typing import Any, NamedTuple

import msgspec

from .template_filters import FILTERS, TemplateError, as_text

LONGEST = 100_000
"""The maximum length of a template and of its result, in characters."""
SHORT = 1_000
"""Parsed templates shorter than this are cached."""
MOST_PLACES = 500
ANYTHING = None
"""In a scope: any names are allowed below this name."""
Scope = Mapping[str, Any]

_PLACE = re.compile(r"\{\{(.*?)\}\}", re.S)
_TOKEN = re.compile(
    r"""\s*(?:(?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|(?P<number>-?\d+(?:\.\d+)?)|(?P<word>\w+)"""
    r"""|(?P<sign>[|(),]))\s*""",
    re.S,
)
_BRACKET = re.compile(r"""\[\s*(?:(?P<index>-?\d{1,9})|(?P<name>"[^"]*"|'[^']*'))\s*\]""")
_BARE = re.compile(r"[^.\[\]|{}\"'(),]+")


class Place(NamedTuple):
    path: tuple[str | int, ...]
    filters: tuple[tuple[str, tuple[Any, ...]], ...]
    source: str

    def value(self, names: Mapping[str, Any]) -> Any:
        found = look_up(names, self.path)
        for name, arguments in self.filters:
            found = FILTERS[name].apply(found, *arguments)
        return found


class Template(NamedTuple):
    parts: tuple[str | Place, ...]

    @property
    def places(self) -> list[Place]:
        return [part for part in self.parts if isinstance(part, Place)]

    def value(self, names: Mapping[str, Any]) -> Any:
        """The value itself if the template is a single place, otherwise the text."""
        if len(self.parts) == 1 and isinstance(self.parts[0], Place):
            return self.parts[0].value(names)
        return self.text(names)

    def text(self, names: Mapping[str, Any]) -> str:
        return _bounded("".join(part if isinstance(part, str) else as_text(part.value(names)) for part in self.parts))

    def html(self, names: Mapping[str, Any]) -> str:
        """The text of a template in HTML: values are escaped."""
        pieces = (part if isinstance(part, str) else escape(as_text(part.value(names))) for part in self.parts)
        return _bounded("".join(pieces))

    def json(self, names: Mapping[str, Any]) -> str:
        """The text of a template in JSON: a place within quotes is escaped, a place outside them is a whole value."""
        pieces, quoted = [], False
        for part in self.parts:
            if isinstance(part, str):
                pieces.append(part)
                quoted = _is_quoted(part, quoted)
            else:
                value = part.value(names)
                encoded = msgspec.json.encode(as_text(value) if quoted else value).decode()
                pieces.append(encoded[1:-1] if quoted else encoded)
        return _bounded("".join(pieces))


def parse(text: str) -> Template:
    """Parse a template. Raises TemplateError, whose text names the wrong part."""
    if len(text) > LONGEST:
        raise TemplateError(f"is longer than {LONGEST:,} characters")
    return _known(text) if len(text) < SHORT else _parse(text)


def _parse(text: str) -> Template:
    parts: list[str | Place] = []
    end = 0
    for found in _PLACE.finditer(text):
        if found.start() > end:
            parts.append(text[end : found.start()])
        parts.append(_place(found[1].strip()))
        end = found.end()
    rest = text[end:]
    if "{{" in rest:
        raise TemplateError(f"{rest[rest.index('{{') :][:40]!r} has no }}}} behind it")
    if rest:
        parts.append(rest)
    if sum(isinstance(part, Place) for part in parts) > MOST_PLACES:
        raise TemplateError(f"holds more than {MOST_PLACES} places")
    return Template(tuple(parts))


_known = lru_cache(maxsize=1000)(_parse)


def check(text: str, scope: Scope) -> Template:
    """Parse a template, and raise TemplateError for a name that is not in the scope. A scope gives for each name the
    scope below it, or ANYTHING."""
    template = parse(text)
    for place in template.places:
        _check_path(place, scope)
    return template


def look_up(names: Any, path: Sequence[str | int]) -> Any:
    """The value at a path, or None."""
    found = names
    for part in path:
        if isinstance(found, Mapping):
            found = found.get(part if isinstance(part, str) else str(part))
        elif isinstance(found, list) and isinstance(part, int):
            found = found[part] if -len(found) <= part < len(found) else None
        else:
            return None
    return found


def render(value: Any, names: Mapping[str, Any]) -> Any:
    """The value with every text in it, at any depth, rendered as a template."""
    if isinstance(value, str):
        return parse(value).value(names) if "{{" in value else value
    if isinstance(value, list):
        return [render(item, names) for item in value]
    if isinstance(value, dict):
        return {parse(name).text(names): render(member, names) for name, member in value.items()}
    return value


def rendered(value: Any, names: Mapping[str, Any], root: str) -> set[str]:
    """The texts that the places below the name `root` have in the rendered value, if there is a value to begin with."""
    if isinstance(value, str):
        places = [place for place in parse(value).places if place.path[0] == root] if "{{" in value else []
        return {as_text(place.value(names)) for place in places if look_up(names, place.path) not in (None, "")}
    if isinstance(value, list):
        return {text for item in value for text in rendered(item, names, root)}
    if isinstance(value, dict):
        return rendered(list(value), names, root) | rendered(list(value.values()), names, root)
    return set()


def filters_below(value: Any, root: str) -> set[str]:
    """The names of the filters that the value uses on places below the name `root`."""
    if isinstance(value, str):
        places = [place for place in parse(value).places if place.path[0] == root] if "{{" in value else []
        return {name for place in places for name, _ in place.filters}
    if isinstance(value, list):
        return {name for item in value for name in filters_below(item, root)}
    if isinstance(value, dict):
        return filters_below(list(value), root) | filters_below(list(value.values()), root)
    return set()


def check_all(value: Any, scope: Scope, where: str) -> None:
    """Check every template in the value, at any depth. `at` of the TemplateError says which template is wrong."""
    try:
        if isinstance(value, str):
            check(value, scope)
        elif isinstance(value, list):
            for at, item in enumerate(value):
                check_all(item, scope, f"{where}[{at}]")
        elif isinstance(value, dict):
            for name, member in value.items():
                check(name, scope)
                check_all(member, scope, f"{where}.{name}")
    except TemplateError as error:
        raise error.within(where) from None


def _place(source: str) -> Place:
    path, end = _path(source)
    filters = []
    tokens = _tokens(source, end)
    while tokens:
        filters.append(_filter(tokens, source))
    return Place(path, tuple(filters), source)


def _path(source: str) -> tuple[tuple[str | int, ...], int]:
    path: list[str | int] = []
    at = 0
    while at < len(source) and source[at] != "|":
        if source[at] == "[" and path:
            found = _BRACKET.match(source, at)
            if not found:
                raise TemplateError(f"in {{{{ {source[:60]} }}}}: brackets hold a number or a name in quotes")
            path.append(int(found["index"]) if found["index"] else found["name"][1:-1])
            at = found.end()
        else:
            start = at + 1 if path and source[at] == "." else at
            found = _BARE.match(source, start)
            if not found or not found[0].strip() or (path and start == at and found[0].strip()):
                raise TemplateError(f"{{{{ {source[:60]} }}}} is no path such as box.name")
            path.append(found[0].strip())
            at = found.end()
        while at < len(source) and source[at].isspace():
            at += 1
    if not path:
        raise TemplateError("{{ }} names nothing")
    return tuple(path), at


def _tokens(source: str, at: int) -> list[Any]:
    """The tokens from the first `|` on: ("word", …), ("sign", …) and, for literals, ("value", …)."""
    found: list[Any] = []
    while at < len(source):
        token = _TOKEN.match(source, at)
        if not token:
            raise TemplateError(f"in {{{{ {source[:60]} }}}}: what is {source[at : at + 10]!r}?")
        at = token.end()
        if token["text"]:
            found.append(
                ("value", re.sub(r"\\(.)", lambda hit: {"n": "\n", "t": "\t"}.get(hit[1], hit[1]), token["text"][1:-1]))
            )
        elif token["number"]:
            found.append(("value", float(token["number"]) if "." in token["number"] else int(token["number"][:15])))
        else:
            found.append(("word" if token["word"] else "sign", token["word"] or token["sign"]))
    return found


def _filter(tokens: list[Any], source: str) -> tuple[str, tuple[Any, ...]]:
    where = f"in {{{{ {source[:60]} }}}}"
    if tokens.pop(0) != ("sign", "|") or not tokens or tokens[0][0] != "word":
        raise TemplateError(f"{where}: filters stand behind a | each")
    name = tokens.pop(0)[1]
    if name not in FILTERS:
        raise TemplateError(f"{where}: no filter {name[:40]!r}; known are {', '.join(FILTERS)}")
    arguments: list[Any] = []
    if tokens and tokens[0] == ("sign", "("):
        tokens.pop(0)
        while tokens and tokens[0] != ("sign", ")"):
            kind, value = tokens.pop(0)
            if kind != "value" and value not in ("true", "false", "null"):
                raise TemplateError(f"{where}: what stands in brackets is a text in quotes or a number")
            arguments.append(value if kind == "value" else {"true": True, "false": False}.get(value))
            if tokens and tokens[0] == ("sign", ","):
                tokens.pop(0)
        if not tokens:
            raise TemplateError(f"{where}: a bracket is not closed")
        tokens.pop(0)
    FILTERS[name].check(arguments, where)
    return name, tuple(arguments)


def _check_path(place: Place, scope: Scope) -> None:
    known: Any = scope
    for at, part in enumerate(place.path):
        if not isinstance(known, Mapping):
            return
        if part not in known:
            where = ".".join(map(str, place.path[:at])) or "a template"
            shown = ", ".join(list(known)[:30]) or "nothing"
            raise TemplateError(f"there is no {str(part)[:60]!r} in {where}; known are {shown}")
        known = known[part]


def _is_quoted(text: str, quoted: bool) -> bool:
    """Whether a JSON text is open after this piece, if `quoted` says whether it was open before."""
    at = 0
    while at < len(text):
        if text[at] == "\\" and quoted:
            at += 1
        elif text[at] == '"':
            quoted = not quoted
        at += 1
    return quoted


def _bounded(text: str) -> str:
    if len(text) > LONGEST:
        raise TemplateError(f"makes more than {LONGEST:,} characters")
    return text
