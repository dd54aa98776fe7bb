"""Clients that generators make from /openapi.json work, as their users get them."""

import asyncio
import importlib
import json
import pkgutil
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar

import httpx
import jsonschema_rs
import pytest

from boxwood.api import examples
from boxwood.api.http.openapi import describe
from boxwood.api.routes import ROUTES
from boxwood.lib import signing
from clients import build
from tests.conftest import World, ok
from tests.house.tree import ROOT

HERE = Path(__file__).parent
NODE_MODULES = ROOT / "ui" / "node_modules"
DOCUMENT = describe(ROUTES)
OPERATIONS = [(verb, path, operation) for path, verbs in DOCUMENT["paths"].items() for verb, operation in verbs.items()]


def run(place: Path, *command: str | Path) -> str:
    done = subprocess.run(command, cwd=place, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.fixture(scope="session")
def python_client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModuleType]:
    """The package that openapi-python-client generates."""
    package = str(build.python(tmp_path_factory.mktemp("python-client"), DOCUMENT))
    sys.path.insert(0, package)
    yield importlib.import_module("boxwood_client")
    sys.path.remove(package)


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
    place = build.typescript(tmp_path_factory.mktemp("typescript-client"), DOCUMENT)
    (place / "node_modules").symlink_to(NODE_MODULES)
    shutil.copy(HERE / "client.ts", place)
    options = ["--strict", "--module", "nodenext", "--target", "es2022", "--types", "node", "--outDir", "built"]
    run(place, node, NODE_MODULES / "ts-native/bin/tsc", *options, "client.ts")
    return place / "built" / "client.js"


def test_the_typescript_client_creates_a_box_lists_it_and_reads_it_again(world: World, typescript_client: Path) -> None:
    pipeline = world.pipeline()
    field = world.field(pipeline, "TEXT_INPUT", "Source")
    said = run(
        typescript_client.parent,
        *(shutil.which("node") or "node", typescript_client, world.server.url, world.ada.key),
        *(pipeline["key"], field["key"], SECRET, *signed(b'[{"name": "Acme"}]').values()),
    )
    made, listed, read, refusal, paged, verified, forged = json.loads(said)
    assert set(paged) == {box["key"] for box in ok(world.ada.http.get(f"/api/v1/pipelines/{pipeline['key']}/boxes"))}
    assert len(paged) == 3
    assert (verified, forged) == ([{"name": "Acme"}], "Error: No signature is right")
    assert made == read == ok(world.ada.http.get(f"/api/v1/boxes/{made['key']}"))
    assert listed == [made["key"]]
    assert (read["name"], read["fields"][field["key"]]) == ("Müller & Co.", "fair")
    assert refusal["success"] is False


# What the packages add to the generated parts


SECRET = signing.new_secret()


def signed(body: bytes) -> dict[str, str]:
    return signing.sign([SECRET], "msg_1", int(time.time()), body)


class Lossy(BaseHTTPRequestHandler):
    """A proxy that loses the first answer to each write: the server has done it, but the client does not know."""

    lost: ClassVar[set[bytes]] = set()
    target: ClassVar[str] = ""

    def do_GET(self) -> None:
        self._forward()

    def do_POST(self) -> None:
        self._forward()

    def _forward(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        headers = {name: value for name, value in self.headers.items() if name.lower() != "host"}
        answer = httpx.request(self.command, self.target + self.path, content=body, headers=headers, trust_env=False)
        if self.command == "POST" and body not in self.lost:
            self.lost.add(body)
            self.close_connection = True
            return
        self.send_response(answer.status_code)
        self.send_header("Content-Type", answer.headers["content-type"])
        self.send_header("Content-Length", str(len(answer.content)))
        self.end_headers()
        self.wfile.write(answer.content)

    def log_message(self, *given: Any) -> None: ...


@pytest.fixture
def lossy(world: World) -> Iterator[str]:
    Lossy.target = world.server.url
    server = ThreadingHTTPServer(("127.0.0.1", 0), Lossy)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_the_python_client_repeats_a_lost_write_without_doing_it_twice(
    world: World, python_client: ModuleType, lossy: str
) -> None:
    connection = importlib.import_module("boxwood_client.connection")
    models = importlib.import_module("boxwood_client.models")
    create = operation_of(python_client, "boxes", "post_v2_pipelines_pipeline_boxes")
    pipeline = world.pipeline()["key"]
    with connection.connect(lossy, world.ada.key) as client:
        first = create.sync(pipeline, client=client, body=models.BoxCreate.from_dict({"name": "One"}))

    async def write() -> Any:
        async with connection.connect(lossy, world.ada.key) as client:
            return await create.asyncio(pipeline, client=client, body=models.BoxCreate.from_dict({"name": "Two"}))

    second = asyncio.run(write())
    found = ok(world.ada.http.get(f"/api/v1/pipelines/{pipeline}/boxes"))
    assert {box["key"] for box in found} == {first.key, second.key}
    assert len(found) == 2


def test_the_python_client_reads_all_pages_and_waits_for_its_rate_limit(
    world: World, python_client: ModuleType
) -> None:
    connection = importlib.import_module("boxwood_client.connection")
    boxes = operation_of(python_client, "boxes", "get_v2_pipelines_pipeline_boxes")
    pipeline = world.pipeline()
    keys = {world.box(pipeline)["key"] for _ in range(7)}
    limited = ok(world.ada.http.put("/api/v1/apikeys", json={"rateLimit": "2/s burst 2"}))["apiKey"]
    with connection.connect(world.server.url, limited) as client:
        found = list(connection.pages(boxes.sync, pipeline["key"], client=client, limit=2))
    assert {box.key for box in found} == keys
    assert len(found) == 7

    async def read() -> list[str]:
        async with connection.connect(world.server.url, world.ada.key) as client:
            read = connection.async_pages(boxes.asyncio, pipeline["key"], client=client, limit=3)
            return [box.key async for box in read]

    assert set(asyncio.run(read())) == keys


@pytest.mark.one_database
def test_the_python_client_verifies_webhooks(database: Any, python_client: ModuleType) -> None:
    webhooks = importlib.import_module("boxwood_client.webhooks")
    body = b'[{"name": "Acme"}]'
    headers = signed(body)
    assert webhooks.verify(body, headers, SECRET) == [{"name": "Acme"}]
    for wrong in (
        (body + b" ", headers, SECRET, None),
        (body, headers, signing.new_secret(), None),
        (body, headers, "whsec_é", None),
        (body, {}, SECRET, None),
        (body, headers, SECRET, time.time() + 301),
    ):
        with pytest.raises(webhooks.WrongSignature):
            webhooks.verify(*wrong[:3], now=wrong[3])
