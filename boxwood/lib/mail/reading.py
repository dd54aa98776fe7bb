"""Reads an e-mail message (RFC 5322), also a malformed one as far as possible."""

from __future__ import annotations

import codecs
import hashlib

from . import automatic, complaints, delivery_reports, parts
from .addresses import addresses_of
from .bodies import LONGEST_TEXT, Bodies
from .dates import first_moment
from .header_values import ids_of, parameters, text_of
from .parts import MOST_BYTES_OF_HEADERS, Headers, read_headers
from .records import Address, Mail, Unreadable

VERSION = 5
"""Of the parser. It grows when the parser finds more in a message than before."""
MOST_BYTES = 40_000_000
MOST_REFERENCES = 100
LONGEST_SUBJECT = 1000


def parse(raw: bytes, *, sender_required: bool = True) -> Mail:
    """Read a message. Raises Unreadable."""
    if len(raw) > MOST_BYTES:
        raise Unreadable(f"is larger than {MOST_BYTES // 1_000_000} MB")
    root = parts.read(_begun(raw))
    mail = _of_headers(root.headers, root.charset, sender_required)
    bodies = Bodies(root)
    text, page = bodies.text, bodies.html
    senders = [mail.sender] if mail.sender else []
    of_server = mail.may_report and automatic.is_of_server(root.headers, senders)
    own = {address.email for address in [*senders, *mail.to]}
    status = delivery_reports.read(root, text, mail.subject, own, of_server=of_server)
    complaint = complaints.read(root) if mail.may_report else None
    report = status or complaint
    about = [report.message_id] if report and report.message_id else []
    return Mail(
        message_id=mail.message_id,
        # A report belongs to the conversation of the message that it is about.
        references=list(dict.fromkeys([*mail.references, *about])),
        subject=mail.subject,
        sender=mail.sender,
        reply_to=mail.reply_to,
        to=mail.to,
        cc=mail.cc,
        bcc=mail.bcc,
        sent_at=mail.sent_at,
        text=text[:LONGEST_TEXT],
        html=page and page[:LONGEST_TEXT],
        attachments=bodies.attachments,
        truncated=bodies.truncated or len(text) > LONGEST_TEXT or len(page or "") > LONGEST_TEXT,
        in_reply_to=mail.in_reply_to,
        automatic=mail.automatic or status is not None or complaint is not None,
        list_id=mail.list_id,
        may_report=mail.may_report,
        delivery_status=status,
        complaint=complaint,
        digest=_digest(mail, text, page or ""),
    )


def parse_headers(raw: bytes) -> Mail:
    """Read the headers of a message, or of a message that is cut anywhere after them. Text, files and digest stay
    empty. Every text can be read as headers."""
    raw = _begun(raw[:MOST_BYTES_OF_HEADERS])
    headers, _ = read_headers(raw, 0, len(raw), MOST_BYTES_OF_HEADERS)
    _, kind = parameters(headers.get("content-type", [b""])[0])
    return _of_headers(headers, kind.get("charset", b"").decode("ascii", "replace"), sender_required=False)


def _begun(raw: bytes) -> bytes:
    """The message from its first header on, with line ends that are one or two characters."""
    raw = raw.removeprefix(codecs.BOM_UTF8).lstrip(b"\r\n")
    if b"\n" not in raw:
        return raw.replace(b"\r", b"\n")
    return raw.replace(b"\r\r\n", b"\r\n") if b"\r\r\n" in raw[:4000] else raw


def _of_headers(headers: Headers, charset: str, sender_required: bool) -> Mail:
    def addresses(name: str) -> list[Address]:
        return addresses_of(headers.get(name, []), charset)

    def ids(name: str) -> list[str]:
        return [id_ for value in headers.get(name, ()) for id_ in ids_of(value)]

    senders = addresses("from") or addresses("sender")
    if not senders and sender_required:
        raise Unreadable("has no sender: an e-mail message begins with headers, From among them")
    answered = ids("in-reply-to")
    subject = _first(headers, "subject", charset)[:LONGEST_SUBJECT]
    return Mail(
        message_id=next(iter(ids("message-id")), None),
        references=list(dict.fromkeys(ids("references") + answered))[-MOST_REFERENCES:],
        subject=subject,
        sender=senders[0] if senders else None,
        reply_to=addresses("reply-to"),
        to=addresses("to"),
        cc=addresses("cc"),
        bcc=addresses("bcc"),
        sent_at=first_moment([text_of(value, "") for value in headers.get("date", ())]),
        text="",
        html=None,
        attachments=[],
        truncated=False,
        in_reply_to=answered[0] if answered else None,
        automatic=automatic.is_automatic(headers, senders, subject),
        list_id=_list_id(headers),
        may_report=automatic.may_report(headers, senders),
    )


def _first(headers: Headers, name: str, charset: str = "") -> str:
    """The first value of a header that holds a text."""
    return next((text for value in headers.get(name, ()) if (text := text_of(value, charset))), "")


def _list_id(headers: Headers) -> str | None:
    text = _first(headers, "list-id")
    found = text.rpartition("<")[2].partition(">")[0] if "<" in text else text
    return found.strip().lower()[:255] or None


def _digest(mail: Mail, text: str, page: str) -> str:
    said = [mail.sender.email if mail.sender else "", str(mail.sent_at), mail.subject, text, page]
    return hashlib.sha256("\0".join("".join(part.split()) for part in said).encode()).hexdigest()
