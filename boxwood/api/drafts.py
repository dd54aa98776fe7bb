"""Drafts over HTTP, and the mailboxes that they are sent from."""

from __future__ import annotations

from ..core.activity.sending import drafts, letters, limits, previews, senders
from ..core.activity.sending.records import DraftRecord
from ..core.context import Ctx
from ..wire.shapes import drafts as shapes
from ..wire.shapes.lists import SUCCESS, Results, Success
from . import letters as letters_api
from . import uploads
from .http.bodies import Body
from .http.call import Call
from .http.replies import Reply

PAGE = 50


def shown(ctx: Ctx, draft: DraftRecord) -> shapes.DraftOut:
    return shapes.draft(draft, drafts.files_of(ctx, draft))


def list_own(call: Call) -> Results[shapes.DraftOut]:
    """Your drafts and those that colleagues share with you, last changed first, 50 per page."""
    limit, offset = call.page(PAGE)
    found = drafts.page(
        call.ctx,
        limit=limit + 1,
        offset=offset,
        box_key=call.text("boxKey"),
        thread_key=call.text("threadKey"),
        mailbox_key=call.text("mailboxKey"),
    )
    return Results([shown(call.ctx, draft) for draft in found[:limit]], len(found) > limit)


def get(call: Call) -> shapes.DraftOut:
    """A draft."""
    return shown(call.ctx, drafts.get(call.ctx, call.path[0]))


def create(call: Call) -> shapes.DraftOut:
    """Begin a draft: a new mail, or an answer or a forward, which comes back filled from the message."""
    return shown(call.ctx, drafts.create(call.ctx, call.parse(shapes.DRAFT_CREATE)))


def edit(call: Call) -> shapes.DraftOut:
    """Update a draft. Members you leave out stay. With `version`, a change of a colleague is never overwritten."""
    return shown(call.ctx, drafts.edit(call.ctx, call.path[0], call.parse(shapes.DRAFT_EDIT)))


def delete(call: Call) -> Success:
    """Delete a draft, for good."""
    drafts.delete(call.ctx, call.path[0])
    return SUCCESS


async def attach(call: Call, body: Body) -> Reply:
    """Attach a file to a draft: one file in a multipart form, or its bytes as the body.

    For bytes, send the name as `fileName` in the query or in the header `X-File-Name`. With `contentId`, the HTML
    shows the file as `cid:` and this id.
    """
    key, content_id = call.path[0], call.text("contentId")
    await call.read(lambda ctx: drafts.require_attach(ctx, key))
    uploads.check(call)
    async with uploads.announced(call, 1) as (blob,):
        stored = await call.api.aside(uploads.take, call, body, blob)

        def keep(ctx: Ctx) -> shapes.DraftOut:
            return shown(ctx, drafts.attach(ctx, key, stored, content_id=content_id or None))

        return await call.write([stored.name, stored.stored.sha256], keep)


def preview(call: Call) -> shapes.DraftPreviewOut:
    """The letter of a draft as it would be sent now, for its contact and box or for others."""
    given = call.parse(shapes.DRAFT_PREVIEW)
    return shapes.preview(previews.preview(call.ctx, call.path[0], **given))


def send(call: Call) -> shapes.LetterOut:
    """Send a draft: after the seconds in which you can cancel it, or at a later time."""
    return letters_api.shown(call.ctx, letters.send_draft(call.ctx, call.path[0], **call.parse(shapes.DRAFT_SEND)))


def list_senders(call: Call) -> Results[shapes.SenderOut]:
    """The mailboxes that you may send from: your own, and those of your teams whose owners allow it."""
    ctx = call.ctx
    found = senders.list_own(ctx)
    return Results(
        [
            shapes.sender(each, senders.sender_of(ctx, each).name, limits.used(ctx.db, each.key, ctx.now))
            for each in found
        ],
        False,
    )
