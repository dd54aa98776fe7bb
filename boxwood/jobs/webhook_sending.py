"""Send one webhook delivery: check the subscription's condition, build the request, and judge the reply."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

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
"""Bodies of events that are kept in memory, because several endpoints get the same one."""


class Sender:
    """Sends deliveries to their endpoints."""

    def __init__(self, outbound: Outbound, clock: Callable[[], int]) -> None:
        self.outbound = outbound
        self.clock = clock
        self._bodies: dict[int, bytes] = {}

    async def send(self, taken: TakenDelivery) -> DeliveryResult:
        """Send this delivery unless the subscription's condition excludes it. Returns what happened."""
        at = self.clock()
        if taken.webhook.condition and not taken.delivery.test and taken.event is not None:
            holds = await asyncio.to_thread(condition_holds, taken.webhook.condition, taken.event)
            if isinstance(holds, str):
                return failed(taken, at, 0, f"not sent, as the condition cannot be judged: {holds}", "undecided")
            if not holds:
                return DeliveryResult(taken, "excluded")
        body = self._body(taken.event)
        began = time.perf_counter()
        try:
            reply = await self.outbound.send("POST", taken.webhook.target_url, headers(taken, at, body), body)
        except Unreachable as unreachable:
            return failed(taken, at, int((time.perf_counter() - began) * 1000), unreachable.reason)
        return judge(taken, at, reply)

    def _body(self, event: Event | None) -> bytes:
        if event is None:
            return payloads.EMPTY
        body = self._bodies.get(event.id)
        if body is None:
            if len(self._bodies) >= CACHED_BODIES:
                self._bodies.clear()
            body = self._bodies[event.id] = payloads.body(event)
        return body


def condition_holds(condition: str, event: Event) -> bool | str:
    """Whether the condition is true of this event; a text with the reason if it cannot be evaluated."""
    data = {"event": EVENT_NAMES[event.kind], "item": payloads.thing(event), "before": payloads.before(event)}
    try:
        return cel.holds(condition, CONDITION_NAMES, data)
    except engine.CelError as error:
        return str(error) or "the reason is not known"


def headers(taken: TakenDelivery, at: int, body: bytes) -> dict[str, str]:
    """The headers of an attempt, with the signatures of its body."""
    delivery, webhook = taken.delivery, taken.webhook
    given = payloads.headers(delivery) | signing.sign(webhook.secrets(at), delivery.key, at // 1000, body)
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
