"""What 100 times as many boxes cost: creates, reads, pages and boards before and after, and the import between.

    bin/bench growth [--from N] [--to N] [--rounds N] [--seconds N] [--postgres]

One server, on a core of its own but for the import. The figure to look at is CPU for one request; what is printed is
Markdown.
"""

import argparse
import contextlib
import statistics
import tempfile
from pathlib import Path

from bench import http
from bench.http import Load
from bench.table import Boxwood, Work, machine

WORKS = ("create", "read a box", "page of 25, filtered and sorted, indexed", "whole board")
MOST = 1.5


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
        url = None
        if options.postgres:
            from tests import postgres

            url = stack.enter_context(postgres.cluster(durable=True)).create_database()
        data = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        limit = stack.enter_context(http.bare())
        server = stack.enter_context(http.served(data, url))
        boxwood = Boxwood(server)
        with http.unpinned(server):
            boxwood.load(0, options.few)
            boxwood.until_found()
        few = measured(boxwood.works(limit), options.rounds)
        before, start = server.cpu(), boxwood.next
        with http.unpinned(server):
            took = boxwood.load(start, options.many - options.few)
            cpu = (server.cpu() - before) / (options.many - options.few) * 1e6
            found = boxwood.until_found()
        many = measured(boxwood.works(limit), options.rounds)
    show(few, many, options)
    rows = options.many - options.few
    print(f"\n{rows:,} boxes imported from CSV in {took:.1f} s: {rows / took:,.0f} a second, {cpu:.1f} µs of CPU each;")
    print(f"search had them all {found:.1f} s later. {options.rounds} rounds of {options.seconds} s, medians.")


def measured(works: list[Work], rounds: int) -> dict[str, list[Load]]:
    chosen = [work for work in works if work.name.startswith(WORKS)]
    return {work.name: [work.do["Boxwood"]() for _ in range(rounds)] for work in chosen}


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
        print(f"| {name} | {figures} | {MOST} |")


if __name__ == "__main__":
    main()
