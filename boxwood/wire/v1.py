"""How requests are spelled: query, form, the form field `json`, and JSON, merged (spec 1.5).

Clients of both generations mix them freely, so every write takes them all, JSON winning. Core never
learns which it was.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl

import msgspec

from ..errors import Invalid

_DEEPEST = 64


def read_query(text: str) -> dict[str, Any]:
    """Parameters by name; one that is repeated becomes a list."""
    return _merged(_pairs(text, "query")) if text else {}


def read_body(body: bytes, content_type: str) -> tuple[dict[str, Any], list[Any] | None]:
    """The members of a body, and its list where the body is one."""
    if not body or body.isspace():
        return {}, None
    kind = content_type.partition(";")[0].strip().lower()
    first = body.lstrip()[:1]
    if kind == "application/x-www-form-urlencoded" and first not in (b"{", b"["):
        return _read_form(body)
    if kind in ("", "application/json", "text/plain", "application/x-www-form-urlencoded") or kind.endswith("+json"):
        return _sorted_out(decode(body))
    raise Invalid("Content-Type", f"{kind[:60]!r} is not read here: send application/json or a form")


def read_form(body: bytes) -> dict[str, Any]:
    """Its members by name; one that is repeated becomes a list."""
    try:
        text = body.decode()
    except UnicodeDecodeError:
        raise Invalid("body", "is not valid UTF-8") from None
    return _merged(_pairs(text, "body"))


def _read_form(body: bytes) -> tuple[dict[str, Any], list[Any] | None]:
    form = read_form(body)
    inner = form.pop("json", None)
    if not isinstance(inner, str):
        return form, None
    members, items = _sorted_out(decode(inner.encode()))
    return {**form, **members}, items


def _pairs(text: str, where: str) -> list[tuple[str, str]]:
    try:
        return parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=5000)
    except ValueError:
        raise Invalid(where, "holds escapes that are not valid UTF-8, or too many members") from None


def _merged(pairs: list[tuple[str, str]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        name = name.removesuffix("[]")
        if name not in found:
            found[name] = value
        elif isinstance(found[name], list):
            found[name].append(value)
        else:
            found[name] = [found[name], value]
    return found


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
    return any(_deeper_than(one, left - 1) for one in inner if isinstance(one, (dict, list)))


def _sorted_out(value: Any) -> tuple[dict[str, Any], list[Any] | None]:
    if isinstance(value, dict):
        return value, None
    if isinstance(value, list):
        return {}, value
    raise Invalid("body", "must be a JSON object" + (" or list" if value is None else ""))
