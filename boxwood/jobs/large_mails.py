"""Mails over the limit: their headers and texts are downloaded part by part, and their files stay on the server."""

from __future__ import annotations

import re
from itertools import groupby

from ..lib.imap import Client, Part

MOST_TEXT = 5_000_000
_CONTENT = re.compile(
    rb"^(?:content-[a-z-]*|mime-version)[ \t]*:.*(?:\r?\n[ \t].*)*\r?\n?", re.IGNORECASE | re.MULTILINE
)


async def fetch(client: Client, uid: int, size: int) -> bytes | None:
    """The mail without its files: a text names them. None if the mail is gone."""
    found = await client.fetch(str(uid), "BODYSTRUCTURE", "BODY.PEEK[HEADER]")
    if not found or "HEADER" not in found[0].bodies:
        return None
    texts = [part for part in found[0].parts if _is_text(part)]
    left = [part for part in found[0].parts if not _is_text(part)]
    headers = _CONTENT.sub(b"", found[0].bodies["HEADER"]).rstrip(b"\r\n")
    boundary = f"=_boxwood_{uid}_{size}".encode()
    pieces = [headers, b"MIME-Version: 1.0", b'Content-Type: multipart/mixed; boundary="' + boundary + b'"', b""]
    for choice, some in groupby(texts, lambda part: part.choice):
        contents = [await _content(client, uid, part) for part in some]
        if choice is None or len(contents) == 1:
            pieces += [line for content in contents for line in (b"--" + boundary, *content)]
        else:
            inner = f"=_choice_{choice}".encode() + boundary
            pieces += [b"--" + boundary, b'Content-Type: multipart/alternative; boundary="' + inner + b'"', b""]
            pieces += [line for content in contents for line in (b"--" + inner, *content)]
            pieces += [b"--" + inner + b"--"]
    if left:
        names = "".join(f"{part.name or part.kind} ({part.size:,} bytes)\r\n" for part in left)
        text = f"This e-mail is larger than 25 MB. These files are only in the mailbox:\r\n\r\n{names}"
        head = [b"Content-Type: text/plain; charset=utf-8", b'Content-Disposition: attachment; filename="files.txt"']
        pieces += [b"--" + boundary, *head, b"Content-Transfer-Encoding: 8bit", b"", text.encode()]
    return b"\r\n".join([*pieces, b"--" + boundary + b"--", b""])


async def _content(client: Client, uid: int, part: Part) -> list[bytes]:
    """The headers and the body of a part."""
    sections = await client.fetch(str(uid), f"BODY.PEEK[{part.number}]")
    return [*_headers_of(part), b"", next((each.bodies.get(part.number, b"") for each in sections), b"")]


def _is_text(part: Part) -> bool:
    return part.kind in ("text/plain", "text/html") and not part.attached and not part.name and part.size <= MOST_TEXT


def _headers_of(part: Part) -> list[bytes]:
    charset = part.charset if re.fullmatch(r"[\w.:+-]{1,40}", part.charset) else "utf-8"
    encoding = part.encoding if re.fullmatch(r"[\w-]{1,20}", part.encoding) else "8bit"
    return [
        f'Content-Type: {part.kind}; charset="{charset}"'.encode(),
        f"Content-Transfer-Encoding: {encoding}".encode(),
    ]
