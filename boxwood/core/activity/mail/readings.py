"""What today's reader finds in a mail that is stored."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator

import msgspec

from ....lib import mail as reader
from ....lib import media
from ....lib.blobs import Missing, StoreFailed
from ....lib.mail import VERSION, Address, Mail
from .. import files
from ..files import MailFile
from .mails import NO_ADDRESS, MailRecord, identity

PEOPLE = ("sender", "reply_to", "recipients", "cc")
HEADERS = (*PEOPLE, "message_id", "mail_references", "subject", "sent_at")
TEXTS = ("text", "html", "truncated")
READ = (*HEADERS, *TEXTS, "automatic", "list_id")
"""The members of a mail that come from its bytes."""


class Left(Exception):
    """This mail stays as it is. The text says why, without anything that the mail says."""


class Stored(msgspec.Struct, frozen=True):
    """A mail as it is stored now, with its files in their order."""

    record: MailRecord
    files: list[MailFile]
    others: list[MailFile]
    """Files of its messages, if the mail itself lists none: it was stored before mails had files."""
    bcc: list[list[Address]]
    """The hidden recipients that its messages name. Only messages that name some get those of the reading: the others
    may come from a copy of the mail that hid them."""


class Reading(msgspec.Struct, frozen=True):
    """What today's reader finds in a mail."""

    stored: Stored
    record: MailRecord
    """As it is to be stored, except for its identity."""
    identity: str
    bcc: list[Address]
    files: list[MailFile]
    """As they are to be stored: those of the reading in their order, then others that the mail had before."""
    added: list[MailFile]
    """Those that the mail did not have."""
    contents: dict[str, bytes]
    """The bytes of the added ones, by blob."""

    def without_contents(self) -> Reading:
        """The same, after the bytes of the added files are stored."""
        return msgspec.structs.replace(self, contents={})

    @property
    def changed(self) -> set[str]:
        """The members of the mail that change; also `bcc`, and `files` if one is added or gets another name or type."""
        before, after = self.stored.record, self.record
        found = {name for name in READ if getattr(before, name) != getattr(after, name)}
        if self.bcc and any(people != self.bcc for people in self.stored.bcc):
            found.add("bcc")
        return found | ({"files"} if self.files != self.stored.files else set())

    @property
    def renamed(self) -> list[tuple[MailFile, MailFile]]:
        """Files that get another name or type: as they were, and as they are to be."""
        before = {file.blob: file for file in [*self.stored.files, *self.stored.others]}
        pairs = [(before[file.blob], file) for file in self.files if file.blob in before]
        return [(old, new) for old, new in pairs if (old.name, old.mime_type) != (new.name, new.mime_type)]


def read(stored: Stored, bytes_of: Callable[[str], Iterator[bytes]], new_blob: Callable[[], str]) -> Reading:
    """What today's reader finds in the mail. `bytes_of` gives the bytes of a blob, and `new_blob` ids for new ones.
    Raises Left if the bytes cannot be read, or something of the mail would be lost."""
    record = stored.record
    try:
        raw = b"".join(bytes_of(record.raw_blob or ""))
    except Missing:
        raise Left("its original bytes are missing") from None
    except StoreFailed as error:
        raise Left(f"its original bytes cannot be read: {error}") from None
    if record.size is not None and len(raw) != record.size:
        raise Left(f"its original bytes are damaged: {len(raw):,} bytes instead of {record.size:,}")
    try:
        mail = reader.parse(raw, sender_required=False)
    except reader.Unreadable as why:
        raise Left(f"it cannot be read: it {why}") from None
    its, added, contents = _files(stored, mail, new_blob)
    if lost := _lost(record, mail, bool(added)):
        raise Left(f"the new reading has no {lost}, and the stored one has")
    return Reading(stored, _record(record, mail), identity(mail), mail.bcc, its, added, contents)


def _record(record: MailRecord, mail: Mail) -> MailRecord:
    is_dated = mail.sent_at is not None and 0 < mail.sent_at <= record.created_at
    return msgspec.structs.replace(
        record,
        message_id=mail.message_id,
        mail_references=mail.references,
        subject=mail.subject,
        sender=mail.sender or NO_ADDRESS,
        reply_to=mail.reply_to,
        recipients=mail.to,
        cc=mail.cc,
        sent_at=mail.sent_at if is_dated else record.sent_at,
        text=mail.text,
        html=mail.html,
        truncated=mail.truncated,
        automatic=mail.automatic,
        list_id=mail.list_id,
        parser_version=VERSION,
    )


def _lost(record: MailRecord, mail: Mail, has_added: bool) -> str:
    """What is stored and would be lost. A text may have become a file."""
    if record.sender.email and mail.sender is None:
        return "sender"
    if (record.recipients or record.cc) and not (mail.to or mail.cc):
        return "recipients"
    if record.subject and not mail.subject:
        return "subject"
    if _says(record.text, record.html) and not _says(mail.text, mail.html) and not has_added:
        return "text"
    return ""


def _says(text: str, html: str | None) -> bool:
    return bool(text.strip() or (html or "").strip())


def _files(
    stored: Stored, mail: Mail, new_blob: Callable[[], str]
) -> tuple[list[MailFile], list[MailFile], dict[str, bytes]]:
    """All files that the mail is to have, those among them that are new, and the bytes of the new ones by blob. A file
    that the mail has is recognized by its bytes, so a file that a user deleted does not come back."""
    left = [*stored.files, *stored.others]
    found: list[MailFile] = []
    added: list[MailFile] = []
    contents: dict[str, bytes] = {}
    for attachment in mail.attachments:
        name = files.safe_name(attachment.name, "attachment")
        sha256 = hashlib.sha256(attachment.content).hexdigest()
        same = [file for file in left if file.sha256 == sha256]
        known = next((file for file in same if file.name == name), same[0] if same else None)
        file = MailFile(
            mail_key=stored.record.key,
            position=len(found),
            name=name,
            mime_type=media.sniff(attachment.content[: media.SNIFFED], name),
            size=len(attachment.content),
            blob=known.blob if known else new_blob(),
            sha256=sha256,
            content_id=attachment.content_id,
            is_inline=attachment.inline,
        )
        if known:
            left.remove(known)
        else:
            added.append(file)
            contents[file.blob] = attachment.content
        found.append(file)
    kept = [file for file in left if file in stored.files]
    found += [msgspec.structs.replace(file, position=len(found) + at) for at, file in enumerate(kept)]
    return found, added, contents
