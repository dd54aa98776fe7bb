"""Reads an e-mail message (RFC 5322), also a malformed one as far as possible.

The standard library parses it by its modern rules. Limits ensure that a message takes at most a few seconds, and
exceptions of the library's header parser on malformed headers are caught.
"""

from __future__ import annotations

import codecs
import hashlib
import html
import re
from collections.abc import Callable, Iterator
from datetime import UTC
from email.errors import MessageError
from email.message import EmailMessage, Message
from email.parser import BytesParser
from email.policy import EmailPolicy
from functools import partial
from typing import Any, TypeVar

import msgspec

from .. import addresses
from .records import Address, Attachment, DeliveryReport, DeliveryStatus, Mail, Unreadable

T = TypeVar("T")
VERSION = 1
"""Of the parser. It grows when the parser finds more in a message than before."""
MOST_BYTES_OF_HEADERS = 1_000_000
MOST_BYTES = 40_000_000
MOST_LINES = 1_000_000
MOST_PARTS = 200
MOST_DEPTH = 20
# Of a header that is read by its grammar, which takes the square of its length: 400 recipients, or 0.6 s at worst.
LONGEST_HEADER = 16_000
LONGEST_CONTENT_HEADER, MOST_PARAMETERS = 1_000, 10
LONGEST_TEXT = 1_000_000
MOST_REFERENCES = 100
LONGEST_ID = 500
_ADDRESS = re.compile(r"[^@\s\x00-\x1f,;<>\"]+@[^@\s\x00-\x1f,;<>\"]+")
_ID = re.compile(r"<([^<>\s]+)>")
# Codecs that are no character sets, or take the square of the length.
_NO_CHARSETS = {"punycode", "idna", "unicode-escape", "raw-unicode-escape", "undefined", "mbcs", "oem"}
_MARKUP = re.compile(r"<!--|<(script|style|title)\b|<[^<>]*>", re.IGNORECASE)
_ENDS = {name: re.compile(rf"</{name}\s*>", re.IGNORECASE) for name in ("script", "style", "title")}
_BREAK = re.compile(r"<(br|/p|/div|/tr|/li|/h[1-6])\b", re.IGNORECASE)


def parse(raw: bytes, *, sender_required: bool = True) -> Mail:
    """Read a message. Raises Unreadable."""
    raw = raw.removeprefix(codecs.BOM_UTF8).lstrip(b"\r\n")
    _check(raw)
    try:
        message = BytesParser(_Part, policy=_POLICY).parsebytes(raw)
    except (MessageError, RecursionError):
        raise Unreadable("is not a readable e-mail message") from None
    bodies = _Bodies()
    bodies.read(message)
    text, web = "\n".join(bodies.texts), "\n".join(bodies.pages) or None
    mail = _headers(message, sender_required)
    status = _delivery_status(message)
    return msgspec.structs.replace(
        mail,
        text=(text or plain(web or ""))[:LONGEST_TEXT],
        html=web and web[:LONGEST_TEXT],
        attachments=bodies.attachments,
        truncated=len(text) > LONGEST_TEXT or len(web or "") > LONGEST_TEXT,
        automatic=mail.automatic or status is not None,
        delivery_status=status,
        digest=_digest(mail, text, web or ""),
    )


def parse_headers(raw: bytes) -> Mail:
    """Read the headers of a message, or of a message that is cut anywhere after them. Text, files and digest stay
    empty."""
    raw = raw.removeprefix(codecs.BOM_UTF8).lstrip(b"\r\n")[:MOST_BYTES_OF_HEADERS]
    head = re.split(rb"\r?\n\r?\n", raw, maxsplit=1)[0] + b"\r\n\r\n"
    try:
        message = BytesParser(_Part, policy=_POLICY).parsebytes(head)
    except (MessageError, RecursionError):
        raise Unreadable("is not a readable e-mail message") from None
    return _headers(message, sender_required=False)


def _headers(message: Message, sender_required: bool) -> Mail:
    senders = _addresses(message, "from") or _addresses(message, "sender")
    if not senders and sender_required:
        raise Unreadable("has no sender: an e-mail message begins with headers, From among them")
    answered = _ids(message, "in-reply-to")
    list_id = _ids(message, "list-id")
    return Mail(
        message_id=next(iter(_ids(message, "message-id")), None),
        references=list(dict.fromkeys(_ids(message, "references") + answered))[-MOST_REFERENCES:],
        subject=_header(message, "subject"),
        sender=senders[0] if senders else None,
        reply_to=_addresses(message, "reply-to"),
        to=_addresses(message, "to"),
        cc=_addresses(message, "cc"),
        bcc=_addresses(message, "bcc"),
        sent_at=_guarded(lambda: _date(message), None),
        text="",
        html=None,
        attachments=[],
        truncated=False,
        in_reply_to=answered[0] if answered else None,
        automatic=_is_automatic(message),
        list_id=list_id[0].lower() if list_id else None,
    )


def _is_automatic(message: Message) -> bool:
    return (
        _header(message, "auto-submitted").lower() not in ("", "no")
        or _header(message, "precedence").lower() in ("bulk", "list", "junk", "auto_reply")
        or bool(_header(message, "list-id"))
        or _header(message, "return-path") == "<>"
    )


def _delivery_status(message: Message) -> DeliveryStatus | None:
    reports = [part for part in message.walk() if _guarded(part.get_content_type, "") == "message/delivery-status"]
    if not reports:
        return None
    recipients = [block for part in reports for block in _parts(part) if _header(block, "final-recipient")]
    found = [
        DeliveryReport(
            email=_header(block, "final-recipient").rpartition(";")[2].strip(" <>").lower(),
            action=_header(block, "action").lower(),
            status=_header(block, "status").partition(" ")[0],
            diagnostic=_header(block, "diagnostic-code").partition(";")[2].strip(),
        )
        for block in recipients
    ]
    returned = [part for part in message.walk() if _guarded(part.get_content_maintype, "") in ("message", "text")]
    ids = [id_ for part in returned if part is not message for id_ in _ids(part, "message-id")]
    return DeliveryStatus(found, ids[0] if ids else None)


def _digest(mail: Mail, text: str, web: str) -> str:
    said = [mail.sender.email if mail.sender else "", str(mail.sent_at), mail.subject, text, web]
    return hashlib.sha256("\0".join("".join(part.split()) for part in said).encode()).hexdigest()


def _check(raw: bytes) -> None:
    if len(raw) > MOST_BYTES:
        raise Unreadable(f"is larger than {MOST_BYTES // 1_000_000} MB")
    if raw.count(b"\n") + raw.count(b"\r") - raw.count(b"\r\n") > MOST_LINES:
        raise Unreadable(f"has more than {MOST_LINES:,} lines")


class _Part(EmailMessage):
    """A part of a message. Limits the number and the depth of parts while they are read."""

    depth = 0

    def __init__(self, policy: Any = None) -> None:
        super().__init__(policy)
        self.found = [0]

    def attach(self, payload: Any) -> None:
        payload.depth, payload.found = self.depth + 1, self.found
        self.found[0] += 1
        if payload.depth > MOST_DEPTH:
            raise Unreadable(f"has parts in parts more than {MOST_DEPTH} deep")
        if self.found[0] > MOST_PARTS:
            raise Unreadable(f"has more than {MOST_PARTS} parts")
        super().attach(payload)


class _Policy(EmailPolicy):
    """The modern rules of the standard library, with a maximum length of headers."""

    def header_source_parse(self, sourcelines: list[str]) -> tuple[str, str]:
        name, value = super().header_source_parse(sourcelines)
        if name.lower().startswith("content-"):
            most = 1 if value.count('"') + value.count("(") > 4 * MOST_PARAMETERS else MOST_PARAMETERS
            value = ";".join(value[:LONGEST_CONTENT_HEADER].split(";")[:most])
        elif len(value) > LONGEST_HEADER:
            value = value[:LONGEST_HEADER].rpartition(",")[0] or value[:LONGEST_HEADER]
        return name, value


_POLICY = _Policy(message_factory=_Part, utf8=True)


class _Bodies:
    """The texts, HTML pages and attachments of a message. A message within the message is an attachment."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.pages: list[str] = []
        self.attachments: list[Attachment] = []

    def read(self, part: Message) -> None:
        kind = _guarded(part.get_content_type, "text/plain")
        if kind == "message/rfc822":
            self._keep(part, _inner(part), ".eml")
        elif part.is_multipart():
            for inner in _parts(part):
                self.read(inner)
        elif kind in ("text/plain", "text/html") and not _is_attached(part):
            (self.texts if kind == "text/plain" else self.pages).append(_text(part))
        elif not kind.startswith("multipart/"):
            self._keep(part, _bytes(part), "")

    def _keep(self, part: Message, content: bytes, ending: str) -> None:
        name = clean(_guarded(part.get_filename, None) or "")
        self.attachments.append(Attachment(name or f"attachment-{len(self.attachments) + 1}{ending}", content))


def _parts(part: Message) -> Iterator[Message]:
    payload = part.get_payload()
    return (inner for inner in payload if isinstance(inner, Message)) if isinstance(payload, list) else iter(())


def _is_attached(part: Message) -> bool:
    disposition = _guarded(part.get_content_disposition, None)
    return disposition == "attachment" or bool(disposition and _guarded(part.get_filename, None))


def _inner(part: Message) -> bytes:
    parts: list[bytes] = [_guarded(inner.as_bytes, b"") for inner in _parts(part)]
    return b"".join(parts)


def _bytes(part: Message) -> bytes:
    content = _guarded(partial(part.get_payload, decode=True), None)
    return content if isinstance(content, bytes) else b""


def _text(part: Message) -> str:
    charset = _guarded(part.get_content_charset, None) or "utf-8"
    return clean(decode(_bytes(part), charset)).replace("\r\n", "\n")


def decode(content: bytes, charset: str) -> str:
    """Decode by the given character set if it works, else by UTF-8, else by Windows-1252."""
    for candidate in (charset, "utf-8"):
        try:
            name = codecs.lookup(candidate).name.replace("_", "-")
            if name not in _NO_CHARSETS:
                return content.decode(name, "strict" if name == "utf-8" else "replace")
        except (LookupError, UnicodeError, ValueError):
            continue
    return content.decode("cp1252", "replace")


def plain(page: str) -> str:
    """The text of an HTML page, good enough for a preview of a line or two."""
    text = html.unescape("".join(_between_tags(page)))
    return re.sub(r"\n\s*\n", "\n\n", re.sub(r"[ \t\xa0]+", " ", text)).strip()


def _between_tags(page: str) -> Iterator[str]:
    """The texts between the tags, in a single pass. A comment or script that is never closed lasts until the end."""
    at = 0
    while found := _MARKUP.search(page, at):
        yield page[at : found.start()]
        at = found.end()
        if _BREAK.match(found[0]):
            yield "\n"
        if found[0] == "<!--":
            end = page.find("-->", at)
            at = end + 3 if end >= 0 else len(page)
        elif found[1]:
            closed = _ENDS[found[1].lower()].search(page, at)
            at = closed.end() if closed else len(page)
    yield page[at:]


def clean(text: str) -> str:
    """The text without NUL characters and surrogates, so that databases and JSON accept it. Raw bytes of a header are
    decoded as UTF-8 if possible."""
    text = text.encode("utf-8", "surrogateescape").decode("utf-8", "replace") if _odd(text) else text
    return text.replace("\0", "")


def _odd(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False


def _header(message: Message, name: str) -> str:
    text = clean(str(_guarded(lambda: message.get(name), None) or ""))
    return re.sub(r"\s+", " ", text).strip()[:1000]


def _ids(message: Message, name: str) -> list[str]:
    text = clean(str(_guarded(lambda: message.get(name), None) or ""))
    return [id_ for id_ in _ID.findall(text) if len(id_) <= LONGEST_ID]


def _addresses(message: Message, name: str) -> list[Address]:
    header: Any = _guarded(lambda: message[name], None)
    found: list[Any] = _guarded(lambda: list(header.addresses), [])
    read = [_address(address) for address in found]
    return list({address.email: address for address in reversed(read) if address}.values())[::-1]


def _address(parsed: Any) -> Address | None:
    spec = clean(_guarded(lambda: str(parsed.addr_spec), "")).strip().lower()
    spec = addresses.one_form(spec)
    if not _ADDRESS.fullmatch(spec) or len(spec) > 254:
        return None
    return Address(spec, clean(_guarded(lambda: str(parsed.display_name), "")).strip()[:200])


def _date(message: Message) -> int | None:
    header: Any = message["date"]
    date = header.datetime
    date = date if date.tzinfo else date.replace(tzinfo=UTC)
    return int(date.timestamp() * 1000)


def _guarded(read: Callable[[], T], otherwise: T) -> T:
    """The result of `read`, or `otherwise` if it raises: for malformed headers the library's parser raises IndexError,
    AttributeError, RecursionError and others."""
    try:
        return read()
    except Exception:
        return otherwise
