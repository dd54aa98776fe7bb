"""The worker that sends letters through mailboxes. It sends the letters of a mailbox one after another.

A worker holds a lease on each letter that it works on. If it dies before a letter is marked as being handed over, the
letter is sent by another worker. After that it is not sent again (see `core/activity/sending/doubts`).
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
from collections.abc import AsyncIterator, Callable, Mapping
from email.errors import MessageError
from functools import partial

from ..core import stored_files
from ..core.activity.files import Upload
from ..core.activity.mail import access_tokens
from ..core.activity.mail.mailbox_records import MailboxRecord
from ..core.activity.sending import composing, doubts, handing, outgoing_files, tracking, unsubscribe
from ..core.activity.sending.checks import Stop, Wait
from ..core.activity.sending.handing import LetterLost
from ..core.activity.sending.letters import text_of
from ..core.activity.sending.records import CHANNEL, LetterRecord, OutgoingFile
from ..db.engine import Db, Engine
from ..lib import addresses, imap, mail, oauth, submission
from ..lib.address_rules import Refused, Rules
from ..lib.blobs import Blobs, StoreFailed, new_id
from ..lib.dialing import Dialer, Failed
from ..lib.oauth import Provider
from ..lib.secret_keys import KeyMissing, SecretKeys
from ..lib.submission import NotNow, Rejected
from .sent_copies import SentCopies

log = logging.getLogger("boxwood.sending")
LOOK_SECONDS = 2.0
RENEW_SECONDS = 15.0
AT_ONCE = 20
"""Letters that a worker takes at once."""
_UNREACHED = (Failed, imap.Refused, oauth.Failed, KeyMissing, Refused, NotNow, StoreFailed)


class SendingWorker:
    def __init__(
        self,
        engine: Engine,
        store: Blobs,
        keys: SecretKeys,
        providers: Mapping[str, Provider],
        dialer: Dialer,
        clock: Callable[[], int],
    ) -> None:
        self.engine = engine
        self.store = store
        self.keys = keys
        self.providers = providers
        self.dialer = dialer
        self.clock = clock
        self.name = os.urandom(6).hex()
        """Stored with every lease of this worker."""
        self._copies = SentCopies(engine, store, keys, providers, dialer, clock)
        self._tasks: dict[str, asyncio.Task[None]] = {}
        """By mailbox."""
        self._waiting: dict[str, int] = {}
        """Until when letters that rules send from a mailbox wait."""
        self._woken = asyncio.Event()

    async def run(self) -> None:
        """Send letters until this task is cancelled."""
        loop = asyncio.get_running_loop()

        def wake(_: list[str]) -> None:
            with contextlib.suppress(RuntimeError):  # the loop was closed
                loop.call_soon_threadsafe(self._woken.set)

        self.engine.listen(CHANNEL, wake)
        if self.engine.one_process:
            await self.engine.write_soon(handing.release_all)
        renewed = loop.time()
        try:
            while True:
                self._woken.clear()
                try:
                    if loop.time() - renewed >= RENEW_SECONDS:
                        busy = [*self._tasks]
                        await self.engine.write_soon(
                            partial(handing.renew, now=self.clock(), worker=self.name, mailboxes=busy)
                        )
                        renewed = loop.time()
                    await self._look()
                except Exception:
                    log.exception("letters could not be taken; the worker tries again")
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._woken.wait(), LOOK_SECONDS)
        finally:
            await self._stop()

    async def _stop(self) -> None:
        """Let letters that are being handed over come to their end."""
        await asyncio.gather(*self._tasks.values(), self._copies.stop(), return_exceptions=True)

    async def _look(self) -> None:
        now = self.clock()
        if await self.engine.read_soon(partial(doubts.any_dead, now=now)):
            await self.engine.write_soon(partial(doubts.find, now=now))
        await self._copies.look()
        if not await self.engine.read_soon(partial(handing.due, now=now)):
            return
        self._waiting = {key: until for key, until in self._waiting.items() if until > now}
        busy = [*self._tasks]
        claim = partial(handing.claim, now=now, worker=self.name, limit=AT_ONCE, waiting=[*self._waiting], without=busy)
        by_mailbox: dict[str, list[LetterRecord]] = {}
        for letter in await self.engine.write_soon(claim):
            by_mailbox.setdefault(letter.mailbox_key, []).append(letter)
        for key, found in by_mailbox.items():
            task = asyncio.create_task(self._send_all(found))
            self._tasks[key] = task
            task.add_done_callback(partial(self._ended, key))

    def _ended(self, key: str, task: asyncio.Task[None]) -> None:
        self._tasks.pop(key, None)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("letters were not sent; the worker tries again", exc_info=error)
        self._woken.set()

    async def _send_all(self, found: list[LetterRecord]) -> None:
        """Send letters of one mailbox over one connection."""
        connection = _Connection(self)
        left = list(found)
        try:
            while left:
                letter = left.pop(0)
                if not await self._send(letter, connection):
                    break
        finally:
            for letter in left:
                await self.engine.write_soon(partial(handing.release, letter=letter, worker=self.name))
            await connection.close()

    async def _send(self, letter: LetterRecord, connection: _Connection) -> bool:
        """Send a letter. After an unexpected error, the next letters of the mailbox do not wait for it."""
        try:
            return await self._try(letter, connection)
        except Exception as error:
            log.exception("an unexpected error ended the work on a letter", extra={"letter": letter.key})
            connection.abort()
            why = f"an error of the server: {type(error).__name__}: {error}"
            ended = partial(doubts.broke_off, key=letter.key, worker=self.name, why=why)
            await self._settle(lambda db: ended(db, now=self.clock()))
            return True

    async def _try(self, letter: LetterRecord, connection: _Connection) -> bool:
        """Send a letter, and store what became of it. Returns whether the next letter of the mailbox may follow."""
        now = self.clock()
        mailbox, verdict = await self.engine.write_soon(partial(handing.check, letter=letter, now=now))
        if isinstance(verdict, Stop) or mailbox is None:
            why = verdict.reason if isinstance(verdict, Stop) else "its mailbox was removed"
            await self._settle(partial(handing.failed, letter=letter, now=now, why=why, for_good=True))
            return True
        if isinstance(verdict, Wait):
            if verdict.of_mailbox:
                self._waiting[letter.mailbox_key] = verdict.until
            await self._settle(
                partial(
                    handing.wait,
                    letter=letter,
                    worker=self.name,
                    until=verdict.until,
                    why=verdict.why,
                    due_at=not verdict.of_mailbox,
                )
            )
            return not verdict.of_mailbox
        try:
            return await self._hand_over(letter, mailbox, connection)
        except LetterLost:
            connection.abort()
        except imap.LoginRefused as error:
            why = f"{mailbox.address}: the mail server refuses to sign in: {error}"
            await self._settle(
                partial(handing.failed, letter=letter, now=self.clock(), why=why, for_good=not letter.automatic)
            )
            connection.abort()
            return False
        except (Rejected, oauth.Refused, mail.Unreadable, MessageError, UnicodeError) as error:
            await self._settle(partial(handing.failed, letter=letter, now=self.clock(), why=str(error), for_good=True))
            log.warning("refused: %s", error, extra={"letter": letter.key})
        except _UNREACHED as error:
            why = access_tokens.KEY_LOST if isinstance(error, KeyMissing) else str(error)
            await self._settle(partial(handing.failed, letter=letter, now=self.clock(), why=why))
            log.warning("failed, to be tried again: %s", why, extra={"letter": letter.key})
            connection.abort()
            return False
        return True

    async def _hand_over(self, letter: LetterRecord, mailbox: MailboxRecord, connection: _Connection) -> bool:
        now = self.clock()
        files, html, text, headers = await self.engine.write_soon(partial(_parts, letter=letter))
        contents = await asyncio.to_thread(self._contents, files)
        compose = partial(composing.composed, letter, files=files, content=lambda file: contents[file.key], now=now)
        plain = text_of(letter)
        # The stored copy counts nothing, and its owner cannot unsubscribe the recipient by a button.
        clean = await asyncio.to_thread(compose, letter.html, plain, headers={})
        is_same = html == letter.html and text == plain and not headers
        raw = clean if is_same else await asyncio.to_thread(compose, html, text, headers=headers)
        parsed = await asyncio.to_thread(mail.parse, clean)
        session = await connection.open(mailbox)
        people = list(dict.fromkeys(addresses.in_ascii(person.email) for person in letter.people))
        refused = await session.begin(addresses.in_ascii(letter.sender.email), people)
        await session.text(raw)
        original = await self._stored(clean)
        uploads = [outgoing_files.as_upload(file) for file in composing.in_order(files)]
        handed = await self.engine.write_soon(
            lambda db: handing.begin(db, letter, self.name, self.clock(), parsed, original, uploads)
        )
        try:
            await session.end()
        except Failed as error:
            log.warning("in doubt: %s", error, extra={"letter": letter.key})
            await self._settle(lambda db: doubts.doubt(db, handed, self.clock()))
            connection.abort()
            return False
        note = "; ".join(f"{who}: {why}" for who, why in refused.items())[:1000]
        await self._settle(lambda db: handing.accepted(db, handed, self.clock(), note))
        log.info("sent", extra={"letter": letter.key, "attempts": letter.attempts})
        return True

    def _contents(self, files: list[OutgoingFile]) -> dict[str, bytes]:
        return {file.key: b"".join(self.store.read(file.blob)) for file in files}

    async def _stored(self, raw: bytes) -> Upload:
        blob = new_id()
        await self.engine.write_soon(lambda db: stored_files.announce(db, [blob], self.clock()))
        return Upload("message.eml", "message/rfc822", await asyncio.to_thread(self.store.write, [raw], blob))

    async def _settle(self, work: Callable[[Db], object]) -> None:
        await self.engine.write_soon(work)


class _Connection:
    """The connection of a mailbox to its mail server, opened when a letter needs it."""

    def __init__(self, worker: SendingWorker) -> None:
        self._worker = worker
        self._session: submission.Session | None = None

    async def open(self, mailbox: MailboxRecord) -> submission.Session:
        if self._session is None:
            worker, server = self._worker, mailbox.smtp
            assert server is not None
            login = await access_tokens.login(
                worker.engine, worker.keys, worker.providers, mailbox, "smtp", worker.clock
            )
            self._session = await submission.connect(worker.dialer, server.host, server.port, server.security, login)
        return self._session

    def abort(self) -> None:
        if self._session is not None:
            self._session.abort()
            self._session = None

    async def close(self) -> None:
        if self._session is not None:
            with contextlib.suppress(Failed):
                await self._session.quit()
            self._session = None


def _parts(db: Db, letter: LetterRecord) -> tuple[list[OutgoingFile], str, str, dict[str, str]]:
    """The files, the HTML and the text as they are sent, and further headers."""
    files = outgoing_files.stored_of(db, letter.key)
    html = tracking.prepared(db, letter, letter.html) if letter.html else ""
    return files, html, unsubscribe.with_line(db, letter, text_of(letter)), unsubscribe.headers(db, letter)


@contextlib.asynccontextmanager
async def running(
    engine: Engine,
    store: Blobs,
    keys: SecretKeys,
    providers: Mapping[str, Provider],
    rules: Rules,
    clock: Callable[[], int],
) -> AsyncIterator[SendingWorker]:
    """Send letters in this event loop until the block ends."""
    dialer = Dialer(rules)
    worker = SendingWorker(engine, store, keys, providers, dialer, clock)
    task = asyncio.create_task(worker.run())
    try:
        yield worker
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        dialer.close()
