"""10,000 rows of each formula through the engine's process and back: python bench/formulas.py"""

import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from boxwood.lib.formulas import Engine, Formula, compile  # noqa: A004

ROWS = [(n * 1.5, n % 7 + 1) for n in range(10_000)]
TARGET_MS = 20.0
TEXTS = [
    "$'A' * $'B'",
    "if ($'A' > 5000) { return 'large' } else { return 'small' }",
    "IF($'A' > 5, $'A' * $'B', 0)",
    "ROUND($'A' / $'B', 2)",
    "SUM($'A', $'B')",
]


def main() -> None:
    formulas = [compile(text) for text in TEXTS]
    with Engine() as engine:
        rounds = [[measure(engine, formula) for formula in formulas] for _ in range(16)][1:]
    for text, times in zip(TEXTS, zip(*rounds, strict=True), strict=True):
        median = statistics.median(times)
        print(f"{median:6.1f} ms  {TARGET_MS / median:4.1f} times the target's speed  {text}")


def measure(engine: Engine, formula: Formula) -> float:
    rows = [row[: len(formula.names)] for row in ROWS]
    start = time.perf_counter()
    values = engine.evaluate(formula, rows, 0)
    elapsed = (time.perf_counter() - start) * 1000
    assert len(values) == len(ROWS)
    return elapsed


if __name__ == "__main__":
    main()
