"""The script of the CEL process. It imports nothing of the server except the protocol of the formula process.

The library limits iterations (10,000), not memory: `big.map(x, big + x)` needs gigabytes. So the process is the
sandbox, and the kernel ends it when a request takes too much time or memory.
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
MOST_CACHED = 500
NAMED = 20


class Expressions:
    """The most recently used compiled expressions."""

    def __init__(self, cel: Any, extensions: list[Any]) -> None:
        self.cel = cel
        self.extensions = extensions
        self.environments: dict[str, Any] = {}
        self.cache: OrderedDict[str, Any] = OrderedDict()

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
            os._exit(1)  # the heap may be inconsistent
        if said is True or said is False:
            return "t" if said else "f"
        return f"e{said}" if isinstance(said, str) else "esays neither true nor false"

    def compiled(self, head: str) -> Any:
        if head not in self.cache:
            names, _, source = head.partition("\0")
            self.cache[head] = self.environment(names).compile(source)
            if len(self.cache) > MOST_CACHED:
                self.cache.popitem(last=False)
        self.cache.move_to_end(head)
        return self.cache[head]

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
