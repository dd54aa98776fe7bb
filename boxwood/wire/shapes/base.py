"""What every shape is made of."""

from __future__ import annotations

from typing import Any

import msgspec


class Out(msgspec.Struct, rename="camel", omit_defaults=True):
    """The base of what is answered: members that are null or absent are left out (spec 1.6)."""


def given(value: Any) -> Any:
    """The value, or nothing at all on the wire."""
    return msgspec.UNSET if value is None else value
