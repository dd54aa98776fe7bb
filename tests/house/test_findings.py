"""Every finding of the outside tests has a test that exists."""

import re

from tests.house.tree import ROOT

PAGE = ROOT / "docs/decisions/findings-2026-11.md"
TEST = re.compile(r"`(tests/[\w/]+\.py)(?:::(\w+))?`")


def test_the_tests_of_all_findings_exist() -> None:
    rows = [
        line for line in PAGE.read_text().splitlines() if line.startswith("| ") and not line.startswith("| finding")
    ]
    missing = []
    for row in rows:
        tests = TEST.findall(row)
        if not tests:
            missing.append(row)
        for path, name in tests:
            source = ROOT / path
            if not source.is_file() or (name and f"def {name}(" not in source.read_text()):
                missing.append(f"{path}::{name}")
    assert missing == []
