"""The envelopes of lists and of deletions (spec 1.6 and 1.10)."""

from __future__ import annotations

from typing import Generic, TypeVar

import msgspec

from .base import Out

T = TypeVar("T")


class Results(Out, Generic[T], omit_defaults=False):
    results: list[T]
    has_next_page: bool | msgspec.UnsetType = msgspec.UNSET
    cursor: str | msgspec.UnsetType = msgspec.UNSET
    """Of a list with a cursor: send it to get the next page. The last page has none."""


class Success(Out, omit_defaults=False):
    success: bool = True
    message: str | msgspec.UnsetType = msgspec.UNSET


SUCCESS = Success()
