"""Reads complaints: the reports that providers send when a recipient marks a message as spam (RFC 5965)."""

from __future__ import annotations

from .delivery_reports import message_id_of, walk
from .header_values import text_of
from .parts import MOST_BYTES_OF_PART_HEADERS, Part, read_headers
from .records import Complaint

_TYPE = "message/feedback-report"
_PRAISE = "not-spam"
MOST_RECIPIENTS = 100


def read(root: Part) -> Complaint | None:
    """The complaint that a message is, or None if it is another message. A report that a message is no spam is none."""
    parts = list(walk(root))
    stated = next((part for part in parts if part.type == _TYPE), None)
    if stated is None:
        return None
    content = stated.content(MOST_BYTES_OF_PART_HEADERS).lstrip()
    headers, _ = read_headers(content, 0, len(content), MOST_BYTES_OF_PART_HEADERS)
    kind = text_of(headers.get("feedback-type", [b""])[0]).lower()
    if kind == _PRAISE:
        return None
    # Many providers hide the recipient. Then the message alone says who it was.
    given = [text_of(value) for value in headers.get("original-rcpt-to", ())[:MOST_RECIPIENTS]]
    emails = [email for each in given if "@" in (email := each.rpartition(";")[2].strip(" <>").lower())]
    return Complaint(kind, emails, message_id_of(root, parts))
