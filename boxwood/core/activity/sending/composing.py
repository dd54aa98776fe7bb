"""A letter as the bytes that are sent, and as those that are stored."""

from __future__ import annotations

import re
from base64 import encodebytes
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.charset import QP, Charset
from email.header import Header
from email.message import Message
from email.mime.base import MIMEBase
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from email.policy import compat32
from email.utils import format_datetime, quote

from ....lib import addresses
from ....lib.lines import on_one_line
from ....lib.mail import Address
from .records import LetterRecord, OutgoingFile

_UTF8 = Charset("utf-8")
_UTF8.body_encoding = QP
_ID = re.compile(r"[ -;=?-~]+")
"""An id of a mail or of a part that a header can name: ids of other programs may have other characters."""
_TYPE = re.compile(r"[\w.+-]+/[\w.+-]+", re.ASCII)
_POLICY = compat32.clone(linesep="\r\n", max_line_length=78)


def composed(
    letter: LetterRecord,
    html: str,
    text: str,
    files: list[OutgoingFile],
    content: Callable[[OutgoingFile], bytes],
    now: int,
    headers: Mapping[str, str],
) -> bytes:
    """The message of a letter (RFC 5322), in ASCII and with CRLF. Hidden recipients are not in it."""
    message = _body(html, text)
    shown = [file for file in in_order(files) if file.content_id]
    attached = in_order(files)[len(shown) :]
    if shown:
        message = _with(MIMEMultipart("related"), message, shown, content)
    if attached:
        message = _with(MIMEMultipart("mixed"), message, attached, content)
    whole: dict[str, str] = {
        "Message-ID": f"<{letter.message_id}>",
        "Date": format_datetime(datetime.fromtimestamp(now / 1000, UTC)),
        "From": _people([letter.sender], "From"),
        "To": _people(letter.recipients, "To") or ("undisclosed-recipients:;" if not letter.cc else ""),
        "Cc": _people(letter.cc, "Cc"),
        "Subject": _text(letter.subject, "Subject"),
        "In-Reply-To": f"<{letter.in_reply_to}>" if _ID.fullmatch(letter.in_reply_to or "") else "",
        "References": "\r\n ".join(f"<{each}>" for each in letter.mail_references if _ID.fullmatch(each)),
        "Auto-Submitted": "auto-generated" if letter.automatic else "",
        **headers,
    }
    version = message["MIME-Version"]
    del message["MIME-Version"]
    head = "".join(f"{name}: {value}\r\n" for name, value in whole.items() if value)
    return head.encode("ascii") + f"MIME-Version: {version}\r\n".encode() + message.as_bytes(policy=_POLICY)


def in_order(files: list[OutgoingFile]) -> list[OutgoingFile]:
    """The files in their order in the message: those that the HTML shows come first."""
    return sorted(files, key=lambda file: file.content_id is None)


def with_bcc(raw: bytes, people: list[Address]) -> bytes:
    """The bytes for the sender's own copy, which names hidden recipients."""
    return f"Bcc: {_people(people, 'Bcc')}\r\n".encode() + raw if people else raw


def _body(html: str, text: str) -> Message:
    if not html:
        return MIMEText(_lines(text), "plain", _UTF8)  # type: ignore[arg-type]
    both = MIMEMultipart("alternative")
    both.attach(MIMEText(_lines(text), "plain", _UTF8))  # type: ignore[arg-type]
    both.attach(MIMEText(_lines(html), "html", _UTF8))  # type: ignore[arg-type]
    return both


def _lines(text: str) -> str:
    """The text with an end of line at its end, and without characters that no mail may have."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")
    return text if text.endswith("\n") else f"{text}\n"


def _with(
    around: MIMEMultipart, first: Message, files: list[OutgoingFile], content: Callable[[OutgoingFile], bytes]
) -> MIMEMultipart:
    around.attach(first)
    for file in files:
        around.attach(_part(file, content(file)))
    return around


def _part(file: OutgoingFile, content: bytes) -> Message:
    kind = file.mime_type.partition(";")[0].strip()
    main, _, sub = kind.partition("/")
    if not _TYPE.fullmatch(kind) or main in ("multipart", "message"):
        main, sub = "application", "octet-stream"
    part = MIMEBase(main, sub)
    part.set_payload(encodebytes(content).decode("ascii"))
    part["Content-Transfer-Encoding"] = "base64"
    plain = on_one_line(file.name)
    name: object = plain if plain.isascii() else ("utf-8", "", plain)
    shown = "inline" if file.content_id else "attachment"
    part.add_header("Content-Disposition", shown, filename=name)  # type: ignore[arg-type]
    if file.content_id and _ID.fullmatch(file.content_id):
        part["Content-ID"] = f"<{file.content_id}>"
    return part


def _people(people: list[Address], name: str) -> str:
    """Addresses on lines of at most 78 characters, names in encoded words if they need it."""
    return ",\r\n ".join(_person(each, name) for each in people)


def _person(person: Address, header: str) -> str:
    email = addresses.in_ascii(person.email)
    name = on_one_line(person.name)
    if not name:
        return email
    if name.isascii():
        return f'"{quote(name)}" <{email}>'
    return f"{_text(name, header)} <{email}>"


def _text(text: str, header: str) -> str:
    """The text on lines, in encoded words if it is not ASCII."""
    text = on_one_line(text)
    if text.isascii() and len(text) < 900 and "=?" not in text:
        return text
    return Header(text, "utf-8", maxlinelen=75, header_name=header).encode(linesep="\r\n")
