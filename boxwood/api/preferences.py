"""Preferences over HTTP."""

from __future__ import annotations

from ..core.people import preferences
from ..errors import Invalid
from ..wire.shapes.preferences import PREFERENCES_EDIT, PreferencesOut
from .http.call import Call


def get(call: Call) -> PreferencesOut:
    """Your preferences: an object that clients may use freely."""
    return PreferencesOut(preferences.get(call.ctx))


def edit(call: Call) -> PreferencesOut:
    """Replace the members you send and keep the others. null removes a member. At most 64,000 characters in all."""
    given = call.parse(PREFERENCES_EDIT)
    if "preferences" not in given:
        raise Invalid("preferences", "is missing")
    return PreferencesOut(preferences.edit(call.ctx, given["preferences"]))
