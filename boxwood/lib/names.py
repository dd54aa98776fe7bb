"""Which things a text names: by key, or by name."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping


def folded(name: str) -> str:
    """The name as names are compared: without regard to case, to blanks and to how accents are encoded."""
    return " ".join(unicodedata.normalize("NFC", name).casefold().split())


def matching(names: Mapping[str, str], wanted: str) -> list[str]:
    """The keys of the things that the text names, of things given as names by key.

    A key wins over all names. Then a name that is exactly equal wins over names that are equal as `folded`.
    """
    if wanted in names:
        return [wanted]
    if exact := [key for key, name in names.items() if name == wanted]:
        return exact
    alike = folded(wanted)
    return [key for key, name in names.items() if folded(name) == alike] if alike else []


def listed(names: Mapping[str, str], keys: Iterable[str] | None = None, most: int = 20) -> str:
    """Things for an error message, as `5001 (Lead), 5002 (Won)`."""
    shown = [f"{key} ({names[key]})" for key in list(names if keys is None else keys)[:most]]
    return ", ".join(shown) or "none"


def ambiguous(names: Mapping[str, str], keys: list[str], wanted: str, things: str) -> str:
    """The error message for a text that names several things."""
    return f"{len(keys)} {things} are called {wanted[:100]!r}: give the key, one of {listed(names, keys)}"
