"""Texts that stand on one line: names, subjects, parts of sentences."""

from __future__ import annotations

import re

_BREAKS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]+")


def on_one_line(text: str) -> str:
    """The text with a space in place of line breaks, tabs and other control characters, and none around it."""
    return _BREAKS.sub(" ", text).strip()
