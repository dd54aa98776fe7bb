"""Records of sequences and their runs."""

from __future__ import annotations

from datetime import time
from typing import Any

import msgspec

from ....db.records import Table
from ....lib import dates
from ....lib.working_hours import WorkingHours

MAIL, WAIT, TASK, CONDITION = STEP_TYPES = ("mail", "wait", "task", "condition")
RUNNING, DONE, STOPPED, FAILED = RUN_STATES = ("running", "done", "stopped", "failed")
REPLY, BOUNCE, UNSUBSCRIBE, MEETING, STAGE = STOPS = ("reply", "bounce", "unsubscribe", "meeting", "stage")
"""What ends a run, if the sequence says so: the recipient replies, a mail to the recipient bounces, the recipient wants
to get mail no longer, a meeting or call is logged on the box, the box moves to another stage."""
CHANNEL = "sequences"


class SequenceSettings(msgspec.Struct, frozen=True):
    time_zone: str = ""
    """Empty: that of the user who starts a run."""
    opens: str = "09:00"
    closes: str = "17:00"
    weekends: bool = False
    stop_on: tuple[str, ...] = STOPS

    def hours(self, time_zone: str | None) -> WorkingHours:
        """The working hours, in the time zone of the sequence or else in this one."""
        opens, closes = map(time.fromisoformat, (self.opens, self.closes))
        return WorkingHours(dates.zone(self.time_zone or time_zone), opens, closes, self.weekends)


class Sequence(msgspec.Struct, frozen=True):
    key: str
    team_key: str
    pipeline_key: str
    creator_key: str
    name: str
    mailbox_key: str | None
    """The mailbox of the team that its mails are sent from; None for that of the user who starts a run."""
    steps: list[dict[str, Any]]
    settings: SequenceSettings
    version: int
    """Grows with each change of the steps or settings."""
    created_at: int
    updated_at: int


class SequenceRun(msgspec.Struct, frozen=True):
    key: str
    sequence_key: str
    version: int
    team_key: str
    pipeline_key: str
    box_key: str
    contact_key: str | None
    address: str
    name: str
    user_key: str
    """The user who started the run, with whose rights it acts."""
    of_team: bool
    """Whether it was started through an API key of the team: then it acts within that team only."""
    maker: str | None
    """The API key that started it (see `accounts/makers`)."""
    mailbox_key: str
    steps: list[dict[str, Any]]
    settings: SequenceSettings
    place: int
    """The index of the next step."""
    state: str
    reason: str | None
    waits: bool
    """Whether the run is due for the end of a wait step."""
    letter_key: str | None
    """The letter that the current step waits for."""
    thread_key: str | None
    """The conversation of its letters, which later mails continue."""
    due_at: int
    created_at: int
    updated_at: int
    ended_at: int | None


class RunUpdate(msgspec.Struct, frozen=True):
    """What an event reports about a run."""

    key: str
    sequence_key: str
    box_key: str
    address: str
    state: str
    reason: str | None


SEQUENCES = Table("sequences", Sequence)
SEQUENCE_RUNS = Table("sequence_runs", SequenceRun)
