"""The users, teams and team fields of an import: found here by e-mail, or created."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from ....errors import Invalid
from ....lib import addresses
from ... import persons
from ...accounts import team_settings
from ...contacts import custom_fields
from ...context import Ctx
from ...people import old_keys, teams, users
from ...records import FIRST_FIELD, TEAM_MEMBERS, USERS, Field, Team, TeamField, TeamMember, User, UserSettings
from .imports import CHANGED, NEW, REFUSED, SAME, Report, StreakImport
from .pipelines import options
from .reading import Json, Names, checked_key, moment, text

ROLES = ("Member", "Owner", "PayerOnly")


def known_names(ctx: Ctx, job: StreakImport) -> Names:
    """The names of an import at its beginning: what earlier runs found is read when it is met again."""
    return Names(job.team_key, ctx.actor.key, {}, {})


def meet(ctx: Ctx, names: Names, given: Sequence[Json], report: Report) -> None:
    """Find these users by key or e-mail, or create them as invited users, and add them to `names`.

    No invitation is sent: owners invite people when the team moves.
    """
    for person in given:
        key = person.get("userKey") or person.get("key")
        email = addresses.one_form(str(person.get("email") or ""))
        if not isinstance(key, str) or (names.users.get(key) and (not email or email in names.by_email)):
            continue
        user = _find(ctx, key, email)
        if user is None:
            user = _create(ctx, person, key, email, report)
        if user is None:
            continue
        names.users[key] = user.key
        names.by_email[user.email] = user.key
        if email:
            names.by_email[email] = user.key
        if user.key != key:
            old_keys.add(ctx.db, key, user.key)


def _find(ctx: Ctx, key: str, email: str) -> User | None:
    """The user with this e-mail address; without one, the user whom an earlier run found under this key."""
    if email:
        return users.by_email(ctx.db, email)
    present = old_keys.under(ctx.db, [key])[key]
    row = ctx.db.row(f"SELECT {USERS.columns} FROM users WHERE key = :key", key=present)
    return USERS.load(row) if row else None


def _create(ctx: Ctx, person: Json, key: str, email: str, report: Report) -> User | None:
    try:
        email, key = persons.check_email(email), checked_key(key, "user")
    except Invalid:
        return None
    full_name = text(person.get("fullName")) or text(person.get("displayName")) or email.partition("@")[0]
    given_name = text(person.get("givenName")) or full_name.partition(" ")[0]
    user = User(
        key=key,
        email=email,
        given_name=given_name,
        family_name=full_name.removeprefix(given_name).strip(),
        timezone=text(person.get("timezoneId")),
        image=text(person.get("image") or person.get("googleProfilePhotoUrl")),
        user_type="HUMAN",
        settings=UserSettings(),
        invited=True,
        created_at=moment(person, "creationTimestamp", default=ctx.now),
        updated_at=ctx.now,
        seen_at=None,
    )
    USERS.insert(ctx.db, user)
    report.count("users", NEW)
    return user


def join(ctx: Ctx, team: Team, names: Names, members: Sequence[Json], report: Report) -> None:
    """Add the members of the team at the source to the team here. Members who are here stay as they are."""
    present = {member.user_key for member, _ in teams.members(ctx, [team.key])[team.key]}
    for given in members:
        user_key = names.users.get(given.get("userKey") or given.get("key") or "")
        if user_key is None or user_key in present:
            report.count("members", SAME if user_key else REFUSED)
            continue
        present.add(user_key)
        row = ctx.db.row(f"SELECT {USERS.columns} FROM users WHERE key = :key", key=user_key)
        assert row is not None
        user, role = USERS.load(row), given.get("role")
        if role == "ArchiveOnly":
            member = TeamMember(team.key, user.key, role, "Accepted", moment(given, "inviteDate", default=ctx.now))
            TEAM_MEMBERS.insert(ctx.db, member)
            teams.record_change(ctx, team, user, None, member)
        else:
            teams.add(ctx, team, user, role if role in ROLES else "Member")
        report.count("members", NEW)


def merge_fields(ctx: Ctx, team: Team, name: str, given: Mapping[str, Json], report: Report) -> dict[str, str]:
    """Add the team's fields of contacts or organizations that are missing here. Returns the keys that the fields of the
    source have here: their own, or another if a different field has it."""
    team = teams.lock(ctx, team.key)
    fields = list(custom_fields.fields_of(team, name))
    found: dict[str, str] = {}
    changed = False
    for key, members in given.items():
        title, kind = text(members.get("name")) or key, text(members.get("type")) or "TEXT_INPUT"
        same = next((field for field in fields if field.key == key and field.name == title), None)
        same = same or next((field for field in fields if (field.name, field.type) == (title, kind)), None)
        wanted = options(members)
        if same is not None:
            found[key] = same.key
            more = [option for option in wanted if option.key not in {known.key for known in same.options}]
            if more:
                fields[fields.index(same)] = msgspec.structs.replace(same, options=[*same.options, *more])
                changed = True
            report.count(f"fields of {name}", CHANGED if more else SAME)
            continue
        own = key if key not in {field.key for field in fields} else _free_key(fields)
        found[key] = own
        default = members.get("defaultValue")
        fields.append(
            TeamField(
                own,
                title,
                kind,
                wanted,
                default if isinstance(default, str) and default else None,
                moment(members, "lastDefaultValueUpdatedTimestamp") or None,
                moment(members, "lastUpdatedTimestamp", default=ctx.now),
            )
        )
        changed = True
        report.count(f"fields of {name}", NEW)
    if changed:
        team_settings.save(ctx, team, {f"{name}_fields": fields}, values={})
    return found


def _free_key(fields: Sequence[TeamField | Field]) -> str:
    taken = [int(field.key) for field in fields if field.key.isdecimal()]
    return str(max([FIRST_FIELD - 1, *taken]) + 1)


def known_fields(team: Team, name: str, given: Mapping[str, Json]) -> dict[str, str]:
    """The keys that the fields of the source have here, of those that are here."""
    found = {}
    for key, members in given.items():
        for field in custom_fields.fields_of(team, name):
            if field.name == members.get("name") and key not in found:
                found[key] = field.key
    return found


def recognize(ctx: Ctx, names: Names, given: Sequence[Json]) -> None:
    """Find these users without creating any. Users who are not here keep their keys."""
    for person in given:
        key, email = str(person["userKey"]), addresses.one_form(str(person.get("email") or ""))
        user = _find(ctx, key, email)
        names.users[key] = user.key if user else key
        for address in (email, user.email if user else ""):
            if address:
                names.by_email[address] = names.users[key]


def is_here(ctx: Ctx, key: str) -> bool:
    """Whether an earlier run found or created the user with this key at the source."""
    return _find(ctx, key, "") is not None
