"""Mail settings over HTTP."""

from __future__ import annotations

from ..core import mail_settings, outgoing_mail
from ..core.context import Ctx
from ..core.mail_settings import Settings
from ..core.persons import check_email
from ..errors import Conflict
from ..lib import ids, smtp
from ..lib.secret_keys import KeyMissing
from ..wire import v1
from ..wire.shapes import mail as shapes
from ..wire.shapes.base import given as given_out
from .http.bodies import Body
from .http.call import Call
from .http.replies import Reply, encode

MOST_BODY = 10_000


def get(call: Call) -> shapes.MailOut:
    """The mail settings, without the password, and how many mails wait. For owners of the first team."""
    return _shown(call.ctx, mail_settings.get(call.ctx))


def edit(call: Call) -> shapes.MailOut:
    """Set the SMTP server, the sender, and the base URL of links. Members you leave out stay."""
    settings = mail_settings.edit(call.ctx, call.api.keys, call.parse(shapes.MAIL_EDIT))
    outgoing_mail.retry_now(call.ctx)
    return _shown(call.ctx, settings)


async def test(call: Call, body: Body) -> Reply:
    """Send a test mail now, and return the error of the mail server if there is one."""
    members, _ = v1.read_body(await body.whole(call.headers, MOST_BODY), call.header("content-type"))
    call.look_for_dry_run(members)
    given = shapes.MAIL_TEST.parse(members)
    settings, me = await call.read(lambda ctx: (mail_settings.get(ctx), ctx.actor.email))
    if not settings.smtp_url:
        raise Conflict("There are no mail settings yet: set the SMTP server first")
    to = check_email(given.get("to") or me, "to")
    now = call.api.clock()
    letter = smtp.Letter(
        id=ids.new("l", now),
        sender=settings.sender,
        recipients=[to],
        subject="A test from Boxwood",
        text=f"Mail from {settings.base_url} arrives.\n",
        at=now,
    )
    try:
        url = mail_settings.full_url(call.api.keys, settings)
        error = await call.api.aside(smtp.send, smtp.read_url(url), letter)
    except KeyMissing:
        error = mail_settings.KEY_MISSING
    except (smtp.Refused, smtp.Failed) as why:
        error = str(why)
    return Reply(encode(shapes.MailTestOut(not error, to, given_out(error or None))))


def _shown(ctx: Ctx, settings: Settings) -> shapes.MailOut:
    return shapes.mail(settings, outgoing_mail.counts(ctx.db), outgoing_mail.last_error(ctx.db))
