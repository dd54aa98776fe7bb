"""Imports from Streak over HTTP."""

from __future__ import annotations

from ..core.activity.streak import runs
from ..wire.shapes import streak_imports as shapes
from ..wire.shapes.lists import Results
from .http.call import Call


def list_own(call: Call) -> Results[shapes.StreakImportOut]:
    """Your imports from Streak, the newest first."""
    limit, offset = call.page(100)
    found = runs.page(call.ctx, limit=limit + 1, offset=offset)
    return Results([shapes.streak_import(run) for run in found[:limit]], len(found) > limit)


def get(call: Call) -> shapes.StreakImportOut:
    """An import from Streak of yours: its state, what came, and what did not, with the reasons."""
    return shapes.streak_import(runs.get(call.ctx, call.path[0]))


def create(call: Call) -> shapes.StreakImportOut:
    """Import a team from Streak, or from another Boxwood, into a team of yours, in the background.

    Start it again to continue an import that failed or was stopped, and later to bring what changed since.
    """
    given = call.parse(shapes.STREAK_IMPORT)
    return shapes.streak_import(runs.create(call.ctx, call.api.keys, call.rules, given))


def stop(call: Call) -> shapes.StreakImportOut:
    """Stop an import. What came stays; another import continues there."""
    return shapes.streak_import(runs.stop(call.ctx, call.path[0]))
