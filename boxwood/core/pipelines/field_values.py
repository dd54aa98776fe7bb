"""Check field values: `KINDS` has one entry for each type of field that can be written (spec 3.5).

A value is stored in the form in which the API returns it. Empty (null, "" or an empty list) means unset: the field's
key is then absent from the box.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from ...errors import Invalid
from ...lib import dates, numbers
from .. import persons
from ..context import Ctx
from ..people import contact_access, user_names, users
from ..records import Field, Pipeline
from . import names

MOST_TEXT = 100_000
MOST_ITEMS = 1000
# Most JSON parsers read numbers as doubles: larger whole numbers would change.
_EXACT = 2**53


def check(ctx: Ctx, pipeline: Pipeline, field: Field, value: Any, name: str) -> Any:
    """Return the value as it is stored; None for unset. `name` is the member of the request, for errors."""
    if field.type == "FORMULA":
        raise Invalid(name, f"{field.name!r} is computed by a formula and cannot be written")
    if value is None or value in ("", []):
        return None
    return KINDS[field.type](ctx, pipeline, field, value, name)


def _text(ctx: Ctx, pipeline: Pipeline, field: Field, value: Any, name: str) -> str | int | float:
    if isinstance(value, str):
        if "\x00" in value:
            raise Invalid(name, "must not contain NUL characters")
        if len(value) > MOST_TEXT:
            raise Invalid(name, f"must not be longer than {MOST_TEXT:,} characters")
        written: str | int | float = in_percents(field, value)
        return written
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise Invalid(name, f"{field.name!r} must be text or a number")
    return number(value, name)


def in_percents(field: Field, value: Any) -> Any:
    """Return 12 for `12%` in a field that shows its numbers in percent, where 12 is 12%. Return other values as they
    are."""
    if not isinstance(value, str) or not field.display_format or field.display_format.type != "PERCENT":
        return value
    percents = numbers.read_percents(value)
    return value if percents is None else percents


def number(value: int | float, name: str) -> int | float:
    """Return the number. Raise `Invalid` if JSON parsers would read it as another number."""
    if abs(value) > _EXACT if isinstance(value, int) else not math.isfinite(value) or abs(value) > 1e300:
        raise Invalid(name, f'is too large for a number: send it as text, "{str(value)[:30]}"')
    return value


def _date(ctx: Ctx, pipeline: Pipeline, field: Field, value: Any, name: str) -> int:
    try:
        return dates.read(value)
    except dates.DateError as error:
        raise Invalid(name, f"{field.name!r}: {error}") from None


def _checkbox(ctx: Ctx, pipeline: Pipeline, field: Field, value: Any, name: str) -> bool:
    return flag_of(value, name, field.name)


_TRUE = "true 1 1.0 t yes y x on checked ✓ ✔ ☑ ✅ ja oui si sí sim vrai wahr verdadero verdadeiro vero waar"
_FALSE = "false 0 0.0 f no n off unchecked ✗ ✘ ☐ ❌ nein non não nao nee faux falsch falso onwaar"
_FLAGS = {**dict.fromkeys(_TRUE.split(), True), **dict.fromkeys(_FALSE.split(), False)}
"""The words for true and false, in small letters, that the API, imports, contacts and filters read alike."""


def read_flag(value: Any) -> bool | None:
    """True or false for a flag, 1 or 0, or one of the words that mean one of them; None for anything else."""
    if isinstance(value, bool):
        return value
    if isinstance(value, (int, float)) and value in (0, 1):
        return bool(value)
    return _FLAGS.get(value.strip("\ufe0f \t\r\n").casefold()) if isinstance(value, str) else None


def flag_of(value: Any, name: str, field_name: str) -> bool:
    """Return the flag that `read_flag` reads. Raise `Invalid` for `name` if the value is none."""
    flag = read_flag(value)
    if flag is None:
        shown = repr(value)[:50]
        raise Invalid(name, f"{field_name!r} must be true or false (or yes, no, 1, 0), but is {shown}")
    return flag


def _dropdown(ctx: Ctx, pipeline: Pipeline, field: Field, value: Any, name: str) -> str:
    return _option(field, value, name)


def _tags(ctx: Ctx, pipeline: Pipeline, field: Field, value: Any, name: str) -> list[str]:
    return list(dict.fromkeys(_option(field, key, name) for key in _items(value, name)))


def _option(field: Field, value: Any, name: str) -> str:
    if (key := names.option_key(field, value, name)) is not None:
        return key
    known = ", ".join(f"{option.key} ({option.name})" for option in field.options[:20]) or "none yet"
    raise Invalid(name, f"{field.name!r} has no option with key or name {str(value)[:100]!r}; its options are {known}")


def _persons(ctx: Ctx, pipeline: Pipeline, field: Field, value: Any, name: str) -> list[dict[str, str]]:
    """Return people given by e-mail, user key or name. An address that belongs to no user is stored as it is."""
    return [_person(ctx, pipeline, person, name) for person in _items(value, name)]


def _person(ctx: Ctx, pipeline: Pipeline, person: Any, name: str) -> dict[str, str]:
    given = {"email": person} if isinstance(person, str) and "@" in person else person
    given = {"userKey": given} if isinstance(given, str) else given
    if not isinstance(given, dict):
        raise Invalid(name, 'must be a list of people, such as [{"email": "ada@example.com"}]')
    key, email = given.get("userKey"), given.get("email")
    if isinstance(key, str) and key:
        user = user_names.find(ctx, key, name, pipeline)
    elif isinstance(email, str) and email:
        email = persons.check_email(email, name)
        found = users.by_email(ctx.db, email)
        if found is None:
            full_name = given.get("fullName")
            return {"email": email, "fullName": full_name if isinstance(full_name, str) else ""}
        user = found
    else:
        raise Invalid(name, "each person must have an email or a userKey")
    return {"userKey": user.key, "email": user.email, "fullName": user.full_name}


def _linked(table: str) -> Callable[[Ctx, Pipeline, Field, Any, str], list[str]]:
    """Return the check of a field that holds keys of the team's contacts or organizations."""

    def check_links(ctx: Ctx, pipeline: Pipeline, field: Field, value: Any, name: str) -> list[str]:
        keys = []
        for item in _items(value, name):
            key = item.get("key") if isinstance(item, dict) else item
            if not isinstance(key, str):
                raise Invalid(name, "must be a list of keys")
            keys.append(key)
        keys = list(dict.fromkeys(keys))
        known = contact_access.known(ctx, table, pipeline.team_key, keys)
        for key in keys:
            if key not in known:
                raise Invalid(name, f"the team's {table} you may see do not include the key {key[:100]!r}")
        return keys

    return check_links


def _items(value: Any, name: str) -> list[Any]:
    items = value if isinstance(value, list) else [value]
    if len(items) > MOST_ITEMS:
        raise Invalid(name, f"must have at most {MOST_ITEMS} entries")
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
