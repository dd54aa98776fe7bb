"""Every operation of the official Python client is covered by a test."""

import ast
import inspect
from pathlib import Path

from streak_crm import AsyncStreak, Streak

NOUNS = [
    "api_keys",
    "boxes",
    "comments",
    "contacts",
    "meetings",
    "organizations",
    "pipeline_stages",
    "pipelines",
    "tasks",
    "teams",
    "users",
]


def operations(client: Streak | AsyncStreak) -> set[str]:
    """Return the operations of the client, as `noun.operation`, and `search`."""
    of_nouns = {f"{noun}.{name}" for noun in NOUNS for name in methods(getattr(client, noun))}
    return of_nouns | set(methods(client))


def methods(thing: object) -> list[str]:
    return [name for name, _ in inspect.getmembers(type(thing), inspect.isfunction) if not name.startswith("_")]


def driven() -> set[str]:
    """Return the operations that these tests call, found in their source."""
    sources = Path(__file__).parent.glob("test_sdk_*.py")
    calls = [node for path in sources for node in ast.walk(ast.parse(path.read_text())) if is_call(node)]
    return {".".join(ast.unparse(call.func).split(".")[-2:]).removeprefix("ada.") for call in calls}


def is_call(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)


def test_every_resource_of_the_client_is_known():
    client = Streak(token="none")
    nouns = [name for name, of in vars(Streak).items() if isinstance(of, property)]
    assert {*nouns} - {"with_raw_response"} == {*NOUNS}
    assert operations(client) == operations(AsyncStreak(token="none"))
    assert len(operations(client)) == 58


def test_every_operation_of_the_client_is_tested():
    assert not operations(Streak(token="none")) - driven()
