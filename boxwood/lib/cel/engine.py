"""CEL over records. The engine's process starts with the first expression and is shared by all."""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from boxwood.lib import sandbox

from . import amounts

LONGEST = 5_000
"""The maximum length of an expression, in characters."""
_WORKER = Path(__file__).with_name("worker.py")
_PLACE = re.compile(r"ERROR: <input>:(\d+):(\d+): (.*)")
_STATUS = re.compile(r"^[A-Z_]+: | \[[A-Z_]+\]$")
_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*", re.ASCII)
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.decode


class CelError(ValueError):
    """The expression cannot be parsed, or cannot be evaluated for this data. The text is for its author."""


class Overrun(CelError):
    """The evaluation took too long or too much memory. Another attempt would fail too."""


class Engine(sandbox.Sandbox):
    """Evaluates expressions. Threads may share an engine; their requests wait for each other. Each may use 0.1 s of CPU
    time."""

    def __init__(self) -> None:
        super().__init__(_WORKER, "cel_expr_python.cel", "cel-expr-python")

    def check(self, source: str, names: Iterable[str]) -> None:
        """Raise CelError unless the expression can be parsed, uses only these names, and gives true or false."""
        if not source.strip():
            raise CelError("is empty")
        if len(source) > LONGEST:
            raise CelError(f"is longer than {LONGEST:,} characters")
        how, said = self._ask(source, names, b"")
        if how != "t":
            raise CelError(_plain(said))

    def judge(self, source: str, names: Iterable[str], data: Mapping[str, Any]) -> bool:
        """Whether the expression is true for this data (JSON values and records). A text that is a number counts as
        this number where it meets a number. Raises CelError if the data lacks a member, if the evaluation takes too
        long, or if the result is not true or false."""
        names, body = tuple(names), _encode(data)
        if paths := amounts.paths(source):
            plain = _decode(body)
            for path in paths:
                plain = amounts.with_numbers(plain, path)
            body = _encode(plain)
        how, said = self._ask(source, names, body)
        if how == "e" and amounts.MISFIT.search(said):
            for changed in (amounts.all_numbers, amounts.all_fractions):
                again = self._ask(source, names, _encode(changed(_decode(body))))
                if again[0] != "e":
                    how, said = again
                    break
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
    """The library's message without its codes: the position in the text, and what is wrong there."""
    place = _PLACE.search(said)
    if place:
        line, column, what = place.groups()
        what = what.replace(" (in container '')", "").removesuffix(" [INVALID_ARGUMENT]")
        return f"line {line}, column {column}: {what}" if line != "1" else f"column {column}: {what}"
    return _STATUS.sub("", _STATUS.sub("", said.strip().split("\n")[0]))[:300]
