"""Inbound webhooks on the wire."""

from __future__ import annotations

from typing import Any

import msgspec

from ...core.people.endpoint_quota import EndpointUse
from ...core.webhooks.inbound_endpoints import BY_HEADER, BY_PATH, METHODS, NONE, SHARED, SIGNATURES, Endpoint, Token
from ...core.webhooks.inbound_requests import Arrival
from ..codec import Shape
from ..inbound import SHOWN_BODY
from ..kinds import FLAG, INTEGER, LINES, NAME, TEXT, clearable, one_of
from .base import Out, given


class TokenOut(Out, omit_defaults=False):
    """`prefix` is the beginning of the token, by which its owner recognizes it."""

    key: str
    prefix: str
    creation_date: int
    end_date: int | msgspec.UnsetType = msgspec.UNSET


class InboundOut(Out, omit_defaults=False):
    """`url`, `token` and `secret` are only in the response to the request that created them."""

    key: str
    name: str
    method: str
    signature: str
    addresses: list[str]
    active: bool
    user_key: str
    creation_date: int
    last_saved_timestamp: int
    tokens: list[TokenOut]
    signature_header: str | msgspec.UnsetType = msgspec.UNSET
    repeat_header: str | msgspec.UnsetType = msgspec.UNSET
    repeat_path: str | msgspec.UnsetType = msgspec.UNSET
    condition: str | msgspec.UnsetType = msgspec.UNSET
    pipeline_key: str | msgspec.UnsetType = msgspec.UNSET
    team_key: str | msgspec.UnsetType = msgspec.UNSET
    previous_secret_until: int | msgspec.UnsetType = msgspec.UNSET
    url: str | msgspec.UnsetType = msgspec.UNSET
    token: str | msgspec.UnsetType = msgspec.UNSET
    secret: str | msgspec.UnsetType = msgspec.UNSET
    has_verify_token: bool | msgspec.UnsetType = msgspec.UNSET


def endpoint(
    endpoint: Endpoint, tokens: list[Token], *, secret: bool = False, token: str = "", base: str = ""
) -> InboundOut:
    return InboundOut(
        key=endpoint.key,
        name=endpoint.name,
        method=endpoint.method,
        signature=endpoint.signature,
        addresses=endpoint.addresses,
        active=endpoint.active,
        user_key=endpoint.user_key,
        creation_date=endpoint.created_at,
        last_saved_timestamp=endpoint.updated_at,
        tokens=[TokenOut(each.key, each.prefix, each.created_at, given(each.ends_at)) for each in tokens],
        signature_header=endpoint.signature_header if endpoint.signature == SHARED else msgspec.UNSET,
        repeat_header=endpoint.repeat_at if endpoint.repeat_by == BY_HEADER else msgspec.UNSET,
        repeat_path=endpoint.repeat_at if endpoint.repeat_by == BY_PATH else msgspec.UNSET,
        condition=endpoint.condition or msgspec.UNSET,
        pipeline_key=given(endpoint.pipeline_key),
        team_key=given(endpoint.team_key),
        previous_secret_until=given(endpoint.previous_until),
        url=f"{base}/hooks/{token}" if token else msgspec.UNSET,
        token=token or msgspec.UNSET,
        secret=given(endpoint.secret) if secret and endpoint.signature != NONE else msgspec.UNSET,
        has_verify_token=bool(endpoint.verify_digest) or msgspec.UNSET,
    )


_MEMBERS: dict[str, Any] = {
    "name": NAME,
    "method": one_of(*METHODS),
    "signature": one_of(*SIGNATURES),
    "signature_header": NAME,
    "secret": TEXT,
    "verify_token": clearable(TEXT),
    "addresses": LINES,
    "repeat_header": clearable(NAME),
    "repeat_path": clearable(NAME),
    "condition": clearable(TEXT),
}
_DESCRIBED = {
    "method": "The method it accepts. Other methods get 405.",
    "signature": "How senders prove who they are: STANDARD (Standard Webhooks), GITHUB (also Meta), STRIPE, SLACK, "
    "ZOOM, DROPBOX, or SHARED: the secret itself in a header.",
    "signature_header": "For SHARED: the header that contains the secret.",
    "secret": "Default: Boxwood creates a secret if possible, and returns it once.",
    "verify_token": "The verify token that you enter at Meta, for its check of the address. It is stored as a digest.",
    "addresses": "Accept requests only from these IP addresses and networks.",
    "repeat_header": "A request starts nothing if a request of the last 8 days had the same value of this header.",
    "repeat_path": "The same for a value in the body, such as data.id, or several values, as {{ type }}-{{ data.id }}.",
    "condition": "A CEL expression over method, query, headers and body, such as body.amount > 100.0. "
    "Other requests start nothing.",
}
INBOUND_CREATE = Shape("InboundCreate", _MEMBERS, described=_DESCRIBED)
INBOUND_EDIT = Shape("InboundEdit", _MEMBERS, active=FLAG, described=_DESCRIBED)
INBOUND_ROTATE = Shape(
    "InboundRotate",
    {"overlap": INTEGER},
    described={"overlap": "How long the previous tokens stay valid, in milliseconds. Default: one day."},
)


class ArrivalOut(Out, omit_defaults=False):
    """`verdict` is ACCEPTED, REPEATED, LEFT_OUT (by the condition), HANDSHAKE or REFUSED. Lists do not contain bodies.

    `reason` of a handshake is the service that asked."""

    key: str
    timestamp: int
    verdict: str
    method: str
    source: str
    size: int
    content_type: str
    run_keys: list[str]
    reason: str | msgspec.UnsetType = msgspec.UNSET
    repeats: str | msgspec.UnsetType = msgspec.UNSET
    repeated_id: str | msgspec.UnsetType = msgspec.UNSET
    query: dict[str, Any] | msgspec.UnsetType = msgspec.UNSET
    headers: dict[str, str] | msgspec.UnsetType = msgspec.UNSET
    body: str | msgspec.UnsetType = msgspec.UNSET
    truncated: bool | msgspec.UnsetType = msgspec.UNSET


def arrival(arrival: Arrival, *, whole: bool = False) -> ArrivalOut:
    """With `whole`, also the query, the first 64 KiB of the body, and the headers without secrets."""
    shown = ArrivalOut(
        key=arrival.key,
        timestamp=arrival.at,
        verdict=arrival.verdict,
        method=arrival.method,
        source=arrival.source,
        size=arrival.size,
        content_type=arrival.content_type,
        run_keys=arrival.runs,
        reason=arrival.reason if arrival.verdict in ("REFUSED", "LEFT_OUT", "HANDSHAKE") else msgspec.UNSET,
        repeats=arrival.reason if arrival.verdict == "REPEATED" else msgspec.UNSET,
        repeated_id=arrival.repeated_id or msgspec.UNSET,
    )
    if whole:
        cut = arrival.body.encode()[:SHOWN_BODY].decode("utf-8", "ignore")
        shown.query, shown.headers, shown.body = arrival.query, arrival.headers, cut
        shown.truncated = len(cut) < len(arrival.body) or arrival.size > SHOWN_BODY or msgspec.UNSET
    return shown


class UseOut(Out, omit_defaults=False):
    """`kind` is INBOUND_WEBHOOK or WEBHOOK_STEP. `key` is the key of the webhook or automation."""

    kind: str
    key: str
    name: str
    pipeline_key: str | msgspec.UnsetType = msgspec.UNSET


class AllowanceOut(Out, omit_defaults=False):
    """`allowance` is 0 if there is no limit. `used` counts all endpoints; `results` has those that you may see."""

    allowance: int
    used: int
    results: list[UseOut]


def allowance(uses: list[EndpointUse], used: int, most: int) -> AllowanceOut:
    shown = [UseOut(use.kind, use.key, use.name, given(use.pipeline_key)) for use in uses]
    return AllowanceOut(most, used, shown)
