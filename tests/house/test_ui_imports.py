"""No two files of the web UI import each other in a ring, type-only and dynamic imports included."""

import os.path
import re
from pathlib import PurePosixPath

from tests.house import tree
from tests.house.rings import rings

# `from "./x"`, `import "./x"` and `import("./x")`.
IMPORT = re.compile(r"""\b(?:from|import)\s*\(?\s*["'](\.{1,2}(?:/[^"']*)?)["']""")


def test_no_two_files_of_the_ui_import_each_other_in_a_ring() -> None:
    sources = {path.as_posix(): text for path, text in tree.texts("ui/src/*.ts", "ui/src/*.tsx")}
    assert len(sources) > 100
    assert rings(imports_of(sources)) == []


def test_every_kind_of_import_closes_a_ring() -> None:
    sources = {
        "src/app/Frame.tsx": 'import { SCREENS } from "../screens";\n',
        "src/screens/index.ts": 'export const SCREENS = [() => import("./Board")];\n',
        "src/screens/Board.tsx": 'import {\n  type Card,\n} from "../board/card";\nimport "./Board.css";\n',
        "src/board/card.ts": 'export type { Pipeline } from "../app/Frame";\nimport { useState } from "react";\n',
        "src/main.tsx": 'import "./app/Frame";\n',
    }
    ring = ["src/app/Frame.tsx", "src/board/card.ts", "src/screens/Board.tsx", "src/screens/index.ts"]
    assert rings(imports_of(sources)) == [ring]


def test_rings_are_found_and_chains_are_not() -> None:
    chain: dict[str, set[str]] = {"a": {"b", "c"}, "b": {"c"}, "c": set()}
    assert rings(chain) == []
    assert rings({**chain, "c": {"a"}}) == [["a", "b", "c"]]
    assert rings({**chain, "d": {"e", "a"}, "e": {"d"}}) == [["d", "e"]]


def imports_of(sources: dict[str, str]) -> dict[str, set[str]]:
    """For each file, the files among `sources` that it imports by a relative path."""
    graph: dict[str, set[str]] = {}
    for path, text in sources.items():
        folder = PurePosixPath(path).parent
        targets = [os.path.normpath(folder / name) for name in IMPORT.findall(text)]
        graph[path] = {file for target in targets for file in spellings(target) if file in sources}
    return graph


def spellings(target: str) -> list[str]:
    return [target, f"{target}.ts", f"{target}.tsx", f"{target}/index.ts", f"{target}/index.tsx"]
