"""The pages of the reference as Markdown, made from the OpenAPI document: one for each noun."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

Document = dict[str, Any]
Operation = tuple[str, str, Document]
"""The verb, the path and the description of an operation."""
MOST_OF_EXAMPLE = 4000
"""Characters of an example. A longer one is left out."""
_REF = "#/components/schemas/"


def titles(document: Document) -> dict[str, str]:
    """Return the titles of the pages, by name."""
    return {tag: tag.replace("_", " ").capitalize() for tag in _by_tag(document)}


class _Pages:
    """The pages of the document for which they were made last."""

    document: Document | None = None
    texts: dict[str, str]


def pages(document: Document) -> dict[str, str]:
    """Return the pages by name. They are made once for a document."""
    if _Pages.document is not document:
        _Pages.texts = {tag: _page(document, tag, operations) for tag, operations in _by_tag(document).items()}
        _Pages.document = document
    return _Pages.texts


def _by_tag(document: Document) -> dict[str, list[Operation]]:
    found: dict[str, list[Operation]] = {}
    for path, verbs in document["paths"].items():
        for verb, operation in verbs.items():
            found.setdefault(operation["tags"][0], []).append((verb.upper(), path, operation))
    return found


def _page(document: Document, tag: str, operations: list[Operation]) -> str:
    schemas = document["components"]["schemas"]
    lines = [f"# {titles(document)[tag]}", ""]
    shapes: dict[str, None] = {}
    for verb, path, operation in operations:
        lines += [f"## {verb} /api{path}", "", *_text(operation), ""]
        lines += _table("Parameters", [_parameter(each) for each in operation["parameters"]])
        for kind, body in operation.get("requestBody", {}).get("content", {}).items():
            lines += [f"Body ({kind}): {_type(body.get('schema', {}), shapes)}", "", *_example("Request", body)]
        for kind, body in operation["responses"]["200"].get("content", {}).items():
            lines += [f"Answer ({kind}): {_type(body.get('schema', {}), shapes)}", "", *_example("Answer", body)]
    # A shape may name further shapes, which follow it.
    pending = list(shapes)
    for name in pending:
        members = schemas.get(name, {})
        rows = _members(members, shapes)
        pending += [each for each in shapes if each not in pending]
        about = [str(members["description"]), ""] if members.get("description") else []
        lines += [f"## Shape {name}", "", *about, *_table("", rows)]
    return "\n".join(lines)


def _text(operation: Document) -> list[str]:
    text = f"{operation['summary']}."
    return [text, "", operation["description"]] if operation.get("description") else [text]


def _parameter(given: Document) -> tuple[str, str, str]:
    name = f"`{given['name']}` ({given['in']}{', required' if given.get('required') else ''})"
    return name, _type(given["schema"], {}), given["schema"].get("description", "")


def _members(schema: Document, shapes: dict[str, None]) -> list[tuple[str, str, str]]:
    required = schema.get("required", [])
    return [
        (f"`{name}`{' (required)' if name in required else ''}", _type(each, shapes), each.get("description", ""))
        for name, each in schema.get("properties", {}).items()
    ]


def _type(schema: Document, shapes: dict[str, None]) -> str:
    """Return the type in words, and note the shapes that it names."""
    if "$ref" in schema:
        name = schema["$ref"].removeprefix(_REF)
        shapes[name] = None
        return str(name)
    if "enum" in schema:
        return " or ".join(f"`{value}`" for value in schema["enum"])
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(_type(each, shapes) for each in schema["anyOf"]))
    if schema.get("type") == "array":
        return f"list of {_type(schema.get('items', {}), shapes)}"
    if isinstance(schema.get("additionalProperties"), dict):
        return f"object of {_type(schema['additionalProperties'], shapes)}"
    if schema.get("type") == "object" and schema.get("properties"):
        members = (f"{name}: {_type(each, shapes)}" for name, each in schema["properties"].items())
        return f"{{{', '.join(members)}}}"
    kind = schema.get("type", "anything")
    return " or ".join(kind) if isinstance(kind, list) else str(kind)


def _table(title: str, rows: list[tuple[str, str, str]]) -> Iterator[str]:
    if not rows:
        return
    yield f"| {title or 'member'} | type | |"
    yield "| --- | --- | --- |"
    for row in rows:
        yield f"| {' | '.join(cell.replace('|', '/').replace(chr(10), ' ') for cell in row)} |"
    yield ""


def _example(title: str, body: Document) -> Iterator[str]:
    if "example" not in body or not isinstance(body["example"], dict | list):
        return
    text = json.dumps(body["example"], indent=1, ensure_ascii=False)
    if len(text) <= MOST_OF_EXAMPLE:
        yield from (f"{title}:", "", "```json", text, "```", "")
