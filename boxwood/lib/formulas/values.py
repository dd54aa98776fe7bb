"""What goes into a formula and what comes out of it."""

from typing import Any

import msgspec


class Date(msgspec.Struct, frozen=True, array_like=True, tag="d"):
    """An instant, in milliseconds since 1970."""

    ms: int


class Fault(msgspec.Struct, frozen=True, array_like=True, tag=1):
    """The value of a formula that has none: a spreadsheet's code, and why in the reader's words."""

    code: str
    message: str


# A list or an object holds one kind of number, text or true/false. Going in, lists (linked boxes,
# assignees, contacts, tags) may also hold objects; a blank is None.
Value = None | bool | int | float | str | Date | list[Any] | dict[str, Any]
Result = Value | Fault


class FormulaError(ValueError):
    """A formula that cannot be understood. `position` counts characters of the text from zero."""

    def __init__(self, message: str, position: int | None = None) -> None:
        self.message = message
        self.position = position
        where = "" if position is None else f" (at character {position + 1})"
        super().__init__(message + where)


def opened(packed: Any) -> Result:
    """A value as the engine packs it: dates and faults are lists no other value can be."""
    if type(packed) is not list or len(packed) < 2:
        return packed  # type: ignore[no-any-return]
    mark, second = packed[0], packed[1]
    if mark == "d" and type(second) in (int, float):
        return Date(int(second))
    return Fault(second, packed[2]) if mark == 1 and type(second) is str else packed
