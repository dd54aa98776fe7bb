"""Reads e-mail messages (RFC 5322 and MIME), also malformed ones."""

from .html_text import plain
from .reading import MOST_BYTES, VERSION, parse, parse_headers
from .records import Address, Attachment, Complaint, DeliveryReport, DeliveryStatus, Mail, Unreadable

__all__ = [
    "MOST_BYTES",
    "VERSION",
    "Address",
    "Attachment",
    "Complaint",
    "DeliveryReport",
    "DeliveryStatus",
    "Mail",
    "Unreadable",
    "parse",
    "parse_headers",
    "plain",
]
