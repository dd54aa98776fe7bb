"""E-mail threads over HTTP."""

from __future__ import annotations

from ..core import persons
from ..core.activity import files, threads
from ..core.activity.threads import Thread
from ..core.context import Ctx
from ..wire.shapes import threads as shapes
from ..wire.shapes.lists import SUCCESS, Success
from .http.call import ALL, Call


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


def remove(call: Call) -> Success:
    """Remove a thread from its box, with its messages and files."""
    threads.remove(call.ctx, call.path[0])
    return SUCCESS
