"""Finding boxes by a value: as filters compare texts, so that the same thing in another spelling is no second box."""

from __future__ import annotations

import string
import unicodedata
from collections.abc import Collection
from typing import Any

import msgspec

from .. import access
from ..context import Ctx
from ..records import Pipeline

NAME = "name"
_SMALL = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)


def folded(value: Any) -> str:
    """The value as it is matched: without the case of ASCII letters, as in filters, and with each accent as a part of
    its letter."""
    text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    return unicodedata.normalize("NFC", text).translate(_SMALL)


def find(ctx: Ctx, pipeline: Pipeline, role: access.Role, match: str, values: Collection[str]) -> dict[str, str]:
    """The keys of the visible boxes with one of these names (`match` is `name`) or values of the field with the key
    `match`, by the value as `folded` writes it. If several boxes match, the oldest."""
    column = "b.name" if match == NAME else f"CAST({ctx.db.dialect.field_value('b.fields', match)} AS TEXT)"
    # Values are stored as users typed them. The database compares characters, so both ways to write an accent are asked
    # for.
    wanted = {*values, *(unicodedata.normalize("NFD", value) for value in values)}
    is_wanted = ctx.db.dialect.among(ctx.db.dialect.folded(column), "wanted")
    is_visible, params = access.visible(ctx.db.dialect, role, ctx.actor.key)
    rows = ctx.db.rows(
        f"""
        SELECT {column}, b.key FROM boxes b WHERE b.pipeline_key = :pipeline AND {is_visible} AND {is_wanted}
        ORDER BY b.created_at, b.key {"LIMIT 1" if len(values) == 1 else ""}
        """,
        pipeline=pipeline.key,
        wanted=ctx.db.texts(wanted),
        **params,
    )
    found: dict[str, str] = {}
    for value, key in rows:
        found.setdefault(folded(value), key)
    return found
