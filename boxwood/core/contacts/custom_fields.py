"""Team fields: the custom fields of a team's contacts and organizations.

Values of all types are stored as texts, by the key of the field: a date as milliseconds, a checkbox as `true` or
`false`, several options or keys with commas between them. A list is `contacts` or `organizations`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from ...errors import Conflict, Forbidden, Insufficient, Invalid, NotFound
from ...lib import dates
from .. import search
from ..accounts import team_settings
from ..context import Ctx
from ..people import contact_access, teams
from ..pipelines import field_values, names
from ..records import FIRST_FIELD, FIRST_OPTION, TEAM_LISTS, WITH_OPTIONS, Option, Team, TeamField, field_options

MOST = 500
EntryValues = dict[str, dict[str, str]]
"""Values by the key of the entry and the key of the field."""
_KEY = re.compile(r"[0-9A-Za-z_-]{1,50}")


def fields_of(team: Team, name: str) -> list[TeamField]:
    """The fields of a team's list."""
    found: list[TeamField] = getattr(team.settings, f"{name}_fields")
    return found


def list_all(ctx: Ctx, name: str, team_key: str) -> list[TeamField]:
    """The fields of a team's list that the actor may see, in the order in which they were created."""
    return fields_of(contact_access.reach_team(ctx, name, team_key)[0], name)


def get(ctx: Ctx, name: str, team_key: str, key: str) -> TeamField:
    """A field of a team's list, given by key or name. Raises NotFound if there is none."""
    return _find(contact_access.reach_team(ctx, name, team_key)[0], name, key)


def _find(team: Team, name: str, key: str) -> TeamField:
    known = {field.key: field for field in fields_of(team, name)}
    found = (
        key if key in known else names.choose({key: field.name for key, field in known.items()}, key, "field", "fields")
    )
    if found is None:
        raise NotFound(key)
    return known[found]


def create(ctx: Ctx, name: str, team_key: str, given: dict[str, Any]) -> TeamField:
    """Add a field to a team's list. `given` holds `name` and `type`, and `key` and `options` if wanted."""
    team = _lock(ctx, name, team_key)
    field = _new(ctx, fields_of(team, name), given)
    _save(ctx, team, name, [*fields_of(team, name), field])
    return field


def edit(ctx: Ctx, name: str, team_key: str, key: str, changes: dict[str, Any], *, add_only: bool = False) -> TeamField:
    """Apply the given members. `options` replaces all options, or with `add_only` adds to them. Values of removed
    options are cleared."""
    team = _lock(ctx, name, team_key)
    field = _find(team, name, key)
    after = _with_changes(ctx, field, changes, add_only=add_only)
    if after == field:
        return field
    _save(ctx, team, name, [after if other is field else other for other in fields_of(team, name)])
    return after


def delete(ctx: Ctx, name: str, team_key: str, key: str) -> None:
    """Delete a field and its values in all entries."""
    team = _lock(ctx, name, team_key, administer=True)
    field = _find(team, name, key)
    _save(ctx, team, name, [other for other in fields_of(team, name) if other is not field])


def restore(
    ctx: Ctx, name: str, team_key: str, before: list[TeamField], after: list[TeamField], values: EntryValues
) -> bool:
    """Set the fields of a list back from `after` to `before`, with the values that entries had in removed fields.
    Values that entries were given since stay. Returns whether there was anything to do. Raises Conflict if the fields
    were changed since."""
    team = _lock(ctx, name, team_key)
    if fields_of(team, name) == before:
        return False
    if fields_of(team, name) != after:
        raise Conflict(f"fields of {name} were changed since")
    team = _save(ctx, team, name, before)
    _fill(ctx, team, name, values)
    return True


def _lock(ctx: Ctx, name: str, team_key: str, *, administer: bool = False) -> Team:
    """The team, locked. The actor must be allowed to change the fields of this list (with `administer`: to delete
    them)."""
    rights = contact_access.reach_team(ctx, name, team_key)[1]
    if rights.change != contact_access.ALL or (administer and not rights.administer):
        raise Forbidden(f"Your role in this team may not {'delete' if administer else 'change'} fields of its {name}")
    return teams.lock(ctx, team_key)


def replace(ctx: Ctx, name: str, team_key: str, given: dict[str, dict[str, Any]]) -> Team:
    """Replace all fields of a list by the given ones, by key. Fields that are left out are deleted with their
    values."""
    teams.require_owner(ctx, teams.get(ctx, team_key))
    team = teams.lock(ctx, team_key)
    known = {field.key: field for field in fields_of(team, name)}
    fields: list[TeamField] = []
    for key, members in given.items():
        if members.get("key") not in (None, "", key):
            raise Invalid(f"fields.{key}.key", f"must be {key} or missing, not {members['key'][:50]!r}")
        if key in known:
            fields.append(_with_changes(ctx, known[key], members))
        else:
            fields.append(_new(ctx, [*known.values(), *fields], {**members, "key": key}))
    return _save(ctx, team, name, fields)


def _save(ctx: Ctx, team: Team, name: str, fields: list[TeamField]) -> Team:
    """Store these fields as the team's list. Values of removed fields and of removed options are cleared, and stored
    for undo."""
    remaining, cleared = {field.key: field for field in _checked(fields)}, EntryValues({})
    for field in fields_of(team, name):
        if field.key not in remaining:
            _clear(ctx, team, name, field, cleared)
        else:
            _clear_options(ctx, team, name, field, remaining[field.key], cleared)
    return team_settings.save(ctx, team, {f"{name}_fields": fields}, values=cleared)


def _new(ctx: Ctx, known: list[TeamField], given: dict[str, Any]) -> TeamField:
    title, kind = given.get("name"), given.get("type")
    if not title or not kind:
        raise Insufficient("Field", "type" if title else "name")
    if kind == "FORMULA":
        raise Invalid("type", "must not be FORMULA: only fields of boxes are computed")
    _check_default(kind, given, None)
    taken = [int(field.key) for field in known if field.key.isdecimal()]
    key = given.get("key") or str(max([FIRST_FIELD - 1, *taken]) + 1)
    if not _KEY.fullmatch(key):
        raise Invalid("key", "must be 1 to 50 letters, digits, - and _")
    field = TeamField(
        key=key,
        name=title,
        type=kind,
        updated_at=ctx.now,
    )
    return msgspec.structs.replace(field, options=_options(field, given.get("options"), add_only=False))


def _with_changes(ctx: Ctx, field: TeamField, changes: dict[str, Any], *, add_only: bool = False) -> TeamField:
    if changes.get("type") not in (None, field.type):
        raise Invalid("type", "Can't change the type of a field")
    if changes.get("name") == "":
        raise Invalid("name", "must not be empty")
    after = msgspec.structs.replace(
        field,
        name=changes.get("name") or field.name,
        options=_options(field, changes.get("options"), add_only=add_only),
    )
    _check_default(field.type, changes, field.default_value)
    if changes.get("default_value") == "":
        after = msgspec.structs.replace(after, default_value=None)
    return after if after == field else msgspec.structs.replace(after, updated_at=ctx.now)


def _check_default(kind: str, given: dict[str, Any], stored: str | None) -> None:
    """Raise `Invalid` if a field gets a default value. It may be sent back as it was read."""
    if given.get("default_value") and given["default_value"] != stored:
        raise Invalid("defaultValue", f"cannot be set: a {kind} field begins without a value")


def _checked(fields: list[TeamField]) -> list[TeamField]:
    if len(fields) > MOST:
        raise Invalid("fields", f"must not be more than {MOST}")
    if len({field.key for field in fields}) < len(fields):
        raise Invalid("key", "must be unique: another field has this key")
    return fields


def _options(field: TeamField, given: list[dict[str, Any]] | None, *, add_only: bool) -> list[Option]:
    """The new list of options. An option without a key gets the key of the option with its name, or else a new key."""
    if given is None:
        return field.options
    if field.type not in WITH_OPTIONS:
        if given:
            raise Invalid("options", f"must be empty: a {field.type} field has no options")
        return []
    what = field_options.listed(field.type)
    options = list(field.options) if add_only else []
    by_name = {option.name: option.key for option in field.options}
    taken = [int(option.key) for option in field.options if option.key.isdecimal()]
    taken += [int(members["key"]) for members in given if (members.get("key") or "").isdecimal()]
    next_key = max([FIRST_OPTION - 1, *taken]) + 1
    for at, members in enumerate(given):
        name = (members.get("name") or "").strip()
        key = members.get("key") or by_name.get(name)
        if not name:
            raise Invalid(f"{what}[{at}]", "must have a name")
        if not key:
            key, next_key = str(next_key), next_key + 1
        if not _KEY.fullmatch(key):
            raise Invalid(f"{what}[{at}].key", "must be 1 to 50 letters, digits, - and _")
        options = [option for option in options if option.key != key] if add_only else options
        options.append(Option(key, name))
    field_options.check(options, what)
    return options


def checked(
    ctx: Ctx, team: Team, name: str, given: dict[str, Any], stored: Mapping[str, str] | None = None
) -> dict[str, str]:
    """The values to store: of texts and numbers. Fields and options may be given by name. An empty text clears a value.
    Null values, values of unknown fields, and values that are `stored` already are ignored."""
    known = {field.key: field for field in fields_of(team, name)}
    if not given.keys() <= known.keys():
        given = _by_key(known, given)
    found = {}
    for key, value in given.items():
        if value is None or key not in known or known[key].type == "FORMULA" or value == (stored or {}).get(key):
            continue
        if known[key].type == "DATE" and not isinstance(value, str):
            found[key] = _milliseconds(known[key], value, f"fields.{key}")
        else:
            text = str(value).strip()
            found[key] = _KINDS[known[key].type](ctx, team, known[key], text, f"fields.{key}") if text else ""
    return found


def _by_key(known: dict[str, TeamField], given: dict[str, Any]) -> dict[str, Any]:
    titles = {key: field.name for key, field in known.items()}
    found = {}
    for wanted, value in given.items():
        key = names.choose(titles, wanted, f"fields.{wanted[:100]}", "fields") or wanted
        if key in found or (key != wanted and key in given):
            raise Invalid(f"fields.{wanted[:100]}", f"names the field {key}, which is given twice")
        found[key] = value
    return found


def _text(ctx: Ctx, team: Team, field: TeamField, value: str, where: str) -> str:
    return value


def _date(ctx: Ctx, team: Team, field: TeamField, value: str, where: str) -> str:
    return _milliseconds(field, value, where)


def _milliseconds(field: TeamField, value: str | int | float, where: str) -> str:
    try:
        return str(dates.read(value))
    except dates.DateError as error:
        raise Invalid(where, f"{field.name!r}: {error}") from None


def _checkbox(ctx: Ctx, team: Team, field: TeamField, value: str, where: str) -> str:
    return "true" if field_values.flag_of(value, where, field.name) else "false"


def _chosen(ctx: Ctx, team: Team, field: TeamField, value: str, where: str) -> str:
    """The keys of options: one for a dropdown, any number for tags."""
    keys = _split(value) if field.type == "TAG" else [value]
    known = {option.key: option.name for option in field.options}
    found = []
    for wanted in keys:
        key = names.choose(known, wanted, where, "options")
        if key is None:
            options = ", ".join(f"{each} ({title})" for each, title in list(known.items())[:20]) or "none yet"
            raise Invalid(
                where, f"{field.name!r} has no option with key or name {wanted[:100]!r}; its options are {options}"
            )
        found.append(key)
    return ",".join(dict.fromkeys(found))


def _keys(noun: str) -> Callable[[Ctx, Team, TeamField, str, str], str]:
    def check(ctx: Ctx, team: Team, field: TeamField, value: str, where: str) -> str:
        keys = _split(value)
        known = contact_access.known(ctx, noun, team.key, keys)
        for key in keys:
            if key not in known:
                raise Invalid(where, f"there is no entry {key[:100]!r} in the team's {noun}")
        return ",".join(keys)

    return check


def _split(value: str) -> list[str]:
    return list(dict.fromkeys(part.strip() for part in value.split(",") if part.strip()))


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


def naming(team: Team, noun: str) -> list[tuple[str, str]]:
    """The fields whose values name contacts (or organizations): for each, its list and its key."""
    kind = "TEAM_CONTACT" if noun == "contacts" else "TEAM_ORGANIZATION"
    return [(name, field.key) for name in TEAM_LISTS for field in fields_of(team, name) if field.type == kind]


def _clear(ctx: Ctx, team: Team, name: str, field: TeamField, cleared: EntryValues) -> None:
    """Clear the field in all entries, and add the values to `cleared`. The entries record no events."""
    value = ctx.db.dialect.field_value("fields", field.key)
    for key, text in ctx.db.rows(
        f"SELECT key, {value} FROM {name} WHERE team_key = :team AND {value} IS NOT NULL", team=team.key
    ):
        cleared.setdefault(key, {})[field.key] = text
    ctx.db.run(
        f"""
        UPDATE {name} SET fields = {ctx.db.dialect.without("fields", field.key)}
        WHERE team_key = :team AND {value} IS NOT NULL
        """,
        team=team.key,
    )
    if field.type in search.TEXT_TYPES:
        search.reindex_all(ctx, search.CONTACT if name == "contacts" else search.ORGANIZATION, team.key)


def _clear_options(ctx: Ctx, team: Team, name: str, field: TeamField, after: TeamField, cleared: EntryValues) -> None:
    """Clear the values of removed options, and add the values before to `cleared`."""
    removed = {option.key for option in field.options} - {option.key for option in after.options}
    if not removed:
        return
    value = ctx.db.dialect.field_value("fields", field.key)
    changed = []
    for key, text in ctx.db.rows(
        f"SELECT key, fields FROM {name} WHERE team_key = :team AND {value} IS NOT NULL", team=team.key
    ):
        values = msgspec.json.decode(text, type=dict[str, str])
        remaining = [option for option in _split(values[field.key]) if option not in removed]
        if ",".join(remaining) != values[field.key]:
            cleared.setdefault(key, {})[field.key] = values[field.key]
            rest = {other: value for other, value in values.items() if other != field.key}
            values = {**rest, field.key: ",".join(remaining)} if remaining else rest
            changed.append({"key": key, "fields": msgspec.json.encode(values).decode()})
    ctx.db.many(f"UPDATE {name} SET fields = :fields WHERE key = :key", changed)


def _fill(ctx: Ctx, team: Team, name: str, cleared: EntryValues) -> None:
    """Restore cleared values in the fields that exist."""
    known = {field.key: field for field in fields_of(team, name)}
    keys = list(cleared)
    for at in range(0, len(keys), 1000):
        rows = ctx.db.rows(
            f"SELECT key, fields FROM {name} WHERE team_key = :team AND {ctx.db.dialect.among('key', 'keys')}",
            team=team.key,
            keys=ctx.db.texts(keys[at : at + 1000]),
        )
        filled = []
        for key, text in rows:
            now = msgspec.json.decode(text, type=dict[str, str])
            old = {field: value for field, value in cleared[key].items() if field in known}
            both = {field: _both(known[field], now.get(field), value) for field, value in old.items()}
            filled.append({"key": key, "fields": msgspec.json.encode({**now, **both}).decode()})
        ctx.db.many(f"UPDATE {name} SET fields = :fields WHERE key = :key", filled)
    if any(known[field].type in search.TEXT_TYPES for values in cleared.values() for field in values if field in known):
        search.reindex_all(ctx, search.CONTACT if name == "contacts" else search.ORGANIZATION, team.key)


def _both(field: TeamField, now: str | None, old: str) -> str:
    """The old value, or the current value if there is one. Of tags, both."""
    if field.type != "TAG" or not now:
        return now or old
    before, since = _split(old), _split(now)
    more = [tag for tag in since if tag not in before]
    return ",".join([*before, *more] if len(more) < len(since) else [*since, *before])
