"""Messages over HTTP: adding mail to a box, and reading the messages of a thread."""

from __future__ import annotations

import base64
import binascii
import re

from ..core import persons
from ..core.activity import files, messages
from ..core.activity.attached import reach_box
from ..core.activity.files import Upload
from ..core.activity.mail import originals, storing
from ..core.activity.mail.matching import STORE, Decision
from ..core.activity.messages import Message
from ..core.activity.threads import THREADS
from ..core.context import Ctx
from ..errors import Insufficient, Invalid
from ..lib import mail
from ..lib.mail import Mail
from ..wire import v1
from ..wire.shapes import threads as shapes
from ..wire.shapes.lists import Results
from . import downloads, uploads
from .http import dry_run
from .http.bodies import Body
from .http.call import Call
from .http.multipart import parts
from .http.replies import Download, Reply, encode

PAGE = 50
# In JSON and base64 a message takes a third more, and around it there is not much.
MOST_BODY = mail.MOST_BYTES * 3 // 2
_HEADER = re.compile(rb"[A-Za-z0-9-]+[ \t]*:|From ")


def shown(ctx: Ctx, found: list[Message]) -> list[shapes.MessageOut]:
    held = files.by_message(ctx, [message.key for message in found])
    people = persons.by_key(ctx, {file.owner_key for attached in held.values() for file in attached})
    return [shapes.message(message, held[message.key], people, ctx.actor.key) for message in found]


def list_of_thread(call: Call) -> Results[shapes.MessageOut]:
    """The messages of a thread in the order they were sent, 50 per page."""
    limit, offset = call.page(PAGE)
    found = messages.list_for_thread(call.ctx, call.path[0], limit=limit + 1, offset=offset)
    return Results([*shown(call.ctx, found[:limit])], len(found) > limit)


def get(call: Call) -> shapes.MessageOut:
    """A message."""
    return shown(call.ctx, [messages.get(call.ctx, call.path[0])])[0]


def raw(call: Call) -> Reply | Download:
    """The original bytes of a message, or a range of them."""
    return downloads.download(call, originals.of_message(call.ctx, call.path[0]))


async def add(call: Call, body: Body) -> Reply:
    """Add an e-mail message (RFC 5322) to a box: as the body, in a form, or as `raw` in JSON.

    The message joins the thread of the messages it answers. The box gets its addresses, and its attachments as files.
    If the box already has a message with this Message-ID, the response is that message.
    """
    box_key = call.path[0]
    await call.read(lambda ctx: reach_box(ctx, THREADS, box_key))
    raw = await call.api.aside(_raw, call, await body.whole(call.headers, MOST_BODY))
    try:
        read = await call.api.heavy(mail.parse, raw)
    except mail.Unreadable as why:
        raise Invalid("raw", str(why)) from None
    if known := await call.read(lambda ctx: _known(ctx, box_key, read)):
        return dry_run.shown(known) if call.dry else known
    async with uploads.announced(call, 1 + len(read.attachments)) as ids:
        original, *attached = await call.api.aside(_stored, call, raw, read, ids)
        which = original.stored.sha256

        def keep(ctx: Ctx) -> shapes.MessageOut:
            stored = storing.store(ctx, None, read, original, attached, Decision(STORE, "posted", [box_key]))
            return shown(ctx, messages.load(ctx, stored.message_keys))[0]

        return await call.write([which], keep)


def _known(ctx: Ctx, box_key: str, read: Mail) -> Reply | None:
    key = storing.find_posted(ctx, box_key, read)
    return Reply(encode(shown(ctx, messages.load(ctx, [key]))[0])) if key else None


def _stored(call: Call, raw: bytes, read: Mail, ids: list[str]) -> list[Upload]:
    """The original bytes and the attached files, in the file store."""
    original = Upload("message.eml", "message/rfc822", uploads.write(call, [raw], ids[0]))
    both = zip(read.attachments, ids[1:], strict=True)
    return [original] + [
        uploads.store(call, [attachment.content], blob, files.safe_name(attachment.name, "attachment"))
        for attachment, blob in both
    ]


def _raw(call: Call, body: bytes) -> bytes:
    """The bytes of the message. A body that begins with a mail header is a message, whatever its Content-Type."""
    if _HEADER.match(body.lstrip()):
        return body
    kind = call.header("content-type")
    if uploads.is_form(call):
        return _from_form(call, body, kind)
    if body.lstrip()[:1] == b"{" or "json" in kind or "urlencoded" in kind:
        members, _ = v1.read_body(body, kind)
        call.look_for_dry_run(members)
        return _from_text(members.get("raw"))
    return body


def _from_form(call: Call, body: bytes, kind: str) -> bytes:
    found: bytes | None = None
    for part in parts([body], kind):
        if part.name in dry_run.SPELLINGS:
            call.look_for_dry_run({part.name: b"".join(part.data).decode("utf-8", "replace")})
        elif found is None and (part.file_name is not None or part.name == "raw"):
            found = b"".join(part.data)
    if found is None:
        raise Insufficient("Message", "raw")
    return found


def _from_text(raw: object) -> bytes:
    if raw is None or raw == "":
        raise Insufficient("Message", "raw")
    if not isinstance(raw, str):
        raise Invalid("raw", "must be text")
    content = raw.encode("utf-8", "replace")
    if _HEADER.match(content.lstrip()):
        return content
    try:
        return base64.b64decode(re.sub(rb"\s+|=+$", b"", content).translate(_URLSAFE) + b"==", validate=False)
    except binascii.Error:
        raise Invalid("raw", "must be a message, or a message in base64url") from None


_URLSAFE = bytes.maketrans(b"-_", b"+/")
