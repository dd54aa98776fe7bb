"""An IMAP client (RFC 9051 and 3501) that only reads: folders are opened with EXAMINE, and mails stay unread."""

from ..dialing import Failed
from .client import HEADERS, IDS, WHOLE, Client, Folder, LoginRefused, Refused, Selected, connect, imap_date
from .fetched import Fetched, Part
from .syntax import Malformed, write_set

__all__ = [
    "HEADERS",
    "IDS",
    "WHOLE",
    "Client",
    "Failed",
    "Fetched",
    "Folder",
    "LoginRefused",
    "Malformed",
    "Part",
    "Refused",
    "Selected",
    "connect",
    "imap_date",
    "write_set",
]
