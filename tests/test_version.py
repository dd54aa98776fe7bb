"""The version of the package is the newest heading of the changelog."""

import pytest

from boxwood import version


def test_the_newest_heading_is_the_version() -> None:
    changelog = "# Changelog\n\n## 1.3.0 - 2026-11-30\n\n### Added\n\n## 1.2.10 - 2026-11-26\n"
    assert version._newest(changelog) == "1.3.0"


def test_a_changelog_without_a_version_is_an_error() -> None:
    with pytest.raises(RuntimeError, match=r"CHANGELOG\.md has no heading"):
        version._newest("# Changelog\n\n## Unreleased\n")
