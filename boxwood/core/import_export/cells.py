"""What all readers of cells share: the error, and lists in one cell."""

from __future__ import annotations

import contextlib
import re
from typing import Any

import msgspec


class BadCell(ValueError):
    """A cell or row cannot be read; the message is the reason."""


def items(cell: Any) -> list[Any] | None:
    """The items of a list, also of one that is written as JSON; None if the cell is no list."""
    if isinstance(cell, str) and cell[:1] == "[":
        with contextlib.suppress(msgspec.DecodeError, UnicodeError, RecursionError):
            cell = msgspec.json.decode(cell)
    return cell if isinstance(cell, list) else None


def split(text: str) -> list[str]:
    """The parts of a text with commas, semicolons or line breaks."""
    return [part.strip() for part in re.split(r"[,;\n]", text) if part.strip()]


def joined(listed: list[Any]) -> str:
    """A list as one cell: as people write it where `split` gives it again, else as JSON."""
    if all(isinstance(item, str) for item in listed):
        text = ", ".join(listed)
        if split(text) == listed and text[:1] != "[":
            return text
    return msgspec.json.encode(listed).decode()
