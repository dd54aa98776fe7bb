"""Parses whole mails, and stores their original bytes and attachments before the mails themselves are stored."""

from __future__ import annotations

import asyncio

from ..core import stored_files
from ..core.activity import files
from ..core.activity.files import Upload
from ..db.engine import Engine
from ..lib import mail, media
from ..lib.blobs import Blobs, Stored, new_ids
from ..lib.mail import Mail


def parse(raw: dict[int, bytes]) -> dict[int, Mail | str]:
    """Each mail; a text is why it cannot be read."""
    parsed: dict[int, Mail | str] = {}
    for number, content in raw.items():
        try:
            parsed[number] = mail.parse(content, sender_required=False)
        except mail.Unreadable as why:
            parsed[number] = str(why)
    return parsed


async def store(
    engine: Engine, blobs: Blobs, now: int, raw: dict[int, bytes], parsed: dict[int, Mail]
) -> dict[int, tuple[Upload, list[Upload]]]:
    """Store the original bytes and the attachments. They are announced first, so that no bytes are ever unknown. If
    the mails are not stored afterwards, the sweep deletes the bytes."""
    ids = iter(new_ids(sum(1 + len(it.attachments) for it in parsed.values())))
    named = {number: [next(ids) for _ in range(1 + len(it.attachments))] for number, it in parsed.items()}
    contents = {
        blob: content
        for number, it in parsed.items()
        for blob, content in zip(named[number], [raw[number], *(each.content for each in it.attachments)], strict=True)
    }
    await engine.write_soon(lambda db: stored_files.announce(db, list(contents), now))
    stored = await asyncio.to_thread(blobs.write_many, contents)
    return {number: _uploads(it, [stored[blob] for blob in named[number]]) for number, it in parsed.items()}


def _uploads(parsed: Mail, stored: list[Stored]) -> tuple[Upload, list[Upload]]:
    attached = []
    for attachment, content in zip(parsed.attachments, stored[1:], strict=True):
        name = files.safe_name(attachment.name, "attachment")
        kind = media.sniff(attachment.content[: media.SNIFFED], name)
        attached.append(Upload(name, kind, content))
    return Upload("message.eml", "message/rfc822", stored[0]), attached
