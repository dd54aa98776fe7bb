"""Send letters to the mail server as soon as they are committed, a few at a time."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable
from functools import partial

from ..core import mail_settings, outgoing_mail
from ..core.mail_settings import Settings
from ..core.outgoing_mail import Letter
from ..db.engine import Engine
from ..lib import smtp
from ..lib.secret_keys import KeyMissing, SecretKeys

log = logging.getLogger("boxwood.letters")
LOOK_EVERY = 10.0
AT_ONCE = 4


async def run(engine: Engine, keys: SecretKeys, clock: Callable[[], int]) -> None:
    woken = asyncio.Event()
    loop = asyncio.get_running_loop()

    def wake(_: list[str]) -> None:
        with contextlib.suppress(RuntimeError):  # the loop was closed
            loop.call_soon_threadsafe(woken.set)

    engine.listen(outgoing_mail.CHANNEL, wake)
    while True:
        woken.clear()
        more = 0
        try:
            more = await _finish(send_some(engine, keys, clock))
        except Exception:
            log.exception("letters were not sent; the job tries again")
        if not more:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(woken.wait(), LOOK_EVERY)


async def _finish(work: asyncio._CoroutineLike[int]) -> int:
    """Finish this work even when cancelled, so that the result of a letter in flight is stored."""
    task = asyncio.create_task(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.gather(task, return_exceptions=True)
        raise


async def send_some(engine: Engine, keys: SecretKeys, clock: Callable[[], int]) -> int:
    """Send a few due letters. Returns how many."""
    settings = await engine.read_soon(mail_settings.find)
    if not settings.smtp_url or not await engine.read_soon(partial(outgoing_mail.waiting, now=clock())):
        return 0
    taken = await engine.write_soon(partial(outgoing_mail.claim_due, now=clock(), limit=AT_ONCE))
    await asyncio.gather(*(_send(engine, keys, clock, settings, letter) for letter in taken))
    return len(taken)


async def _send(engine: Engine, keys: SecretKeys, clock: Callable[[], int], settings: Settings, letter: Letter) -> None:
    log_fields = {"letter": letter.key, "about": letter.about, "attempts": letter.attempts}
    try:
        server = smtp.read_url(mail_settings.full_url(keys, settings))
        reply = await asyncio.to_thread(smtp.send, server, outgoing_mail.to_send(letter, settings.sender))
        settle = partial(outgoing_mail.sent, letter=letter, now=clock(), note=reply)
        log.info("sent", extra=log_fields)
    except smtp.Refused as error:
        settle = partial(outgoing_mail.refused, letter=letter, now=clock(), why=str(error))
        log.error("refused: %s", error, extra=log_fields)
    except (smtp.Failed, KeyMissing, ValueError) as error:
        why = mail_settings.KEY_MISSING if isinstance(error, KeyMissing) else error
        settle = partial(outgoing_mail.failed, letter=letter, now=clock(), why=str(why))
        log.warning("failed, to be tried again: %s", why, extra=log_fields)
    await engine.write_soon(settle)
