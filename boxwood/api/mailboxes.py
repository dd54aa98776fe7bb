"""Mailboxes over HTTP."""

from __future__ import annotations

import asyncio

from ..core import mail_settings
from ..core.activity.mail import access_tokens, authorizations, dropbox, mailbox_shares, mailboxes, originals
from ..core.activity.mail.mailbox_records import MailboxRecord
from ..errors import Conflict, Invalid, Unavailable
from ..lib import imap, mail, oauth, smtp_login
from ..lib.dialing import Dialer, Failed, Refused
from ..lib.secret_keys import KeyMissing
from ..wire import v1
from ..wire.shapes import mailboxes as shapes
from ..wire.shapes.base import given
from ..wire.shapes.lists import SUCCESS, Results, Success
from . import downloads
from .http.bodies import Body
from .http.call import Call
from .http.replies import Download, Reply, encode

MOST_BODY, MOST_HEADERS = 10_000, 200


def list_own(call: Call) -> Results[shapes.MailboxOut]:
    """Your mailboxes, and the mailboxes of the teams that you own."""
    limit, offset = call.page(100)
    found = mailboxes.list_own(call.ctx, limit=limit + 1, offset=offset)
    counts = mailboxes.counts(call.ctx, [each.key for each in found])
    return Results([shapes.mailbox(each, counts[each.key]) for each in found[:limit]], len(found) > limit)


def get(call: Call) -> shapes.MailboxOut:
    """A mailbox with its state, and how many mails were stored, skipped and refused."""
    return _shown(call, mailboxes.get(call.ctx, call.path[0]))


def create(call: Call) -> shapes.MailboxOut:
    """Add a mailbox, which Boxwood then reads by IMAP. Mail in it is never changed, and stays unread."""
    api = call.api
    given = call.parse(shapes.MAILBOX_CREATE)
    return _shown(call, mailboxes.create(call.ctx, api.keys, call.rules, api.mail_providers, given))


def edit(call: Call) -> shapes.MailboxOut:
    """Update a mailbox. Members you leave out stay. A new password is tried at once."""
    api = call.api
    given = call.parse(shapes.MAILBOX_EDIT)
    return _shown(call, mailboxes.edit(call.ctx, api.keys, call.rules, api.mail_providers, call.path[0], given))


def delete(call: Call) -> Success:
    """Remove a mailbox with its password. Mail that is on boxes stays there."""
    mailboxes.delete(call.ctx, call.path[0])
    return SUCCESS


def pause(call: Call) -> shapes.MailboxOut:
    """Stop reading the mailbox."""
    return _shown(call, mailboxes.pause(call.ctx, call.path[0]))


def resume(call: Call) -> shapes.MailboxOut:
    """Read the mailbox again at once, also after a failure."""
    return _shown(call, mailboxes.resume(call.ctx, call.path[0]))


def share_stored(call: Call) -> shapes.SharedConversationsOut:
    """Give the share of the mailbox to its conversations that are stored already."""
    given = call.parse(shapes.SHARE_STORED)
    found = mailbox_shares.apply(call.ctx, call.path[0], given.get("from") or "")
    return shapes.SharedConversationsOut(found.changed, found.kept, found.more)


def list_folders(call: Call) -> Results[shapes.MailFolderOut]:
    """The folders that are read, with how far they were read."""
    return Results([shapes.folder(folder) for folder in mailboxes.folders(call.ctx, call.path[0])], False)


def list_refusals(call: Call) -> Results[shapes.MailRefusalOut]:
    """The mails that could not be stored, newest first, each with the reason."""
    limit, offset = call.page(100)
    found = mailboxes.refusals(call.ctx, call.path[0], limit=limit + 1, offset=offset)
    return Results([shapes.refusal(each) for each in found[:limit]], len(found) > limit)


def mbox(call: Call) -> Download:
    """The original mails that were stored from the mailbox and are in it, as an mbox file, oldest first.

    Of a mailbox of the team: those on boxes that you can access, and those that no box has.
    """
    mailbox = mailboxes.get(call.ctx, call.path[0])
    return downloads.mbox(call, originals.of_mailbox(call.ctx, mailbox.key), mailbox.address)


def authorize(call: Call) -> shapes.AuthorizationOut:
    """Begin to ask for permission at the provider of the mailbox."""
    mailbox = mailboxes.get(call.ctx, call.path[0])
    base_url = mail_settings.find(call.ctx.db).base_url or call.base_url
    url, ends_at = authorizations.begin(call.ctx, call.api.keys, call.api.mail_providers, mailbox, base_url)
    return shapes.AuthorizationOut(url, ends_at)


async def test(call: Call, body: Body) -> Reply:
    """Sign in to the mail servers of the mailbox now, and return their errors."""
    mailbox = await call.read(lambda ctx: mailboxes.get_to_read(ctx, call.path[0]))
    if mailbox.secret is None:
        raise Conflict("The mailbox has no password or permission yet")
    dialer = Dialer(call.rules, call.api.mail_tls)
    try:
        incoming, outgoing = await asyncio.gather(_try_imap(call, dialer, mailbox), _try_smtp(call, dialer, mailbox))
    finally:
        dialer.close()
    shown = shapes.MailboxTestOut(
        success=not incoming and not outgoing,
        imap=shapes.ServerTestOut(not incoming, given(incoming or None)),
        smtp=given(shapes.ServerTestOut(not outgoing, given(outgoing or None)) if mailbox.smtp else None),
    )
    return Reply(encode(shown))


async def _try_imap(call: Call, dialer: Dialer, mailbox: MailboxRecord) -> str:
    """The error of signing in; empty if it worked."""
    try:
        client = await _connect(call, dialer, mailbox)
        await client.close()
    except _ERRORS as error:
        return _said(error)
    return ""


async def _try_smtp(call: Call, dialer: Dialer, mailbox: MailboxRecord) -> str:
    api, server = call.api, mailbox.smtp
    if server is None:
        return ""
    try:
        login = await access_tokens.login(api.engine, api.keys, api.mail_providers, mailbox, "smtp", api.clock)
        await smtp_login.check(dialer, server.host, server.port, server.security, login)
    except _ERRORS as error:
        return _said(error)
    return ""


def dropbox_address(call: Call) -> shapes.DropboxOut:
    """The address of a pipeline: mail that members of the team send or forward there goes to the pipeline."""
    return shapes.DropboxOut(dropbox.address(call.ctx, call.path[0]))


async def headers(call: Call, body: Body) -> Reply:
    """Read headers of mails from the mailbox now. Nothing of them is stored."""
    mailbox = await call.read(lambda ctx: mailboxes.get_to_read(ctx, call.path[0]))
    members, _ = v1.read_body(await body.whole(call.headers, MOST_BODY), call.header("content-type"))
    asked = shapes.HEADERS_ASK.parse(members)
    uids = [uid for uid in asked.get("uids", []) if isinstance(uid, int) and 0 < uid < 2**32]
    if not 0 < len(uids) <= MOST_HEADERS:
        raise Invalid("uids", f"must have 1 to {MOST_HEADERS} numbers of mails")
    dialer = Dialer(call.rules, call.api.mail_tls)
    try:
        client = await _connect(call, dialer, mailbox)
        selected = await client.examine(str(asked.get("folder", "INBOX")))
        if selected.uidvalidity != asked.get("uidvalidity"):
            raise Conflict("The mail server numbered the folder again: read the suggestions again")
        found = await client.fetch(imap.write_set(uids), imap.HEADERS)
        await client.close()
    except _ERRORS as error:
        raise Unavailable(f"the mailbox cannot be read now: {_said(error)}") from None
    finally:
        dialer.close()
    shown = [
        shapes.mail_headers(each.uid, mail.parse_headers(each.bodies["HEADER"]))
        for each in found
        if "HEADER" in each.bodies
    ]
    return Reply(encode(Results(shown, False)))


async def _connect(call: Call, dialer: Dialer, mailbox: MailboxRecord) -> imap.Client:
    api, server = call.api, mailbox.imap
    login = await access_tokens.login(api.engine, api.keys, api.mail_providers, mailbox, "imap", api.clock)
    return await imap.connect(dialer, server.host, server.port, server.security, login)


_ERRORS = (Failed, Refused, imap.Refused, oauth.Failed, oauth.Refused, KeyMissing, mail.Unreadable, ValueError)


def _said(error: Exception) -> str:
    return access_tokens.KEY_LOST if isinstance(error, KeyMissing) else str(error)


def _shown(call: Call, mailbox: MailboxRecord) -> shapes.MailboxOut:
    return shapes.mailbox(mailbox, mailboxes.counts(call.ctx, [mailbox.key])[mailbox.key])
