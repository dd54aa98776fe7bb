"""What a field may hold: one entry for each of the nine kinds, told by the field's type (spec 3.5).

A value is stored as it is read back. Empty (null, "" or an empty list) means unset: the key is absent.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from ...errors import Invalid, NotFound
from .. import persons
from ..context import Ctx
from ..people import contact_access, users
from ..records import Field, Pipeline

MOST_TEXT = 100_000
MOST_ITEMS = 1000
# A JSON number is a double to most readers: beyond this, whole numbers would change on their way.
_EXACT = 2**53


def check(ctx: Ctx, pipeline: Pipeline, field: Field, value: Any, name: str) -> Any:
    """The value as it is stored, None for unset. `name` is how the caller calls it, for errors."""
    if field.type == "FORMULA":
        raise Invalid(name, f"{field.name!r} is computed and cannot be written")
    if value is None or value in ("", []):
        return None
    return KINDS[field.type](ctx, pipeline, field, value, name)


def _text(ctx: Ctx, pipeline: Pipeline, field: Field, value: Any, name: str) -> str | int | float:
    if isinstance(value, str):
        if "\x00" in value:
            raise Invalid(name, "may not hold NUL characters")
        if len(value) > MOST_TEXT:
            raise Invalid(name, f"is longer than {MOST_TEXT:,} characters")
        return value
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise Invalid(name, f"{field.name!r} takes text or a number")
    return number(value, name)


def number(value: int | float, name: str) -> int | float:
    """One that every reader of JSON reads as it is."""
    if abs(value) > _EXACT if isinstance(value, int) else not math.isfinite(value) or abs(value) > 1e300:
        raise Invalid(name, f'is too large for a number; send it as text, "{str(value)[:30]}"')
    return value


def _date(ctx: Ctx, pipeline: Pipeline, field: Field, value: Any, name: str) -> int:
    moment = moment_of(value)
    if moment is None:
        raise Invalid(name, f"{field.name!r} takes a date in milliseconds since 1970, or text such as 2026-03-31")
    return moment


def _checkbox(ctx: Ctx, pipeline: Pipeline, field: Field, value: Any, name: str) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    if isinstance(value, int) and value in (0, 1):
        return bool(value)
    raise Invalid(name, f"{field.name!r} takes true or false")


def _dropdown(ctx: Ctx, pipeline: Pipeline, field: Field, value: Any, name: str) -> str:
    return _option(field, value, name)


def _tags(ctx: Ctx, pipeline: Pipeline, field: Field, value: Any, name: str) -> list[str]:
    return list(dict.fromkeys(_option(field, one, name) for one in _items(value, name)))


def _option(field: Field, value: Any, name: str) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    keys = [option.key for option in field.options]
    if value in keys:
        return str(value)
    known = ", ".join(f"{option.key} ({option.name})" for option in field.options[:20]) or "none yet"
    raise Invalid(name, f"{field.name!r} has no option with key {str(value)[:100]!r}; its options are {known}")


def _persons(ctx: Ctx, pipeline: Pipeline, field: Field, value: Any, name: str) -> list[dict[str, str]]:
    """People by e-mail or user key; an address that is no user's is kept as it is."""
    return [_a_person(ctx, one, name) for one in _items(value, name)]


def _a_person(ctx: Ctx, one: Any, name: str) -> dict[str, str]:
    given = {"email": one} if isinstance(one, str) and "@" in one else one
    given = {"userKey": given} if isinstance(given, str) else given
    if not isinstance(given, dict):
        raise Invalid(name, 'takes a list of people, such as [{"email": "ada@example.com"}]')
    key, email = given.get("userKey"), given.get("email")
    if isinstance(key, str) and key:
        try:
            user = users.get(ctx, key)
        except NotFound:
            raise Invalid(name, f"no user {key[:100]!r} within your reach") from None
    elif isinstance(email, str) and email:
        email = persons.check_email(email, name)
        found = users.by_email(ctx.db, email)
        if found is None:
            full_name = given.get("fullName")
            return {"email": email, "fullName": full_name if isinstance(full_name, str) else ""}
        user = found
    else:
        raise Invalid(name, "each person needs an email or a userKey")
    return {"userKey": user.key, "email": user.email, "fullName": user.full_name}


def _linked(table: str) -> Callable[[Ctx, Pipeline, Field, Any, str], list[str]]:
    """Keys of the team's contacts or organizations."""

    def check_links(ctx: Ctx, pipeline: Pipeline, field: Field, value: Any, name: str) -> list[str]:
        keys = []
        for one in _items(value, name):
            key = one.get("key") if isinstance(one, dict) else one
            if not isinstance(key, str):
                raise Invalid(name, "takes a list of keys")
            keys.append(key)
        keys = list(dict.fromkeys(keys))
        known = contact_access.known(ctx, table, pipeline.team_key, keys)
        for key in keys:
            if key not in known:
                raise Invalid(name, f"no one of the team's {table} has the key {key[:100]!r}")
        return keys

    return check_links


def _items(value: Any, name: str) -> list[Any]:
    items = value if isinstance(value, list) else [value]
    if len(items) > MOST_ITEMS:
        raise Invalid(name, f"takes at most {MOST_ITEMS} entries")
    return items


KINDS: dict[str, Callable[[Ctx, Pipeline, Field, Any, str], Any]] = {
    "TEXT_INPUT": _text,
    "DROPDOWN": _dropdown,
    "CHECKBOX": _checkbox,
    "DATE": _date,
    "PERSON": _persons,
    "TAG": _tags,
    "TEAM_CONTACT": _linked("contacts"),
    "TEAM_ORGANIZATION": _linked("organizations"),
}

_FARTHEST = 253_402_300_799_999  # the end of the year 9999
_AMERICAN = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})")


def moment_of(value: Any) -> int | None:
    """Milliseconds since the epoch from a number, digits, an ISO date, or month/day/year (UTC)."""
    if isinstance(value, bool):
        return None
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, str):
        value = _read_date(value.strip())
    if not isinstance(value, int) or abs(value) > _FARTHEST:
        return None
    return value


def _read_date(text: str) -> int | None:
    if re.fullmatch(r"-?\d{1,15}", text):
        return int(text)
    if american := _AMERICAN.fullmatch(text):
        month, day, year = american.groups()
        text = f"{year}-{int(month):02}-{int(day):02}"
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    try:
        return round(moment.timestamp() * 1000)
    except (OverflowError, ValueError):
        return None
