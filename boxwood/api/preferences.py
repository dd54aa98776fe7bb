"""Preferences over HTTP."""

from __future__ import annotations

from ..core.people import preferences
from ..errors import Invalid
from ..wire.shapes.preferences import PREFERENCES_EDIT, PreferencesOut
from .http.call import Call


def get(call: Call) -> PreferencesOut:
    """How one likes the screens: one's own object, whose members are their writers' affair."""
    return PreferencesOut(preferences.get(call.ctx))


def edit(call: Call) -> PreferencesOut:
    """Replace the members that are named, leaving the others; null removes one. 64,000 characters at most."""
    given = call.parse(PREFERENCES_EDIT)
    if "preferences" not in given:
        raise Invalid("preferences", "is missing")
    return PreferencesOut(preferences.edit(call.ctx, given["preferences"]))
