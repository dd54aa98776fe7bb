"""Every endpoint of the matrix exists, and the page about the matrix is correct."""

import ast
from pathlib import Path

import pytest

from tests.streak.matrix import SENT, rows
from tests.things import Things

HERE = Path(__file__).parent


@pytest.mark.parametrize("row", [pytest.param(row, id=f"{row.method} {row.path}") for row in rows()])
def test_the_endpoint_of_the_row_exists(world, row):
    answer = Things(world).ask(row.method, row.path, row.send)
    assert "Invalid API path specified" not in answer.text
    assert answer.status_code == 200, answer.text
    if not row.path.endswith(("/md", "/contents")):
        assert answer.json() is not None


def test_the_matrix_has_every_pair_once():
    pairs = [(row.method, row.path) for row in rows()]
    assert len(pairs) == len(set(pairs)) == 118
    assert SENT.keys() <= {f"{method} {path}" for method, path in pairs}


def test_every_row_names_existing_tests():
    there = {
        f"{path.stem}::{node.name}"
        for path in HERE.glob("test_*.py")
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.FunctionDef)
    }
    assert all(row.tests for row in rows())
    assert not {row.noun: missing for row in rows() if (missing := {*row.tests} - there)}
