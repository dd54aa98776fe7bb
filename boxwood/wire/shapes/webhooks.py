"""Subscriptions on the wire (spec 5.1)."""

from __future__ import annotations

import msgspec

from ...core.events import key_of
from ...core.webhooks.deliveries import Delivery, DeliveryAttempt
from ...core.webhooks.replays import Replay
from ...core.webhooks.subscriptions import EVENTS, FULL, LIST, Webhook
from ..codec import Shape
from ..kinds import FLAG, INTEGER, KEY, MILLIS, NAME, NAMES, TEXT, Kind, clearable, one_of
from .base import Out, given

SUBSCRIPTION, BOX = "SUBSCRIPTION", "BOX"


class WebhookOut(Out, omit_defaults=False):
    """`token` is never returned. `secret` is only in the response that created it."""

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
    events: list[str]
    """All events; `event` is the first."""
    payload: str
    order_by: str
    batch_size: int
    name: str | msgspec.UnsetType = msgspec.UNSET
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
        events=webhook.event_names,
        payload=webhook.payload,
        order_by=BOX if webhook.by_box else SUBSCRIPTION,
        batch_size=webhook.batch_size,
        name=webhook.name or msgspec.UNSET,
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
_ORDERS = one_of(SUBSCRIPTION, BOX)
_MEMBERS: dict[str, Kind] = {
    "event": _EVENT,
    "events": Kind(NAMES.read, {"type": "array", "items": _EVENT.schema}),
    "name": NAME,
    "payload": one_of(LIST, FULL),
    "by_box": Kind(lambda value: _ORDERS.read(value) == BOX, _ORDERS.schema),
    "batch_size": INTEGER,
    "target_url": TEXT,
    "token": TEXT,
    "stages": NAMES,
    "fields": NAMES,
    "condition": clearable(TEXT),
    "ordered": FLAG,
}
_DESCRIBED = {
    "token": "Sent in the header X-Streak-Webhook-Token. Never returned.",
    "stages": "Only boxes in these stages.",
    "fields": "For BOX_EDIT: only events that changed one of these: keys of fields, or members of a box such as name.",
    "condition": "A CEL expression over event, item (as it is sent) and before, such as item.stageKey == '5002'.",
    "ordered": "Send one delivery at a time, in order. A delivery that fails delays the next ones.",
    "events": "Several events, in place of `event`.",
    "payload": "`list`: Streak's list of changed things. `full`: an envelope that also says who changed what.",
    "by_box": "With `ordered`: SUBSCRIPTION for one order, BOX for an order in each box, beside other boxes.",
    "batch_size": "The most events in one request, up to 100. Above 1, an event waits up to a second for others.",
}
_ALIASES = {"orderBy": "by_box"}
WEBHOOK_CREATE = Shape(
    "WebhookCreate",
    _MEMBERS,
    required=("target_url",),
    aliases=_ALIASES,
    pipeline_key=KEY,
    team_key=KEY,
    described=_DESCRIBED,
)
WEBHOOK_EDIT = Shape("WebhookEdit", _MEMBERS, active=FLAG, aliases=_ALIASES, described=_DESCRIBED)


class AttemptOut(Out, omit_defaults=False):
    """`error` if there was no response. Otherwise the status, headers and first 2 KB of the response."""

    number: int
    timestamp: int
    duration: int
    target_url: str
    status: int | msgspec.UnsetType = msgspec.UNSET
    error: str | msgspec.UnsetType = msgspec.UNSET
    headers: dict[str, str] | msgspec.UnsetType = msgspec.UNSET
    body: str | msgspec.UnsetType = msgspec.UNSET


class RequestOut(Out, omit_defaults=False):
    """The request as it is sent, without the timestamp, the signature and the token."""

    method: str
    url: str
    headers: dict[str, str]
    body: str


class DeliveryOut(Out, omit_defaults=False):
    """`key` is the `webhook-id`, which is the same in all attempts."""

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
    batch: str | msgspec.UnsetType = msgspec.UNSET
    """The `webhook-id` of the request in which it is sent with others."""
    last_status: int | msgspec.UnsetType = msgspec.UNSET
    last_error: str | msgspec.UnsetType = msgspec.UNSET
    attempts: list[AttemptOut] | msgspec.UnsetType = msgspec.UNSET
    request: RequestOut | msgspec.UnsetType = msgspec.UNSET


STATES = {"WAITING": "due", "DELIVERED": "done", "DEAD": "dead", "CANCELLED": "cancelled"}
_SHOWN = {core: wire for wire, core in STATES.items()}


def delivery(delivery: Delivery) -> DeliveryOut:
    """The delivery as in a list, with only its last attempt."""
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
        batch=given(delivery.batch),
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
    {"since": MILLIS, "until": MILLIS, "which": TEXT},
    aliases={"from": "since", "to": "until"},
    described={
        "since": "The start of the period. Default: what was missed while the subscription was off.",
        "which": "`all` (all events, delivered or not) or `failed` (events that no attempt delivered).",
    },
)


class ReplayOut(Out, omit_defaults=False):
    """`nextFrom` is present if the period has more events than one call sends."""

    count: int
    next_from: int | msgspec.UnsetType = msgspec.UNSET


def replay(replay: Replay) -> ReplayOut:
    return ReplayOut(replay.count, given(replay.next_from))
