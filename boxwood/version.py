"""The version, read from the changelog's newest heading: it is written in one place."""

import re
from pathlib import Path

_HEADING = re.compile(r"^## (\d+\.\d+\.\d+)", re.MULTILINE)


def _from_changelog() -> str:
    here = Path(__file__).resolve().parent
    for path in (here / "CHANGELOG.md", here.parent / "CHANGELOG.md"):
        if path.exists() and (found := _HEADING.search(path.read_text(encoding="utf-8"))):
            return found[1]
    raise RuntimeError("CHANGELOG.md is missing: the version is read from it")


VERSION = _from_changelog()
