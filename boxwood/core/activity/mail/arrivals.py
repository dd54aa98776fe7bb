"""Mail that mail servers deliver to the listener: to which mailbox it goes, and how it is stored and counted there.

It is decided and stored like mail that is read by IMAP. The mailbox counts it in a folder of its own.
"""

from __future__ import annotations

import msgspec

from ....db.engine import Db
from ....lib.mail import Mail
from . import dropbox, mailboxes, mails, matching, progress
from .mailbox_records import DELIVERED, DELIVERIES, FOLDERS, MAILBOXES, PAUSED, FolderRecord, MailboxRecord
from .matching import SKIP, SUGGEST, Decision
from .progress import UP, Look
from .records import DROPBOX, PERSONAL

NUMBERED = 1
"""The UIDVALIDITY of the folder, in which mails are numbered as they arrive."""


class MailRecipient(msgspec.Struct, frozen=True):
    """The mailbox that an address delivers to."""

    mailbox_key: str
    pipeline_key: str | None = None
    """The pipeline of a dropbox address."""


class NotNow(Exception):
    """The mailbox takes no mail now; the sender should try again later."""


# Recipients


def find(db: Db, address: str) -> list[MailRecipient]:
    """The mailboxes that get mail for an address; none if the address is unknown.

    A personal mailbox gets mail only for the address with which its user signs in: that a further address is theirs is
    not proved. If several teams have a mailbox with the address, the mailbox that was added first gets the mail.
    """
    address = address.strip().lower()
    user, _, domain = address.rpartition("@")
    base, _, detail = user.partition("+")
    found = _personal(db, address)
    team = _of_teams(db, address)
    if not found and not team and detail:
        for each in _of_teams(db, f"{base}@{domain}"):
            if each.kind != DROPBOX:
                team.append(each)
            elif pipeline := dropbox.pipeline_with(db, each.team_key, {detail}):
                return [MailRecipient(each.key, pipeline)]
        found = _personal(db, f"{base}@{domain}")
    return [MailRecipient(each.key) for each in [*found, *team[:1]]]


def _personal(db: Db, address: str) -> list[MailboxRecord]:
    rows = db.rows(
        f"""
        SELECT {MAILBOXES.of("b")} FROM mailboxes b JOIN users u ON u.key = b.owner_key
        WHERE b.kind = '{PERSONAL}' AND u.email = :address AND (b.address = :address OR {_has_alias(db)})
        ORDER BY b.created_at, b.key
        """,
        address=address,
    )
    return MAILBOXES.load_all(rows)


def _of_teams(db: Db, address: str) -> list[MailboxRecord]:
    """The mailboxes of teams with the address. A team does not get the mail of a user who is not in it."""
    rows = db.rows(
        f"""
        SELECT {MAILBOXES.of("b")} FROM mailboxes b
        WHERE b.kind <> '{PERSONAL}' AND (b.address = :address OR {_has_alias(db)}) AND NOT EXISTS (
            SELECT 1 FROM users u WHERE u.email = :address AND NOT EXISTS (
                SELECT 1 FROM team_members m WHERE m.user_key = u.key AND m.team_key = b.team_key))
        ORDER BY b.created_at, b.key
        """,
        address=address,
    )
    return MAILBOXES.load_all(rows)


def _has_alias(db: Db) -> str:
    return f"EXISTS (SELECT 1 FROM {db.dialect.each_text('b.aliases')} a WHERE a.value = :address)"


# Mails


def decide(db: Db, recipient: MailRecipient, mail: Mail, headers: bytes, now: int) -> Look:
    """What to do with a mail. Raises `NotNow`."""
    record = _open(db, recipient, "")
    ctx = mailboxes.acting(db, record, now)
    if ctx is None:
        raise NotNow("the user of the mailbox may not work in the team")
    mailbox = msgspec.structs.replace(record.mailbox, pipeline_key=recipient.pipeline_key)
    decision = matching.decide(ctx, mailbox, [mail])[0]
    if mailbox.kind == DROPBOX:
        decision = dropbox.checked(db, mailbox, mail, headers, decision)
    if decision.kind == SUGGEST and not progress.wants(mailbox, decision):
        # The owner decides about the copy that is read by IMAP. This one is not stored, so it could not be fetched.
        decision = Decision(SKIP, decision.reason)
    return Look(uid=0, decision=decision, mailbox=mailbox)


def refusal(db: Db, recipient: MailRecipient, size: int, why: str) -> Look:
    """A mail that cannot be read."""
    mailbox = _open(db, recipient, "").mailbox
    return Look(uid=0, decision=Decision(SKIP, "refused"), mailbox=mailbox, size=size, refusal=why)


def store(db: Db, recipient: MailRecipient, look: Look, now: int) -> str:
    """Store a mail that is to be stored, and count it. A mail that a sender delivers again is counted once, if it was
    stored. Returns the outcome. Raises `NotNow`."""
    record = _open(db, recipient, db.for_update)
    ctx = mailboxes.acting(db, record, now)
    if ctx is None:
        raise NotNow("the user of the mailbox may not work in the team")
    folder = _folder(db, record, now)
    known = mails.find(ctx, record.team_key, look.mail) if look.mail else None
    uid = (_uid_of(db, folder, known.key) if known else None) or folder.up + 1
    outcome = progress.settle_mails(ctx, folder, [msgspec.structs.replace(look, uid=uid, internal_date=now)])[0]
    if uid > folder.up:
        progress.move(db, folder, [uid], [outcome], UP)
    progress.saw_folder(db, folder, now, None, None)
    db.run(f"UPDATE mailboxes SET synced_at = :now WHERE key = :key AND state = '{DELIVERED}'", now=now, key=record.key)
    return outcome


def _open(db: Db, recipient: MailRecipient, lock: str) -> MailboxRecord:
    row = db.row(f"SELECT {MAILBOXES.columns} FROM mailboxes WHERE key = :key{lock}", key=recipient.mailbox_key)
    if row is None:
        raise NotNow("the mailbox was removed")
    mailbox = MAILBOXES.load(row)
    if mailbox.state == PAUSED:
        raise NotNow("the mailbox is paused")
    return mailbox


def _folder(db: Db, mailbox: MailboxRecord, now: int) -> FolderRecord:
    """The folder that counts delivered mail. The row of the mailbox is locked."""
    known = progress.folders(db, mailbox.key).get(DELIVERIES)
    if known is not None:
        return known
    blank = FolderRecord(
        mailbox_key=mailbox.key,
        name=DELIVERIES,
        role="",
        uidvalidity=NUMBERED,
        up=0,
        down=1,
        filled=True,
        fresh_from=now,
    )
    FOLDERS.insert(db, blank)
    return blank


def _uid_of(db: Db, folder: FolderRecord, mail_key: str) -> int | None:
    row = db.row(
        "SELECT uid FROM mail_places WHERE mail_key = :mail AND mailbox_key = :key AND folder = :name LIMIT 1",
        mail=mail_key,
        key=folder.mailbox_key,
        name=folder.name,
    )
    return row[0] if row else None
