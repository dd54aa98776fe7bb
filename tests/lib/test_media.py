"""The bytes of a file decide its type, and a browser never gets a file that it would run."""

import io
import subprocess
import sys
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from boxwood.lib import media
from boxwood.lib.media import safe_type, sniff


def a_zip(*names: str, mime: str = "") -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        if mime:
            archive.writestr("mimetype", mime)
        for name in names:
            archive.writestr(name, "<x/>")
    return packed.getvalue()


OFFICE = "application/vnd.openxmlformats-officedocument"
WORD = a_zip("[Content_Types].xml", "_rels/.rels", "docProps/app.xml", "word/document.xml")
EXCEL = a_zip("[Content_Types].xml", "_rels/.rels", "docProps/app.xml", "xl/workbook.xml")
BINARY = [
    (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "image/png"),
    (b"\xff\xd8\xff\xe0\0\x10JFIF\0", "image/jpeg"),
    (b"GIF89a\1\0\1\0", "image/gif"),
    (b"RIFF\x24\0\0\0WEBPVP8 ", "image/webp"),
    (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "image/heic"),
    (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", "application/pdf"),
    (a_zip("a.txt"), "application/zip"),
    (WORD, f"{OFFICE}.wordprocessingml.document"),
    (EXCEL, f"{OFFICE}.spreadsheetml.sheet"),
    (a_zip(mime="application/vnd.oasis.opendocument.text"), "application/vnd.oasis.opendocument.text"),
    (b"\x1f\x8b\x08\0\0\0\0\0", "application/gzip"),
    (b"ID3\3\0\0\0\0\0\n" + bytes(64), "audio/mpeg"),
    (b"\0\0\0\x18ftypisom\0\0\2\0isomiso2" + bytes(64), "video/mp4"),
    (b"MZ" + bytes(64), "application/x-msdownload"),
    (b"\x7fELF" + bytes(64), "application/x-executable"),
    (bytes(range(256)), "application/octet-stream"),
]
TEXT = [
    ("<!DOCTYPE html><html>", "x.txt", "text/html"),
    ("\ufeff\n\t <HTML>", "photo.png", "text/html"),
    ("<script>alert(1)</script>", "photo.jpg", "text/html"),
    ("<!-- note --><svg onload=x>", "a.csv", "text/html"),
    ("<b>bold", "", "text/html"),
    ('<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg">', "logo.png", "image/svg+xml"),
    ("<svg/onload=alert(1)>", "logo.gif", "image/svg+xml"),
    ("<!DOCTYPE svg PUBLIC '-//W3C//DTD SVG 1.1//EN' ''><svg >", "", "image/svg+xml"),
    ('<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml">', "", "text/html"),
    ('<?xml version="1.0"?><feed/>', "feed.txt", "application/xml"),
    ("name,stage\nAcme,Lead\n", "boxes.CSV", "text/csv"),
    ('{"a": 1}', "a.json", "application/json"),
    ("# Title", "readme.md", "text/markdown"),
    ("BEGIN:VCALENDAR", "invite.ics", "text/calendar"),
    ("Subject: hi\r\n\r\nhello", "mail.eml", "message/rfc822"),
    ("alert(1)", "a.js", "text/javascript"),
    ("Grüße aus Köln", "note", "text/plain"),
    ("plain words", "picture.png", "text/plain"),
    ("a < b and <bold> is no tag", "", "text/plain"),
    ("", "page.html", "text/html"),
    ("", "", "text/plain"),
]


@pytest.mark.parametrize(("first", "mime"), BINARY, ids=[mime for _, mime in BINARY])
@pytest.mark.parametrize("name", ["", "page.html", "script.js", "note.txt"])
def test_bytes_tell_the_type_whatever_the_name_says(first: bytes, mime: str, name: str) -> None:
    assert sniff(first, name) == mime


@pytest.mark.parametrize(("text", "name", "mime"), TEXT)
def test_text_is_told_by_its_markup_and_then_by_its_name(text: str, name: str, mime: str) -> None:
    assert sniff(text.encode(), name) == mime


def test_bytes_nobody_knows_are_named_by_their_name_unless_it_says_text() -> None:
    assert sniff(bytes(range(256)), "old.doc") == "application/msword"
    assert sniff(bytes(range(256)), "old.html") == "application/octet-stream"


def test_a_character_cut_in_two_is_text_still() -> None:
    assert sniff("é".encode()[:1].rjust(media.SNIFFED, b"a"), "a.txt") == "text/plain"
    assert sniff(("a" * (media.SNIFFED - 1) + "é").encode(), "a.csv") == "text/csv"


def test_utf_16_hides_no_markup() -> None:
    assert sniff("<script>alert(1)</script>".encode("utf-16"), "a.txt") == "text/html"
    assert sniff("hello".encode("utf-16"), "a.txt") == "text/plain"


@pytest.mark.parametrize(
    ("mime", "kind", "disposition"),
    [
        ("image/png", "image/png", "inline"),
        ("IMAGE/PNG; q=1", "image/png", "inline"),
        ("application/pdf", "application/pdf", "inline"),
        ("text/plain", "text/plain; charset=utf-8", "inline"),
        ("video/mp4", "video/mp4", "inline"),
        ("application/zip", "application/zip", "attachment"),
        (f"{OFFICE}.wordprocessingml.document", f"{OFFICE}.wordprocessingml.document", "attachment"),
        ("application/msword", "application/msword", "attachment"),
        ("audio/x-unheard-of", "audio/x-unheard-of", "attachment"),
    ],
)
def test_harmless_types_are_kept(mime: str, kind: str, disposition: str) -> None:
    assert safe_type(mime) == (kind, disposition)


@pytest.mark.parametrize(
    "mime",
    [
        "text/html", "TEXT/HTML", " text/html ; charset=utf-7", "application/xhtml+xml", "image/svg+xml", "text/xml",
        "application/xml", "application/rss+xml", "text/javascript", "application/javascript", "text/css",
        "application/x-shockwave-flash", "application/wasm", "application/java-archive", "message/rfc822",
        "multipart/related", "text/cache-manifest", "text/vtt", "application/manifest+json", "application/x-msdownload",
        "application/octet-stream", "", "nonsense", "image/png\r\nSet-Cookie: a=b", "audio/x\r\ny", "audio/ſ", "*/*",
    ],
)  # fmt: skip
def test_what_a_browser_may_run_is_a_download_of_no_type(mime: str) -> None:
    assert safe_type(mime) == ("application/octet-stream", "attachment")


@given(st.binary(max_size=200), st.text(max_size=30))
def test_any_bytes_under_any_name_are_served_as_something_harmless(first: bytes, name: str) -> None:
    served = safe_type(sniff(first, name))
    assert served.disposition in ("inline", "attachment")
    assert served.type.isascii()
    assert served.type.isprintable()
    for active in ("html", "svg", "xml;", "script", "css"):
        assert active not in served.type


def test_the_library_is_loaded_when_first_used() -> None:
    code = "import sys; from boxwood.lib import media; print('filetype' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"
