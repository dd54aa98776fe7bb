"""The kinds of steps there are, and what each may be told: what forms are drawn by and rules are checked by."""

from __future__ import annotations

from typing import Any

import msgspec

from ...lib.durations import DAY, HOUR, MINUTE, WEEK
from .triggers import Param

OUTSIDE = ("http.request",)
"""Steps that are done with no transaction open."""
UNITS = {"minutes": MINUTE, "hours": HOUR, "days": DAY, "weeks": WEEK, "months": 30 * DAY}
LONGEST_WAIT = 366 * DAY
METHODS = ("DELETE", "GET", "PATCH", "POST", "PUT")


class StepKind(msgspec.Struct, frozen=True):
    says: str
    params: tuple[Param, ...] = ()
    gives: tuple[str, ...] = ()
    """What later steps find of it under `steps.<id>`."""
    of_box: bool = False
    """It needs a box: the run's, or the one named."""


def _text(name: str, says: str, **more: Any) -> Param:
    return Param(name, "text", says, templates=True, **more)


_BOX = Param("box", "text", "The key of another box; the run's own where none is named.", templates=True)
_USERS = Param("users", "users", "User keys or e-mail addresses.", required=True, templates=True)
_FIELDS = Param("fields", "fieldValues", "Values by the field's key or name.", templates=True)
_NEW_BOX = (
    Param("pipeline", "pipeline", "The key of its pipeline; the rule's own where none is named."),
    _text("name", "Its name.", required=True),
    Param("stage", "text", "The key or name of its stage.", templates=True),
    _text("notes", "Its notes."),
    _FIELDS,
    Param("assignees", "users", "User keys or e-mail addresses.", templates=True),
    Param("link", "flag", "Link it with the run's box."),
)
_LINK = Param("linkToBox", "flag", "Add it to the run's box.")
_TEXTS = "Texts, or one with commas."

STEPS: dict[str, StepKind] = {
    "box.setFields": StepKind(
        "Set fields of a box",
        (Param("fields", "fieldValues", "Values by the field's key or name.", required=True, templates=True), _BOX),
        of_box=True,
    ),
    "box.edit": StepKind(
        "Change a box's name or notes",
        (
            _text("name", "Its new name."),
            _text("notes", "Its new notes."),
            _text("addNotes", "A line to add to its notes."),
            _BOX,
        ),
        of_box=True,
    ),
    "box.move": StepKind(
        "Move a box to a stage",
        (Param("stage", "stage", "The key or name of the stage.", required=True, templates=True), _BOX),
        of_box=True,
    ),
    "box.movePipeline": StepKind(
        "Move a box to another pipeline",
        (
            Param("pipeline", "pipeline", "The key of the pipeline.", required=True),
            Param("stage", "text", "The key or name of a stage there.", templates=True),
            _BOX,
        ),
        of_box=True,
    ),
    "box.assign": StepKind(
        "Assign people to a box",
        (_USERS, Param("replace", "flag", "Instead of those who are assigned, not besides."), _BOX),
        of_box=True,
    ),
    "box.unassign": StepKind(
        "Take people off a box",
        (Param("users", "users", "User keys or e-mail addresses; all where none are named.", templates=True), _BOX),
        of_box=True,
    ),
    "box.follow": StepKind("Add followers to a box", (_USERS, _BOX), of_box=True),
    "box.link": StepKind(
        "Link a box with others",
        (Param("boxes", "texts", "The keys of the others.", required=True, templates=True), _BOX),
        of_box=True,
    ),
    "box.create": StepKind("Create a box", _NEW_BOX, ("key", "name")),
    "box.findOrCreate": StepKind(
        "Find a box, or create it",
        (
            Param("match", "text", "`name`, or the key or name of a text, date or dropdown field.", required=True),
            Param("update", "flag", "Where it is found, set what is given here."),
            *_NEW_BOX,
        ),
        ("key", "name", "created"),
    ),
    "task.create": StepKind(
        "Create a task",
        (
            _text("text", "What is to be done.", required=True),
            Param("due", "value", "When: milliseconds, or a date such as 2026-11-25.", templates=True),
            Param("dueIn", "duration", "Or so much from now."),
            Param("assignees", "users", "User keys or e-mail addresses; the owner where none.", templates=True),
            _BOX,
        ),
        ("key", "text", "due"),
        of_box=True,
    ),
    "comment.create": StepKind(
        "Comment on a box", (_text("message", "What to say.", required=True), _BOX), ("key",), of_box=True
    ),
    "contact.save": StepKind(
        "Create or update a contact",
        (
            Param("emailAddresses", "texts", _TEXTS, required=True, templates=True),
            _text("givenName", "The first name."),
            _text("familyName", "The family name."),
            _text("title", "The title."),
            Param("phoneNumbers", "texts", _TEXTS, templates=True),
            _text("other", "Notes."),
            _LINK,
        ),
        ("key",),
    ),
    "organization.save": StepKind(
        "Create or update an organization",
        (
            Param("domains", "texts", _TEXTS, required=True, templates=True),
            _text("name", "Its name."),
            _text("industry", "Its industry."),
            Param("phoneNumbers", "texts", _TEXTS, templates=True),
            _text("other", "Notes."),
            _LINK,
        ),
        ("key",),
    ),
    "http.request": StepKind(
        "Call a URL",
        (
            Param("method", "choice", "GET, POST, PATCH, PUT or DELETE.", options=METHODS),
            _text("url", "The address.", required=True),
            Param("query", "map", "Names and values for the address's end.", templates=True),
            Param("headers", "map", "Names and values. `{{ secrets.NAME }}` stands for a secret.", templates=True),
            Param("json", "json", "The body, as JSON.", templates=True),
            Param("form", "map", "Or the body, as a form.", templates=True),
            _text("text", "Or the body, as text; of a JSON content type, values in it are escaped."),
            Param("attempts", "integer", "At most so many, over 75 hours where all 11 are used; 11 where not said."),
        ),
        ("status", "headers", "body"),
    ),
    "email.send": StepKind(
        "Send an e-mail",
        (
            Param("to", "texts", "Addresses.", required=True, templates=True),
            Param("bcc", "texts", "Addresses that get a copy of their own, unseen by the others.", templates=True),
            _text("replyTo", "An address."),
            _text("subject", "The subject.", required=True),
            _text("text", "The text.", required=True),
            _text("html", "The same as HTML; values in it are escaped."),
        ),
        ("letter",),
    ),
    "wait": StepKind(
        "Wait",
        (
            Param("amount", "integer", "So many."),
            Param("unit", "choice", "Of `amount`; a month is 30 days.", options=tuple(UNITS)),
            Param("until", "value", "Or until a time: milliseconds, or a date.", templates=True),
        ),
    ),
    "branch": StepKind(
        "Go one way or another",
        (
            Param("filter", "filter", "A filter of boxes, as saved views have it."),
            Param("condition", "condition", "A condition in CEL."),
        ),
        ("taken",),
    ),
    "stop": StepKind("Stop", (_text("reason", "Why, for the log."),)),
    "automation.run": StepKind(
        "Run another automation",
        (
            Param("automation", "automation", "Its key.", required=True),
            Param("box", "text", "The key of the box; the run's own where none is named.", templates=True),
            Param("body", "json", "What it finds as `body`.", templates=True),
        ),
        ("run",),
    ),
}
