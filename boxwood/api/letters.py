"""Letters over HTTP: mail that waits, and mail that was sent."""

from __future__ import annotations

from ..core.activity.sending import drafts, letters, sendlaters
from ..core.activity.sending.records import DraftRecord, LetterRecord
from ..core.context import Ctx
from ..wire.shapes import drafts as shapes
from ..wire.shapes.base import given
from ..wire.shapes.lists import Results
from .http.call import Call

PAGE = 50


def shown(ctx: Ctx, letter: LetterRecord) -> shapes.LetterOut:
    return shapes.letter(letter, letters.files_of(ctx, [letter])[letter.key])


def list_own(call: Call) -> Results[shapes.LetterOut]:
    """Your letters, and those of colleagues on boxes that you see; the last due first, 50 per page."""
    limit, offset = call.page(PAGE)
    found = letters.page(
        call.ctx,
        limit=limit + 1,
        offset=offset,
        state=call.text("state"),
        box_key=call.text("boxKey"),
        mailbox_key=call.text("mailboxKey"),
        mailing_key=call.text("mailingKey"),
    )
    files = letters.files_of(call.ctx, found[:limit])
    return Results([shapes.letter(each, files[each.key]) for each in found[:limit]], len(found) > limit)


def get(call: Call) -> shapes.LetterOut:
    """A letter with its state."""
    return shown(call.ctx, letters.get(call.ctx, call.path[0]))


def cancel(call: Call) -> shapes.LetterWithDraft:
    """Cancel a letter that waits. Its draft is back."""
    return _with_draft(call.ctx, *letters.cancel(call.ctx, call.path[0]))


def create(call: Call) -> shapes.LetterOut:
    """Write and schedule a letter in one request."""
    return shown(call.ctx, sendlaters.create(call.ctx, call.parse(shapes.SEND_LATER)))


def _with_draft(ctx: Ctx, letter: LetterRecord, draft: DraftRecord | None) -> shapes.LetterWithDraft:
    whole = shapes.draft(draft, drafts.files_of(ctx, draft)) if draft else None
    return shapes.LetterWithDraft(shown(ctx, letter), given(whole))
