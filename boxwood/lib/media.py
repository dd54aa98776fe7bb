"""Detects the type of a file, and decides how a browser may receive it."""

import codecs
import re
from mimetypes import MimeTypes
from typing import NamedTuple

UNKNOWN = "application/octet-stream"
SNIFFED = 4096

# As a browser that sniffs would see them (WHATWG MIME Sniffing, section 7.1): a tag's name and its end.
HTML = re.compile(
    r"<(!doctype html|html|head|script|iframe|h1|div|font|table|a|style|title|b|body|br|p)[\s>/]|<!--", re.IGNORECASE
)
XML = re.compile(r"<(\?xml|!doctype|svg)[\s>/]", re.IGNORECASE)
ROOT = re.compile(r"<(svg|html)[\s>/]", re.IGNORECASE)
# The library's own table, not the machine's /etc/mime.types: the same file is the same type everywhere.
NAMES = MimeTypes()
for _mime, _suffix in (
    ("text/calendar", ".ics"),
    ("text/vcard", ".vcf"),
    ("text/markdown", ".md"),
    ("text/javascript", ".js"),
):
    NAMES.add_type(_mime, _suffix)
TEXTUAL = {"application/json", "application/xml", "message/rfc822"}

SHOWN = {"application/pdf", "text/plain", "text/csv", "text/markdown", "text/calendar", "text/vcard"}
SHOWN |= {f"image/{kind}" for kind in ("png", "jpeg", "gif", "webp", "avif", "bmp", "heic", "x-icon")}
SHOWN |= {f"audio/{kind}" for kind in ("mpeg", "mp4", "aac", "ogg", "x-wav", "wav", "x-flac", "flac", "amr", "midi")}
SHOWN |= {f"video/{kind}" for kind in ("mp4", "webm", "ogg", "quicktime", "x-m4v", "mpeg")}
# Kept as they are, because programs open by type, and because no browser runs them.
KEPT = re.compile(
    r"application/(zip|gzip|json|rtf|msword|vnd\.ms-(excel|powerpoint|outlook)"
    r"|vnd\.openxmlformats-officedocument\.[\w.]+|vnd\.oasis\.opendocument\.[\w-]+"
    r"|x-(tar|bzip2|xz|7z-compressed|rar-compressed))|image/(tiff|vnd\.adobe\.photoshop)|(audio|video|font)/[\w.+-]+",
    re.ASCII,
)


class Served(NamedTuple):
    type: str
    disposition: str


def sniff(first: bytes, name: str = "") -> str:
    """The type of a file, from its first bytes (4 KB are enough). The name only decides between kinds of text."""
    import filetype

    first = first[:SNIFFED]
    known = filetype.guess_mime(first)
    if known:
        return str(known)
    text, named = _text(first), _named(name)
    if text is None:
        return UNKNOWN if _is_text(named) else named
    return _markup(text) or (named if _is_text(named) else "text/plain")


def safe_type(mime: str) -> Served:
    """The headers Content-Type and Content-Disposition for serving a file. Send `nosniff` with them.

    A file that a browser could run as a page or script of this origin (HTML, SVG, XML, JavaScript), and any file that
    is not known to be harmless, is served as a download without a type.
    """
    kind = mime.partition(";")[0].strip().lower()
    if kind in SHOWN:
        return Served(f"{kind}; charset=utf-8" if kind.startswith("text/") else kind, "inline")
    return Served(kind if KEPT.fullmatch(kind) else UNKNOWN, "attachment")


def _text(first: bytes) -> str | None:
    """The bytes as text, or None if they are not text. The last character may be incomplete."""
    for mark, encoding in ((codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16")):
        if first.startswith(mark):
            return codecs.getincrementaldecoder(encoding)("replace").decode(first)
    try:
        text = codecs.getincrementaldecoder("utf-8-sig")().decode(first)
    except UnicodeDecodeError:
        return None
    return None if "\0" in text else text


def _markup(text: str) -> str | None:
    start = text.lstrip()
    if HTML.match(start):
        return "text/html"
    if not XML.match(start):
        return None
    root = ROOT.search(start)
    if root is None:
        return "application/xml"
    return "image/svg+xml" if root[1].lower() == "svg" else "text/html"


def _named(name: str) -> str:
    suffix = "." + name.rpartition(".")[2].lower()
    return NAMES.types_map[True].get(suffix, UNKNOWN)


def _is_text(mime: str) -> bool:
    return mime.startswith("text/") or mime in TEXTUAL or mime.endswith("+xml")
