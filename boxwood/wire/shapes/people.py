"""Users, teams and API keys on the wire (spec 1.3 and 2)."""

from __future__ import annotations

from typing import Any

import msgspec

from ...core.keys import ApiKey
from ...core.teams import ROLES, ListAccess, Member, Team
from ...core.users import Person, User
from ..codec import Shape
from ..kinds import FLAG, KEY, NAME, NAMES, OBJECT, TEXT, mapping, nullable, one_of, record, records


class Out(msgspec.Struct, rename="camel", omit_defaults=True):
    """The base of what is answered: members that are null or absent are left out (spec 1.6)."""


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


def user(one: User) -> UserOut:
    return UserOut(
        key=one.key,
        user_key=one.key,
        email=one.email,
        lowercase_email=one.email,
        display_name=one.full_name,
        full_name=one.full_name,
        given_name=one.given_name,
        first_name=one.given_name,
        last_name=one.family_name,
        creation_timestamp=one.created_at,
        last_updated_timestamp=one.updated_at,
        last_saved_timestamp=one.updated_at,
        is_oauth_complete=not one.invited,
        user_type=one.user_type,
        emails_to_send_invoice_to=one.settings.emails_to_send_invoice_to,
        automatically_send_invoice_emails=one.settings.automatically_send_invoice_emails,
        wants_task_digest_email=one.settings.wants_task_digest,
        last_seen_timestamp=given(one.seen_at),
        timezone_id=given(one.timezone),
        customer_specified_invoice_data=given(one.settings.customer_invoice_data),
        google_profile_photo_url=given(one.image),
    )


def given(value: Any) -> Any:
    """The value, or nothing at all on the wire."""
    return msgspec.UNSET if value is None else value


USER_EDIT = Shape(
    "UserEdit",
    timezone=nullable(NAME),
    given_name=NAME,
    family_name=NAME,
    automatically_send_invoice_emails=FLAG,
    emails_to_send_invoice_to=NAMES,
    customer_invoice_data=nullable(TEXT),
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
    """A user as others see him (spec 2.1)."""

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
    """`apiKey` is the whole secret in the answer that made it; afterwards its beginning and dots."""

    key: str
    api_key: str
    creation_timestamp: int
    last_saved_timestamp: int
    key_type: str
    team_key: str | None = None
    name: str | None = None
    prefix: str | None = None
    last_used_timestamp: int | None = None


def api_key(one: ApiKey, secret: str | None = None) -> ApiKeyOut:
    return ApiKeyOut(
        key=one.key,
        api_key=secret or f"{one.prefix}…",
        creation_timestamp=one.created_at,
        last_saved_timestamp=one.updated_at,
        key_type=one.key_type,
        team_key=one.team_key,
        name=one.name,
        prefix=one.prefix,
        last_used_timestamp=one.used_at,
    )


API_KEY_CREATE = Shape("ApiKeyCreate", team_key=KEY, name=NAME)


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
    contact_settings: dict[str, Any]
    organization_settings: dict[str, Any]


def team(one: Team, members: list[tuple[Member, User]]) -> TeamOut:
    settings = one.settings
    return TeamOut(
        key=one.key,
        creation_date=one.created_at,
        creator=one.creator_key,
        name=one.name,
        members=[_team_member(member, user) for member, user in members],
        sharing_restricted_to_team=settings.sharing_restricted_to_team,
        automatically_approve_join_requests=settings.automatically_approve_join_requests,
        automatically_send_invoice_emails=settings.automatically_send_invoice_emails,
        emails_to_send_invoice_to=settings.emails_to_send_invoice_to,
        last_saved_timestamp=one.updated_at,
        contact_org_list_permissions={
            "contacts": _access_list(settings.contacts_access),
            "organizations": _access_list(settings.organizations_access),
        },
        contact_settings={"fields": {field["key"]: field for field in settings.contact_fields}},
        organization_settings={"fields": {field["key"]: field for field in settings.organization_fields}},
    )


def _team_member(member: Member, user: User) -> TeamMemberOut:
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


def _access_list(one: ListAccess) -> AccessListOut:
    return AccessListOut(acl_entries=one.entries, default_permission_set_name=given(one.default_permission_set))


_MEMBER = Shape(
    "TeamMemberEdit",
    user_key=KEY,
    email=TEXT,
    role=one_of(*ROLES),
    email_sharing=one_of("None", "Existence"),
)
TEAM_CREATE = Shape("TeamCreate", required=("name", "members"), name=NAME, members=records(_MEMBER, bare="email"))
_ACCESS = Shape(
    "ListAccessEdit",
    default_permission_set=nullable(NAME),
    entries=records(Shape("ListAccessEntry", userKey=KEY, permissionSetName=NAME, isReadOnly=FLAG)),
    aliases={"defaultPermissionSetName": "default_permission_set", "aclEntries": "entries"},
)
TEAM_EDIT = Shape(
    "TeamEdit",
    name=NAME,
    sharing_restricted_to_team=FLAG,
    automatically_approve_join_requests=FLAG,
    automatically_send_invoice_emails=FLAG,
    emails_to_send_invoice_to=NAMES,
    members=records(_MEMBER),
    access_lists=mapping(_ACCESS),
    contact_settings=record(Shape("TeamFieldsEdit", fields=OBJECT)),
    organization_settings=record(Shape("TeamFieldsEdit", fields=OBJECT)),
    aliases={"contactOrgListPermissions": "access_lists"},
)
