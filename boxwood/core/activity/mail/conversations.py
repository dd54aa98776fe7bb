"""What users do with conversations: choose who sees them, add them to other boxes, split them."""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec

from ....errors import Conflict, Forbidden, Invalid
from ....lib import addresses, ids
from ... import events, search
from ...context import Ctx
from ...people import contact_access
from ...people.contacts import CONTACTS
from ...people.organizations import ORGANIZATIONS
from ...records import Box, Pipeline
from ...webhooks import deliveries
from .. import attached, files, threads
from ..messages import ROWS, MessageRow
from ..threads import THREADS, Thread, ThreadWithFiles
from . import mails, sharing, storing
from .records import FULL, SHARES
from .sharing import OPEN, ThreadShare

MOST_SPLIT = 500


class _Reached(NamedTuple):
    """A conversation that the actor may change, with its box locked."""

    thread: Thread
    share: ThreadShare
    box: Box
    pipeline: Pipeline


def _reach(ctx: Ctx, key: str) -> _Reached:
    thread, box, pipeline, _ = attached.reach(ctx, THREADS, key)
    return _Reached(thread, sharing.of_threads(ctx, [key]).get(key, OPEN), box, pipeline)


def _require_whole(ctx: Ctx, reached: _Reached) -> None:
    if not reached.share.is_whole(ctx):
        raise Forbidden("Only the user who restricted this conversation may do this")


def share(ctx: Ctx, key: str, wanted: str) -> Thread:
    """Choose what other users who see the box see of a conversation: `full`, `subject`, `metadata` or `private`.

    Only the user whose mailbox all its mail is in, or who added it, may restrict it, and open it again. That the
    conversation existed remains known to users who read of it before, and to receivers of webhooks.
    """
    reached = _reach(ctx, key)
    if wanted not in SHARES:
        raise Invalid("share", f"must be one of {', '.join(SHARES)}")
    if not ctx.mail_owner:
        raise Forbidden("Who sees a conversation is decided by its owner: use your own API key, not a team's")
    _require_whole(ctx, reached)
    before = reached.share
    if wanted == before.share:
        return threads.get(ctx, key)
    if before.share == FULL:
        _require_own(ctx, reached.thread)
    # The owner stays known, so that later mail of a restricted mailbox joins a conversation that its owner opened.
    after = ThreadShare(wanted, ctx.actor.key)
    sharing.store(ctx, key, reached.box.key, after)
    search.reindex_parts(ctx, "thread_key", key)
    deliveries.cancel_for_box_mail(ctx, reached.box.key)
    box = threads.save_totals(ctx, reached.box)
    record = ThreadWithFiles(key, reached.thread, files.by_thread(ctx, [key])[key])
    events.record(
        ctx,
        "thread.shared",
        record,
        pipeline=reached.pipeline,
        box=box,
        before={"share": before.share},
        people=[ctx.actor.key],
        subject=reached.thread.subject or "(no subject)",
        share=wanted,
    )
    return threads.get(ctx, key)


def _require_own(ctx: Ctx, thread: Thread) -> None:
    """Raise Conflict if mail of the conversation is also in mailboxes of other users, or of the team: they share it."""
    if thread.email_count == 0:
        if thread.creator_key != ctx.actor.key:
            raise Forbidden("Only the user who added this conversation may restrict it")
        return
    rows = ctx.db.rows("SELECT owner_keys FROM messages WHERE thread_key = :thread", thread=thread.key)
    owners = [msgspec.json.decode(row[0], type=list[str]) for row in rows]
    if not any(ctx.actor.key in keys for keys in owners):
        raise Forbidden("Only the user whose mail it is may restrict a conversation")
    shared = sum(keys != [ctx.actor.key] for keys in owners)
    if shared:
        raise Conflict(
            f"{shared} of {len(owners)} messages are also in mailboxes of other users, who share them: split your own "
            "messages off first"
        )


def add_to_box(ctx: Ctx, key: str, box_key: str, *, move: bool = False) -> Thread:
    """Add a conversation to another box, as it is shared here; with `move`, remove it from its box. Returns the
    conversation on the other box."""
    reached = _reach(ctx, key)
    _require_whole(ctx, reached)
    if box_key == reached.box.key:
        raise Invalid("boxKey", "is the box that has the conversation already")
    box, pipeline, _ = attached.reach_box(ctx, THREADS, box_key)
    if pipeline.team_key != reached.pipeline.team_key:
        raise Invalid("boxKey", "must be a box of the same team")
    if reached.thread.gmail_id is not None and not reached.thread.email_count:
        added = threads.add_gmail(ctx, box_key, reached.thread.gmail_id)
    else:
        added = _copied(ctx, reached, box, pipeline)
    if move:
        threads.remove(ctx, key)
    return threads.get(ctx, added.key)


def _copied(ctx: Ctx, reached: _Reached, box: Box, pipeline: Pipeline) -> Thread:
    rows = ROWS.load_all(
        ctx.db.rows(
            f"SELECT {ROWS.columns} FROM messages WHERE thread_key = :key ORDER BY sent_at, key", key=reached.thread.key
        )
    )
    if not rows:
        raise Conflict("This conversation has no messages")
    records = mails.load(ctx, [row.mail_key for row in rows])
    source = reached.share if reached.share.share != FULL else ThreadShare(FULL, None)
    last = ""
    for row in rows:
        record = records[row.mail_key]
        mail = msgspec.structs.replace(mails.as_mail(record), bcc=row.bcc)
        attached_files = mails.files_of(ctx, record.key)
        box = attached.reach_box(ctx, THREADS, box.key)[0]
        last = storing.add_to(ctx, source, row.owner_keys, mail, record, attached_files, box, pipeline)
    found = ctx.db.row(
        f"SELECT {THREADS.of('t')} FROM threads t JOIN messages m ON m.thread_key = t.key WHERE m.key = :key", key=last
    )
    assert found is not None
    return THREADS.load(found)


def split(ctx: Ctx, key: str, message_keys: list[str]) -> Thread:
    """Move messages of a conversation to a new one on the same box, shared like this one. Returns the new one."""
    reached = _reach(ctx, key)
    _require_whole(ctx, reached)
    wanted = list(dict.fromkeys(message_keys))
    if not wanted:
        raise Invalid("messageKeys", "is empty: name the messages that begin a conversation of their own")
    if len(wanted) > MOST_SPLIT:
        raise Invalid("messageKeys", f"must not name more than {MOST_SPLIT} messages")
    rows = _rows(ctx, key)
    for message_key in wanted:
        if message_key not in rows:
            raise Invalid("messageKeys", f"this conversation has no message {message_key[:100]!r}")
    if len(wanted) == len(rows):
        raise Invalid("messageKeys", "names all messages: leave at least one in this conversation")
    new = _empty_like(ctx, reached.thread)
    THREADS.insert(ctx.db, new)
    if reached.share != OPEN:
        sharing.store(ctx, new.key, reached.box.key, reached.share)
    storing.move_messages(ctx, [rows[message_key] for message_key in wanted], new)
    box = threads.save_totals(ctx, reached.box)
    record_split(ctx, key, new.key, box, reached.pipeline)
    return threads.get(ctx, new.key)


def record_split(ctx: Ctx, old_key: str, new_key: str, box: Box, pipeline: Pipeline) -> None:
    """Record that messages of the old conversation are in the new one now."""
    row = ctx.db.row(f"SELECT {THREADS.columns} FROM threads WHERE key = :key", key=new_key)
    assert row is not None
    new = THREADS.load(row)
    record = ThreadWithFiles(new_key, new, files.by_thread(ctx, [new_key])[new_key])
    events.record(
        ctx,
        "thread.split",
        record,
        pipeline=pipeline,
        box=box,
        before={"thread_key": old_key, "message_keys": sorted(_rows(ctx, new_key))},
        people=[new.creator_key],
        subject=new.subject or "(no subject)",
    )


def unsplit(ctx: Ctx, new_key: str, old_key: str, message_keys: list[str]) -> None:
    """Move messages back to the conversation from which they were split."""
    reached = _reach(ctx, new_key)
    _require_whole(ctx, reached)
    target = ctx.db.row(
        f"SELECT {THREADS.columns} FROM threads WHERE key = :key AND box_key = :box", key=old_key, box=reached.box.key
    )
    if target is None:
        raise Conflict("the conversation from which it was split is not there any longer")
    if sharing.of_threads(ctx, [old_key]).get(old_key, OPEN) != reached.share:
        raise Conflict("who sees the two conversations was changed since")
    rows = _rows(ctx, new_key)
    if sorted(rows) != message_keys:
        raise Conflict("the messages of the new conversation were changed since")
    storing.move_messages(ctx, list(rows.values()), THREADS.load(target))
    box = threads.save_totals(ctx, reached.box)
    record_split(ctx, new_key, old_key, box, reached.pipeline)


def _rows(ctx: Ctx, thread_key: str) -> dict[str, MessageRow]:
    sql = f"SELECT {ROWS.columns} FROM messages WHERE thread_key = :thread"
    return {row.key: row for row in ROWS.load_all(ctx.db.rows(sql, thread=thread_key))}


def _empty_like(ctx: Ctx, thread: Thread) -> Thread:
    changes: dict[str, Any] = {"gmail_id": None, "creator_key": ctx.actor.key, "email_count": 0, "last_email_at": None}
    return msgspec.structs.replace(
        thread, **changes, key=ids.new("h", ctx.now), created_at=ctx.now, updated_at=ctx.now, names=[], subject=""
    )


# Of a contact or an organization


def list_for_contact(ctx: Ctx, contact_key: str, *, limit: int, offset: int) -> list[Thread]:
    """The conversations with a contact, in all boxes that the actor may see, the newest first."""
    contact = contact_access.get(ctx, CONTACTS, contact_key)
    return _with_people(ctx, contact.email_addresses, [])[offset : offset + limit]


def list_for_organization(ctx: Ctx, organization_key: str, *, limit: int, offset: int) -> list[Thread]:
    """The conversations with the contacts of an organization, and with addresses of its domains."""
    organization = contact_access.get(ctx, ORGANIZATIONS, organization_key)
    keys = [link.key for link in organization.contact_links]
    seen = contact_access.known(ctx, "contacts", organization.team_key, keys)
    found = [contact_access.get(ctx, CONTACTS, key) for key in keys if key in seen]
    emails = [address for contact in found for address in contact.email_addresses]
    domains = [domain for domain in organization.normalized_domains if domain not in addresses.ANYBODYS]
    return _with_people(ctx, emails, domains)[offset : offset + limit]


def _with_people(ctx: Ctx, emails: list[str], domains: list[str]) -> list[Thread]:
    """The latest conversations in which one of these addresses, or an address of one of these domains, takes part."""
    if not emails and not domains:
        return []
    test, given = attached.sees(ctx, "threads")

    def named(column: str) -> str:
        whole = ctx.db.dialect.among(column, "addresses")
        # Without domains, an index finds the addresses.
        domain = ctx.db.dialect.among(ctx.db.dialect.domain(column), "domains") if domains else ""
        return f"({whole} OR {domain})" if domain else whole

    rows = ctx.db.rows(
        f"""
        SELECT {THREADS.columns} FROM threads
        WHERE (box_key IN (SELECT x.box_key FROM box_addresses x WHERE {named("x.address")})
            OR key IN (SELECT o.thread_key FROM thread_shares o WHERE o.owner_key = :mail_owner))
            AND EXISTS (
                SELECT 1 FROM {ctx.db.dialect.each_text("email_addresses")} AS a WHERE {named("a.value")}) AND {test}
        ORDER BY COALESCE(last_email_at, created_at) DESC, key DESC LIMIT {MOST_OF_CONTACT}
        """,
        addresses=ctx.db.texts(emails),
        **({"domains": ctx.db.texts(domains)} if domains else {}),
        **given,
    )
    return threads.within_reach(ctx, THREADS.load_all(rows))


MOST_OF_CONTACT = 1000
