"""What each operation is asked and answers, for the reference: captured from a running server by `bin/examples`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

HERE = Path(__file__).parent


class Request(msgspec.Struct, omit_defaults=True):
    """`path` holds the values of the path's parameters by name; `type` is the body's."""

    path: dict[str, str] = {}
    query: dict[str, str] = {}
    type: str = ""
    body: Any = None


class Reply(msgspec.Struct, omit_defaults=True):
    type: str
    body: Any = None


class Example(msgspec.Struct):
    request: Request
    reply: Reply


def everything() -> dict[str, Example]:
    """By verb and path."""
    found: dict[str, Example] = {}
    for file in sorted(HERE.glob("*.json")):
        found |= msgspec.json.decode(file.read_bytes(), type=dict[str, Example])
    return found
