"""The kinds of steps and their parameters. Forms are drawn from this table, and automations are checked with it."""

from __future__ import annotations

from typing import Any

import msgspec

from ...lib.durations import DAY, HOUR, MINUTE, WEEK
from .triggers import Param

OUTSIDE = ("http.request",)
"""Steps that a worker does with no transaction open."""
UNITS = {"minutes": MINUTE, "hours": HOUR, "days": DAY, "weeks": WEEK, "months": 30 * DAY}
LONGEST_WAIT = 366 * DAY
METHODS = ("DELETE", "GET", "PATCH", "POST", "PUT")


class StepKind(msgspec.Struct, frozen=True):
    description: str
    params: tuple[Param, ...] = ()
    output: tuple[str, ...] = ()
    """The members that later steps can use under `steps.<id>`."""
    of_box: bool = False
    """Whether the step needs a box: the run's box, or the box that the step names."""


def _text(name: str, description: str, **more: Any) -> Param:
    return Param(name, "text", description, templates=True, **more)


_BOX = Param("box", "text", "The key of a box. Default: the run's box.", templates=True)
_USERS = Param("users", "users", "Users by key, e-mail address or name.", required=True, templates=True)
_FIELDS = Param("fields", "fieldValues", "Values by the key or name of the field.", templates=True)
_NEW_BOX = (
    Param("pipeline", "pipeline", "The key or name of the box's pipeline. Default: the automation's pipeline."),
    _text("name", "The name of the box.", required=True),
    Param("stage", "text", "The key or name of the box's stage.", templates=True),
    _text("notes", "The notes of the box."),
    _FIELDS,
    Param("assignees", "users", "Users by key, e-mail address or name.", templates=True),
    Param("link", "flag", "Link the box to the run's box."),
)
_TEXTS = "A list of texts, or one text with commas."

STEPS: dict[str, StepKind] = {
    "box.setFields": StepKind(
        "Set fields of a box",
        (
            Param("fields", "fieldValues", "Values by the key or name of the field.", required=True, templates=True),
            _BOX,
        ),
        of_box=True,
    ),
    "box.edit": StepKind(
        "Change a box's name or notes",
        (
            _text("name", "The new name."),
            _text("notes", "The new notes."),
            _text("addNotes", "A line to add to the notes."),
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
            Param("stage", "text", "The key or name of a stage of that pipeline.", templates=True),
            _BOX,
        ),
        of_box=True,
    ),
    "box.assign": StepKind(
        "Assign people to a box",
        (_USERS, Param("replace", "flag", "Replace the current assignees instead of adding to them."), _BOX),
        of_box=True,
    ),
    "box.unassign": StepKind(
        "Unassign people from a box",
        (Param("users", "users", "User keys or e-mail addresses. Default: all assignees.", templates=True), _BOX),
        of_box=True,
    ),
    "box.follow": StepKind("Add followers to a box", (_USERS, _BOX), of_box=True),
    "box.link": StepKind(
        "Link a box to other boxes",
        (Param("boxes", "texts", "The keys of the other boxes.", required=True, templates=True), _BOX),
        of_box=True,
    ),
    "box.create": StepKind("Create a box", _NEW_BOX, ("key", "name")),
    "box.findOrCreate": StepKind(
        "Find a box, or create it",
        (
            Param("match", "text", "`name`, or the key or name of a text, date or dropdown field.", required=True),
            Param("update", "flag", "Update the box with the values given here if it is found."),
            *_NEW_BOX,
        ),
        ("key", "name", "created"),
    ),
    "task.create": StepKind(
        "Create a task",
        (
            _text("text", "The text of the task.", required=True),
            Param("due", "value", "The due date: milliseconds, or a date such as 2026-11-25.", templates=True),
            Param("dueIn", "duration", "Or the time from now until the task is due."),
            Param(
                "assignees",
                "users",
                "User keys or e-mail addresses. Default: the automation's owner.",
                templates=True,
            ),
            _BOX,
        ),
        ("key", "text", "due"),
        of_box=True,
    ),
    "comment.create": StepKind(
        "Comment on a box", (_text("message", "The text of the comment.", required=True), _BOX), ("key",), of_box=True
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
            Param("linkToBox", "flag", "Add the contact to the run's box."),
        ),
        ("key",),
    ),
    "organization.save": StepKind(
        "Create or update an organization",
        (
            Param("domains", "texts", _TEXTS, required=True, templates=True),
            _text("name", "The name of the organization."),
            _text("industry", "The industry."),
            Param("phoneNumbers", "texts", _TEXTS, templates=True),
            _text("other", "Notes."),
            Param("linkToBox", "flag", "Add the organization to the run's box."),
        ),
        ("key",),
    ),
    "http.request": StepKind(
        "Call a URL",
        (
            Param("method", "choice", "GET, POST, PATCH, PUT or DELETE.", options=METHODS),
            _text("url", "The URL.", required=True),
            Param("query", "map", "Names and values of query parameters.", templates=True),
            Param("headers", "map", "Names and values. `{{ secrets.NAME }}` inserts a secret.", templates=True),
            Param("json", "json", "The body as JSON.", templates=True),
            Param("form", "map", "Or the body as a form.", templates=True),
            _text("text", "Or the body as text. If the content type is JSON, values are escaped."),
            Param("attempts", "integer", "The most attempts. Default: 11, which take 75 hours."),
        ),
        ("status", "headers", "body"),
    ),
    "email.send": StepKind(
        "Send an e-mail",
        (
            Param("to", "texts", "E-mail addresses.", required=True, templates=True),
            Param("bcc", "texts", "Addresses that get a copy, hidden from all other recipients.", templates=True),
            _text("replyTo", "The address for replies. Not with a mailbox, which gets them itself."),
            _text("subject", "The subject. Required, unless the snippet has one."),
            _text("text", "The text. Required without a snippet."),
            _text("html", "The text as HTML; values are escaped."),
            _text("mailbox", "The key or address of the mailbox that sends it. Default: the server's own mail."),
            _text("snippet", "With a mailbox: the key of a snippet, whose merge fields are filled."),
            _text("box", "With a mailbox: the key of the mail's box. Default: the run's box."),
            _text("thread", "With a mailbox: the key of the conversation that the mail continues."),
        ),
        ("letter",),
    ),
    "sequence.start": StepKind(
        "Start a sequence of e-mails",
        (
            Param("sequence", "text", "The key of the sequence.", required=True),
            _text("contact", "The key of a contact. Default: the box's first contact with an address."),
            _text("mailbox", "The key of the mailbox. Default: that of the sequence, or the owner's first."),
            _BOX,
        ),
        ("run",),
        of_box=True,
    ),
    "sequence.stop": StepKind(
        "Stop sequences of a box",
        (Param("sequence", "text", "The key of the sequence. Default: all sequences that run on the box."), _BOX),
        ("stopped",),
        of_box=True,
    ),
    "wait": StepKind(
        "Wait",
        (
            Param("amount", "integer", "How long to wait, in units."),
            Param("unit", "choice", "The unit of `amount`; a month has 30 days.", options=tuple(UNITS)),
            Param("until", "value", "Or the end of the wait: milliseconds, or a date.", templates=True),
        ),
    ),
    "branch": StepKind(
        "Branch",
        (
            Param("filter", "filter", "A filter of boxes, as in saved views."),
            Param("condition", "condition", "A condition in CEL."),
        ),
        ("taken",),
    ),
    "stop": StepKind("Stop", (_text("reason", "The reason, for the log."),)),
    "automation.run": StepKind(
        "Run another automation",
        (
            Param("automation", "automation", "The key of the automation.", required=True),
            Param("box", "text", "The key of the box. Default: the run's box.", templates=True),
            Param("body", "json", "A value that the other automation can use as `body`.", templates=True),
        ),
        ("run",),
    ),
}
