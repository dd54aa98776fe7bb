"""The order in which to compute formulas that read other formulas, and the detection of rings among them."""

from collections.abc import Collection, Mapping


def order(graph: Mapping[str, Collection[str]]) -> list[str]:
    """The keys of the graph, each after the keys that it reads. The graph gives for each key what it reads.

    Keys that are read but are not in the graph (plain fields) are left out. Members of a cycle come
    last, in the order given.
    """
    waiting = {key: {read for read in reads if read in graph} for key, reads in graph.items()}
    readers: dict[str, list[str]] = {key: [] for key in graph}
    for key, reads in waiting.items():
        for read in reads:
            readers[read].append(key)
    ready = [key for key, reads in waiting.items() if not reads]
    for key in ready:  # the list grows during the loop
        for reader in readers[key]:
            waiting[reader].discard(key)
            if not waiting[reader]:
                ready.append(reader)
    done = set(ready)
    return ready + [key for key in graph if key not in done]


def find_cycle(graph: Mapping[str, Collection[str]]) -> list[str] | None:
    """Some keys that read one another in a ring, each reading the next; None if there is no ring."""
    done: set[str] = set()
    for start in graph:
        path = [start]
        open_reads = [iter(graph[start])]
        while path:
            read = next(open_reads[-1], None)
            if read is None:
                done.add(path.pop())
                open_reads.pop()
            elif read in path:
                return path[path.index(read) :]
            elif read in graph and read not in done:
                path.append(read)
                open_reads.append(iter(graph[read]))
    return None
