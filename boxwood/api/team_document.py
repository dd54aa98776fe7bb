"""The OpenAPI document of a team: the reference, and the operations and shapes of each pipeline that the caller
reaches, with its stages and fields."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from copy import deepcopy
from typing import Any

from ..core import pipelines
from ..core.access import Role
from ..core.people import teams
from ..core.pipelines import schema
from ..core.records import Field, Option, Pipeline, Stage
from ..lib import search_words
from .http.call import Call

Document = dict[str, Any]
MOST = 200
"""Pipelines with operations of their own."""
BOXES = "/v2/pipelines/{pipeline}/boxes"
_REF = "#/components/schemas/"


def of_team(call: Call) -> dict[str, Any]:
    """The OpenAPI document of this server for a team, with the operations and shapes of its pipelines.

    For each pipeline that you can access, the document has its path of boxes with the stages and fields of the
    pipeline. You also get it as `/openapi.json?team={team}`.
    """
    ctx = call.ctx
    team = teams.get(ctx, call.path[0])
    reached = [(each, role) for each, role in pipelines.reach_all(ctx) if each.team_key == team.key][:MOST]
    keys = [pipeline.key for pipeline, _ in reached]
    fields, stages = schema.fields(ctx, keys), schema.stages(ctx, keys)
    document = {**call.api.reference()}
    document["servers"] = [{"url": f"{call.base_url}/api"}]
    document["info"] = {**document["info"], "title": f"Boxwood: {team.name}"}
    document["paths"] = _without_examples(document["paths"])
    document["components"] = {**document["components"], "schemas": {**document["components"]["schemas"]}}
    taken = {name.casefold() for name in document["components"]["schemas"]}
    for pipeline, role in reached:
        name = _name(pipeline.name, taken)
        in_order = [stages[pipeline.key][key] for key in pipeline.stage_order]
        _add_schemas(document, name, pipeline, in_order, fields[pipeline.key])
        _add_path(document, name, pipeline, role)
    return document


def _name(title: str, taken: set[str]) -> str:
    """Return a name for the schemas of a pipeline: letters and digits that no other schema begins with."""
    words = re.findall(r"[a-z0-9]+", search_words.plain(title))
    name = "".join(word.capitalize() for word in words)[:40]
    name = name if name[:1].isalpha() else f"Pipeline{name}"
    unique, number = name, 2
    while any(f"{unique}{ending}".casefold() in taken for ending in ("Box", "BoxCreate", "Fields", "BoxPage")):
        unique, number = f"{name}{number}", number + 1
    taken.update(f"{unique}{ending}".casefold() for ending in ("Box", "BoxCreate", "Fields", "FieldsCreate", "BoxPage"))
    return unique


def _add_schemas(document: Document, name: str, pipeline: Pipeline, stages: list[Stage], fields: list[Field]) -> None:
    schemas = document["components"]["schemas"]
    written = [field for field in fields if field.type != "FORMULA"]
    schemas[f"{name}Fields"] = _fields(
        f"{name}Fields", pipeline, ((field, _READ[field.type](field)) for field in fields)
    )
    schemas[f"{name}FieldsCreate"] = _fields(
        f"{name}FieldsCreate", pipeline, ((field, _WRITE[field.type](field)) for field in written)
    )
    stage = _choice([Option(stage.key, stage.name) for stage in stages])
    for shape, base, holds in (("Box", "BoxOut", "Fields"), ("BoxCreate", "BoxCreate", "FieldsCreate")):
        schemas[f"{name}{shape}"] = {
            **schemas[base],
            "title": f"{name}{shape}",
            "properties": {
                **schemas[base]["properties"],
                "stageKey": stage,
                "fields": {"$ref": f"{_REF}{name}{holds}"},
            },
        }
    page = schemas["Results_BoxOut_"]
    results = {**page["properties"]["results"], "items": {"$ref": f"{_REF}{name}Box"}}
    schemas[f"{name}BoxPage"] = {
        **page,
        "title": f"{name}BoxPage",
        "properties": {**page["properties"], "results": results},
    }


def _fields(title: str, pipeline: Pipeline, given: Iterable[tuple[Field, Document]]) -> Document:
    return {
        "title": title,
        "type": "object",
        "description": f"The fields of {pipeline.name}, by key.",
        "properties": {field.key: {**schema, "title": field.name} for field, schema in given},
        "additionalProperties": True,
    }


def _add_path(document: Document, name: str, pipeline: Pipeline, role: Role) -> None:
    """Add the path of the pipeline's boxes. A role that never creates boxes here gets no operation for it."""
    operations = {"get": f"{name}BoxPage"}
    if role.checks("BOX", "CREATE"):
        operations["post"] = f"{name}Box"
    path, tag = {}, f"pipeline_{_snake(name)}"
    document["tags"] = [*document.get("tags", []), {"name": tag, "description": pipeline.name}]
    for verb, answer in operations.items():
        operation = deepcopy(document["paths"][BOXES][verb])
        operation["operationId"] = f"{'list' if verb == 'get' else 'create'}_{_snake(name)}_boxes"
        operation["summary"] = f"{operation['summary']}: {pipeline.name}"
        operation["tags"] = [tag]
        operation["parameters"] = [each for each in operation["parameters"] if each["in"] != "path"]
        for content in operation["responses"]["200"]["content"].values():
            content["schema"] = {"$ref": f"{_REF}{answer}"}
        if verb == "post":
            schema = {"$ref": f"{_REF}{name}BoxCreate"}
            operation["requestBody"] = {"content": {"application/json": {"schema": schema}}, "required": True}
        path[verb] = operation
    document["paths"][BOXES.replace("{pipeline}", pipeline.key)] = path


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def _without_examples(part: Any) -> Any:
    """Return a copy of a part of the document without the examples, which show other pipelines."""
    if isinstance(part, dict):
        return {name: _without_examples(value) for name, value in part.items() if name != "example"}
    return [_without_examples(each) for each in part] if isinstance(part, list) else part


def _choice(options: list[Option]) -> Document:
    """Return the schema of the key of an option, with the names of the options."""
    if not options:
        return {"type": "string"}
    return {
        "type": "string",
        "enum": [option.key for option in options],
        "description": "; ".join(f"{option.key}: {option.name}" for option in options),
        "x-enum-varnames": [option.name for option in options],
    }


def _list(items: Document) -> Document:
    return {"type": "array", "items": items}


def _person(field: Field) -> Document:
    members = {name: {"type": "string"} for name in ("userKey", "email", "fullName")}
    return _list({"type": "object", "properties": members})


def _date(field: Field) -> Document:
    return {"type": "integer", "description": "Milliseconds since 1970. Midnight UTC is a day."}


def _keys(field: Field) -> Document:
    return _list({"type": "string", "description": f"The key of {_A[field.type]}."})


_A = {"TEAM_CONTACT": "a contact", "TEAM_ORGANIZATION": "an organization"}
_Kinds = dict[str, Callable[[Field], Document]]
_SHARED: _Kinds = {
    "DATE": _date,
    "CHECKBOX": lambda field: {"type": "boolean"},
    "DROPDOWN": lambda field: _choice(field.options),
    "TAG": lambda field: _list(_choice(field.options)),
    "TEAM_CONTACT": _keys,
    "TEAM_ORGANIZATION": _keys,
}
_READ: _Kinds = {
    **_SHARED,
    "TEXT_INPUT": lambda field: {"anyOf": [{"type": "string"}, {"type": "number"}]},
    "PERSON": _person,
    "FORMULA": lambda field: {"description": "Computed by a formula.", "readOnly": True},
}
_WRITE: _Kinds = {
    **_SHARED,
    "TEXT_INPUT": lambda field: {"type": "string", "maxLength": 100_000},
    "PERSON": lambda field: _list({"type": "string", "description": "An e-mail address or the key of a user."}),
}
