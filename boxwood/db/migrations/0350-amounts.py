"""The numbers of texts such as `1.250,00 €` in boxes: totals, filters and orders read them from this column."""

import json
from typing import Any

from boxwood.db.schema import ddl
from boxwood.lib import numbers


def numbers_in(fields: dict[str, Any]) -> str | None:
    texts = {key: value for key, value in fields.items() if isinstance(value, str) and not numbers.is_plain(value)}
    found = {key: number for key, text in texts.items() if (number := numbers.read(text)) is not None}
    return json.dumps(found, separators=(",", ":")) if found else None


def drop_old_indexes(connection: Any) -> None:
    """Drop the automatic indexes of text fields, which lack the new column, and of dropdowns, which hold whole texts of
    other pipelines: the server builds them again."""
    sqlite = type(connection).__module__.startswith("sqlite3")
    cursor = connection.cursor()
    catalogue = "SELECT name FROM sqlite_master WHERE type = 'index'" if sqlite else "SELECT indexname FROM pg_indexes"
    cursor.execute(catalogue)
    for (name,) in cursor.fetchall():
        if name.startswith("boxes_by_field_") and name.endswith(("_text", "_key")):
            cursor.execute(f'DROP INDEX "{name}"')


def fill(connection: Any) -> None:
    sqlite = type(connection).__module__.startswith("sqlite3")
    mark = "?" if sqlite else "%s"
    cursor, last = connection.cursor(), ""
    while True:
        cursor.execute(f"SELECT key, fields FROM boxes WHERE key > {mark} ORDER BY key LIMIT 5000", (last,))
        rows = cursor.fetchall()
        if not rows:
            return
        last = rows[-1][0]
        for key, fields in rows:
            found = numbers_in(json.loads(fields) if isinstance(fields, str) else fields)
            if found is not None:
                cursor.execute(f"UPDATE boxes SET numbers = {mark} WHERE key = {mark}", (found, key))


steps = [ddl("ALTER TABLE boxes ADD COLUMN numbers JSON"), fill, drop_old_indexes]
