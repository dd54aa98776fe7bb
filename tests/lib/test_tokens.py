"""Token counts are o200k_base's own; o200k_counts.json was counted by two other programs that agree."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from boxwood.lib import tokens

COUNTED = json.loads((Path(__file__).parent / "o200k_counts.json").read_text())


@pytest.fixture(autouse=True, scope="module")
def ended() -> Iterator[None]:
    yield
    tokens.ENGINE.close()


WORDS = st.sampled_from(["the", " The", "'s", "'LL", "\n", "  ", "é", "e\u0301", "12", "//", "中文", "👍🏽", "WORLD"])
TEXTS = st.one_of(st.text(max_size=80), st.lists(WORDS, max_size=40).map("".join))


def test_counts_agree_with_two_other_programs_on_every_text() -> None:
    assert len(COUNTED) == 440
    wrong = [(text, expected, tokens.count(text)) for text, expected in COUNTED if tokens.count(text) != expected]
    assert wrong == []


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 0),
        ("hello world", 2),
        ("🧠", 3),
        ("<|endoftext|>", 7),
        ("a" * 100_000, 12_500),
        (" " * 100_000, 782),
    ],
)
def test_known_counts(text: str, count: int) -> None:
    assert tokens.count(text) == count


@pytest.mark.parametrize(
    ("text", "max_tokens", "kept"),
    [
        ("hello world", 2, "hello world"),
        ("hello world", 1, "hello"),
        ("hello world", 0, ""),
        ("hello world", -1, ""),
        ("hello world", 10**30, "hello world"),
        ("", 3, ""),
        ("🧠 hello", 2, ""),
        ("🧠 hello", 3, "🧠"),
        ("🧠 hello", 4, "🧠 hello"),
    ],
)
def test_a_text_is_cut_between_tokens_and_never_within_a_character(text: str, max_tokens: int, kept: str) -> None:
    assert tokens.truncate(text, max_tokens) == kept


# At four tokens its last character goes, with half of a token shared by two; what stays is split into five.
SHARED = "\ua2e3\u10c1\ub91b"


@settings(max_examples=200, deadline=None)
@given(TEXTS, st.integers(min_value=0, max_value=60))
@example(SHARED, 4)
def test_what_is_kept_is_a_beginning_within_the_limit_and_nothing_more_fits(text: str, limit: int) -> None:
    kept = tokens.truncate(text, limit)
    whole = tokens.count(text)
    assert text.startswith(kept)
    assert tokens.count(kept) <= limit
    if whole <= limit:
        assert kept == text
    else:
        assert tokens.count(text[: len(kept) + 1]) >= limit - 3


def test_half_a_surrogate_pair_counts_as_a_question_mark() -> None:
    assert tokens.count("a\ud800b") == tokens.count("a?b")
    assert tokens.truncate("a\ud800b", 100) == "a?b"


def test_the_library_is_loaded_when_first_used_and_never_in_the_process_of_the_server() -> None:
    code = "import sys; from boxwood.lib import tokens; print(tokens.ENGINE._process); tokens.count('a'); "
    code += "print('toktok' in sys.modules); tokens.ENGINE.close()"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.split() == ["None", "False"]


def test_the_process_that_counts_opens_no_file_and_no_socket_and_starts_again_after_its_end() -> None:
    tokens.count("a")
    process = tokens.ENGINE._process
    assert process is not None
    limits = Path(f"/proc/{process.child.pid}/limits")
    if limits.exists():
        (files,) = [line.split()[3:5] for line in limits.read_text().splitlines() if line.startswith("Max open files")]
        assert files == ["0", "0"]
    process.child.kill()
    process.child.wait()
    assert tokens.count("hello world") == 2
