"""The program of the CEL process: run as a script, by path, with nothing of the server in it but the formula
process's way of answering.

The library bounds iterations (10,000), not bytes: `big.map(x, big + x)` asks for gigabytes, so the process is the
sandbox. The kernel ends it when a question takes too long or too much.
"""

import importlib
import json
import os
import sys
from collections import OrderedDict
from typing import Any

sys.path.append(os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "formulas"))
child: Any = importlib.import_module("worker")

CPU_SECONDS = 0.1
KILL_SECONDS = 10.0  # the same, of time on the wall
KEPT = 500
NAMED = 20


class Expressions:
    """Compiled expressions, the latest used of them."""

    def __init__(self, cel: Any, extensions: list[Any]) -> None:
        self.cel = cel
        self.extensions = extensions
        self.environments: dict[str, Any] = {}
        self.kept: OrderedDict[str, Any] = OrderedDict()

    def answer(self, head: str, body: str) -> str:
        try:
            expression = self.compiled(head)
            if not body:
                kind = str(expression.return_type())
                return "t" if kind in ("BOOL", "DYN") else f"esays {kind.lower()}, and must say true or false"
            said = expression.eval(data=json.loads(body)).plain_value()
        except (RuntimeError, ValueError, TypeError, OverflowError) as error:
            return f"e{error}"
        except MemoryError:
            os._exit(1)  # what is left of the heap is in nobody's order
        if said is True or said is False:
            return "t" if said else "f"
        return f"e{said}" if isinstance(said, str) else "esays neither true nor false"

    def compiled(self, head: str) -> Any:
        if head not in self.kept:
            names, _, source = head.partition("\0")
            self.kept[head] = self.environment(names).compile(source)
            if len(self.kept) > KEPT:
                self.kept.popitem(last=False)
        self.kept.move_to_end(head)
        return self.kept[head]

    def environment(self, names: str) -> Any:
        if names not in self.environments:
            if len(self.environments) >= NAMED:
                self.environments.clear()
            variables = {name: self.cel.Type.DYN for name in names.split(",") if name}
            self.environments[names] = self.cel.NewEnv(variables=variables, extensions=self.extensions)
        return self.environments[names]


def serve(expressions: Expressions) -> None:
    while True:
        sizes = child.read_exactly(8)
        head = child.read_exactly(int.from_bytes(sizes[:4], "big")).decode()
        body = child.read_exactly(int.from_bytes(sizes[4:], "big")).decode(errors="replace")
        child.arm(CPU_SECONDS, KILL_SECONDS)
        answer = expressions.answer(head, body).encode(errors="replace")
        child.arm(0, 0)
        child.write(len(answer).to_bytes(4, "big") + answer)


def main(folder: str) -> None:
    for number in (child.signal.SIGINT, child.signal.SIGTERM, child.signal.SIGHUP):
        child.signal.signal(number, child.signal.SIG_IGN)
    sys.path.append(os.path.dirname(folder))
    cel = importlib.import_module("cel_expr_python.cel")
    extensions = [
        importlib.import_module("cel_expr_python.ext.ext_strings").ExtStrings(),
        importlib.import_module("cel_expr_python.ext.ext_math").ExtMath(),
    ]
    expressions = Expressions(cel, extensions)
    child.limit()
    serve(expressions)


if __name__ == "__main__":
    main(sys.argv[1])
