"""Reads a batch of mails of a folder: headers, what to do with each, the bodies of those to store, one transaction."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import msgspec

from ..core.activity.mail import dropbox, mailbox_queue, mailboxes, matching, progress
from ..core.activity.mail.mailbox_records import FolderRecord, MailboxRecord
from ..core.activity.mail.matching import REPORT, SKIP, Decision
from ..core.activity.mail.progress import GONE, Look
from ..core.activity.mail.records import DROPBOX, Mailbox
from ..db.engine import Db, Engine
from ..errors import Problem, Unavailable
from ..lib import imap, mail
from ..lib.blobs import Blobs
from ..lib.imap import Client, Fetched
from ..lib.mail import Mail
from . import large_mails, mail_bytes

log = logging.getLogger("boxwood.mailboxes")
BATCH = 200
"""Mails whose headers are looked at together."""
SLICE = 50
"""Mails of one transaction, so that other writes get in between."""
SLICE_BYTES = 8_000_000
"""Bytes of the mails that are downloaded together."""
LARGE = 25_000_000
"""Of larger mails only the text is downloaded."""


@dataclass(frozen=True)
class Reading:
    """What the jobs that read one mailbox share."""

    engine: Engine
    store: Blobs
    clock: Callable[[], int]
    worker: str
    mailbox: MailboxRecord


async def look_at(
    reading: Reading, client: Client, folder: FolderRecord, uids: Sequence[int], cursor: str, old_until: int
) -> list[str]:
    """Look at these mails of the opened folder, in their order, and move the cursor past them. Mail that the server
    received before `old_until` counts as old: it starts no automations. Returns the Message-IDs of stored mails."""
    stored: list[str] = []
    for at in range(0, len(uids), BATCH):
        batch = list(uids[at : at + BATCH])
        stored += await _settle_all(reading, client, folder, await _headers(reading, client, batch, old_until), cursor)
    return stored


async def store_chosen(
    reading: Reading, client: Client, folder: FolderRecord, chosen: dict[int, Decision], now: int
) -> list[str]:
    """Store the mails of the opened folder for which a user chose boxes. Returns their Message-IDs."""
    looks = await _headers(reading, client, sorted(chosen), now)
    decided = [
        msgspec.structs.replace(look, decision=chosen[look.uid]) if look.decision.reason != GONE else look
        for look in looks
    ]
    return await _settle_all(reading, client, folder, decided, progress.AGAIN)


async def answers_to_known(reading: Reading, client: Client, uids: list[int]) -> list[int]:
    """Those of the mails that belong to the conversation of a box by their Message-IDs alone."""
    by_uid = await asyncio.to_thread(_ids_by_uid, await client.fetch(imap.write_set(sorted(uids)), imap.IDS))
    wanted = {mail_id for ids in by_uid.values() for mail_id in ids}
    known = await reading.engine.read_soon(partial(_known, reading=reading, mail_ids=wanted))
    return [uid for uid in uids if known.intersection(by_uid.get(uid, ()))]


def _ids_by_uid(found: list[Fetched]) -> dict[int, list[str]]:
    return {each.uid: matching.ids_of(mail.parse_headers(raw)) for each in found for raw in each.bodies.values()}


def _known(db: Db, *, reading: Reading, mail_ids: set[str]) -> set[str]:
    ctx = mailboxes.acting(db, reading.mailbox, reading.clock())
    if ctx is None:
        raise progress.OwnerLeft(reading.mailbox.key)
    return matching.known_ids(ctx, reading.mailbox.team_key, mail_ids)


async def _headers(reading: Reading, client: Client, uids: list[int], old_until: int) -> list[Look]:
    """What to do with each of the mails, by its headers."""
    wanted = imap.write_set(uids)
    found = {each.uid: each for each in await client.fetch(wanted, *client.items_of_headers())}
    if missing := [uid for uid in uids if uid not in found or "HEADER" not in found[uid].bodies]:
        # Servers leave out mails that are just being moved, and, rarely, others: ask once more.
        again = await client.fetch(imap.write_set(missing), *client.items_of_headers())
        found |= {each.uid: each for each in again if "HEADER" in each.bodies}
    parsed = await asyncio.to_thread(_parse_headers, [found.get(uid) for uid in uids])
    readable = [(at, headers) for at, headers in enumerate(parsed) if isinstance(headers, Mail)]
    raw = [found[uids[at]].bodies["HEADER"] for at, _ in readable]
    decide = partial(_decide, reading=reading, headers=[it for _, it in readable], raw=raw)
    decisions = await reading.engine.read_soon(decide)
    by_position = {at: decision for (at, _), decision in zip(readable, decisions, strict=True)}
    looks = []
    for at, uid in enumerate(uids):
        fetched, headers = found.get(uid), parsed[at]
        box, decision = by_position.get(at, (reading.mailbox.mailbox, Decision(SKIP, GONE)))
        looks.append(
            Look(
                uid=uid,
                decision=decision,
                mailbox=box,
                size=fetched.size if fetched else 0,
                flags=fetched.flags if fetched else [],
                gmail_message_id=fetched.gmail_message_id if fetched else None,
                gmail_thread_id=fetched.gmail_thread_id if fetched else None,
                internal_date=fetched.internal_date if fetched else None,
                refusal=headers if isinstance(headers, str) else "",
                old=not fetched or fetched.internal_date is None or fetched.internal_date < old_until,
            )
        )
    return looks


def _parse_headers(found: list[Fetched | None]) -> list[Mail | str | None]:
    """The headers of each mail; a text is why they cannot be read, None that the mail is gone."""
    parsed: list[Mail | str | None] = []
    for fetched in found:
        try:
            headers = fetched.bodies.get("HEADER") if fetched else None
            parsed.append(None if headers is None else mail.parse_headers(headers))
        except mail.Unreadable as why:
            parsed.append(f"its headers: {why}")
    return parsed


def _decide(db: Db, *, reading: Reading, headers: list[Mail], raw: list[bytes]) -> list[tuple[Mailbox, Decision]]:
    ctx = mailboxes.acting(db, reading.mailbox, reading.clock())
    if ctx is None:
        raise progress.OwnerLeft(reading.mailbox.key)
    mailbox = reading.mailbox.mailbox
    if mailbox.kind != DROPBOX:
        return [(mailbox, decision) for decision in matching.decide(ctx, mailbox, headers)]
    found = []
    for each, bytes_ in zip(headers, raw, strict=True):
        aimed = msgspec.structs.replace(mailbox, pipeline_key=dropbox.pipeline_of(db, mailbox, each))
        decision = matching.decide(ctx, aimed, [each])[0]
        found.append((aimed, dropbox.checked(db, aimed, each, bytes_, decision)))
    return found


def _slices(looks: list[Look], mailbox: MailboxRecord) -> list[list[Look]]:
    """The looks in slices of few and small mails to store. Skipped mails cost nothing."""
    slices: list[list[Look]] = [[]]
    count = size = 0
    for look in looks:
        is_stored = not look.refusal and progress.wants(look.mailbox, look.decision)
        if is_stored and count and (count >= SLICE or size + look.size > SLICE_BYTES):
            slices.append([])
            count = size = 0
        slices[-1].append(look)
        count += is_stored
        size += look.size if is_stored else 0
    return [some for some in slices if some]


async def _settle_all(
    reading: Reading, client: Client, folder: FolderRecord, looks: list[Look], cursor: str
) -> list[str]:
    """Store what is to be stored of these mails, and count them. While a slice is stored, the next one is downloaded.
    Returns the Message-IDs of stored mails."""
    stored: list[str] = []
    following: asyncio.Task[list[Look]] | None = None
    slices = _slices(looks, reading.mailbox)
    try:
        for at, some in enumerate(slices):
            whole = await following if following else await _with_bodies(reading, client, some)
            following = None
            if at + 1 < len(slices):
                following = asyncio.create_task(_with_bodies(reading, client, slices[at + 1]))
            stored += await _settle(reading, folder, whole, cursor)
    finally:
        if following is not None:
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)
    return stored


async def _settle(reading: Reading, folder: FolderRecord, looks: list[Look], cursor: str) -> list[str]:
    settle = partial(
        progress.settle,
        mailbox=reading.mailbox,
        worker=reading.worker,
        folder=folder,
        cursor=cursor,
        now=reading.clock(),
    )
    try:
        return _ids_of_stored(looks, await reading.engine.write_soon(partial(settle, looks=looks)))
    except NOT_OF_THE_MAIL:
        raise
    except OUR_ERRORS:
        log.exception("a batch of mails could not be stored; each is tried alone", extra=_fields(reading, folder))
    stored: list[str] = []
    for look in looks:
        try:
            stored += _ids_of_stored([look], await reading.engine.write_soon(partial(settle, looks=[look])))
        except NOT_OF_THE_MAIL:
            raise
        except OUR_ERRORS as error:
            log.exception("a mail could not be stored", extra={**_fields(reading, folder), "uid": look.uid})
            reason = str(error) if isinstance(error, Problem) else "an error of this server, which is in its log"
            refused = msgspec.structs.replace(look, refusal=reason)
            await reading.engine.write_soon(partial(settle, looks=[refused]))
    return stored


def _ids_of_stored(looks: list[Look], outcomes: list[str]) -> list[str]:
    found = [look.mail for look, outcome in zip(looks, outcomes, strict=True) if outcome == "stored"]
    return [each.message_id for each in found if each is not None and each.message_id]


NOT_OF_THE_MAIL = (mailbox_queue.LeaseLost, progress.FolderChanged, progress.OwnerLeft, Unavailable)
"""Reasons for which nothing can be stored now. A full disk must not refuse the mail for ever."""
OUR_ERRORS = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    Problem,
    RuntimeError,
    TypeError,
    ValueError,
)
"""Errors of this program, of which one mail is the cause. Errors of the database are others: they end the session."""


def _fields(reading: Reading, folder: FolderRecord) -> dict[str, str]:
    return {"mailbox": reading.mailbox.key, "folder": folder.name}


# Bodies


async def _with_bodies(reading: Reading, client: Client, looks: list[Look]) -> list[Look]:
    wanted = [look for look in looks if not look.refusal and progress.wants(look.mailbox, look.decision)]
    if not wanted:
        return looks
    missing = {look.uid for look in wanted}
    small = [look.uid for look in wanted if look.size <= LARGE]
    raw: dict[int, bytes] = {}
    if small:
        for fetched in await client.fetch(imap.write_set(small), imap.WHOLE):
            if "" in fetched.bodies:
                raw[fetched.uid] = fetched.bodies[""]
    for look in wanted:
        if look.size > LARGE and (text := await large_mails.fetch(client, look.uid, look.size)):
            raw[look.uid] = text
    parsed = await asyncio.to_thread(mail_bytes.parse, raw)
    looks = await _reports_decided(reading, looks, parsed)
    is_wanted = {look.uid for look in looks if progress.wants(look.mailbox, look.decision)}
    readable = {uid: it for uid, it in parsed.items() if isinstance(it, Mail) and uid in is_wanted}
    prepared = await mail_bytes.store(reading.engine, reading.store, reading.clock(), raw, readable)
    whole = []
    for look in looks:
        found = parsed.get(look.uid)
        if isinstance(found, Mail):
            original, attached = prepared.get(look.uid, (None, []))
            look = msgspec.structs.replace(look, mail=found, raw=original, uploads=attached)
        elif isinstance(found, str):
            look = msgspec.structs.replace(look, refusal=found)
        elif look.uid in missing:
            look = msgspec.structs.replace(look, decision=Decision(SKIP, GONE))
        whole.append(look)
    return whole


async def _reports_decided(reading: Reading, looks: list[Look], parsed: dict[int, Mail | str]) -> list[Look]:
    """The looks with new decisions about mail that might have been a report of a mail server: its content says whether
    it is, and which message it is about. The others are not stored."""
    whole = {
        look.uid: found
        for look in looks
        if look.decision.reason == REPORT and isinstance(found := parsed.get(look.uid), Mail)
    }
    if not whole:
        return looks
    decide = partial(_decide, reading=reading, headers=list(whole.values()), raw=[b""] * len(whole))
    decisions = dict(zip(whole, await reading.engine.read_soon(decide), strict=True))
    return [
        msgspec.structs.replace(look, decision=decisions[look.uid][1]) if look.uid in decisions else look
        for look in looks
    ]
