"""Answers that go on for as long as the caller listens."""

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
# Between two looks: what happens meanwhile is told together.
PAUSE = 0.02
# Where transactions commit side by side, an event can become visible a moment after its own commit was heard of.
LOOK_AGAIN = 0.5


class News(msgspec.Struct, frozen=True):
    """What to send, the place behind it, and whether there is more at once."""

    told: bytes
    place: str
    more: bool


class Live(msgspec.Struct, frozen=True):
    start: str
    news: Callable[[Ctx, str], News]
    still_here: Callable[[str], bytes]


async def serve(api: Services, call: Call, live: Live, receive: Receive, send: Send) -> None:
    """Until the caller goes, the key is revoked, or the server stops."""
    headers = [(b"content-type", b"text/event-stream"), (b"cache-control", b"no-store"), (b"x-accel-buffering", b"no")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": live.still_here(live.start), "more_body": True})
    with api.bells.one() as bell:
        gone = asyncio.create_task(_until_gone(receive, bell))
        try:
            await _tell(api, call, live, bell, gone, send)
        except Problem:
            log.info("a listener may no longer listen", extra={"route": call.route.path})
        finally:
            gone.cancel()
    await send({"type": "http.response.body", "body": b""})


async def _tell(
    api: Services, call: Call, live: Live, bell: asyncio.Event, gone: asyncio.Task[None], send: Send
) -> None:
    place = live.start
    loop = asyncio.get_running_loop()
    wait = STILL_HERE_EVERY if api.engine.one_process else LOOK_AGAIN
    heard = loop.time()
    while not (gone.done() or api.bells.closing.is_set()):
        bell.clear()

        def look(db: Db, place: str = place) -> News:
            return live.news(api.context(db, call), place)

        news = await api.engine.read_soon(look)
        place = news.place
        told = news.told
        if not told and loop.time() - heard >= STILL_HERE_EVERY:
            told = live.still_here(place)
        if told:
            # Where others commit between two statements, the key may be gone by the time of what is told: it is
            # looked at afresh, as what one reading remembers is of its beginning.
            await api.engine.read_soon(lambda db: api.context(db, call))
            heard = loop.time()
            await send({"type": "http.response.body", "body": told, "more_body": True})
        if not news.more:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(bell.wait(), wait)
            await asyncio.sleep(PAUSE)


async def _until_gone(receive: Receive, bell: asyncio.Event) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    bell.set()
