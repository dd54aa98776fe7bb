"""Records of teams, their members and settings."""

from __future__ import annotations

from typing import Any

import msgspec

from ...db.records import Table
from .field_options import Option

TEAM_ROLES = ("Member", "Owner", "PayerOnly", "ArchiveOnly")


TEAM_LISTS = ("contacts", "organizations")
"""The lists that a team has besides pipelines. Each has its own permissions and fields."""


class ListAccess(msgspec.Struct, frozen=True, omit_defaults=True):
    """The permissions for the team's contacts, or for its organizations."""

    default_permission_set: str | None = None
    entries: list[dict[str, Any]] = []


class TeamField(msgspec.Struct, frozen=True, omit_defaults=True):
    """A custom field of the team's contacts, or of its organizations. Its values are texts."""

    key: str
    name: str
    type: str
    options: list[Option] = []
    default_value: str | None = None
    default_updated_at: int | None = None
    updated_at: int = 0


class TeamSettings(msgspec.Struct, frozen=True, omit_defaults=True):
    """Settings of a team, with the permissions and fields of its contacts and organizations."""

    sharing_restricted_to_team: bool = False
    contacts_access: ListAccess = ListAccess()
    organizations_access: ListAccess = ListAccess()
    contacts_fields: list[TeamField] = []
    organizations_fields: list[TeamField] = []
    mail_tracking: bool = False
    """Whether letters may count opens and clicks. An owner turns it on."""
    tracking_host: str = ""
    """The host name in the links of letters; empty for that of the server."""


class Team(msgspec.Struct, frozen=True):
    """A team: the users who share pipelines, contacts and organizations."""

    key: str
    name: str
    creator_key: str
    settings: TeamSettings
    created_at: int
    updated_at: int


class TeamMember(msgspec.Struct, frozen=True):
    """A user's membership in a team."""

    team_key: str
    user_key: str
    role: str
    invite_status: str
    invited_at: int


class Membership(msgspec.Struct, frozen=True):
    """A membership as events store it: `key` is the user's key."""

    key: str
    team_key: str
    email: str
    role: str


TEAMS = Table("teams", Team)


TEAM_MEMBERS = Table("team_members", TeamMember)
