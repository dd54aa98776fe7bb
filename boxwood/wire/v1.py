"""Reads the members of requests: query, form, the form field `json`, and JSON, merged (spec 1.5).

Clients of v1 and v2 mix them, so every write accepts all of them. If they differ, JSON wins.
"""

from __future__ import annotations

import re
from email import policy
from email.message import Message
from email.parser import BytesParser
from typing import Any
from urllib.parse import parse_qsl

import msgspec

from ..errors import Invalid

_DEEPEST = 64
_BOM = b"\xef\xbb\xbf"
# Reading one costs by the line, and it is read before anyone knows who sent it.
MOST_IN_PARTS, MOST_LINES = 500_000, 5_000


def read_query(text: str) -> dict[str, Any]:
    """Parameters by name. A repeated parameter becomes a list."""
    return _merged(_pairs(text, "query")) if text else {}


def read_body(body: bytes, content_type: str) -> tuple[dict[str, Any], list[Any] | None]:
    """The members of a body, or its list if the body is a list."""
    body = body.removeprefix(_BOM)
    if not body or body.isspace():
        return {}, None
    kind = content_type.partition(";")[0].strip().lower()
    if kind == "multipart/form-data":
        return _opened(_merged(_parts(body, content_type)))
    first = body.lstrip()[:1]
    if kind == "application/x-www-form-urlencoded" and first not in (b"{", b"["):
        return _opened(read_form(body))
    if kind in ("", "application/json", "text/plain", "application/x-www-form-urlencoded") or kind.endswith("+json"):
        return _sorted_out(_read_json(body))
    raise Invalid("Content-Type", f"{kind[:60]!r} is not read here: send application/json or a form")


def read_form(body: bytes) -> dict[str, Any]:
    """The members of a form by name. A repeated member becomes a list."""
    try:
        text = body.decode()
    except UnicodeDecodeError:
        raise Invalid("body", "is not valid UTF-8") from None
    return _merged(_pairs(text, "body"))


def _opened(form: dict[str, Any]) -> tuple[dict[str, Any], list[Any] | None]:
    """The members of a form, those in its field `json` before the others."""
    inner = form.pop("json", None)
    if not isinstance(inner, str):
        return form, None
    members, items = _sorted_out(decode(inner.encode()))
    return {**form, **members}, items


def _parts(body: bytes, content_type: str) -> list[tuple[str, str]]:
    """The fields of a form in parts, as PHP and form editors send it; files have an endpoint of their own."""
    if len(body) > MOST_IN_PARTS or body.count(b"\n") > MOST_LINES:
        raise Invalid("body", f"is a form in parts of more than {MOST_IN_PARTS:,} bytes or {MOST_LINES:,} lines")
    head = f"Content-Type: {content_type}\r\n\r\n".encode("latin-1", "replace")
    form = BytesParser(policy=policy.compat32).parsebytes(head + body)
    if not form.is_multipart():
        raise Invalid("body", "is not a form: it has no valid parts")
    return [_field(part) for part in form.walk() if not part.is_multipart()]


def _field(part: Message) -> tuple[str, str]:
    name, value = part.get_param("name", header="content-disposition"), part.get_payload(decode=True)
    if not isinstance(name, str) or not isinstance(value, bytes) or part.get_filename() is not None:
        raise Invalid("body", "holds a part that is not a form field: upload files to /v2/boxes/{box}/files")
    try:
        return name, value.decode()
    except UnicodeDecodeError:
        raise Invalid("body", f"holds {name[:50]!r}, which is not valid UTF-8") from None


def _pairs(text: str, where: str) -> list[tuple[str, str]]:
    try:
        return parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=5000)
    except ValueError:
        raise Invalid(where, "holds escapes that are not valid UTF-8, or too many members") from None


def _merged(pairs: list[tuple[str, str]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        name = name.removesuffix("[]")
        path = _path(name)
        if len(path) > 1:
            _put(found, path, value, name)
        elif isinstance(found.get(name), dict):
            raise Invalid(name[:50], "is given both as a value and with brackets")
        elif name not in found:
            found[name] = value
        elif isinstance(found[name], list):
            found[name].append(value)
        else:
            found[name] = [found[name], value]
    return {name: _with_lists(value) for name, value in found.items()}


_BRACKETED = re.compile(r"([^\[\]]+)((?:\[[^\[\]]*\]){1,8})")
_STEP = re.compile(r"\[([^\[\]]*)\]")
_MOST_INDEX = 1000
"""Keys of fields and stages are larger numbers, so that `fields[1001]` is not an index."""


def _path(name: str) -> list[str]:
    """The steps of a name with brackets, as PHP writes lists and objects in a form: `contacts[0][key]`."""
    match = _BRACKETED.fullmatch(name)
    return [match[1], *_STEP.findall(match[2])] if match else [name]


def _put(into: dict[str, Any], path: list[str], value: str, name: str) -> None:
    *inner, last = path
    for step in inner:
        into = into.setdefault(step or str(len(into)), {})
        if not isinstance(into, dict):
            raise Invalid(name[:50], "is given both as a value and with brackets")
    last = last or str(len(into))
    if isinstance(into.get(last), dict):
        raise Invalid(name[:50], "is given both as a value and with brackets")
    into[last] = value if last not in into else _both(into[last], value)


def _both(before: Any, value: str) -> list[Any]:
    return [*before, value] if isinstance(before, list) else [before, value]


def _with_lists(value: Any) -> Any:
    """An object whose names are indexes is a list, in their order."""
    if not isinstance(value, dict):
        return value
    items = {name: _with_lists(item) for name, item in value.items()}
    if items and all(name.isascii() and name.isdigit() and int(name) < _MOST_INDEX for name in items):
        return [items[name] for name in sorted(items, key=int)]
    return items


_MOST_BARE = 65_536
_BARE = re.compile(r"\s*([A-Za-z_]\w*)\s*:\s*([^,:{}\[\]\"']*?)\s*(?:,|\Z)")
_WORDS = {"true": True, "false": False, "null": None}


def _read_json(body: bytes) -> Any:
    """JSON, or an object without any quotes as on Streak's own help page: `{name:Acme, stageKey:5002}`."""
    try:
        return decode(body)
    except Invalid:
        bare = _read_bare(body.strip()) if len(body) <= _MOST_BARE else None
        if bare is None:
            raise
        return bare


def _read_bare(body: bytes) -> dict[str, Any] | None:
    """The members of an object whose names and values have no quotes. None if it is none."""
    if not (body.startswith(b"{") and body.endswith(b"}")):
        return None
    try:
        text = body[1:-1].decode()
    except UnicodeDecodeError:
        return None
    found: dict[str, Any] = {}
    at = 0
    while at < len(text):
        match = _BARE.match(text, at)
        if match is None:
            return None
        found[match[1]] = _WORDS.get(match[2], match[2])
        at = match.end()
    return found or None


def decode(body: bytes) -> Any:
    """JSON of any kind, not nested too deeply."""
    try:
        value = msgspec.json.decode(body)
    except RecursionError:
        raise Invalid("body", "is nested too deeply") from None
    except UnicodeDecodeError:
        raise Invalid("body", "is not valid UTF-8") from None
    except msgspec.DecodeError as error:
        raise Invalid("body", f"is not valid JSON: {error}") from None
    if _deeper_than(value, _DEEPEST):
        raise Invalid("body", "is nested too deeply")
    return value


def _deeper_than(value: Any, left: int) -> bool:
    if not isinstance(value, (dict, list)):
        return False
    if not left:
        return True
    inner = value.values() if isinstance(value, dict) else value
    return any(_deeper_than(item, left - 1) for item in inner if isinstance(item, (dict, list)))


def _sorted_out(value: Any) -> tuple[dict[str, Any], list[Any] | None]:
    if isinstance(value, dict):
        return value, None
    if isinstance(value, list):
        return {}, value
    raise Invalid("body", "must be a JSON object" + (" or list" if value is None else ""))
