"""Connected apps on the wire."""

from __future__ import annotations

from urllib.parse import urlsplit

import msgspec

from ...core.accounts import apps
from ...core.accounts.api_keys import ApiKey
from ...core.accounts.apps import AppRequest, Client
from ..codec import Shape
from ..kinds import KEY, TEXT, one_of
from .base import Out, given


class AppOut(Out, omit_defaults=False):
    """`access` is `read`, `propose` or `write`. Without `teamKey` the app reaches all teams of its user."""

    key: str
    name: str
    access: str
    creation_timestamp: int
    url: str | msgspec.UnsetType = msgspec.UNSET
    team_key: str | msgspec.UnsetType = msgspec.UNSET
    last_used_timestamp: int | msgspec.UnsetType = msgspec.UNSET


class AppRequestOut(Out, omit_defaults=False):
    """What an app asks for. `refusalUrl` is where the browser goes if the user refuses."""

    name: str
    redirect_host: str
    """The host, or the scheme of the program, to which the browser returns."""
    accesses: list[str]
    refusal_url: str
    url: str | msgspec.UnsetType = msgspec.UNSET


class AppAllowed(Out, omit_defaults=False):
    """`redirectUrl` is where the browser goes with the code."""

    app: AppOut
    redirect_url: str


def app(api_key: ApiKey, client: Client) -> AppOut:
    return AppOut(
        key=api_key.key,
        name=client.name,
        access=apps.access_of(api_key),
        creation_timestamp=api_key.created_at,
        url=given(client.uri or None),
        team_key=given(api_key.team_key),
        last_used_timestamp=given(api_key.used_at),
    )


def app_request(request: AppRequest, client: Client) -> AppRequestOut:
    url = urlsplit(request.redirect_uri)
    return AppRequestOut(
        name=client.name,
        redirect_host=url.netloc if url.scheme in ("http", "https") else f"{url.scheme}:",
        accesses=request.accesses,
        refusal_url=request.answered(error="access_denied"),
        url=given(client.uri or None),
    )


_REQUEST = {"request": TEXT}
_DESCRIBED = {"request": "The text after `#` in the address of the page to which the app sent the browser."}
APP_REQUEST = Shape("AppRequest", _REQUEST, required=("request",), described=_DESCRIBED)
APP_ALLOW = Shape(
    "AppAllow",
    _REQUEST,
    access=one_of(*apps.ACCESSES),
    team_key=KEY,
    required=("request", "access"),
    described={
        **_DESCRIBED,
        "access": "What the app may do: read, propose changes, or write. It must be one that the app asks for.",
        "team_key": "The only team within its reach; empty for all your teams.",
    },
)
