"""Templates of texts: `Hello {{ box.name | default("you") | upper }}`.

A place is a path to look up and filters to pass it through; there is no logic, and nothing that could run. Names
stand with dots between them (`box.fields.Deal size`), in brackets where they hold signs of ours
(`box.fields["A|B"]`), numbers in brackets (`steps.list.body.items[0]`). What is not there is nothing: an empty
text, or what `default` says.
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
"""Characters of a template, and of one text that it makes."""
SHORT = 1_000
"""Of templates so short as this what they are is remembered."""
MOST_PLACES = 500
ANYTHING = None
"""In a scope: below here may be whatever comes."""
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
        return [one for one in self.parts if isinstance(one, Place)]

    def value(self, names: Mapping[str, Any]) -> Any:
        """Of a template that is one place and nothing else the value itself, of others the text."""
        if len(self.parts) == 1 and isinstance(self.parts[0], Place):
            return self.parts[0].value(names)
        return self.text(names)

    def text(self, names: Mapping[str, Any]) -> str:
        return _bounded("".join(one if isinstance(one, str) else as_text(one.value(names)) for one in self.parts))

    def html(self, names: Mapping[str, Any]) -> str:
        """The template's text being HTML: values in it are escaped."""
        made = (one if isinstance(one, str) else escape(as_text(one.value(names))) for one in self.parts)
        return _bounded("".join(made))

    def json(self, names: Mapping[str, Any]) -> str:
        """The template's text being JSON: a place within quotes is escaped, one outside them is a whole value."""
        made, quoted = [], False
        for one in self.parts:
            if isinstance(one, str):
                made.append(one)
                quoted = _is_quoted(one, quoted)
            else:
                value = one.value(names)
                encoded = msgspec.json.encode(as_text(value) if quoted else value).decode()
                made.append(encoded[1:-1] if quoted else encoded)
        return _bounded("".join(made))


def parse(text: str) -> Template:
    """Raises TemplateError, which says where."""
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
    if sum(isinstance(one, Place) for one in parts) > MOST_PLACES:
        raise TemplateError(f"holds more than {MOST_PLACES} places")
    return Template(tuple(parts))


_known = lru_cache(maxsize=1000)(_parse)


def check(text: str, scope: Scope) -> Template:
    """Parse, and refuse a name that cannot be there. A scope says what may stand below each name: another
    scope, or ANYTHING."""
    template = parse(text)
    for place in template.places:
        _check_path(place, scope)
    return template


def look_up(names: Any, path: Sequence[str | int]) -> Any:
    """What is there, or None."""
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
    """The same value with every text in it, at whatever depth, made by the template it is."""
    if isinstance(value, str):
        return parse(value).value(names) if "{{" in value else value
    if isinstance(value, list):
        return [render(one, names) for one in value]
    if isinstance(value, dict):
        return {parse(name).text(names): render(one, names) for name, one in value.items()}
    return value


def check_all(value: Any, scope: Scope, where: str) -> None:
    """Every template at whatever depth; the error's `at` says which."""
    try:
        if isinstance(value, str):
            check(value, scope)
        elif isinstance(value, list):
            for at, one in enumerate(value):
                check_all(one, scope, f"{where}[{at}]")
        elif isinstance(value, dict):
            for name, one in value.items():
                check(name, scope)
                check_all(one, scope, f"{where}.{name}")
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
    """From the first `|` on: words as text, signs as ("sign", …), literals as ("value", …)."""
    found: list[Any] = []
    while at < len(source):
        token = _TOKEN.match(source, at)
        if not token:
            raise TemplateError(f"in {{{{ {source[:60]} }}}}: what is {source[at : at + 10]!r}?")
        at = token.end()
        if token["text"]:
            found.append(
                ("value", re.sub(r"\\(.)", lambda one: {"n": "\n", "t": "\t"}.get(one[1], one[1]), token["text"][1:-1]))
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
            where = ".".join(str(one) for one in place.path[:at]) or "a template"
            shown = ", ".join(list(known)[:30]) or "nothing"
            raise TemplateError(f"there is no {str(part)[:60]!r} in {where}; known are {shown}")
        known = known[part]


def _is_quoted(text: str, quoted: bool) -> bool:
    """Whether a JSON text is open behind this piece, if it was (not) before."""
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
