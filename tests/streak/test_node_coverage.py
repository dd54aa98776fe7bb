"""Every method of the official Node client is covered by a test."""

import ast
from pathlib import Path


def driven() -> set[str]:
    """Return the client methods that these tests call, found in their source."""
    sources = Path(__file__).parent.glob("test_node_*.py")
    calls = [node for path in sources for node in ast.walk(ast.parse(path.read_text())) if is_call(node)]
    return {ast.unparse(call.func).partition(".")[2] for call in calls}


def is_call(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)


def test_every_method_of_the_client_is_tested(node):
    methods = node.methods()
    assert len(methods) == len(set(methods)) == 48
    assert not set(methods) - driven()
