"""Import rings: groups of files that import each other, directly or through others of the group."""


def rings(graph: dict[str, set[str]]) -> list[list[str]]:
    """The strongly connected components of more than one file, by Tarjan's algorithm; a file may import itself."""
    order: dict[str, int] = {}
    lowest: dict[str, int] = {}
    path: list[str] = []
    found: list[list[str]] = []

    def visit(file: str) -> None:
        order[file] = lowest[file] = len(order)
        path.append(file)
        for imported in sorted(graph.get(file, ())):
            if imported not in order:
                visit(imported)
                lowest[file] = min(lowest[file], lowest[imported])
            elif imported in path:
                lowest[file] = min(lowest[file], order[imported])
        if lowest[file] == order[file]:
            start = path.index(file)
            if len(path) - start > 1:
                found.append(sorted(path[start:]))
            del path[start:]

    for file in sorted(graph):
        if file not in order:
            visit(file)
    return sorted(found)
