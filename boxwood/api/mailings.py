"""Mailings over HTTP."""

from __future__ import annotations

from ..core.activity.sending import mailing_recipients, mailings
from ..core.activity.sending.mailing_records import Mailing, Recipient
from ..core.context import Ctx
from ..core.records.scopes import READ
from ..wire.shapes import drafts as letter_shapes
from ..wire.shapes import mailings as shapes
from ..wire.shapes.lists import SUCCESS, Results, Success
from . import letters
from .http.call import Call

PAGE = 50


def _shown(ctx: Ctx, found: Mailing) -> shapes.MailingOut:
    return shapes.mailing(found, mailing_recipients.counts(ctx.db, [found.key])[found.key], ctx.now)


def _recipients(ctx: Ctx, found: list[Recipient]) -> list[shapes.RecipientOut]:
    written = mailing_recipients.letters_of(ctx, found)
    return [shapes.recipient(each, written.get(each.letter_key or "")) for each in found]


def list_own(call: Call) -> Results[shapes.MailingOut]:
    """Your mailings, newest first, 50 per page."""
    limit, offset = call.page(PAGE)
    found = mailings.page(call.ctx, limit=limit + 1, offset=offset)
    counts = mailing_recipients.counts(call.ctx.db, [each.key for each in found[:limit]])
    return Results([shapes.mailing(each, counts[each.key], call.ctx.now) for each in found[:limit]], len(found) > limit)


def get(call: Call) -> shapes.MailingOut:
    """A mailing with its state and its counts."""
    return _shown(call.ctx, mailings.get(call.ctx, call.path[0]))


def create(call: Call) -> shapes.MailingOut:
    """Create a mailing. It sends nothing before it is started."""
    return _shown(call.ctx, mailings.create(call.ctx, call.parse(shapes.MAILING_CREATE)))


def edit(call: Call) -> shapes.MailingOut:
    """Change a mailing that is not started, or is paused."""
    return _shown(call.ctx, mailings.edit(call.ctx, call.path[0], call.parse(shapes.MAILING_EDIT)))


def delete(call: Call) -> Success:
    """Delete a mailing that has no letters."""
    mailings.delete(call.ctx, call.path[0])
    return SUCCESS


def list_recipients(call: Call) -> Results[shapes.RecipientOut]:
    """The recipients in their order, 50 per page. `state` chooses those in a state: waiting, sent, refused, doubtful,
    cancelled, bounced, opened, clicked, replied, unsubscribed or leftOut."""
    limit, offset = call.page(PAGE)
    mailing = mailings.get(call.ctx, call.path[0])
    found = mailing_recipients.page(call.ctx, mailing, state=call.text("state"), limit=limit + 1, offset=offset)
    return Results(_recipients(call.ctx, found[:limit]), len(found) > limit)


def choose(call: Call) -> shapes.MailingOut:
    """Choose the recipients, at most 2,000; they replace those chosen before. Who gets no letter is stored with the
    reason. Later changes of a view or a box change nothing."""
    given = call.parse(shapes.RECIPIENTS_CHOOSE)
    if given.get("contact_keys"):
        call.ctx.require("contacts", READ)
    mailing = mailings.lock(call.ctx, call.path[0])
    mailing_recipients.choose(call.ctx, mailing, given)
    return _shown(call.ctx, mailing)


def edit_recipient(call: Call) -> shapes.RecipientOut:
    """Write another text for one recipient, or leave the recipient out."""
    mailing = mailings.lock(call.ctx, call.path[0])
    given = call.parse(shapes.RECIPIENT_EDIT)
    return _recipients(call.ctx, [mailing_recipients.edit(call.ctx, mailing, call.path[1], given)])[0]


def preview(call: Call) -> shapes.MailingPreviewOut:
    """The letter of one recipient as it would be sent now."""
    given = call.parse(shapes.RECIPIENT_CHOSEN)
    return shapes.preview(mailings.preview(call.ctx, call.path[0], given.get("recipient_key")))


def test(call: Call) -> letter_shapes.LetterOut:
    """Send the letter of one recipient to your own address."""
    given = call.parse(shapes.RECIPIENT_CHOSEN)
    return letters.shown(call.ctx, mailings.test(call.ctx, call.path[0], given.get("recipient_key")))


def start(call: Call) -> shapes.MailingOut:
    """Start a mailing, now or at a time."""
    given = call.parse(shapes.MAILING_START)
    return _shown(call.ctx, mailings.start(call.ctx, call.path[0], send_at=given.get("send_at")))


def pause(call: Call) -> shapes.MailingOut:
    """Pause a mailing. Letters that wait are taken back."""
    return _shown(call.ctx, mailings.pause(call.ctx, call.path[0]))


def resume(call: Call) -> shapes.MailingOut:
    """Resume a paused mailing with the recipients who have no letter yet."""
    return _shown(call.ctx, mailings.resume(call.ctx, call.path[0]))


def cancel(call: Call) -> shapes.MailingOut:
    """End a mailing. Recipients who have no letter yet get none."""
    return _shown(call.ctx, mailings.cancel(call.ctx, call.path[0]))
