"""Requests a second: reading a box, creating boxes durably, and pages, compared to bare ASGI and a bare writer.

    bin/bench http [--boxes N] [--database-url URL] [--rounds N]

wrk creates the load on another core than the server's. The limits are measured in the same rounds: the same bytes from
an ASGI application that does nothing, and the same rows written in this process in batches.
"""

import argparse
import base64
import contextlib
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import apsw
import httpx

from tests.processes import free_port

ROOT = Path(__file__).parent.parent
SECONDS = 4
NAMES = [f"Column {n}" for n in range(1, 9)]
TYPES = ["TEXT_INPUT"] * 6 + ["DATE", "CHECKBOX"]
FIELDS = {"1001": "Website", "1002": "4200", "1003": "north", "1007": 1347451200000, "1008": True}


@dataclass
class Load:
    """What wrk saw: requests a second, milliseconds, and the server's CPU per request in microseconds."""

    rate: float
    p50: float
    p99: float
    cpu: float


def main() -> None:
    parser = argparse.ArgumentParser(prog="bin/bench http")
    parser.add_argument("--boxes", type=int, default=1000)
    parser.add_argument("--database-url")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    if shutil.which("wrk") is None:
        sys.exit("bin/bench http needs wrk: apt-get install wrk, or brew install wrk")
    with tempfile.TemporaryDirectory() as data, served(Path(data), options.database_url) as server, bare() as limit:
        filled = fill(server, options.boxes)
        works = {
            "bare ASGI, same bytes": lambda: wrk(limit, limit.url, 32),
            "read a box": lambda: wrk(server, f"{server.url}/api/v1/boxes/{filled['box']}", 32),
            "page of 25": lambda: wrk(server, f"{server.url}/api/v2/pipelines/{filled['pipeline']}/boxes?limit=25", 16),
            "create a box": lambda: wrk(
                server, f"{server.url}/api/v2/pipelines/{filled['pipeline']}/boxes", 64, CREATE
            ),
        }
        rounds: dict[str, list[Load]] = {name: [] for name in works}
        inserts = []
        for _ in range(options.rounds):
            for name, work in works.items():
                rounds[name].append(work())
            inserts.append(write_bare(Path(data)))
        show(rounds, statistics.median(inserts))


CREATE = f"""
wrk.method = "POST"
wrk.body = '{json.dumps({"name": "Acme deal", "notes": "some notes here", "fields": FIELDS})}'
wrk.headers["Content-Type"] = "application/json"
"""


class Server:
    def __init__(self, process: subprocess.Popen[bytes], url: str, key: str, authorization: str = "") -> None:
        self.process, self.url, self.key = process, url, key
        self.authorization = authorization or "Basic " + base64.b64encode(f"{key}:".encode()).decode()

    def cpu(self) -> float:
        """Seconds of CPU so far."""
        text = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(text[11]) + int(text[12])) / os.sysconf("SC_CLK_TCK")

    def memory(self) -> float:
        """MB of its own in memory now, without what the database file has mapped."""
        text = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(found(r"RssAnon:\s+(\d+)", text)) / 1000


@contextlib.contextmanager
def unpinned(server: Server) -> Iterator[None]:
    """The server may use every core meanwhile: there is no load that needs one."""
    threads = [int(path.name) for path in Path(f"/proc/{server.process.pid}/task").iterdir()]
    before = os.sched_getaffinity(server.process.pid)
    for thread in threads:
        os.sched_setaffinity(thread, range(os.cpu_count() or 1))
    try:
        yield
    finally:
        for path in Path(f"/proc/{server.process.pid}/task").iterdir():
            with contextlib.suppress(ProcessLookupError):
                os.sched_setaffinity(int(path.name), before)


def pinned(core: int) -> list[str]:
    return ["taskset", "-c", str(core % (os.cpu_count() or 1))] if shutil.which("taskset") else []


@contextlib.contextmanager
def served(data: Path, database_url: str | None) -> Iterator[Server]:
    """Boxwood on a core of its own."""
    store = ["--data", str(data), *(["--database-url", database_url] if database_url else [])]
    port = str(free_port())
    url = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "boxwood", "serve", *store, "--port", port, "--no-sample"]
    with open(data / "log", "w") as log:
        process = subprocess.Popen([*pinned(0), *command], cwd=ROOT, stdout=log, stderr=log)
    try:
        wait(url + "/healthz")
        made = [sys.executable, "-m", "boxwood", "key", "create", "bench@example.com", *store]
        key = subprocess.run(made, cwd=ROOT, check=True, capture_output=True, text=True).stdout.strip()
        yield Server(process, url, key)
    finally:
        process.terminate()
        process.wait()


BARE = """
import json, sys, uvicorn
body = b"x" * 2600
async def app(scope, receive, send):
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2600")]})
        await send({"type": "http.response.body", "body": body})
uvicorn.run(app, port=int(sys.argv[1]), log_level="error", lifespan="off")
"""


@contextlib.contextmanager
def bare() -> Iterator[Server]:
    port = str(free_port())
    url = f"http://127.0.0.1:{port}/"
    process = subprocess.Popen([*pinned(0), sys.executable, "-c", BARE, port])
    try:
        wait(url)
        yield Server(process, url, "")
    finally:
        process.terminate()
        process.wait()


def wait(url: str) -> None:
    for _ in range(600):
        with contextlib.suppress(httpx.TransportError):
            httpx.get(url, trust_env=False)
            return
        time.sleep(0.05)
    sys.exit(f"{url} does not answer")


def fill(server: Server, count: int) -> dict[str, str]:
    with httpx.Client(base_url=server.url, auth=(server.key, ""), trust_env=False, timeout=60) as client:
        given = {"name": "Deals", "stageNames": "Lead,Won,Lost", "fieldNames": NAMES, "fieldTypes": TYPES}
        reply = client.put("/api/v1/pipelines", json=given)
        pipeline = reply.raise_for_status().json()["key"]
        path = f"/api/v2/pipelines/{pipeline}/boxes"
        for at in range(count):
            reply = client.post(path, json={"name": f"Deal {at}", "fields": FIELDS}).raise_for_status()
        return {"pipeline": pipeline, "box": reply.json()["key"]}


def wrk(server: Server, url: str, connections: int, script: str | None = None) -> Load:
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as file:
        file.write(script or "")
        file.flush()
        command = ["wrk", "-t1", f"-c{connections}", f"-d{SECONDS}", "--latency", "--timeout", "20s"]
        command += ["-H", f"Authorization: {server.authorization}"]
        before = server.cpu()
        script_options = ["-s", file.name] if script else []
        text = subprocess.run(
            [*pinned(1), *command, *script_options, url], check=True, capture_output=True, text=True
        ).stdout
    if "Non-2xx" in text:
        sys.exit(f"{url} refused requests:\n{text}")
    requests = max(int(found(r"(\d+) requests in", text)), 1)
    cpu = (server.cpu() - before) / requests * 1e6
    return Load(float(found(r"Requests/sec:\s+([\d.]+)", text)), latency("50%", text), latency("99%", text), cpu)


def found(pattern: str, text: str) -> str:
    match = re.search(pattern, text)
    assert match, text
    return match[1]


def latency(share: str, text: str) -> float:
    value, unit = re.search(rf"{share}\s+([\d.]+)(us|ms|s)", text).groups()  # type: ignore[union-attr]
    return float(value) * {"us": 0.001, "ms": 1, "s": 1000}[unit]


def write_bare(data: Path) -> float:
    """Boxes a second written in-process, three rows each, 64 to a durable commit: the disk's and SQLite's limit."""
    connection = apsw.Connection(str(data / f"bare-{time.time_ns()}.sqlite3"))
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    for table in ("boxes", "events", "assignments"):
        connection.execute(f"CREATE TABLE {table} (key TEXT PRIMARY KEY, body TEXT)")
    body, made, began = "x" * 900, 0, time.perf_counter()
    while time.perf_counter() - began < SECONDS / 2:
        connection.execute("BEGIN IMMEDIATE")
        for _ in range(64):
            made += 1
            for table in ("boxes", "events", "assignments"):
                connection.execute(f"INSERT INTO {table} VALUES (?, ?)", (f"{made:012}", body))
        connection.execute("COMMIT")
    return made / (time.perf_counter() - began)


def show(rounds: dict[str, list[Load]], inserts: float) -> None:
    def middle(name: str, member: str) -> Any:
        return statistics.median(getattr(load, member) for load in rounds[name])

    limit = middle("bare ASGI, same bytes", "rate")
    print(f"{'':24}{'a second':>10}{'p50 ms':>9}{'p99 ms':>9}{'CPU µs':>9}  ratio")
    for name in rounds:
        rate = middle(name, "rate")
        beside = f"{rate / inserts:.2f} of the bare writer" if name == "create a box" else f"{rate / limit:.2f} of bare"
        row = [middle(name, member) for member in ("p50", "p99", "cpu")]
        print(f"{name:24}{rate:10,.0f}{row[0]:9.2f}{row[1]:9.2f}{row[2]:9.0f}  {beside}")
    print(f"{'bare writer':24}{inserts:10,.0f}")


if __name__ == "__main__":
    main()
