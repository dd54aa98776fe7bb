"""The input values and results of formulas."""

from typing import Any

import msgspec


class Date(msgspec.Struct, frozen=True, array_like=True, tag="d"):
    """A date and time, in milliseconds since the epoch."""

    ms: int


class Fault(msgspec.Struct, frozen=True, array_like=True, tag=1):
    """The result of a formula that cannot be computed: an error code of spreadsheets, and the reason in plain words."""

    code: str
    message: str


# A list or an object holds one kind of number, text or true/false. Going in, lists (linked boxes,
# assignees, contacts, tags) may also hold objects; a blank is None.
Value = None | bool | int | float | str | Date | list[Any] | dict[str, Any]
Result = Value | Fault


class FormulaError(ValueError):
    """The formula cannot be parsed. `position` counts the characters of the text from zero."""

    def __init__(self, message: str, position: int | None = None) -> None:
        self.message = message
        self.position = position
        where = "" if position is None else f" (at character {position + 1})"
        super().__init__(message + where)


def opened(packed: Any) -> Result:
    """Decode a value from the engine. Dates and faults are packed as lists that no other value can be."""
    if type(packed) is not list or len(packed) < 2:
        return packed  # type: ignore[no-any-return]
    mark, second = packed[0], packed[1]
    if mark == "d" and type(second) in (int, float):
        return Date(int(second))
    return Fault(second, packed[2]) if mark == 1 and type(second) is str else packed
