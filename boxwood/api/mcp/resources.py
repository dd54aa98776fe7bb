"""Resources: boxes and pipelines as Markdown, which a user adds to a conversation."""

from __future__ import annotations

from typing import Any

from . import reading, shown
from .operations import Operations, perform

SCHEME = "boxwood://"
BOXES, PIPELINES = "boxes", "pipelines"
MARKDOWN = "text/markdown"
MOST = 50


async def recent(operations: Operations) -> list[tuple[str, str, str]]:
    """The address, name and description of all pipelines, and of the boxes that were changed last."""
    pipelines = (await perform(operations, "GET", "/v2/pipelines", {"counts": "false", "limit": 100})).json()["results"]
    query = {"sortBy": "lastUpdatedTimestamp", "limit": MOST, "names": "true"}
    boxes = (await perform(operations, "GET", "/v1/boxes", query)).json()
    return [
        *((f"{SCHEME}{PIPELINES}/{each['key']}", each["name"], "The stages and fields") for each in pipelines),
        *((f"{SCHEME}{BOXES}/{each['key']}", each["name"], _place(each)) for each in boxes),
    ]


def _place(box: dict[str, Any]) -> str:
    names = box.get("names") or {}
    return f"{names.get('stage')} in {names.get('pipeline')}"


async def document(operations: Operations, uri: str) -> str | None:
    """The resource as Markdown, or None if the address names none."""
    noun, slash, key = uri.removeprefix(SCHEME).partition("/")
    if not uri.startswith(SCHEME) or not slash or not key or "/" in key:
        return None
    if noun == BOXES:
        return str(await reading.read(operations, {"key": key}))
    if noun == PIPELINES:
        return _pipeline(await reading.describe_pipelines(operations, {"pipeline": key}))
    return None


def _pipeline(given: shown.Json) -> str:
    stages = [f"- {each['name']} ({each.get('boxes', 0)} boxes, key {each['key']})" for each in given["stages"]]
    fields = [
        f"- {each['name']} (key {each['key']}): {each.get('takes', each['type'])}{_options(each)}"
        for each in given.get("fields", ())
    ]
    parts = [f"# Pipeline {' '.join(given['name'].split())}", f"Key {given['key']}", "## Stages", "\n".join(stages)]
    return "\n\n".join([*parts, *(["## Fields", "\n".join(fields)] if fields else [])]) + "\n"


def _options(field: shown.Json) -> str:
    return f": {', '.join(field['options'])}" if field.get("options") else ""
