"""Reads the original bytes of stored mail again, after the reader of mail (`lib/mail`) has improved.

Keys stay: of mails, messages, conversations and files. No file is removed, because a file that an earlier reader found
may be one that users have. Nothing of this starts webhooks, automations or notifications.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from ....db.engine import Db
from ....lib.mail import VERSION, Address
from ... import boxes, search, stored_files
from ...context import Ctx
from ...records import USERS, Box, Pipeline
from .. import files, threads
from ..files import MailFile
from ..messages import ROWS, MessageRow
from . import storing
from .mails import MAIL_FILES, MAILS, MailRecord
from .readings import HEADERS, READ, Reading, Stored
from .records import PRIVATE

SLICE = 25
"""Mails of one transaction, so that other writes get in between."""
SLICE_BYTES = 8_000_000
"""Bytes of the originals of one transaction."""
_OF_EARLIER = "raw_blob IS NOT NULL AND (parser_version < :version OR :all AND parser_version = :version)"


def without_original(db: Db) -> int:
    """The number of mails whose original bytes are not stored."""
    row = db.row("SELECT COUNT(*) FROM mails WHERE raw_blob IS NULL")
    return row[0] if row else 0


def next_slice(db: Db, after: str, *, everything: bool) -> list[Stored]:
    """The next mails after this key that an earlier reader read; with `everything`, also those of today's reader. Empty
    at the end."""
    rows = db.rows(
        f"SELECT {MAILS.columns} FROM mails WHERE key > :after AND {_OF_EARLIER} ORDER BY key LIMIT {SLICE}",
        after=after,
        version=VERSION,
        all=everything,
    )
    found: list[MailRecord] = []
    size = 0
    for record in MAILS.load_all(rows):
        size += record.size or 0
        if found and size > SLICE_BYTES:
            break
        found.append(record)
    return _with_files(db, found)


def _with_files(db: Db, records: list[MailRecord]) -> list[Stored]:
    keys = db.texts(record.key for record in records)
    among = db.dialect.among("mail_key", "keys")
    its: dict[str, list[MailFile]] = {record.key: [] for record in records}
    rows = db.rows(f"SELECT {MAIL_FILES.columns} FROM mail_files WHERE {among} ORDER BY position", keys=keys)
    for file in MAIL_FILES.load_all(rows):
        its[file.mail_key].append(file)
    bcc: dict[str, list[list[Address]]] = {record.key: [] for record in records}
    rows = db.rows(f"SELECT mail_key, bcc FROM messages WHERE {among} AND bcc <> '[]' ORDER BY key", keys=keys)
    for key, people in rows:
        bcc[key].append(msgspec.json.decode(people, type=list[Address]))
    return [
        Stored(record, its[record.key], [] if its[record.key] else _others(db, record), bcc[record.key])
        for record in records
    ]


def _others(db: Db, record: MailRecord) -> list[MailFile]:
    rows = db.rows(
        """
        SELECT f.name, f.mime_type, f.size, f.blob, f.sha256 FROM files f JOIN messages m ON m.key = f.message_key
        WHERE m.mail_key = :mail AND f.blob IS NOT NULL AND f.sha256 IS NOT NULL ORDER BY f.created_at, f.key
        """,
        mail=record.key,
    )
    found: dict[str, MailFile] = {}
    for name, mime_type, size, blob, sha256 in rows:
        file = MailFile(
            mail_key=record.key,
            position=len(found),
            name=name,
            mime_type=mime_type,
            size=size,
            blob=blob,
            sha256=sha256,
            content_id=None,
            is_inline=False,
        )
        found.setdefault(sha256, file)
    return list(found.values())


# Storing


def save(db: Db, readings: list[Reading], now: int) -> list[str]:
    """Store the readings, whose added files are announced and stored. Returns the keys of mails that changed in the
    meantime, or that are in the trash: they stay as they are."""
    keys = [reading.record.key for reading in readings]
    saving = Saving(db, now, _lock(db, keys, now))
    current = {stored.record.key: stored for stored in _current(db, keys)}
    trashed = trashed_among(db, keys)
    left = []
    for reading in readings:
        key = reading.record.key
        if key in trashed or current.get(key) != reading.stored:
            for file in reading.added:
                stored_files.free(db, file.blob)
            left += [key] if key in current else []
            continue
        saving.save(reading)
    saving.finish()
    return left


def trashed_among(db: Db, keys: Iterable[str]) -> set[str]:
    """Those of the mails that the trash holds. A conversation is restored from the trash as it was."""
    among = db.dialect.among("mail_key", "keys")
    return {key for (key,) in db.rows(f"SELECT mail_key FROM trash_mails WHERE {among}", keys=db.texts(keys))}


def _lock(db: Db, keys: list[str], now: int) -> dict[str, Box]:
    """Lock the boxes that have the mails, then the mails: in the order in which others lock them."""
    among = db.dialect.among("mail_key", "keys")
    rows = db.rows(
        f"""
        SELECT {USERS.of("u")}, m.box_key FROM messages m JOIN users u ON u.key = m.creator_key WHERE {among}
        """,
        keys=db.texts(keys),
    )
    if not rows:
        return {}
    ctx = Ctx(db, now, USERS.load(rows[0]), silent=True)
    return {box.key: box for box in boxes.lock_many(ctx, sorted({row[-1] for row in rows}))}


def _current(db: Db, keys: list[str]) -> list[Stored]:
    among = db.dialect.among("key", "keys")
    sql = f"SELECT {MAILS.columns} FROM mails WHERE {among} ORDER BY key{db.for_update}"
    return _with_files(db, MAILS.load_all(db.rows(sql, keys=db.texts(keys))))


class Saving:
    """Stores readings in one transaction. Conversations and totals of boxes are computed once at the end: one
    conversation may have all mails of a slice."""

    def __init__(self, db: Db, now: int, locked: dict[str, Box]) -> None:
        self.db = db
        self.now = now
        self.boxes = locked
        self._changed: dict[str, Ctx] = {}
        """The boxes whose mail changed, by key."""
        self._threads: dict[str, Ctx] = {}
        """The conversations whose people, subjects or times changed, by key."""

    def save(self, reading: Reading) -> None:
        changed = reading.changed
        MAILS.update(self.db, reading.record, *[name for name in READ if name in changed], "parser_version")
        _save_identity(self.db, reading)
        if reading.files != reading.stored.files:
            _save_files(self.db, reading, self.now)
        for row, ctx in _messages(self.db, reading.record.key, self.now) if changed else ():
            self._save_message(ctx, reading, row)

    def _save_message(self, ctx: Ctx, reading: Reading, row: MessageRow) -> None:
        """Update what a box has of the mail."""
        box, pipeline = self._box(ctx, row.box_key)
        before, record = reading.stored.record, reading.record
        users = {person.email for person in boxes.readers(ctx, box, pipeline)} | _mailbox_addresses(ctx.db, record.key)
        changes: dict[str, Any] = {"sent_at": record.sent_at}
        if reading.bcc and row.bcc:
            changes["bcc"] = reading.bcc
        if before.sender.email != record.sender.email:
            changes["sent"] = record.sender.email in users
        after = msgspec.structs.replace(row, **changes)
        if after != row:
            ROWS.update(ctx.db, after, *changes)
        if reading.changed & {*HEADERS}:
            self._threads[row.thread_key] = ctx
        self._changed[box.key] = ctx
        search.reindex(ctx, search.MESSAGE, row.key)
        for each in reading.added:
            file = files.insert_of_mail(ctx, box, each, thread_key=row.thread_key, message_key=row.key)
            files.record_event(ctx, "file.added", file, box, pipeline)
        known = users | {person.email for person in _people(before, row.bcc)}
        found = dict.fromkeys(person.email for person in _people(record, after.bcc) if person.email not in known)
        if found and not _is_private(ctx, row):
            some = list(found)[: storing.MOST_ADDRESSES]
            self.boxes[box.key] = boxes.add_addresses(ctx, box, some, of_mail=True)

    def _box(self, ctx: Ctx, key: str) -> tuple[Box, Pipeline]:
        if key not in self.boxes:
            # The mail was added to this box after the boxes were locked.
            self.boxes |= {box.key: box for box in boxes.lock_many(ctx, [key])}
        return self.boxes[key], boxes.pipeline_of(ctx, self.boxes[key])

    def finish(self) -> None:
        for key, ctx in sorted(self._threads.items()):
            storing.refresh(ctx, key)
        for key, ctx in sorted(self._changed.items()):
            threads.save_totals(ctx, self.boxes[key], touched=False)


def _save_files(db: Db, reading: Reading, now: int) -> None:
    """Store the mail's list of files, and the new names and types of files on boxes."""
    for file in reading.added:
        stored_files.claim(db, file.blob, now)
    db.run("DELETE FROM mail_files WHERE mail_key = :key", key=reading.record.key)
    for file in reading.files:
        MAIL_FILES.insert(db, file)
    for old, new in reading.renamed:
        db.run(
            """
            UPDATE files SET name = :name, mime_type = :type WHERE blob = :blob AND name = :old
                AND message_key IN (SELECT key FROM messages WHERE mail_key = :mail)
            """,
            name=new.name,
            type=new.mime_type,
            blob=new.blob,
            old=old.name,
            mail=reading.record.key,
        )
        db.run("INSERT INTO search_chores (kind, key) SELECT 'file', key FROM files WHERE blob = :blob", blob=new.blob)


def _save_identity(db: Db, reading: Reading) -> None:
    """Store by which identity copies of the mail are recognized, unless another mail of the team has it."""
    if reading.identity == reading.record.identity:
        return
    sql = """
        UPDATE mails SET identity = :identity WHERE key = :key
            AND NOT EXISTS (SELECT 1 FROM mails o WHERE o.team_key = :team AND o.identity = :identity)
    """
    db.run(sql, identity=reading.identity, key=reading.record.key, team=reading.record.team_key)


def _messages(db: Db, mail_key: str, now: int) -> list[tuple[MessageRow, Ctx]]:
    """The messages of a mail, each with the context of the user who added it."""
    rows = db.rows(
        f"""
        SELECT {ROWS.of("m")}, {USERS.of("u")} FROM messages m JOIN users u ON u.key = m.creator_key
        WHERE m.mail_key = :mail ORDER BY m.box_key, m.key
        """,
        mail=mail_key,
    )
    return [(ROWS.load(row), Ctx(db, now, USERS.load(row[len(ROWS.names) :]), silent=True)) for row in rows]


def _mailbox_addresses(db: Db, mail_key: str) -> set[str]:
    """The addresses of the mailboxes that hold the mail."""
    rows = db.rows(
        """
        SELECT b.address, b.aliases FROM mailboxes b
        WHERE b.key IN (SELECT p.mailbox_key FROM mail_places p WHERE p.mail_key = :mail)
        """,
        mail=mail_key,
    )
    return {each for address, aliases in rows for each in [address, *msgspec.json.decode(aliases, type=list[str])]}


def _people(record: MailRecord, bcc: list[Address]) -> list[Address]:
    people = [record.sender, *record.reply_to, *record.recipients, *record.cc, *bcc]
    return [person for person in people if person.email]


def _is_private(ctx: Ctx, row: MessageRow) -> bool:
    sql = "SELECT 1 FROM thread_shares WHERE thread_key = :thread AND share = :share"
    return ctx.db.row(sql, thread=row.thread_key, share=PRIVATE) is not None
