"""Files within a plain text: uuencode and yEnc, which are older than MIME."""

from __future__ import annotations

import binascii
import re

MOST_FILES = 50
MOST_LINES = 1_000_000
_UU = re.compile(rb"^begin [0-7]{3,4} ([^\r\n]{1,255})\r?\n", re.M)
_UU_END = re.compile(rb"^end[ \t\r]*$", re.M)
_YENC = re.compile(rb"^=ybegin [^\r\n]{0,200}?name=([^\r\n]{1,255})\r?\n(?:=ypart [^\r\n]*\n)?", re.M)
_YENC_END = re.compile(rb"^=yend[^\r\n]*", re.M)
_YENC_SHIFTED = bytes((byte - 42) % 256 for byte in range(256))
_YENC_ESCAPE = re.compile(rb"=([\s\S])")


def files_of(content: bytes) -> tuple[bytes, list[tuple[bytes, bytes]]]:
    """The text without its files, and the files: names and contents."""
    if b"begin " not in content:
        return content, []
    files: list[tuple[bytes, bytes]] = []
    for start, stop, read in ((_UU, _UU_END, uu_decoded), (_YENC, _YENC_END, _yenc_decoded)):
        at = 0
        while len(files) < MOST_FILES and (begin := start.search(content, at)):
            end = stop.search(content, begin.end())
            decoded = read(content[begin.end() : end.start()]) if end else b""
            if end is None:
                break
            if decoded:
                files.append((begin[1].strip(), decoded))
                content = content[: begin.start()] + content[end.end() :].lstrip(b"\r\n")
            at = begin.start() if decoded else begin.end()
    return content, files


def uu_decoded(lines: bytes) -> bytes:
    """The bytes of lines in uuencode. Empty if a line is not uuencode. A line `begin` or `end` is left out."""
    found = bytearray()
    if lines.count(b"\n") > MOST_LINES:
        return b""
    for line in lines.splitlines():
        if not line.strip() or line.startswith((b"begin ", b"end")) or line == b"`":
            continue
        try:
            found += binascii.a2b_uu(line)
        except binascii.Error:
            # Some programs pad lines wrongly: the first byte says how many characters count.
            wanted = (((line[0] - 32) & 63) * 4 + 5) // 3
            try:
                found += binascii.a2b_uu(line[:wanted])
            except binascii.Error:
                return b""
    return bytes(found)


def _yenc_decoded(lines: bytes) -> bytes:
    joined = lines.replace(b"\r", b"").replace(b"\n", b"")
    if joined.count(b"=") > MOST_LINES:
        return b""
    unescaped = _YENC_ESCAPE.sub(lambda found: bytes([(found[1][0] - 64) % 256]), joined)
    return unescaped.translate(_YENC_SHIFTED)
