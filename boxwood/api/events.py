"""The event stream over HTTP: everything that happens in what the caller can access, in pages and live."""

from __future__ import annotations

from ..core import pipelines
from ..core.context import Ctx
from ..core.history import event_stream
from ..core.history.event_stream import Cursor
from ..wire import feed as wire
from .http.call import Call
from .http.live import Live, Update

PAGE = 100


def list_page(call: Call) -> wire.EventPage:
    """The events after the cursor `after`, oldest first.

    Store `cursor` and send it as `after` next time: no event is ever skipped. `after=now` returns only the current
    cursor. `previous` contains the values before the change.
    """
    limit = call.number("limit", PAGE, least=1, most=1000)
    after = _after(call, call.text("after"))
    page = event_stream.page(call.ctx, after, limit=limit, pipeline_key=_pipeline(call))
    shown = [wire.event(event, cursor) for event, cursor in page.events]
    return wire.EventPage(shown, str(page.cursor), page.more)


def stream(call: Call) -> Live:
    """The events as they happen, as server-sent events.

    The stream starts now, or after the cursor in `Last-Event-ID` or `after`. The EventSource of a browser sends
    `Last-Event-ID` itself when it reconnects.
    """
    pipeline_key = _pipeline(call)
    start = event_stream.confirmed(call.ctx, _after(call, call.header("last-event-id") or call.text("after") or "now"))

    def read(ctx: Ctx, place: str) -> Update:
        page = event_stream.page(ctx, event_stream.read_cursor(place, "after"), limit=PAGE, pipeline_key=pipeline_key)
        data = b"".join(wire.server_sent(event, cursor) for event, cursor in page.events)
        return Update(data, str(page.cursor), page.more)

    return Live(str(start), read, lambda place: wire.still_here(event_stream.read_cursor(place, "after")))


def _after(call: Call, text: str) -> Cursor:
    if text == "now":
        return event_stream.now(call.ctx)
    return event_stream.read_cursor(text, "after") if text else Cursor(0, 0)


def _pipeline(call: Call) -> str | None:
    key = call.text("pipelineKey")
    return pipelines.get(call.ctx, key).key if key else None
