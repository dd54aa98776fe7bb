"""A formula's columns under other names."""

import pytest

from boxwood.lib.formulas import compile, rename  # noqa: A004

NAMES = {"A": "Client's \\ size", "B": "1002"}


@pytest.mark.parametrize(
    ("text", "renamed"),
    [
        ("= $'A' + $'B'", "= $'Client\\'s \\\\ size' + $'1002'"),
        ("=SUM($'A',$'C') ", "=SUM($'Client\\'s \\\\ size',$'C') "),
        ("'$A' + \"$'A'\" // $'A'", "'$A' + \"$'A'\" // $'A'"),
        ("`${ $'B' } $'B'`", "`${ $'1002' } $'B'`"),
        ("1", "1"),
    ],
)
def test_references_are_renamed_and_nothing_else(text: str, renamed: str) -> None:
    assert rename(text, NAMES) == renamed


@pytest.mark.parametrize("text", ["$'A' + $'B'", "IF($'A' > 1, $'B', $'A')"])
def test_a_renamed_formula_reads_the_new_names(text: str) -> None:
    assert compile(rename(text, NAMES)).names == tuple(NAMES.values())
    assert rename(rename(text, NAMES), {new: old for old, new in NAMES.items()}) == text
