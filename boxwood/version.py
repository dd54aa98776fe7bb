"""The version, read from the changelog's newest heading: it is written in one place."""

import re
from pathlib import Path

_HEADING = re.compile(r"^## (\d+\.\d+\.\d+)", re.MULTILINE)


def _find() -> str:
    """A clone has the changelog; an installed package has what the changelog said when it was built."""
    clone = Path(__file__).resolve().parent.parent
    if (clone / "pyproject.toml").exists():
        return _newest((clone / "CHANGELOG.md").read_text(encoding="utf-8"))
    from importlib import metadata

    return metadata.version("boxwood")


def _newest(changelog: str) -> str:
    found = _HEADING.search(changelog)
    if found is None:
        raise RuntimeError("CHANGELOG.md has no heading like `## 1.2.3`: the version is read from it")
    return found[1]


VERSION = _find()
