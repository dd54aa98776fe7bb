"""Sequences and their runs on the wire."""

from __future__ import annotations

from typing import Any

import msgspec

from ...core.activity.sending.sequence_records import Sequence, SequenceRun, SequenceSettings
from ...core.activity.sending.sequence_runs import NotStarted
from ..codec import Shape
from ..kinds import FLAG, KEY, LIST, NAME, NAMES, clearable, record
from .base import Out, given

SETTINGS = Shape(
    "SequenceSettings",
    time_zone=NAME,
    opens=NAME,
    closes=NAME,
    weekends=FLAG,
    stop_on=NAMES,
    described={
        "time_zone": "Such as Europe/Berlin. Default: that of the user who starts a run.",
        "opens": "Mails are sent from this time on. Default: 09:00.",
        "closes": "Mails are sent until this time. Default: 17:00.",
        "weekends": "true: Saturday and Sunday are working days.",
        "stop_on": "What ends a run: reply, bounce, unsubscribe, meeting, stage. Default: all of them.",
    },
)
_MEMBERS = {"name": NAME, "mailbox_key": clearable(KEY), "steps": LIST, "settings": record(SETTINGS)}
_DESCRIBED = {
    "mailbox_key": "A mailbox of the team. Empty: the mailbox of the user who starts a run.",
    "steps": "Steps of the types mail, wait, task and condition.",
}
SEQUENCE_CREATE = Shape(
    "SequenceCreate", {**_MEMBERS, "pipeline_key": KEY}, required=("name", "pipeline_key"), described=_DESCRIBED
)
SEQUENCE_EDIT = Shape("SequenceEdit", _MEMBERS, described=_DESCRIBED)
SEQUENCE_START = Shape(
    "SequenceStart",
    box_keys=NAMES,
    contact_keys=NAMES,
    mailbox_key=KEY,
    described={
        "box_keys": "Each gets a run for its first contact with an address.",
        "contact_keys": "With one box: these contacts on it. Otherwise each on the newest box of the pipeline that "
        "names the contact.",
        "mailbox_key": "Default: the mailbox of the sequence, or your first.",
    },
)


class SequenceSettingsOut(Out, omit_defaults=False):
    opens: str
    closes: str
    weekends: bool
    stop_on: list[str]
    time_zone: str | msgspec.UnsetType = msgspec.UNSET


class SequenceOut(Out, omit_defaults=False):
    """`counts` has the runs by state: running, done, stopped, failed. `version` grows when steps or settings change."""

    key: str
    team_key: str
    pipeline_key: str
    name: str
    steps: list[dict[str, Any]]
    settings: SequenceSettingsOut
    version: int
    counts: dict[str, int]
    creator_key: str
    creation_timestamp: int
    last_updated_timestamp: int
    mailbox_key: str | msgspec.UnsetType = msgspec.UNSET


def _settings(found: SequenceSettings) -> SequenceSettingsOut:
    zone = given(found.time_zone or None)
    return SequenceSettingsOut(found.opens, found.closes, found.weekends, list(found.stop_on), zone)


def sequence(found: Sequence, counts: dict[str, int]) -> SequenceOut:
    return SequenceOut(
        key=found.key,
        team_key=found.team_key,
        pipeline_key=found.pipeline_key,
        name=found.name,
        steps=found.steps,
        settings=_settings(found.settings),
        version=found.version,
        counts=counts,
        creator_key=found.creator_key,
        creation_timestamp=found.created_at,
        last_updated_timestamp=found.updated_at,
        mailbox_key=given(found.mailbox_key),
    )


class SequenceRunOut(Out, omit_defaults=False):
    """`place` is the number of steps that are done, and `stepCount` of all. `dueTimestamp` is when it goes on."""

    key: str
    sequence_key: str
    version: int
    box_key: str
    address: str
    state: str
    place: int
    step_count: int
    user_key: str
    creation_timestamp: int
    mailbox_key: str | msgspec.UnsetType = msgspec.UNSET
    contact_key: str | msgspec.UnsetType = msgspec.UNSET
    reason: str | msgspec.UnsetType = msgspec.UNSET
    letter_key: str | msgspec.UnsetType = msgspec.UNSET
    thread_key: str | msgspec.UnsetType = msgspec.UNSET
    due_timestamp: int | msgspec.UnsetType = msgspec.UNSET
    end_timestamp: int | msgspec.UnsetType = msgspec.UNSET


def run(found: SequenceRun) -> SequenceRunOut:
    return SequenceRunOut(
        key=found.key,
        sequence_key=found.sequence_key,
        version=found.version,
        box_key=found.box_key,
        address=found.address,
        state=found.state,
        place=found.place,
        step_count=len(found.steps),
        user_key=found.user_key,
        creation_timestamp=found.created_at,
        mailbox_key=given(found.mailbox_key or None),
        contact_key=given(found.contact_key),
        reason=given(found.reason),
        letter_key=given(found.letter_key),
        thread_key=given(found.thread_key),
        due_timestamp=given(found.due_at if found.ended_at is None else None),
        end_timestamp=given(found.ended_at),
    )


class NotStartedOut(Out, omit_defaults=False):
    """A box or a contact for which no run was started. `reason` is noAddress, suppressed, running or noBox."""

    key: str
    reason: str
    note: str


class SequenceStartOut(Out, omit_defaults=False):
    started: list[SequenceRunOut]
    not_started: list[NotStartedOut]


def started(runs: list[SequenceRun], others: list[NotStarted]) -> SequenceStartOut:
    return SequenceStartOut([run(each) for each in runs], [NotStartedOut(*each) for each in others])
