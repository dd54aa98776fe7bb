"""How messages are shown: their cleaned HTML, the page of a sandboxed frame, and pictures from other hosts."""

from __future__ import annotations

from msgspec.structs import replace

from ..core.activity import files, messages
from ..core.activity.mail import mails
from ..core.activity.messages import Message
from ..core.activity.sending import tracking
from ..core.context import Ctx
from ..errors import NotFound
from ..lib import html_cleaning
from ..lib.html_cleaning import Cleaned, Uncleanable
from ..lib.mail import replies, reply_pages
from ..lib.mail.replies import Part
from ..lib.remote_images import Unusable
from ..wire.shapes import message_views as shapes
from .http.bodies import Body
from .http.call import Call
from .http.replies import Reply, error

_PAGE_HEADERS = ((b"content-security-policy", html_cleaning.POLICY), (b"referrer-policy", b"no-referrer"))
# A picture is the same for as long as its address is. It is private, because it belongs to a message.
_PICTURE_HEADERS = (
    (b"cache-control", b"private, max-age=86400"),
    (b"content-security-policy", b"default-src 'none'; sandbox"),
    (b"cross-origin-resource-policy", b"same-origin"),
)


def view(call: Call) -> shapes.MessageViewOut:
    """A message as a reader sees it, without anything that runs or loads from other hosts.

    `page` is the address of a page with the HTML, for a sandboxed frame. Pictures from other hosts are left out, unless
    the request has `images=true`: then they are loaded through this server. The earlier mail that a reply quotes is a
    part of its own in `textParts`, and folded in `html`.
    """
    message = messages.get(call.ctx, call.path[0])
    cleaned = _cleaned(call.ctx, message, images=call.flag("images"))
    return shapes.message_view(message, _parts_of_text(message), cleaned, _address(message))


def page(call: Call) -> Reply:
    """A message as a page for a sandboxed frame: its cleaned HTML, or its text.

    The Content-Security-Policy of the page forbids scripts and other hosts.
    """
    message = messages.get(call.ctx, call.path[0])
    cleaned = _cleaned(call.ctx, message, images=call.flag("images"))
    content = cleaned.html if cleaned else _page_of_text(message)
    return Reply(html_cleaning.page(content), content_type=b"text/html; charset=utf-8", headers=_PAGE_HEADERS)


async def image(call: Call, body: Body) -> Reply:
    """A picture of a message from another host. The server loads it without cookies, and remembers it for an hour.

    At most 5 MB; PNG, JPEG, GIF, WebP, AVIF, BMP or ICO.
    """
    message_key, picture_id = call.path

    def find(ctx: Ctx) -> str:
        cleaned = _cleaned(ctx, messages.get(ctx, message_key), images=False)
        address = cleaned.remote.get(picture_id) if cleaned else None
        if address is None:
            raise NotFound(picture_id)
        return address

    address = await call.read(find)
    try:
        picture = await call.api.remote_images.get(address)
    except Unusable as why:
        return error(502, str(why))
    return Reply(picture.content, content_type=picture.type.encode(), headers=_PICTURE_HEADERS)


def _cleaned(ctx: Ctx, message: Message, *, images: bool) -> Cleaned | None:
    """The cleaned HTML of the message. None if the message has none, or if it is too complex."""
    if message.html is None:
        return None
    pictures = f"{_address(message)}/images/" if images else ""
    # A reply may quote a letter with our own picture: a reader who loads it would count as a recipient.
    html = tracking.without_ours(ctx.db, message.html)
    marked = reply_pages.mark(html) if _is_reply(message) else None
    page = marked.page if marked else html
    try:
        cleaned = html_cleaning.clean(page, parts=_parts(ctx, message), pictures=pictures)
    except Uncleanable:
        return None
    if marked is None:
        return cleaned
    return replace(cleaned, html=html_cleaning.fold_between(cleaned.html, marked.before, marked.after))


def _page_of_text(message: Message) -> str:
    shown = [(html_cleaning.of_text(part.text), part.quoted) for part in _parts_of_text(message)]
    return "".join(html_cleaning.folded(content) if quoted else content for content, quoted in shown)


def _parts_of_text(message: Message) -> list[Part]:
    return replies.parts(message.text) if _is_reply(message) else [Part(message.text, quoted=False)]


def _is_reply(message: Message) -> bool:
    return replies.is_reply(message.subject, message.mail_references)


def _parts(ctx: Ctx, message: Message) -> dict[str, str]:
    """The addresses of the message's files, by the ids with which its HTML names them."""
    keys = {file.blob: file.key for file in files.by_message(ctx, [message.key])[message.key]}
    return {
        file.content_id: f"/api/v2/files/{keys[file.blob]}/contents"
        for file in mails.files_of(ctx, message.mail_key)
        if file.content_id and file.blob in keys
    }


def _address(message: Message) -> str:
    return f"/api/v2/messages/{message.key}"
