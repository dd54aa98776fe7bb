"""Properties of the HTTP connection that a client sees."""

import contextlib
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from boxwood.lib import http_protocol
from boxwood.lib.http_protocol import Protocol
from tests.conftest import Server, Store, World, ok
from tests.processes import Process

HOST = b"Host: 127.0.0.1\r\n"
HEALTH = b"GET /healthz HTTP/1.1\r\n" + HOST


@contextlib.contextmanager
def connected(server: Server) -> Iterator[socket.socket]:
    host, _, port = server.url.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=120) as connection:
        yield connection


def until_closed(connection: socket.socket) -> bytes:
    received = b""
    while piece := connection.recv(65_536):
        received += piece
    return received


def answer(server: Server, request: bytes) -> tuple[int, bytes]:
    """Send the bytes, and return the status and the body of the answer. The server closes the connection."""
    with connected(server) as connection:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            connection.sendall(request)
        head, _, body = until_closed(connection).partition(b"\r\n\r\n")
    return int(head.split()[1]), body


def test_the_server_sends_head_and_body_together(world: World) -> None:
    """Head and body arrive together for each request on the same connection."""
    with connected(world.server) as connection:
        for _ in range(3):
            connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: here\r\n\r\n")
            assert connection.recv(65_536).endswith(b'\r\n\r\n{"status":"ok"}')


# What is not HTTP/1.1


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"GET /healthz HTTP/1.1\r\n\r\n", 400),
        (HEALTH + HOST + b"\r\n", 400),
        (HEALTH + b"host: evil.example\r\n\r\n", 400),
        (b"GET /healthz HTTP/1.0\r\n" + HOST + HOST + b"\r\n", 400),
        (b"GET /healthz\r\n\r\n", 505),
        (b"GET /healthz HTTP/2.0\r\n" + HOST + b"\r\n", 505),
        (b"GET http://evil.example/healthz HTTP/1.1\r\n" + HOST + b"\r\n", 400),
        (b"GET http://evil.example@127.0.0.1/healthz HTTP/1.1\r\n" + HOST + b"\r\n", 400),
        (b"CONNECT evil.example:443 HTTP/1.1\r\n" + HOST + b"\r\n", 400),
        (b"OPTIONS * HTTP/1.1\r\n" + HOST + b"\r\n", 400),
        (b"nonsense\r\n\r\n", 400),
    ],
)
def test_an_ambiguous_or_unknown_form_of_request_is_refused(world: World, request_: bytes, status: int) -> None:
    got, body = answer(world.server, request_)
    assert (got, b'"success": false' in body) == (status, True), body


@pytest.mark.parametrize(
    "request_",
    [
        b"GET /healthz HTTP/1.0\r\n\r\n",
        b"GET /healthz HTTP/1.0\r\n" + HOST + b"\r\n",
        b"GET http://127.0.0.1/healthz HTTP/1.1\r\nConnection: close\r\n" + HOST + b"\r\n",
    ],
)
def test_http_1_0_and_a_whole_url_with_the_same_host_are_accepted(world: World, request_: bytes) -> None:
    assert answer(world.server, request_) == (200, b'{"status":"ok"}')


# Limits of a head


@pytest.mark.parametrize(
    "sent",
    [
        HEALTH + b"X: " + b"a" * 66_000 + b"\r\n\r\n",
        HEALTH + b"X: " + b"a" * 20_000_000,
        HEALTH + b"X: a\r\n" * 200 + b"\r\n",
        HEALTH + b"X: " + b"a" * 9000 + b"\r\n" + (b"Y: " + b"b" * 9000 + b"\r\n") * 7 + b"\r\n",
        b"GET /" + b"a" * 66_000 + b" HTTP/1.1\r\n" + HOST + b"\r\n",
        b"\r\n" * 200_000,
        b"POST /api/v2/session/forgotten HTTP/1.1\r\nTransfer-Encoding: chunked\r\n"
        + HOST
        + b"\r\n2;"
        + b"a" * 5_000_000,
        b"POST /api/v2/session/forgotten HTTP/1.1\r\nTransfer-Encoding: chunked\r\n"
        + HOST
        + b"\r\n2\r\n{}\r\n0\r\n"
        + b"X: a\r\n" * 300,
    ],
    ids=["line", "endless line", "lines", "sum", "url", "empty lines", "size of a chunk", "trailers"],
)
def test_a_head_of_more_than_64_kb_or_200_lines_is_431(world: World, sent: bytes) -> None:
    assert answer(world.server, sent)[0] == 431


def test_a_head_within_the_limits_is_accepted(world: World) -> None:
    lines = b"".join(b"X-%d: %s\r\n" % (number, b"a" * 300) for number in range(198))
    assert answer(world.server, HEALTH + b"Connection: close\r\n" + lines + b"\r\n")[0] == 200
    # Heads that follow each other in one packet are counted one by one.
    with connected(world.server) as connection:
        one_head = HEALTH + b"X: " + b"a" * 30_000 + b"\r\n\r\n"
        connection.sendall(one_head * 5 + HEALTH + b"Connection: close\r\n\r\n")
        assert until_closed(connection).count(b"HTTP/1.1 200") == 6


def test_trailers_of_a_body_are_not_headers(world: World) -> None:
    key = world.ada.key.encode()
    head = b"POST /api/v1/threadinfo HTTP/1.1\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n" + HOST
    body = b"2\r\n{}\r\n0\r\n"
    assert answer(world.server, head + b"\r\n" + body + b"Authorization: Bearer " + key + b"\r\n\r\n")[0] == 401
    signed = head + b"Authorization: Bearer " + key + b"\r\n\r\n"
    assert answer(world.server, signed + body + b"\r\n") == answer(
        world.server, signed + body + b"Authorization: Bearer x\r\n\r\n"
    )


# Patience


class Hasty(Protocol):
    head_seconds = 0.2
    discard_seconds = 0.2


@pytest.fixture
def hasty(fresh_store: Store) -> Iterator[World]:
    """A server that waits a fifth of a second for a head, and for the rest of a body."""
    server = Server(fresh_store.config(), protocol=Hasty).start()
    server.boxwood.api.patience = server.boxwood.door.patience = 0.2
    yield (created := World(server))
    created.close()
    server.stop()


@pytest.mark.parametrize("sent", [HEALTH, b"GET /hea", b"\r\n", HEALTH + b"\r\n" + HEALTH])
def test_a_head_that_does_not_end_is_408(hasty: World, sent: bytes) -> None:
    with connected(hasty.server) as connection:
        connection.sendall(sent[: len(sent) - len(HEALTH)] if sent.count(HEALTH) == 2 else b"")
        if sent.count(HEALTH) == 2:
            assert connection.recv(65_536).startswith(b"HTTP/1.1 200")
            sent = HEALTH
        connection.sendall(sent)
        assert until_closed(connection).startswith(b"HTTP/1.1 408")


def test_a_head_that_comes_byte_by_byte_is_408(hasty: World) -> None:
    with connected(hasty.server) as connection:
        pause = threading.Event()
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            connection.sendall(HEALTH + b"X: ")
            for _ in range(1000):
                connection.sendall(b"a")
                if pause.wait(0.05):
                    break
        assert until_closed(connection).startswith(b"HTTP/1.1 408")


def test_a_connection_that_sends_nothing_is_closed(hasty: World) -> None:
    with connected(hasty.server) as connection:
        assert until_closed(connection) == b""


PATHS = [
    ("POST", "/api/v1/threadinfo"),
    ("POST", "/api/v2/session"),
    ("POST", "/api/v2/batch"),
    ("PUT", "/api/v1/pipelines"),
    ("POST", "/api/v2/pipelines/{pipeline}/import?mapping={}"),
    ("POST", "/api/v2/boxes/{box}/files?fileName=a"),
]


@pytest.mark.parametrize(("method", "path"), PATHS)
def test_a_body_that_stops_is_408_on_every_route(hasty: World, method: str, path: str) -> None:
    pipeline = hasty.pipeline()
    box = hasty.box(pipeline)
    path = path.replace("{pipeline}", pipeline["key"]).replace("{box}", box["key"])
    head = f"{method} {path} HTTP/1.1\r\nAuthorization: Bearer {hasty.ada.key}\r\nContent-Type: application/json\r\n"
    status, body = answer(hasty.server, head.encode() + HOST + b'Content-Length: 100\r\n\r\n{"name":')
    assert (status, b"body" in body) == (408, True)


def test_a_body_that_stops_is_408_for_an_inbound_webhook(hasty: World) -> None:
    path = f"/api/v2/pipelines/{hasty.pipeline()['key']}/inbound"
    url = ok(hasty.ada.http.post(path, json={"name": "Orders"}))["url"]
    head = f"POST /hooks/{url.rpartition('/')[2]} HTTP/1.1\r\nContent-Type: application/json\r\n"
    assert answer(hasty.server, head.encode() + HOST + b"Content-Length: 100\r\n\r\n{")[0] == 408


def test_a_trickle_is_not_patience(hasty: World) -> None:
    head = f"POST /api/v1/threadinfo HTTP/1.1\r\nAuthorization: Bearer {hasty.ada.key}\r\n".encode() + HOST
    with connected(hasty.server) as connection:
        connection.sendall(head + b"Content-Length: 10000\r\n\r\n")
        pause = threading.Event()
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            for _ in range(1000):
                connection.sendall(b" ")
                if pause.wait(0.05):
                    break
        with contextlib.suppress(ConnectionResetError):
            assert connection.recv(65_536).startswith(b"HTTP/1.1 408")


def test_a_connection_is_closed_when_the_body_of_an_answered_request_never_ends(hasty: World) -> None:
    with connected(hasty.server) as connection:
        connection.sendall(HEALTH + b"Content-Length: 1000\r\n\r\nabc")
        assert until_closed(connection).count(b"HTTP/1.1") == 1


def test_the_rest_of_an_answered_body_is_skipped_and_the_next_request_is_answered(world: World) -> None:
    with connected(world.server) as connection:
        connection.sendall(HEALTH + b"Content-Length: 300000\r\n\r\nabc")
        assert connection.recv(65_536).startswith(b"HTTP/1.1 200")
        connection.sendall(b"a" * 299_997 + HEALTH + b"Connection: close\r\n\r\n")
        assert until_closed(connection).startswith(b"HTTP/1.1 200")


def test_the_limits_are_those_of_the_guide() -> None:
    assert (http_protocol.MOST_HEAD, http_protocol.MOST_LINES, http_protocol.HEAD_SECONDS) == (65_536, 200, 20)


# The log


def test_no_token_of_a_url_stands_in_the_log_of_any_process(fresh_store: Store, tmp_path: Path) -> None:
    """With several processes too, which PostgreSQL makes possible."""
    workers = ["--workers", "2"] if fresh_store.url else []
    process = Process(fresh_store, "--log-level", "info", *workers, log=tmp_path / "log")
    secret = "verysecrettoken"
    paths = [
        f"/hooks/{secret}",
        f"//hooks/{secret}",
        f"/Hooks/{secret}",
        f"/api/hooks/{secret}",
        f"/api/v2/hooks/{secret}/",
        f"/v1/hooks/{secret}",
        f"/api/v2/files/x/download?token={secret}",
        f"/?token={secret}",
    ]
    with httpx.Client(verify=False, trust_env=False, timeout=120) as client:
        for _ in range(5):
            for path in paths:
                client.post(f"{process.url}{path}")
                client.get(f"{process.url}{path}")
    assert process.stop() == 0
    log = (tmp_path / "log").read_text()
    assert '"message":"answered"' in log
    assert secret not in log
