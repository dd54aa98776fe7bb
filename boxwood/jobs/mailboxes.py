"""The worker that reads mailboxes by IMAP, each in a task of its own.

A worker holds a lease on each of its mailboxes and renews all of them together. If a worker dies, its leases end within
a minute, and another worker continues where the stored cursors are.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import random
from collections.abc import AsyncIterator, Callable, Mapping
from functools import partial

from ..core.activity.mail import access_tokens, mail_searches, mailbox_looks, mailbox_queue, progress
from ..core.activity.mail.mailbox_records import CHANNEL, MailboxRecord
from ..db.engine import Db, Engine
from ..lib import imap, oauth
from ..lib.address_rules import Refused, Rules
from ..lib.blobs import Blobs
from ..lib.dialing import Dialer
from ..lib.oauth import Provider
from ..lib.secret_keys import KeyMissing, SecretKeys
from .mail_reading import Reading
from .mailbox_session import IDLE_SECONDS, OTHERS_SECONDS, Session

log = logging.getLogger("boxwood.mailboxes")
_RANDOM = random.Random()
POLL_SECONDS = 2.0
RENEW_SECONDS = 15.0
MOST_MAILBOXES = 2000
CLAIMED_AT_ONCE = 20
"""So that a start with many mailboxes does not sign in to all of them at the same moment."""


class MailboxWorker:
    def __init__(
        self,
        engine: Engine,
        store: Blobs,
        keys: SecretKeys,
        providers: Mapping[str, Provider],
        dialer: Dialer,
        clock: Callable[[], int],
        *,
        others_seconds: float = OTHERS_SECONDS,
        idle_seconds: float = IDLE_SECONDS,
    ) -> None:
        self.engine = engine
        self.store = store
        self.keys = keys
        self.providers = providers
        self.dialer = dialer
        self.clock = clock
        self.others_seconds = others_seconds
        self.idle_seconds = idle_seconds
        self.name = os.urandom(6).hex()
        """Stored with every lease of this worker."""
        self._tasks: dict[str, tuple[asyncio.Task[None], int]] = {}
        """The task of each mailbox, and when the mailbox was last changed by a user at its start."""
        self._sessions: dict[str, Session] = {}
        self._woken = asyncio.Event()

    async def run(self) -> None:
        """Read mailboxes until this task is cancelled."""
        loop = asyncio.get_running_loop()

        def wake(_: list[str]) -> None:
            with contextlib.suppress(RuntimeError):  # the loop was closed
                loop.call_soon_threadsafe(self._woken.set)

        self.engine.listen(CHANNEL, wake)
        self.engine.listen("mail_wanted", wake)
        if self.engine.one_process:
            await self.engine.write_soon(mailbox_queue.release_all)
        renewed = loop.time()
        try:
            while True:
                self._woken.clear()
                try:
                    if loop.time() - renewed >= RENEW_SECONDS:
                        await self._keep(await self.engine.write_soon(self._renew))
                        renewed = loop.time()
                    else:
                        await self._keep(await self.engine.read_soon(partial(mailbox_queue.held, worker=self.name)))
                    await self._claim()
                    for key in await self.engine.read_soon(mail_searches.searched):
                        if key in self._sessions:
                            self._sessions[key].interrupt()
                    for key in await self.engine.read_soon(mailbox_looks.wanted):
                        if key in self._sessions:
                            self._sessions[key].look()
                except Exception:
                    log.exception("mailboxes could not be claimed; the worker tries again")
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._woken.wait(), POLL_SECONDS)
        finally:
            await self._stop()

    def _renew(self, db: Db) -> dict[str, int]:
        return mailbox_queue.renew(db, self.clock(), self.name)

    async def _keep(self, held: dict[str, int]) -> None:
        """End the tasks of mailboxes that this worker may not read any longer, or that were changed."""
        ended = [key for key, (_, updated_at) in self._tasks.items() if held.get(key) != updated_at]
        for key in ended:
            task, _ = self._tasks.pop(key)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            await self.engine.write_soon(partial(mailbox_queue.release, worker=self.name, key=key))
            access_tokens.forget(key)

    async def _claim(self) -> None:
        free = min(CLAIMED_AT_ONCE, MOST_MAILBOXES - len(self._tasks))
        now = self.clock()
        if free <= 0 or not await self.engine.read_soon(partial(mailbox_queue.is_work_due, now=now)):
            return
        claim = partial(mailbox_queue.claim, now=now, worker=self.name, limit=free)
        for mailbox in await self.engine.write_soon(claim):
            if mailbox.key not in self._tasks:
                task = asyncio.create_task(self._read(mailbox))
                self._tasks[mailbox.key] = task, mailbox.updated_at
                task.add_done_callback(partial(self._ended, mailbox.key))
        self._woken.set()  # there may be more

    def _ended(self, key: str, task: asyncio.Task[None]) -> None:
        if self._tasks.get(key, (None, 0))[0] is task:
            del self._tasks[key]
        self._woken.set()

    async def _read(self, mailbox: MailboxRecord) -> None:
        """Read one mailbox, and store why that ended."""
        reading = Reading(self.engine, self.store, self.clock, self.name, mailbox)
        session = Session(
            reading,
            self.dialer,
            self.keys,
            self.providers,
            others_seconds=self.others_seconds,
            idle_seconds=self.idle_seconds,
        )
        fields = {"mailbox": mailbox.key}
        self._sessions[mailbox.key] = session
        try:
            await session.run()
        except (imap.LoginRefused, oauth.Refused) as why:
            access_tokens.forget(mailbox.key)
            await self._refuse(mailbox, f"the mail server refuses to sign in: {why}")
        except KeyMissing:
            await self._refuse(mailbox, access_tokens.KEY_LOST)
        except Refused as why:
            await self._refuse(mailbox, f"the mail server {why}")
        except mailbox_queue.LeaseLost:
            log.info("another worker reads the mailbox, or it was changed", extra=fields)
            await self.engine.write_soon(partial(mailbox_queue.release, worker=self.name, key=mailbox.key))
        except progress.OwnerLeft:
            await self.engine.write_soon(partial(mailbox_queue.owner_left, mailbox=mailbox, worker=self.name))
        except progress.FolderChanged:
            log.info("the server numbered a folder again", extra=fields)
            await self.engine.write_soon(partial(mailbox_queue.release, worker=self.name, key=mailbox.key))
        except (imap.Failed, imap.Refused, oauth.Failed, OSError, ValueError) as why:
            log.warning("reading failed, to be tried again: %s", why, extra=fields)
            await self._fail(mailbox, str(why))
        except Exception:
            log.exception("reading failed by an error of this server", extra=fields)
            await self._fail(mailbox, "an error of this server, which is in its log")
        finally:
            if self._sessions.get(mailbox.key) is session:
                del self._sessions[mailbox.key]

    async def _fail(self, mailbox: MailboxRecord, error: str) -> None:
        jitter = _RANDOM.uniform(0.8, 1.2)
        await self.engine.write_soon(
            lambda db: mailbox_queue.failed(db, mailbox, self.name, self.clock(), error, jitter)
        )

    async def _refuse(self, mailbox: MailboxRecord, error: str) -> None:
        await self.engine.write_soon(lambda db: mailbox_queue.refused(db, mailbox, self.name, self.clock(), error))

    async def _stop(self) -> None:
        tasks = [task for task, _ in self._tasks.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        with contextlib.suppress(Exception):
            await self.engine.write_soon(partial(mailbox_queue.release, worker=self.name))


@contextlib.asynccontextmanager
async def running(
    engine: Engine,
    store: Blobs,
    keys: SecretKeys,
    providers: Mapping[str, Provider],
    rules: Rules,
    clock: Callable[[], int],
) -> AsyncIterator[MailboxWorker]:
    """Read mailboxes in this event loop until the block ends."""
    dialer = Dialer(rules)
    worker = MailboxWorker(engine, store, keys, providers, dialer, clock)
    task = asyncio.create_task(worker.run())
    try:
        yield worker
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        dialer.close()
