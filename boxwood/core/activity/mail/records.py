"""Records of mailboxes and of mail that several files here name."""

from __future__ import annotations

import msgspec

from ....lib.mail import Address

FULL, SUBJECT, METADATA, PRIVATE = "full", "subject", "metadata", "private"
SHARES = (FULL, SUBJECT, METADATA, PRIVATE)
"""What users who see the box see of a mail: everything; no text and no files; also no subject; nothing."""
PERSONAL, SHARED, DROPBOX = "personal", "shared", "dropbox"
KINDS = (PERSONAL, SHARED, DROPBOX)


class Mailbox(msgspec.Struct, frozen=True):
    """What matching and storing need to know of a mailbox."""

    key: str
    team_key: str
    owner_key: str | None
    """The user whose mailbox it is; None for a mailbox of the team."""
    address: str
    """In lower case."""
    aliases: list[str] = []
    """Other addresses that deliver to this mailbox, in lower case."""
    kind: str = PERSONAL
    share: str = FULL
    """What other users see of its mail, unless its owner chooses something else for a conversation. The mail of a
    mailbox of the team is always shared in full."""
    pipeline_key: str | None = None
    """The pipeline of a dropbox."""

    def owns(self, address: str) -> bool:
        """Whether mail to the address comes to this mailbox. A dropbox has an address for each pipeline."""
        if address == self.address or address in self.aliases:
            return True
        user, _, domain = address.partition("@")
        return self.kind == DROPBOX and f"{user.partition('+')[0]}@{domain}" == self.address


class Place(msgspec.Struct, frozen=True):
    """Where a mail is in a mailbox."""

    mailbox_key: str
    folder: str
    uidvalidity: int
    uid: int
    flags: list[str] = []
    bcc: list[Address] = []
    gmail_message_id: str | None = None
    """Decimal, as X-GM-MSGID."""
    gmail_thread_id: str | None = None
    """Decimal, as X-GM-THRID."""
    internal_date: int | None = None
    """Milliseconds since the epoch."""
