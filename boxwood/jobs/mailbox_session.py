"""Reads one mailbox: new mail as soon as it arrives, and older mail, the newest first, over a second connection."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Mapping, Sequence
from functools import partial

from ..core.activity.mail import access_tokens, mail_searches, mailbox_queue, progress, suggestions
from ..core.activity.mail.mailbox_records import DELIVERIES, FolderRecord
from ..core.activity.mail.progress import AGAIN, DOWN, UP
from ..lib import imap
from ..lib.dialing import Dialer
from ..lib.durations import DAY, MINUTE
from ..lib.imap import Client, Folder
from ..lib.oauth import Provider
from ..lib.secret_keys import SecretKeys
from .mail_reading import BATCH, Reading, answers_to_known, look_at, store_chosen

log = logging.getLogger("boxwood.mailboxes")
IDLE_SECONDS = 540.0
"""Servers and routers on the way end connections that are silent for longer."""
OTHERS_SECONDS = 120.0
"""How often folders other than the first are looked at, and how often a server without IDLE is asked."""
CLOCKS_DIFFER = 10 * MINUTE
"""The clock of a mail server may differ from ours. Its times of arrival are whole seconds."""
LEFT_OUT = ("\\noselect", "\\nonexistent", "\\drafts", "\\trash", "\\junk")
ROLES = ("\\all", "\\inbox", "\\sent", "\\archive", "\\flagged")
SEARCHED = ("FROM", "TO", "CC", "REPLY-TO")
ANSWERING = ("REFERENCES", "IN-REPLY-TO")
MOST_ANSWERED = 20
"""Above so many found mails the Message-IDs of all skipped mail are looked at, in place of a search for each."""
ANSWERS_AT_ONCE = 1000


class Session:
    """The work on one mailbox while a worker has its lease. `run` ends only by an exception or by being cancelled."""

    def __init__(
        self,
        reading: Reading,
        dialer: Dialer,
        keys: SecretKeys,
        providers: Mapping[str, Provider],
        *,
        others_seconds: float = OTHERS_SECONDS,
        idle_seconds: float = IDLE_SECONDS,
    ) -> None:
        self.reading = reading
        self.dialer = dialer
        self.keys = keys
        self.providers = providers
        self.others_seconds = others_seconds
        self.idle_seconds = idle_seconds
        self.mailbox = reading.mailbox
        self._folders: list[Folder] = []
        self._older: asyncio.Task[None] | None = None
        self._client: Client | None = None
        self._others_due = 0.0
        """When the folders other than the first are looked at again, by the time of the event loop."""
        self._began = 0
        """When the last look for new mail began."""

    async def run(self) -> None:
        client = self._client = await self._connect()
        try:
            engine, clock = self.reading.engine, self.reading.clock
            await engine.write_soon(lambda db: mailbox_queue.connected(db, self.mailbox, self.reading.worker, clock()))
            self._folders = chosen(await client.folders())
            if not self._folders:
                raise imap.Failed("the mailbox has no folder that can be read")
            await self._watch(client)
        finally:
            await self._stop_older()
            client.connection.close()

    async def _connect(self) -> Client:
        server = self.mailbox.imap
        reading = self.reading
        login = await access_tokens.login(
            reading.engine, self.keys, self.providers, self.mailbox, "imap", reading.clock
        )
        client = await imap.connect(self.dialer, server.host, server.port, server.security, login)
        await client.enable("QRESYNC", "CONDSTORE")
        return client

    # New mail

    async def _watch(self, client: Client) -> None:
        """Look at new mail in all folders, then wait for more in the first."""
        first, others = self._folders[0], self._folders[1:]
        loop = asyncio.get_running_loop()
        await self._look_for_new(client, [first, *others])
        self._others_due = loop.time() + self.others_seconds
        while True:
            began = self._began = self.reading.clock()
            await self._look_for_new(client, [first])
            if others and loop.time() >= self._others_due:
                await self._look_for_new(client, await self._changed(client, others))
                self._others_due = loop.time() + self.others_seconds
            searched = await self._search(client)
            fetched = await self._fetch_chosen(client)
            if searched or fetched:
                # Both open folders. Mail that arrived before that is known to the connection: IDLE does not report it.
                continue
            await self._synced(began)
            self._read_older()
            if client.selected != first.name:
                await client.examine(first.name)
            # Mail that arrived before the folder was opened again is reported by its numbers, not by IDLE.
            await self._wait(client, max(1.0, self._others_due - loop.time()) if others else self.idle_seconds)
            if self._older is not None and self._older.done():
                self._older.result()

    async def _wait(self, client: Client, seconds: float) -> None:
        """Wait for a change of the opened folder. When all older mail is read, the state changes; when reading it
        fails, the session ends."""
        change = asyncio.create_task(self._wait_for_change(client, min(seconds, self.idle_seconds)))
        try:
            older = self._older
            if older is not None and not older.done():
                await asyncio.wait([change, older], return_when=asyncio.FIRST_COMPLETED)
                if older.done():
                    older.result()
                    await self._synced(self._began)
            await change
        finally:
            change.cancel()
            await asyncio.gather(change, return_exceptions=True)

    def look(self) -> None:
        """Look for new mail in all folders now, because something waits for it."""
        self._others_due = 0.0
        self.interrupt()

    def interrupt(self) -> None:
        """Look for work again: there are addresses to search for."""
        if self._client is not None:
            self._client.connection.interrupt()

    async def _wait_for_change(self, client: Client, seconds: float) -> None:
        if "IDLE" in client.capabilities:
            await client.idle(seconds)
        else:
            await asyncio.sleep(min(seconds, self.others_seconds))
            await client.noop()

    async def _changed(self, client: Client, folders: list[Folder]) -> list[Folder]:
        """Those of the folders in which something changed."""
        known = await self.reading.engine.read_soon(lambda db: progress.folders(db, self.mailbox.key))
        changed = []
        for folder in folders:
            with contextlib.suppress(imap.Refused):
                now, before = await client.status(folder.name), known.get(folder.name)
                same = before is not None and (before.uidvalidity, before.uidnext, before.modseq) == (
                    now.get("UIDVALIDITY"),
                    now.get("UIDNEXT"),
                    now.get("HIGHESTMODSEQ", before.modseq),
                )
                if not same or (before and self._is_compared_late(before)):
                    changed.append(folder)
        return changed

    async def _look_for_new(self, client: Client, folders: list[Folder]) -> None:
        for folder in folders:
            try:
                await self._look_into(client, folder)
            except imap.Refused as why:
                log.warning("a folder cannot be opened: %s", why, extra={"mailbox": self.mailbox.key})

    async def _look_into(self, client: Client, folder: Folder) -> None:
        engine, clock = self.reading.engine, self.reading.clock
        before = (await engine.read_soon(lambda db: progress.folders(db, self.mailbox.key))).get(folder.name)
        known = (before.uidvalidity, before.modseq or 0) if before else None
        selected = await client.examine(folder.name, known)
        uidnext = selected.uidnext or max(await client.search("ALL"), default=0) + 1
        opened = await engine.write_soon(
            lambda db: progress.open_folder(
                db,
                self.mailbox,
                self.reading.worker,
                folder.name,
                role_of(folder),
                selected.uidvalidity,
                uidnext,
                clock(),
            )
        )
        if before and opened.uidvalidity == before.uidvalidity:
            changed = [(each.uid, each.flags) for each in selected.changed]
            if not changed and opened.modseq and selected.modseq and selected.modseq > opened.modseq:
                changed = await self._flags_since(client, opened)
            if selected.vanished or changed:
                await engine.write_soon(lambda db: progress.vanished(db, opened, selected.vanished))
                await engine.write_soon(lambda db: progress.flagged(db, opened, changed))
        if uidnext > opened.up + 1:
            uids = [uid for uid in await client.search(f"UID {opened.up + 1}:*") if uid > opened.up]
            await look_at(self.reading, client, opened, uids, UP, self.mailbox.created_at - CLOCKS_DIFFER)
        await engine.write_soon(lambda db: progress.saw_folder(db, opened, clock(), selected.modseq, uidnext))
        if opened.filled and self._is_compared_late(opened):
            await self._compare(client, opened)

    async def _flags_since(self, client: Client, folder: FolderRecord) -> list[tuple[int, list[str]]]:
        """The flags that changed, from a server with CONDSTORE but without QRESYNC."""
        found = await client.fetch(f"1:{max(1, folder.up)}", "FLAGS", changed_since=folder.modseq)
        return [(each.uid, each.flags) for each in found]

    def _is_compared_late(self, folder: FolderRecord) -> bool:
        return folder.checked_at is None or self.reading.clock() - folder.checked_at >= DAY

    async def _compare(self, client: Client, folder: FolderRecord) -> None:
        """Compare the counts with the server."""
        uids, now = await client.search("ALL"), self.reading.clock()
        compare = partial(
            progress.compare, mailbox=self.mailbox, worker=self.reading.worker, folder=folder, uids=uids, now=now
        )
        if await self.reading.engine.write_soon(compare):
            log.warning(
                "the server has mails that were not looked at; the folder is read again",
                extra={"mailbox": self.mailbox.key, "folder": folder.name},
            )

    async def _synced(self, began: int) -> None:
        """Store that all mail was looked at that had arrived when this look began."""
        await self.reading.engine.write_soon(
            lambda db: mailbox_queue.synced(db, self.mailbox, self.reading.worker, began)
        )

    # Searches

    async def _search(self, client: Client) -> bool:
        """Look again at skipped mail of addresses that a contact gained. Returns whether there were any."""
        engine = self.reading.engine
        addresses = await engine.read_soon(lambda db: mail_searches.waiting(db, self.mailbox.key))
        if not addresses:
            return False
        if len(addresses) > mail_searches.MOST_SEARCHED:
            await self._walk_again()
        else:
            await self._store_answers(client, await self._search_for(client, SEARCHED, list(addresses)))
        await engine.write_soon(lambda db: mail_searches.done(db, self.mailbox.key, addresses))
        return True

    async def _walk_again(self) -> None:
        """Look at all mail again. A walk that goes on would move the cursors past mail that it looked at before."""
        await self._stop_older()
        await self.reading.engine.write_soon(lambda db: progress.walk_again(db, self.mailbox, self.reading.worker))

    async def _search_for(self, client: Client, fields: Sequence[str], texts: Sequence[str]) -> list[str]:
        """Look again at skipped mail with one of the texts in one of the header fields, in all folders. Returns the
        Message-IDs of mails that were stored."""
        known = await self.reading.engine.read_soon(lambda db: progress.folders(db, self.mailbox.key))
        stored: list[str] = []
        for folder in self._folders:
            if record := known.get(folder.name):
                with contextlib.suppress(imap.Refused):
                    stored += await self._search_in(client, record, fields, texts)
        return stored

    async def _search_in(
        self, client: Client, folder: FolderRecord, fields: Sequence[str], texts: Sequence[str]
    ) -> list[str]:
        selected = await client.examine(folder.name)
        if selected.uidvalidity != folder.uidvalidity:
            return []  # the folder will be read again
        found: set[int] = set()
        for text in texts:
            found |= set(await client.search_text(fields, text))
        found = {uid for uid in found if folder.down <= uid <= folder.up}
        found -= await self.reading.engine.read_soon(lambda db: progress.placed(db, folder, found))
        uids, now = sorted(found, reverse=True), self.reading.clock()
        return await look_at(self.reading, client, folder, uids, AGAIN, now)

    async def _store_answers(self, client: Client, mail_ids: list[str]) -> None:
        """Look again at skipped mail that answers these mails. A reply between colleagues belongs to the conversation
        by its Message-IDs alone, and was skipped if it was looked at before."""
        if len(mail_ids) > MOST_ANSWERED:
            await self._stop_older()
            await self.reading.engine.write_soon(lambda db: progress.look_for_answers(db, self.mailbox.key))
        elif mail_ids:
            await self._search_for(client, ANSWERING, mail_ids)

    async def _fetch_chosen(self, client: Client) -> bool:
        """Fetch the mails for which the owner chose boxes. Returns whether there were any."""
        engine = self.reading.engine
        wanted = await engine.read_soon(lambda db: suggestions.wanted(db, self.mailbox.key))
        known = await engine.read_soon(lambda db: progress.folders(db, self.mailbox.key)) if wanted else {}
        stored: list[str] = []
        for name in sorted({each.folder or "" for each in wanted}):
            folder, found = known.get(name), [each for each in wanted if each.folder == name]
            if folder is not None and (await client.examine(name)).uidvalidity == folder.uidvalidity:
                chosen = {
                    each.uid: suggestions.chosen(each)
                    for each in found
                    if each.uid is not None and each.uidvalidity == folder.uidvalidity
                }
                stored += await store_chosen(self.reading, client, folder, chosen, self.reading.clock())
            for each in found:
                await engine.write_soon(partial(suggestions.finish, suggestion=each))
        return bool(wanted)

    # Older mail

    def _read_older(self) -> None:
        if self._older is None or self._older.done():
            self._older = asyncio.create_task(self._read_all_older())

    async def _stop_older(self) -> None:
        if self._older is not None:
            self._older.cancel()
            await asyncio.gather(self._older, return_exceptions=True)
            self._older = None

    async def _read_all_older(self) -> None:
        """Read older mail of all folders over a connection of its own, which is closed at the end."""
        client: Client | None = None
        try:
            known = await self._known_folders()
            left = [folder.name for folder in self._folders if folder.name in known and not known[folder.name].filled]
            for name in left:
                client = client or await self._connect()
                await self._fill(client, known[name])
            for name, folder in (await self._known_folders()).items():
                if name in left and client is not None:
                    await self._join_answers(client, folder)
        finally:
            if client is not None:
                client.connection.close()

    async def _known_folders(self) -> dict[str, FolderRecord]:
        return await self.reading.engine.read_soon(lambda db: progress.folders(db, self.mailbox.key))

    async def _fill(self, client: Client, folder: FolderRecord) -> None:
        uids = [uid for uid in await self._all_in(client, folder) or () if uid < folder.down]
        while uids:
            batch = uids[-BATCH:]
            del uids[-BATCH:]
            before = client.connection.received
            await look_at(self.reading, client, folder, batch[::-1], DOWN, folder.fresh_from)
            await self._spend(client.connection.received - before)

    async def _all_in(self, client: Client, folder: FolderRecord) -> list[int] | None:
        """The UIDs of the folder, which is opened. None if it cannot be opened, or its mails were numbered again."""
        try:
            selected = await client.examine(folder.name)
        except imap.Refused:
            return None
        if selected.uidvalidity != folder.uidvalidity:
            return None
        return await client.search(f"SINCE {imap.imap_date(self.mailbox.since)}" if self.mailbox.since else "ALL")

    async def _join_answers(self, client: Client, folder: FolderRecord) -> None:
        """The last step after older mail of all folders was looked at, the newest first: skipped mail whose
        conversation became known only later is stored now."""
        uids = await self._all_in(client, folder)
        if uids is None:
            return
        engine = self.reading.engine
        looked = [uid for uid in uids if folder.down <= uid <= folder.up]
        placed = await engine.read_soon(lambda db: progress.placed(db, folder, looked))
        skipped = [uid for uid in looked if uid not in placed][::-1]
        for at in range(0, len(skipped), ANSWERS_AT_ONCE):
            before = client.connection.received
            found = await answers_to_known(self.reading, client, skipped[at : at + ANSWERS_AT_ONCE])
            await look_at(self.reading, client, folder, found, AGAIN, self.reading.clock())
            await self._spend(client.connection.received - before)
        await engine.write_soon(partial(progress.filled, folder=folder))

    async def _spend(self, count: int) -> None:
        """Wait until the next day if this day's bytes are used up."""
        now = self.reading.clock()
        left = await self.reading.engine.write_soon(
            partial(mailbox_queue.spend, mailbox=self.mailbox, now=now, count=count)
        )
        if left <= 0:
            log.info("older mail is read on tomorrow", extra={"mailbox": self.mailbox.key})
            await asyncio.sleep(mailbox_queue.next_day(now) / 1000)
            raise imap.Failed("the day's limit of older mail was reached; reading goes on")


def chosen(folders: list[Folder]) -> list[Folder]:
    """The folders to read; the first is the one that new mail arrives in. Gmail's folder of all mail has every mail
    once; other folders show the same mails."""
    readable = [folder for folder in folders if not folder.flags & set(LEFT_OUT) and folder.name != DELIVERIES]
    if everything := [folder for folder in readable if "\\all" in folder.flags]:
        return everything[:1]
    return sorted(readable, key=lambda folder: (folder.name.upper() != "INBOX", folder.name))


def role_of(folder: Folder) -> str:
    if folder.name.upper() == "INBOX":
        return "inbox"
    return next((role.removeprefix("\\") for role in ROLES if role in folder.flags), "")
