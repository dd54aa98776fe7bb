"""The documents are true: their links, commands and paths exist."""

import re
import shlex
from collections import Counter
from pathlib import Path

import pytest

from boxwood import cli
from tests.house.tree import ROOT, files, texts

GUIDES = [(path, text) for path, text in texts("*.md") if "STYLE" not in path.name]
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")
DECISIONS = [path for path in files("docs/decisions/*.md") if path.name != "README.md"]
SECTIONS = ("Context", "Decision", "Cost", "Alternatives")


def commands() -> list[tuple[str, str]]:
    """Every line of a document's shell blocks that runs a program of ours."""
    blocks = ((path, block) for path, text in GUIDES for block in re.findall(r"```(?:sh|bash)\n(.*?)```", text, re.S))
    lines = ((path, line.strip()) for path, block in blocks for line in block.replace("\\\n", " ").splitlines())
    return [(str(path), line) for path, line in lines if re.match(r"(bin/|boxwood )", line)]


@pytest.mark.parametrize(("document", "line"), commands())
def test_a_command_in_a_document_exists(document: str, line: str) -> None:
    program, *arguments = shlex.split(re.split(r" [|>&]", line)[0], comments=True)
    if program.startswith("bin/"):
        assert (ROOT / program).is_file(), f"{document} runs {program}"
        arguments = ["serve", *arguments] if program == "bin/serve" else []
    if arguments:
        assert cli._parser().parse_args(arguments).run


def test_the_readme_opens_with_the_two_commands() -> None:
    first = re.findall(r"```sh\n(.*?)```", (ROOT / "README.md").read_text(), re.S)[0]
    assert [line.split()[0] for line in first.splitlines()] == ["bin/serve", "bin/test"]


def test_the_index_of_decisions_lists_every_page_once() -> None:
    listed = LINK.findall((ROOT / "docs/decisions/README.md").read_text())
    assert sorted(listed) == [path.name for path in DECISIONS]


@pytest.mark.parametrize("page", DECISIONS, ids=lambda path: path.stem)
def test_a_decision_has_its_sections_and_date(page: Path) -> None:
    text = page.read_text()
    assert text.startswith("# Decision: ")
    assert [section for section in SECTIONS if f"\n## {section}\n" not in text] == []
    assert re.search(r"^\d{4}-\d\d-\d\d$", text, re.MULTILINE)


def test_changelog_versions_have_a_date_and_the_newest_is_first() -> None:
    headings = [line for line in (ROOT / "CHANGELOG.md").read_text().splitlines() if line.startswith("## ")]
    found = [re.fullmatch(r"## (\d+)\.(\d+)\.(\d+) - (\d{4}-\d\d-\d\d)", line) for line in headings]
    assert [line for line, match in zip(headings, found, strict=True) if match is None] == []
    versions = [(tuple(map(int, match.groups()[:3])), match[4]) for match in found if match]
    assert versions == sorted(versions, reverse=True)


def test_no_changelog_entry_stands_twice() -> None:
    entries = re.findall(r"^- .*(?:\n  .*)*", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert [entry for entry, count in Counter(entries).items() if count > 1] == []


def test_links_between_documents_lead_somewhere() -> None:
    dead = [
        f"{path}: {target}"
        for path, text in GUIDES
        for target in LINK.findall(text)
        if "://" not in target and not target.startswith("mailto:") and not (ROOT / path.parent / target).exists()
    ]
    assert dead == []


def test_the_architecture_names_files_that_are_there() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text()
    questions = re.search(r"## Where is …\?\n(.*?)\n## ", text, re.S)
    assert questions
    rows = [line for line in questions[1].splitlines() if line.startswith("| Where ")]
    assert len(rows) >= 10
    homes = [home for row in rows for home in re.findall(r"`([a-z_]+/[a-z_/.]+)`", row)]
    there = [home for home in homes if any((ROOT / "boxwood" / f"{home}{end}").exists() for end in ("", ".py"))]
    assert homes == there
