"""PostgreSQL under Patroni, killed under load: nothing that was confirmed is lost, and a follower misses no event.

The files are those of docs/guide/high-availability.md, with three nodes on one machine.
"""

import contextlib
import itertools
import os
import re
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import psycopg
import pytest

from tests import postgres
from tests.conftest import Store, ok
from tests.faults.test_rolling_restart import from_guide
from tests.postgres_keeper import drop_to, unprivileged
from tests.processes import Process, free_port, run, store_options

PATH = f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/usr/local/bin"
PATRONI, ETCD = shutil.which("patroni", path=PATH), shutil.which("etcd", path=PATH)
TTL = 20
KILLS = int(os.environ.get("BOXWOOD_TEST_FAILOVERS", "4"))


class Nodes:
    """Three nodes, and one etcd."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.chmod(0o755)
        self.ports = {number: free_port() for number in (1, 2, 3)}
        self.rests = {number: free_port() for number in (1, 2, 3)}
        client, peer = free_port(), free_port()
        own = [f"http://127.0.0.1:{port}" for port in (client, peer)]
        self.etcd = self._start(
            "etcd",
            [
                *(str(ETCD), "--name=e0", f"--data-dir={folder}/etcd", f"--initial-cluster=e0={own[1]}"),
                *(f"--listen-client-urls={own[0]}", f"--advertise-client-urls={own[0]}"),
                *(f"--listen-peer-urls={own[1]}", f"--initial-advertise-peer-urls={own[1]}"),
            ],
        )
        self.running: dict[int, subprocess.Popen[bytes]] = {}
        for number in self.ports:
            self._write(number, client)
            self.start(number)

    @property
    def url(self) -> str:
        hosts, ports = ",".join(["127.0.0.1"] * 3), ",".join(map(str, self.ports.values()))
        query = f"host={hosts}&port={ports}&target_session_attrs=read-write&password=CHANGE-2"
        return f"postgresql://postgres@/boxwood?{query}"

    def _write(self, number: int, etcd: int) -> None:
        """The guide's file for this node, with free ports and folders of the test."""
        home = self.folder / f"n{number}"
        home.mkdir()
        text = from_guide("patroni").replace("name: db1", f"name: db{number}")
        text = re.sub(r"hosts: \[.*2379.*\]", f"hosts: ['127.0.0.1:{etcd}']", text)
        text = text.replace("10.0.0.11:8008", f"127.0.0.1:{self.rests[number]}")
        text = text.replace("10.0.0.11:5432", f"127.0.0.1:{self.ports[number]}").replace("10.0.0.0/24", "127.0.0.1/32")
        text = text.replace("/var/lib/postgresql/15/boxwood", f"{home}/data")
        text = text.replace("/usr/lib/postgresql/15/bin", str(postgres.find()))
        text = text.replace("/var/lib/postgresql/.pgpass-patroni", f"{home}/pgpass")
        text = text.replace("mode: automatic", 'mode: "off"')  # there is no watchdog device here
        text = text.replace(
            "\n  authentication:", f"\n  parameters: {{unix_socket_directories: '{home}'}}\n  authentication:"
        )
        (home / "config.yml").write_text(text)
        if account := unprivileged():
            for path in (home, home / "config.yml"):
                os.chown(path, account.pw_uid, account.pw_gid)

    def _start(self, name: str, command: list[str], *, as_postgres: bool = False) -> "subprocess.Popen[bytes]":
        with (self.folder / f"{name}.log").open("a") as log:
            who = drop_to(unprivileged()) if as_postgres else {}
            return subprocess.Popen(command, stdout=log, stderr=log, cwd="/", env={**os.environ, "PATH": PATH}, **who)

    def start(self, number: int) -> None:
        command = [str(PATRONI), str(self.folder / f"n{number}" / "config.yml")]
        self.running[number] = self._start(f"n{number}", command, as_postgres=True)

    def has_role(self, number: int, role: str) -> bool:
        with contextlib.suppress(httpx.HTTPError):
            reply = httpx.get(f"http://127.0.0.1:{self.rests[number]}/{role}", timeout=2, trust_env=False)
            return reply.status_code == 200
        return False

    def leader(self) -> int | None:
        return next((number for number in self.ports if self.has_role(number, "primary")), None)

    def wait_for_leader(self, but: int | None = None, seconds: float = 120) -> int:
        deadline = time.monotonic() + seconds
        while (found := self.leader()) in (None, but):
            assert time.monotonic() < deadline, (self.folder / "n1.log").read_text()[-3000:]
            time.sleep(0.2)
        assert found is not None
        return found

    def wait_for_standbys(self, count: int) -> None:
        deadline = time.monotonic() + 180
        while (
            sum(self.has_role(number, "synchronous") or self.has_role(number, "replica") for number in self.ports)
            < count
        ):
            assert time.monotonic() < deadline
            time.sleep(0.3)

    def kill(self, number: int, *, whole: bool) -> None:
        """Kill PostgreSQL of a node, or the whole node."""
        if whole:
            self.running[number].kill()
            self.running[number].wait()
        pid = int((self.folder / f"n{number}/data/postmaster.pid").read_text().split()[0])
        os.kill(pid, signal.SIGQUIT)

    def end(self) -> None:
        for process in self.running.values():
            process.terminate()
        for process in self.running.values():
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(30)
            process.kill()
            process.wait()
        for number in self.ports:  # what a killed Patroni left
            with contextlib.suppress(FileNotFoundError, ProcessLookupError, ValueError, IndexError):
                os.kill(int((self.folder / f"n{number}/data/postmaster.pid").read_text().split()[0]), signal.SIGQUIT)
        self.etcd.kill()
        self.etcd.wait()


@pytest.fixture
def nodes(tmp_path: Path) -> Iterator[Nodes]:
    folder = Path(f"/tmp/boxwood-ha-{os.getpid()}")
    folder.mkdir()
    running = Nodes(folder)
    yield running
    running.end()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.long
@pytest.mark.skipif(PATRONI is None or ETCD is None, reason="Patroni or etcd is not installed")
def test_failovers_lose_nothing_that_was_confirmed(nodes: Nodes, tmp_path: Path) -> None:
    nodes.wait_for_leader()
    nodes.wait_for_standbys(2)
    with psycopg.connect(nodes.url.replace("/boxwood?", "/postgres?"), autocommit=True) as connection:
        connection.execute("CREATE DATABASE boxwood")
    store = Store("postgres", tmp_path, nodes.url)
    servers = [Process(store, log=tmp_path / f"server-{number}") for number in range(2)]
    key = run("key", "create", "ada@example.com", *store_options(store)).stdout.strip()
    clients = [httpx.Client(base_url=server.url, auth=(key, ""), timeout=60, trust_env=False) for server in servers]
    pipeline = ok(clients[0].post("/api/v2/pipelines", json={"name": "Deals", "stages": ["Lead"]}))["key"]
    confirmed: list[str] = []
    times: list[float] = []
    seen: set[str] = set()
    writing, following = threading.Event(), threading.Event()

    def write(number: int) -> None:
        with httpx.Client(base_url=servers[number % 2].url, auth=(key, ""), timeout=60, trust_env=False) as client:
            while not writing.is_set():
                name = f"{number}-{time.monotonic_ns()}"
                with contextlib.suppress(httpx.HTTPError):
                    if client.post(f"/api/v2/pipelines/{pipeline}/boxes", json={"name": name}).status_code == 200:
                        confirmed.append(name)
                        times.append(time.monotonic())
                        continue
                writing.wait(0.1)

    def follow() -> None:
        last = ""
        while not following.is_set():
            headers = {"last-event-id": last} if last else {}
            with (
                contextlib.suppress(httpx.HTTPError),
                clients[1].stream("GET", "/api/v2/events/stream", headers=headers) as got,
            ):
                for line in got.iter_lines():
                    if line.startswith("id:"):
                        last = line[3:].strip()
                    if found := re.search(r'"boxKey":"([^"]+)"', line):
                        seen.add(found[1])
                    if following.is_set():
                        return
            following.wait(0.2)

    follower = threading.Thread(target=follow, daemon=True)
    follower.start()
    time.sleep(1)
    writers = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for thread in writers:
        thread.start()
    gaps = []
    for number in range(KILLS):
        time.sleep(5)
        leader, killed, whole = nodes.wait_for_leader(), time.monotonic(), number % 2 == 0
        nodes.kill(leader, whole=whole)
        nodes.wait_for_leader(but=leader)
        deadline = time.monotonic() + 60
        while not (times and times[-1] > killed + 3):
            assert time.monotonic() < deadline
            time.sleep(0.2)
        moments = [killed, *(at for at in sorted(times) if at > killed)]
        gaps.append(max(later - at for at, later in itertools.pairwise(moments)))
        if whole:
            nodes.start(leader)
        nodes.wait_for_standbys(2)
    writing.set()
    for thread in writers:
        thread.join()
    with psycopg.connect(nodes.url) as connection:
        rows = connection.execute("SELECT key, name FROM boxes").fetchall()
    keys, names = {row[0] for row in rows}, [row[1] for row in rows]
    deadline = time.monotonic() + 60
    while not keys <= seen and time.monotonic() < deadline:
        time.sleep(0.2)
    following.set()
    follower.join(30)
    print(f"{len(confirmed)} confirmed, {len(names)} stored, longest times without a write {gaps}")
    assert set(confirmed) <= set(names), "confirmed changes are lost"
    assert len(names) == len(set(names)), "changes were saved twice"
    assert keys <= seen, "a follower missed events"
    assert max(gaps) < TTL + 15, gaps
    for server, client in zip(servers, clients, strict=True):
        client.close()
        assert server.stop() == 0
