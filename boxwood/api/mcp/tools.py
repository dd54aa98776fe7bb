"""The tools: what an assistant can do. Each is one operation of the API, described for a model."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from . import reading, writing
from .arguments import Schema, flag, members, number, text, texts
from .operations import Operations

Run = Callable[[Operations, dict[str, Any]], Awaitable[Any]]
_DRY_RUN = flag(
    "True: change nothing, and answer with the changes and what would follow (automations, webhooks, mails, broken "
    "rules). Use it before a change that you are not sure about."
)


class Tool(msgspec.Struct, frozen=True):
    name: str
    title: str
    description: str
    run: Run
    arguments: dict[str, Schema]
    required: tuple[str, ...] = ()
    reads: bool = False
    """It changes nothing."""
    adds: bool = False
    """It only adds, and overwrites nothing."""
    repeatable: bool = False
    """A repetition with the same arguments changes nothing more."""


_PIPELINE = text("The name or key of the pipeline.")
_BOX = text("The key of the box, such as b-OiCNbe…: use `search` or `list_boxes` to find it.")
_STAGE = text("The name or key of a stage of this pipeline.")
_TEAM = text("The name or key of the team. Not needed if you are in one team only.")
_FIELDS = members(
    "Values by the names of fields, with the names of options: "
    '{"Status": "Open", "Topics": ["Sales"]}. `describe_pipelines` lists the fields and their options. '
    "null clears a value."
)
_PEOPLE = "E-mail addresses or names of users. The list replaces the present one."
_LIMIT = number("How many results to return.", 1, 200)
_FILTER = members(
    "A filter, as a tree: "
    '{"and": [{"field": "stage", "op": "eq", "value": "Lead"}, {"field": "Amount", "op": "gt", "value": 1000}]}. '
    "Nodes: and, or, not, or a test. Fields: names of the pipeline's fields, or name, notes, stage, assignee, "
    "creator, creationTimestamp, lastUpdatedTimestamp, daysInStage, daysSinceUpdate, taskOverdueCount. Operators: "
    "eq, ne, in, lt, lte, gt, gte, between, contains, startsWith, isEmpty, isNotEmpty; for lists any, all, none. "
    "Dates: 2026-03-31, today-7d. `me` is the current user."
)
_CONTACT = {
    "emailAddresses": texts("E-mail addresses. A contact that has one of them already is changed."),
    "givenName": text("The first name."),
    "familyName": text("The last name."),
    "title": text("The job title."),
    "phoneNumbers": texts("Telephone numbers, added to those that are stored."),
    "other": text("Notes."),
    "fields": members("Values of the team's own fields, by their keys."),
    "team": _TEAM,
}
_ORGANIZATION = {
    "name": text("The name."),
    "domains": texts("Internet domains. An organization that has one of them already is changed."),
    "phoneNumbers": texts("Telephone numbers, added to those that are stored."),
    "industry": text("The industry."),
    "other": text("Notes."),
    "fields": members("Values of the team's own fields, by their keys."),
    "team": _TEAM,
}

TOOLS = [
    Tool(
        "search",
        "Search",
        "Find boxes, contacts, organizations, tasks, e-mail messages, comments, meetings and files by words. Each word "
        "is the beginning of a word in the result. Returns keys for the other tools, the matching texts, and how many "
        "results there are of each noun.",
        reading.search,
        {
            "query": text("The words."),
            "pipeline": text("Only this pipeline: its name or key."),
            "limit": _LIMIT,
        },
        ("query",),
        reads=True,
    ),
    Tool(
        "list_boxes",
        "List boxes",
        "List the boxes (deals, candidates, projects …) of a pipeline, filtered and sorted. Returns names, stages, "
        "field values and assignees, and a cursor if there are more.",
        reading.list_boxes,
        {
            "pipeline": _PIPELINE,
            "stage": text("Only boxes in this stage."),
            "filter": _FILTER,
            "sort": text("Up to five columns separated by commas, - for descending, such as -Amount,name."),
            "limit": _LIMIT,
            "cursor": text("The cursor of the previous page."),
        },
        ("pipeline",),
        reads=True,
    ),
    Tool(
        "list_tasks",
        "List tasks",
        "List open tasks, by default your own: those that are due until today, or with upcoming=true those that are "
        "due later.",
        reading.list_tasks,
        {
            "users": texts("Whose tasks: e-mail addresses or names. Default: yours."),
            "pipeline": text("Only tasks of this pipeline: its name or key."),
            "upcoming": flag("True: tasks that are due from tomorrow on or have no date."),
            "includeDone": flag("True: also tasks that are done."),
            "limit": _LIMIT,
        },
        reads=True,
    ),
    Tool(
        "read",
        "Read",
        "Read a box, contact, organization, task, comment, meeting, thread, message, pipeline or proposal by its "
        "key. A box is a Markdown document with its fields, links, tasks and timeline (comments, mail, meetings); "
        "everything else is JSON. Read a box before you change it.",
        reading.read,
        {
            "key": text("The key, as other tools return it."),
            "format": text("How a box is returned. Default: markdown.", "markdown", "json"),
            "history": number("How many entries of its history to add: who changed what, newest first.", 0, 100),
            "maxTokens": number("The maximum length of the Markdown document, in tokens. Default: 8000.", 200, 100_000),
        },
        ("key",),
        reads=True,
    ),
    Tool(
        "describe_pipelines",
        "Describe pipelines",
        "The schema. Without `pipeline`: you, your teams with their members, and all pipelines with their stages. "
        "With `pipeline`: its stages with the number of boxes, and its fields with types and allowed options. Call "
        "it before you set stages or fields.",
        reading.describe_pipelines,
        {"pipeline": text("The name or key of one pipeline.")},
        reads=True,
    ),
    Tool(
        "report",
        "Report",
        "Figures of a pipeline: `funnel` (how many boxes reached each stage, win rate), `time-in-stage`, `over-time` "
        "(created, won and lost in each interval) or `totals` (boxes and sums by stage, assignee or field).",
        reading.report,
        {
            "pipeline": _PIPELINE,
            "kind": text("Which report.", "funnel", "time-in-stage", "over-time", "totals"),
            "filter": _FILTER,
            "from": text("Only from this day on, such as 2026-01-01 (UTC)."),
            "to": text("Only before this day (UTC)."),
            "by": text("For totals: stage, assignee, creator, or the name of a field."),
            "sums": texts("For totals and over-time: names of fields to add up."),
            "interval": text("For over-time.", "day", "week", "month", "quarter", "year"),
        },
        ("pipeline", "kind"),
        reads=True,
    ),
    Tool(
        "create_box",
        "Create a box",
        "Create a box in a pipeline. Search first, so that you do not create it twice.",
        writing.create_box,
        {
            "pipeline": _PIPELINE,
            "name": text("The name of the box."),
            "stage": text("The name or key of a stage. Default: the first stage."),
            "fields": _FIELDS,
            "notes": text("Notes."),
            "assignees": texts(_PEOPLE),
            "contacts": texts("Keys of contacts."),
            "organizations": texts("Keys of organizations."),
        },
        ("pipeline", "name"),
        adds=True,
    ),
    Tool(
        "update_box",
        "Change a box",
        "Change the name, notes, fields, assignees or links of a box. What you leave out stays as it is.",
        writing.update_box,
        {
            "box": _BOX,
            "name": text("The new name."),
            "fields": _FIELDS,
            "notes": text("The new notes. They replace the present notes; an empty text clears them."),
            "assignees": texts(_PEOPLE),
            "contacts": texts("Keys of contacts. The list replaces the present one."),
            "organizations": texts("Keys of organizations. The list replaces the present one."),
        },
        ("box",),
        repeatable=True,
    ),
    Tool(
        "move_box",
        "Move a box",
        "Move a box to another stage, or to another pipeline.",
        writing.move_box,
        {
            "box": _BOX,
            "stage": _STAGE,
            "pipeline": text("The name or key of another pipeline. Without it, the box stays in its pipeline."),
        },
        ("box", "stage"),
        repeatable=True,
    ),
    Tool(
        "save_contact",
        "Save a contact",
        "Create a contact, or change the contact that has one of the e-mail addresses. What you leave out stays.",
        writing.save_contact,
        _CONTACT,
        ("emailAddresses",),
        repeatable=True,
    ),
    Tool(
        "save_organization",
        "Save an organization",
        "Create an organization, or change the one that has one of the domains. What you leave out stays.",
        writing.save_organization,
        _ORGANIZATION,
        ("domains",),
        repeatable=True,
    ),
    Tool(
        "add_comment",
        "Add a comment",
        "Add a comment to a box. Its readers and followers are notified.",
        writing.add_comment,
        {"box": _BOX, "text": text("The comment, as Markdown. @ada@example.com mentions a user.")},
        ("box", "text"),
        adds=True,
    ),
    Tool(
        "save_task",
        "Save a task",
        "Create a task on a box, or change a task: give either `box` or `task`. done=true completes it.",
        writing.save_task,
        {
            "box": text("The key of the box of a new task."),
            "task": text("The key of the task to change."),
            "text": text("What is to be done."),
            "due": text("The day, such as 2026-03-31. An empty text removes the date."),
            "assignees": texts(_PEOPLE + " Default for a new task: you."),
            "done": flag("True: the task is done. False: it is open again."),
        },
    ),
    Tool(
        "draft_mail",
        "Draft a mail",
        "Write the draft of an e-mail, or change one with `draft`. It is never sent: a person reads it in Boxwood, "
        "changes it and sends it. An answer (how=reply or replyAll) and a forward begin with the recipients, the "
        "subject and the quoted text of `message`; your text goes above it.",
        writing.draft_mail,
        {
            "box": text("The key of the box that the mail is about. Not needed for an answer."),
            "how": text("Default: new.", "new", "reply", "replyAll", "forward"),
            "message": text("The key of the message that is answered or forwarded: `read` the thread to find it."),
            "to": texts("Addresses, with or without a name: Grace Hopper <grace@navy.example>."),
            "cc": texts("Further recipients."),
            "subject": text("The subject. Not needed for an answer."),
            "text": text("The text of the mail, as plain text."),
            "draft": text("The key of the draft to change. What you leave out stays."),
            "version": number("The version of this draft, as it was returned.", 1, 1_000_000),
        },
    ),
    Tool(
        "undo",
        "Undo",
        "Take back a change. `change` is in the answer of every tool that wrote, and in histories. If something was "
        "changed again since, nothing is undone and the answer says why.",
        writing.undo,
        {"change": text("The key of the change, such as n000000000123.")},
        ("change",),
    ),
]
for _tool in TOOLS:
    if not _tool.reads:
        _tool.arguments["dryRun"] = _DRY_RUN
BY_NAME = {tool.name: tool for tool in TOOLS}
