"""Lock files pin everything, by hash, and name no address to get it from."""

import json
import re
import tomllib
from pathlib import Path

import pytest

from tests.house.tree import ROOT, files

LOCKS = files("requirements/*.lock")
PIN = re.compile(r"^([a-z0-9-]+)==(\S+)", re.MULTILINE)
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def pins(name: str) -> dict[str, str]:
    return dict(PIN.findall((ROOT / "requirements" / name).read_text()))


def names(requirements: list[str]) -> set[str]:
    return {re.split(r"[\[<>=!~; ]", each)[0].lower().replace("_", "-").replace(".", "-") for each in requirements}


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_a_python_lock_names_no_address(lock: Path) -> None:
    assert re.findall(r"://|file:|^\s*-(?!-hash=sha256:[0-9a-f]{64})\S+", lock.read_text(), re.MULTILINE) == []


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_a_python_lock_has_hashes_for_every_pin(lock: Path) -> None:
    entries = re.split(r"^(?=\S)", lock.read_text(), flags=re.MULTILINE)
    pinned = [entry for entry in entries if entry and not entry.startswith("#")]
    assert pinned
    assert [entry for entry in pinned if not (PIN.match(entry) and "--hash=sha256:" in entry)] == []


@pytest.mark.parametrize("lock", files("*package-lock.json"), ids=lambda path: path.parent.name)
def test_a_node_lock_has_integrity_and_no_address(lock: Path) -> None:
    packages = {name: each for name, each in json.loads(lock.read_text())["packages"].items() if name}
    assert packages
    assert [name for name, each in packages.items() if "integrity" not in each] == []
    assert [name for name, each in packages.items() if "resolved" in each] == []


def test_the_locks_hold_what_the_project_asks_for() -> None:
    """If this fails, run bin/lock."""
    assert names(PROJECT["dependencies"]) - set(pins("runtime.lock")) == set()
    assert names(PROJECT["optional-dependencies"]["dev"]) - set(pins("dev.lock")) == set()


def test_tests_run_with_the_versions_that_users_run() -> None:
    assert pins("runtime.lock").items() <= pins("dev.lock").items()
