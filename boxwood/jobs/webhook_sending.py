"""The call that tells a receiver of an event: whether it is made, what it carries, and what its answer means."""

from __future__ import annotations

from email.utils import parsedate_to_datetime

from ..core import cel
from ..core.events import Event
from ..core.webhooks.deliveries import DeliveryAttempt
from ..core.webhooks.delivery_queue import Taken
from ..core.webhooks.delivery_results import DeliveryResult
from ..core.webhooks.subscriptions import ASKED, NAMES, TOKEN
from ..lib import signing
from ..lib.cel import engine
from ..lib.outbound import Reply
from ..wire import payloads

KEPT_REPLY = 2048
KEPT_HEADERS = ("content-type", "date", "retry-after", "server", "location", "x-request-id")


def holds(condition: str, event: Event) -> bool | str:
    """Whether it does; why that cannot be told where it cannot."""
    data = {"event": NAMES[event.kind], "item": payloads.thing(event), "before": payloads.before(event)}
    try:
        return cel.holds(condition, ASKED, data)
    except engine.CelError as error:
        return str(error) or "nobody knows why"


def headers(taken: Taken, at: int, body: bytes) -> dict[str, str]:
    delivery, webhook = taken.delivery, taken.webhook
    given = payloads.headers(delivery) | signing.sign(webhook.secrets(at), delivery.key, at // 1000, body)
    given["X-Boxwood-Attempt"] = str(delivery.attempts)
    if webhook.token:
        given[TOKEN] = webhook.token
    return given


def judged(taken: Taken, at: int, reply: Reply) -> DeliveryResult:
    """Any 2xx is received; 410 ends the subscription; everything else is tried again."""
    attempt = DeliveryAttempt(
        taken.delivery.attempts,
        at,
        int(reply.ms),
        taken.webhook.target_url,
        status=reply.status,
        headers={name: value for name, value in reply.headers.items() if name in KEPT_HEADERS},
        reply=reply.body[:KEPT_REPLY].decode("utf-8", "replace").replace("\x00", "\ufffd"),
    )
    if 200 <= reply.status < 300:
        return DeliveryResult(taken, "done", attempt)
    if reply.status == 410 and not taken.delivery.test:
        return DeliveryResult(taken, "gone", attempt)
    return DeliveryResult(taken, "failed", attempt, retry_after(reply.headers.get("retry-after", ""), at))


def retry_after(text: str, now: int) -> int | None:
    """Milliseconds to wait, from seconds or a date."""
    if text.isascii() and text.isdigit():
        return int(text[:9]) * 1000
    try:
        return max(0, int(parsedate_to_datetime(text).timestamp() * 1000) - now)
    except (ValueError, TypeError, OverflowError):
        return None
