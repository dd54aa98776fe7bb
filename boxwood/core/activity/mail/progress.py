"""How far a mailbox was read. Mails and the cursor are written in one transaction, so that a worker that dies anywhere
loses no mail and stores none twice.

A folder has two cursors: new mail is read upward from `up`, older mail downward from `down`. Every mail that was looked
at is stored, skipped (with a reason that is counted) or refused (with a reason of its own).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from itertools import groupby

import msgspec

from ....db.engine import Db
from ....db.records import Table
from ....lib.mail import Address, Mail
from ...context import Ctx
from ..files import Upload
from ..sending import bounces
from . import mailbox_queue, mailboxes, storing, suggestions
from .mailbox_records import DELIVERIES, FOLDERS, REFUSALS, FolderRecord, MailboxRecord, Refusal
from .matching import REPORT, STORE, SUGGEST, Decision
from .records import PERSONAL, Mailbox, Place

UP, DOWN, AGAIN = "up", "down", "again"
"""Which cursor moves: that of new mail, of older mail, or none, because skipped mail is looked at again."""
GONE = "gone"
"""The reason for a mail that was deleted before it could be read."""
HOLDS = "UPDATE mail_folders SET {} WHERE mailbox_key = :key AND name = :name AND uidvalidity = :uidvalidity"


class FolderChanged(Exception):
    """The server numbered the mails of the folder again (UIDVALIDITY)."""


class OwnerLeft(Exception):
    """The mailbox's user may not work in the team any longer."""


class PlaceRecord(msgspec.Struct, frozen=True):
    mailbox_key: str
    folder: str
    uidvalidity: int
    uid: int
    mail_key: str | None
    flags: list[str]
    bcc: list[Address]
    gmail_message_id: str | None
    gmail_thread_id: str | None
    internal_date: int | None


PLACES = Table("mail_places", PlaceRecord)


class Look(msgspec.Struct, frozen=True):
    """What a worker found out about a mail."""

    uid: int
    decision: Decision
    mailbox: Mailbox
    """A dropbox acts for the pipeline of each mail."""
    size: int = 0
    flags: list[str] = []
    gmail_message_id: str | None = None
    gmail_thread_id: str | None = None
    internal_date: int | None = None
    mail: Mail | None = None
    """The whole mail, if it is to be stored."""
    raw: Upload | None = None
    uploads: list[Upload] = []
    refusal: str = ""
    """Why it cannot be stored."""
    old: bool = False


# Folders


def folders(db: Db, mailbox_key: str) -> dict[str, FolderRecord]:
    return {folder.name: folder for folder in mailboxes.folders_of(db, mailbox_key)}


def open_folder(
    db: Db, mailbox: MailboxRecord, worker: str, name: str, role: str, uidvalidity: int, uidnext: int, now: int
) -> FolderRecord:
    """The folder as far as it was read. A folder whose mails were numbered again is read again: mails that are stored
    are recognized."""
    mailbox_queue.require(db, mailbox, worker)
    known = folders(db, mailbox.key).get(name)
    if known is not None and known.uidvalidity == uidvalidity:
        return known
    blank = FolderRecord(
        mailbox_key=mailbox.key,
        name=name,
        role=role,
        uidvalidity=uidvalidity,
        up=uidnext - 1,
        down=uidnext,
        filled=uidnext <= 1,
        uidnext=uidnext,
        fresh_from=mailbox.created_at if known is None else known.synced_at or known.fresh_from,
    )
    forget_folder(db, mailbox.key, name)
    FOLDERS.insert(db, blank)
    return blank


def forget_folder(db: Db, mailbox_key: str, name: str) -> None:
    for table, column in (("mail_places", "folder"), ("mail_refusals", "folder"), ("mail_folders", "name")):
        db.run(f"DELETE FROM {table} WHERE mailbox_key = :key AND {column} = :name", key=mailbox_key, name=name)


def walk_again(db: Db, mailbox: MailboxRecord, worker: str) -> None:
    """Look at all mail of the mailbox again, the newest first. Mail that was delivered here is not on its server."""
    mailbox_queue.require(db, mailbox, worker)
    db.run(
        f"""
        UPDATE mail_folders SET down = up + 1, filled = FALSE, looked = 0, stored = 0, skipped = 0, refused = 0,
            reasons = '{{}}', fresh_from = COALESCE(synced_at, fresh_from)
        WHERE mailbox_key = :key AND name <> '{DELIVERIES}'
        """,
        key=mailbox.key,
    )


def look_for_answers(db: Db, mailbox_key: str) -> None:
    """Let a worker look for skipped mail that belongs to conversations by now."""
    sql = f"UPDATE mail_folders SET filled = FALSE WHERE mailbox_key = :key AND name <> '{DELIVERIES}'"
    db.run(sql, key=mailbox_key)


def saw_folder(db: Db, folder: FolderRecord, now: int, modseq: int | None, uidnext: int | None) -> None:
    """All new mail of the folder was looked at."""
    sql = HOLDS.format("synced_at = :now, modseq = :modseq, uidnext = :uidnext")
    db.run(sql, **_names(folder), now=now, modseq=modseq, uidnext=uidnext)


def filled(db: Db, folder: FolderRecord) -> None:
    """All older mail of the folder was looked at."""
    db.run(HOLDS.format("filled = TRUE"), **_names(folder))


def _names(folder: FolderRecord) -> dict[str, str | int]:
    return {"key": folder.mailbox_key, "name": folder.name, "uidvalidity": folder.uidvalidity}


# Mails


def settle(
    db: Db, mailbox: MailboxRecord, worker: str, folder: FolderRecord, looks: list[Look], cursor: str, now: int
) -> list[str]:
    """Store what is to be stored, and move the cursor past these mails. Returns the outcome of each: `stored`,
    `refused`, or the reason for skipping it.

    Raises `LeaseLost`, `FolderChanged` or `OwnerLeft`, and stores nothing then.
    """
    mailbox_queue.require(db, mailbox, worker)
    ctx = mailboxes.acting(db, mailbox, now)
    if ctx is None:
        raise OwnerLeft(mailbox.key)
    outcomes = settle_mails(ctx, folder, looks)
    if cursor == AGAIN:
        _count_again(db, folder, outcomes)
    else:
        move(db, folder, [look.uid for look in looks], outcomes, cursor)
    return outcomes


def settle_mails(ctx: Ctx, folder: FolderRecord, looks: list[Look]) -> list[str]:
    """Store the mails that are to be stored. Returns the outcome of each."""
    outcomes: list[str] = []
    places: list[PlaceRecord] = []
    for is_old, some in groupby(looks, key=lambda look: look.old):
        batch = storing.Batch() if is_old else None
        outcomes += [_settle_mail(ctx, folder, look, batch, places) for look in some]
        if batch is not None:
            storing.count(ctx, batch)
    uids = [place.uid for place in places]
    suggestions.forget_place(ctx.db, folder.mailbox_key, folder.name, folder.uidvalidity, uids)
    ctx.db.many(_PLACE, [PLACES.params(place) for place in places])
    return outcomes


def _settle_mail(
    ctx: Ctx, folder: FolderRecord, look: Look, batch: storing.Batch | None, places: list[PlaceRecord]
) -> str:
    """Store a mail that is to be stored, and add its place to `places`. Returns its outcome."""
    if look.refusal:
        _refuse(ctx.db, folder, look, ctx.now)
        return "refused"
    place = Place(folder.mailbox_key, folder.name, folder.uidvalidity, look.uid, internal_date=look.internal_date)
    _notice_report(ctx, look)
    if look.mail is None or not _is_wanted(look):
        if look.decision.kind == SUGGEST:
            suggestions.add(ctx, look.mailbox, place, None, look.decision)
        return look.decision.reason
    if look.decision.change_key and not suggestions.is_chosen(ctx.db, place, look.decision.change_key):
        return "undone"
    was_placed = bool(look.decision.change_key and placed(ctx.db, folder, [look.uid]))
    stored = storing.store(
        ctx, look.mailbox, look.mail, look.raw, look.uploads, look.decision, old=look.old, batch=batch
    )
    if stored.mail_key is None:
        return "unreachable"
    if look.decision.kind == SUGGEST:
        suggestions.add(ctx, look.mailbox, place, stored.mail_key, look.decision)
    record = PlaceRecord(
        mailbox_key=folder.mailbox_key,
        folder=folder.name,
        uidvalidity=folder.uidvalidity,
        uid=look.uid,
        mail_key=stored.mail_key,
        flags=look.flags,
        bcc=look.mail.bcc,
        gmail_message_id=look.gmail_message_id,
        gmail_thread_id=look.gmail_thread_id,
        internal_date=look.internal_date,
    )
    places.append(record)
    return "stored again" if was_placed else "stored"


def _notice_report(ctx: Ctx, look: Look) -> None:
    """Store what a mail server reports about a letter, also if the report itself is not stored."""
    if look.mail is None or not (look.mail.delivery_status or look.mail.complaint):
        return
    silent, ctx.silent = ctx.silent, ctx.silent or look.old
    bounces.notice(ctx, look.mailbox.team_key, look.mail)
    ctx.silent = silent


_PLACE = f"""
    INSERT INTO mail_places ({PLACES.columns}) VALUES ({", ".join(f":{name}" for name in PLACES.names)})
    ON CONFLICT (mailbox_key, folder, uidvalidity, uid) DO UPDATE SET mail_key = excluded.mail_key
"""


def _is_wanted(look: Look) -> bool:
    return wants(look.mailbox, look.decision)


def wants(mailbox: Mailbox, decision: Decision) -> bool:
    """Whether the whole mail is read. Mailboxes of the team store all mail, except that of blocked senders."""
    return (
        decision.reason == REPORT
        or decision.kind == STORE
        or (mailbox.kind != PERSONAL and decision.reason != "blocked")
    )


def _refuse(db: Db, folder: FolderRecord, look: Look, now: int) -> None:
    refusal = Refusal(
        mailbox_key=folder.mailbox_key,
        folder=folder.name,
        uidvalidity=folder.uidvalidity,
        uid=look.uid,
        reason=look.refusal[:300],
        size=look.size,
        internal_date=look.internal_date,
        at=now,
    )
    values = ", ".join(f":{name}" for name in REFUSALS.names)
    db.run(
        f"INSERT INTO mail_refusals ({REFUSALS.columns}) VALUES ({values}) "
        "ON CONFLICT (mailbox_key, folder, uidvalidity, uid) DO UPDATE SET reason = excluded.reason, at = excluded.at",
        **REFUSALS.params(refusal),
    )


def move(db: Db, folder: FolderRecord, uids: list[int], outcomes: list[str], cursor: str) -> None:
    """Count the outcomes, and move the cursor past these mails."""
    counted = Counter(outcomes)
    stored, refused = counted.pop("stored", 0), counted.pop("refused", 0)
    moved = "up = CASE WHEN up < :edge THEN :edge ELSE up END"
    if cursor == DOWN:
        moved = "down = CASE WHEN down > :edge THEN :edge ELSE down END"
    row = db.row(
        "SELECT reasons FROM mail_folders WHERE mailbox_key = :key AND name = :name AND uidvalidity = :uidvalidity"
        f"{db.for_update}",
        **_names(folder),
    )
    if row is None:
        raise FolderChanged(folder.name)
    reasons = Counter(msgspec.json.decode(row[0], type=dict[str, int])) + counted
    db.run(
        HOLDS.format(
            f"{moved}, looked = looked + :looked, stored = stored + :stored, skipped = skipped + :skipped, "
            "refused = refused + :refused, reasons = :reasons"
        ),
        **_names(folder),
        edge=max(uids) if cursor == UP else min(uids),
        looked=len(uids),
        stored=stored,
        skipped=counted.total(),
        refused=refused,
        reasons=msgspec.json.encode(dict(reasons)).decode(),
    )


def _count_again(db: Db, folder: FolderRecord, outcomes: list[str]) -> None:
    """Skipped mails that are stored or refused now."""
    stored, refused = outcomes.count("stored"), outcomes.count("refused")
    sql = HOLDS.format(
        "stored = stored + :stored, refused = refused + :refused, skipped = skipped - :stored - :refused"
    )
    if not db.run(sql, **_names(folder), stored=stored, refused=refused):
        raise FolderChanged(folder.name)


# Changes on the server


def placed(db: Db, folder: FolderRecord, uids: Iterable[int]) -> set[int]:
    """Those of the UIDs whose mail is stored or refused."""
    wanted = set(uids)
    found: set[int] = set()
    for table in ("mail_places", "mail_refusals"):
        sql = f"SELECT uid FROM {table} WHERE mailbox_key = :key AND folder = :name AND uidvalidity = :uidvalidity"
        found |= {row[0] for row in db.rows(sql, **_names(folder))} & wanted
    return found


def vanished(db: Db, folder: FolderRecord, ranges: list[tuple[int, int]]) -> None:
    """Mails were deleted or moved on the server. They stay on their boxes; only the places are forgotten."""
    for low, high in ranges:
        _forget(db, folder, "uid BETWEEN :low AND :high", low=low, high=high)
        db.run(
            "DELETE FROM box_suggestions WHERE mailbox_key = :key AND folder = :name AND uidvalidity = :uidvalidity "
            "AND uid BETWEEN :low AND :high AND mail_key IS NULL",
            **_names(folder),
            low=low,
            high=high,
        )


def _forget(db: Db, folder: FolderRecord, test: str, **params: int) -> None:
    where = f"mailbox_key = :key AND folder = :name AND uidvalidity = :uidvalidity AND {test}"
    for table in ("mail_places", "mail_refusals"):
        db.run(f"DELETE FROM {table} WHERE {where}", **_names(folder), **params)


def flagged(db: Db, folder: FolderRecord, changed: Iterable[tuple[int, list[str]]]) -> None:
    """Store the flags of mails whose places are known."""
    db.many(
        "UPDATE mail_places SET flags = :flags "
        "WHERE mailbox_key = :key AND folder = :name AND uidvalidity = :uidvalidity AND uid = :uid",
        [{**_names(folder), "uid": uid, "flags": msgspec.json.encode(flags).decode()} for uid, flags in changed],
    )


def compare(db: Db, mailbox: MailboxRecord, worker: str, folder: FolderRecord, uids: list[int], now: int) -> bool:
    """Compare the counts with all UIDs of the folder on the server. Returns whether there are mails that were never
    looked at: then the folder is read again."""
    mailbox_queue.require(db, mailbox, worker)
    known = folders(db, mailbox.key).get(folder.name)
    if known is None or known.uidvalidity != folder.uidvalidity:
        raise FolderChanged(folder.name)
    folder = known
    present = {uid for uid in uids if folder.down <= uid <= folder.up}
    settled = {}
    for table in ("mail_places", "mail_refusals"):
        sql = f"SELECT uid FROM {table} WHERE mailbox_key = :key AND folder = :name AND uidvalidity = :uidvalidity"
        listed = {uid for (uid,) in db.rows(sql, **_names(folder))}
        for uid in listed - present:
            _forget(db, folder, "uid = :uid", uid=uid)
        settled[table] = len(listed & present)
    stored, refused = settled["mail_places"], settled["mail_refusals"]
    skipped = len(present) - stored - refused
    # Mails may have been deleted since, so fewer are fine. More were never looked at.
    is_short = skipped > folder.skipped
    changes = "on_server = :present, checked_at = :now, stored = :stored, skipped = :skipped, refused = :refused"
    if is_short:
        changes = "on_server = :present, checked_at = :now, down = up + 1, filled = FALSE, looked = 0, stored = 0, "
        changes += "skipped = 0, refused = 0, reasons = '{}'"
    db.run(
        HOLDS.format(changes),
        **_names(folder),
        present=len(present),
        now=now,
        **({} if is_short else {"stored": stored, "skipped": skipped, "refused": refused}),
    )
    return is_short
