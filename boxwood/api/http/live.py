"""Responses that continue until the client disconnects: server-sent events."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable

import msgspec
from starlette.types import Receive, Send

from ...core.context import Ctx
from ...db.engine import Db
from ...errors import Problem
from .call import Call
from .services import Services

log = logging.getLogger("boxwood.live")
STILL_HERE_EVERY = 15.0
# Seconds between two reads: events of this time are sent together.
PAUSE = 0.02
# If transactions commit in parallel, an event can become visible a moment after the signal of its commit.
LOOK_AGAIN = 0.5


class Update(msgspec.Struct, frozen=True):
    """The data to send, the position after it, and whether there is more to send immediately."""

    data: bytes
    place: str
    more: bool


class Live(msgspec.Struct, frozen=True):
    start: str
    read: Callable[[Ctx, str], Update]
    still_here: Callable[[str], bytes]


async def serve(api: Services, call: Call, live: Live, receive: Receive, send: Send) -> None:
    """Send updates until the client disconnects, the API key is revoked, or the server stops."""
    headers = [(b"content-type", b"text/event-stream"), (b"cache-control", b"no-store"), (b"x-accel-buffering", b"no")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": live.still_here(live.start), "more_body": True})
    with api.bells.listen() as bell:
        gone = asyncio.create_task(_until_gone(receive, bell))
        try:
            await _send_updates(api, call, live, bell, gone, send)
        except Problem:
            log.info("a listener may no longer listen", extra={"route": call.route.path})
        finally:
            gone.cancel()
    await send({"type": "http.response.body", "body": b""})


async def _send_updates(
    api: Services, call: Call, live: Live, bell: asyncio.Event, gone: asyncio.Task[None], send: Send
) -> None:
    place = live.start
    loop = asyncio.get_running_loop()
    wait = STILL_HERE_EVERY if api.engine.one_process else LOOK_AGAIN
    heard = loop.time()
    while not (gone.done() or api.bells.closing.is_set()):
        bell.clear()

        def look(db: Db, place: str = place) -> Update:
            return live.read(api.context(db, call), place)

        update = await api.engine.read_soon(look)
        place = update.place
        data = update.data
        if not data and loop.time() - heard >= STILL_HERE_EVERY:
            data = live.still_here(place)
        if data:
            # If transactions commit in parallel, the API key may have been revoked after the read began. Check it
            # again in a new transaction, because a read remembers the state at its beginning.
            await api.engine.read_soon(lambda db: api.context(db, call))
            heard = loop.time()
            await send({"type": "http.response.body", "body": data, "more_body": True})
        if not update.more:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(bell.wait(), wait)
            await asyncio.sleep(PAUSE)


async def _until_gone(receive: Receive, bell: asyncio.Event) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    bell.set()
