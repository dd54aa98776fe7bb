"""Users, teams and API keys over HTTP."""

from __future__ import annotations

from typing import Any

from ..core import persons, pipelines
from ..core.accounts import api_keys, team_settings
from ..core.accounts.key_limits import Limits
from ..core.activity import handovers, time_zones
from ..core.activity.mail import sharing
from ..core.contacts import custom_fields
from ..core.people import teams, users
from ..core.records import TEAM_LISTS, Team
from ..errors import Invalid, NotFound
from ..wire.shapes import people as shapes
from ..wire.shapes import teams as team_shapes
from ..wire.shapes.lists import SUCCESS, Results, Success
from .http.call import Call


def get_me(call: Call) -> shapes.UserOut:
    """The user who owns the API key or session. Use it to check a key."""
    return shapes.user(call.ctx.actor)


def get_user(call: Call) -> shapes.UserOut:
    """A user: yourself, or a user who shares a team or pipeline with you."""
    return shapes.user(users.get(call.ctx, call.path[0]))


def edit_user(call: Call) -> shapes.UserOut:
    """Update your own name, time zone or settings. Users cannot be created here (spec 2.1)."""
    return shapes.user(time_zones.edit_user(call.ctx, call.path[0], call.parse(shapes.USER_EDIT)))


def list_keys(call: Call) -> list[shapes.ApiKeyOut]:
    """Your API keys and all TEAM keys of the teams that you own, newest first.

    `apiKey` is only the beginning of the secret. `userKey` and `creator` say who created the key.
    """
    limit, offset = call.page(1000)
    found = api_keys.list_governed(call.ctx, limit=limit, offset=offset)
    people = persons.by_key(call.ctx, [api_key.user_key for api_key in found])
    return [shapes.api_key(api_key, people[api_key.user_key]) for api_key in found]


def create_key(call: Call) -> shapes.ApiKeyOut:
    """Create an API key.

    Only this response contains the whole secret, `apiKey`. A key with `teamKey` can act for the members of the team.
    The writes of a key with `proposes` become proposals, which you approve or reject. `scopes`, `pipelineKeys`,
    `expiresTimestamp`, `allowedAddresses` and `rateLimit` limit what the key may do, until when, from where and how
    often. `allowedOrigins` lets web pages use it.
    """
    given = call.parse(shapes.API_KEY_CREATE)
    limits = Limits(**_limits(call, given))
    record, secret = api_keys.create_own(
        call.ctx,
        name=given.get("name"),
        team_key=given.get("team_key") or None,
        proposes=bool(given.get("proposes")),
        limits=limits,
    )
    return shapes.api_key(record, persons.of(call.ctx.actor), secret)


def get_key(call: Call) -> shapes.ApiKeyOut:
    """An API key of yours, or a TEAM key of a team that you own."""
    return _shown_key(call, api_keys.get_governed(call.ctx, call.path[0]))


def rotate_key(call: Call) -> shapes.ApiKeyOut:
    """Give an API key a new secret. Only this response contains the whole secret, `apiKey`.

    The previous secret stays valid for `overlap` milliseconds (default: a day), so that programs can change over
    without losing a request.
    """
    overlap = call.parse(shapes.API_KEY_ROTATE).get("overlap")
    record, secret = api_keys.rotate(call.ctx, call.path[0], overlap)
    return _shown_key(call, record, secret)


def _shown_key(call: Call, record: api_keys.ApiKey, secret: str | None = None) -> shapes.ApiKeyOut:
    return shapes.api_key(record, persons.by_key(call.ctx, [record.user_key])[record.user_key], secret)


def edit_key(call: Call) -> shapes.ApiKeyOut:
    """Change the name or the limits of the API key whose record has this `key`. Its secret stays the same, and the
    next request heeds the new limits."""
    given = call.parse(shapes.API_KEY_EDIT)
    changes: dict[str, Any] = {name: given[name] for name in ("name", "proposes") if name in given}
    record = api_keys.edit(call.ctx, call.path[0], {**changes, **_limits(call, given)})
    return _shown_key(call, record)


def _limits(call: Call, given: dict[str, Any]) -> dict[str, Any]:
    """The members of a key's limits that the request gives. The pipelines must be within the caller's reach."""
    found = shapes.key_limits(given)
    for key in found.get("pipelines", []):
        try:
            pipelines.get(call.ctx, key)
        except NotFound:
            raise Invalid("pipelineKeys", f"{key[:50]!r} is not the key of a pipeline that you can see") from None
    return found


def delete_key(call: Call) -> Success:
    """Revoke the API key whose record has this `key`: your own, or a TEAM key of a team that you own.

    It stops working immediately.
    """
    api_keys.revoke(call.ctx, call.path[0])
    return SUCCESS


def list_teams(call: Call) -> Results[team_shapes.TeamOut]:
    """Your teams, newest first."""
    limit, offset = call.page(1000)
    found = teams.list_own(call.ctx, limit=limit + 1, offset=offset)
    return Results([*_shown(call, found[:limit])], len(found) > limit)


def get_team(call: Call) -> team_shapes.TeamOut:
    """A team with its members."""
    return _shown(call, [teams.get(call.ctx, call.path[0])])[0]


def create_team(call: Call) -> team_shapes.TeamOut:
    """Create a team with these members and yourself. Unknown e-mail addresses are invited."""
    given = call.parse(team_shapes.TEAM_CREATE)
    team = team_settings.create(call.ctx, given.get("name", ""), given.get("members", []))
    return _shown(call, [team])[0]


def edit_team(call: Call) -> team_shapes.TeamOut:
    """Update a team. Only the members you send change; `members` replaces the whole list.

    A member who is not in the new list is removed, as by `leave`. For owners."""
    changes = team_shapes.team_changes(call.parse(team_shapes.TEAM_EDIT))
    team = team_settings.edit(call.ctx, call.path[0], changes)
    for name in TEAM_LISTS:
        if f"{name}_fields" in changes:
            team = custom_fields.replace(call.ctx, name, team.key, changes[f"{name}_fields"])
    if "members" in changes:
        # Last, because the caller may remove themselves.
        handovers.replace_members(call.ctx, team, changes["members"])
    return _shown(call, [team])[0]


def list_team_users(call: Call) -> Results[shapes.UserOut]:
    """The users of a team, including archived users."""
    limit, offset = call.page(1000)
    team = teams.get(call.ctx, call.path[0])
    found = teams.members(call.ctx, [team.key])[team.key]
    shown = [shapes.user(user) for _, user in found[offset : offset + limit]]
    return Results(shown, len(found) > offset + limit)


def _shown(call: Call, found: list[Team]) -> list[team_shapes.TeamOut]:
    keys = [team.key for team in found]
    members, who_share = teams.members(call.ctx, keys), sharing.members_who_share(call.ctx, keys)
    return [team_shapes.team(team, members[team.key], who_share) for team in found]
