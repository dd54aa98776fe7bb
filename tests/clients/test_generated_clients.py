"""Clients that generators make from /openapi.json work, as their users get them."""

import importlib
import json
import pkgutil
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx
import jsonschema_rs
import pytest

from boxwood.api import examples
from boxwood.api.http.openapi import describe
from boxwood.api.routes import ROUTES
from tests.conftest import World, ok
from tests.house.tree import ROOT

HERE = Path(__file__).parent
NODE_MODULES = ROOT / "ui" / "node_modules"
DOCUMENT = describe(ROUTES)
OPERATIONS = [(verb, path, operation) for path, verbs in DOCUMENT["paths"].items() for verb, operation in verbs.items()]
BYTES = ("text/csv", "application/x-ndjson", "message/rfc822")
"""Types of bodies that openapi-python-client must be informed about: it sends them as bytes."""


def run(place: Path, *command: str | Path) -> str:
    done = subprocess.run(command, cwd=place, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.fixture(scope="session")
def python_client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModuleType]:
    """The package that openapi-python-client generates."""
    place = tmp_path_factory.mktemp("python-client")
    (place / "openapi.json").write_text(json.dumps(DOCUMENT))
    types = dict.fromkeys(BYTES, "application/octet-stream")
    (place / "config.json").write_text(json.dumps({"content_type_overrides": types, "post_hooks": []}))
    program = Path(sys.executable).with_name("openapi-python-client")
    said = run(place, program, "generate", "--path", "openapi.json", "--config", "config.json", "--fail-on-warning")
    assert "warning" not in said.lower()
    sys.path.insert(0, str(place / "boxwood-client"))
    yield importlib.import_module("boxwood_client")
    sys.path.remove(str(place / "boxwood-client"))


def operation_of(client: ModuleType, tag: str, operation_id: str) -> ModuleType:
    return importlib.import_module(f"{client.__name__}.api.{tag}.{operation_id}")


@pytest.mark.one_database
def test_every_module_of_the_python_client_can_be_imported(database: Any, python_client: ModuleType) -> None:
    found = [module.name for module in pkgutil.walk_packages(python_client.__path__, python_client.__name__ + ".")]
    assert len(found) > len(OPERATIONS)
    for name in found:
        importlib.import_module(name)


def test_the_python_client_creates_a_box_lists_it_and_reads_it_again(world: World, python_client: ModuleType) -> None:
    pipeline = world.pipeline()
    field = world.field(pipeline, "TEXT_INPUT", "Source")
    models = importlib.import_module("boxwood_client.models")
    url = ok(httpx.get(f"{world.server.url}/openapi.json", trust_env=False))["servers"][0]["url"]
    client = python_client.AuthenticatedClient(base_url=url, token=world.ada.key, httpx_args={"trust_env": False})
    boxes = {
        name: operation_of(python_client, "boxes", name)
        for name in (
            "post_v2_pipelines_pipeline_boxes",
            "get_v2_pipelines_pipeline_boxes",
            "get_v1_boxes_box",
            "post_v1_boxes_box",
        )
    }
    with client:
        wanted = models.BoxCreate.from_dict({"name": "Müller & Co.", "fields": {field["key"]: "fair"}})
        made = boxes["post_v2_pipelines_pipeline_boxes"].sync(pipeline["key"], client=client, body=wanted)
        assert isinstance(made, models.BoxOut)
        listed = boxes["get_v2_pipelines_pipeline_boxes"].sync(pipeline["key"], client=client, limit=5)
        assert [box.key for box in listed.results] == [made.key]
        edited = boxes["post_v1_boxes_box"].sync(
            made.key, client=client, body=models.BoxEdit.from_dict({"notes": "Called"})
        )
        read = boxes["get_v1_boxes_box"].sync(made.key, client=client)
        assert read.to_dict() == edited.to_dict()
        assert (read.name, read.notes, read.fields[field["key"]]) == ("Müller & Co.", "Called", "fair")
        assert read.to_dict() == ok(world.ada.http.get(f"/api/v1/boxes/{made.key}"))
        unknown = boxes["get_v1_boxes_box"].sync(made.key + "x", client=client)
        assert isinstance(unknown, models.Error)
        assert unknown.success is False


@pytest.mark.one_database
def test_the_python_client_reads_the_answer_of_every_operation(database: Any, python_client: ModuleType) -> None:
    """Each answer of the reference becomes an object, and the object becomes the same answer."""
    client = python_client.Client(base_url="http://127.0.0.1", raise_on_unexpected_status=True)
    stored = examples.everything()
    differing, count = [], 0
    for verb, path, operation in OPERATIONS:
        example = stored.get(f"{verb.upper()} {path}")
        if example is None or not isinstance(example.reply.body, dict):
            continue
        module = operation_of(python_client, operation["tags"][0], operation["operationId"])
        answer = httpx.Response(200, json=example.reply.body)
        parsed = module._parse_response(client=client, response=answer)
        count += 1
        if parsed is None or (hasattr(parsed, "to_dict") and parsed.to_dict() != example.reply.body):
            differing.append((verb, path))
    assert differing == []
    assert count > 200


@pytest.mark.one_database
def test_every_example_conforms_to_its_schema(database: Any) -> None:
    wrong: list[str] = []

    def check(place: str, schema: dict[str, Any], value: Any) -> None:
        whole = {**schema, "components": DOCUMENT["components"]}
        wrong.extend(
            f"{place} {'/'.join(map(str, error.instance_path))}: {error.message[:200]}"
            for error in jsonschema_rs.Draft202012Validator(whole).iter_errors(value)
        )

    for verb, path, operation in OPERATIONS:
        place = f"{verb.upper()} {path}"
        for parameter in operation["parameters"]:
            if "example" in parameter:
                check(f"{place} {parameter['name']}", parameter["schema"], parameter["example"])
        for kind, body in operation.get("requestBody", {}).get("content", {}).items():
            if "example" in body:
                check(f"{place} {kind}", body["schema"], body["example"])
        for body in operation["responses"]["200"].get("content", {}).values():
            if "example" in body:
                check(f"{place} answer", body["schema"], body["example"])
    assert wrong == []


@pytest.fixture(scope="session")
def typescript_client(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """client.ts, compiled by the strictest rules against the types that openapi-typescript generates."""
    node = shutil.which("node")
    assert node, "Node.js is needed: bin/setup dev installs it"
    place = tmp_path_factory.mktemp("typescript-client")
    (place / "openapi.json").write_text(json.dumps(DOCUMENT))
    (place / "package.json").write_text('{"type": "module"}')
    (place / "node_modules").symlink_to(NODE_MODULES)
    shutil.copy(HERE / "client.ts", place)
    run(place, node, NODE_MODULES / "openapi-typescript/bin/cli.js", "openapi.json", "--output", "schema.d.ts")
    options = ["--strict", "--module", "nodenext", "--target", "es2022", "--types", "node", "--outDir", "built"]
    run(place, node, NODE_MODULES / "ts-native/bin/tsc", *options, "client.ts")
    return place / "built" / "client.js"


def test_the_typescript_client_creates_a_box_lists_it_and_reads_it_again(world: World, typescript_client: Path) -> None:
    pipeline = world.pipeline()
    field = world.field(pipeline, "TEXT_INPUT", "Source")
    said = run(
        typescript_client.parent,
        *(shutil.which("node") or "node", typescript_client, f"{world.server.url}/api", world.ada.key),
        *(pipeline["key"], field["key"]),
    )
    made, listed, read, refusal = json.loads(said)
    assert made == read == ok(world.ada.http.get(f"/api/v1/boxes/{made['key']}"))
    assert listed == [made["key"]]
    assert (read["name"], read["fields"][field["key"]]) == ("Müller & Co.", "fair")
    assert refusal["success"] is False
