"""Team fields: the columns a team gives its contacts and its organizations.

Their values are texts by field key, whatever the type: of a date its milliseconds, of a checkbox `true`
or `false`, of several options or keys those with commas between.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import msgspec

from ...errors import Conflict, Forbidden, Insufficient, Invalid, NotFound
from .. import search
from ..accounts import team_settings
from ..context import Ctx
from ..people import contact_access, teams
from ..pipelines import field_values
from ..records import FIRST_FIELD, FIRST_OPTION, TEAM_LISTS, WITH_OPTIONS, Option, Team, TeamField, field_options

MOST = 500
Held = dict[str, dict[str, str]]
"""Values by entry and field."""
_KEY = re.compile(r"[0-9A-Za-z_-]{1,50}")


def of(team: Team, name: str) -> list[TeamField]:
    found: list[TeamField] = getattr(team.settings, f"{name}_fields")
    return found


def all_of(ctx: Ctx, name: str, team_key: str) -> list[TeamField]:
    """In the order they were made."""
    return of(contact_access.enter(ctx, name, team_key)[0], name)


def get(ctx: Ctx, name: str, team_key: str, key: str) -> TeamField:
    return _one(contact_access.enter(ctx, name, team_key)[0], name, key)


def _one(team: Team, name: str, key: str) -> TeamField:
    for field in of(team, name):
        if field.key == key:
            return field
    raise NotFound(key)


def create(ctx: Ctx, name: str, team_key: str, given: dict[str, Any]) -> TeamField:
    team = _change(ctx, name, team_key)
    field = _made(ctx, of(team, name), given)
    _save(ctx, team, name, [*of(team, name), field])
    return field


def edit(ctx: Ctx, name: str, team_key: str, key: str, changes: dict[str, Any], *, add_only: bool = False) -> TeamField:
    """`options` replaces them all, or appends with `add_only`; values that named a lost option are cleared."""
    team = _change(ctx, name, team_key)
    field = _one(team, name, key)
    after = _edited(ctx, field, changes, add_only=add_only)
    if after == field:
        return field
    _save(ctx, team, name, [after if one is field else one for one in of(team, name)])
    return after


def delete(ctx: Ctx, name: str, team_key: str, key: str) -> None:
    """With its values in all entries."""
    team = _change(ctx, name, team_key, administer=True)
    field = _one(team, name, key)
    _save(ctx, team, name, [one for one in of(team, name) if one is not field])


def put_back(ctx: Ctx, name: str, team_key: str, before: list[TeamField], after: list[TeamField], held: Held) -> bool:
    """The fields as they were before they became what they are after; with the values that entries had in those that
    went. What an entry was given since stays. Whether there was anything to do."""
    team = _change(ctx, name, team_key)
    if of(team, name) == before:
        return False
    if of(team, name) != after:
        raise Conflict(f"fields of {name} were changed since")
    team = _save(ctx, team, name, before)
    _fill(ctx, team, name, held)
    return True


def _change(ctx: Ctx, name: str, team_key: str, *, administer: bool = False) -> Team:
    """The team, alone, for one who may change the columns of this list (with `administer`, take one away)."""
    rights = contact_access.enter(ctx, name, team_key)[1]
    if rights.change != contact_access.ALL or (administer and not rights.administer):
        raise Forbidden(f"Your role in this team may not {'delete' if administer else 'change'} fields of its {name}")
    return teams.lock(ctx, team_key)


def replace(ctx: Ctx, name: str, team_key: str, given: dict[str, dict[str, Any]]) -> Team:
    """All fields as given, by key: those left out are gone with their values, new ones may bring their key."""
    teams.require_owner(ctx, teams.get(ctx, team_key))
    team = teams.lock(ctx, team_key)
    known = {field.key: field for field in of(team, name)}
    made: list[TeamField] = []
    for key, one in given.items():
        if one.get("key") not in (None, "", key):
            raise Invalid(f"fields.{key}.key", f"says {one['key'][:50]!r}")
        if key in known:
            made.append(_edited(ctx, known[key], one))
        else:
            made.append(_made(ctx, [*known.values(), *made], {**one, "key": key}))
    return _save(ctx, team, name, made)


def _save(ctx: Ctx, team: Team, name: str, made: list[TeamField]) -> Team:
    """The team with these fields; what entries held in those that are no more, or of options that are no more, goes."""
    left, held = {field.key: field for field in _checked(made)}, Held({})
    for field in of(team, name):
        if field.key not in left:
            _clear(ctx, team, name, field, held)
        else:
            _clear_options(ctx, team, name, field, left[field.key], held)
    return team_settings.save(ctx, team, {f"{name}_fields": made}, values=held)


def _made(ctx: Ctx, known: list[TeamField], given: dict[str, Any]) -> TeamField:
    title, kind = given.get("name"), given.get("type")
    if not title or not kind:
        raise Insufficient("Field", "type" if title else "name")
    taken = [int(field.key) for field in known if field.key.isdecimal()]
    key = given.get("key") or str(max([FIRST_FIELD - 1, *taken]) + 1)
    if not _KEY.fullmatch(key):
        raise Invalid("key", "may hold letters, digits, - and _, 50 at most")
    field = TeamField(
        key=key,
        name=title,
        type=kind,
        default_value=given.get("default_value") or None,
        default_updated_at=ctx.now if given.get("default_value") else None,
        updated_at=ctx.now,
    )
    return msgspec.structs.replace(field, options=_options(field, given.get("options"), add_only=False))


def _edited(ctx: Ctx, field: TeamField, changes: dict[str, Any], *, add_only: bool = False) -> TeamField:
    if changes.get("type") not in (None, field.type):
        raise Invalid("type", "Can't change the type of a field")
    if changes.get("name") == "":
        raise Invalid("name", "may not be empty")
    after = msgspec.structs.replace(
        field,
        name=changes.get("name") or field.name,
        options=_options(field, changes.get("options"), add_only=add_only),
    )
    default = changes.get("default_value")
    if default is not None and (default or None) != field.default_value:
        after = msgspec.structs.replace(after, default_value=default or None, default_updated_at=ctx.now)
    return after if after == field else msgspec.structs.replace(after, updated_at=ctx.now)


def _checked(made: list[TeamField]) -> list[TeamField]:
    if len(made) > MOST:
        raise Invalid("fields", f"a list has at most {MOST} fields")
    if len({field.key for field in made}) < len(made):
        raise Invalid("key", "another field has this key")
    return made


def _options(field: TeamField, given: list[dict[str, Any]] | None, *, add_only: bool) -> list[Option]:
    """The new list: an option keeps its key by that key, else by its name, else gets the next one."""
    if given is None:
        return field.options
    if field.type not in WITH_OPTIONS:
        if given:
            raise Invalid("options", f"a {field.type} field has no options")
        return []
    what = field_options.listed(field.type)
    made = list(field.options) if add_only else []
    by_name = {option.name: option.key for option in field.options}
    taken = [int(option.key) for option in field.options if option.key.isdecimal()]
    taken += [int(one["key"]) for one in given if (one.get("key") or "").isdecimal()]
    following = max([FIRST_OPTION - 1, *taken]) + 1
    for at, one in enumerate(given):
        name, key = (one.get("name") or "").strip(), one.get("key") or by_name.get((one.get("name") or "").strip())
        if not name:
            raise Invalid(f"{what}[{at}]", "an option needs a name")
        if not key:
            key, following = str(following), following + 1
        if not _KEY.fullmatch(key):
            raise Invalid(f"{what}[{at}].key", "may hold letters, digits, - and _, 50 at most")
        made = [option for option in made if option.key != key] if add_only else made
        made.append(Option(key, name))
    field_options.check(made, what)
    return made


def checked(ctx: Ctx, team: Team, name: str, given: dict[str, str | None]) -> dict[str, str]:
    """Values as they are stored, empty for those to clear. Null ones, and of fields the team has not, are ignored."""
    known = {field.key: field for field in of(team, name)}
    found = {}
    for key, value in given.items():
        if value is not None and key in known and known[key].type != "FORMULA":
            found[key] = _KINDS[known[key].type](ctx, team, known[key], value.strip(), f"fields.{key}") if value else ""
    return found


def _text(ctx: Ctx, team: Team, field: TeamField, value: str, where: str) -> str:
    return value


def _date(ctx: Ctx, team: Team, field: TeamField, value: str, where: str) -> str:
    moment = field_values.moment_of(value)
    if moment is None:
        raise Invalid(where, f"{field.name!r} takes a date in milliseconds since 1970, or text such as 2026-03-31")
    return str(moment)


def _checkbox(ctx: Ctx, team: Team, field: TeamField, value: str, where: str) -> str:
    if value.lower() not in ("true", "false"):
        raise Invalid(where, f"{field.name!r} takes true or false")
    return value.lower()


def _chosen(ctx: Ctx, team: Team, field: TeamField, value: str, where: str) -> str:
    """Keys of options: one of a dropdown, any number of tags."""
    keys = _several(value) if field.type == "TAG" else [value]
    known = {option.key: option.name for option in field.options}
    for key in keys:
        if key not in known:
            its = ", ".join(f"{one} ({title})" for one, title in list(known.items())[:20]) or "none yet"
            raise Invalid(where, f"{field.name!r} has no option with key {key[:100]!r}; its options are {its}")
    return ",".join(keys)


def _keys(noun: str) -> Callable[[Ctx, Team, TeamField, str, str], str]:
    def check(ctx: Ctx, team: Team, field: TeamField, value: str, where: str) -> str:
        keys = _several(value)
        known = contact_access.known(ctx, noun, team.key, keys)
        for key in keys:
            if key not in known:
                raise Invalid(where, f"no one of the team's {noun} has the key {key[:100]!r}")
        return ",".join(keys)

    return check


def _several(value: str) -> list[str]:
    return list(dict.fromkeys(one.strip() for one in value.split(",") if one.strip()))


_KINDS: dict[str, Callable[[Ctx, Team, TeamField, str, str], str]] = {
    "TEXT_INPUT": _text,
    "PERSON": _text,
    "DATE": _date,
    "CHECKBOX": _checkbox,
    "DROPDOWN": _chosen,
    "TAG": _chosen,
    "TEAM_CONTACT": _keys("contacts"),
    "TEAM_ORGANIZATION": _keys("organizations"),
}


def holding(team: Team, noun: str) -> list[tuple[str, str]]:
    """The fields of either list whose values name entries of `noun`, as list and key."""
    kind = "TEAM_CONTACT" if noun == "contacts" else "TEAM_ORGANIZATION"
    return [(name, field.key) for name in TEAM_LISTS for field in of(team, name) if field.type == kind]


def _clear(ctx: Ctx, team: Team, name: str, field: TeamField, held: Held) -> None:
    """Erase the field's values: no news of the entries themselves."""
    value = ctx.db.dialect.field_value("fields", field.key)
    for key, text in ctx.db.rows(
        f"SELECT key, {value} FROM {name} WHERE team_key = :team AND {value} IS NOT NULL", team=team.key
    ):
        held.setdefault(key, {})[field.key] = text
    ctx.db.run(
        f"""
        UPDATE {name} SET fields = {ctx.db.dialect.without("fields", field.key)}
        WHERE team_key = :team AND {value} IS NOT NULL
        """,
        team=team.key,
    )
    if field.type in search.TEXT_TYPES:
        search.note_all(ctx, search.CONTACT if name == "contacts" else search.ORGANIZATION, team.key)


def _clear_options(ctx: Ctx, team: Team, name: str, field: TeamField, after: TeamField, gone: Held) -> None:
    """Erase what named an option that is no more."""
    lost = {option.key for option in field.options} - {option.key for option in after.options}
    if not lost:
        return
    value = ctx.db.dialect.field_value("fields", field.key)
    cleared = []
    for key, text in ctx.db.rows(
        f"SELECT key, fields FROM {name} WHERE team_key = :team AND {value} IS NOT NULL", team=team.key
    ):
        held = msgspec.json.decode(text, type=dict[str, str])
        left = [one for one in _several(held[field.key]) if one not in lost]
        if ",".join(left) != held[field.key]:
            gone.setdefault(key, {})[field.key] = held[field.key]
            rest = {one: value for one, value in held.items() if one != field.key}
            held = {**rest, field.key: ",".join(left)} if left else rest
            cleared.append({"key": key, "fields": msgspec.json.encode(held).decode()})
    ctx.db.many(f"UPDATE {name} SET fields = :fields WHERE key = :key", cleared)


def _fill(ctx: Ctx, team: Team, name: str, gone: Held) -> None:
    known = {field.key: field for field in of(team, name)}
    keys = list(gone)
    for at in range(0, len(keys), 1000):
        rows = ctx.db.rows(
            f"SELECT key, fields FROM {name} WHERE team_key = :team AND {ctx.db.dialect.among('key', 'keys')}",
            team=team.key,
            keys=ctx.db.texts(keys[at : at + 1000]),
        )
        filled = []
        for key, text in rows:
            held = msgspec.json.decode(text, type=dict[str, str])
            old = {field: value for field, value in gone[key].items() if field in known}
            both = {field: _both(known[field], held.get(field), value) for field, value in old.items()}
            filled.append({"key": key, "fields": msgspec.json.encode({**held, **both}).decode()})
        ctx.db.many(f"UPDATE {name} SET fields = :fields WHERE key = :key", filled)
    if any(known[field].type in search.TEXT_TYPES for values in gone.values() for field in values if field in known):
        search.note_all(ctx, search.CONTACT if name == "contacts" else search.ORGANIZATION, team.key)


def _both(field: TeamField, now: str | None, old: str) -> str:
    """What it had, unless it was given something since; tags have both."""
    if field.type != "TAG" or not now:
        return now or old
    before, since = _several(old), _several(now)
    more = [one for one in since if one not in before]
    return ",".join([*before, *more] if len(more) < len(since) else [*since, *before])
