"""Continues the runs of sequences that are due.

A run and the letter of its step change in one transaction, which has the run's row locked, so that no step is done
twice. The letter is sent by the job for letters. Before it is handed over, `hold` asks whether the recipient replied.
"""

from __future__ import annotations

from typing import Any

import msgspec

from ....db.engine import Db
from ....errors import Problem
from ....lib.cel import CelError
from ....lib.durations import MINUTE, SECOND
from ....lib.mail import Address
from ....lib.template_filters import TemplateError
from ... import boxes, cel, pipelines
from ...boxes import box_values
from ...people import contacts
from ...persons import of as person_of
from ...pipelines import schema
from ...pipelines.filters import Filter
from ...records import Box, Pipeline
from ...records.scopes import READ, WRITE
from .. import snippets, tasks
from ..mail import mailbox_looks
from ..mail.mailbox_records import MAILBOXES, MailboxRecord
from . import acting, letters, merge_fields, senders, sequence_runs
from .records import CANCELLED, DOUBTFUL, LETTERS, REFUSED, SENT, LetterContent, LetterRecord
from .sequence_records import (
    CONDITION,
    DONE,
    FAILED,
    MAIL,
    RUNNING,
    SEQUENCE_RUNS,
    STOPPED,
    TASK,
    SequenceRun,
)
from .sequence_steps import CONDITION_NAMES

LOOK_AGAIN, LOOK_LATER = 5 * SECOND, 10 * MINUTE
"""When a run looks at its letter again: one that waits, and one that is in doubt."""
FRESH = MINUTE
"""How long ago the mailbox may have been read when a letter of a sequence is handed over."""


def due(db: Db, now: int, most: int = 50) -> list[str]:
    """The keys of runs that are due, the longest due first."""
    sql = f"SELECT key FROM sequence_runs WHERE state = '{RUNNING}' AND due_at <= :now ORDER BY due_at, key LIMIT :most"
    return [row[0] for row in db.rows(sql, now=now, most=most)]


def advance(db: Db, now: int, key: str) -> None:
    """Do the steps of a run up to a wait, a letter, or the end."""
    sql = f"SELECT {SEQUENCE_RUNS.columns} FROM sequence_runs WHERE key = :key{db.dialect.skip_locked}"
    row = db.row(sql, key=key)
    run = SEQUENCE_RUNS.load(row) if row else None
    if run is not None and run.state == RUNNING and run.due_at <= now:
        _Engine(db, now, run).go()


class _Engine:
    """One run that is continued in this transaction."""

    def __init__(self, db: Db, now: int, run: SequenceRun) -> None:
        within = run.team_key if run.of_team else ""
        self.ctx = acting.context(db, now, run.user_key, within, run.maker, f"sequence:{run.sequence_key}")
        self.run = run
        self.hours = run.settings.hours(self.ctx.actor.timezone)

    def go(self) -> None:
        if not acting.may_send(self.ctx, self.run.maker):
            sequence_runs.end(self.ctx, self.run, acting.MAY_NOT, FAILED)
            return
        try:
            self.box, self.pipeline, _ = boxes.reach(self.ctx, self.run.box_key, "UPDATE")
        except Problem as problem:
            sequence_runs.end(self.ctx, self.run, f"the user who started it has no access: {problem}", FAILED)
            return
        for _ in range(len(self.run.steps) + 1):
            if self.run.place >= len(self.run.steps):
                self._end("", DONE)
                return
            step = self.run.steps[self.run.place]
            try:
                goes_on = self._do(step)
            except (Problem, CelError, TemplateError) as error:
                self._end(f"step {self.run.place + 1} ({step['type']}): {error}", FAILED)
                return
            if not goes_on:
                return

    def _do(self, step: dict[str, Any]) -> bool:
        """Do a step. False if the run waits or has ended."""
        if step["type"] == MAIL:
            return self._mail(step)
        if step["type"] == TASK:
            self.ctx.db.attempt(lambda: self._task(step))
        elif step["type"] == CONDITION:
            if not self._holds(step):
                if step["else"] == "stop":
                    self._end("a condition is not true", STOPPED)
                    return False
                self._set(place=self.run.place + 1)  # the next step is left out
        elif not self.run.waits:
            self._set(waits=True, due_at=self.hours.later(self.ctx.now, step["days"]))
            self._save()
            return False
        self._set(place=self.run.place + 1, waits=False)
        self._save()
        return True

    # Mail

    def _mail(self, step: dict[str, Any]) -> bool:
        if self.run.letter_key is not None:
            return self._after_letter(self.run.letter_key)
        opens = self.hours.next_open(self.ctx.now)
        if opens > self.ctx.now:
            self._set(due_at=opens)
        else:
            letter = self.ctx.db.attempt(lambda: self._write(step))
            self._set(letter_key=letter.key, due_at=self.ctx.now + LOOK_AGAIN)
        self._save()
        return False

    def _after_letter(self, key: str) -> bool:
        row = self.ctx.db.row(f"SELECT {LETTERS.columns} FROM sent_letters WHERE key = :key", key=key)
        letter = LETTERS.load(row) if row else None
        if letter is not None and letter.state == SENT:
            self._set(place=self.run.place + 1, letter_key=None, thread_key=self._thread_of(letter))
            self._save()
            return True
        if letter is None or letter.state == CANCELLED:
            self._end("its letter was cancelled", STOPPED)
        elif letter.state == REFUSED:
            self._end(letter.error or "its letter was refused", FAILED)
        else:
            wait = LOOK_LATER if letter.state == DOUBTFUL else LOOK_AGAIN
            self._set(due_at=self.ctx.now + wait)
            self._save()
        return False

    def _thread_of(self, letter: LetterRecord) -> str | None:
        if letter.thread_key or not letter.message_key:
            return letter.thread_key or self.run.thread_key
        row = self.ctx.db.row("SELECT thread_key FROM messages WHERE key = :key", key=letter.message_key)
        return row[0] if row else self.run.thread_key

    def _write(self, step: dict[str, Any]) -> LetterRecord:
        mailbox = senders.get(self.ctx, self.run.mailbox_key)
        subject, html, text = step.get("subject", ""), step.get("html", ""), step.get("text", "")
        if step.get("snippetKey"):
            snippet = snippets.get(self.ctx, step["snippetKey"])
            subject, html, text = subject or snippet.subject or "", snippet.text, ""
        values = self._values(mailbox.address)
        filled = [
            merge_fields.rendered(subject, values, "subject"),
            merge_fields.rendered(html, values, "html", html=True) if html else merge_fields.rendered(text, values),
        ]
        if missing := [each.field for part in filled for each in part.missing]:
            raise _Missing(f"there is no value for {', '.join(dict.fromkeys(missing))}")
        thread_key = None if step.get("newThread") else self.run.thread_key
        content = LetterContent(
            to=[Address(self.run.address, self.run.name)],
            subject=filled[0].text.strip() or self._answered_subject(thread_key),
            html=filled[1].text if html else "",
            text="" if html else filled[1].text,
            contact_key=self.run.contact_key,
        )
        return letters.schedule(
            self.ctx,
            content,
            mailbox=mailbox,
            box_key=self.box.key,
            thread_key=thread_key,
            due_at=self.ctx.now,
            run_key=self.run.key,
        )

    def _answered_subject(self, thread_key: str | None) -> str:
        """The subject of a mail that has none of its own, and follows an earlier mail."""
        sql = f"SELECT subject FROM sent_letters WHERE run_key = :run AND state = '{SENT}' ORDER BY sent_at LIMIT 1"
        row = self.ctx.db.row(sql, run=self.run.key)
        return f"Re: {row[0]}" if row and row[0] and thread_key else ""

    def _values(self, sender_address: str = "") -> Any:
        return merge_fields.values(
            self.ctx,
            box_key=self.box.key,
            contact_key=self.run.contact_key,
            address=self.run.address,
            sender_address=sender_address,
        )

    # Other steps

    def _task(self, step: dict[str, Any]) -> None:
        self.ctx.require("tasks", WRITE)
        given: dict[str, Any] = {"text": merge_fields.rendered(step["text"], self._values()).text}
        if "dueInDays" in step:
            given["due_at"] = self.hours.later(self.ctx.now, step["dueInDays"])
        if step.get("assignees"):
            given["assignees"] = [{"email" if "@" in each else "user_key": each} for each in step["assignees"]]
        tasks.create(self.ctx, self.box.key, given)

    def _holds(self, step: dict[str, Any]) -> bool:
        self.ctx.require("boxes", READ)
        return self._passes(step.get("filter")) and (
            not step.get("condition") or cel.holds(step["condition"], CONDITION_NAMES, self._names())
        )

    def _passes(self, tree: Any) -> bool:
        if not tree:
            return True
        box: Box = self.box
        pipeline: Pipeline = pipelines.get(self.ctx, box.pipeline_key)
        found = Filter(self.ctx, pipeline, schema.fields_by_key(self.ctx, pipeline.key), tree)
        sql = f"SELECT 1 FROM boxes b WHERE b.key = :box_key AND {found.sql}"
        return self.ctx.db.row(sql, **{"now": self.ctx.now, **found.params}, box_key=box.key) is not None

    def _names(self) -> dict[str, Any]:
        box = box_values.box_values(self.ctx, self.box)
        contact = None
        if self.run.contact_key:
            found = contacts.get(self.ctx, self.run.contact_key)
            contact = {
                "key": found.key,
                "givenName": found.given_name,
                "familyName": found.family_name,
                "title": found.title,
                "emailAddresses": found.email_addresses,
                "fields": found.fields,
            }
        owner = box_values.person(person_of(self.ctx.actor))
        return {"box": box, "fields": box["fields"], "contact": contact, "owner": owner, "now": self.ctx.now}

    # Storing

    def _set(self, **changes: Any) -> None:
        self.run = msgspec.structs.replace(self.run, **changes, updated_at=self.ctx.now)

    def _save(self) -> None:
        members = ("place", "waits", "letter_key", "thread_key", "due_at", "updated_at")
        SEQUENCE_RUNS.update(self.ctx.db, self.run, *members)

    def _end(self, reason: str, state: str) -> None:
        sequence_runs.end(self.ctx, self.run, reason, state)
        self._set(state=state, reason=reason or None)
        kind = {DONE: "sequence.finished", FAILED: "sequence.failed"}.get(state, "sequence.stopped")
        name = sequence_runs.name_of(self.ctx.db, self.run)
        sequence_runs.record_event(self.ctx, kind, name, self.run, self.box, self.pipeline)


class _Missing(Problem):
    """A merge field of a step has neither a value nor a default."""


# Before a letter of a run is handed over


class Hold(msgspec.Struct, frozen=True):
    """Why a letter is not handed over now."""

    until: int | None = None
    """When to ask again; None: it is never sent."""
    reason: str = ""


def hold(db: Db, letter: LetterRecord, now: int) -> Hold | None:
    """Whether a letter of a run must not be handed over: its run ended, or its mailbox was not read since the letter
    was due. In that case the mailbox is read now, and the letter waits. A reply that arrived ends the run."""
    if letter.run_key is None:
        return None
    row = db.row("SELECT state, reason FROM sequence_runs WHERE key = :key", key=letter.run_key)
    if row is None or row[0] != RUNNING:
        return Hold(None, f"the sequence ended: {row[1]}" if row and row[1] else "the sequence ended")
    found = db.row(f"SELECT {MAILBOXES.columns} FROM mailboxes WHERE key = :key", key=letter.mailbox_key)
    if found is None:
        return None
    mailbox: MailboxRecord = MAILBOXES.load(found)
    if mailbox_looks.looked_since(db, mailbox, max(letter.created_at, now - FRESH)):
        return None
    mailbox_looks.ask(db, mailbox, now)
    return Hold(now + 2 * SECOND, "the mailbox is read first, because the recipient may have replied")
