"""E-mails, each stored once in its team, with the original bytes and the attached files."""

from __future__ import annotations

import msgspec

from ....db.engine import Db
from ....db.records import Table
from ....lib import ids
from ....lib.mail import VERSION, Address, Attachment, Mail
from ... import stored_files
from ...context import Ctx
from ..files import MailFile, Upload
from ..messages import Message, MessageRow

NO_ADDRESS = Address("")
BEFORE_ORIGINALS = 0
"""The parser version of mails that were stored before original bytes were."""
AT_ONCE = 500


class MailRecord(msgspec.Struct, frozen=True):
    """A mail as it is stored."""

    key: str
    team_key: str
    identity: str
    """Message-ID and digest. The Message-ID alone would let a stranger hide a mail by using its id again."""
    message_id: str | None
    mail_references: list[str]
    subject: str
    sender: Address
    reply_to: list[Address]
    recipients: list[Address]
    cc: list[Address]
    sent_at: int
    text: str
    html: str | None
    truncated: bool
    automatic: bool
    list_id: str | None
    raw_blob: str | None
    """The blob of the original bytes; None for mails that were stored before original bytes were."""
    size: int | None
    """Of the original bytes."""
    parser_version: int
    is_kept: bool
    """Whether the mail stays although no box has it, because a mailbox of the team holds it."""
    created_at: int
    is_ours: bool = False
    """Whether Boxwood sent it. Its copies in mailboxes are known by Message-ID and sender, because what is sent may
    differ from what is stored, and mail servers change letters on their way."""


MAILS = Table("mails", MailRecord)
MAIL_FILES = Table("mail_files", MailFile)


def identity(mail: Mail) -> str:
    """Identifies a mail within a team."""
    return f"{mail.message_id or ''} {mail.digest}"


def find(ctx: Ctx, team_key: str, mail: Mail, raw_sha256: str = "") -> MailRecord | None:
    """The team's mail that this mail is a copy of. Mails of before have their Message-ID as identity, or the digest of
    their bytes."""
    before = mail.message_id or f"sha256:{raw_sha256}"
    rows = ctx.db.rows(
        f"""
        SELECT {MAILS.columns} FROM mails
        WHERE team_key = :team AND (identity IN (:now, :before) OR (is_ours AND message_id = :id)) ORDER BY created_at
        {ctx.db.for_update if ctx.db.writing else ""}
        """,
        team=team_key,
        now=identity(mail),
        before=before,
        id=mail.message_id,
    )
    for found in MAILS.load_all(rows):
        sender = mail.sender.email if mail.sender else ""
        if found.is_ours and found.message_id == mail.message_id:
            if found.sender.email == sender:
                return found
        elif found.identity != before or (found.sender.email, found.subject) == (sender, mail.subject):
            return found
    return None


def add(
    ctx: Ctx,
    team_key: str,
    mail: Mail,
    raw: Upload | None,
    uploads: list[Upload],
    *,
    is_kept: bool,
    is_ours: bool = False,
) -> tuple[MailRecord, bool]:
    """Store a mail of a team. If the team has it already, the blobs are freed. Returns the stored mail, and whether it
    is new."""
    found = find(ctx, team_key, mail, raw.stored.sha256 if raw else "")
    if found is None:
        found = _new(ctx, team_key, mail, raw, is_kept, is_ours)
        if _insert(ctx.db, found):
            if raw is not None:
                stored_files.claim(ctx.db, raw.stored.id, ctx.now)
            _add_files(ctx, found, mail, uploads)
            return found, True
        # Another transaction stored it at the same time.
        found = find(ctx, team_key, mail, raw.stored.sha256 if raw else "")
        assert found is not None
    if raw is not None and found.raw_blob is None:
        _add_original(ctx, found, raw)
        if not _has_files(ctx, found):
            _add_files(ctx, found, mail, uploads)
    for upload in [*([raw] if raw else []), *uploads]:
        if not _is_claimed(ctx.db, upload.stored.id):
            stored_files.free(ctx.db, upload.stored.id)
    if is_kept and not found.is_kept:
        ctx.db.run("UPDATE mails SET is_kept = TRUE WHERE key = :key", key=found.key)
    return found, False


def _new(ctx: Ctx, team_key: str, mail: Mail, raw: Upload | None, is_kept: bool, is_ours: bool) -> MailRecord:
    return MailRecord(
        key=ids.new("g", ctx.now),
        team_key=team_key,
        identity=identity(mail),
        message_id=mail.message_id,
        mail_references=mail.references,
        subject=mail.subject,
        sender=mail.sender or NO_ADDRESS,
        reply_to=mail.reply_to,
        recipients=mail.to,
        cc=mail.cc,
        sent_at=mail.sent_at if mail.sent_at is not None and 0 < mail.sent_at <= ctx.now else ctx.now,
        text=mail.text,
        html=mail.html,
        truncated=mail.truncated,
        automatic=mail.automatic,
        list_id=mail.list_id,
        raw_blob=raw.stored.id if raw else None,
        size=raw.stored.size if raw else None,
        parser_version=VERSION,
        is_kept=is_kept,
        created_at=ctx.now,
        is_ours=is_ours,
    )


_INSERT = f"""
    INSERT INTO mails ({MAILS.columns}) VALUES ({", ".join(f":{name}" for name in MAILS.names)})
    ON CONFLICT (team_key, identity) DO NOTHING
"""


def _insert(db: Db, mail: MailRecord) -> bool:
    return db.run(_INSERT, **MAILS.params(mail)) == 1


def _add_original(ctx: Ctx, stored: MailRecord, raw: Upload) -> None:
    """Give a mail of before its original bytes. It keeps its parser version, because its text was read then."""
    stored_files.claim(ctx.db, raw.stored.id, ctx.now)
    ctx.db.run(
        "UPDATE mails SET raw_blob = :blob, size = :size WHERE key = :key",
        blob=raw.stored.id,
        size=raw.stored.size,
        key=stored.key,
    )


def _add_files(ctx: Ctx, stored: MailRecord, mail: Mail, uploads: list[Upload]) -> None:
    for position, upload in enumerate(uploads):
        stored_files.claim(ctx.db, upload.stored.id, ctx.now)
        attachment = mail.attachments[position] if position < len(mail.attachments) else Attachment(upload.name, b"")
        MAIL_FILES.insert(
            ctx.db,
            MailFile(
                mail_key=stored.key,
                position=position,
                name=upload.name,
                mime_type=upload.mime_type,
                size=upload.stored.size,
                blob=upload.stored.id,
                sha256=upload.stored.sha256,
                content_id=attachment.content_id,
                is_inline=attachment.inline,
            ),
        )


def _has_files(ctx: Ctx, mail: MailRecord) -> bool:
    sql = "SELECT 1 FROM files f JOIN messages m ON m.key = f.message_key WHERE m.mail_key = :mail LIMIT 1"
    return ctx.db.row(sql, mail=mail.key) is not None


def _is_claimed(db: Db, blob: str) -> bool:
    sql = """
        SELECT 1 FROM blobs WHERE id = :blob AND (EXISTS (SELECT 1 FROM mails WHERE raw_blob = :blob)
            OR EXISTS (SELECT 1 FROM mail_files WHERE blob = :blob) OR EXISTS (SELECT 1 FROM files WHERE blob = :blob)
            OR EXISTS (SELECT 1 FROM outgoing_files WHERE blob = :blob))
    """
    return db.row(sql, blob=blob) is not None


def as_mail(record: MailRecord) -> Mail:
    """The mail as it was parsed, without its attachments."""
    return Mail(
        message_id=record.message_id,
        references=record.mail_references,
        subject=record.subject,
        sender=record.sender,
        reply_to=record.reply_to,
        to=record.recipients,
        cc=record.cc,
        bcc=[],
        sent_at=record.sent_at,
        text=record.text,
        html=record.html,
        attachments=[],
        truncated=record.truncated,
        automatic=record.automatic,
        list_id=record.list_id,
    )


def as_message(row: MessageRow, mail: MailRecord) -> Message:
    """The message of a row, with its mail."""
    return Message(
        key=row.key,
        box_key=row.box_key,
        pipeline_key=row.pipeline_key,
        thread_key=row.thread_key,
        creator_key=row.creator_key,
        identity=mail.identity,
        message_id=mail.message_id,
        mail_references=mail.mail_references,
        subject=mail.subject,
        sender=mail.sender,
        reply_to=mail.reply_to,
        recipients=mail.recipients,
        cc=mail.cc,
        bcc=row.bcc,
        sent=row.sent,
        sent_at=row.sent_at,
        text=mail.text,
        html=mail.html,
        truncated=mail.truncated,
        created_at=row.created_at,
        mail_key=row.mail_key,
        owner_keys=row.owner_keys,
        automatic=mail.automatic,
        list_id=mail.list_id,
    )


def files_of(ctx: Ctx, mail_key: str) -> list[MailFile]:
    rows = ctx.db.rows(
        f"SELECT {MAIL_FILES.columns} FROM mail_files WHERE mail_key = :mail ORDER BY position", mail=mail_key
    )
    return MAIL_FILES.load_all(rows)


def load(ctx: Ctx, keys: list[str]) -> dict[str, MailRecord]:
    """The mails with these keys. Checks no permission."""
    among = ctx.db.dialect.among("key", "keys")
    rows = ctx.db.rows(f"SELECT {MAILS.columns} FROM mails WHERE {among}", keys=ctx.db.texts(keys))
    return {mail.key: mail for mail in MAILS.load_all(rows)}


def sweep(db: Db, now: int) -> int:
    """Delete a slice of the mails that no box has, also not in the trash, and that no mailbox of a team holds. Their
    blobs are freed. Returns how many."""
    rows = db.rows(
        """
        SELECT l.key, l.raw_blob FROM mails l
        WHERE NOT l.is_kept AND NOT EXISTS (SELECT 1 FROM messages m WHERE m.mail_key = l.key)
            AND NOT EXISTS (SELECT 1 FROM trash_mails t WHERE t.mail_key = l.key)
            AND NOT EXISTS (SELECT 1 FROM sent_letters s WHERE s.mail_key = l.key) LIMIT :limit
        """,
        limit=AT_ONCE,
    )
    if not rows:
        return 0
    keys = db.texts(key for key, _ in rows)
    among = db.dialect.among("mail_key", "keys")
    blobs = [blob for _, blob in rows if blob]
    blobs += [blob for (blob,) in db.rows(f"SELECT blob FROM mail_files WHERE {among}", keys=keys)]
    for blob in blobs:
        stored_files.free(db, blob)
    db.run(f"DELETE FROM mails WHERE {db.dialect.among('key', 'keys')}", keys=keys)
    return len(rows)
