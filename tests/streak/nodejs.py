"""The official Node client, unmodified, in a process of its own and spoken to a line at a time."""

import fcntl
import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.house.tree import ROOT

HERE = Path(__file__).parent / "node"
REROUTE = ROOT / "clients" / "streakapi" / "reroute.cjs"


class Refused(Exception):
    """The promise of the client was rejected."""

    def __init__(self, message: str, statusCode: int | None = None, json: Any = None) -> None:
        super().__init__(message)
        self.status, self.body = statusCode, json


class Program:
    """The running client: `client(key)` uses this API key and is called as in JavaScript."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def client(self, key: str) -> "Name":
        return Name(self, key, "")

    def methods(self) -> list[str]:
        return self.call("", "methods", [])

    def call(self, key: str, name: str, args: list[Any]) -> Any:
        print(json.dumps({"key": key, "call": name, "args": args}), file=self._process.stdin, flush=True)
        answer = json.loads(self._process.stdout.readline())
        if "error" in answer:
            raise Refused(**answer["error"])
        return answer.get("value")


class Name:
    def __init__(self, program: Program, key: str, name: str) -> None:
        self._program, self._key, self._name = program, key, name

    def __getattr__(self, name: str) -> "Name":
        return Name(self._program, self._key, f"{self._name}.{name}".lstrip("."))

    def __call__(self, *args: Any) -> Any:
        return self._program.call(self._key, self._name, [*args])


@contextmanager
def program(url: str) -> Iterator[Program]:
    install()
    command = ["node", "--require", str(REROUTE), "calls.cjs"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, cwd=HERE, env=environment(url), **pipes) as process:
        yield Program(process)
        process.stdin.close()
        assert process.wait(timeout=120) == 0


def environment(url: str) -> dict[str, str]:
    return {"BOXWOOD_URL": url, "PATH": str(Path(shutil.which("node") or "node").parent)}


def install() -> None:
    """Install the client version of the lock file, only once even if several processes run these tests."""
    assert shutil.which("npm"), "Node.js with npm is needed to run the official Node client"
    with (HERE / "package-lock.json").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (HERE / "node_modules" / ".package-lock.json").exists():
            subprocess.run(["npm", "ci", "--silent"], cwd=HERE, check=True)


@contextmanager
def refused(status: int, saying: str = "") -> Iterator[pytest.ExceptionInfo[Refused]]:
    with pytest.raises(Refused) as refusal:
        yield refusal
    assert refusal.value.status == status
    assert refusal.value.body["success"] is False
    assert saying.lower() in str(refusal.value).lower()
