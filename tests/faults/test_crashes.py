"""What was acknowledged is there after a crash, and what was not is whole or absent."""

import base64
import json
import random
import socket
import threading
import time

import httpx
import pytest

from tests.conftest import Store, ok
from tests.processes import Process, run, store_options


def a_key(store: Store, email: str = "ada@example.com") -> str:
    return run("key", "create", email, *store_options(store)).stdout.strip()


def write_until_cut(url: str, key: str, pipeline: str, created: list[str]) -> None:
    with httpx.Client(base_url=url, auth=(key, ""), timeout=10, trust_env=False) as client:
        try:
            while True:
                created.append(ok(client.post(f"/api/v2/pipelines/{pipeline}/boxes", json={"name": "Acme"}))["key"])
        except httpx.TransportError:
            return


@pytest.mark.parametrize("kills", [3, pytest.param(60, marks=pytest.mark.long)])
def test_a_killed_server_loses_nothing_it_acknowledged(fresh_store: Store, kills: int) -> None:
    server = Process(fresh_store)
    key = a_key(fresh_store)
    auth = (key, "")
    pipeline = ok(httpx.put(f"{server.url}/api/v1/pipelines?name=Deals", auth=auth, trust_env=False))["key"]
    created: list[str] = []
    for _ in range(kills):
        threads = [
            threading.Thread(target=write_until_cut, args=(server.url, key, pipeline, created)) for _ in range(8)
        ]
        for thread in threads:
            thread.start()
        # In the middle of it, on a slow machine too.
        before, deadline = len(created), time.monotonic() + 120
        while len(created) < before + 8:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        time.sleep(random.uniform(0.0, 0.5))
        server.kill()
        for thread in threads:
            thread.join()
        server.start()
    with httpx.Client(base_url=server.url, auth=auth, timeout=120, trust_env=False) as client:
        stored = ok(client.get(f"/api/v1/pipelines/{pipeline}/boxes"))
        assert created
        assert set(created) <= {box["key"] for box in stored}
        # One event for each box that is there, and none for one that is not.
        feed = ok(client.put(f"/api/v1/pipelines/{pipeline}/newsfeed/export/full?includeSpecifics=NEW_BOX"))
        assert sorted(entry["boxKey"] for entry in feed) == sorted(box["key"] for box in stored)
    assert server.stop() == 0


def test_requests_in_flight_finish_when_the_server_is_told_to_stop(fresh_store: Store) -> None:
    server = Process(fresh_store)
    key = a_key(fresh_store)
    created = httpx.put(f"{server.url}/api/v1/pipelines?name=Deals", auth=(key, ""), timeout=120, trust_env=False)
    basic = base64.b64encode(f"{key}:".encode()).decode()
    body = b'{"name": "Acme"}'
    head = (
        f"POST /api/v2/pipelines/{ok(created)['key']}/boxes HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        f"Authorization: Basic {basic}\r\nContent-Length: {len(body)}\r\nExpect: 100-continue\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", server.port), timeout=120) as connection:
        connection.sendall(head.encode())
        # It says so once it reads the body: the request is under way.
        assert connection.recv(1000).startswith(b"HTTP/1.1 100 ")
        server.process.terminate()
        wait_until_closed(server.port)
        connection.sendall(body)
        answer = connection.makefile("rb").read()
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["name"] == "Acme"
    assert server.process.wait(timeout=120) == 0


def wait_until_closed(port: int) -> None:
    """The server accepts no connections."""
    deadline = time.monotonic() + 120
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=120).close()
        except OSError:
            return
        assert time.monotonic() < deadline
        time.sleep(0.01)
