"""The version of the program, read from the newest heading of CHANGELOG.md, so that it is written in one place.

A heading is a version and its date: `## 1.2.3 - 2026-11-30`.
"""

import re
from pathlib import Path

_HEADING = re.compile(r"^## (\d+\.\d+\.\d+)", re.MULTILINE)


def _find() -> str:
    """Return the newest version of the changelog in a clone, and the version of the build in an installed package."""
    clone = Path(__file__).resolve().parent.parent
    if (clone / "pyproject.toml").exists():
        return _newest((clone / "CHANGELOG.md").read_text(encoding="utf-8"))
    from importlib import metadata

    return metadata.version("boxwood")


def _newest(changelog: str) -> str:
    found = _HEADING.search(changelog)
    if found is None:
        raise RuntimeError("CHANGELOG.md has no heading like `## 1.2.3 - 2026-11-30`: the version is read from it")
    return found[1]


VERSION = _find()
