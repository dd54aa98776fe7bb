"""A record (a frozen `msgspec.Struct`) to a row of its table and back.

A record's members are its table's columns, in order. Lists, dicts and structs are JSON in the row;
SQLite has no booleans, so they are made again on the way back.
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
    """A table and the record its rows are: `BOXES = Table("boxes", Box)`.

    Members named in `beside` are the record's last and have defaults: they are kept in tables of their own.
    `empty` has what a member is where its JSON is `{}`, one for all.
    """

    def __init__(
        self, name: str, record: type[R], *, beside: Sequence[str] = (), empty: Mapping[str, Any] | None = None
    ) -> None:
        self.name = name
        self.record = record
        hints = get_type_hints(record)
        self.names = tuple(one for one in record.__struct_fields__ if one not in beside)
        self.columns = ", ".join(self.names)
        self._behind: dict[str, str] = {}
        self._readers: list[tuple[int, Callable[[Any], Any]]] = []
        for at, column in enumerate(self.names):
            if reader := _reader(hints[column], (empty or {}).get(column)):
                self._readers.append((at, reader))
        self._json = {name for name in self.names if _is_json(hints[name])}
        self._json_at = tuple(at for at, name in enumerate(self.names) if name in self._json)
        values = ", ".join(f":{name}" for name in self.names)
        self._insert = f"INSERT INTO {name} ({self.columns}) VALUES ({values})"

    def of(self, alias: str) -> str:
        """The columns behind a table alias."""
        if alias not in self._behind:
            self._behind[alias] = ", ".join(f"{alias}.{name}" for name in self.names)
        return self._behind[alias]

    def load(self, row: Row) -> R:
        """The record of a row that begins with `columns` (more may follow)."""
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
        given = {name: getattr(record, name) for name in names or self.names}
        for name in self._json & given.keys():
            if given[name] is not None:
                given[name] = msgspec.json.encode(given[name]).decode()
        return given

    def row(self, record: R) -> Row:
        """The row of a record: its values in the order of `names`, for `Db.bulk`."""
        values = list(msgspec.structs.astuple(record)[: len(self.names)])
        for at in self._json_at:
            if values[at] is not None:
                values[at] = _encode(values[at]).decode()
        return tuple(values)

    def insert(self, db: Db, record: R) -> None:
        db.run(self._insert, **self.params(record))

    def update(self, db: Db, record: R, *names: str, by: str = "key") -> None:
        """Write the named members (all of them where none is named) to the row with this record's key."""
        names = names or tuple(name for name in self.names if name != by)
        settings = ", ".join(f"{name} = :{name}" for name in names)
        db.run(f"UPDATE {self.name} SET {settings} WHERE {by} = :{by}", **self.params(record, (*names, by)))


def _bare(hint: Any) -> Any:
    """The type without `| None`."""
    if get_origin(hint) in (Union, types.UnionType):
        rest = [one for one in get_args(hint) if one is not type(None)]
        return rest[0] if len(rest) == 1 else hint
    return hint


def _is_json(hint: Any) -> bool:
    bare = _bare(hint)
    return bare is not bool and bare not in _PLAIN


def _reader(hint: Any, empty: Any) -> Callable[[Any], Any] | None:
    """What is mostly empty is told so without a decoder: a box has eight such members."""
    bare = _bare(hint)
    if bare is bool:
        return bool
    if bare in _PLAIN:
        return None
    decode = msgspec.json.Decoder(bare, strict=False).decode
    if get_origin(bare) is list:
        return lambda text: [] if text == "[]" else decode(text)
    return decode if empty is None else lambda text: empty if text == "{}" else decode(text)
