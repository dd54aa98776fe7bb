"""The official inspector of the Model Context Protocol, as its users start it from npm."""

import json
import os
import shutil
import subprocess
import sys
from typing import Any

import pytest

from boxwood.api.mcp import tools
from tests.conftest import World
from tests.processes import ROOT

INSPECTOR = "@modelcontextprotocol/inspector@2.12.0"


def needs() -> str:
    """Why the inspector cannot run here; empty if it can."""
    if not shutil.which("npx") or not shutil.which("node"):
        return "npx is not installed"
    version = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True).stdout
    return "" if int(version[1:].partition(".")[0]) >= 22 else "the inspector needs Node.js 22"


@pytest.mark.long
@pytest.mark.one_database
@pytest.mark.skipif(bool(needs()), reason=needs())
def test_the_inspector_lists_and_calls_tools_over_both_transports(world: World) -> None:
    world.box(world.pipeline(name="Deals"), name="Acme")
    over_http = [f"{world.server.url}/mcp", "--transport", "http", "--header", f"Authorization: Bearer {world.ada.key}"]
    over_stdio = [sys.executable, "-m", "boxwood", "mcp", "--url", world.server.url]

    def inspect(target: list[str], *options: str) -> Any:
        run = subprocess.run(
            ["npx", "--yes", INSPECTOR, "--cli", *target, *options],
            cwd=ROOT,
            env={**os.environ, "BOXWOOD_API_KEY": world.ada.key},
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert run.returncode == 0, run.stderr
        return json.loads(run.stdout)

    for target in (over_http, ["-e", f"BOXWOOD_API_KEY={world.ada.key}", *over_stdio]):
        listed = inspect(target, "--method", "tools/list")["tools"]
        assert [tool["name"] for tool in listed] == [tool.name for tool in tools.TOOLS]
        called = ["--method", "tools/call", "--tool-name", "list_boxes", "--tool-arg", "pipeline=Deals"]
        (box,) = inspect(target, *called)["structuredContent"]["boxes"]
        assert box["name"] == "Acme"
        assert len(inspect(target, "--method", "prompts/list")["prompts"]) == 4
