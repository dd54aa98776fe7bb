"""The files in deploy/ and the Containerfile fit the program. No container is built here."""

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from boxwood import cli
from tests.conftest import Server
from tests.house.tree import ROOT

CONTAINERFILE = (ROOT / "Containerfile").read_text()
COMPOSE = sorted((ROOT / "deploy").glob("*.yaml"))


def steps() -> list[tuple[str, str]]:
    """The instructions of the Containerfile, with their arguments in one line."""
    text = re.sub(r"^#.*\n", "", CONTAINERFILE, flags=re.MULTILINE).replace("\\\n", " ")
    return [(name, rest.strip()) for name, _, rest in (line.partition(" ") for line in text.splitlines() if line)]


def last_stage() -> dict[str, str]:
    found = steps()
    start = max(at for at, (name, _) in enumerate(found) if name == "FROM")
    return dict(found[start:])


def settings() -> dict[str, str]:
    return dict(part.split("=", 1) for part in shlex.split(last_stage()["ENV"]))


def known_settings() -> set[str]:
    """Every BOXWOOD_… that the program reads."""
    texts = [path.read_text() for path in (ROOT / "boxwood").rglob("*.py")]
    named = {name for text in texts for name in re.findall(r"BOXWOOD_[A-Z0-9_]+", text)}
    options = re.findall(r"--([a-z0-9-]+)", cli._parser()._subparsers._group_actions[0].choices["serve"].format_help())  # type: ignore[union-attr]
    return named | {f"BOXWOOD_{option.upper().replace('-', '_')}" for option in options}


def test_the_container_runs_as_a_user_without_rights_and_keeps_its_data_in_a_volume() -> None:
    stage = last_stage()
    assert stage["USER"] == "10001:10001"
    assert stage["VOLUME"] == settings()["BOXWOOD_DATA"]
    assert stage["EXPOSE"] == settings()["BOXWOOD_PORT"]
    assert json.loads(stage["ENTRYPOINT"]) == ["boxwood"]
    assert {name for name in settings() if name.startswith("BOXWOOD_")} <= known_settings()


def test_what_the_container_is_built_from_is_sent_to_the_build() -> None:
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    sent = [line[1:] for line in lines if line.startswith("!")]
    assert [name for name in sent if not (ROOT / name).exists()] == []
    needed = ["boxwood/cli.py", "ui/package-lock.json", "ui/backend.py", "requirements/runtime.lock", "pyproject.toml"]
    needed += ["CHANGELOG.md", "README.md", "LICENSE", "MANIFEST.in", "docs/api/README.md", "docs/guide/mail.md"]
    assert [name for name in needed if not any(name == each or name.startswith(f"{each}/") for each in sent)] == []


@pytest.mark.one_database
def test_the_health_check_asks_the_server(server: Server) -> None:
    healthcheck = last_stage()["HEALTHCHECK"]
    program, *arguments = json.loads(healthcheck[healthcheck.index("[") :])
    assert program == "python"

    def check(port: str) -> int:
        environment = {**os.environ, "BOXWOOD_PORT": port}
        return subprocess.run(
            [sys.executable, *arguments], env=environment, capture_output=True, check=False
        ).returncode

    assert check(server.url.rpartition(":")[2]) == 0
    assert check("1") != 0


@pytest.mark.parametrize("file", COMPOSE, ids=lambda path: path.name)
def test_a_compose_file_names_settings_commands_and_volumes_that_exist(file: Path) -> None:
    compose: dict[str, Any] = yaml.safe_load(file.read_text())
    known = known_settings()
    for name, service in compose["services"].items():
        mounted = {volume.partition(":")[0] for volume in service["volumes"]}
        assert mounted <= set(compose["volumes"])
        assert set(service.get("depends_on", {})) <= set(compose["services"])
        if service["image"] != "boxwood":
            assert re.search(r":\d+$", service["image"]), f"the image of {name} has a version"
            continue
        assert set(service["environment"]) <= known
        assert cli._parser().parse_args(service["command"]).run
        assert (file.parent / service["build"]["context"] / service["build"]["dockerfile"]).exists()
        assert (service["read_only"], service["cap_drop"]) == (True, ["ALL"])
        assert f"{settings()['BOXWOOD_DATA']}" in {volume.partition(":")[2] for volume in service["volumes"]}
        for port in service.get("ports", []):
            assert port.startswith("127.0.0.1:"), "only a proxy on this machine reaches plain HTTP"
            assert port.endswith(f":{settings()['BOXWOOD_PORT']}")
