"""Streams end when the server does, and delay no other request."""

import time

import httpx

from tests.conftest import Store
from tests.faults.test_crashes import a_key
from tests.processes import Process


def test_an_open_stream_does_not_hold_up_the_end(fresh_store: Store) -> None:
    server = Process(fresh_store)
    auth = (a_key(fresh_store), "")
    with (
        httpx.Client(base_url=server.url, auth=auth, timeout=120, trust_env=False) as client,
        client.stream("GET", "/api/v2/events/stream") as stream,
    ):
        lines = stream.iter_lines()
        assert next(lines).startswith(":")
        began = time.monotonic()
        server.process.terminate()
        assert all(not line.startswith("data") for line in lines)
        assert server.process.wait(timeout=120) == 0
    assert time.monotonic() - began < 25, "what is under way is given 30 s"
