"""Send one webhook delivery: check the subscription's condition, build the request, and judge the reply."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import msgspec

from ..core import cel
from ..core.events import Event
from ..core.webhooks.deliveries import DeliveryAttempt
from ..core.webhooks.delivery_queue import TakenDelivery
from ..core.webhooks.delivery_results import DeliveryResult
from ..core.webhooks.subscriptions import CONDITION_NAMES, EVENT_NAMES, TOKEN_HEADER
from ..lib import signing
from ..lib.cel import engine
from ..lib.outbound import Outbound, Reply, Unreachable
from ..wire import payloads

STORED_REPLY_BYTES = 2048
STORED_HEADERS = ("content-type", "date", "retry-after", "server", "location", "x-request-id")
CACHED_BODIES = 256
"""JSON of events that is kept in memory, because several endpoints get the same."""


class Sender:
    """Sends deliveries to their endpoints."""

    def __init__(self, outbound: Outbound, clock: Callable[[], int]) -> None:
        self.outbound = outbound
        self.clock = clock
        self._parts: dict[tuple[int, str], bytes] = {}

    async def send(self, taken: TakenDelivery) -> list[DeliveryResult]:
        """Send the deliveries of a request, without those that the subscription's condition excludes. Returns what
        happened to each."""
        at = self.clock()
        results: list[DeliveryResult] = []
        sent = taken.batch
        if taken.webhook.condition:
            sent = []
            for each in taken.batch:
                if (result := await _excluded(each, at)) is not None:
                    results.append(result)
                else:
                    sent.append(each)
            if not sent:
                return results
        body = self._body(sent)
        began = time.perf_counter()
        try:
            reply = await self.outbound.send("POST", taken.webhook.target_url, headers(sent, at, body), body)
        except Unreachable as problem:
            ms, reason = int((time.perf_counter() - began) * 1000), problem.reason
            return _of_all([failed(each, at, ms, reason) for each in sent]) + results
        return _of_all([judge(each, at, reply) for each in sent]) + results

    def _body(self, sent: list[TakenDelivery]) -> bytes:
        parts = [self._part(each.event, each.webhook.payload) for each in sent if each.event is not None]
        return payloads.request(parts, sent[0].webhook) if parts else payloads.EMPTY

    def _part(self, event: Event, payload: str) -> bytes:
        part = self._parts.get((event.id, payload))
        if part is None:
            if len(self._parts) >= CACHED_BODIES:
                self._parts.clear()
            part = self._parts[event.id, payload] = payloads.part(event, payload)
        return part


def _of_all(results: list[DeliveryResult]) -> list[DeliveryResult]:
    """The results of one request. Only the first counts for the health of the endpoint."""
    return [result if at == 0 else msgspec.structs.replace(result, follows=True) for at, result in enumerate(results)]


async def _excluded(taken: TakenDelivery, at: int) -> DeliveryResult | None:
    """The result of a delivery that the condition excludes or that it cannot judge; None if it is to be sent."""
    if taken.delivery.test or taken.event is None:
        return None
    holds = await asyncio.to_thread(condition_holds, taken.webhook.condition, taken.event)
    if isinstance(holds, str):
        return failed(taken, at, 0, f"not sent, as the condition cannot be judged: {holds}", "undecided")
    return None if holds else DeliveryResult(taken, "excluded")


def condition_holds(condition: str, event: Event) -> bool | str:
    """Whether the condition is true of this event; a text with the reason if it cannot be evaluated."""
    data = {"event": EVENT_NAMES[event.kind], "item": payloads.thing(event), "before": payloads.previous(event)}
    try:
        return cel.holds(condition, CONDITION_NAMES, data)
    except engine.CelError as error:
        return str(error) or "the reason is not known"


def headers(sent: list[TakenDelivery], at: int, body: bytes) -> dict[str, str]:
    """The headers of an attempt, with the signatures of its body."""
    delivery, webhook = sent[0].delivery, sent[0].webhook
    given = payloads.headers(delivery, [each.delivery for each in sent[1:]])
    given |= signing.sign(webhook.secrets(at), delivery.batch or delivery.key, at // 1000, body)
    given["X-Boxwood-Attempt"] = str(delivery.attempts)
    if webhook.token:
        given[TOKEN_HEADER] = webhook.token
    return given


def judge(taken: TakenDelivery, at: int, reply: Reply) -> DeliveryResult:
    """What a reply means: any 2xx is a success, 410 ends the subscription, everything else is tried again."""
    attempt = DeliveryAttempt(
        taken.delivery.attempts,
        at,
        int(reply.ms),
        taken.webhook.target_url,
        status=reply.status,
        headers={name: value for name, value in reply.headers.items() if name in STORED_HEADERS},
        reply=reply.body[:STORED_REPLY_BYTES].decode("utf-8", "replace").replace("\x00", "\ufffd"),
    )
    if 200 <= reply.status < 300:
        return DeliveryResult(taken, "done", attempt)
    if reply.status == 410 and not taken.delivery.test:
        return DeliveryResult(taken, "gone", attempt)
    return DeliveryResult(taken, "failed", attempt, reply.retry_after(at))


def failed(taken: TakenDelivery, at: int, ms: int, error: str, verdict: str = "failed") -> DeliveryResult:
    """The result of an attempt that got no reply."""
    attempt = DeliveryAttempt(taken.delivery.attempts, at, ms, taken.webhook.target_url, error=error)
    return DeliveryResult(taken, verdict, attempt)
