"""Full-text search over what one reaches."""

from __future__ import annotations

from .context import Ctx


def note(ctx: Ctx, kind: str, key: str) -> None:
    """This thing changed: its entry is renewed before the commit."""
