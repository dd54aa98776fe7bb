"""The script of the process that counts tokens. It imports nothing of the server except the protocol of the formula
process. Once the vocabulary is loaded, it can open no file and no socket."""

import importlib
import os
import sys
from typing import Any

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "formulas"))
child: Any = importlib.import_module("worker")

ENCODING = "o200k_base"
KILL_CPU_SECONDS = 5.0  # a megabyte takes about 20 ms
KILL_SECONDS = 10.0  # the same, of time on the wall


def answer(toktok: Any, head: str, body: str) -> str:
    """The count, or the beginning that has `head` tokens at most, after the count of the whole."""
    if not head:
        return f"c{int(toktok.batch_count([body], ENCODING, threads=1)[0])}"  # a request must not use every core
    beginning, total = toktok.truncate(body, int(head), ENCODING)
    return f"t{total}\0{beginning}"


def serve(toktok: Any) -> None:
    while True:
        sizes = child.read_exactly(8)
        head = child.read_exactly(int.from_bytes(sizes[:4], "big")).decode()
        body = child.read_exactly(int.from_bytes(sizes[4:], "big")).decode()
        child.arm(KILL_CPU_SECONDS, KILL_SECONDS)
        reply = answer(toktok, head, body).encode()
        child.arm(0, 0)
        child.write(len(reply).to_bytes(4, "big") + reply)


def main(folder: str) -> None:
    for number in (child.signal.SIGINT, child.signal.SIGTERM, child.signal.SIGHUP):
        child.signal.signal(number, child.signal.SIG_IGN)
    sys.path.append(os.path.dirname(folder))
    toktok = importlib.import_module("toktok")
    answer(toktok, "", "a")
    child.limit()
    child.resource.setrlimit(child.resource.RLIMIT_NOFILE, (0, 0))  # what is open stays open
    serve(toktok)


if __name__ == "__main__":
    main(sys.argv[1])
