"""The table of docs/guide/performance.md: all measurements, compared to PocketBase, in a single run.

    bin/bench table [--boxes N] [--rounds N] [--seconds N] [--only WORD,WORD] [--postgres] [--no-peers]
        [--directus]

Boxwood and its peer run on one core, and the load on another. Imports and exports need no load and use all cores.
Rounds are interleaved, and the figures are medians. The output is Markdown. `--directus` adds Directus, which npm
installs first. `--postgres` runs Boxwood on its own PostgreSQL server, and compares it to pgbench with the same rows.
`bin/bench growth` measures the cost of growing to 1,000,000 boxes, which takes longer.
"""

import argparse
import contextlib
import itertools
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx

from bench import _directus as directus
from bench import _pocketbase as pocketbase
from bench import _webhooks, http
from bench.http import FIELDS, NAMES, TYPES, Load, Server, wrk
from boxwood.jobs import field_indexes

VALUE, DAY = "1002", "1007"
LAST_DAY = 1347451200000


@dataclass
class Work:
    """A row of the table: what each program does for it. `unit` is counted by `rate`."""

    name: str
    do: dict[str, Callable[[], Load]]
    goal: str
    loads: dict[str, list[Load]] = field(default_factory=dict)


def main() -> None:
    parser = argparse.ArgumentParser(prog="bin/bench table")
    parser.add_argument("--boxes", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=3)
    parser.add_argument("--only", default="")
    parser.add_argument("--postgres", action="store_true")
    parser.add_argument("--no-peers", action="store_true")
    parser.add_argument("--directus", action="store_true")
    options = parser.parse_args()
    http.SECONDS = options.seconds
    began = time.perf_counter()
    with contextlib.ExitStack() as stack:
        works, notes = prepared(stack, options)
        wanted = [word for word in options.only.split(",") if word]
        works = [work for work in works if not wanted or any(word in work.name for word in wanted)]
        # Work that adds boxes comes last: a program that created more of them would have to serve larger pages.
        adding = [work for work in works if work.name.startswith(("create", "import"))]
        for some in ([work for work in works if work not in adding], adding):
            for _, work in itertools.product(range(options.rounds), some):
                for name, do in work.do.items():
                    work.loads.setdefault(name, []).append(do())
        notes += [f"{name}: {server.memory():,.0f} MB at the end" for name, server in SERVERS.items()]
        works += webhooks(stack, options, wanted)
    show(works, notes, options, time.perf_counter() - began)


SERVERS: dict[str, Server] = {}


def webhooks(stack: contextlib.ExitStack, options: argparse.Namespace, wanted: list[str]) -> list[Work]:
    """Measure webhooks separately, on their own database, since they need all cores."""
    goals = {_webhooks.SOON: "p50 3, p99 10 ms", _webhooks.DRAINED: "5,000/s" if options.postgres else "6,000/s"}
    if wanted and not any(word in name for word in wanted for name in goals):
        return []
    data = Path(stack.enter_context(tempfile.TemporaryDirectory()))
    url = CLUSTERS[0].create_database() if CLUSTERS else None
    found = _webhooks.loads(data / "webhooks", url, options.rounds)
    return [Work(name, {}, goals[name], {"Boxwood": loads}) for name, loads in found.items()]


CLUSTERS: list[Any] = []


def prepared(stack: contextlib.ExitStack, options: argparse.Namespace) -> tuple[list[Work], list[str]]:
    data = Path(stack.enter_context(tempfile.TemporaryDirectory()))
    notes = [f"load before it began: {os.getloadavg()[0]:.1f}"]
    url = cluster = None
    if options.postgres:
        from tests import postgres

        cluster = stack.enter_context(postgres.cluster(durable=True))
        CLUSTERS.append(cluster)
        url = cluster.create_database()
    limit = stack.enter_context(http.bare())
    started = time.perf_counter()
    server = stack.enter_context(http.served(data, url))
    notes.append(f"Boxwood: {time.perf_counter() - started:.1f} s from command to first answer with an empty database")
    notes.append(f"Boxwood: {server.memory():,.0f} MB, idle")
    SERVERS["Boxwood"] = server
    boxwood = Boxwood(server)
    with http.unpinned(server):
        took = boxwood.load(0, options.boxes)
        found = boxwood.until_found()
    notes.append(f"Boxwood: {options.boxes:,} boxes imported in {took:.1f} s, and {found:.1f} s later found by search")
    works = boxwood.works(limit)
    if not options.no_peers and not options.postgres:
        peer, took = stack.enter_context(pocketbase.served(data / "pocketbase"))
        SERVERS["PocketBase"] = peer
        notes.append(f"PocketBase {pocketbase.VERSION}: {took:.1f} s to first answer, {peer.memory():,.0f} MB idle")
        add_pocketbase(works, peer, options.boxes)
    if options.directus:
        own = cluster.create_database() if cluster else None
        peer, took = stack.enter_context(directus.served(data / "directus", own))
        SERVERS["Directus"] = peer
        notes.append(f"Directus {directus.VERSION}: {took:.1f} s to first answer, {peer.memory():,.0f} MB idle")
        add_directus(works, peer)
    writer = "pgbench, the same rows" if options.postgres else "SQLite in-process, three rows"
    bare = (lambda: pgbench(url, options.seconds)) if url else (lambda: in_process(data))
    works[0].do[writer] = bare
    return works, notes


class Boxwood:
    """The measurements of Boxwood."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.client = httpx.Client(base_url=server.url, auth=(server.key, ""), trust_env=False, timeout=120)
        fields = [{"name": name, "type": kind} for name, kind in zip(NAMES, TYPES, strict=True)]
        given = {"name": "Deals", "stages": ["Lead", "Talks", "Offer", "Won", "Lost"]}
        made = self.client.post("/api/v2/pipelines", json=given).raise_for_status().json()
        self.path = f"/api/v2/pipelines/{made['key']}"
        for given_field in fields:
            self.client.post(f"{self.path}/fields", json=given_field).raise_for_status()
        self.next = 0

    def load(self, start: int, count: int) -> float:
        """Import this many rows of CSV. Returns the seconds until all boxes exist."""
        heading = f"Name,Stage,{','.join(NAMES)}\n"
        table = (heading + "".join(a_row(n) for n in range(start, start + count))).encode()
        began = time.perf_counter()
        headers = {"content-type": "text/csv"}
        started = self.client.post(f"{self.path}/import", content=table, headers=headers).raise_for_status().json()
        while started["state"] in ("waiting", "running"):
            time.sleep(0.02)
            started = self.client.get(f"/api/v2/imports/{started['key']}").json()
        took = time.perf_counter() - began
        if started["created"] != count:
            sys.exit(f"an import failed: {started}")
        self.next = start + count
        return took

    def works(self, limit: Server) -> list[Work]:
        server, url = self.server, self.server.url + self.path
        box = self.client.get(f"{self.path}/boxes?limit=1").json()["results"][0]["key"]
        body = json.dumps({"name": "Acme deal", "notes": "some notes here", "fields": FIELDS})
        by_value = quote(json.dumps({"field": VALUE, "op": "gt", "value": 50_000}))
        by_day = quote(json.dumps({"field": DAY, "op": "gt", "value": LAST_DAY + self.next * 500}))
        by_part = quote(json.dumps({"field": "name", "op": "contains", "value": "77"}))
        indexed, plain = f"filter={by_value}&sort=-{VALUE}&limit=25", f"filter={by_part}&sort=taskTotal&limit=25"
        automatic = f"filter={by_day}&sort=-{DAY}&limit=25"
        for asked in (indexed, automatic):
            self.until_indexed(f"{self.path}/boxes?{asked}")

        def boxwood(url: str, connections: int, script: str | None = None) -> dict[str, Callable[[], Load]]:
            return {"Boxwood": lambda: wrk(server, url, connections, script)}

        return [
            Work("create a box, durable, 64 connections", boxwood(f"{url}/boxes", 64, post(body)), "2"),
            Work(
                "read a box",
                {
                    **boxwood(f"{server.url}/api/v1/boxes/{box}", 32),
                    "bare ASGI, as many bytes": lambda: wrk(limit, limit.url, 32),
                },
                "1",
            ),
            Work("page of 25, filtered and sorted, indexed", boxwood(f"{url}/boxes?{indexed}", 16), "3"),
            Work("page of 25, filtered and sorted, automatic index", boxwood(f"{url}/boxes?{automatic}", 16), "6"),
            Work("page of 25, part of a name, sorted by a count", boxwood(f"{url}/boxes?{plain}", 8), ""),
            Work("list of 1,000", boxwood(f"{url}/boxes?limit=1000", 8), "3"),
            Work("whole board: 50 of each of 5 stages, counts, sums", boxwood(f"{url}/board", 8), "300/s"),
            Work(
                "full-text search",
                boxwood(f"{server.url}/api/v1/search?query={self.next * 7919 // 2 % 100_003}", 16),
                "500/s",
            ),
            Work("import, rows", {"Boxwood": lambda: self.importing(40_000)}, "4"),
            Work("export as CSV, rows", {"Boxwood": lambda: self.exporting("csv")}, "50,000/s"),
            Work("export as JSON lines, rows", {"Boxwood": lambda: self.exporting("jsonl")}, "50,000/s"),
        ]

    def until_indexed(self, path: str) -> None:
        """Wait until the field's index exists. The first request notes that an index is useful, and a job creates it
        later. It exists when pages are fast; pages of few boxes are fast without it."""
        self.client.get(path).raise_for_status()
        time.sleep(field_indexes.SECONDS + 1)
        for _ in range(200):
            began = time.perf_counter()
            self.client.get(path).raise_for_status()
            if time.perf_counter() - began < 0.02:
                return
            time.sleep(0.1)

    def until_found(self) -> float:
        """Wait until the search finds the last imported box. Returns the seconds."""
        began = time.perf_counter()
        while True:
            reply = self.client.get("/api/v1/search", params={"query": f"x{self.next - 1}"}).raise_for_status()
            if reply.json()["results"]["boxes"]:
                return time.perf_counter() - began
            time.sleep(0.2)

    def importing(self, count: int) -> Load:
        before = self.server.cpu()
        with http.unpinned(self.server):
            took = self.load(self.next, count)
            spent = self.server.cpu() - before
            self.until_found()
        return Load(count / took, took * 1000, took * 1000, spent / count * 1e6)

    def exporting(self, form: str) -> Load:
        before, began, lines = self.server.cpu(), time.perf_counter(), 0
        with http.unpinned(self.server), self.client.stream("GET", f"{self.path}/export?format={form}") as reply:
            for piece in reply.iter_raw():
                lines += piece.count(b"\n")
        took = time.perf_counter() - began
        return Load(lines / took, took * 1000, took * 1000, (self.server.cpu() - before) / lines * 1e6)


def a_row(n: int) -> str:
    """A line of CSV; PocketBase gets the same (see `_pocketbase.a_box`)."""
    stage = ("Lead", "Talks", "Offer", "Won", "Lost")[n % 5]
    text = f"Website {n % 97},{n * 7919 % 100_003},north {n % 13},x{n},word{n % 1009},"
    return f"Deal {n} of {n * 7919 % 100_003},{stage},{text},{1347451200000 + n * 1000},{'yes' if n % 2 else 'no'}\n"


def post(body: str) -> str:
    return f"""
wrk.method = "POST"
wrk.body = [[{body}]]
wrk.headers["Content-Type"] = "application/json"
"""


def add_pocketbase(works: list[Work], peer: Server, boxes: int) -> None:
    with http.unpinned(peer):
        took = pocketbase.put(peer, 0, boxes, events=False)
    records = f"{peer.url}/api/collections/boxes/records"
    reply = httpx.get(f"{records}?perPage=1", headers={"Authorization": peer.authorization}, trust_env=False)
    record_id = reply.raise_for_status().json()["items"][0]["id"]
    value = pocketbase.column(1)
    word = boxes * 7919 // 2 % 100_003
    day, days = pocketbase.column(6), LAST_DAY + boxes * 500
    by_value, by_name, by_word = quote(f"{value}>50000"), quote('name~"77"'), quote(f'name~"{word}"')
    made = iter(range(boxes, 10_000_000, 5000))

    def load(url: str, connections: int, script: str | None = None) -> Callable[[], Load]:
        return lambda: wrk(peer, url, connections, script)

    def importing() -> Load:
        before = peer.cpu()
        with http.unpinned(peer):
            took = pocketbase.put(peer, next(made), 5000)
        return Load(5000 / took, took * 1000, took * 1000, (peer.cpu() - before) / 5000 * 1e6)

    pocketbase.add_index(peer)
    asks: dict[str, Callable[[], Load]] = {
        "create": load(f"{peer.url}/api/batch", 64, post(json.dumps(pocketbase.create()))),
        "read a box": load(f"{records}/{record_id}", 32),
        "page of 25, filtered and sorted, indexed": load(
            f"{records}?perPage=25&skipTotal=1&filter={by_value}&sort=-{value}", 16
        ),
        "page of 25, filtered and sorted, automatic index": load(
            f"{records}?perPage=25&skipTotal=1&filter={quote(f'{day}>{days}')}&sort=-{day}", 8
        ),
        "page of 25, part of a name": load(
            f"{records}?perPage=25&skipTotal=1&filter={by_name}&sort={pocketbase.column(5)}", 8
        ),
        "list of 1,000": load(f"{records}?perPage=1000&skipTotal=1", 8),
        "full-text search": load(f"{records}?perPage=20&skipTotal=1&filter={by_word}", 8),
        "import": importing,
    }
    for start, do in asks.items():
        next(work for work in works if work.name.startswith(start)).do["PocketBase"] = do
    print(f"PocketBase: {boxes:,} boxes in {took:.1f} s", file=sys.stderr)


def add_directus(works: list[Work], peer: Server) -> None:
    """Measure with 1,000 boxes: inserting more would take longer than all other measurements."""
    with http.unpinned(peer):
        directus.put(0, 1000)
    items, value = f"{peer.url}/items/boxes", pocketbase.column(6)
    by_value = quote(json.dumps({value: {"_gt": 1347451200000 + 500_000}}))
    made = iter(range(1000, 10_000_000, 500))

    def load(url: str, connections: int, script: str | None = None) -> Callable[[], Load]:
        return lambda: wrk(peer, url, connections, script)

    def importing() -> Load:
        before = peer.cpu()
        with http.unpinned(peer):
            took = directus.put(next(made), 500)
        return Load(500 / took, took * 1000, took * 1000, (peer.cpu() - before) / 500 * 1e6)

    asks: dict[str, Callable[[], Load]] = {
        "create": load(items, 64, post(json.dumps(pocketbase.a_box(1)))),
        "read a box": load(f"{items}/1", 32),
        "page of 25, filtered and sorted, indexed": load(f"{items}?limit=25&filter={by_value}&sort=-{value}", 16),
        "list of 1,000": load(f"{items}?limit=1000", 8),
        "import": importing,
    }
    for start, do in asks.items():
        next(work for work in works if work.name.startswith(start)).do["Directus, 1,000 boxes"] = do


def in_process(data: Path) -> Load:
    rate = http.write_bare(data)
    return Load(rate, 0, 0, 1e6 / rate)


PGBENCH = """
\\set n random(1, 1000000000)
BEGIN;
INSERT INTO bench_boxes VALUES (gen_random_uuid()::text, repeat('x', 900));
INSERT INTO bench_events VALUES (gen_random_uuid()::text, repeat('x', 900));
INSERT INTO bench_assignments VALUES (gen_random_uuid()::text, 'u');
COMMIT;
"""


def pgbench(url: str, seconds: int) -> Load:
    import psycopg

    from tests import postgres

    found = postgres.find()
    program = str(found / "pgbench") if found else "pgbench"
    with psycopg.connect(url, autocommit=True) as connection:
        for name in ("boxes", "events", "assignments"):
            connection.execute(f"CREATE TABLE IF NOT EXISTS bench_{name} (key TEXT PRIMARY KEY, body TEXT)")
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as script:
        script.write(PGBENCH)
        script.flush()
        command = [program, "-n", "-c", "64", "-j", "1", "-T", str(max(seconds, 3)), "-f", script.name, url]
        text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    rate = float(http.found(r"tps = ([\d.]+)", text))
    return Load(rate, float(http.found(r"latency average = ([\d.]+)", text)), 0, 0)


def show(works: list[Work], notes: list[str], options: argparse.Namespace, took: float) -> None:
    database = "PostgreSQL" if options.postgres else "SQLite"
    print(f"Boxwood on {database}, {options.boxes:,} boxes in one pipeline, 8 custom fields; {machine()}.\n")
    print("| work | program | a second | p50 ms | p99 ms | CPU µs | ratio | to reach |")
    print("| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |")
    for work in works:
        own = statistics.median(load.rate for load in work.loads["Boxwood"])
        for name, loads in work.loads.items():
            rate, p50, p99, cpu = (
                statistics.median(getattr(load, member) for load in loads) for member in ("rate", "p50", "p99", "cpu")
            )
            beside = "" if name == "Boxwood" else f"{own / rate:.2f}"
            absolute = "/s" in work.goal or "ms" in work.goal
            goal = work.goal if absolute == (name == "Boxwood") and name in ("Boxwood", "PocketBase") else ""
            title = work.name if name == "Boxwood" else ""
            print(f"| {title} | {name} | {rate:,.0f} | {p50:,.2f} | {p99:,.2f} | {cpu:,.0f} | {beside} | {goal} |")
    print("\nRatio: Boxwood's rate to that program's. " + "; ".join(notes) + ".")
    print(f"{options.rounds} rounds of {options.seconds} s, medians; in all {took:.0f} s.")


def machine() -> str:
    found = [line.partition(":")[2].strip() for line in cpuinfo() if line.startswith("model name")]
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    name = found[0] if found else platform.processor()
    return f"{os.cpu_count()} cores ({name}), {memory:.0f} GB, Python {platform.python_version()}"


def cpuinfo() -> Iterator[str]:
    path = Path("/proc/cpuinfo")
    yield from path.read_text().splitlines() if path.exists() else ()
