"""Users, teams and API keys on the wire (spec 1.3 and 2)."""

from __future__ import annotations

from typing import Any

import msgspec

from ...core.accounts.api_keys import ApiKey
from ...core.accounts.key_limits import NO_LIMITS
from ...core.records import (
    FIELD_TYPES,
    TEAM_LISTS,
    TEAM_ROLES,
    ListAccess,
    Person,
    Team,
    TeamField,
    TeamMember,
    User,
    scopes,
)
from ..codec import Shape
from ..kinds import FLAG, INTEGER, KEY, MILLIS, NAME, NAMES, TEXT, Kind, clearable, mapping, one_of, record, records
from . import options
from .base import Out as Out
from .base import given as given


class UserOut(Out, omit_defaults=False):
    key: str
    user_key: str
    email: str
    lowercase_email: str
    display_name: str
    full_name: str
    given_name: str
    first_name: str
    last_name: str
    creation_timestamp: int
    last_updated_timestamp: int
    last_saved_timestamp: int
    is_oauth_complete: bool
    user_type: str
    emails_to_send_invoice_to: list[str]
    automatically_send_invoice_emails: bool
    wants_task_digest_email: bool
    last_seen_timestamp: int | msgspec.UnsetType = msgspec.UNSET
    timezone_id: str | msgspec.UnsetType = msgspec.UNSET
    customer_specified_invoice_data: str | msgspec.UnsetType = msgspec.UNSET
    google_profile_photo_url: str | msgspec.UnsetType = msgspec.UNSET


def user(user: User) -> UserOut:
    return UserOut(
        key=user.key,
        user_key=user.key,
        email=user.email,
        lowercase_email=user.email,
        display_name=user.full_name,
        full_name=user.full_name,
        given_name=user.given_name,
        first_name=user.given_name,
        last_name=user.family_name,
        creation_timestamp=user.created_at,
        last_updated_timestamp=user.updated_at,
        last_saved_timestamp=user.updated_at,
        is_oauth_complete=not user.invited,
        user_type=user.user_type,
        emails_to_send_invoice_to=user.settings.emails_to_send_invoice_to,
        automatically_send_invoice_emails=user.settings.automatically_send_invoice_emails,
        wants_task_digest_email=user.settings.wants_task_digest,
        last_seen_timestamp=given(user.seen_at),
        timezone_id=given(user.timezone),
        customer_specified_invoice_data=given(user.settings.customer_invoice_data),
        google_profile_photo_url=given(user.image),
    )


USER_EDIT = Shape(
    "UserEdit",
    timezone=NAME,
    given_name=NAME,
    family_name=NAME,
    automatically_send_invoice_emails=FLAG,
    emails_to_send_invoice_to=NAMES,
    customer_invoice_data=TEXT,
    wants_task_digest=FLAG,
    aliases={
        "timezoneId": "timezone",
        "firstName": "given_name",
        "lastName": "family_name",
        "customerSpecifiedInvoiceData": "customer_invoice_data",
        "wantsTaskDigestEmail": "wants_task_digest",
    },
)


class SharingEntry(Out):
    """A user as other users see them (spec 2.1)."""

    user_key: str
    email: str
    display_name: str
    full_name: str
    given_name: str = ""
    image: str | None = None


def sharing_entry(person: Person) -> SharingEntry:
    return SharingEntry(
        person.key, person.email, person.display_name, person.full_name, person.given_name, person.image
    )


class UserBrief(Out):
    user_key: str
    email: str
    display_name: str
    full_name: str
    given_name: str = ""
    avatar_url: str | None = None


def user_brief(person: Person) -> UserBrief:
    return UserBrief(person.key, person.email, person.display_name, person.full_name, person.given_name, person.image)


class ApiKeyOut(Out):
    """`apiKey` is the whole secret only in the response that created it. Later it is the beginning of the secret."""

    key: str
    api_key: str
    creation_timestamp: int
    last_saved_timestamp: int
    key_type: str
    user_key: str
    """The user who created the key, and for whom it acts."""
    creator: UserBrief
    scopes: list[str]
    """What it may do, as `noun:level`; empty for all that its user may do."""
    pipeline_keys: list[str]
    """The only pipelines within its reach; empty for all."""
    allowed_addresses: list[str]
    """The addresses and networks from which it may be used; empty for all."""
    allowed_origins: list[str]
    """The origins whose web pages may use it; empty for none."""
    team_key: str | None = None
    name: str | None = None
    prefix: str | None = None
    last_used_timestamp: int | None = None
    proposes: bool = False
    """Whether its writes become proposals."""
    expires_timestamp: int | None = None
    rate_limit: str | None = None
    """Its own rate limit, such as `10/s burst 50`."""
    previous_until_timestamp: int | None = None
    """Until when the secret before the last rotation is valid."""


def api_key(api_key: ApiKey, creator: Person, secret: str | None = None) -> ApiKeyOut:
    limits = api_key.limits or NO_LIMITS
    return ApiKeyOut(
        key=api_key.key,
        api_key=secret or f"{api_key.prefix}…",
        creation_timestamp=api_key.created_at,
        last_saved_timestamp=api_key.updated_at,
        key_type=api_key.key_type,
        user_key=api_key.user_key,
        creator=user_brief(creator),
        team_key=api_key.team_key,
        name=api_key.name,
        prefix=api_key.prefix,
        last_used_timestamp=api_key.used_at,
        proposes=api_key.proposes,
        scopes=scopes.texts(limits.levels),
        pipeline_keys=limits.pipelines,
        expires_timestamp=limits.expires_at,
        allowed_addresses=limits.addresses,
        allowed_origins=limits.origins,
        rate_limit=limits.rate or None,
        previous_until_timestamp=api_key.previous_until,
    )


_KEY_MEMBERS = {
    "name": clearable(NAME),
    "proposes": FLAG,
    "scopes": NAMES,
    "pipeline_keys": NAMES,
    "expires_timestamp": clearable(MILLIS),
    "allowed_addresses": NAMES,
    "allowed_origins": NAMES,
    "rate_limit": clearable(NAME),
}
_KEY_DESCRIBED = {
    "proposes": "The key may only propose: its writes wait until you approve them.",
    "scopes": "What the key may do, such as `boxes:write` and `*:read`; empty for all that you may do.",
    "pipeline_keys": "The only pipelines within its reach; empty for all.",
    "expires_timestamp": "The key stops working at this time.",
    "allowed_addresses": "Addresses and networks from which the key may be used; empty for all.",
    "allowed_origins": "Origins of web pages that may use the key, such as `https://app.example.com`; empty for none.",
    "rate_limit": "A rate limit of its own, such as `600/m` or `10/s burst 50`; empty for none.",
}
API_KEY_CREATE = Shape("ApiKeyCreate", {"team_key": KEY, **_KEY_MEMBERS}, described=_KEY_DESCRIBED)
API_KEY_EDIT = Shape("ApiKeyEdit", _KEY_MEMBERS, described=_KEY_DESCRIBED)


API_KEY_ROTATE = Shape(
    "ApiKeyRotate",
    {"overlap": INTEGER},
    described={"overlap": "How long the previous secret stays valid, in milliseconds. Default: one day."},
)


def key_limits(given: dict[str, Any]) -> dict[str, Any]:
    """The members of `Limits` that the request gives."""
    found: dict[str, Any] = {}
    if "scopes" in given:
        found["levels"] = scopes.read(given["scopes"] or [])
    if "pipeline_keys" in given:
        found["pipelines"] = list(dict.fromkeys(given["pipeline_keys"] or []))
    if "expires_timestamp" in given:
        found["expires_at"] = given["expires_timestamp"]
    if "allowed_addresses" in given:
        found["addresses"] = list(dict.fromkeys(given["allowed_addresses"] or []))
    if "allowed_origins" in given:
        stripped = [origin.strip().rstrip("/").lower() for origin in given["allowed_origins"] or []]
        found["origins"] = list(dict.fromkeys(stripped))
    if "rate_limit" in given:
        found["rate"] = (given["rate_limit"] or "").strip()
    return found


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


class AccessListOut(Out, omit_defaults=False):
    acl_entries: list[dict[str, Any]]
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


def team(team: Team, members: list[tuple[TeamMember, User]]) -> TeamOut:
    settings = team.settings
    return TeamOut(
        key=team.key,
        creation_date=team.created_at,
        creator=team.creator_key,
        name=team.name,
        members=[_team_member(member, user) for member, user in members],
        sharing_restricted_to_team=settings.sharing_restricted_to_team,
        automatically_approve_join_requests=settings.automatically_approve_join_requests,
        automatically_send_invoice_emails=settings.automatically_send_invoice_emails,
        emails_to_send_invoice_to=settings.emails_to_send_invoice_to,
        last_saved_timestamp=team.updated_at,
        contact_org_list_permissions={
            "contacts": _access_list(settings.contacts_access),
            "organizations": _access_list(settings.organizations_access),
        },
        contact_settings=TeamFieldSettings({field.key: team_field(field) for field in settings.contacts_fields}),
        organization_settings=TeamFieldSettings(
            {field.key: team_field(field) for field in settings.organizations_fields}
        ),
    )


def _team_member(member: TeamMember, user: User) -> TeamMemberOut:
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
        email_sharing=member.email_sharing,
        image=user.image,
    )


def _access_list(access: ListAccess) -> AccessListOut:
    return AccessListOut(acl_entries=access.entries, default_permission_set_name=given(access.default_permission_set))


_MEMBER = Shape(
    "TeamMemberEdit",
    user_key=KEY,
    email=TEXT,
    role=one_of(*TEAM_ROLES),
    email_sharing=one_of("None", "Existence"),
)
TEAM_CREATE = Shape("TeamCreate", required=("name", "members"), name=NAME, members=records(_MEMBER, bare="email"))
_ACCESS = Shape(
    "ListAccessEdit",
    default_permission_set=NAME,
    entries=records(Shape("ListAccessEntry", userKey=KEY, permissionSetName=NAME, isReadOnly=FLAG)),
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
    name=NAME,
    sharing_restricted_to_team=FLAG,
    automatically_approve_join_requests=FLAG,
    automatically_send_invoice_emails=FLAG,
    emails_to_send_invoice_to=NAMES,
    members=records(_MEMBER),
    access_lists=mapping(_ACCESS),
    contact_settings=record(_FIELD_SETTINGS),
    organization_settings=record(_FIELD_SETTINGS),
    aliases={"contactOrgListPermissions": "access_lists"},
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
