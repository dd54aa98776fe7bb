"""The original bytes of mail: of a message, and of all messages of a box as an mbox file."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from email.utils import formatdate
from typing import NamedTuple

import msgspec

from ....errors import Conflict
from ....lib.mail import Address
from ... import access, boxes
from ...context import Ctx
from .. import messages
from ..files import File
from . import mailboxes, sharing
from .mailbox_records import MailboxRecord
from .records import PERSONAL, SHARED

_FROM = re.compile(rb"^(>*From )", re.MULTILINE)
PIECE = 256 * 1024


class Original(NamedTuple):
    sender: str
    sent_at: int
    blob: str


def of_message(ctx: Ctx, key: str) -> File:
    """The original bytes of a message, as a file. Raises Conflict if they are not stored, or the actor does not see the
    whole message."""
    message = messages.get(ctx, key)
    if not sharing.ThreadShare(message.share, message.share_owner_key).is_whole(ctx):
        raise Conflict("The owner of this message shares only a part of it: there is no file of that part")
    row = ctx.db.row("SELECT raw_blob, size FROM mails WHERE key = :key", key=message.mail_key)
    if row is None or row[0] is None:
        raise Conflict("The original bytes of this message are not stored: it was added by an earlier version")
    return File(
        key=message.key,
        box_key=message.box_key,
        owner_key=message.creator_key,
        name="message.eml",
        mime_type="message/rfc822",
        size=row[1],
        blob=row[0],
        sha256=None,
        drive_id=None,
        created_at=message.created_at,
        saved_at=message.created_at,
    )


def of_box(ctx: Ctx, box_key: str) -> list[Original]:
    """The originals of a box's messages that the actor sees whole, the oldest first."""
    box = boxes.get(ctx, box_key)
    rows = ctx.db.rows(
        f"""
        SELECT DISTINCT l.key, l.sender, l.sent_at, l.raw_blob FROM messages m JOIN mails l ON l.key = m.mail_key
        WHERE m.box_key = :box AND l.raw_blob IS NOT NULL AND {access.sees_mail("m.thread_key")}
        ORDER BY l.sent_at, l.key
        """,
        box=box.key,
        mail_owner=ctx.mail_owner,
    )
    return [_original(*row) for row in rows]


def of_mailbox(ctx: Ctx, key: str) -> list[Original]:
    """The originals of the mails that were stored from a mailbox and are in it, the oldest first.

    All mail of the actor's own mailbox. Of a mailbox of the team only mail on boxes that the actor sees, and of a
    shared one also mail that no box has.
    """
    mailbox = mailboxes.get(ctx, key)
    rows = ctx.db.rows(
        """
        SELECT DISTINCT l.key, l.sender, l.sent_at, l.raw_blob FROM mail_places o JOIN mails l ON l.key = o.mail_key
        WHERE o.mailbox_key = :mailbox AND l.raw_blob IS NOT NULL ORDER BY l.sent_at, l.key
        """,
        mailbox=mailbox.key,
    )
    seen = None if mailbox.kind == PERSONAL else _seen(ctx, mailbox)
    return [_original(*row) for row in rows if seen is None or row[0] in seen]


def _seen(ctx: Ctx, mailbox: MailboxRecord) -> set[str]:
    """The mails of a mailbox of the team that the actor sees on a box, or that are on no box and not in the trash. Mail
    of a dropbox that is on no box may belong to a pipeline that the actor does not see."""
    among = "SELECT mail_key FROM mail_places WHERE mailbox_key = :mailbox"
    rows = ctx.db.rows(
        f"""
        SELECT m.mail_key, m.box_key FROM messages m
        WHERE m.mail_key IN ({among}) AND {access.sees_mail("m.thread_key")}
        """,
        mailbox=mailbox.key,
        mail_owner=ctx.mail_owner,
    )
    boxes_seen = boxes.seen_among(ctx, {box for _, box in rows})
    found = {mail for mail, box in rows if box in boxes_seen}
    if mailbox.kind != SHARED:
        return found
    loose = ctx.db.rows(
        f"""
        {among} AND NOT EXISTS (SELECT 1 FROM messages m WHERE m.mail_key = mail_places.mail_key)
            AND NOT EXISTS (SELECT 1 FROM trash_mails t WHERE t.mail_key = mail_places.mail_key)
        """,
        mailbox=mailbox.key,
    )
    return found | {mail for (mail,) in loose}


def _original(key: str, sender: str, sent_at: int, blob: str) -> Original:
    return Original(msgspec.json.decode(sender, type=Address).email or "MAILER-DAEMON", sent_at, blob)


def mbox(found: list[Original], read: Callable[[str], Iterator[bytes]]) -> Iterator[bytes]:
    """An mbox file (the mboxrd form: lines that begin with From get one more >). `read` gives the bytes of a blob.

    A message has at most some tens of megabytes, so one at a time is held whole.
    """
    for original in found:
        sender = original.sender.encode("ascii", "replace")
        when = formatdate(original.sent_at / 1000).encode()
        content = b"".join(read(original.blob)).replace(b"\r\n", b"\n")
        content = _FROM.sub(rb">\1", content.removeprefix(b"\xef\xbb\xbf"))
        whole = b"From %s %s\n%s%s\n" % (sender, _asctime(when), content, b"" if content.endswith(b"\n") else b"\n")
        for at in range(0, len(whole), PIECE):
            yield whole[at : at + PIECE]


def _asctime(when: bytes) -> bytes:
    """`Mon, 05 Jan 2026 08:00:00 -0000` as mbox files write it."""
    day, date, month, year, time, _ = when.decode().replace(",", "").split()
    return f"{day} {month} {int(date):2d} {time} {year}".encode()
