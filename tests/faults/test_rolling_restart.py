"""API processes behind a load balancer are restarted one after the other. No request fails."""

import contextlib
import os
import re
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.conftest import Store, ok
from tests.processes import ROOT, Process, free_port, run, store_options

HAPROXY = shutil.which("haproxy", path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/usr/local/sbin")
GUIDE = ROOT / "docs/guide/high-availability.md"


def from_guide(name: str) -> str:
    found = re.search(rf"<!-- {name} -->\n```\w*\n(.*?)```", GUIDE.read_text(), re.DOTALL)
    assert found is not None
    return found[1]


@contextlib.contextmanager
def balanced(first: Process, second: Process, folder: Path) -> Iterator[str]:
    """HAProxy with the guide's file in front of two servers. Yields its URL."""
    assert HAPROXY is not None
    port = free_port()
    text = from_guide("haproxy").replace(":443 ssl crt /etc/haproxy/crm.pem", f"127.0.0.1:{port}")
    text = text.replace("hdr Host crm.example.com", "hdr Host 127.0.0.1")
    text = text.replace("10.0.0.21:8080", f"127.0.0.1:{first.port}").replace(
        "10.0.0.22:8080", f"127.0.0.1:{second.port}"
    )
    (folder / "haproxy.cfg").write_text(text)
    with (folder / "haproxy.log").open("w") as log:
        process = subprocess.Popen([HAPROXY, "-db", "-f", str(folder / "haproxy.cfg")], stdout=log, stderr=log)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()


@pytest.mark.slow
@pytest.mark.skipif(HAPROXY is None, reason="HAProxy is not installed")
def test_a_rolling_restart_fails_no_request(fresh_store: Store, tmp_path: Path) -> None:
    if fresh_store.url is None:
        pytest.skip("only PostgreSQL serves several processes")
    servers = [
        Process(fresh_store, "--drain", "4s", "--no-deliveries", log=tmp_path / "first"),
        Process(fresh_store, "--drain", "4s", "--workers", "2", "--no-deliveries", log=tmp_path / "second"),
    ]
    key = run("key", "create", "ada@example.com", *store_options(fresh_store)).stdout.strip()
    names: list[str] = []
    failed: list[object] = []
    ends = threading.Event()

    def write(number: int, url: str, pipeline: str) -> None:
        with httpx.Client(base_url=url, auth=(key, ""), timeout=60, trust_env=False) as client:
            while not ends.is_set():
                name = f"{number}-{len(names)}-{time.monotonic_ns()}"
                try:
                    ok(client.post(f"/api/v2/pipelines/{pipeline}/boxes", json={"name": name}))
                    names.append(name)
                except (AssertionError, httpx.HTTPError) as error:
                    failed.append(error)
                ends.wait(0.02)

    with balanced(servers[0], servers[1], tmp_path) as url:
        client = httpx.Client(base_url=url, auth=(key, ""), timeout=60, trust_env=False)
        wait_until_ready(url)
        pipeline = ok(client.post("/api/v2/pipelines", json={"name": "Deals", "stages": ["Lead"]}))["key"]
        threads = [threading.Thread(target=write, args=(number, url, pipeline)) for number in range(4)]
        for thread in threads:
            thread.start()
        for server in servers:
            server.process.terminate()
            # Said while it goes on answering.
            assert httpx.get(f"{server.url}/readyz", timeout=60, trust_env=False).status_code in (200, 503)
            assert server.process.wait(timeout=120) == 0
            before = len(names)
            server.start()
            wait_until_ready(server.url)
            ends.wait(2.5)  # the load balancer notices that it is back
            assert len(names) > before, failed[:3]
        ends.set()
        for thread in threads:
            thread.join()
        client.close()
    assert failed == []
    with httpx.Client(base_url=servers[0].url, auth=(key, ""), timeout=60, trust_env=False) as client:
        found: set[str] = {box["name"] for box in ok(client.get(f"/api/v1/pipelines/{pipeline}/boxes"))}
    assert found == set(names)
    for server in servers:
        server.process.terminate()
        server.process.terminate()
    assert [server.process.wait(timeout=120) for server in servers] == [0, 0]


def wait_until_ready(url: str) -> None:
    deadline = time.monotonic() + 60
    while True:
        with contextlib.suppress(httpx.TransportError):
            if httpx.get(f"{url}/readyz", timeout=60, trust_env=False).status_code == 200:
                return
        assert time.monotonic() < deadline
        time.sleep(0.1)
