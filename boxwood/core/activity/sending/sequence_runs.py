"""Runs of sequences: one for a recipient on a box. They are started by users and automations, and stopped by what
happens on the box."""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec

from ....db.engine import Db
from ....errors import Conflict, Forbidden, Invalid, NotFound
from ....lib import ids
from ... import boxes, events, pipelines
from ...accounts import makers
from ...context import Ctx
from ...events import Happened
from ...people import contact_access
from ...people.contacts import CONTACTS, Contact
from ...persons import check_email
from ...records import Box, Pipeline
from ..mail.mailbox_records import MailboxRecord
from . import senders, sequences, suppressions
from .sequence_records import (
    BOUNCE,
    CHANNEL,
    MEETING,
    REPLY,
    RUNNING,
    SEQUENCE_RUNS,
    STAGE,
    STOPPED,
    UNSUBSCRIBE,
    RunUpdate,
    Sequence,
    SequenceRun,
)

MOST_STARTED = 2000
"""Runs that one request starts."""
NO_ADDRESS, ALREADY, SUPPRESSED, NO_BOX = "noAddress", "running", "suppressed", "noBox"


class NotStarted(NamedTuple):
    key: str
    """Of the box or the contact."""
    reason: str
    note: str


# Starting


def start(
    ctx: Ctx,
    sequence_key: str,
    *,
    box_keys: list[str],
    contact_keys: list[str],
    mailbox_key: str | None = None,
) -> tuple[list[SequenceRun], list[NotStarted]]:
    """Start runs for boxes, each with its first contact who has an address, and for contacts, each on the newest box of
    the pipeline that names the contact. With one box and contacts, the contacts are written to on that box."""
    sequence, pipeline = sequences.reach(ctx, sequence_key)
    mailbox = _mailbox(ctx, sequence, mailbox_key)
    if not box_keys and not contact_keys:
        raise Invalid("boxKeys", "are missing: name boxes or contacts")
    if len(box_keys) + len(contact_keys) > MOST_STARTED:
        raise Invalid("boxKeys", f"must be at most {MOST_STARTED:,} boxes and contacts together")
    started: list[SequenceRun] = []
    others: list[NotStarted] = []
    for key, box, contact in _wanted(ctx, pipeline, box_keys, contact_keys):
        if box is None:
            others.append(NotStarted(key, NO_BOX, "No box of the pipeline has this contact"))
            continue
        outcome = _start(ctx, sequence, mailbox, box, contact)
        if isinstance(outcome, SequenceRun):
            started.append(outcome)
            record_event(ctx, "sequence.started", sequence.name, outcome, box, pipeline)
        else:
            others.append(outcome._replace(key=key))
    ctx.db.notify(CHANNEL)
    return started, others


def _mailbox(ctx: Ctx, sequence: Sequence, key: str | None) -> MailboxRecord:
    key = key or sequence.mailbox_key
    mailbox = senders.get(ctx, key) if key else senders.default(ctx, sequence.team_key)
    if mailbox is None:
        raise Invalid("mailboxKey", "is missing: you have no mailbox that can send")
    if mailbox.team_key != sequence.team_key:
        raise Invalid("mailboxKey", f"{mailbox.address} is a mailbox of another team than the sequence")
    return mailbox


def _wanted(
    ctx: Ctx, pipeline: Pipeline, box_keys: list[str], contact_keys: list[str]
) -> list[tuple[str, Box | None, Contact | None]]:
    found: list[tuple[str, Box | None, Contact | None]] = []
    known = {each.key: each for each in contact_access.by_keys(ctx, CONTACTS, contact_keys)}
    if missing := [key for key in contact_keys if key not in known or known[key].team_key != pipeline.team_key]:
        raise NotFound(missing[0])
    reached = [_box(ctx, pipeline, key) for key in dict.fromkeys(box_keys)]
    if len(reached) == 1 and contact_keys:
        return [(key, reached[0], known[key]) for key in dict.fromkeys(contact_keys)]
    found += [(box.key, box, None) for box in reached]
    for key in dict.fromkeys(contact_keys):
        box = _newest_box(ctx, pipeline, key)
        found.append((key, box, known[key]))
    return found


def _box(ctx: Ctx, pipeline: Pipeline, key: str) -> Box:
    box, of_box, _ = boxes.reach(ctx, key, "UPDATE")
    if of_box.key != pipeline.key:
        raise Invalid("boxKeys", f"the box {box.name!r} is in another pipeline than the sequence")
    return box


def _newest_box(ctx: Ctx, pipeline: Pipeline, contact_key: str) -> Box | None:
    rows = ctx.db.rows(
        """
        SELECT b.key FROM box_links l JOIN boxes b ON b.key = l.box_key
        WHERE l.key = :contact AND b.pipeline_key = :pipeline ORDER BY b.created_at DESC LIMIT 20
        """,
        contact=contact_key,
        pipeline=pipeline.key,
    )
    for (key,) in rows:
        try:
            return boxes.reach(ctx, key, "UPDATE")[0]
        except (NotFound, Forbidden):
            continue
    return None


def _start(
    ctx: Ctx, sequence: Sequence, mailbox: MailboxRecord, box: Box, contact: Contact | None
) -> SequenceRun | NotStarted:
    if contact is None:
        linked = contact_access.by_keys(ctx, CONTACTS, [link.key for link in box.contacts])
        contact = next((each for each in linked if _address_of(each.email_addresses)), None)
    own = [*box.emails.whitelist, *box.emails.addresses]
    address = _address_of(contact.email_addresses if contact else own)
    if not address:
        return NotStarted(box.key, NO_ADDRESS, "There is no e-mail address")
    stopped = suppressions.stopping(ctx.db, sequence.team_key, [address], automatic=True)
    if stopped is not None:
        return NotStarted(box.key, SUPPRESSED, suppressions.sentence(stopped))
    run = SequenceRun(
        key=ids.new("n", ctx.now),
        sequence_key=sequence.key,
        version=sequence.version,
        team_key=sequence.team_key,
        pipeline_key=sequence.pipeline_key,
        box_key=box.key,
        contact_key=contact.key if contact else None,
        address=address,
        name=contact.full_name if contact else "",
        user_key=ctx.actor.key,
        of_team=bool(ctx.within),
        maker=makers.maker_of(ctx),
        mailbox_key=mailbox.key,
        steps=sequence.steps,
        settings=sequence.settings,
        place=0,
        state=RUNNING,
        reason=None,
        waits=False,
        letter_key=None,
        thread_key=None,
        due_at=ctx.now,
        created_at=ctx.now,
        updated_at=ctx.now,
        ended_at=None,
    )
    columns, values = SEQUENCE_RUNS.columns, ", ".join(f":{name}" for name in SEQUENCE_RUNS.names)
    sql = f"INSERT INTO sequence_runs ({columns}) VALUES ({values}) ON CONFLICT DO NOTHING"
    if not ctx.db.run(sql, **SEQUENCE_RUNS.params(run)):
        return NotStarted(box.key, ALREADY, "The sequence runs for this recipient on this box already")
    return run


def _address_of(addresses: list[str]) -> str:
    for address in addresses:
        try:
            return check_email(address).lower()
        except Invalid:
            continue
    return ""


# Reading


def get(ctx: Ctx, key: str) -> SequenceRun:
    """A run on a box that the actor sees."""
    row = ctx.db.row(f"SELECT {SEQUENCE_RUNS.columns} FROM sequence_runs WHERE key = :key", key=key)
    if row is None:
        raise NotFound(key)
    run = SEQUENCE_RUNS.load(row)
    try:
        pipelines.get(ctx, run.pipeline_key)
    except NotFound:
        raise NotFound(key) from None
    if not boxes.seen_among(ctx, {run.box_key}):
        raise NotFound(key)
    return run


def shown(ctx: Ctx, runs: list[SequenceRun]) -> list[SequenceRun]:
    """The runs without the keys of contacts and mailboxes that the actor may not see."""
    keys = [run.contact_key for run in runs if run.contact_key]
    seen = {contact.key for contact in contact_access.by_keys(ctx, CONTACTS, keys)} if keys else set()
    usable = {run.mailbox_key: senders.may_use(ctx, run.mailbox_key) for run in runs}
    return [
        msgspec.structs.replace(
            run,
            contact_key=run.contact_key if run.contact_key in seen else None,
            mailbox_key=run.mailbox_key if usable[run.mailbox_key] else "",
        )
        for run in runs
    ]


def page(ctx: Ctx, *, sequence_key: str = "", box_key: str = "", limit: int, offset: int) -> list[SequenceRun]:
    """The runs of a sequence or on a box, the newest first, of boxes that the actor sees."""
    if sequence_key:
        sequences.get(ctx, sequence_key)
    if box_key:
        boxes.get(ctx, box_key)
    rows = ctx.db.rows(
        f"""
        SELECT {SEQUENCE_RUNS.columns} FROM sequence_runs
        WHERE (:sequence = '' OR sequence_key = :sequence) AND (:box = '' OR box_key = :box)
        ORDER BY created_at DESC, key DESC LIMIT :limit OFFSET :offset
        """,
        sequence=sequence_key,
        box=box_key,
        limit=limit,
        offset=offset,
    )
    found = SEQUENCE_RUNS.load_all(rows)
    seen = boxes.seen_among(ctx, {run.box_key for run in found})
    return [run for run in found if run.box_key in seen]


def counts(db: Db, keys: list[str]) -> dict[str, dict[str, int]]:
    """How many runs of each sequence are in each state."""
    among = db.dialect.among("sequence_key", "keys")
    sql = f"SELECT sequence_key, state, COUNT(*) FROM sequence_runs WHERE {among} GROUP BY sequence_key, state"
    found: dict[str, dict[str, int]] = {key: {} for key in keys}
    for key, state, count in db.rows(sql, keys=db.texts(keys)):
        found[key][state] = int(count)
    return found


# Stopping


def stop(ctx: Ctx, key: str) -> SequenceRun:
    """Stop a run by hand. The actor must be allowed to change the box."""
    run = get(ctx, key)
    box, pipeline, _ = boxes.reach(ctx, run.box_key, "UPDATE")
    if not end(ctx, run, "stopped by hand"):
        raise Conflict(f"Only a run in progress can be stopped: this one is {get(ctx, key).state}")
    stopped = get(ctx, key)
    record_event(ctx, "sequence.stopped", name_of(ctx.db, run), stopped, box, pipeline)
    return stopped


def stop_on_box(ctx: Ctx, box_key: str, sequence_key: str | None, reason: str) -> int:
    """Stop the runs on a box, of one sequence or of all. Returns how many there were."""
    box, pipeline, _ = boxes.reach(ctx, box_key, "UPDATE")
    found = _running(ctx.db, "box_key = :key", key=box_key)
    stopped = 0
    for run in found:
        if sequence_key in (None, run.sequence_key) and end(ctx, run, reason):
            stopped += 1
            record_event(ctx, "sequence.stopped", name_of(ctx.db, run), _again(ctx.db, run), box, pipeline)
    return stopped


def end(ctx: Ctx, run: SequenceRun, reason: str, state: str = STOPPED) -> bool:
    """End a run, and take its letter back if it waits. Returns whether it was running."""
    changed = ctx.db.run(
        f"""
        UPDATE sequence_runs SET state = :state, reason = :reason, ended_at = :now, updated_at = :now, letter_key = NULL
        WHERE key = :key AND state = '{RUNNING}'
        """,
        state=state,
        reason=reason[:500] or None,
        now=ctx.now,
        key=run.key,
    )
    ctx.db.run("DELETE FROM sent_letters WHERE run_key = :key AND state = 'scheduled'", key=run.key)
    return changed > 0


def _running(db: Db, where: str, **params: Any) -> list[SequenceRun]:
    sql = f"SELECT {SEQUENCE_RUNS.columns} FROM sequence_runs WHERE {where} AND state = '{RUNNING}'"
    return SEQUENCE_RUNS.load_all(db.rows(sql, **params))


def _again(db: Db, run: SequenceRun) -> SequenceRun:
    row = db.row(f"SELECT {SEQUENCE_RUNS.columns} FROM sequence_runs WHERE key = :key", key=run.key)
    assert row is not None
    return SEQUENCE_RUNS.load(row)


# What happens on a box

KINDS = (
    *("message.added", "message.bounced", "suppression.noticed", "meeting.created"),
    *("box.moved", "box.moved_pipeline", "box.deleted", "pipeline.deleted"),
)


def on_event(ctx: Ctx, happened: Happened) -> None:
    """Stop the runs that this event ends."""
    if happened.kind not in KINDS:
        return
    for run, reason in _ended_by(ctx, happened):
        if end(ctx, run, reason) and happened.kind not in ("box.deleted", "pipeline.deleted", "box.moved_pipeline"):
            locked = boxes.lock(ctx, run.box_key)
            if locked is not None:
                record_event(ctx, "sequence.stopped", name_of(ctx.db, run), _again(ctx.db, run), *locked)


def _ended_by(ctx: Ctx, happened: Happened) -> list[tuple[SequenceRun, str]]:
    thing = happened.thing
    if happened.kind == "suppression.noticed":
        stop = BOUNCE if thing.reason == "bounce" else UNSUBSCRIBE
        runs = _running(ctx.db, "team_key = :team AND address = :address", team=thing.team_key, address=thing.address)
        return [(run, suppressions.sentence(thing)) for run in runs if stop in run.settings.stop_on]
    if happened.kind == "pipeline.deleted":
        runs = _running(ctx.db, "pipeline_key = :key", key=thing.key)
        return [(run, "the pipeline was deleted") for run in runs]
    if happened.box is None:
        return []
    runs = _running(ctx.db, "box_key = :key", key=happened.box.key)
    if not runs:
        return []
    match happened.kind:
        case "box.deleted" | "box.moved_pipeline":
            words = "deleted" if happened.kind == "box.deleted" else "moved to another pipeline"
            return [(run, f"the box was {words}") for run in runs]
        case "message.bounced":
            email = happened.detail.get("email")
            return [
                (run, "a mail came back") for run in runs if run.address == email and BOUNCE in run.settings.stop_on
            ]
        case "box.moved":
            return [(run, "the box moved to another stage") for run in runs if STAGE in run.settings.stop_on]
        case "meeting.created":
            return [(run, "a meeting or call was logged") for run in runs if MEETING in run.settings.stop_on]
    if thing.sent or thing.automatic:
        return []
    return [(run, "the recipient replied") for run in runs if REPLY in run.settings.stop_on and _is_reply(run, thing)]


def _is_reply(run: SequenceRun, message: Any) -> bool:
    """Whether the recipient wrote, or anybody in the conversation of the run's letters."""
    return message.sender.email == run.address or (run.thread_key is not None and message.thread_key == run.thread_key)


def name_of(db: Db, run: SequenceRun) -> str:
    row = db.row("SELECT name FROM sequences WHERE key = :key", key=run.sequence_key)
    return str(row[0]) if row else ""


def record_event(ctx: Ctx, kind: str, name: str, run: SequenceRun, box: Box, pipeline: Pipeline) -> None:
    update = RunUpdate(run.key, run.sequence_key, run.box_key, run.address, run.state, run.reason)
    events.record(
        ctx, kind, update, pipeline=pipeline, box=box, subject=name, email=run.address, reason=run.reason or ""
    )
