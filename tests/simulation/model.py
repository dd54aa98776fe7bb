"""The expected state of the simulation: every record that the server acknowledged, and no others."""

import copy
import threading
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

WON = "5003"
CONTRACT = "Send the contract"
"""The text of the task that an automation creates for each box moved to Won."""


@dataclass
class Task:
    text: str
    due: int | None
    done: bool = False


@dataclass
class Box:
    key: str
    name: str
    stage: str = "5001"
    notes: str | None = None
    value: str | None = None
    tasks: dict[str, Task] = field(default_factory=dict)
    comments: dict[str, str] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    """SHA-256 of the bytes by file key."""
    messages: set[str] = field(default_factory=set)
    won: int = 0
    """How often the box was moved to Won."""
    trashed: bool = False
    kinds: Counter[str] = field(default_factory=Counter)
    """The expected events, except those of the automation and of tasks that fall due."""

    def did(self, *kinds: str) -> None:
        self.kinds.update(kinds)

    def change(self, changes: dict[str, Any]) -> dict[str, Any]:
        """Apply the changes, each of which differs from the current value; return the previous values."""
        before = {name: getattr(self, name) for name in changes}
        for name, value in changes.items():
            setattr(self, name, value)
            self.did(_KINDS[name])
        self.won += changes.get("stage") == WON
        return before


_KINDS = {
    "name": "box.renamed",
    "stage": "box.moved",
    "notes": "box.notes_edited",
    "value": "box.fields_edited",
}


class Model:
    """All boxes by key. People change their own boxes and comment on any; `lock` guards simultaneous changes."""

    def __init__(self) -> None:
        self.boxes: dict[str, Box] = {}
        self.imports: dict[str, list[str]] = {}
        self.lost: set[str] = set()
        """Keys of the things that were created after the restored backup."""
        self.lock = threading.Lock()

    def add(self, box: Box) -> Box:
        with self.lock:
            self.boxes[box.key] = box
        box.did("box.created")
        return box

    def keep(self) -> dict[str, Box]:
        return copy.deepcopy(self.boxes)

    def back_to(self, stored: dict[str, Box]) -> None:
        """Go back to the state that the backup holds."""
        self.lost |= self.keys() - _keys(stored)
        self.boxes = copy.deepcopy(stored)

    def keys(self) -> set[str]:
        return _keys(self.boxes)

    def there(self) -> list[Box]:
        return [box for box in self.boxes.values() if not box.trashed]

    def expected(self, box: Box, now: int) -> Counter[str]:
        """Return the event kinds of an existing box so far, including those the server recorded by itself."""
        found = Counter(box.kinds)
        due = sum(1 for task in box.tasks.values() if task.due and task.due <= now and not task.done)
        found.update({"task.created": box.won, "task.due": due})
        return +found


def _keys(boxes: dict[str, Box]) -> set[str]:
    return set(boxes) | {key for box in boxes.values() for key in (*box.comments, *box.tasks)}
