"""Letters over HTTP: mail that waits, and mail that was sent."""

from __future__ import annotations

from ..core.activity.sending import bounces, doubts, drafts, hits, letters, sendlaters
from ..core.activity.sending.records import DraftRecord, LetterRecord
from ..core.context import Ctx
from ..errors import Invalid
from ..wire.shapes import drafts as shapes
from ..wire.shapes.base import given
from ..wire.shapes.letter_signals import LetterHitOut, hit
from ..wire.shapes.lists import Results
from .http.call import Call

PAGE = 50


def shown(ctx: Ctx, letter: LetterRecord) -> shapes.LetterOut:
    return _shown(ctx, [letter])[0]


def _shown(ctx: Ctx, found: list[LetterRecord]) -> list[shapes.LetterOut]:
    keys, files = [letter.key for letter in found], letters.files_of(ctx, found)
    signals, returned = hits.signals(ctx.db, keys), bounces.by_letter(ctx.db, keys)
    return [shapes.letter(letter, files[letter.key], signals[letter.key], returned[letter.key]) for letter in found]


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
    return Results(_shown(call.ctx, found[:limit]), len(found) > limit)


def get(call: Call) -> shapes.LetterOut:
    """A letter with its state."""
    return shown(call.ctx, letters.get(call.ctx, call.path[0]))


def list_hits(call: Call) -> Results[LetterHitOut]:
    """The opens of a letter and the clicks on its links, newest first, 50 per page.

    A hit appears some seconds after it happened: then it is known whether a person caused it.
    """
    limit, offset = call.page(PAGE)
    found = hits.page(call.ctx, call.path[0], limit=limit + 1, offset=offset)
    return Results([hit(each) for each in found[:limit]], len(found) > limit)


def cancel(call: Call) -> shapes.LetterWithDraft:
    """Cancel a letter that waits. Its draft is back."""
    return _with_draft(call.ctx, *letters.cancel(call.ctx, call.path[0]))


def resolve(call: Call) -> shapes.LetterWithDraft:
    """Decide about a letter in doubt: it counts as sent, or it becomes a draft again."""
    wanted = call.parse(shapes.LETTER_RESOLVE).get("as")
    if not wanted:
        raise Invalid("as", "is missing: sent, or draft")
    return _with_draft(call.ctx, *doubts.resolve(call.ctx, call.path[0], wanted))


def create(call: Call) -> shapes.LetterOut:
    """Write and schedule a letter in one request."""
    return shown(call.ctx, sendlaters.create(call.ctx, call.parse(shapes.SEND_LATER)))


def _with_draft(ctx: Ctx, letter: LetterRecord, draft: DraftRecord | None) -> shapes.LetterWithDraft:
    whole = shapes.draft(draft, drafts.files_of(ctx, draft)) if draft else None
    return shapes.LetterWithDraft(shown(ctx, letter), given(whole))
