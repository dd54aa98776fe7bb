"""Downloads: a whole file or a range of it, with its own type, never run by a browser."""

from __future__ import annotations

import re
from functools import partial
from urllib.parse import quote

from ..core.activity.files import File
from ..core.activity.mail import originals
from ..core.activity.mail.originals import Original
from ..lib import media
from .http.call import Call
from .http.replies import Download, Reply, error

_RANGE = re.compile(rb"\s*bytes\s*=\s*(\d*)\s*-\s*(\d*)\s*", re.IGNORECASE)
# If a browser shows the file as a page after all, the page has no scripts, no forms and not our origin.
_POLICY = b"default-src 'none'; sandbox"


def download(call: Call, file: File) -> Reply | Download:
    """The bytes of the file, or the requested range. A request for several ranges gets the whole file."""
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
    """The first and last byte in the Range header. None if there is no range, or an invalid one."""
    found = _RANGE.fullmatch(call.headers.get(b"range", b""))
    if not found or found[1] == found[2] == b"" or len(found[1]) > 18 or len(found[2]) > 18:
        return None
    if found[1] and found[2] and int(found[1]) > int(found[2]):
        return None
    if call.headers.get(b"if-range", tag) != tag:
        return None
    return found[1], found[2]


def _within(wanted: tuple[bytes, bytes], size: int) -> tuple[int, int]:
    """The start and end of the range, without the end itself. Empty if the file has no such bytes."""
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


def mbox(call: Call, found: list[Original], name: str) -> Download:
    """Original messages as an mbox file of this name."""
    headers = [
        (b"content-type", b"application/mbox"),
        (b"content-disposition", disposition(f"{name}.mbox")),
        (b"x-content-type-options", b"nosniff"),
        (b"cache-control", b"no-store"),
    ]
    return Download(200, headers, lambda: originals.mbox(found, call.api.store.read))


def disposition(name: str) -> bytes:
    """The Content-Disposition header with the file name, in ASCII for old programs and in UTF-8."""
    plain = re.sub(r"[^ -~]|[\"\\%]", "_", name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}".encode()
