"""Parses whole mails, and stores their original bytes and attachments before the mails themselves are stored."""

from __future__ import annotations

import asyncio

from ..core import stored_files
from ..core.activity import files
from ..core.activity.files import Upload
from ..db.engine import Engine
from ..lib import mail, media
from ..lib.blobs import Blobs, new_id
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
    ids = {number: [new_id() for _ in range(1 + len(it.attachments))] for number, it in parsed.items()}
    announced = [blob for some in ids.values() for blob in some]
    await engine.write_soon(lambda db: stored_files.announce(db, announced, now))
    # Several at a time, because a disk answers the wishes of several files together.
    numbers = list(parsed)
    stored = await asyncio.gather(
        *(asyncio.to_thread(_store, blobs, raw[number], parsed[number], ids[number]) for number in numbers)
    )
    return dict(zip(numbers, stored, strict=True))


def _store(blobs: Blobs, raw: bytes, parsed: Mail, ids: list[str]) -> tuple[Upload, list[Upload]]:
    first, *rest = ids
    original = Upload("message.eml", "message/rfc822", blobs.write([raw], first))
    attached = []
    for attachment, blob in zip(parsed.attachments, rest, strict=True):
        name = files.safe_name(attachment.name, "attachment")
        kind = media.sniff(attachment.content[: media.SNIFFED], name)
        attached.append(Upload(name, kind, blobs.write([attachment.content], blob)))
    return original, attached
