"""Subscriptions on the wire (spec 5.1)."""

from __future__ import annotations

import msgspec

from ...core.events import key_of
from ...core.webhooks.deliveries import Delivery, DeliveryAttempt
from ...core.webhooks.replays import Replay
from ...core.webhooks.subscriptions import EVENTS, Webhook
from ..codec import Shape
from ..kinds import FLAG, KEY, MILLIS, NAMES, TEXT, Kind, nullable
from .base import Out, given


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
    condition: str | msgspec.UnsetType = msgspec.UNSET
    pipeline_key: str | msgspec.UnsetType = msgspec.UNSET
    team_key: str | msgspec.UnsetType = msgspec.UNSET
    secret: str | msgspec.UnsetType = msgspec.UNSET
    previous_secret_until: int | msgspec.UnsetType = msgspec.UNSET
    failing_since: int | msgspec.UnsetType = msgspec.UNSET
    off_reason: str | msgspec.UnsetType = msgspec.UNSET
    missed_from: int | msgspec.UnsetType = msgspec.UNSET
    missed_to: int | msgspec.UnsetType = msgspec.UNSET


def webhook(webhook: Webhook, *, secret: bool = False) -> WebhookOut:
    return WebhookOut(
        key=webhook.key,
        event=webhook.event,
        target_url=webhook.target_url,
        user_key=webhook.user_key,
        creation_date=webhook.created_at,
        last_saved_timestamp=webhook.updated_at,
        active=webhook.active,
        ordered=webhook.ordered,
        stages=webhook.stages,
        fields=webhook.fields,
        condition=webhook.condition or msgspec.UNSET,
        pipeline_key=given(webhook.pipeline_key),
        team_key=given(webhook.team_key),
        secret=webhook.secret if secret else msgspec.UNSET,
        previous_secret_until=given(webhook.previous_until),
        failing_since=given(webhook.failing_since),
        off_reason=given(webhook.off_reason),
        missed_from=given(webhook.off_at),
        missed_to=given(webhook.on_at),
    )


_EVENT = Kind(TEXT.read, {"type": "string", "enum": list(EVENTS)})
_MEMBERS: dict[str, Kind] = {
    "event": nullable(_EVENT),
    "target_url": nullable(TEXT),
    "token": nullable(TEXT),
    "stages": NAMES,
    "fields": NAMES,
    "condition": nullable(TEXT),
    "ordered": nullable(FLAG),
}
_SAID = {
    "token": "Sent along as X-Streak-Webhook-Token; never shown again.",
    "stages": "Only boxes in these stages.",
    "fields": "Of BOX_EDIT only those that changed one of these: keys of fields, or a box's members such as name.",
    "condition": "In CEL over event, item (as it is sent) and before, such as item.stageKey == '5002'.",
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


class AttemptOut(Out, omit_defaults=False):
    """`error` where there was no answer; the answer's first 2 KB where there was."""

    number: int
    timestamp: int
    duration: int
    target_url: str
    status: int | msgspec.UnsetType = msgspec.UNSET
    error: str | msgspec.UnsetType = msgspec.UNSET
    headers: dict[str, str] | msgspec.UnsetType = msgspec.UNSET
    body: str | msgspec.UnsetType = msgspec.UNSET


class RequestOut(Out, omit_defaults=False):
    """As it is sent, but for the time, the signature and the token."""

    method: str
    url: str
    headers: dict[str, str]
    body: str


class DeliveryOut(Out, omit_defaults=False):
    """`key` is the `webhook-id`, the same on every attempt."""

    key: str
    webhook_key: str
    event: str
    state: str
    attempt_count: int
    creation_timestamp: int
    next_attempt_timestamp: int | msgspec.UnsetType = msgspec.UNSET
    end_timestamp: int | msgspec.UnsetType = msgspec.UNSET
    newsfeed_item_key: str | msgspec.UnsetType = msgspec.UNSET
    test: bool | msgspec.UnsetType = msgspec.UNSET
    last_status: int | msgspec.UnsetType = msgspec.UNSET
    last_error: str | msgspec.UnsetType = msgspec.UNSET
    attempts: list[AttemptOut] | msgspec.UnsetType = msgspec.UNSET
    request: RequestOut | msgspec.UnsetType = msgspec.UNSET


STATES = {"WAITING": "due", "DELIVERED": "done", "DEAD": "dead", "CANCELLED": "cancelled"}
_SHOWN = {core: wire for wire, core in STATES.items()}


def delivery(delivery: Delivery) -> DeliveryOut:
    """As in a list: the last attempt alone."""
    last = delivery.log[-1] if delivery.log else None
    return DeliveryOut(
        key=delivery.key,
        webhook_key=delivery.webhook_key,
        event=delivery.event,
        state=_SHOWN[delivery.state],
        attempt_count=delivery.attempts,
        creation_timestamp=delivery.created_at,
        next_attempt_timestamp=delivery.due_at if delivery.state == "due" else msgspec.UNSET,
        end_timestamp=given(delivery.ended_at),
        newsfeed_item_key=key_of(delivery.event_id) if delivery.event_id else msgspec.UNSET,
        test=delivery.test or msgspec.UNSET,
        last_status=given(last.status if last else None),
        last_error=given(last.error if last else None),
    )


def whole_delivery(record: Delivery, hook: Webhook, headers: dict[str, str], body: bytes) -> DeliveryOut:
    shown = delivery(record)
    shown.attempts = [_attempt(each) for each in record.log]
    shown.request = RequestOut("POST", hook.target_url, headers, body.decode())
    return shown


def _attempt(attempt: DeliveryAttempt) -> AttemptOut:
    answered = attempt.status is not None
    return AttemptOut(
        number=attempt.number,
        timestamp=attempt.at,
        duration=attempt.ms,
        target_url=attempt.url,
        status=given(attempt.status),
        error=given(attempt.error),
        headers=attempt.headers if answered else msgspec.UNSET,
        body=attempt.reply if answered else msgspec.UNSET,
    )


REPLAY = Shape(
    "WebhookReplay",
    {"since": nullable(MILLIS), "until": nullable(MILLIS), "which": TEXT, "only_count": FLAG},
    aliases={"from": "since", "to": "until", "dryRun": "only_count"},
    described={
        "since": "Where the span begins; without it, what was missed while the subscription was off.",
        "which": "`all` (what happened, delivered or not) or `failed` (what no attempt brought there).",
        "only_count": "Count, and send nothing.",
    },
)


class ReplayOut(Out, omit_defaults=False):
    """`nextFrom` where the span holds more than one call sends."""

    count: int
    next_from: int | msgspec.UnsetType = msgspec.UNSET


def replay(replay: Replay) -> ReplayOut:
    return ReplayOut(replay.count, given(replay.next_from))
