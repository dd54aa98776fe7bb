"""Files on their way out: whole or a part, in their own type, and never run by a browser."""

from __future__ import annotations

import re
from functools import partial
from urllib.parse import quote

from ..core.activity.files import File
from ..lib import media
from .http.call import Call
from .http.replies import Download, Reply, error

_RANGE = re.compile(rb"\s*bytes\s*=\s*(\d*)\s*-\s*(\d*)\s*", re.IGNORECASE)
# A page of the file's own, without scripts, forms or our origin, should a browser make one of it in spite of all.
_POLICY = b"default-src 'none'; sandbox"


def download(call: Call, file: File) -> Reply | Download:
    """The file's bytes, or the range that was asked for (one; of several the whole is answered)."""
    assert file.size is not None
    tag = b'"%s"' % (file.sha256 or file.key)[:32].encode()
    if call.knows(tag):
        return Reply(b"", 304, headers=((b"etag", tag),))
    wanted = _wanted(call, tag)
    if wanted is None:
        return _answer(call, file, tag, 200, 0, file.size)
    start, end = _within(wanted, file.size)
    if start >= end:
        reply = error(416, f"This file has {file.size} bytes", field="Range")
        reply.headers = ((b"content-range", b"bytes */%d" % file.size),)
        return reply
    return _answer(call, file, tag, 206, start, end)


def _wanted(call: Call, tag: bytes) -> tuple[bytes, bytes] | None:
    """First and last byte as the header has them; nothing where it says nothing that can be followed."""
    found = _RANGE.fullmatch(call.headers.get(b"range", b""))
    if not found or found[1] == found[2] == b"" or len(found[1]) > 18 or len(found[2]) > 18:
        return None
    if found[1] and found[2] and int(found[1]) > int(found[2]):
        return None
    if call.headers.get(b"if-range", tag) != tag:
        return None
    return found[1], found[2]


def _within(wanted: tuple[bytes, bytes], size: int) -> tuple[int, int]:
    """From, and up to but not including; empty where there is nothing of it."""
    first, last = wanted
    if not first:
        return max(0, size - int(last)), size
    return int(first), min(size, int(last) + 1) if last else size


def _answer(call: Call, file: File, tag: bytes, status: int, start: int, end: int) -> Download:
    headers = [
        (b"content-type", media.safe_type(file.mime_type).type.encode()),
        (b"content-length", b"%d" % (end - start)),
        (b"content-disposition", disposition(file.name)),
        (b"x-content-type-options", b"nosniff"),
        (b"content-security-policy", _POLICY),
        (b"referrer-policy", b"no-referrer"),
        (b"cache-control", b"private, no-cache"),
        (b"accept-ranges", b"bytes"),
        (b"etag", tag),
    ]
    if status == 206:
        headers.append((b"content-range", b"bytes %d-%d/%d" % (start, end - 1, file.size or 0)))
    return Download(status, headers, partial(call.api.store.read, file.blob or "", start, end))


def disposition(name: str) -> bytes:
    """To be saved under its name: plain for old programs, and in UTF-8."""
    plain = re.sub(r"[^ -~]|[\"\\%]", "_", name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}".encode()
