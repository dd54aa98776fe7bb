"""Tells the text, the HTML and the files of a message apart, as mail programs show them (RFC 8621, section 4.1.4)."""

from __future__ import annotations

import html
import re

import msgspec

from . import embedded, tnef
from .charsets import clean, decode
from .flowed import unflowed
from .header_values import ids_of, text_of
from .html_text import plain
from .parts import MOST_BYTES_OF_PART_HEADERS, Part, read_headers
from .records import Attachment

LONGEST_TEXT = 1_000_000
# What is read of a text: its transfer encoding and its character set may take several bytes for a character.
MOST_BYTES_OF_TEXT = 6 * LONGEST_TEXT
_OTHER_FORMS = ("text/x-amp-html", "text/watch-html")
_META = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([A-Za-z0-9_.:-]+)", re.I)
_LINE_END = re.compile(r"\r\n?")
_ENDINGS = {
    "application/pdf": ".pdf",
    "application/pgp-signature": ".asc",
    "application/pkcs7-mime": ".p7m",
    "application/pkcs7-signature": ".p7s",
    "application/x-pkcs7-mime": ".p7m",
    "application/x-pkcs7-signature": ".p7s",
    "application/zip": ".zip",
    "audio/mpeg": ".mp3",
    "image/gif": ".gif",
    "image/jpeg": ".jpg",
    "image/jpg": ".jpg",
    "image/png": ".png",
    "image/svg+xml": ".svg",
    "image/webp": ".webp",
    "message/delivery-status": ".txt",
    "message/disposition-notification": ".txt",
    "message/feedback-report": ".txt",
    "message/global": ".eml",
    "message/global-delivery-status": ".txt",
    "message/rfc822": ".eml",
    "message/rfc822-headers": ".txt",
    "text/calendar": ".ics",
    "text/csv": ".csv",
    "text/directory": ".vcf",
    "text/html": ".html",
    "text/plain": ".txt",
    "text/rfc822-headers": ".txt",
    "text/vcard": ".vcf",
    "text/x-vcard": ".vcf",
}


class Bodies:
    """The text, the HTML and the files of a message."""

    def __init__(self, root: Part) -> None:
        self._files: list[Part] = []
        self.attachments: list[Attachment] = []
        texts: list[Part] = []
        pages: list[Part] = []
        self._sort([root], "mixed", texts, pages, inside_alternative=False)
        shown = {id(part): part for part in [*texts, *pages]}
        self.truncated = any(part.end - part.start > MOST_BYTES_OF_TEXT for part in shown.values())
        self._read = {key: self._text(part) for key, part in shown.items()}
        self.html = self._page(pages)
        self.text = "\n".join(self._read[id(part)] if _is_plain(part) else self._plain(part) for part in texts)
        if self.html and not self.text.strip():
            self.text = plain(self.html[:LONGEST_TEXT])
        for part in self._files:
            self._add(part)

    def _sort(
        self,
        parts: list[Part],
        multipart: str,
        texts: list[Part] | None,
        pages: list[Part] | None,
        *,
        inside_alternative: bool,
    ) -> None:
        """Put each part into the text, the HTML, both, or the files. A list is None where its form is already shown."""
        before = len(texts or ()), len(pages or ())
        for number, part in enumerate(parts):
            if part.parts:
                kind = part.type.partition("/")[2]
                inside = inside_alternative or kind == "alternative"
                self._sort(part.parts, kind, texts, pages, inside_alternative=inside)
                continue
            is_plain = _is_plain(part)
            if inside_alternative and multipart != "alternative" and _is_shown(part, number, multipart):
                texts, pages = (texts, None) if is_plain else (None, pages)
            places = (texts if is_plain else pages,) if multipart == "alternative" else (texts, pages)
            lists = [place for place in places if place is not None]
            if lists and _is_shown(part, number, multipart):
                for place in lists:
                    place.append(part)
            elif part.type not in _OTHER_FORMS or multipart != "alternative":
                self._files.append(part)
        if multipart == "alternative" and texts is not None and pages is not None:
            if len(texts) == before[0]:
                texts.extend(pages[before[1] :])
            elif len(pages) == before[1]:
                pages.extend(texts[before[0] :])

    def _text(self, part: Part) -> str:
        content = part.content(MOST_BYTES_OF_TEXT)
        if not _is_plain(part):
            return _clean(decode(content, part.charset or _charset_of_page(content)))
        content, files = embedded.files_of(content)
        for name, file in files:
            self._append(text_of(name), Attachment("", file))
        text = _clean(decode(content, part.charset))
        if part.parameters.get("format", b"").lower() == b"flowed":
            return unflowed(text, delete_space=part.parameters.get("delsp", b"").lower() == b"yes")
        return text

    def _plain(self, part: Part) -> str:
        return plain(self._read[id(part)][:LONGEST_TEXT])

    def _page(self, pages: list[Part]) -> str | None:
        if all(_is_plain(part) for part in pages):
            return None
        read = [(self._read[id(part)], _is_plain(part)) for part in pages]
        return "\n".join(_as_page(text) if is_plain else text for text, is_plain in read if text) or None

    def _add(self, part: Part) -> None:
        ids = part.headers.get("content-id", [b""])
        content_id = next(iter(ids_of(ids[0])), text_of(ids[0]).strip("<>")) or None
        attachment = Attachment(
            name=part.name,
            content=part.content(),
            content_type=part.type,
            content_id=content_id,
            inline=self._is_inline(part, content_id),
        )
        packed = tnef.opened(attachment.content) if tnef.is_packed(attachment) else None
        if packed is None:
            self._append(attachment.name or _usual_name(attachment), attachment)
            return
        for file in packed.files:
            self._append(file.name, file)
        if not self.text.strip() and not self.html:
            self.html = packed.html or None
            self.text = packed.text or plain(packed.html[:LONGEST_TEXT])

    def _append(self, name: str, attachment: Attachment) -> None:
        ending = _ENDINGS.get(attachment.content_type, "")
        name = clean(name) or f"attachment-{len(self.attachments) + 1}{ending}"
        self.attachments.append(msgspec.structs.replace(attachment, name=name))

    def _is_inline(self, part: Part, content_id: str | None) -> bool:
        if self.html is None:
            return part.disposition == "inline" and part.type.startswith("image/")
        return content_id is not None and f"cid:{content_id}" in self.html


def _is_plain(part: Part) -> bool:
    return part.type == "text/plain"


def _is_shown(part: Part, number: int, multipart: str) -> bool:
    """Whether a part is text that mail programs show. A text with a name is a file, except as the first part."""
    if part.type not in ("text/plain", "text/html") or part.disposition == "attachment":
        return False
    return number == 0 or (multipart != "related" and not part.name)


def _clean(text: str) -> str:
    return _LINE_END.sub("\n", clean(text)) if "\r" in text else clean(text)


def _charset_of_page(content: bytes) -> str:
    found = _META.search(content, 0, 4096)
    return found[1].decode("ascii", "replace") if found else ""


def _as_page(text: str) -> str:
    return f'<div style="white-space: pre-wrap">{html.escape(text, quote=False)}</div>'


def _usual_name(attachment: Attachment) -> str:
    """The name of a message by its subject, and of an invitation as programs name it."""
    if attachment.content_type in ("message/rfc822", "message/global"):
        content = attachment.content[:MOST_BYTES_OF_PART_HEADERS].lstrip()
        headers, _ = read_headers(content, 0, len(content), MOST_BYTES_OF_PART_HEADERS)
        subject = text_of(headers.get("subject", [b""])[0]).replace("/", "-").replace("\\", "-")[:100].strip()
        return f"{subject}.eml" if subject else ""
    return "invite.ics" if attachment.content_type == "text/calendar" else ""
