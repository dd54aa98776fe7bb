"""Boxwood as users run it: a separate process, which can be killed."""

import atexit
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx

from tests.conftest import Store

ROOT = Path(__file__).parent.parent
MAIN = "from boxwood.cli import main; main()"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "boxwood", *arguments]


def store_options(store: Store) -> list[str]:
    return ["--data", str(store.data), *(["--database-url", store.url] if store.url else [])]


def run(*arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command(*arguments), cwd=ROOT, capture_output=True, text=True, check=check, timeout=300)


class Process:
    """`boxwood serve` on a free port. `setup` is Python that runs first in its process."""

    def __init__(self, store: Store, *options: str, setup: str = "", log: Path | None = None) -> None:
        self.store, self.options, self.port = store, options, free_port()
        self.program = command() if not setup else [sys.executable, "-c", f"{setup}\n{MAIN}"]
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = log or store.data / "log"
        self.start()
        atexit.register(self.end)

    def start(self) -> None:
        options = [*store_options(self.store), "--port", str(self.port), "--no-sample", *self.options]
        with self.log.open("a") as log:
            self.process = subprocess.Popen(
                [*self.program, "serve", *options], cwd=ROOT, stdout=log, stderr=log, start_new_session=True
            )
        deadline = time.monotonic() + 120
        while True:
            try:
                if httpx.get(f"{self.url}/healthz", timeout=10, verify=False, trust_env=False).status_code == 200:
                    return
            except httpx.TransportError:
                pass
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.05)

    def kill(self) -> None:
        """Kill the process at once, as a power cut would."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def end(self) -> None:
        """End the process, whatever the result of the test."""
        if self.process.poll() is None:
            self.kill()

    def stop(self) -> int:
        """Stop the process as an operator would; return the exit code."""
        if self.process.poll() is None:
            self.process.terminate()
        return self.process.wait(timeout=120)


class Workers:
    """`boxwood worker` processes beside a server that sends no webhooks itself. `setup` as above. They end with the
    block, whatever the result of the test."""

    def __init__(self, store: Store, *options: str, setup: str) -> None:
        self.program = [sys.executable, "-c", f"{setup}\n{MAIN}", "worker", *store_options(store), *options]
        self.log = store.data / "worker-log"
        self.running: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> "Workers":
        return self

    def __exit__(self, *_: object) -> None:
        while self.running:
            self.kill_the_oldest()

    def start(self) -> None:
        with self.log.open("a") as log:
            self.running.append(subprocess.Popen(self.program, cwd=ROOT, stdout=log, stderr=log))

    def kill_the_oldest(self) -> None:
        victim = self.running.pop(0)
        victim.kill()
        victim.wait()

    def stop(self) -> list[int]:
        stopped, self.running = self.running, []
        for process in stopped:
            process.terminate()
        return [process.wait(timeout=120) for process in stopped]
