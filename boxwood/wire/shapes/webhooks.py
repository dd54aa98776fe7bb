"""Subscriptions on the wire (spec 5.1)."""

from __future__ import annotations

import msgspec

from ...core.webhooks import EVENTS, Webhook
from ..codec import Shape
from ..kinds import FLAG, KEY, NAMES, TEXT, Kind, nullable
from .people import Out, given


class WebhookOut(Out, omit_defaults=False):
    """Neither `token` nor `secret` is shown again; `secret` only in the answer that made it."""

    key: str
    event: str
    target_url: str
    user_key: str
    creation_date: int
    last_saved_timestamp: int
    active: bool
    ordered: bool
    stages: list[str]
    fields: list[str]
    pipeline_key: str | msgspec.UnsetType = msgspec.UNSET
    team_key: str | msgspec.UnsetType = msgspec.UNSET
    secret: str | msgspec.UnsetType = msgspec.UNSET
    previous_secret_until: int | msgspec.UnsetType = msgspec.UNSET
    failing_since: int | msgspec.UnsetType = msgspec.UNSET
    off_reason: str | msgspec.UnsetType = msgspec.UNSET
    missed_from: int | msgspec.UnsetType = msgspec.UNSET
    missed_to: int | msgspec.UnsetType = msgspec.UNSET


def webhook(one: Webhook, *, secret: bool = False) -> WebhookOut:
    return WebhookOut(
        key=one.key,
        event=one.event,
        target_url=one.target_url,
        user_key=one.user_key,
        creation_date=one.created_at,
        last_saved_timestamp=one.updated_at,
        active=one.active,
        ordered=one.ordered,
        stages=one.stages,
        fields=one.fields,
        pipeline_key=given(one.pipeline_key),
        team_key=given(one.team_key),
        secret=one.secret if secret else msgspec.UNSET,
        previous_secret_until=given(one.previous_until),
        failing_since=given(one.failing_since),
        off_reason=given(one.off_reason),
        missed_from=given(one.off_at),
        missed_to=given(one.on_at),
    )


_EVENT = Kind(TEXT.read, {"type": "string", "enum": list(EVENTS)})
_MEMBERS: dict[str, Kind] = {
    "event": nullable(_EVENT),
    "target_url": nullable(TEXT),
    "token": nullable(TEXT),
    "stages": NAMES,
    "fields": NAMES,
    "ordered": nullable(FLAG),
}
_SAID = {
    "token": "Sent along as X-Streak-Webhook-Token; never shown again.",
    "stages": "Only boxes in these stages.",
    "fields": "Of BOX_EDIT only those that changed one of these: keys of fields, or a box's members such as name.",
    "ordered": "One delivery at a time, in order, waiting for one that fails.",
}
WEBHOOK_CREATE = Shape(
    "WebhookCreate",
    _MEMBERS,
    required=("event", "target_url"),
    pipeline_key=nullable(KEY),
    team_key=nullable(KEY),
    described=_SAID,
)
WEBHOOK_EDIT = Shape("WebhookEdit", _MEMBERS, active=FLAG, described=_SAID)
