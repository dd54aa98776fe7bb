"""A process that runs what users wrote, seen from the server: one at a time, one request at a time."""

import importlib.util
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

ANSWER_SECONDS = 5.0  # longer than the process lets itself live in one request

WORKER = Path(__file__).with_name("worker.py")
_OUT_OF_TIME = {-signal.SIGPROF, -signal.SIGALRM}


class Overrun(Exception):
    """The process was stopped in the middle of a batch that took too long."""


class Gone(Exception):
    """The process ended for a reason of its own."""


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


def library(module: str, package: str) -> str:
    """The folder of an engine's module, found without loading it here."""
    found = importlib.util.find_spec(module)
    if found is None or found.origin is None:
        raise ModuleNotFoundError(f"the package {package} is needed")
    return str(Path(found.origin).parent)
