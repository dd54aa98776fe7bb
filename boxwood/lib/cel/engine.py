"""CEL over records. The engine's process starts with the first expression and is shared by all."""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from boxwood.lib import sandbox

LONGEST = 5_000
"""Characters of an expression."""
_WORKER = Path(__file__).with_name("worker.py")
_PLACE = re.compile(r"ERROR: <input>:(\d+):(\d+): (.*)")
_STATUS = re.compile(r"^[A-Z_]+: | \[[A-Z_]+\]$")
_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*", re.ASCII)
_encode = msgspec.json.Encoder().encode


class CelError(ValueError):
    """The expression cannot be read, or could not be judged over this data. The text is for who wrote it."""


class Overrun(CelError):
    """It was judged for too long, or took too much memory: it is not worth asking again."""


class Engine(sandbox.Sandbox):
    """Safe to share between threads; each question waits for its turn, 0.1 s of processor time at most."""

    def __init__(self) -> None:
        super().__init__(_WORKER, "cel_expr_python.cel", "cel-expr-python")

    def check(self, source: str, names: Iterable[str]) -> None:
        """Whether it can be read, knows no other than these names, and says yes or no."""
        if not source.strip():
            raise CelError("is empty")
        if len(source) > LONGEST:
            raise CelError(f"is longer than {LONGEST:,} characters")
        how, said = self._ask(source, names, b"")
        if how != "t":
            raise CelError(_plain(said))

    def judge(self, source: str, names: Iterable[str], data: Mapping[str, Any]) -> bool:
        """Whether it holds of this data (what JSON can hold, and records). What it asks for and is not there is a
        CelError, as is what takes too long or is no yes or no."""
        how, said = self._ask(source, names, _encode(data))
        if how in ("t", "f"):
            return how == "t"
        if how == "o":
            raise Overrun(said)
        raise CelError(_plain(said))

    def _ask(self, source: str, names: Iterable[str], body: bytes) -> tuple[str, str]:
        head = "\0".join((",".join(name for name in names if _NAME.fullmatch(name)), source.replace("\0", " ")))
        try:
            how, answer = self.ask(head.encode(errors="replace"), body)
        except sandbox.Overrun:
            return "o", "it takes too long"
        except sandbox.Gone:
            return "o", "it takes too much memory"
        return how, answer.decode(errors="replace")


def _plain(said: str) -> str:
    """The library's words without its codes: the place in the text, and what is wrong there."""
    place = _PLACE.search(said)
    if place:
        line, column, what = place.groups()
        what = what.replace(" (in container '')", "").removesuffix(" [INVALID_ARGUMENT]")
        return f"line {line}, column {column}: {what}" if line != "1" else f"column {column}: {what}"
    return _STATUS.sub("", _STATUS.sub("", said.strip().split("\n")[0]))[:300]
