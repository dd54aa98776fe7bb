"""Rules about the tree as a whole."""

import re
import subprocess
from pathlib import Path

import pytest

from tests.house.tree import ROOT, files, texts

LONGEST = 400
LONG = {
    "boxwood/db/moves.py": "a move: stopping writers, the tables of both databases, rows and their digests",
    "boxwood/core/accounts/api_keys.py": "the record of an API key, its secrets and verbs, and who acts with it",
    "boxwood/core/pipelines/validation_rules.py": "a rule: its record, verbs, and how boxes are judged by it",
    "boxwood/db/postgres.py": "the engine of PostgreSQL: connections, transactions, notifications",
    "boxwood/core/pipelines/filters.py": "the language of filters: its tree, its tests and their SQL",
    "boxwood/core/pipelines/columns.py": "everything of a box that lists show, filter and sort by, mostly a line each",
    "boxwood/api/http/openapi.py": "the OpenAPI document: its parameters, and how it is made from routes and shapes",
    "boxwood/api/routes.py": "the table of all routes, a line each",
    "boxwood/core/webhooks/inbound_endpoints.py": "an inbound webhook: its record, its tokens, its verbs and settings",
    "boxwood/core/undo/inverses.py": "how each kind of event is undone",
    "boxwood/core/undo/restore.py": "a function for each noun that the trash holds",
    "boxwood/core/search/index.py": "what the entry of each noun holds, and when it is updated",
    "boxwood/core/webhooks/subscriptions.py": "the record of a subscription, its SQL and its verbs",
    "boxwood/core/webhooks/delivery_queue.py": "how workers take deliveries: endpoints in turn, lanes, batches, leases",
    "boxwood/core/activity/streak/reading.py": "how the JSON of Streak is read, a function for each noun",
    "boxwood/app.py": "connects all parts of the server, a few lines for each",
    "boxwood/core/automations/automations.py": "the record of an automation, its SQL and its verbs",
}
"""Files longer than that, each with the reason why it is still one idea. Length is a hint, not a limit."""
# Directories of a particular machine. /home/USER and /Users/USER in an example belong to no user.
MACHINE_PATH = re.compile(r"(?<![\w.:/-])/(?:work|root|home|Users)/(?!USER\b)[\w.-]+")


def test_a_long_file_stands_in_the_list_with_its_reason() -> None:
    lengths = {str(path): text.count("\n") for path, text in texts("boxwood/*.py") if path.parent.name != "migrations"}
    long = {path for path, length in lengths.items() if length > LONGEST}
    assert long - LONG.keys() == set(), "split it, or put it into LONG with the reason why it is one idea"
    assert LONG.keys() - lengths.keys() == set()


def test_no_file_names_a_place_on_somebodys_machine() -> None:
    ours = [(path, text) for path, text in texts() if "static" not in path.parts]
    found = {str(path): MACHINE_PATH.findall(text) for path, text in ours}
    assert {path: places for path, places in found.items() if places} == {}


def test_core_stays_small_enough_to_read_its_listing() -> None:
    core = {path.relative_to(ROOT / "boxwood/core") for path in files("boxwood/core/*.py")}
    assert len({path.parts[0] for path in core if len(path.parts) > 1}) <= 14
    assert len([path for path in core if len(path.parts) == 1 and path.name != "__init__.py"]) <= 16


def test_every_module_is_in_a_package() -> None:
    folders = {path.parent for path in files("boxwood/*.py") if path.parent.name != "migrations"}
    assert [folder for folder in folders if not (folder / "__init__.py").exists()] == []


@pytest.mark.parametrize("script", files("bin", ".ci"), ids=lambda path: path.name)
def test_scripts_are_executable_and_read_by_bash(script: Path) -> None:
    assert script.stat().st_mode & 0o111
    subprocess.run(["bash", "-n", script], check=True)
