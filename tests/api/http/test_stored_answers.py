"""Stored answers: sealed for their caller, and given only to a caller who still sees what they show."""

import re
import tarfile
import uuid
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from boxwood.api.http.router import Route
from boxwood.jobs import backups
from boxwood.lib.blobs import Disk
from tests.conftest import Server, Store, World, make_store, ok, refused
from tests.examples import SHOWN, WHOLE_SERVER, StillServer, _asked, _exported, label, running, sent
from tests.things import Things

# The settings of the whole server belong to the owners of its first team, who are in another world.
WRITES = [route for route in SHOWN if route.verb != "GET" and not route.path.startswith(WHOLE_SERVER)]


@pytest.fixture(scope="module")
def still(
    request: pytest.FixtureRequest, database: Store, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[StillServer]:
    with running(make_store(database.name, tmp_path_factory.mktemp("sealed"), request)) as server:
        yield server


def texts(value: Any) -> Iterator[str]:
    """Every text of 8 and more characters in an answer."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for each in value:
            yield from texts(each)
    elif isinstance(value, str) and len(value) >= 8:
        yield value


def keyed(world: World) -> None:
    """Send an Idempotency-Key with every change of Ada, as the repetition of a request has it already."""

    def add(request: httpx.Request) -> None:
        if request.method != "GET":
            request.headers.setdefault("idempotency-key", str(uuid.uuid4()))

    world.ada.http.event_hooks["request"].append(add)


@pytest.mark.slow
@pytest.mark.one_database
@pytest.mark.parametrize("route", WRITES, ids=label)
def test_no_stored_answer_can_be_read_from_the_database(still: StillServer, route: Route) -> None:
    """For every operation that changes something, so that a new one which shows a secret is covered."""
    world = World(still)
    try:
        keyed(world)
        things = Things(world)
        request = _exported(things) if label(route) == "POST /v2/pipelines/import" else dict(sent(route))
        for noun in request.pop("after", []):
            things.key(noun)
        answer = _asked(things, route, request)
        assert answer.status_code == 200, answer.text
        rows = still.engine.read(lambda db: db.rows("SELECT * FROM answers"))
        stored = " ".join(str(value) for row in rows for value in row if str(value) != world.ada.user_key)
        shown = [text for text in texts(answer.json()) if text not in (world.ada.user_key, *(row[0] for row in rows))]
        assert [text for text in shown if text in stored] == []
        key = answer.request.headers.get("idempotency-key", "")
        assert not key or key not in stored
    finally:
        world.close()


def contents(store: Store, folder: Path) -> bytes:
    """Everything that the database holds: its files or its dump, and a backup of it."""
    file = folder / "b.tar"
    source = backups.Source(store.url, store.config().sqlite_path, store.data, Disk(store.data / "files"), True)
    backups.make(source, file, 0)
    found = b"".join(path.read_bytes() for path in store.data.glob("boxwood.sqlite3*"))
    with tarfile.open(file) as tar:
        for name in tar.getnames():
            body = tar.extractfile(name)
            found += body.read() if body else b""
    return found + unpacked(found)


def unpacked(dump: bytes) -> bytes:
    """The compressed parts of a dump of PostgreSQL."""
    found = b""
    for start in re.finditer(rb"\x78[\x01\x5e\x9c\xda]", dump):
        try:
            found += zlib.decompressobj().decompress(dump[start.start() :])
        except zlib.error:
            continue
    return found


def test_secrets_of_stored_answers_are_neither_in_the_database_nor_in_a_backup(
    fresh_store: Store, tmp_path: Path
) -> None:
    server = Server(fresh_store.config()).start()
    world = World(server)
    try:
        keyed(world)
        http = world.ada.http
        pipeline = world.pipeline()
        key = http.put("/api/v1/apikeys")
        inbound = http.post(f"/api/v2/pipelines/{pipeline['key']}/inbound", json={"name": "Orders"})
        rotated = http.post(f"/api/v2/inbound/{ok(inbound)['key']}/rotate", json={"address": True})
        invited = http.post(f"/api/v2/teams/{world.team_key}/invitations", json={"email": f"x@w{world.number}.example"})
        answers = [key, inbound, rotated, invited]
        secrets = {text for answer in answers for text in re.findall(r"[\w-]{24,}", answer.text)}
        secrets = {text for text in secrets if not re.match(r"[a-z]-", text)}
        for answer in answers:
            again = http.send(answer.request)
            assert (ok(again), again.headers["idempotent-replayed"]) == (ok(answer), "true")
        found = contents(fresh_store, tmp_path)
        assert pipeline["key"].encode() in found
        assert len(secrets) >= 3, secrets
        assert [text for text in secrets if text.encode() in found] == []
        assert key.request.headers["idempotency-key"].encode() not in found
    finally:
        world.close()
        server.stop()


def test_a_password_in_a_request_cannot_be_guessed_from_its_stored_hash(world: World) -> None:
    """The hash of a request is keyed: with a hash of the content alone, a password in it could be guessed."""
    headers = {"Idempotency-Key": "order-17"}
    path = f"/api/v2/pipelines/{world.pipeline()['key']}/boxes"
    for person in (world.ada, world.bo):
        ok(person.http.post(path, json={"name": "Acme"}, headers=headers))
    keys = [world.ada.user_key, world.bo.user_key]
    sql = "SELECT digest, body, idempotency_key FROM answers WHERE user_key = :user"
    rows = [world.server.engine.read(lambda db, user=user: db.rows(sql, user=user)) for user in keys]
    assert all(len(found) == 1 for found in rows)
    assert all(len({found[0][column] for found in rows}) == 2 for column in range(3))


def test_a_repetition_with_another_key_of_the_same_user_is_refused_and_changes_nothing(world: World) -> None:
    headers = {"Idempotency-Key": "order-17"}
    path = f"/api/v2/pipelines/{world.pipeline()['key']}/boxes"
    other = ok(world.ada.http.put("/api/v1/apikeys"))["apiKey"]
    ok(world.ada.http.post(path, json={"name": "Acme"}, headers=headers))
    with world.client(other) as client:
        refused(client.post(path, json={"name": "Acme"}, headers=headers), 422, "Idempotency-Key", "another API key")
    assert len(ok(world.ada.http.get(path))["results"]) == 1


Ask = Callable[[httpx.Client, dict[str, Any], str], httpx.Response]
BY_AN_EDITOR: dict[str, Ask] = {
    "an edit": lambda http, box, key: http.post(
        f"/api/v1/boxes/{box['key']}", json={"name": "New"}, headers={"Idempotency-Key": key}
    ),
    "an edit that changes nothing": lambda http, box, key: http.post(
        f"/api/v1/boxes/{box['key']}", json={"name": box["name"]}, headers={"Idempotency-Key": key}
    ),
    "a new box": lambda http, box, key: http.post(
        f"/api/v2/pipelines/{box['pipelineKey']}/boxes", json={"name": "B"}, headers={"Idempotency-Key": key}
    ),
    "an upsert": lambda http, box, key: http.post(
        f"/api/v2/pipelines/{box['pipelineKey']}/boxes/upsert",
        json={"match": "name", "name": box["name"], "notes": "x"},
        headers={"Idempotency-Key": key},
    ),
    "a comment": lambda http, box, key: http.post(
        f"/api/v2/boxes/{box['key']}/comments", json={"message": "Hi"}, headers={"Idempotency-Key": key}
    ),
    "a task": lambda http, box, key: http.post(
        f"/api/v2/boxes/{box['key']}/tasks", json={"text": "Call"}, headers={"Idempotency-Key": key}
    ),
    "a file": lambda http, box, key: http.post(
        f"/api/v2/boxes/{box['key']}/files?fileName=a", content=b"x", headers={"Idempotency-Key": key}
    ),
    "the pipeline": lambda http, box, key: http.post(
        f"/api/v1/pipelines/{box['pipelineKey']}", json={"description": "x"}, headers={"Idempotency-Key": key}
    ),
    "a batch": lambda http, box, key: http.post(
        "/api/v2/batch",
        json={"operations": [{"method": "POST", "path": f"/v1/boxes/{box['key']}", "body": {"notes": "n"}}]},
        headers={"Idempotency-Key": key},
    ),
}


@pytest.mark.parametrize("what", BY_AN_EDITOR)
def test_who_lost_the_pipeline_gets_no_stored_answer(world: World, what: str) -> None:
    pipeline = world.pipeline()
    box, ask = world.box(pipeline), BY_AN_EDITOR[what]
    first = ok(ask(world.bo.http, box, "k1"))
    assert ok(ask(world.bo.http, box, "k1")) == first
    ok(world.ada.http.post(f"/api/v1/pipelines/{pipeline['key']}", json={"teamWide": False, "orgWide": False}))
    assert world.bo.http.get(f"/api/v1/boxes/{box['key']}").status_code == 404
    again = ask(world.bo.http, box, "k1")
    assert again.status_code == 404, again.text
    assert "Acme" not in again.text
    if what != "a batch":
        assert again.text == ask(world.bo.http, box, "k2").text


def test_a_repetition_after_the_thing_is_gone_gets_the_answer(world: World) -> None:
    """A client whose connection broke learns that its request succeeded, although the thing is gone because of it."""
    pipeline = world.pipeline()
    box = world.box(pipeline)
    headers = {"Idempotency-Key": "gone"}
    for path in (f"/api/v1/boxes/{box['key']}", f"/api/v1/pipelines/{pipeline['key']}"):
        first = world.ada.http.delete(path, headers={"Idempotency-Key": path})
        again = world.ada.http.delete(path, headers={"Idempotency-Key": path})
        assert (ok(again), again.headers["idempotent-replayed"]) == (ok(first), "true")
    path = f"/api/v2/teams/{world.team_key}/members/{world.bo.user_key}/leave"
    left = world.bo.http.post(path, json={"reassignTo": world.ada.email}, headers=headers)
    ok(left)
    again = world.bo.http.post(path, json={"reassignTo": world.ada.email}, headers=headers)
    assert (again.text, again.headers["idempotent-replayed"]) == (left.text, "true")
    ok(again)
