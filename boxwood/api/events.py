"""Everything that happened within the caller's reach: by pages, and as it happens."""

from __future__ import annotations

from ..core import pipelines
from ..core.context import Ctx
from ..core.history import event_stream
from ..core.history.event_stream import Cursor
from ..wire import feed as wire
from .http.call import Call
from .http.live import Live, News

PAGE = 100


def list_page(call: Call) -> wire.EventPage:
    """What happened, oldest first, beginning behind `after`; `after=now` only tells where now is.

    Keep `cursor` and come back with it: nothing is ever skipped. `previous` holds what changed members were.
    """
    limit = call.number("limit", PAGE, least=1, most=1000)
    after = _after(call, call.text("after"))
    page = event_stream.page(call.ctx, after, limit=limit, pipeline_key=_pipeline(call))
    shown = [wire.event(event, cursor) for event, cursor in page.events]
    return wire.EventPage(shown, str(page.cursor), page.more)


def stream(call: Call) -> Live:
    """The same as server-sent events, as they happen.

    It begins now, or behind `Last-Event-ID` (or `after`), which a browser's EventSource sends by itself.
    """
    pipeline_key = _pipeline(call)
    start = _after(call, call.header("last-event-id") or call.text("after") or "now")

    def news(ctx: Ctx, place: str) -> News:
        page = event_stream.page(ctx, event_stream.read_cursor(place, "after"), limit=PAGE, pipeline_key=pipeline_key)
        told = b"".join(wire.server_sent(event, cursor) for event, cursor in page.events)
        return News(told, str(page.cursor), page.more)

    return Live(str(start), news, lambda place: wire.still_here(event_stream.read_cursor(place, "after")))


def _after(call: Call, text: str) -> Cursor:
    if text == "now":
        return event_stream.now(call.ctx)
    return event_stream.read_cursor(text, "after") if text else Cursor(0, 0)


def _pipeline(call: Call) -> str | None:
    key = call.text("pipelineKey")
    return pipelines.get(call.ctx, key).key if key else None
