"""The values that a run's templates and conditions use. Each is read when it is first needed, in its state then."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgspec

from ...errors import NotFound
from ...lib.requests import HIDDEN
from .. import access, cel, persons
from ..activity import messages
from ..boxes import box_values
from ..context import Ctx
from . import template_names
from .automations import Automation
from .runs import Run
from .steps import CONDITION_NAMES
from .triggers import TRIGGERS

_decode = msgspec.json.decode
_WORD = re.compile(r"[a-zA-Z_]\w*", re.ASCII)


class RunValues(Mapping[str, Any]):
    def __init__(self, ctx: Ctx, automation: Automation, run: Run, *, hide: bool = False) -> None:
        """With `hide`, secrets are replaced by dots, as the log shows them."""
        self.ctx = ctx
        self.automation = automation
        self.run = run
        self.hide = hide
        self._known: dict[str, Any] = {}

    @property
    def subject(self) -> str:
        """The name of the record that the trigger is about besides the box, such as `task`; empty if there is none."""
        return TRIGGERS[self.automation.trigger_type].subject

    def __getitem__(self, name: str) -> Any:
        if name not in self._known:
            self._known[name] = self._read(name)
        return self._known[name]

    def __iter__(self) -> Iterator[str]:
        return iter((*CONDITION_NAMES, "secrets", "automation"))

    def __len__(self) -> int:
        return len(CONDITION_NAMES) + 2

    def __contains__(self, name: object) -> bool:
        return name in set(self)

    def get(self, name: str, default: Any = None) -> Any:
        return self[name]

    def hidden(self) -> RunValues:
        """The same values with dots in place of the secrets."""
        other = RunValues(self.ctx, self.automation, self.run, hide=True)
        other._known = {name: value for name, value in self._known.items() if name != "secrets"}
        return other

    def mentioned_in(self, source: str) -> dict[str, Any]:
        """The values of the names that a condition contains, and None for all other names."""
        words = set(_WORD.findall(source))
        return {name: self[name] if name in words else None for name in CONDITION_NAMES}

    def _read(self, name: str) -> Any:
        if name in self.run.given:
            return self.run.given[name]
        if name in _READERS:
            return _READERS[name](self)
        if name == self.subject:
            return self._subject(name)
        return None

    def _subject(self, name: str) -> Any:
        row = self._event()
        if not row or not str(row[3]).startswith(f"{name}."):
            return None
        record = _decode(row[0])
        return template_names.subject(name, _whole_message(self.ctx, record) if name == "message" else record)

    def _event(self) -> tuple[Any, ...] | None:
        if self.run.event_id is None:
            return None
        return self.ctx.db.row(
            f"""
            SELECT e.record, e.before, e.detail, e.kind, e.pipeline_key FROM events e
            WHERE e.id = :id AND {access.sees_event(self.ctx.db.dialect, "e")}
            """,
            id=self.run.event_id,
            mail_owner="",
        )


def _whole_message(ctx: Ctx, record: dict[str, Any]) -> dict[str, Any]:
    """A message with its text, which its event does not hold, as far as the automation may see it."""
    try:
        message = messages.get(ctx, record["key"])
    except NotFound:
        return {}
    return {
        **msgspec.to_builtins(message),
        "from": message.sender.email,
        "from_name": message.sender.name,
        "to": [person.email for person in message.recipients],
    }


def _before(names: RunValues) -> Any:
    row = names._event()
    if row is None or row[1] is None:
        return {"fields": {}}
    return template_names.before(names.ctx, row[4], _decode(row[1]), _decode(row[2], type=dict[str, str]))


def _fields(names: RunValues) -> Any:
    return (names["box"] or {}).get("fields")


_READERS: dict[str, Callable[[RunValues], Any]] = {
    "box": lambda names: template_names.current_box(names.ctx, names.run.box_key),
    "fields": _fields,
    "before": _before,
    "owner": lambda names: box_values.person(persons.of(names.ctx.actor)),
    "now": lambda names: names.ctx.now,
    "steps": lambda names: names.run.outputs,
    "secrets": lambda names: (
        dict.fromkeys(names.automation.secrets, HIDDEN) if names.hide else names.automation.secrets
    ),
    "automation": lambda names: {"key": names.automation.key, "name": names.automation.name},
}


def holds(names: RunValues, source: str) -> bool:
    """Whether a condition is true now. Raises CelError if it cannot be evaluated."""
    return cel.holds(source, CONDITION_NAMES, names.mentioned_in(source))
