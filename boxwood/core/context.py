"""Who acts, when, and in which transaction: the first argument of every verb."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Any

from ..db.engine import Db
from .records import Person, User


@dataclass(frozen=True, slots=True)
class Cause:
    """A run of an automation, of whatever is written while one acts for it."""

    run_key: str
    root_key: str
    chain: list[tuple[str, str]]
    """The rules and records of the runs that led here, this one last."""


@dataclass(slots=True)
class Ctx:
    """Lives as long as one transaction. `now` is milliseconds since the epoch, the only clock there is."""

    db: Db
    now: int
    actor: User
    within: str = ""
    """The only team within reach, for one who acts by a team's key; empty for everyone else."""
    via: str = ""
    """What the actor acts through, as noun and key: `key:k…`; empty for what needs no name."""
    change: str = ""
    """What all events of this transaction are told as: the key of its first event, unless said before."""
    insists: bool = False
    """Whether the actor wants validation rules overridden, as far as he may."""
    undoes: str = ""
    """The change that is being undone."""
    cause: Cause | None = None
    """The automation's run that acts, if one does."""
    people: dict[str, Person] = field(default_factory=dict)
    """Persons read so far, by user key."""
    listening: dict[Hashable, Any] = field(default_factory=dict)
    """What listeners have read so far in this transaction: the subscriptions and automations of a place."""
    started_runs: list[str] = field(default_factory=list)
    """Keys of the automation runs that began in this transaction."""

    @property
    def who(self) -> dict[str, str]:
        """The parameters of every statement that asks what the actor reaches."""
        return {"actor": self.actor.key, "within": self.within}
