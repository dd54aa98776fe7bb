"""What 100 times as many boxes cost: creates, reads, pages and boards, and the import of all of them.

    bin/bench growth [--from N] [--to N] [--rounds N] [--seconds N] [--postgres]

There is a server for each size. It has its own core, except during the import. The most reliable figure is the CPU time
of a request. The output is Markdown.
"""

import argparse
import contextlib
import statistics
import tempfile
import time
from pathlib import Path

from bench import http
from bench.http import Load, Server
from bench.table import Boxwood, machine

WORKS = ("create", "read a box", "page of 25, filtered and sorted, indexed", "whole board")
MOST = 1.5
FIRST_BOARD = "whole board, the first: all boxes counted"


def main() -> None:
    parser = argparse.ArgumentParser(prog="bin/bench growth")
    parser.add_argument("--from", type=int, default=10_000, dest="few")
    parser.add_argument("--to", type=int, default=1_000_000, dest="many")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=3)
    parser.add_argument("--postgres", action="store_true")
    options = parser.parse_args()
    http.SECONDS = options.seconds
    with contextlib.ExitStack() as stack:
        cluster = None
        if options.postgres:
            from tests import postgres

            cluster = stack.enter_context(postgres.cluster(durable=True))
        limit = stack.enter_context(http.bare())

        def filled(count: int) -> tuple[dict[str, list[Load]], str]:
            with (
                tempfile.TemporaryDirectory() as data,
                http.served(Path(data), cluster and cluster.create_database()) as server,
            ):
                boxwood = Boxwood(server)
                sentence = load(boxwood, count)
                return measured(boxwood, limit, options.rounds), sentence

        (few, _), (many, sentence) = filled(options.few), filled(options.many)
    show(few, many, options)
    print(f"\n{sentence}\n{options.rounds} rounds of {options.seconds} s, medians.")


def load(boxwood: Boxwood, count: int) -> str:
    """Import the boxes before the first page sorted by a field: creating an index later is faster than updating it."""
    before = boxwood.server.cpu()
    with http.unpinned(boxwood.server):
        took = boxwood.load(0, count)
        cpu = (boxwood.server.cpu() - before) / count * 1e6
        found = boxwood.until_found()
    rate = f"{took:.1f} s: {count / took:,.0f} a second, {cpu:.1f} µs of CPU each"
    return f"{count:,} boxes imported from CSV in {rate}; search had them all {found:.1f} s later."


def measured(boxwood: Boxwood, limit: Server, rounds: int) -> dict[str, list[Load]]:
    chosen = [work for work in boxwood.works(limit) if work.name.startswith(WORKS)]
    *first, board = chosen
    found = {work.name: [work.do["Boxwood"]() for _ in range(rounds)] for work in first}
    found[FIRST_BOARD] = [just_after(boxwood, "put", "", {"name": f"Deals {number}"}) for number in range(rounds)]
    # The last of these leaves the board's response in the cache, where it stays until something changes.
    a_box = {"name": "A change"}
    found["whole board, just after a change"] = [just_after(boxwood, "post", "/boxes", a_box) for _ in range(rounds)]
    return {**found, board.name: [board.do["Boxwood"]() for _ in range(rounds)]}


def just_after(boxwood: Boxwood, verb: str, path: str, body: dict[str, str]) -> Load:
    """The load of a single request for the board after a change. After a new box the server counts only the box's part
    of the board. After the pipeline was renamed it counts everything, as for the very first board."""
    boxwood.client.request(verb, f"{boxwood.path}{path}", json=body).raise_for_status()
    before, began = exact_cpu(boxwood.server), time.perf_counter()
    boxwood.client.get(f"{boxwood.path}/board").raise_for_status()
    took = time.perf_counter() - began
    return Load(1 / took, took * 1000, took * 1000, (exact_cpu(boxwood.server) - before) * 1e6)


def exact_cpu(server: Server) -> float:
    """CPU seconds of the server's threads so far, in steps of nanoseconds. The process's clock has steps of 10 ms."""
    tasks = Path(f"/proc/{server.process.pid}/task").glob("*/schedstat")
    return sum(int(task.read_text().split()[0]) for task in tasks) / 1e9


def show(few: dict[str, list[Load]], many: dict[str, list[Load]], options: argparse.Namespace) -> None:
    database = "PostgreSQL" if options.postgres else "SQLite"
    print(f"Boxwood on {database}, from {options.few:,} to {options.many:,} boxes in one pipeline; {machine()}.\n")
    print(f"| work | CPU µs at {options.few:,} | at {options.many:,} | times | a second, before | after | to reach |")
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: |")
    for name, loads in few.items():
        cpu, rate = (
            [statistics.median(getattr(load, member) for load in each) for each in (loads, many[name])]
            for member in ("cpu", "rate")
        )
        figures = f"{cpu[0]:,.0f} | {cpu[1]:,.0f} | {cpu[1] / cpu[0]:.2f} | {rate[0]:,.0f} | {rate[1]:,.0f}"
        print(f"| {name} | {figures} | {'' if name == FIRST_BOARD else MOST} |")


if __name__ == "__main__":
    main()
