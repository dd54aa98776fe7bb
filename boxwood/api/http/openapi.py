"""Builds `/openapi.json` from the routes and shapes, so that it always describes what the server does."""

from __future__ import annotations

import re
import types
from collections.abc import Callable, Iterable
from typing import Any, Union, get_args, get_type_hints

import msgspec

from ...core.activity.timeline import SOURCES
from ...version import VERSION
from ...wire.codec import Shape
from ...wire.shapes.dry_runs import DryRun
from .. import examples
from ..examples import Example
from . import dry_run
from .call import Stream
from .live import Live
from .replies import Chunks, Download, Reply
from .router import Route

_PARAMETER = re.compile(r"\{(\w+)\}")
_QUERY: dict[str, dict[str, Any]] = {
    "limit": {"type": "integer", "minimum": 1, "description": "At most 1000; larger values count as 1000."},
    "page": {"type": "integer", "minimum": 0, "description": "Counts from 0."},
    "offset": {"type": "integer", "minimum": 0, "description": "How many entries to skip, instead of `page`."},
    "sortBy": {
        "type": "string",
        "enum": ["creationTimestamp", "lastUpdatedTimestamp"],
        "description": "Newest first.",
    },
    "cursor": {"type": "string", "description": "The cursor of the previous page; empty for the first page."},
    "after": {"type": "integer", "description": "Seconds since 1970: entries saved at that time or later."},
    "counts": {
        "type": "boolean",
        "default": True,
        "description": "Count the boxes of each pipeline and of its stages.",
    },
    "getIfExisting": {
        "type": "boolean",
        "default": False,
        "description": "Return the existing entry, unchanged, instead of creating another.",
    },
    "addOnly": {
        "type": "boolean",
        "default": False,
        "description": "Add the options. Otherwise, they replace all existing options.",
    },
    "pipelineKey": {
        "type": "string",
        "description": "Only of this pipeline. For a webhook: the pipeline whose events it gets.",
    },
    "teamKey": {"type": "string", "description": "Only of this team. For a webhook: the team whose events it gets."},
    "stageKey": {"type": "string", "description": "Only boxes in this stage, given by key or name."},
    "includeSpecifics": {
        "type": "string",
        "description": "Separated by commas, such as EDIT_STAGE,NEW_BOX. Default: all.",
    },
    "hexGmailThreadId": {"type": "string", "description": "16 hexadecimal digits."},
    "detailLevel": {"type": "string", "enum": ["ALL", "CONDENSED"]},
    "direction": {"type": "string", "enum": ["desc", "past", "asc", "future"], "default": "desc"},
    "includeCompleted": {"type": "boolean", "default": False, "description": "Include completed tasks."},
    "sortOrder": {
        "type": "string",
        "pattern": "^[0-9]{30}$",
        "description": "The sortOrder of the task at which the page starts.",
    },
    "userKeys": {
        "type": "array",
        "items": {"type": "string"},
        "description": "The users whose tasks to return. Default: yourself.",
    },
    "fileName": {"type": "string", "description": "The name of the file, if the body is only its bytes."},
    "token": {"type": "string", "description": "The token of the link."},
    "names": {
        "type": "boolean",
        "default": False,
        "description": "Add the names of the pipeline, the stage and the fields, and the labels of options.",
    },
    "updatedSince": {"type": "integer", "description": "Milliseconds since 1970: boxes changed at that time or later."},
    "filter": {"type": "string", "description": "A filter tree as JSON, such as {field, op, value}."},
    "sort": {
        "type": "string",
        "description": "Columns, separated by commas. A minus sign before a column reverses its order.",
    },
    "fields": {
        "type": "string",
        "description": "Columns to return, separated by commas: fields by key or name, other columns by name.",
    },
    "from": {"type": "integer", "description": "Milliseconds since 1970: the start of the period."},
    "to": {"type": "integer", "description": "Milliseconds since 1970: the end of the period, not included."},
    "won": {"type": "string", "description": "Keys or names of stages, separated by commas."},
    "lost": {"type": "string", "description": "Keys or names of stages, separated by commas."},
    "interval": {"type": "string", "enum": ["day", "week", "month", "quarter", "year"], "default": "month"},
    "timezone": {"type": "string", "description": "A time zone, such as Europe/Berlin."},
    "sums": {
        "type": "string",
        "description": "Columns of numbers to sum, separated by commas. `sum` is another spelling of this parameter.",
    },
    "kind": {"type": "string", "description": "Kinds of events or their beginnings, separated by commas."},
    "actor": {"type": "string", "description": "The key of a user."},
    "unread": {"type": "boolean", "default": False},
    "reason": {"type": "string", "description": "`mention`, `assigned`, `due`, `followed`, `failed`, by commas."},
    "asOf": {"type": "integer", "description": "Milliseconds since 1970: returns the box as it was at that time."},
    "noun": {"type": "string", "description": "Only this kind of thing, such as box or contact."},
    "query": {
        "type": "string",
        "maxLength": 1000,
        "description": "Beginnings of words; the result contains all of them.",
    },
    "name": {"type": "string", "description": "The exact name of a box."},
    "dryRun": {
        "type": "boolean",
        "default": False,
        "description": "Change nothing. The answer also has `changes` and `effects`, as in DryRun: what would change.",
    },
    "overrideValidation": {
        "type": "boolean",
        "default": False,
        "description": "Save the change although a validation rule rejects it. For admins.",
    },
    "maxTokens": {"type": "integer", "minimum": 1, "description": "Counted in o200k_base. Default: the whole box."},
    "startTimestamp": {"type": "integer", "description": "Milliseconds since 1970: only later events."},
    "images": {
        "type": "boolean",
        "default": False,
        "description": "Show pictures from other hosts, loaded through this server.",
    },
}
_QUERY_OF: dict[tuple[str, str], dict[str, Any]] = {
    ("events", "after"): {"type": "string", "description": "A `cursor` of an event or a page, or `now`."},
    ("stream", "after"): {"type": "string", "description": "A `cursor` of an event or a page, or `now`."},
    ("timeline", "direction"): {"type": "string", "enum": ["Descending", "Ascending"], "default": "Descending"},
    ("timeline", "startTimestamp"): {
        "type": "integer",
        "description": "Milliseconds since 1970: the start of the timeline page.",
    },
    ("timeline", "filters"): {"type": "array", "items": {"type": "string", "enum": list(SOURCES)}},
    ("timeline", "nextPageToken"): {
        "type": "string",
        "description": "The `nextPage` of the previous page. No other parameter is needed.",
    },
}
"""Parameters that have another meaning in paths with this last segment."""
ERROR = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "success": {"type": "boolean", "description": "Always false."},
        "error": {"type": "string"},
        "details": {"type": "string"},
        "field": {"type": "string", "description": "The member that is wrong."},
        "violations": {
            "type": "array",
            "items": {"type": "object"},
            "description": "The validation rules that reject the change: key, name, mode and message of each.",
        },
    },
}


def describe(routes: Iterable[Route]) -> dict[str, Any]:
    """The whole document, OpenAPI 3.1."""
    routes = list(routes)
    types = [kind for kind in dict.fromkeys([*map(_answer, routes), DryRun]) if kind is not Any]
    schemas, components = msgspec.json.schema_components(types, ref_template="#/components/schemas/{name}")
    _name_items(schemas)
    _name_items(components)
    answers = dict(zip(types, schemas, strict=True))
    bodies = {route.takes.name: route.takes.schema() for route in routes if route.takes}
    forms = {f"{route.takes.name}Form": _form(route.takes) for route in routes if route.takes and _takes_a_form(route)}
    paths: dict[str, dict[str, Any]] = {}
    shown = examples.everything()
    for route in routes:
        operation = _operation(route, answers.get(_answer(route), {}))
        if example := shown.get(f"{route.verb} {route.path}"):
            _show(operation, example)
        paths.setdefault(route.path, {})[route.verb.lower()] = operation
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Boxwood",
            "version": VERSION,
            "summary": "The Streak API, on your own server.",
            "description": _INTRODUCTION,
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": "/api"}],
        "security": [{"basic": []}, {"bearer": []}, {"cookie": []}],
        "paths": paths,
        "components": {
            "schemas": {**components, **bodies, **forms, "Error": ERROR},
            "securitySchemes": {
                "basic": {
                    "type": "http",
                    "scheme": "basic",
                    "description": "The API key as the user name, with any password.",
                },
                "bearer": {"type": "http", "scheme": "bearer", "description": "The API key."},
                "cookie": {
                    "type": "apiKey",
                    "in": "cookie",
                    "name": "boxwood_session",
                    "description": "The session of a browser. Under TLS the cookie is named "
                    "`__Host-boxwood_session`. Changes also need the header X-CSRF-Token.",
                },
            },
        },
    }


_INTRODUCTION = """A write takes its members from the query, a form, the form field `json` or a JSON body, also where
only JSON is shown here. If a member is in several of them, JSON wins. The status of a success is always 200. Times
are milliseconds since 1970. Errors contain `error`, and `field` if a member is wrong. Paths of v1 also work under v2,
and the other way round."""


def _name_items(schema: Any) -> None:
    """Say of every list what it holds: generators of clients leave out an operation whose lists do not say it."""
    if isinstance(schema, dict):
        if schema.get("type") == "array" and "prefixItems" not in schema:
            schema.setdefault("items", {})
        for each in schema.values():
            _name_items(each)
    elif isinstance(schema, list | tuple):
        for each in schema:
            _name_items(each)


def _operation(route: Route, answer: dict[str, Any]) -> dict[str, Any]:
    says = (route.handler.__doc__ or "").strip()
    summary, _, rest = says.partition("\n")
    operation: dict[str, Any] = {
        "operationId": _operation_id(route),
        "summary": summary.rstrip("."),
        "tags": [tag(route)],
        "parameters": [*_path_parameters(route), *_query_parameters(route)],
        "responses": {
            **_answers(route, answer),
            **{status: _refusal(text) for status, text in _refusals(route).items()},
        },
    }
    if rest.strip():
        operation["description"] = re.sub(r"\s+", " ", rest.strip())
    if route.open:
        operation["security"] = []
    if route.verb in ("POST", "PUT"):
        operation["requestBody"] = {"content": _bodies(route)}
    return operation


def _show(operation: dict[str, Any], example: Example) -> None:
    """Add an example to the parameters, the body and the response of an operation."""
    given = {**example.request.query, **example.request.path}
    for parameter in operation["parameters"]:
        if parameter["name"] in given:
            parameter["example"] = _typed(given[parameter["name"]], parameter["schema"])
    asked = operation.get("requestBody", {}).get("content", {}).get(example.request.type)
    if asked is not None:
        asked["example"] = example.request.body
    answered = operation["responses"]["200"].get("content", {})
    for kind, content in answered.items():
        if len(answered) == 1 or kind == "*/*" or ("*/*" not in answered and example.reply.type.startswith(kind)):
            content["example"] = example.reply.body


def _typed(text: Any, schema: dict[str, Any]) -> Any:
    """The text of a query as the type in the schema, which is how OpenAPI writes examples."""
    kind = schema.get("type")
    if not isinstance(text, str):
        return text
    if kind == "integer":
        return int(text)
    if kind == "boolean":
        return text in ("true", "1")
    return text.split(",") if kind == "array" else text


FORM_TYPE = "application/x-www-form-urlencoded"
_BYTES = {"type": "string", "format": "binary"}
_FORM = {"type": "object", "properties": {"file": _BYTES, "fileName": {"type": "string"}}, "required": ["file"]}
_SCHEMAS: dict[str, dict[str, Any]] = {"multipart/form-data": _FORM, "application/json": {}}
"""The schemas of bodies that are not read as bytes."""


def _bodies(route: Route) -> dict[str, Any]:
    found = {kind: {"schema": _SCHEMAS.get(kind, _BYTES)} for kind in route.bodies}
    if route.takes:
        found["application/json"] = {"schema": {"$ref": f"#/components/schemas/{route.takes.name}"}}
    if route.takes and _takes_a_form(route):
        found[FORM_TYPE] = {"schema": {"$ref": f"#/components/schemas/{route.takes.name}Form"}}
    return found or {"application/json": {"schema": {}}}


def _takes_a_form(route: Route) -> bool:
    """Whether the document shows a form: where Streak's does. Generators write one type for each kind of body."""
    return route.verb == "PUT" and route.path.startswith("/v1/")


def _form(shape: Shape) -> dict[str, Any]:
    """The schema of a form, which holds text alone. It has a name of its own: clients encode a body by its type."""
    schema = shape.schema()
    text = {"type": "string"}
    members = {
        name: text | {key: member[key] for key in ("description",) if key in member}
        for name, member in schema["properties"].items()
    }
    described = f"{shape.name} as a form: lists are separated by commas, objects are JSON."
    return {**schema, "description": described, "properties": members}


_TABLES: dict[str, Any] = {
    "text/csv": {"schema": {"type": "string"}},
    "application/x-ndjson": {"schema": {}},
    "application/json": {"schema": {"type": "object"}},
}
_TEXTS: dict[str, tuple[str, dict[str, Any]]] = {
    "/md": ("The document", {"text/markdown": {"schema": {"type": "string"}}}),
    ".ics": ("The feed", {"text/calendar": {"schema": {"type": "string"}}}),
    "/suppressions/export": ("The table", {"text/csv": {"schema": {"type": "string"}}}),
    "/page": ("The page", {"text/html": {"schema": {"type": "string"}}}),
    "/{image}": ("The picture", {"application/octet-stream": {"schema": _BYTES}, "*/*": {"schema": _BYTES}}),
}
"""Responses that are no JSON, by the end of their path."""
_UNCHANGED = "Not changed: the ETag in If-None-Match is still current"


def _answers(route: Route, answer: dict[str, Any]) -> dict[str, Any]:
    if endless(route):
        events = {"text/event-stream": {"schema": {"type": "string"}}}
        return {"200": {"description": "Events, until the client disconnects", "content": events}}
    if route.path.endswith("/archive"):
        return {"200": {"description": "The archive", "content": {"application/x-tar": {"schema": _BYTES}}}}
    if Chunks in _kinds(get_type_hints(route.handler).get("return", Any)):
        return {
            "200": {"description": "The table", "content": {kind: {**content} for kind, content in _TABLES.items()}}
        }
    for ending, (description, content) in _TEXTS.items():
        if route.path.endswith(ending):
            return {"200": {"description": description, "content": content}}
    if not _gives_bytes(route.handler):
        done = {"200": {"description": "Done", "content": {"application/json;charset=utf-8": {"schema": answer}}}}
        return {**done, "304": {"description": _UNCHANGED}} if route.verb == "GET" else done
    content = {"application/octet-stream": {"schema": _BYTES}, "*/*": {"schema": _BYTES}}
    return {
        "200": {"description": "The whole file", "content": content},
        "206": {"description": "The requested range", "content": content},
        "304": {"description": _UNCHANGED},
    }


_NAMES = {"pipelineKey", "teamKey", "userKeys"}
"""Query parameters that name something which the caller may not be able to access."""


def _refusals(route: Route) -> dict[str, str]:
    found = {"400": "A member is not valid", "503": "The database or file store is not available: try again"}
    found["429"] = "Too many wrong keys or passwords from one address"
    if not route.open or route.verb != "GET":
        found |= {"401": "No API key, or an invalid API key", "403": "Not allowed"}
    if _gives_bytes(route.handler):
        found |= {"416": "No such range in this file", "403": "Not allowed"}
    if "{" in route.path or route.verb != "GET" or _NAMES.intersection(route.query):
        found |= {"404": "It does not exist, or you cannot access it"}
    if route.verb != "GET":
        found |= {
            "403": "Not allowed",
            "408": "The body did not arrive in time",
            "409": "A request with the same Idempotency-Key is in progress",
            "412": "Changed since it was read (If-Match)",
            "413": "The body is too large",
            "415": "The Content-Encoding is not one that the server reads",
            "422": "The Idempotency-Key was used for another request",
        }
    return dict(sorted(found.items()))


def _refusal(text: str) -> dict[str, Any]:
    return {
        "description": text,
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}},
    }


def _path_parameters(route: Route) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in _PARAMETER.findall(route.path)
    ]


def _query_parameters(route: Route) -> list[dict[str, Any]]:
    names = [*route.query, dry_run.NAME] if route.writes and not route.not_dry else route.query
    return [{"name": name, "in": "query", "required": False, "schema": _schema(route, name)} for name in names]


def _schema(route: Route, name: str) -> dict[str, Any]:
    return _QUERY_OF.get((route.path.rpartition("/")[2], name)) or _QUERY.get(name, {"type": "string"})


def _operation_id(route: Route) -> str:
    words = re.sub(r"\W+", "_", route.path).strip("_")
    return f"{route.verb.lower()}_{words}"


def tag(route: Route) -> str:
    """The noun of the path: its last word that is not a parameter."""
    if route.tag:
        return route.tag
    words = [segment for segment in route.path.split("/")[2:] if segment and not segment.startswith("{")]
    return next((word for word in reversed(words) if word in _TAGS), words[0])


_TAGS = (
    "sessions settings users apikeys teams pipelines stages fields boxes newsfeed search tasks reminders comments "
    "meetings files threads snippets contacts organizations timeline webhooks deliveries events views validators forms "
    "preferences calendars streakimports"
).split()


def _answer(route: Route) -> Any:
    """The return type of the handler, without types that have no schema. `Any` if no single type is left."""
    answer = route.gives or get_type_hints(route.handler).get("return", Any)
    kinds = [kind for kind in _kinds(answer) if kind not in (Stream, Reply, Download, Live, Chunks)]
    return kinds[0] if len(kinds) == 1 else Any


def endless(route: Route) -> bool:
    """Whether the response continues until the client disconnects."""
    return Live in _kinds(get_type_hints(route.handler).get("return", Any))


def _gives_bytes(handler: Callable[..., Any]) -> bool:
    return Download in _kinds(get_type_hints(handler).get("return", Any))


def _kinds(answer: Any) -> tuple[Any, ...]:
    return get_args(answer) if _is_union(answer) else (answer,)


def _is_union(kind: Any) -> bool:
    return getattr(kind, "__origin__", None) is Union or isinstance(kind, types.UnionType)
