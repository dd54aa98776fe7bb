"""Processes that run what users wrote, seen from the server: one request at a time."""

import importlib.util
import os
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import Self

ANSWER_SECONDS = 15.0  # longer than the process lets itself live in one request
_OUT_OF_TIME = {-signal.SIGPROF, -signal.SIGALRM}


class Overrun(Exception):
    """The process was stopped in the middle of a batch that took too long."""


class Gone(Exception):
    """The process ended for a reason of its own."""


class Sandbox:
    """A process that starts with the first question and is shared by all threads; each question waits for its turn.

    `program` is what it runs; `module`, of `package`, is the engine that this loads.
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
        """End the process; a later question starts another."""
        with self._lock:
            if self._process is not None:
                self._process.stop()
                self._process = None

    def ask(self, head: bytes, body: bytes) -> tuple[str, bytes]:
        """How it went, by a letter of the program's, and what it answers; Overrun, or Gone twice over."""
        with self._lock:
            try:
                return self._running().ask(head, body)
            except Gone:  # ended while idle, perhaps by the system: once more with a new one
                return self._running().ask(head, body)

    def _running(self) -> "Process":
        process = self._process
        if process is None or process.ended or process.owner != os.getpid():
            process = self._process = Process(self.program, _folder(self.module, self.package))
        return process


class Process:
    """`worker` is the program, `library` the folder of the engine it loads."""

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
        """How it went, by a letter of the worker's, and the values."""
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
        """End it now; what it ended with, if it had ended before."""
        self.ended = True
        self.replies.close()
        self.socket.close()
        try:
            return self.child.wait(timeout=0.2)  # it ends by itself when the socket does
        except subprocess.TimeoutExpired:
            self.child.kill()
            return self.child.wait()

    def _read(self, count: int) -> bytes:
        data = self.replies.read(count)
        if len(data) < count:
            raise EOFError
        return data


def _folder(module: str, package: str) -> str:
    """The folder of an engine's module, found without loading it here."""
    found = importlib.util.find_spec(module)
    if found is None or found.origin is None:
        raise ModuleNotFoundError(f"the package {package} is needed")
    return str(Path(found.origin).parent)
