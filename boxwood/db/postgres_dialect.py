"""The SQL that is special to PostgreSQL."""

from __future__ import annotations

import re
from functools import lru_cache

from .engine import Db, FullText
from .fulltext import Tsvector

# `:name` but not `::type`, and nothing inside quotes.
_NAMED = re.compile(r"'(?:[^']|'')*'|::|:([a-z_][a-z0-9_]*)|%", re.IGNORECASE)


@lru_cache(maxsize=4096)
def with_psycopg_names(sql: str) -> str:
    """The statement with `%(name)s`, as psycopg wants it, in place of `:name`."""

    def parameter(found: re.Match[str]) -> str:
        if found[1]:
            return f"%({found[1]})s"
        return found[0].replace("%", "%%")

    return _NAMED.sub(parameter, sql)


class PostgresDialect:
    name = "postgres"
    skip_locked = " FOR UPDATE SKIP LOCKED"
    oldest_transaction = "pg_snapshot_xmin(pg_current_snapshot())::text::bigint"
    this_transaction = "pg_current_xact_id()::text::bigint"
    next_transaction = "pg_snapshot_xmax(pg_current_snapshot())::text::bigint"
    behind = "(txid, id) > (:txid, :id)"
    fulltext: FullText = Tsvector()

    def count_events_after(self, db: Db, number: int) -> None:
        # Numbers that other transactions take at this moment cannot be given twice: the column is unique.
        db.row("SELECT setval('events_id_seq', :number) FROM events_id_seq WHERE last_value < :number", number=number)

    def overwrite_deleted(self, db: Db) -> None:
        pass

    def field_value(self, column: str, key: str) -> str:
        return f"({column}->>'{key}')"

    def field_number(self, column: str, key: str, others: str = "") -> str:
        value = self.field_value(column, key)
        other = f"ELSE {self.field_value(others, key)}::float8" if others else ""
        return f"""(CASE jsonb_typeof({column}->'{key}') WHEN 'number' THEN {value}::float8
            WHEN 'string' THEN CASE WHEN LENGTH({value}) <= 20
                AND {value} ~ '^-?(0|[1-9][0-9]*)([.][0-9]+)?$' THEN {value}::float8 {other} END END)"""

    def field_flag(self, column: str, key: str) -> str:
        return f"(CASE WHEN {self.field_value(column, key)} = 'true' THEN 1 ELSE 0 END)"

    def member(self, column: str, key: str) -> str:
        return f"({column}->'{key}')"

    def without(self, column: str, key: str) -> str:
        return f"({column} - '{key}')"

    def each_text(self, column: str) -> str:
        return f"jsonb_array_elements_text({column})"

    def each(self, column: str) -> str:
        return f"jsonb_array_elements(CASE WHEN jsonb_typeof({column}) = 'array' THEN {column} END)"

    def length(self, column: str) -> str:
        return f"COALESCE(jsonb_array_length({column}), 0)"

    def folded(self, text: str) -> str:
        return f'lower(({text}) COLLATE "C")'

    def exact(self, text: str) -> str:
        return f'(({text}) COLLATE "C")'

    def domain(self, address: str) -> str:
        return f"split_part({address}, '@', 2)"

    def contains(self, text: str, name: str) -> str:
        return f"strpos({text}, :{name}) > 0"

    def holds(self, text: str, name: str) -> str:
        return self.contains(self.folded(text), name)

    def along(self, column: str) -> str:
        return "TRUE"  # PostgreSQL chooses the right index from its statistics

    def among(self, column: str, name: str) -> str:
        return f"{column} = ANY(:{name})"
