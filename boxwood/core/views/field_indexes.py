"""Automatic indexes: a field gets an index when boxes are filtered or sorted by it, until the field is deleted.

Field keys count from 1001 in each pipeline, so an index, which starts with the pipeline's key, serves all pipelines
that need this field key in this form. The number of indexes is limited, per pipeline and in all, because each slows
down every write.
"""

from __future__ import annotations

from collections.abc import Iterable

from ...db.engine import Db, Dialect
from ..pipelines import columns
from ..records import AiSettings, Field
from .selections import Wish

MOST_OF_PIPELINE = 12
MOST_OF_ALL = 64
_PREFIX = "boxes_by_field_"
_FORMS = {"text": "TEXT_INPUT", "number": "DATE", "flag": "CHECKBOX", "key": "DROPDOWN"}


def store_wishes(db: Db, wishes: Iterable[Wish]) -> None:
    """Store which indexes are wanted, up to the limit of each pipeline."""
    for wish in sorted(wishes):
        db.run(
            """
            INSERT INTO field_indexes (pipeline_key, field_key, form)
            SELECT f.pipeline_key, f.key, :form FROM fields f WHERE f.pipeline_key = :pipeline AND f.key = :field
                AND (SELECT COUNT(*) FROM field_indexes i WHERE i.pipeline_key = :pipeline) < :most
            ON CONFLICT DO NOTHING
            """,
            pipeline=wish.pipeline_key,
            field=wish.field_key,
            form=wish.form,
            most=MOST_OF_PIPELINE,
        )


def known(db: Db, wishes: Iterable[Wish]) -> set[Wish]:
    """The stored wishes of the pipelines that these wishes are about."""
    pipelines = db.texts({wish.pipeline_key for wish in wishes})
    among = db.dialect.among("pipeline_key", "pipelines")
    rows = db.rows(f"SELECT pipeline_key, field_key, form FROM field_indexes WHERE {among}", pipelines=pipelines)
    return {Wish(*row) for row in rows}


def wanted(db: Db) -> dict[str, str]:
    """The indexes that should exist: their tables and expressions, by name. Indexes that most pipelines want come
    first."""
    rows = db.rows(
        """
        SELECT field_key, form FROM field_indexes GROUP BY field_key, form
        ORDER BY COUNT(*) DESC, field_key, form LIMIT :most
        """,
        most=MOST_OF_ALL,
    )
    return {f"{_PREFIX}{key}_{form}": on(db.dialect, key, form) for key, form in rows}


def existing(db: Db) -> set[str]:
    """The names of the indexes that exist."""
    return {name for name in db.index_names("boxes") if name.startswith(_PREFIX)}


def on(dialect: Dialect, field_key: str, form: str) -> str:
    """The table and the expressions of an index. A page that is sorted by the field is read along it."""
    column = columns.of_field(dialect, _a_field(field_key, _FORMS[form]))
    sorts = ", ".join(f"({sql.replace('b.fields', 'fields').replace('b.numbers', 'numbers')})" for sql in column.sorts)
    return f"boxes (pipeline_key, {sorts}, key)"


def _a_field(key: str, kind: str) -> Field:
    return Field("", key, "", kind, [], None, AiSettings(), None, 0)
