"""Compressed requests are read at every door, within the limits that hold for the decompressed bytes."""

import gzip
import json
import zlib
from typing import Any

import httpx
import pytest

from tests.conftest import Server, Store, World, ok, refused

JSON = {"Content-Type": "application/json"}


def raw_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


ENCODINGS = {
    "gzip": ("gzip", gzip.compress),
    "x-gzip": ("X-GZip", gzip.compress),
    "gzip in two members": ("gzip", lambda data: gzip.compress(data[:5]) + gzip.compress(data[5:])),
    "deflate": ("deflate", zlib.compress),
    "deflate without a header": ("deflate", raw_deflate),
    "identity": ("identity", bytes),
}


@pytest.mark.parametrize("name", ENCODINGS)
def test_a_compressed_body_is_read(world: World, name: str) -> None:
    coding, pack = ENCODINGS[name]
    pipeline, headers = world.pipeline(), {"Content-Encoding": coding}
    path = f"/api/v2/pipelines/{pipeline['key']}/boxes"
    text = json.dumps({"name": "Acmé", "notes": "long " * 10_000}).encode()
    box = ok(world.ada.http.post(path, content=pack(text), headers=JSON | headers))
    assert (box["name"], len(box["notes"])) == ("Acmé", 50_000)
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    assert ok(world.ada.http.post(path, content=pack(b"name=Form"), headers=form | headers))["name"] == "Form"


def test_every_door_reads_compressed_bodies(world: World) -> None:
    pipeline, headers = world.pipeline(), {"Content-Encoding": "gzip"}
    box = world.box(pipeline)
    http = world.ada.http
    file = ok(
        http.post(
            f"/api/v2/boxes/{box['key']}/files?fileName=a.txt", content=gzip.compress(b"a" * 999), headers=headers
        )
    )
    assert (file["size"], http.get(f"/api/v1/files/{file['key']}/contents").content) == ("999", b"a" * 999)
    parts = b'--X\r\nContent-Disposition: form-data; name="file"; filename="b.txt"\r\n\r\nhi\r\n--X--\r\n'
    form = {"Content-Type": "multipart/form-data; boundary=X"}
    file = ok(http.post(f"/api/v2/boxes/{box['key']}/files", content=gzip.compress(parts), headers=form | headers))
    assert (file["fileName"], file["size"]) == ("b.txt", "2")
    table = gzip.compress(b"Name,Note\nOne,1\nTwo,2\n")
    csv = {"Content-Type": "text/csv"}
    job = ok(http.post(f"/api/v2/pipelines/{pipeline['key']}/import?wait=60", content=table, headers=csv | headers))
    assert (job["state"], job["created"]) == ("done", 2)
    mail = gzip.compress(b"From: eve@x.example\r\nTo: ada@x.example\r\nSubject: Hi\r\n\r\nHello\r\n")
    rfc822 = {"Content-Type": "message/rfc822"}
    message = ok(http.post(f"/api/v2/boxes/{box['key']}/messages", content=mail, headers=rfc822 | headers))
    assert message["subject"] == "Hi"
    hook = ok(http.post(f"/api/v2/pipelines/{pipeline['key']}/inbound", json={"name": "Orders"}))
    with world.client(None) as caller:
        reply = ok(caller.post(hook["url"], content=gzip.compress(b'{"order": 7}'), headers=JSON | headers))
    request = ok(http.get(f"/api/v2/inbound/{hook['key']}/requests/{reply['id']}"))
    assert request["body"] == '{"order": 7}'


BROKEN = {
    "not compressed": (b'{"name": "x"}', "not what Content-Encoding says"),
    "cut off": (gzip.compress(b'{"name": "x"}')[:-9], "ends too early"),
    "a wrong checksum": (gzip.compress(b'{"name": "x"}')[:-8] + bytes(8), "not what Content-Encoding says"),
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_broken_compressed_body_is_refused(world: World, what: str) -> None:
    content, reason = BROKEN[what]
    path = f"/api/v2/pipelines/{world.pipeline()['key']}/boxes"
    refused(world.ada.http.post(path, content=content, headers=JSON | {"Content-Encoding": "gzip"}), 400, reason)


@pytest.mark.parametrize("coding", ["br", "zstd", "compress", "gzip, gzip"])
def test_an_unknown_coding_is_answered_with_the_codings_that_are_read(world: World, coding: str) -> None:
    pipeline = world.pipeline()
    box, headers = world.box(pipeline), {"Content-Encoding": coding}
    for path in (f"pipelines/{pipeline['key']}/boxes", f"boxes/{box['key']}/files?fileName=a"):
        reply = world.ada.http.post(f"/api/v2/{path}", content=b"x", headers=headers)
        refused(reply, 415, coding, "gzip, deflate")
        assert reply.headers["accept-encoding"] == "gzip, deflate"
    hook = ok(world.ada.http.post(f"/api/v2/pipelines/{pipeline['key']}/inbound", json={"name": "Orders"}))
    with world.client(None) as caller:
        assert caller.post(hook["url"], content=b"x", headers=headers).status_code == 415


def zeros(size: int, before: bytes = b"") -> bytes:
    """Gzip of this many zero bytes: about a thousandth of them."""
    packer = zlib.compressobj(9, wbits=31)
    packed = packer.compress(before)
    for _ in range(size // 1_000_000):
        packed += packer.compress(bytes(1_000_000))
    return packed + packer.flush()


def test_the_limits_of_a_body_count_its_decompressed_bytes(fresh_store: Store) -> None:
    server = Server(fresh_store.config(max_file_size=20_000_000)).start()
    world = World(server)
    try:
        refuse_bombs(world)
    finally:
        world.close()
        server.stop()


def refuse_bombs(world: World) -> None:
    pipeline = world.pipeline()
    box, headers = world.box(pipeline), {"Content-Encoding": "gzip"}
    bomb = zeros(60_000_000)
    assert len(bomb) < 100_000

    def sent(path: str, content: bytes, **more: str) -> httpx.Response:
        return world.ada.http.post(f"/api/v2/{path}", content=content, headers=headers | more)

    json_type: dict[str, Any] = {"Content-Type": "application/json"}
    refused(sent(f"pipelines/{pipeline['key']}/boxes", bomb, **json_type), 413, "8 MB")
    refused(sent(f"boxes/{box['key']}/files?fileName=a", bomb), 413, "20 MB")
    form = {"Content-Type": "multipart/form-data; boundary=X"}
    head = b'--X\r\nContent-Disposition: form-data; name="%s"\r\n\r\n'
    refused(sent(f"boxes/{box['key']}/files", zeros(60_000_000, head % b"ignored"), **form), 413, "MB")
    hook = ok(world.ada.http.post(f"/api/v2/pipelines/{pipeline['key']}/inbound", json={"name": "Orders"}))
    with world.client(None) as caller:
        assert caller.post(hook["url"], content=bomb, headers=headers).status_code == 413
    assert ok(world.ada.http.get(f"/api/v1/boxes/{box['key']}/files")) == []
