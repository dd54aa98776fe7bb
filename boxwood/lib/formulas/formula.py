"""Parses a formula's text: its dialect, the fields that it reads, and the code to run."""

from collections.abc import Mapping
from typing import Literal

import msgspec

from boxwood.lib.formulas import javascript, tokens
from boxwood.lib.formulas.columns import Columns, read_reference, reference
from boxwood.lib.formulas.spreadsheet import compile_spreadsheet
from boxwood.lib.formulas.values import FormulaError

LONGEST = 20_000  # characters

Dialect = Literal["javascript", "spreadsheet"]


class Formula(msgspec.Struct, frozen=True):
    dialect: Dialect
    names: tuple[str, ...]  # the columns it reads: a row holds their values in this order
    variables: tuple[str, ...]  # what the code calls them
    hoisted: tuple[str, ...]  # what the code assigns without declaring
    js: str
    reads_clock: bool  # whether its value can change when nothing else does


def compile(text: str) -> Formula:  # noqa: A001 - the word of the field
    source = _source(text)
    found = tokens.read(source)
    if found and tokens.is_spreadsheet(found):
        return _spreadsheet(source, found)
    return _javascript(source)


def rename(text: str, names: Mapping[str, str]) -> str:
    """The formula with other names for its columns, otherwise unchanged."""
    source, at, parts = _source(text), 0, []
    found = tokens.read(source)
    words = found if found and tokens.is_spreadsheet(found) else javascript.read(source)
    for word in words:
        if word.kind == "column":
            name = read_reference(word.text, 0)[0]
            parts += [text[at : word.start], reference(names.get(name, name))]
            at = word.start + len(word.text)
    return "".join([*parts, text[at:]])


def _source(text: str) -> str:
    if len(text) > LONGEST:
        raise FormulaError(f"A formula may be {LONGEST} characters long, this one is {len(text)}")
    if any(character == "\0" or "\ud800" <= character <= "\udfff" for character in text):
        raise FormulaError("The formula holds a character that is not text")
    if text.lstrip().startswith("="):
        text = text.replace("=", " ", 1)  # the length stays, so positions stay those of the text
    if not text.strip():
        raise FormulaError("The formula is empty")
    return text


def _spreadsheet(source: str, found: list[tokens.Token]) -> Formula:
    columns = Columns(source)
    code = compile_spreadsheet(found, columns, len(source))
    return _formula("spreadsheet", columns, code, (), tokens.reads_clock(found))


def _javascript(source: str) -> Formula:
    columns = Columns(source)
    return _formula("javascript", columns, *javascript.rewrite(source, columns))


def _formula(dialect: Dialect, columns: Columns, code: str, hoisted: tuple[str, ...], clock: bool) -> Formula:
    return Formula(dialect, tuple(columns.names), tuple(columns.names.values()), hoisted, code, clock)
