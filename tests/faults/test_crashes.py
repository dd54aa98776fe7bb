"""What was acknowledged is there after a crash, and what was not is whole or absent."""

import random
import threading
import time

import httpx
import pytest

from tests.conftest import Store, ok
from tests.processes import Process, run, store_options


def a_key(store: Store, email: str = "ada@example.com") -> str:
    return run("key", "create", email, *store_options(store)).stdout.strip()


def write_until_cut(url: str, key: str, pipeline: str, made: list[str]) -> None:
    with httpx.Client(base_url=url, auth=(key, ""), timeout=10, trust_env=False) as client:
        try:
            while True:
                made.append(ok(client.post(f"/api/v2/pipelines/{pipeline}/boxes", json={"name": "Acme"}))["key"])
        except httpx.TransportError:
            return


@pytest.mark.parametrize("kills", [3, pytest.param(60, marks=pytest.mark.long)])
def test_a_killed_server_loses_nothing_it_acknowledged(fresh_store: Store, kills: int) -> None:
    server = Process(fresh_store)
    key = a_key(fresh_store)
    auth = (key, "")
    pipeline = ok(httpx.put(f"{server.url}/api/v1/pipelines?name=Deals", auth=auth, trust_env=False))["key"]
    made: list[str] = []
    for _ in range(kills):
        threads = [threading.Thread(target=write_until_cut, args=(server.url, key, pipeline, made)) for _ in range(8)]
        for thread in threads:
            thread.start()
        time.sleep(random.uniform(0.3, 0.8))
        server.kill()
        for thread in threads:
            thread.join()
        server.start()
    with httpx.Client(base_url=server.url, auth=auth, timeout=60, trust_env=False) as client:
        kept = ok(client.get(f"/api/v1/pipelines/{pipeline}/boxes"))
        assert made
        assert set(made) <= {box["key"] for box in kept}
        # One event for each box that is there, and none for one that is not.
        feed = ok(client.put(f"/api/v1/pipelines/{pipeline}/newsfeed/export/full?includeSpecifics=NEW_BOX"))
        assert sorted(entry["boxKey"] for entry in feed) == sorted(box["key"] for box in kept)
    assert server.stop() == 0


def test_requests_in_flight_finish_when_the_server_is_told_to_stop(fresh_store: Store) -> None:
    server = Process(fresh_store)
    auth = (a_key(fresh_store), "")
    with httpx.Client(base_url=server.url, auth=auth, timeout=30, trust_env=False) as client:
        pipeline = ok(client.put("/api/v1/pipelines?name=Deals"))["key"]
        replies: list[httpx.Response] = []

        def slow_body():  # type: ignore[no-untyped-def]
            yield b'{"name": '
            time.sleep(1)
            yield b'"Acme"}'

        thread = threading.Thread(
            target=lambda: replies.append(client.post(f"/api/v2/pipelines/{pipeline}/boxes", content=slow_body()))
        )
        thread.start()
        time.sleep(0.3)
        server.process.terminate()
        thread.join()
        assert ok(replies[0])["name"] == "Acme"
    assert server.process.wait(timeout=30) == 0
