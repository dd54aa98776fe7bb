"""The server's side of the processes that run formulas and conditions of users. A process handles one request at a
time."""

import importlib.util
import os
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import Self

ANSWER_SECONDS = 15.0  # longer than the process's own limit for a request
_OUT_OF_TIME = {-signal.SIGPROF, -signal.SIGALRM}


class Overrun(Exception):
    """The request took too long, and the process was stopped."""


class Gone(Exception):
    """The process ended by itself."""


class Sandbox:
    """A process that starts with the first request and is shared by all threads. Requests wait for each other.

    `program` is the script that it runs; `module`, from `package`, is the engine that the script loads.
    """

    def __init__(self, program: Path, module: str, package: str) -> None:
        self.program, self.module, self.package = program, module, package
        self._lock = threading.Lock()
        self._process: Process | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the process. A later request starts a new process."""
        with self._lock:
            if self._process is not None:
                self._process.stop()
                self._process = None

    def ask(self, head: bytes, body: bytes) -> tuple[str, bytes]:
        """Send a request. Returns a letter for the outcome, chosen by the program, and the reply. Raises Overrun, and
        Gone if the process ended twice."""
        with self._lock:
            try:
                return self._running().ask(head, body)
            except Gone:  # it ended while idle, perhaps by the system: try again with a new process
                return self._running().ask(head, body)

    def _running(self) -> "Process":
        process = self._process
        if process is None or process.ended or process.owner != os.getpid():
            process = self._process = Process(self.program, _folder(self.module, self.package))
        return process


class Process:
    """A running process. `worker` is the script, `library` the folder of the engine that it loads."""

    def __init__(self, worker: Path, library: str) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            self.child: subprocess.Popen[bytes] = subprocess.Popen(
                [sys.executable, "-I", "-S", str(worker), library],
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                cwd="/",
                env={},
            )
        self.owner = os.getpid()  # a fork inherits this object, not the process
        self.ended = False
        self.socket = ours
        self.socket.settimeout(ANSWER_SECONDS)
        self.replies = ours.makefile("rb")

    def ask(self, head: bytes, body: bytes) -> tuple[str, bytes]:
        """Send a request. Returns a letter for the outcome, chosen by the program, and the reply."""
        sizes = len(head).to_bytes(4, "big") + len(body).to_bytes(4, "big")
        try:
            self.socket.sendall(sizes + head + body)
            answer = self._read(int.from_bytes(self._read(4), "big"))
        except TimeoutError:
            self.stop()
            raise Overrun from None
        except (OSError, EOFError):
            raise (Overrun if self.stop() in _OUT_OF_TIME else Gone) from None
        return chr(answer[0]), answer[1:]

    def stop(self) -> int:
        """End the process and return its exit code."""
        self.ended = True
        self.replies.close()
        self.socket.close()
        try:
            return self.child.wait(timeout=0.2)  # it ends by itself when the socket is closed
        except subprocess.TimeoutExpired:
            self.child.kill()
            return self.child.wait()

    def _read(self, count: int) -> bytes:
        data = self.replies.read(count)
        if len(data) < count:
            raise EOFError
        return data


def _folder(module: str, package: str) -> str:
    """The folder of an engine's module, found without importing it."""
    found = importlib.util.find_spec(module)
    if found is None or found.origin is None:
        raise ModuleNotFoundError(f"the package {package} is needed")
    return str(Path(found.origin).parent)
