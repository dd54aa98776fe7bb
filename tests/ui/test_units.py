"""Unit tests of the UI that need no browser."""

import subprocess

from tests.house.tree import ROOT


def test_the_logic_of_the_ui(built: None) -> None:
    done = subprocess.run(
        ["npm", "run", "--silent", "test"], cwd=ROOT / "ui", capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-5000:]
