"""The files of the project that are committed or can be committed."""

import subprocess
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent


def files(*patterns: str) -> list[Path]:
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *patterns]
    listing = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    paths = sorted({ROOT / name for name in listing.stdout.split("\0") if name})
    return [path for path in paths if path.is_file()]


def texts(*patterns: str) -> list[tuple[Path, str]]:
    """The text files, each with its path from the root."""
    found = []
    for path in files(*patterns):
        content = path.read_bytes()
        if b"\0" not in content:
            found.append((path.relative_to(ROOT), content.decode()))
    return found
