"""Puts a copy of each letter into the folder of sent mail, and looks there for letters in doubt."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from functools import partial

from ..core.activity.mail import access_tokens
from ..core.activity.mail.mailbox_records import MailboxRecord
from ..core.activity.sending import composing, copies
from ..core.activity.sending.records import LetterRecord
from ..db.engine import Engine
from ..lib import imap, oauth
from ..lib.address_rules import Refused
from ..lib.blobs import Blobs, StoreFailed
from ..lib.dialing import Dialer, Failed
from ..lib.oauth import Provider
from ..lib.secret_keys import KeyMissing, SecretKeys

log = logging.getLogger("boxwood.sending")
AT_ONCE = 50
_NAMES = ("sent", "sent items", "sent mail", "sent messages", "inbox.sent", "gesendet", "gesendete elemente")
_ERRORS = (Failed, Refused, imap.Refused, oauth.Failed, oauth.Refused, KeyMissing, StoreFailed)


class SentCopies:
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
        self._tasks: dict[str, asyncio.Task[None]] = {}

    async def look(self) -> None:
        """Begin with the mailboxes whose copies are due."""
        now = self.clock()
        due = await self.engine.read_soon(partial(copies.due, now=now, limit=AT_ONCE))
        for mailbox, letters in due:
            if mailbox.key not in self._tasks:
                taken = await self.engine.write_soon(partial(copies.claim, letters=letters, now=now))
                task = asyncio.create_task(self._work(mailbox, taken))
                self._tasks[mailbox.key] = task
                task.add_done_callback(partial(self._ended, mailbox.key))

    def _ended(self, key: str, task: asyncio.Task[None]) -> None:
        self._tasks.pop(key, None)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("copies of letters were not filed; the worker tries again", exc_info=error)

    async def stop(self) -> None:
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    async def _work(self, mailbox: MailboxRecord, letters: list[LetterRecord]) -> None:
        client: imap.Client | None = None
        try:
            login = await access_tokens.login(self.engine, self.keys, self.providers, mailbox, "imap", self.clock)
            server = mailbox.imap
            client = await imap.connect(self.dialer, server.host, server.port, server.security, login)
            folder = sent_folder(await client.folders())
            for letter in letters:
                found = folder is not None and await self._is_there(client, folder, letter)
                await self._settle(client, mailbox, folder, letter, found)
        except _ERRORS as error:
            log.warning("the folder of sent mail cannot be reached: %s", error, extra={"mailbox": mailbox.key})
            for letter in letters:
                await self.engine.write_soon(partial(copies.failed, letter=letter, now=self.clock()))
        finally:
            if client is not None:
                await client.close()

    async def _is_there(self, client: imap.Client, folder: str, letter: LetterRecord) -> bool:
        await client.examine(folder)
        return bool(await client.search_text(["Message-ID"], letter.message_id))

    async def _settle(
        self, client: imap.Client, mailbox: MailboxRecord, folder: str | None, letter: LetterRecord, found: bool
    ) -> None:
        if letter.state == "sent" and not found and folder is not None and not copies.files_itself(mailbox, letter):
            raw = await self.engine.read_soon(partial(copies.blob, letter=letter))
            if raw is not None:
                content = await asyncio.to_thread(lambda: b"".join(self.store.read(raw)))
                await client.append(folder, composing.with_bcc(content, letter.bcc), "\\Seen")
            found = True
        await self.engine.write_soon(
            partial(copies.looked, letter=letter, now=self.clock(), found=found, has_folder=folder is not None)
        )


def sent_folder(folders: list[imap.Folder]) -> str | None:
    """The folder of sent mail: the one that the server names so, or one with a usual name."""
    marked = next((folder.name for folder in folders if "\\sent" in folder.flags), None)
    return marked or next((folder.name for folder in folders if folder.name.lower() in _NAMES), None)
