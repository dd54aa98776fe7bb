"""Makes the typed clients from /openapi.json: a Python package and a TypeScript package.

    .venv/bin/python clients/build.py DIRECTORY

Most of both is generated, thousands of lines from the reference, so it is built with a release and not stored. The
parts beside this file are added: retries, pages, Idempotency-Key, signatures of webhooks.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
MODULES = ROOT / "ui" / "node_modules"
BYTES = ("text/csv", "application/x-ndjson", "message/rfc822", "application/x-tar")
"""Types of bodies that openapi-python-client must be informed about: it sends them as bytes."""


def document() -> dict[str, Any]:
    """The reference, as every server of this version has it."""
    sys.path.insert(0, str(ROOT))
    from boxwood.api.http.openapi import describe
    from boxwood.api.routes import ROUTES

    return describe(ROUTES)


def version() -> str:
    found = re.search(r"^## ([0-9.]+)", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert found
    return found[1]


def python(place: Path, reference: dict[str, Any]) -> Path:
    """Make the Python package in `place` and return its directory."""
    (place / "openapi.json").write_text(json.dumps(reference))
    types = dict.fromkeys(BYTES, "application/octet-stream")
    config = {"content_type_overrides": types, "post_hooks": [], "package_version_override": version()}
    (place / "config.json").write_text(json.dumps(config))
    program = Path(sys.executable).with_name("openapi-python-client")
    run(place, program, "generate", "--path", "openapi.json", "--config", "config.json", "--fail-on-warning")
    package = place / "boxwood-client"
    for file in (HERE / "python").glob("*.py"):
        shutil.copy(file, package / "boxwood_client" / file.name)
    shutil.copy(HERE / "python" / "README.md", package / "README.md")
    return package


def typescript(place: Path, reference: dict[str, Any]) -> Path:
    """Make the TypeScript package in `place` and return its directory."""
    package = place / "boxwood-client-ts"
    package.mkdir()
    (package / "openapi.json").write_text(json.dumps(reference))
    (package / "node_modules").symlink_to(MODULES)
    shutil.copy(HERE / "typescript" / "index.ts", package)
    shutil.copy(HERE / "typescript" / "README.md", package)
    described = json.loads((HERE / "typescript" / "package.json").read_text())
    (package / "package.json").write_text(json.dumps({**described, "version": version()}, indent=2))
    run(package, "node", MODULES / "openapi-typescript/bin/cli.js", "openapi.json", "--output", "schema.ts")
    options = ["--strict", "--module", "nodenext", "--target", "es2022", "--types", "node", "--declaration"]
    run(package, "node", MODULES / "ts-native/bin/tsc", *options, "--outDir", "dist", "index.ts")
    (package / "node_modules").unlink()
    return package


def run(place: Path, *command: str | Path) -> None:
    done = subprocess.run(command, cwd=place, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(done.stdout + done.stderr)


def main(place: Path) -> None:
    """Write the wheel of the Python client and the tarball of the TypeScript client to `place`."""
    place = place.resolve()
    work = place / "clients"
    work.mkdir(parents=True)
    reference = document()
    package = python(work, reference)
    run(work, sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", place, package)
    run(work, "npm", "pack", "--silent", "--pack-destination", place, typescript(work, reference))
    shutil.rmtree(work)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
