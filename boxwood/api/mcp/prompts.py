"""Prompts: common work, which a user starts by name in their assistant."""

from __future__ import annotations

import msgspec


class Prompt(msgspec.Struct, frozen=True):
    name: str
    title: str
    description: str
    text: str
    """What the assistant gets; `{pipeline}` stands for the argument of this name."""
    arguments: dict[str, str] = {}
    """Name and description of each argument. All are required."""


_PIPELINE = {"pipeline": "The name of the pipeline"}

PROMPTS = [
    Prompt(
        "my_day",
        "Plan my day",
        "Your due tasks, with what each is about and what to do first.",
        "Plan my day in Boxwood. List my tasks that are due with `list_tasks`, then those of the coming days. Read "
        "the boxes of the tasks that are due. Answer with a short list, the most urgent first: what to do, for which "
        "box, and why now. Change nothing.",
    ),
    Prompt(
        "review_pipeline",
        "Review a pipeline",
        "Where the boxes of a pipeline stand, which are stuck, and what to do next.",
        "Review the Boxwood pipeline {pipeline}. Use `describe_pipelines` and `report` (funnel, time-in-stage and "
        "totals), then `list_boxes` for boxes that were not changed for long (field daysSinceUpdate) or have overdue "
        "tasks. Answer with the figures in a few sentences, a table of the boxes that are stuck, and one next step "
        "for each. Change nothing without asking.",
        _PIPELINE,
    ),
    Prompt(
        "brief_me",
        "Brief me on a box",
        "All that matters about a box before a call or a meeting.",
        "Brief me on {box} in Boxwood. Find it with `search` and read it with its history, its contacts and its "
        "organizations. Answer with: who they are, where it stands, what was said last, open tasks, and what I "
        "should ask.",
        {"box": "The name or key of the box"},
    ),
    Prompt(
        "enter_notes",
        "Enter my notes",
        "Turns notes of a call or a meeting into changes, shown before they are made.",
        "Enter these notes into Boxwood:\n\n{notes}\n\nFind the boxes and contacts they are about with `search`, and "
        "read them. Call `describe_pipelines` for the stages and fields. Then call the tools for the changes "
        "(fields, stages, comments, tasks, contacts) with dryRun=true, show me a list of what would change and what "
        "would follow, and ask. Make the changes only after I agree, and give me the change keys, so that I can undo "
        "them.",
        {"notes": "Your notes"},
    ),
]
BY_NAME = {prompt.name: prompt for prompt in PROMPTS}


def filled(prompt: Prompt, given: dict[str, str]) -> str:
    """The text of the prompt with these arguments."""
    text = prompt.text
    for name in prompt.arguments:
        text = text.replace(f"{{{name}}}", given[name])
    return text
