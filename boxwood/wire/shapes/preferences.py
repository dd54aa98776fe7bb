"""Preferences on the wire."""

from __future__ import annotations

from typing import Any

from ..codec import Shape
from ..kinds import OBJECT
from .base import Out


class PreferencesOut(Out, omit_defaults=False):
    preferences: dict[str, Any]


PREFERENCES_EDIT = Shape(
    "PreferencesEdit",
    required=("preferences",),
    preferences=OBJECT,
    described={"preferences": "Members to replace; null removes a member."},
)
