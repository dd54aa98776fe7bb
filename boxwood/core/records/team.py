"""Teams, their members and settings."""

from __future__ import annotations

from typing import Any

import msgspec

from ...db.records import Table
from .field_options import Option

TEAM_ROLES = ("Member", "Owner", "PayerOnly", "ArchiveOnly")


TEAM_LISTS = ("contacts", "organizations")
"""What a team has besides pipelines; each has permissions and fields of its own."""


class ListAccess(msgspec.Struct, frozen=True, omit_defaults=True):
    """Who may do what with the team's contacts, or its organizations."""

    default_permission_set: str | None = None
    entries: list[dict[str, Any]] = []


class TeamField(msgspec.Struct, frozen=True, omit_defaults=True):
    """A column that the team gives its contacts, or its organizations. Their values are texts."""

    key: str
    name: str
    type: str
    options: list[Option] = []
    default_value: str | None = None
    default_updated_at: int | None = None
    updated_at: int = 0


class TeamSettings(msgspec.Struct, frozen=True, omit_defaults=True):
    sharing_restricted_to_team: bool = False
    automatically_approve_join_requests: bool = False
    automatically_send_invoice_emails: bool = False
    emails_to_send_invoice_to: list[str] = []
    contacts_access: ListAccess = ListAccess()
    organizations_access: ListAccess = ListAccess()
    contacts_fields: list[TeamField] = []
    organizations_fields: list[TeamField] = []


class Team(msgspec.Struct, frozen=True):
    key: str
    name: str
    creator_key: str
    settings: TeamSettings
    created_at: int
    updated_at: int


class TeamMember(msgspec.Struct, frozen=True):
    team_key: str
    user_key: str
    role: str
    invite_status: str
    email_sharing: str
    invited_at: int


class Membership(msgspec.Struct, frozen=True):
    """What the log of events says of a member: `key` is the user's."""

    key: str
    team_key: str
    email: str
    role: str


TEAMS = Table("teams", Team)


TEAM_MEMBERS = Table("team_members", TeamMember)
