"""The JavaScript dialect: references to fields become variables, everything else stays unchanged.

This file distinguishes code from texts, templates, comments and regular expressions. Only the engine checks the code
itself.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from boxwood.lib.formulas.columns import Columns, read_reference
from boxwood.lib.formulas.values import FormulaError

_SPACE = re.compile(r"\s+|//[^\n\r\u2028\u2029]*|/\*.*?\*/", re.S)
_WORD = re.compile(r"(?:[^\W\d]|\$)(?:\w|\$)*")
_NUMBER = re.compile(r"\.?\d(?:[eE][+-]\d|[\w.])*")
_STRING = re.compile(r'"(?:[^"\\\n]|\\.)*"' + r"|'(?:[^'\\\n]|\\.)*'", re.S)
_TEMPLATE = re.compile(r"(?:[^`\\$]|\\.|\$(?!\{))*(`|\$\{)", re.S)
_REGEX = re.compile(r"/(?![*/])(?:[^/\\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+/\w*")
_PUNCTUATION = re.compile(r"=>|[=!]==?|>>>=?|(?:\*\*|<<|>>|&&|\|\||\?\?)=?|\+\+|--|[-+*/%&|^<>]=?|\?\.|.", re.S)

_BEFORE_VALUE = re.compile("return|typeof|case|in|of|delete|void|instanceof|new|throw|else|do|yield|await")
_BEFORE_PARENTHESIS = re.compile("if|while|for|with")
_DECLARES = re.compile("let|const|var|function|class")
_ASSIGNS = re.compile(r"[-+*/%&|^]?=|(?:\*\*|<<|>>>?|&&|\|\||\?\?)=|\+\+|--")
DEEPEST = 200  # brackets within brackets

_CLOSES = {")": "(", "]": "[", "}": "{"}


class Token(NamedTuple):
    kind: str
    text: str
    start: int


class _Open(NamedTuple):
    bracket: str
    start: int
    control: bool  # the parenthesis of an if or a loop: what follows its end is a statement


class Script(NamedTuple):
    code: str  # with variables for columns
    assigned: tuple[str, ...]  # names it gives a value without declaring them
    reads_clock: bool


def rewrite(text: str, columns: Columns) -> Script:
    tokens = list(read(text))
    code = "".join(_code(token, columns) for token in tokens)
    clock = any(token.kind == "word" and token.text == "Date" for token in tokens)
    return Script(code, _assigned([token for token in tokens if token.kind != "space"]), clock)


def _code(token: Token, columns: Columns) -> str:
    if token.kind != "column":
        return token.text
    name, _ = read_reference(token.text, 0)
    # The length stays the same, so that the engine's positions are those of the author's text.
    return columns.variable(name).ljust(len(token.text))


def _assigned(tokens: list[Token]) -> tuple[str, ...]:
    """Names that are assigned without a declaration. In JavaScript `total = …` creates a global; here it becomes a
    variable of the formula."""
    nothing = Token("", "", 0)
    names: dict[str, None] = {}
    for before, token, after in zip([nothing, *tokens], tokens, [*tokens[1:], nothing], strict=False):
        if token.kind != "word" or before.text in (".", "?.") or _DECLARES.fullmatch(before.text):
            continue
        if _ASSIGNS.fullmatch(after.text) or before.text in ("++", "--"):
            names[token.text] = None
    return tuple(names)


def read(text: str) -> Iterator[Token]:
    opened: list[_Open] = []
    last, after_control, at = Token("", "", 0), False, 0
    while at < len(text):
        token = _next(text, at, opened, _value_may_follow(last, after_control))
        yield token
        at += len(token.text)
        if token.kind == "space":
            continue
        after_control = _track(token, last, opened)
        last = token
    if opened:
        raise FormulaError(f"This “{opened[-1].bracket}” is not closed", opened[-1].start)


def _next(text: str, at: int, opened: list[_Open], value: bool) -> Token:
    if text.startswith("$'", at):
        return Token("column", text[at : read_reference(text, at)[1]], at)
    if text[at] == "`" or (text[at] == "}" and opened and opened[-1].bracket == "${"):
        return _template(text, at)
    kinds = [("space", _SPACE), ("word", _WORD), ("number", _NUMBER), ("string", _STRING)]
    for kind, pattern in [*kinds, ("regex", _REGEX)] if value else kinds:
        if found := pattern.match(text, at):
            return Token(kind, found[0], at)
    if text[at] in "\"'":
        raise FormulaError("This text is not closed by a quote", at)
    if text.startswith("/*", at):
        raise FormulaError("This comment is not closed", at)
    found = _PUNCTUATION.match(text, at)
    return Token("punctuation", found[0] if found else text[at], at)


def _template(text: str, at: int) -> Token:
    found = _TEMPLATE.match(text, at + 1)
    if not found:
        raise FormulaError("This template is not closed by a backquote", at)
    return Token("template", text[at : found.end()], at)


def _track(token: Token, last: Token, opened: list[_Open]) -> bool:
    """Update the stack of open brackets. Returns whether this token closes the parenthesis of an `if` or a loop."""
    if token.kind == "template":
        if token.text[0] == "}":
            opened.pop()
        if token.text.endswith("${"):
            opened.append(_Open("${", token.start, False))
        return False
    if token.kind != "punctuation":
        return False
    if token.text in ("(", "[", "{"):
        opened.append(_Open(token.text, token.start, _BEFORE_PARENTHESIS.fullmatch(last.text) is not None))
    if len(opened) > DEEPEST:
        raise FormulaError(f"More than {DEEPEST} brackets within brackets", token.start)
    if token.text not in _CLOSES:
        return False
    if not opened or opened[-1].bracket != _CLOSES[token.text]:
        raise FormulaError(f"This “{token.text}” closes nothing", token.start)
    return opened.pop().control and token.text == ")"


def _value_may_follow(last: Token, after_control: bool) -> bool:
    """Whether a `/` here begins a regular expression rather than divides."""
    if last.kind == "word":
        return _BEFORE_VALUE.fullmatch(last.text) is not None
    if last.kind == "template":
        return last.text.endswith("${")
    if last.kind == "punctuation":
        return after_control or last.text not in (")", "]", "++", "--")
    return last.kind == ""
