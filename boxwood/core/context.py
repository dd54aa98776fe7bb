"""`Ctx` says who acts, when, and in which transaction. It is the first argument of most functions in core."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Any

import msgspec

from ..db.engine import Db
from ..errors import MissingScope
from . import event_kinds
from .records import Person, Scopes, User
from .records.scopes import READ, WRITE


@dataclass(frozen=True, slots=True)
class Cause:
    """The automation run that makes the changes of a transaction."""

    run_key: str
    root_key: str
    """The key of the first run of the chain."""
    chain: list[tuple[str, str]]
    """Automation key and record key (or "") of each run that led to this run; this run is the last."""


@dataclass(frozen=True, slots=True)
class Unrecorded:
    """A change without an event, such as one of a user's own settings."""

    noun: str
    key: str
    name: str
    before: dict[str, Any]
    after: dict[str, Any]


@dataclass(slots=True)
class Effects:
    """What a dry run would do besides its events. Some of it may have been undone with a savepoint since."""

    unrecorded: list[Unrecorded] = field(default_factory=list)
    letters: list[str] = field(default_factory=list)
    deliveries: list[str] = field(default_factory=list)
    notifications: list[tuple[str, int]] = field(default_factory=list)
    """User key and event number."""


@dataclass(slots=True)
class Ctx:
    """The context of one transaction."""

    db: Db
    now: int
    """Milliseconds since the epoch. Core has no other clock."""
    actor: User
    """The user whose permissions apply."""
    within: str = ""
    """The key of the only team within reach, if the actor acts through a team's API key; otherwise empty."""
    via: str = ""
    """What the actor acts through, as noun and key, such as `key:k…` or `automation:a…`; empty for none."""
    change: str = ""
    """The change key that all events of this transaction share: the key of its first event, unless it is set before."""
    insists: bool = False
    """Whether the request asks to override validation rules (`overrideValidation`)."""
    undoes: str = ""
    """The key of the change that this transaction undoes; empty if it undoes none."""
    cause: Cause | None = None
    """The automation run that makes the changes, if an automation acts."""
    people: dict[str, Person] = field(default_factory=dict)
    """Persons that were read in this transaction, by user key."""
    listening: dict[Hashable, Any] = field(default_factory=dict)
    """What event listeners have read in this transaction: subscriptions and automations by pipeline or team."""
    started_runs: list[str] = field(default_factory=list)
    """Keys of the automation runs that this transaction started."""
    silent: bool = False
    """Whether events start no webhooks, automations and notifications, because they tell of old mail."""
    proposes: bool = False
    """Whether the actor acts through an API key that may only propose."""
    effects: Effects | None = None
    """What a dry run would cause; None if this is no dry run."""
    scopes: Scopes | None = None
    """The scopes of the API key through which the actor acts; None for all rights of the actor."""
    has_limits: bool = False
    """Whether the API key through which the actor acts has any limit, such as an end or allowed addresses."""

    def show(self, noun: str, key: str, before: Any, after: Any, name: str = "") -> None:
        """Show a change in the answer of a dry run, for changes that record no event. `before` and `after` are records,
        or their members by name; empty for a thing that is created or deleted."""
        if self.effects is None:
            return
        old, new = msgspec.to_builtins(before), msgspec.to_builtins(after)
        changed = [member for member in {**old, **new} if old.get(member) != new.get(member)]
        values = [{member: each.get(member) for member in changed} if each else {} for each in (old, new)]
        self.effects.unrecorded.append(Unrecorded(noun, key, name, *values))

    @property
    def who(self) -> dict[str, str]:
        """The SQL parameters of every statement that checks what the actor reaches."""
        return {"actor": self.actor.key, "within": self.within, "only": self.only}

    @property
    def only(self) -> str:
        """The keys of the only pipelines within reach in one text; empty for all."""
        return "" if self.scopes is None else self.scopes.only

    def reaches(self, pipeline_key: str) -> bool:
        """Whether the API key through which the actor acts is not limited to other pipelines."""
        return self.scopes is None or not self.scopes.pipelines or pipeline_key in self.scopes.pipelines

    def sees(self, noun: str) -> bool:
        """Whether the API key through which the actor acts may read this noun."""
        return self.scopes is None or self.scopes.allows(noun, READ)

    def writes(self, noun: str) -> bool:
        return self.scopes is None or self.scopes.allows(noun, WRITE)

    def require(self, noun: str, level: str) -> None:
        """Raise `MissingScope` if the API key through which the actor acts has no such right."""
        if self.scopes is not None and not self.scopes.allows(noun, level):
            raise MissingScope(f"{noun}:{level}")

    def sees_kind(self, kind: str) -> bool:
        """Whether the API key may read what events of this kind tell of."""
        return self.scopes is None or self.scopes.allows(event_kinds.noun_of(kind), READ)

    @property
    def of_seen_kinds(self) -> str:
        """SQL: the event `e` is of a kind that the API key may read."""
        if self.scopes is None:
            return "1 = 1"
        kinds = "', '".join(kind for kind in event_kinds.EVENT_KINDS if self.sees_kind(kind))
        return f"e.kind IN ('{kinds}')"

    @property
    def mail_owner(self) -> str:
        """The user whose restricted mail is within reach; empty for team keys and automations, whose results other
        users see."""
        return "" if self.within or self.cause is not None or self.via.startswith("automation:") else self.actor.key
