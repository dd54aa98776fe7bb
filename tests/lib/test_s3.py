"""What holds for file bytes in S3 alone, against a server in a process of its own."""

import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from boxwood.lib.blobs import StoreFailed
from boxwood.lib.s3 import PART, S3

from . import s3_server
from .s3_server import BUCKET, Server


@pytest.fixture
def s3(server: Server) -> S3:
    return S3(server.endpoint, BUCKET, server.key, server.secret, prefix="/files/")


def etag(server: Server, name: str) -> str:
    return str(server.client.head_object(Bucket=BUCKET, Key=name)["ETag"]).strip('"')


def test_a_small_file_is_one_request_and_a_large_one_goes_in_parts(server: Server, s3: S3) -> None:
    small, large = s3.write([b"small"]), s3.write(bytes(1_000_000) for _ in range(20))
    assert sorted(server.objects()) == sorted([f"files/{small.id}", f"files/{large.id}"])
    assert re.fullmatch("[0-9a-f]{32}", etag(server, f"files/{small.id}"))
    assert etag(server, f"files/{large.id}").endswith(f"-{-(-20_000_000 // PART)}")
    s3.delete(small.id)
    s3.delete(large.id)
    assert server.objects() == []


def test_the_bytes_are_there_for_other_programs(server: Server, s3: S3) -> None:
    blob = s3.write([b"the ", b"bytes"]).id
    assert server.client.get_object(Bucket=BUCKET, Key=f"files/{blob}")["Body"].read() == b"the bytes"
    s3.delete(blob)


def test_wrong_credentials_and_a_wrong_bucket_are_told_clearly(server: Server, s3: S3) -> None:
    blob = s3.write([b"x"]).id
    wrong_secret = S3(server.endpoint, BUCKET, server.key, "wrong", prefix="files")
    wrong_key = S3(server.endpoint, BUCKET, "AKIAWRONG", server.secret, prefix="files")
    no_bucket = S3(server.endpoint, "no-such-bucket", server.key, server.secret)
    refused = f"bucket {BUCKET} at {server.endpoint} refuses this key and secret"
    with pytest.raises(StoreFailed, match=re.escape(f"{refused} (SignatureDoesNotMatch)")):
        wrong_secret.write([b"x"])
    with pytest.raises(StoreFailed, match=re.escape(f"{refused} (SignatureDoesNotMatch)")):
        wrong_secret.write(bytes(1_000_000) for _ in range(20))
    with pytest.raises(StoreFailed, match=re.escape(f"{refused} (InvalidAccessKeyId)")):
        wrong_key.write([b"x"])
    for look in (wrong_secret.read, wrong_secret.size, wrong_secret.delete):
        with pytest.raises(StoreFailed, match=re.escape(refused)):
            look(blob)
    for attempt in (lambda: no_bucket.write([b"x"]), lambda: no_bucket.read(blob)):
        with pytest.raises(StoreFailed, match=f"there is no bucket no-such-bucket at {server.endpoint}"):
            attempt()
    assert server.objects() == [f"files/{blob}"]
    s3.delete(blob)


@pytest.mark.parametrize(("name", "value"), [
    ("AWS_SESSION_TOKEN", "of-another-program"),
    ("AWS_ACCESS_KEY_ID", "AKIAOTHER"),
    ("AWS_ENDPOINT_URL", "http://127.0.0.1:9"),
    ("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:9"),
    ("AWS_SKIP_SIGNATURE", "true"),
    ("AWS_VIRTUAL_HOSTED_STYLE_REQUEST", "true"),
    ("AWS_S3_EXPRESS", "true"),
    ("AWS_REGION", "mars-north-1"),
])  # fmt: skip
def test_settings_of_other_programs_do_not_win(
    server: Server, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    s3 = S3(server.endpoint, BUCKET, server.key, server.secret)
    blob = s3.write([b"x"]).id
    assert s3.size(blob) == 1
    s3.delete(blob)


def test_a_server_that_is_not_there_is_told_soon() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and does not listen
        s3 = S3(f"http://127.0.0.1:{taken.getsockname()[1]}", BUCKET, "key", "secret", patience=1)
        began = time.monotonic()
        with pytest.raises(StoreFailed, match="does not answer as it should"):
            s3.write([b"x"])
        assert time.monotonic() - began < 60


def test_a_server_that_takes_and_says_nothing_is_given_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        s3 = S3(f"http://127.0.0.1:{silent.getsockname()[1]}", BUCKET, "key", "secret", patience=0.3)
        began = time.monotonic()
        with pytest.raises(StoreFailed, match="does not answer as it should"):
            s3.size("a" * 32)
        assert time.monotonic() - began < 60


def test_a_server_killed_in_mid_upload_is_told_and_the_file_is_not_stored() -> None:
    server = s3_server.start()
    s3 = S3(server.endpoint, BUCKET, server.key, server.secret, patience=1)
    sent = []

    def source() -> Iterator[bytes]:
        for n in range(40):
            sent.append(n)
            if n == 25:  # two parts are on their way or there
                assert server.unfinished() != []
                server.stop()
            yield bytes(1_000_000)

    try:
        with pytest.raises(StoreFailed, match="does not answer as it should"):
            s3.write(source())
    finally:
        server.stop()
    assert len(sent) > 25


def test_a_lost_connection_in_mid_upload_leaves_no_file(server: Server) -> None:
    relay = subprocess.Popen([sys.executable, "-c", RELAY, server.endpoint.rsplit(":", 1)[1]], stdout=subprocess.PIPE)
    assert relay.stdout is not None
    port = int(relay.stdout.readline())
    s3 = S3(f"http://127.0.0.1:{port}", BUCKET, server.key, server.secret, patience=1)

    def source() -> Iterator[bytes]:
        for n in range(40):
            if n == 25:
                relay.kill()
            yield bytes(1_000_000)

    with pytest.raises(StoreFailed):
        s3.write(source())
    relay.wait()
    relay.stdout.close()
    assert server.objects() == []
    for name in server.unfinished():  # parts that could not be removed: the bucket's rule removes them
        assert re.fullmatch("[0-9a-f]{32}", name)


RELAY = """
import asyncio, sys

async def relay(reader, writer):
    up, down = await asyncio.open_connection("127.0.0.1", int(sys.argv[1]))
    async def pump(source, sink):
        while chunk := await source.read(65536):
            sink.write(chunk)
            await sink.drain()
        sink.close()
    await asyncio.gather(pump(reader, down), pump(up, writer), return_exceptions=True)

async def main():
    server = await asyncio.start_server(relay, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()

asyncio.run(main())
"""


def test_without_the_package_the_remedy_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "obstore.store", None)
    with pytest.raises(StoreFailed, match=re.escape("pip install 'boxwood[s3]'")):
        S3("http://127.0.0.1:9", BUCKET, "key", "secret")


def test_nothing_is_loaded_before_a_bucket_is_named() -> None:
    code = "import sys; import boxwood.lib.blobs, boxwood.lib.s3; print('obstore' in sys.modules)"
    ran = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=os.environ.copy()
    )
    assert ran.stdout.strip() == "False"
