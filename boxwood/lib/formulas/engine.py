"""Formulas over rows. The engine's process starts with the first formula and is shared by all."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from boxwood.lib.formulas.formula import Formula
from boxwood.lib.formulas.values import Fault, FormulaError, Result, Value, opened
from boxwood.lib.formulas.zones import zone_setting
from boxwood.lib.sandbox import Gone, Overrun, Sandbox

BATCH_ROWS = 1000
BATCH_BYTES = 2_000_000
# The budget of a call for batches that run out of time or memory. A batch without any result costs 2, a batch with some
# results costs 1. It is enough for a single bad row among good rows.
PATIENCE = 4

TOO_SLOW = Fault("#TIMEOUT!", "The formula takes too long")
TOO_LARGE = Fault("#MEMORY!", "The formula uses too much memory")
STOPPED = Fault("#ERROR!", "The formula could not be computed")

Row = Sequence[Value | Fault]

_WORKER = Path(__file__).with_name("worker.py")
_ENCODER = msgspec.json.Encoder()
_DECODER = msgspec.json.Decoder()
_PROBLEM = re.compile(r"(\d+):(\d+):(.*)", re.S)


class Outcome(NamedTuple):
    values: list[Result]  # of the first rows given, at least one
    trouble: Fault | None = None  # why the other rows have no values
    cost: int = 0


class Engine(Sandbox):
    """Computes formulas. Threads may share an engine; their batches wait for each other."""

    def __init__(self) -> None:
        super().__init__(_WORKER, "_quickjs", "quickjs-ng")

    def check(self, formula: Formula) -> None:
        """Raise FormulaError if the engine cannot parse the code."""
        self._run(formula, [], 0, "UTC0")

    def evaluate(self, formula: Formula, rows: Sequence[Row], now_ms: int, zone: str = "UTC") -> list[Result]:
        """The formula's value for each row; a row holds the values of formula.names, in their order."""
        setting = zone_setting(zone)
        results: list[Result] = []
        spent, trouble = 0, STOPPED
        while len(results) < len(rows) and spent < PATIENCE:
            try:
                outcome = self._run(formula, rows[len(results) : len(results) + BATCH_ROWS], now_ms, setting)
            except FormulaError as error:
                trouble = Fault("#ERROR!", str(error))
                break
            results += outcome.values
            spent += outcome.cost
            trouble = outcome.trouble or trouble
        return results + [trouble] * (len(rows) - len(results))

    def _run(self, formula: Formula, rows: Sequence[Row], now_ms: int, zone: str) -> Outcome:
        columns = list(zip(*rows, strict=True)) if rows else [()] * len(formula.names)
        if len(columns) != len(formula.names):
            raise ValueError(f"rows of {len(columns)} values for a formula of {len(formula.names)} columns")
        body = _ENCODER.encode(columns)
        if len(body) > BATCH_BYTES and len(rows) > 1:
            return self._run(formula, rows[: len(rows) // 2], now_ms, zone)
        try:
            state, answer = self.ask(_head(formula, len(rows), now_ms, zone), body)
        except Overrun:
            return Outcome([TOO_SLOW] * len(rows), TOO_SLOW, 2)
        except Gone:
            return Outcome([STOPPED] * len(rows), STOPPED, 2)
        return _outcome(state, answer, len(rows), formula)


def _head(formula: Formula, count: int, now_ms: int, zone: str) -> bytes:
    code = (formula.dialect, ",".join(formula.variables), ",".join(formula.hoisted), formula.js)
    return "\0".join((zone, str(now_ms), str(count), *code)).encode()


def _outcome(state: str, answer: bytes, count: int, formula: Formula) -> Outcome:
    if state == "s":
        raise _misread(answer.decode(), formula)
    values = [opened(packed) for packed in _DECODER.decode(answer)]
    if len(values) == count:
        return Outcome(values)
    if state == "c" and values:
        return Outcome(values)
    trouble = TOO_SLOW if state == "t" else TOO_LARGE
    return Outcome(values, trouble, 1) if values else Outcome([trouble], trouble, 2)


def _misread(problem: str, formula: Formula) -> FormulaError:
    found = _PROBLEM.match(problem)
    if found is None:
        return FormulaError(problem)
    line, column, message = int(found[1]), int(found[2]), found[3]
    lines = formula.js.splitlines(keepends=True)
    if formula.dialect == "spreadsheet" or line < 1:
        return FormulaError(message)
    place = len("".join(lines[: line - 1])) + column - 1
    return FormulaError(message, min(place, len(formula.js)))
