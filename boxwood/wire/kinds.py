"""The kinds of members in requests, and the spellings of clients that each kind accepts.

A kind turns the value of a request (text of a form, or JSON) into core's value, or raises `Wrong` with a message for
the client. `schema` is its JSON Schema, for /openapi.json.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from ..lib import dates
from ..lib.lines import on_one_line

MOST_TEXT = 100_000
MOST_LONG_TEXT = 500_000


class Wrong(ValueError):
    """The value is not valid. `at` is the place inside it."""

    def __init__(self, message: str, at: str = "") -> None:
        super().__init__(message)
        self.at = at


class NotGiven(Exception):
    """The value is null: the member counts as absent."""


class Kind(msgspec.Struct, frozen=True):
    read: Callable[[Any], Any]
    schema: dict[str, Any]
    clears: bool = False
    """Whether null clears the member. Otherwise null means "not given" (ruling 30)."""


def _read_text(value: Any, most: int = MOST_TEXT) -> str:
    if not isinstance(value, str):
        raise Wrong("must be text")
    if "\x00" in value:
        raise Wrong("must not contain NUL characters")
    if len(value) > most:
        raise Wrong(f"is longer than {most:,} characters")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise Wrong("is not valid Unicode") from None
    return value


def _read_name(value: Any) -> str:
    text = on_one_line(_read_text(value))
    if len(text) > 1000:
        raise Wrong("is longer than 1,000 characters")
    return text


def _read_key(value: Any) -> str:
    return on_one_line(_read_line(value))


def _read_line(value: Any) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return _read_text(value).strip()


def _read_integer(value: Any) -> int:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, str) and value.strip().lstrip("-").isdigit() and len(value) < 20:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise Wrong("must be a whole number")
    if abs(value) > 2**53:
        raise Wrong("is too large")
    return value


def _read_date(value: Any) -> int:
    try:
        return dates.read(value)
    except dates.DateError as error:
        raise Wrong(str(error)) from None


def _read_flag(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in ("true", "false", "1", "0", ""):
        return value.lower() in ("true", "1")
    if value in (0, 1):
        return bool(value)
    raise Wrong("must be true or false")


def _unwrapped(value: Any) -> Any:
    """The value of JSON text, as forms and some documented members contain it. Other text stays text."""
    if not isinstance(value, str):
        return value
    try:
        return msgspec.json.decode(value)
    except (msgspec.DecodeError, RecursionError):
        return value


def _read_list(value: Any) -> list[Any]:
    value = _unwrapped(value)
    if value is None:
        raise NotGiven
    if value == "":
        return []
    if not isinstance(value, list):
        raise Wrong("must be a list")
    return value


def _read_names(value: Any) -> list[str]:
    """A list, or text with commas and perhaps spaces after them."""
    value = _unwrapped(value)
    if isinstance(value, str):
        return [_read_name(name) for name in value.split(",") if name.strip()]
    return [_read_key(item) for item in _read_list(value)]


def _read_lines(value: Any) -> list[str]:
    """A list of texts, or one text, which may hold commas; null entries are left out."""
    value = _unwrapped(value)
    if isinstance(value, (str, int, float)) and not isinstance(value, bool):
        value = [value]
    found = []
    for at, item in enumerate(_read_list(value)):
        if item is None:
            continue
        try:
            found.append(_read_line(item))
        except Wrong as wrong:
            raise Wrong(str(wrong), f"[{at}]") from None
    return found


def _read_words(value: Any) -> list[str]:
    """A list of words, or text with commas between them; null entries are left out."""
    return [word for line in _read_lines(value) for word in line.split(",")]


def _read_anything(value: Any) -> Any:
    """Any JSON value that both databases can store."""
    if isinstance(value, str):
        return _read_text(value)
    if isinstance(value, list):
        return [_read_anything(item) for item in value]
    if isinstance(value, dict):
        return {_read_text(name): _read_anything(item) for name, item in value.items()}
    if isinstance(value, int) and abs(value) > 2**53:
        raise Wrong("is too large")
    return value


def _read_object(value: Any) -> dict[str, Any]:
    value = _read_anything(_unwrapped(value))
    if value is None:
        raise NotGiven
    if value == "":
        return {}
    if not isinstance(value, dict):
        raise Wrong("must be an object")
    return value


TEXT = Kind(_read_text, {"type": "string"})
LONG_TEXT = Kind(lambda value: _read_text(value, MOST_LONG_TEXT), {"type": "string"})
NAME = Kind(_read_name, {"type": "string", "maxLength": 1000})
KEY = Kind(_read_key, {"type": "string", "description": "A key; a number counts as its digits."})
INTEGER = Kind(_read_integer, {"type": "integer"})
MILLIS = Kind(_read_integer, {"type": "integer", "format": "int64", "description": "Milliseconds since 1970."})
DATE = Kind(
    _read_date,
    {
        "type": "integer",
        "format": "int64",
        "description": "Milliseconds since 1970, or a text such as 2026-03-31 or 2026-03-31T14:30:00+02:00.",
    },
)
FLAG = Kind(_read_flag, {"type": "boolean"})
NAMES = Kind(_read_names, {"type": "array", "items": {"type": "string"}})
LINES = Kind(_read_lines, {"type": "array", "items": {"type": "string"}})
WORDS = Kind(_read_words, {"type": "array", "items": {"type": "string"}})
OBJECT = Kind(_read_object, {"type": "object", "additionalProperties": True})
ANYTHING = Kind(_read_anything, {})
LIST = Kind(lambda value: _read_anything(_read_list(value)), {"type": "array", "items": {}})


def one_of(*words: str) -> Kind:
    def read(value: Any) -> str:
        if value not in words:
            raise Wrong(f"must be one of {', '.join(words)}")
        return str(value)

    return Kind(read, {"type": "string", "enum": list(words)})


def only(kind: Kind, value: Any, reason: str) -> Kind:
    """The kind of a member that always has this value. A client may send it back as it was read; every other value is
    refused with the reason, because it would have no effect."""

    def read(given: Any) -> Any:
        if kind.read(given) != value:
            raise Wrong(reason)
        raise NotGiven

    limits = {"maxItems": 0} if value == [] else {"enum": [value]}
    return Kind(read, {**kind.schema, **limits})


def clearable(kind: Kind) -> Kind:
    """The kind of a member that null clears. docs/api/README.md lists these members."""

    def read(value: Any) -> Any:
        try:
            return None if value is None else kind.read(value)
        except NotGiven:
            return None

    return Kind(read, {"anyOf": [kind.schema, {"type": "null"}]} if kind.schema else {}, clears=True)


def records(shape: Any, *, bare: str = "") -> Kind:
    """A list of objects; with `bare`, a plain text stands for an object with only that member."""

    def read(value: Any) -> list[dict[str, Any]]:
        value = _unwrapped(value)
        if bare and isinstance(value, str):
            value = [text.strip() for text in value.split(",") if text.strip()]
        found = []
        for at, item in enumerate(_read_list(value)):
            if bare and isinstance(item, str):
                item = {bare: item}
            if not isinstance(item, dict):
                raise Wrong("must be an object", f"[{at}]")
            found.append(shape.read(item, f"[{at}]."))
            for member in shape.required:
                if not found[-1].get(member):
                    wire = next(name for name, (known, _) in shape.members.items() if known == member)
                    raise Wrong("is missing", f"[{at}].{wire}")
        return found

    return Kind(read, {"type": "array", "items": shape.schema()})


def record(shape: Any) -> Kind:
    return Kind(lambda value: shape.read(_read_object(value), "."), shape.schema())


def mapping(shape: Any) -> Kind:
    """An object of records by name; null stands for a removal."""

    def read(value: Any) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, item in _read_object(value).items():
            if item is not None and not isinstance(item, dict):
                raise Wrong("must be an object", f".{name}")
            found[_read_name(name)] = None if item is None else shape.read(item, f".{name}.")
        return found

    return Kind(read, {"type": "object", "additionalProperties": shape.schema()})


def _read_people(value: Any) -> list[dict[str, str]]:
    """Users as keys, e-mails, `{email}` or `{userKey}`, in a list or as JSON or comma text (spec 4.1)."""
    value = _unwrapped(value)
    if isinstance(value, str):
        value = [person.strip() for person in value.split(",") if person.strip()]
    found = []
    for at, person in enumerate(_read_list(value)):
        if isinstance(person, str):
            person = {"email" if "@" in person else "userKey": person}
        if not isinstance(person, dict):
            raise Wrong("must be a user key, an e-mail, or an object with one of them", f"[{at}]")
        key, email = person.get("userKey") or person.get("key"), person.get("email")
        if isinstance(key, str) and key:
            found.append({"user_key": _read_text(key)})
        elif isinstance(email, str) and email:
            found.append({"email": _read_text(email)})
        else:
            raise Wrong("must have userKey or email", f"[{at}]")
    return found


PEOPLE = Kind(
    _read_people,
    {
        "type": "array",
        "items": {
            "anyOf": [
                {"type": "string", "description": "A user key or an e-mail."},
                {
                    "type": "object",
                    "properties": {"userKey": {"type": "string"}, "email": {"type": "string"}},
                },
            ]
        },
    },
)
