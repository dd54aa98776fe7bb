"""The script of the formula process. It imports nothing of the server.

It reads requests from the socket on its standard input and replies on the same socket. It ends when the server closes
the socket, and the kernel ends it when a batch takes too long.
"""

import os
import resource
import signal
import sys
import time
from collections import OrderedDict
from typing import Any

MEMORY = 512 << 20  # of the process
HEAP = 32 << 20  # of one formula
STACK = 2 << 20  # a quarter of what systems give a process
CPU_SECONDS = 0.2  # the engine stops a batch at this point and returns the finished rows
KILL_CPU_SECONDS = 0.5  # the kernel stops the process if a built-in function never returns to the engine
KILL_SECONDS = 10.0  # the same, of time on the wall
CONTEXTS = 32

SHARED = ("sandbox.js", "runner.js")
SPREADSHEET = (
    "operators.js",
    "amounts.js",
    "written_dates.js",
    "logic.js",
    "numbers.js",
    "texts.js",
    "dates.js",
    "formats.js",
)


class Formulas:
    """The most recently used compiled formulas, each in its own context."""

    def __init__(self, engine: Any) -> None:
        self.engine = engine
        self.preludes = {"javascript": prelude(SHARED), "spreadsheet": prelude(SHARED + SPREADSHEET)}
        self.contexts: OrderedDict[str, tuple[Any, str]] = OrderedDict()

    def answer(self, head: str, body: str) -> str:
        zone, now, count, formula = head.split("\0", 3)
        set_zone(zone)
        fresh = formula not in self.contexts
        answer = self.run(formula, body, float(now), int(count))
        if answer[0] != "m":
            return answer
        crowded = is_crowded()
        if crowded:
            self.contexts.clear()  # other contexts may hold the memory that this formula needs
        self.contexts.pop(formula, None)
        return self.run(formula, body, float(now), int(count)) if crowded or not fresh else answer

    def run(self, formula: str, body: str, now: float, count: int) -> str:
        call, problem = self.context(formula)
        if problem:
            return "s" + problem
        try:
            return str(call("run", body, now, count))
        except self.engine.JSException as error:
            return ("t" if "interrupted" in str(error) else "m") + harvest(call, self.engine.JSException)

    def context(self, formula: str) -> tuple[Any, str]:
        """The way into the formula's context, and what is wrong with the formula."""
        if formula not in self.contexts:
            self.contexts[formula] = self.compile(formula)
        self.contexts.move_to_end(formula)
        if len(self.contexts) > CONTEXTS:
            self.contexts.popitem(last=False)
        return self.contexts[formula]

    def compile(self, formula: str) -> tuple[Any, str]:
        dialect, params, hoisted, source = formula.split("\0", 3)
        context = self.engine.Context()
        context.set_memory_limit(HEAP)
        context.set_max_stack_size(STACK)
        context.set_time_limit(CPU_SECONDS)
        call = context.eval(self.preludes[dialect])
        try:
            return call, str(call("prepare", source, params, dialect, hoisted))
        except self.engine.StackOverflow:
            return call, "0:0:The formula is too long to be read"


def prelude(names: tuple[str, ...]) -> str:
    folder = os.path.join(os.path.dirname(os.path.abspath(__file__)), "js")
    texts = [read(os.path.join(folder, name)) for name in (*names, "control.js")]
    return "(function () {" + "\n".join(texts) + "})()"


def read(path: str) -> str:
    with open(path, encoding="utf-8") as file:
        return file.read()


def harvest(call: Any, error: type[Exception]) -> str:
    try:
        return str(call("harvest"))[1:]
    except error:
        return "[]"


def is_crowded() -> bool:
    try:
        pages = int(read("/proc/self/statm").split()[0])
    except OSError:
        return False  # the system does not report memory, so there is no such limit
    return pages * resource.getpagesize() > MEMORY // 2


def set_zone(zone: str) -> None:
    if os.environ.get("TZ") != zone:
        os.environ["TZ"] = zone
        time.tzset()


def limit() -> None:
    for kind, most in (
        (resource.RLIMIT_AS, MEMORY),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NOFILE, 16),
    ):
        try:  # noqa: SIM105 - contextlib costs a tenth of the start
            resource.setrlimit(kind, (most, most))
        except (ValueError, OSError):
            pass  # the system does not support it; the engine's own limits still apply


def arm(cpu: float, wall: float) -> None:
    """Set the timers whose signals end the process by default, regardless of what it is doing."""
    signal.setitimer(signal.ITIMER_PROF, cpu)
    signal.setitimer(signal.ITIMER_REAL, wall)


def read_exactly(count: int) -> bytes:
    parts = []
    while count:
        part = os.read(0, min(count, 1 << 20))
        if not part:
            os._exit(0)
        parts.append(part)
        count -= len(part)
    return b"".join(parts)


def write(data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(0, view) :]


def serve(formulas: Formulas) -> None:
    while True:
        sizes = read_exactly(8)
        head = read_exactly(int.from_bytes(sizes[:4], "big")).decode()
        body = read_exactly(int.from_bytes(sizes[4:], "big")).decode()
        arm(KILL_CPU_SECONDS, KILL_SECONDS)
        answer = formulas.answer(head, body).encode()
        arm(0, 0)
        write(len(answer).to_bytes(4, "big") + answer)


def main(library: str) -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # the server decides when, by closing the socket
    sys.path.append(library)
    import _quickjs  # the bare engine: the package around it starts a thread pool

    formulas = Formulas(_quickjs)
    limit()
    serve(formulas)


if __name__ == "__main__":
    main(sys.argv[1])
