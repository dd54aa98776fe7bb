"""The log of deliveries over HTTP, and sending again."""

from __future__ import annotations

from ..core.webhooks import deliveries, replays
from ..errors import Invalid
from ..wire import payloads
from ..wire.shapes import webhooks as shapes
from ..wire.shapes.lists import Results
from .http.call import Call


def list_of_webhook(call: Call) -> Results[shapes.DeliveryOut]:
    """What a subscription was sent or is to be, newest first, each with its last attempt."""
    limit, offset = call.page(100)
    state = call.text("state").upper()
    if state and state not in shapes.STATES:
        raise Invalid("state", f"is one of {', '.join(shapes.STATES)}")
    found = deliveries.list_for_webhook(
        call.ctx, call.path[0], state=shapes.STATES.get(state, ""), limit=limit + 1, offset=offset
    )
    return Results([shapes.delivery(delivery) for delivery in found[:limit]], len(found) > limit)


def get(call: Call) -> shapes.DeliveryOut:
    """A delivery with its request and every attempt."""
    delivery, webhook, event = deliveries.get(call.ctx, call.path[0])
    return shapes.whole_delivery(delivery, webhook, payloads.headers(delivery), payloads.body(event))


def resend(call: Call) -> shapes.DeliveryOut:
    """Send it once more, at once and under the same id."""
    return shapes.delivery(deliveries.resend(call.ctx, call.path[0]))


def test(call: Call) -> shapes.DeliveryOut:
    """Send the newest event this subscription could have been sent, or an empty list where there is none.

    It is tried once, under an id of its own and marked `X-Boxwood-Test`; look at the delivery for what came of it.
    """
    return shapes.delivery(replays.test(call.ctx, call.path[0]))


def replay(call: Call) -> shapes.ReplayOut:
    """Send again what happened in a span of time, under the ids it had, after everything else.

    At most 10,000 in one call: `nextFrom` says where to go on. `dryRun` only counts.
    """
    given = call.parse(shapes.REPLAY)
    return shapes.replay(
        replays.replay(
            call.ctx,
            call.path[0],
            since=given.get("since"),
            until=given.get("until"),
            which=given.get("which") or "all",
            only_count=bool(given.get("only_count")),
        )
    )


def cancel(call: Call) -> shapes.ReplayOut:
    """Drop what is still waiting of replays; `count` says how many deliveries that was."""
    return shapes.ReplayOut(replays.cancel(call.ctx, call.path[0]))
