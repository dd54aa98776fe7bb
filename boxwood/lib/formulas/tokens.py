"""Splits a formula into the tokens of the spreadsheet dialect."""

import re
from typing import NamedTuple

from boxwood.lib.formulas.columns import read_reference
from boxwood.lib.formulas.functions import CLOCKS

_TOKEN = re.compile(
    r"(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)(?![\w.])"
    r"|(?P<text>\"(?:[^\"]|\"\")*\"|'(?:[^']|'')*')"
    r"|(?P<word>[A-Z][A-Z0-9_]*)(?![\w$])"
    r"|(?P<javascript>==|&&|\*\*|//|/\*|<<|=>)"
    r"|(?P<operator><>|<=|>=|[-+*/^&%=<>(),;])"
)


class Token(NamedTuple):
    kind: str
    text: str
    start: int


def read(text: str) -> list[Token] | None:
    """The tokens of the formula, or None if it contains anything that is not in the spreadsheet dialect."""
    found: list[Token] = []
    at = 0
    while at < len(text):
        if text[at].isspace():
            at += 1
            continue
        token = _next(text, at)
        if token is None:
            return None
        found.append(token)
        at += len(token.text)
    while found and found[-1].text == ";":
        found.pop()
    return found


def _next(text: str, at: int) -> Token | None:
    if text.startswith("$'", at):
        return Token("column", text[at : read_reference(text, at)[1]], at)
    match = _TOKEN.match(text, at)
    if not match or match.lastgroup in (None, "javascript"):
        return None
    return Token(str(match.lastgroup), match[0], at)


def is_spreadsheet(found: list[Token]) -> bool:
    """Whether the formula contains something that only spreadsheets have. Arithmetic on fields is JavaScript too."""
    ends = [*[token.text for token in found[1:]], ""]
    return any(
        (token.kind == "word" and (after == "(" or token.text in ("TRUE", "FALSE")))
        or (token.kind == "operator" and token.text in ("=", "<>", "&", "^"))
        or (token.text == "%" and after in ("", ")", ",", ";", "*", "/", "%"))
        for token, after in zip(found, ends, strict=True)
    )


def reads_clock(found: list[Token]) -> bool:
    return any(token.text in CLOCKS for token in found if token.kind == "word")
