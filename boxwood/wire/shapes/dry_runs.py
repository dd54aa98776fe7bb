"""What a dry run shows beside the answer: the changes, and their effects."""

from __future__ import annotations

from typing import Any

import msgspec

from ...core.context import Unrecorded
from ...core.events import Event
from ...core.history import history
from ...core.outgoing_mail import Letter
from ...core.undo.dry_runs import Notified, Outcome
from ...core.webhooks.subscriptions import EVENT_NAMES
from .. import payloads
from .base import Out, given
from .events import global_story
from .validators import Violation


class WouldChange(Out, omit_defaults=False):
    """`before` and `after` contain the members that would change. For something created or deleted, `object` is the
    whole of it. Keys of new things are not those that the request without `dryRun` would give them. `kind` and `story`
    are empty for changes that no history shows, such as those of the caller's own settings."""

    noun: str
    kind: str
    name: str
    story: str
    before: Any
    after: Any
    object: Any = msgspec.UNSET
    object_key: str | msgspec.UnsetType = msgspec.UNSET
    box_key: str | msgspec.UnsetType = msgspec.UNSET
    pipeline_key: str | msgspec.UnsetType = msgspec.UNSET


class WouldStart(Out, omit_defaults=False):
    """An automation that would start. Its steps, such as mails and requests, would follow after the change."""

    key: str
    name: str
    box_key: str | msgspec.UnsetType = msgspec.UNSET


class WouldSend(Out, omit_defaults=False):
    """A webhook that would be sent. `key` is the key of the subscription."""

    key: str
    event: str
    target_url: str
    kind: str | msgspec.UnsetType = msgspec.UNSET
    box_key: str | msgspec.UnsetType = msgspec.UNSET


class WouldMail(Out, omit_defaults=False):
    about: str
    to: list[str]
    subject: str


class WouldNotify(Out, omit_defaults=False):
    """A user who would be notified. A follower who has muted the box is listed, but is not notified."""

    user_key: str
    display_name: str
    reason: str
    kind: str
    story: str
    box_key: str | msgspec.UnsetType = msgspec.UNSET


class WouldBreak(Violation, omit_defaults=False):
    """A validation rule that a changed box would break. A rule with the mode REJECT rejects the request unless it has
    `overrideValidation`."""

    box_key: str = ""
    box_name: str = ""


class EffectsOut(Out, omit_defaults=False):
    """What would follow from the changes. Automations and webhooks that the caller cannot see are left out."""

    automations: list[WouldStart]
    webhooks: list[WouldSend]
    mails: list[WouldMail]
    notifications: list[WouldNotify]
    rules: list[WouldBreak]


class DryRun(Out, omit_defaults=False):
    """The members that a dry run adds to the answer. If the answer is a list, it is in `results`. With
    `hasMoreChanges`, there are more than 1,000 changes, or effects of one kind."""

    dry_run: bool
    changes: list[WouldChange]
    effects: EffectsOut
    has_more_changes: bool | msgspec.UnsetType = msgspec.UNSET


NOTHING = DryRun(True, [], EffectsOut([], [], [], [], []))


def dry_run(outcome: Outcome) -> DryRun:
    return DryRun(
        True,
        [*map(_change, outcome.events), *map(_unrecorded, outcome.unrecorded)],
        EffectsOut(
            [WouldStart(automation.key, automation.name, given(box_key)) for automation, box_key in outcome.started],
            [
                WouldSend(
                    webhook.key,
                    EVENT_NAMES.get(event.kind, webhook.event) if event else webhook.event,
                    webhook.target_url,
                    event.kind if event else msgspec.UNSET,
                    given(event.box_key) if event else msgspec.UNSET,
                )
                for webhook, event in outcome.sent
            ],
            [_mail(letter) for letter in outcome.letters],
            [_notified(notified) for notified in outcome.notified],
            [
                WouldBreak(**broken.violation, box_key=broken.box_key, box_name=broken.box_name)
                for broken in outcome.broken
            ],
        ),
        outcome.has_more or msgspec.UNSET,
    )


def _change(event: Event) -> WouldChange:
    after = history.after(event)
    detail = event.detail
    return WouldChange(
        noun=event.kind.partition(".")[0],
        kind=event.kind,
        name=detail.get("subject") or detail.get("box_name") or detail.get("pipeline_name") or "",
        story=global_story(event),
        before=payloads.before(event),
        after=None if after is None else payloads.spelled(after),
        object=payloads.thing(event) if after is None else msgspec.UNSET,
        object_key=given(event.subject_key),
        box_key=given(event.box_key),
        pipeline_key=given(event.pipeline_key),
    )


def _unrecorded(change: Unrecorded) -> WouldChange:
    return WouldChange(
        noun=change.noun,
        kind="",
        name=change.name,
        story="",
        before=payloads.spelled(change.before) or None,
        after=payloads.spelled(change.after) or None,
        object_key=change.key,
    )


def _mail(letter: Letter) -> WouldMail:
    return WouldMail(letter.about, letter.recipients, letter.subject)


def _notified(notified: Notified) -> WouldNotify:
    event = notified.event
    return WouldNotify(
        user_key=notified.user.key,
        display_name=notified.user.display_name,
        reason=notified.reason,
        kind=event.kind,
        story=global_story(event),
        box_key=given(event.box_key),
    )
