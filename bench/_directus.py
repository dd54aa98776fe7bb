"""Directus, a headless CMS on Node.js, from npm: what is picked for PostgreSQL. Installing it takes some minutes."""

import contextlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import psycopg.conninfo

from bench._pocketbase import a_box, column
from bench.http import ROOT, TYPES, Server, pinned, wait

VERSION = "11.3.5"
HOME = ROOT / ".cache" / "bench" / f"directus-{VERSION}"
URL = "http://127.0.0.1:8974"
TOKEN = "bench-token-bench-token-bench"
KINDS = {"TEXT_INPUT": "string", "DATE": "bigInteger", "CHECKBOX": "boolean"}


def install() -> Path:
    program = HOME / "node_modules" / "directus" / "cli.js"
    if not program.exists():
        if shutil.which("npm") is None:
            sys.exit("Directus needs Node.js and npm")
        HOME.mkdir(parents=True, exist_ok=True)
        (HOME / "package.json").write_text('{"name": "peer", "private": true}')
        command = ["npm", "install", "--no-audit", "--no-fund", "--loglevel=error", f"directus@{VERSION}"]
        subprocess.run(command, cwd=HOME, check=True)
    return program


@contextlib.contextmanager
def served(data: Path, database_url: str | None) -> Iterator[tuple[Server, float]]:
    """The server with its collection, and the seconds from its start to the first answer."""
    program = str(install())
    data.mkdir(parents=True)
    database = {"DB_CLIENT": "sqlite3", "DB_FILENAME": str(data / "directus.sqlite3")}
    if database_url:
        where = psycopg.conninfo.conninfo_to_dict(database_url)
        database = {"DB_CLIENT": "pg", "DB_HOST": str(where["host"]), "DB_PORT": str(where["port"])}
        database |= {"DB_DATABASE": str(where["dbname"]), "DB_USER": str(where["user"]), "DB_PASSWORD": ""}
    admin = {"ADMIN_EMAIL": "bench@example.com", "ADMIN_PASSWORD": "benchbenchbench", "ADMIN_TOKEN": TOKEN}
    own = {"HOST": "127.0.0.1", "PORT": "8974", "SECRET": "bench" * 8, "LOG_LEVEL": "error", "TELEMETRY": "false"}
    own["PRESSURE_LIMITER_ENABLED"] = "false"  # or it refuses when it is measured
    environment = {**os.environ, **database, **admin, **own}
    subprocess.run(["node", program, "bootstrap"], env=environment, cwd=data, check=True, capture_output=True)
    began = time.perf_counter()
    command = [*pinned(0), "node", program, "start"]
    process = subprocess.Popen(command, env=environment, cwd=data, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait(f"{URL}/server/ping")
        took = time.perf_counter() - began
        columns: list[dict[str, Any]] = [{"field": name, "type": "string"} for name in ("name", "notes", "stage")]
        columns += [{"field": column(n), "type": KINDS[kind]} for n, kind in enumerate(TYPES)]
        key = {"field": "id", "type": "integer", "schema": {"is_primary_key": True, "has_auto_increment": True}}
        fields = [key, *({**column, "schema": {}} for column in columns)]
        ask("POST", "/collections", {"collection": "boxes", "schema": {}, "meta": {}, "fields": fields})
        yield Server(process, URL, TOKEN, f"Bearer {TOKEN}"), took
    finally:
        process.terminate()
        process.wait()


def ask(verb: str, path: str, body: Any = None) -> Any:
    headers = {"Authorization": f"Bearer {TOKEN}"}
    return httpx.request(verb, URL + path, json=body, headers=headers, timeout=300, trust_env=False).raise_for_status()


def put(start: int, count: int) -> float:
    """So many boxes, a hundred to a request; each has its row of activity and one of its revision. Seconds."""
    began = time.perf_counter()
    for at in range(start, start + count, 100):
        ask("POST", "/items/boxes", [a_box(n) for n in range(at, min(at + 100, start + count))])
    return time.perf_counter() - began
