"""The base of all shapes."""

from __future__ import annotations

from typing import Any

import msgspec


class Out(msgspec.Struct, rename="camel", omit_defaults=True):
    """The base of response shapes. Members without a value are left out (spec 1.6)."""


def given(value: Any) -> Any:
    """The value, or UNSET instead of None, so that the member is left out."""
    return msgspec.UNSET if value is None else value
