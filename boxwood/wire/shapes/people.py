"""Users, teams and API keys on the wire (spec 1.3 and 2)."""

from __future__ import annotations

from typing import Any

import msgspec

from ...core.accounts.api_keys import ApiKey
from ...core.accounts.key_limits import NO_LIMITS
from ...core.records import (
    Person,
    User,
    scopes,
)
from ..codec import Shape
from ..kinds import (
    FLAG,
    INTEGER,
    KEY,
    MILLIS,
    NAME,
    NAMES,
    TEXT,
    Kind,
    clearable,
    only,
)
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
        emails_to_send_invoice_to=[],
        automatically_send_invoice_emails=False,
        wants_task_digest_email=user.settings.wants_task_digest,
        last_seen_timestamp=given(user.seen_at),
        timezone_id=given(user.timezone),
        google_profile_photo_url=given(user.image),
    )


NO_INVOICES = "cannot be set: Boxwood sends no invoices"
INVOICES: dict[str, Kind] = {
    "automatically_send_invoice_emails": only(FLAG, False, NO_INVOICES),
    "emails_to_send_invoice_to": only(NAMES, [], NO_INVOICES),
}
USER_EDIT = Shape(
    "UserEdit",
    INVOICES,
    timezone=NAME,
    given_name=NAME,
    family_name=NAME,
    customer_specified_invoice_data=only(TEXT, "", NO_INVOICES),
    wants_task_digest=FLAG,
    aliases={
        "timezoneId": "timezone",
        "firstName": "given_name",
        "lastName": "family_name",
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
