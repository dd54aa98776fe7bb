"""Words that make a reader guess (STYLE.md, "Plain English") stand nowhere in the project."""

import ast
import re
from pathlib import Path

from tests.house.tree import texts

RIDDLES = re.compile(r"\b(whoever|nobody(?!@)|no more(?! than)|anew|afresh|told)\b", re.IGNORECASE)
DATA = re.compile(r"""(["'])\w+\1""")
"""One quoted word is a value, such as the account `nobody` of an operating system, and not prose."""
LISTS_THEM = {Path("STYLE.md"), Path("tests/house/test_words.py")}
"""Files that name the words in order to forbid them."""
NOT_OURS = ("package-lock.json", ".lock")


def test_no_text_holds_a_word_that_makes_its_reader_guess() -> None:
    found = [
        f"{path}:{number}: {line.strip()[:120]}"
        for path, text in texts()
        if path not in LISTS_THEM and "static" not in path.parts and not path.name.endswith(NOT_OURS)
        for number, line in enumerate(text.splitlines(), 1)
        if RIDDLES.search(DATA.sub("", line))
    ]
    assert found == []


def test_no_variable_is_called_one() -> None:
    found = [f"{path}:{line}" for path, text in texts("*.py") for line in ones(text)]
    assert found == []


def test_the_search_for_such_variables_finds_each_kind() -> None:
    lines = [
        "one = 1",
        "for one in []: pass",
        "def f(one): pass",
        "x = [one for one in []]",
        "lambda one: 1",
        "with f() as one: pass",
    ]
    assert ones("\n".join(lines)) == [1, 2, 3, 4, 5, 6]
    assert ones("f(x.one, 'one')  # one") == []


def ones(source: str) -> list[int]:
    """The lines where a variable or an argument called `one` is bound."""
    lines = set()
    for node in ast.walk(ast.parse(source)):
        argument = isinstance(node, ast.arg) and node.arg == "one"
        variable = isinstance(node, ast.Name) and node.id == "one" and isinstance(node.ctx, ast.Store)
        if argument or variable:
            lines.add(node.lineno)
    return sorted(lines)
