"""E-mail threads over HTTP."""

from __future__ import annotations

from ..core import persons
from ..core.activity import files, threads
from ..core.activity.mail import conversations, originals
from ..core.activity.threads import Thread
from ..core.context import Ctx
from ..errors import Invalid
from ..wire.shapes import incoming_mail as mail_shapes
from ..wire.shapes import threads as shapes
from ..wire.shapes.lists import SUCCESS, Results, Success
from . import downloads
from .http.call import ALL, Call
from .http.replies import Download

PAGE = 50


def shown(ctx: Ctx, found: list[Thread]) -> list[shapes.ThreadOut]:
    held = files.by_thread(ctx, [thread.key for thread in found])
    people = persons.by_key(ctx, {file.owner_key for each in held.values() for file in each})
    return [shapes.thread(thread, held[thread.key], people, ctx.actor.key) for thread in found]


def list_of_box(call: Call) -> list[shapes.ThreadOut]:
    """The e-mail threads of a box, oldest first."""
    limit, offset = call.page(ALL)
    return shown(call.ctx, threads.list_for_box(call.ctx, call.path[0], limit=limit, offset=offset))


def get(call: Call) -> shapes.ThreadOut:
    """An e-mail thread: its subject, people and files."""
    return shown(call.ctx, [threads.get(call.ctx, call.path[0])])[0]


def add(call: Call) -> list[shapes.ThreadOut]:
    """Add a Gmail thread to a box. Boxwood stores only its id.

    The response is a list with one thread, as in Streak.
    """
    given = call.parse(shapes.THREAD_ADD)
    return shown(call.ctx, [threads.add_gmail(call.ctx, call.path[0], given.get("thread_gmail_id"))])


def find(call: Call) -> list[shapes.ThreadOut]:
    """A Gmail thread in all boxes that the caller can access."""
    return shown(call.ctx, threads.list_for_gmail_id(call.ctx, call.text("hexGmailThreadId")))


def share(call: Call) -> shapes.ThreadOut:
    """Choose what other users who see the box see of a thread. For the user whose mail it is.

    `subject` hides text and files, `metadata` also the subject, `private` everything. Restricted mail starts no
    automations and no webhooks.
    """
    given = call.parse(mail_shapes.THREAD_SHARE)
    return shown(call.ctx, [conversations.share(call.ctx, call.path[0], given.get("share") or "")])[0]


def add_to_box(call: Call) -> shapes.ThreadOut:
    """Add a thread to another box, or move it there. The response is the thread on that box."""
    given = call.parse(mail_shapes.THREAD_BOX)
    if not given.get("box_key"):
        raise Invalid("boxKey", "is missing: name the box that gets the thread")
    moved = bool(given.get("move"))
    return shown(call.ctx, [conversations.add_to_box(call.ctx, call.path[0], given["box_key"], move=moved)])[0]


def split(call: Call) -> shapes.ThreadOut:
    """Move messages of a thread to a new thread of the same box. The response is the new thread."""
    given = call.parse(mail_shapes.THREAD_SPLIT)
    return shown(call.ctx, [conversations.split(call.ctx, call.path[0], given.get("message_keys") or [])])[0]


def list_of_contact(call: Call) -> Results[shapes.ThreadOut]:
    """The e-mail threads with a contact, in all boxes that you can access, newest first, 50 per page."""
    limit, offset = call.page(PAGE)
    found = conversations.list_for_contact(call.ctx, call.path[0], limit=limit + 1, offset=offset)
    return Results(shown(call.ctx, found[:limit]), len(found) > limit)


def list_of_organization(call: Call) -> Results[shapes.ThreadOut]:
    """The e-mail threads with the contacts and the domains of an organization, as those of a contact."""
    limit, offset = call.page(PAGE)
    found = conversations.list_for_organization(call.ctx, call.path[0], limit=limit + 1, offset=offset)
    return Results(shown(call.ctx, found[:limit]), len(found) > limit)


def mbox(call: Call) -> Download:
    """The original messages of a box as an mbox file, oldest first: those that you see whole."""
    return downloads.mbox(call, originals.of_box(call.ctx, call.path[0]), call.path[0])


def remove(call: Call) -> Success:
    """Remove a thread from its box, with its messages and files."""
    threads.remove(call.ctx, call.path[0])
    return SUCCESS
