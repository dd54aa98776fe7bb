import pytest

from boxwood.lib.formulas import find_cycle, order


def test_what_is_read_comes_before_what_reads_it():
    graph = {"total": ["net", "tax"], "tax": ["net"], "net": ["price"], "note": []}
    placed = order(graph)
    assert sorted(placed) == sorted(graph)
    assert placed.index("net") < placed.index("tax") < placed.index("total")


def test_members_of_a_cycle_come_last():
    assert order({"a": ["b"], "b": ["a"], "c": [], "d": ["a"]}) == ["c", "a", "b", "d"]


def test_a_long_chain_is_ordered():
    graph = {str(n): [str(n + 1)] for n in range(5000)}
    assert order(graph) == [str(n) for n in reversed(range(5000))]
    assert find_cycle(graph) is None


@pytest.mark.parametrize(
    "graph",
    [{}, {"a": []}, {"a": ["x", "y"]}, {"a": ["b", "c"], "b": ["c"], "c": []}, {"a": ["b", "b"], "b": []}],
)
def test_a_graph_without_a_ring(graph):
    assert find_cycle(graph) is None


@pytest.mark.parametrize(
    ("graph", "ring"),
    [
        ({"a": ["a"]}, ["a"]),
        ({"a": ["b"], "b": ["a"]}, ["a", "b"]),
        ({"z": ["a"], "a": ["x", "b"], "b": ["c"], "c": ["a"]}, ["a", "b", "c"]),
        ({"ok": [], "p": ["q"], "q": ["ok", "p"]}, ["p", "q"]),
    ],
)
def test_a_ring_is_found_and_named(graph, ring):
    found = find_cycle(graph)
    assert found == ring
    for key, read in zip(found, [*found[1:], found[0]], strict=True):
        assert read in graph[key]
