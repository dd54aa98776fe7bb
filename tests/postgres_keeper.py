"""Owns a throw-away PostgreSQL server: creates it, obeys start, stop and kill on stdin, and removes
it when stdin ends. Stdin ends with the test run, even if the test run is killed with kill -9."""

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

PATIENCE = 60.0


def main(binaries: str, settings: list[str]) -> None:
    # Ctrl-C goes to pytest, which ends this process by closing stdin.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for polite in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(polite, lambda *_: sys.exit(1))
    # /tmp and not TMPDIR: the path of a socket may have about 100 characters.
    home = Path(tempfile.mkdtemp(prefix="boxwood-pg-", dir="/tmp"))
    server = Server(Path(binaries), home, settings)
    try:
        reply(server.create)
        obey(server)
    finally:
        server.remove()


def obey(server: "Server") -> None:
    verbs = {"start": server.start, "stop": server.stop, "kill": server.kill}
    for line in sys.stdin:
        reply(verbs[line.strip()])


def reply(verb: Callable[[], str | None]) -> None:
    try:
        answer = "ok " + (verb() or "")
    except Exception as error:
        answer = "error " + " ".join(str(error).split())
    # The reader may have ended; the server must be removed all the same.
    with contextlib.suppress(BrokenPipeError):
        print(answer, flush=True)


class Server:
    def __init__(self, binaries: Path, home: Path, settings: list[str]) -> None:
        self.binaries, self.home, self.data, self.log = binaries, home, home / "data", home / "log"
        self.settings = [part for setting in settings for part in ("-c", setting)]
        self.process: subprocess.Popen[bytes] | None = None
        self.was_killed = False

    def create(self) -> str:
        """Create the server and return its location."""
        if account := unprivileged():
            os.chown(self.home, account.pw_uid, account.pw_gid)
        options = ["--no-sync", "--auth=trust", "--username=postgres", "--encoding=UTF8", "--no-locale"]
        if self._run("initdb", "-D", str(self.data), *options).wait() != 0:
            raise RuntimeError(f"initdb failed: {self._last_words()}")
        return str(self.home)

    def start(self) -> None:
        if self.process:
            return
        place = ["-c", "listen_addresses=", "-c", f"unix_socket_directories={self.home}", "-p", "5432"]
        self.process = self._run("postgres", "-D", str(self.data), *place, *self.settings)
        self.was_killed = False
        wait_for(lambda: self._is_ready() or self._is_gone())
        if self._is_gone():
            self.process = None
            raise RuntimeError(f"postgres did not start: {self._last_words()}")

    def stop(self, how: int = signal.SIGINT) -> None:
        if self.process:
            self.process.send_signal(how)
            self.process.wait(PATIENCE)
            self.process = None

    def kill(self) -> None:
        """Kill every process of the server at once, as a power cut would."""
        if not self.process:
            return
        self.process.send_signal(signal.SIGSTOP)  # a stopped parent starts no further children
        for pid in [*children(self.process.pid), self.process.pid]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.wait(PATIENCE)
        self.process, self.was_killed = None, True

    def remove(self) -> None:
        if self.was_killed:
            with contextlib.suppress(RuntimeError):
                self.start()  # finds and frees the shared memory of the killed server
        try:
            self.stop(signal.SIGQUIT)
        except subprocess.TimeoutExpired:
            self.kill()
        shutil.rmtree(self.home, ignore_errors=True)

    def _run(self, program: str, *arguments: str) -> "subprocess.Popen[bytes]":
        environment = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}
        with self.log.open("ab") as log:
            return subprocess.Popen(
                [str(self.binaries / program), *arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.home,
                env=environment,
                **drop_to(unprivileged()),
            )

    def _is_ready(self) -> bool:
        try:
            lines = (self.data / "postmaster.pid").read_text().split("\n")
        except FileNotFoundError:
            return False
        mine = self.process is not None and lines[0] == str(self.process.pid)
        return mine and len(lines) > 7 and lines[7].strip() == "ready"

    def _is_gone(self) -> bool:
        return self.process is None or self.process.poll() is not None

    def _last_words(self) -> str:
        return self.log.read_text(errors="replace")[-500:]


def unprivileged() -> pwd.struct_passwd | None:
    """Return the user that runs the server when the tests run as root: postgres refuses to run as root."""
    if os.geteuid() != 0:
        return None
    accounts = {account.pw_name: account for account in pwd.getpwall()}
    return accounts.get("postgres") or accounts["nobody"]


def drop_to(account: pwd.struct_passwd | None) -> dict[str, Any]:
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []} if account else {}


def children(parent: int) -> list[int]:
    if Path("/proc/self/stat").exists():
        return [pid for pid, owner in map(read_stat, Path("/proc").glob("[0-9]*/stat")) if owner == parent]
    listing = subprocess.run(["ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True, check=True)
    return [int(pid) for pid, owner in map(str.split, listing.stdout.splitlines()) if int(owner) == parent]


def read_stat(path: Path) -> tuple[int, int]:
    try:
        # pid (name) state ppid ...: the name may hold spaces and brackets.
        return int(path.parent.name), int(path.read_text().rpartition(")")[2].split()[1])
    except (FileNotFoundError, ProcessLookupError):
        return 0, 0


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"PostgreSQL was not ready within {PATIENCE:.0f} s")
        time.sleep(0.01)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
