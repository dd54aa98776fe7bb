"""Teams, their members and settings on the wire (spec 2.2)."""

from __future__ import annotations

from typing import Any

import msgspec

from ...core.records import (
    FIELD_TYPES,
    TEAM_LISTS,
    TEAM_ROLES,
    ListAccess,
    Team,
    TeamField,
    TeamMember,
    User,
)
from ..codec import Shape
from ..kinds import FLAG, KEY, NAME, TEXT, Kind, mapping, one_of, only, record, records
from . import options
from .base import Out, given
from .people import INVOICES


class TeamMemberOut(Out):
    user_key: str
    role: str
    invite_date: int
    invite_status: str
    display_name: str
    email: str
    full_name: str
    given_name: str
    user_type: str
    email_sharing: str
    image: str | None = None


class TeamFieldOut(Out, omit_defaults=False):
    key: str
    name: str
    type: str
    last_updated_timestamp: int
    default_value: str | msgspec.UnsetType = msgspec.UNSET
    last_default_value_updated_timestamp: int | msgspec.UnsetType = msgspec.UNSET
    dropdown_settings: options.DropdownSettings | msgspec.UnsetType = msgspec.UNSET
    tag_settings: options.TagSettings | msgspec.UnsetType = msgspec.UNSET


def team_field(field: TeamField) -> TeamFieldOut:
    dropdown, tags = options.settings(field.type, field.options)
    return TeamFieldOut(
        key=field.key,
        name=field.name,
        type=field.type,
        last_updated_timestamp=field.updated_at,
        default_value=given(field.default_value),
        last_default_value_updated_timestamp=given(field.default_updated_at),
        dropdown_settings=dropdown,
        tag_settings=tags,
    )


class TeamFieldSettings(Out, omit_defaults=False):
    fields: dict[str, TeamFieldOut]


class AccessEntryOut(Out, omit_defaults=False):
    """`isReadOnly` says whether the permission set allows to see only."""

    user_key: str
    permission_set_name: str
    is_read_only: bool


class AccessListOut(Out, omit_defaults=False):
    acl_entries: list[AccessEntryOut]
    default_permission_set_name: str | msgspec.UnsetType = msgspec.UNSET


class TeamOut(Out, omit_defaults=False):
    key: str
    creation_date: int
    creator: str
    name: str
    members: list[TeamMemberOut]
    sharing_restricted_to_team: bool
    automatically_approve_join_requests: bool
    automatically_send_invoice_emails: bool
    emails_to_send_invoice_to: list[str]
    last_saved_timestamp: int
    contact_org_list_permissions: dict[str, AccessListOut]
    contact_settings: TeamFieldSettings
    organization_settings: TeamFieldSettings
    mail_tracking: bool
    """Whether letters may count opens and clicks."""
    tracking_host: str
    """The host name in the links of letters; empty for that of the server."""


def team(team: Team, members: list[tuple[TeamMember, User]], who_share: set[tuple[str, str]]) -> TeamOut:
    """`who_share` are team and user of the members who share the mail of a mailbox."""
    settings = team.settings
    return TeamOut(
        key=team.key,
        creation_date=team.created_at,
        creator=team.creator_key,
        name=team.name,
        members=[_team_member(member, user, who_share) for member, user in members],
        sharing_restricted_to_team=settings.sharing_restricted_to_team,
        automatically_approve_join_requests=False,
        automatically_send_invoice_emails=False,
        emails_to_send_invoice_to=[],
        last_saved_timestamp=team.updated_at,
        contact_org_list_permissions={
            "contacts": _access_list(settings.contacts_access),
            "organizations": _access_list(settings.organizations_access),
        },
        contact_settings=TeamFieldSettings({field.key: team_field(field) for field in settings.contacts_fields}),
        organization_settings=TeamFieldSettings(
            {field.key: team_field(field) for field in settings.organizations_fields}
        ),
        mail_tracking=settings.mail_tracking,
        tracking_host=settings.tracking_host,
    )


def _team_member(member: TeamMember, user: User, who_share: set[tuple[str, str]]) -> TeamMemberOut:
    return TeamMemberOut(
        user_key=user.key,
        role=member.role,
        invite_date=member.invited_at,
        invite_status=member.invite_status,
        display_name=user.display_name,
        email=user.email,
        full_name=user.full_name,
        given_name=user.given_name,
        user_type=user.user_type,
        email_sharing="Existence" if (member.team_key, member.user_key) in who_share else "None",
        image=user.image,
    )


def _access_list(access: ListAccess) -> AccessListOut:
    entries = [
        AccessEntryOut(entry["userKey"], name, name.startswith("__view"))
        for entry in access.entries
        for name in [entry["permissionSetName"]]
    ]
    return AccessListOut(acl_entries=entries, default_permission_set_name=given(access.default_permission_set))


_SHARING = one_of("None", "Existence")
_NEW_MEMBER = Shape(
    "NewTeamMember",
    user_key=KEY,
    email=TEXT,
    role=one_of(*TEAM_ROLES),
    email_sharing=only(_SHARING, "None", "must be None: only members share the mail of their mailboxes"),
)
_MEMBER = Shape("TeamMemberEdit", user_key=KEY, email=TEXT, role=one_of(*TEAM_ROLES), email_sharing=_SHARING)
TEAM_CREATE = Shape("TeamCreate", required=("name", "members"), name=NAME, members=records(_NEW_MEMBER, bare="email"))
_ACCESS = Shape(
    "ListAccessEdit",
    default_permission_set=NAME,
    entries=records(Shape("ListAccessEntry", userKey=KEY, permissionSetName=NAME)),
    aliases={"defaultPermissionSetName": "default_permission_set", "aclEntries": "entries"},
)
_FIELD_MEMBERS: dict[str, Kind] = {
    "key": KEY,
    "name": NAME,
    "type": one_of(*FIELD_TYPES),
    "default_value": TEXT,
    **options.MEMBERS,
}
TEAM_FIELD_CREATE = Shape("TeamFieldCreate", _FIELD_MEMBERS, required=("name", "type"))
TEAM_FIELD_EDIT = Shape("TeamFieldEdit", _FIELD_MEMBERS, add_only=FLAG)
_FIELD_SETTINGS = Shape("TeamFieldSettingsEdit", fields=mapping(TEAM_FIELD_CREATE))
TEAM_EDIT = Shape(
    "TeamEdit",
    INVOICES,
    name=NAME,
    sharing_restricted_to_team=FLAG,
    automatically_approve_join_requests=only(FLAG, False, "cannot be true: users join a team by an invitation only"),
    members=records(_MEMBER),
    access_lists=mapping(_ACCESS),
    contact_settings=record(_FIELD_SETTINGS),
    organization_settings=record(_FIELD_SETTINGS),
    mail_tracking=FLAG,
    tracking_host=TEXT,
    aliases={"contactOrgListPermissions": "access_lists"},
    described={
        "mail_tracking": "true: letters whose authors ask for it count opens and clicks.",
        "tracking_host": "A host name of yours that leads to this server, for the links of letters.",
    },
)


def field_changes(read: dict[str, Any]) -> dict[str, Any]:
    """The members of a field for core, with the options as one list."""
    changes = {name: value for name, value in read.items() if name not in options.MEMBERS}
    changes["options"] = options.read(read)
    return changes


def team_changes(read: dict[str, Any]) -> dict[str, Any]:
    """The settings of the lists of contacts and organizations, under core's names."""
    changes = dict(read)
    lists = changes.pop("access_lists", {})
    changes |= {f"{name}_access": lists[name] or {} for name in TEAM_LISTS if name in lists}
    for name, settings in (("contacts", "contact_settings"), ("organizations", "organization_settings")):
        found = changes.pop(settings, {})
        if "fields" in found:
            changes[f"{name}_fields"] = {
                key: field_changes(field) for key, field in found["fields"].items() if field is not None
            }
    return changes
