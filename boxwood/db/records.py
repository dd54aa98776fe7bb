"""Converts a record (a frozen `msgspec.Struct`) to a row of its table and back.

A record's members are its table's columns, in order. Lists, dicts and structs are JSON in the row. SQLite stores
booleans as numbers, so reading converts them to booleans.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Generic, TypeVar, Union, get_args, get_origin, get_type_hints

import msgspec

from .engine import Db, Row

R = TypeVar("R", bound=msgspec.Struct)
_PLAIN = (str, int, float, bytes)
_encode = msgspec.json.Encoder().encode


class Table(Generic[R]):
    """A table and the record type of its rows: `BOXES = Table("boxes", Box)`.

    `beside` names members that are stored in other tables. They must come last in the record and have defaults.
    `empty` gives the shared value of a member whose JSON is `{}`. `computed` are columns that no member holds: each is
    written whenever its member is, from the member's value.
    """

    def __init__(
        self,
        name: str,
        record: type[R],
        *,
        beside: Sequence[str] = (),
        empty: Mapping[str, Any] | None = None,
        computed: Mapping[str, tuple[str, Callable[[Any], Any]]] | None = None,
    ) -> None:
        self.name = name
        self._computed = dict(computed or {})
        self.record = record
        hints = get_type_hints(record)
        self.names = tuple(name for name in record.__struct_fields__ if name not in beside)
        self.columns = ", ".join(self.names)
        self._aliased: dict[str, str] = {}
        self._readers: list[tuple[int, Callable[[Any], Any]]] = []
        for at, column in enumerate(self.names):
            if reader := _reader(hints[column], (empty or {}).get(column)):
                self._readers.append((at, reader))
        self._json = {name for name in self.names if _is_json(hints[name])}
        self._json_at = tuple(at for at, name in enumerate(self.names) if name in self._json)
        self.written = (*self.names, *self._computed)
        """The columns of `row`: those of the record, and the computed ones."""
        values = ", ".join(f":{name}" for name in self.written)
        self._insert = f"INSERT INTO {name} ({', '.join(self.written)}) VALUES ({values})"

    def of(self, alias: str) -> str:
        """The columns with a table alias: `b.key, b.name, …`."""
        if alias not in self._aliased:
            self._aliased[alias] = ", ".join(f"{alias}.{name}" for name in self.names)
        return self._aliased[alias]

    def load(self, row: Row) -> R:
        """The record of a row whose first values are those of `columns`. Further values are ignored."""
        if not self._readers:
            return self.record(*row[: len(self.names)])
        values: list[Any] = list(row[: len(self.names)])
        for at, reader in self._readers:
            if values[at] is not None:
                values[at] = reader(values[at])
        return self.record(*values)

    def load_all(self, rows: Sequence[Row]) -> list[R]:
        return [self.load(row) for row in rows]

    def params(self, record: R, names: Sequence[str] | None = None) -> dict[str, Any]:
        """The record's values as parameters of a statement: the named members, or all of them."""
        given = {name: getattr(record, name) for name in names or self.names}
        for column, (member, compute) in self._computed.items():
            if member in given:
                given[column] = compute(given[member])
        for name in self._json & given.keys():
            if given[name] is not None:
                given[name] = msgspec.json.encode(given[name]).decode()
        return given

    def row(self, record: R) -> Row:
        """The row of a record: its values in the order of `written`, for `Db.bulk`."""
        values = list(msgspec.structs.astuple(record)[: len(self.names)])
        for at in self._json_at:
            if (value := values[at]) is not None:  # most of these lists are empty
                values[at] = "[]" if value == [] else _encode(value).decode()
        for member, compute in self._computed.values():
            values.append(compute(getattr(record, member)))
        return tuple(values)

    def insert(self, db: Db, record: R) -> None:
        db.run(self._insert, **self.params(record))

    def update(self, db: Db, record: R, *names: str, by: str = "key") -> None:
        """Write the named members to the row with this record's key. Without names, write all members."""
        names = names or tuple(name for name in self.names if name != by)
        columns = (*names, *(column for column, (member, _) in self._computed.items() if member in names))
        settings = ", ".join(f"{name} = :{name}" for name in columns)
        db.run(f"UPDATE {self.name} SET {settings} WHERE {by} = :{by}", **self.params(record, (*names, by)))


def _bare(hint: Any) -> Any:
    """The type hint without `| None`."""
    if get_origin(hint) in (Union, types.UnionType):
        rest = [member for member in get_args(hint) if member is not type(None)]
        return rest[0] if len(rest) == 1 else hint
    return hint


def _is_json(hint: Any) -> bool:
    bare = _bare(hint)
    return bare is not bool and bare not in _PLAIN


def _reader(hint: Any, empty: Any) -> Callable[[Any], Any] | None:
    """The function that converts a stored value to the member's type, or None if the value is used as it is.

    Empty lists and objects do not go through the JSON decoder: a box has eight members that are mostly empty."""
    bare = _bare(hint)
    if bare is bool:
        return bool
    if bare in _PLAIN:
        return None
    decode = msgspec.json.Decoder(bare, strict=False).decode
    if get_origin(bare) is list:
        return lambda text: [] if text == "[]" else decode(text)
    return decode if empty is None else lambda text: empty if text == "{}" else decode(text)
