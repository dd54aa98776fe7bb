"""The log of deliveries over HTTP, and sending again."""

from __future__ import annotations

from ..core.webhooks import deliveries, replays
from ..errors import Invalid
from ..wire import payloads
from ..wire.shapes import webhooks as shapes
from ..wire.shapes.lists import Results
from .http.call import Call


def list_of_webhook(call: Call) -> Results[shapes.DeliveryOut]:
    """The deliveries of a webhook subscription, newest first, each with its last attempt."""
    limit, offset = call.page(100)
    state = call.text("state").upper()
    if state and state not in shapes.STATES:
        raise Invalid("state", f"must be one of {', '.join(shapes.STATES)}")
    found = deliveries.list_for_webhook(
        call.ctx, call.path[0], state=shapes.STATES.get(state, ""), limit=limit + 1, offset=offset
    )
    return Results([shapes.delivery(delivery) for delivery in found[:limit]], len(found) > limit)


def get(call: Call) -> shapes.DeliveryOut:
    """A delivery with its request and every attempt."""
    delivery, webhook, event = deliveries.get(call.ctx, call.path[0])
    return shapes.whole_delivery(delivery, webhook, payloads.headers(delivery), payloads.body(event, webhook))


def resend(call: Call) -> shapes.DeliveryOut:
    """Send a delivery again immediately, with the same `webhook-id`."""
    return shapes.delivery(deliveries.resend(call.ctx, call.path[0]))


def test(call: Call) -> shapes.DeliveryOut:
    """Send a test: the newest event that matches the subscription, or an empty list if there is none.

    Boxwood tries once, with a new `webhook-id` and the header `X-Boxwood-Test`. Read the delivery for the result.
    """
    return shapes.delivery(replays.test(call.ctx, call.path[0]))


def replay(call: Call) -> shapes.ReplayOut:
    """Send the events of a period again, with the same `webhook-id`s, after all other deliveries.

    One call sends at most 10,000 events: if there are more, send `nextFrom` as `from`.
    """
    given = call.parse(shapes.REPLAY)
    return shapes.replay(
        replays.replay(
            call.ctx,
            call.path[0],
            since=given.get("since"),
            until=given.get("until"),
            which=given.get("which") or "all",
        )
    )


def cancel(call: Call) -> shapes.ReplayOut:
    """Cancel the deliveries of replays that still wait; `count` is how many those were."""
    return shapes.ReplayOut(replays.cancel(call.ctx, call.path[0]))
