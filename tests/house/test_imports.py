"""No two files of `boxwood/` import each other in a ring, imports inside functions and for types included."""

import ast
from pathlib import Path

from tests.house import tree
from tests.house.rings import rings


def test_no_two_files_of_boxwood_import_each_other_in_a_ring() -> None:
    sources = {str(path): text for path, text in tree.texts("boxwood/*.py") if path.parent.name != "migrations"}
    assert len(sources) > 300
    assert rings(imports_of(sources)) == []


def test_every_kind_of_import_closes_a_ring() -> None:
    sources = {
        "boxwood/__init__.py": "",
        "boxwood/core/__init__.py": "",
        "boxwood/core/boxes/__init__.py": "from .edits import edit as edit\n",
        "boxwood/core/boxes/edits.py": "if TYPE_CHECKING:\n    from .. import events\n",
        "boxwood/core/events.py": "def record():\n    from .listeners import LISTENERS\n",
        "boxwood/core/listeners.py": "from boxwood.core import boxes\n",
        "boxwood/app.py": "from .core import listeners\n",
    }
    ring = [
        "boxwood/core/boxes/__init__.py",
        "boxwood/core/boxes/edits.py",
        "boxwood/core/events.py",
        "boxwood/core/listeners.py",
    ]
    assert rings(imports_of(sources)) == [ring]


def imports_of(sources: dict[str, str]) -> dict[str, set[str]]:
    """For each file, the files among `sources` that it imports by name."""
    modules = {_module(path): path for path in sources}
    return {
        path: {modules[name] for name in _imported(path, text, modules) if modules[name] != path}
        for path, text in sources.items()
    }


def _module(path: str) -> str:
    return ".".join(Path(path).with_suffix("").parts).removesuffix(".__init__")


def _imported(path: str, text: str, modules: dict[str, str]) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names if alias.name in modules)
        elif isinstance(node, ast.ImportFrom):
            base = _base(path, node)
            for alias in node.names:
                name = f"{base}.{alias.name}"
                found.update({name if name in modules else base} & modules.keys())
    return found


def _base(path: str, node: ast.ImportFrom) -> str:
    """The module that `from … import` names, as an absolute name."""
    folder = Path(path).parent.parts
    above = folder[: len(folder) - node.level + 1] if node.level else ()
    return ".".join([*above, *([node.module] if node.module else [])])
