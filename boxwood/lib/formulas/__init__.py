"""Formulas of a pipeline's fields, in JavaScript or spreadsheet style, computed in a process with limits.

formula = compile("= ROUND($'Deal size' * 0.1, 2)")
formula.names                                      # ("Deal size",)
engine = Engine()                                  # starts nothing yet
engine.evaluate(formula, [(1250,)], now_ms=...)    # [125]
"""

from boxwood.lib.formulas.dependencies import find_cycle, order
from boxwood.lib.formulas.engine import Engine
from boxwood.lib.formulas.formula import Formula, compile, rename  # noqa: A004 - the word of the field
from boxwood.lib.formulas.values import Date, Fault, FormulaError, Result, Value

__all__ = [
    "Date",
    "Engine",
    "Fault",
    "Formula",
    "FormulaError",
    "Result",
    "Value",
    "compile",
    "find_cycle",
    "order",
    "rename",
]
