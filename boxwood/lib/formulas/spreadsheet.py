"""The spreadsheet dialect, compiled to calls of the functions in js/."""

import math
from difflib import get_close_matches

import msgspec

from boxwood.lib.formulas.columns import Columns, read_reference
from boxwood.lib.formulas.functions import FUNCTIONS, LAZY, RANGES, Function
from boxwood.lib.formulas.tokens import Token
from boxwood.lib.formulas.values import FormulaError

DEEPEST = 64  # brackets within brackets, as in other spreadsheets

_BINARY = {
    "=": (1, "equal"),
    "<>": (1, "unequal"),
    "<": (1, "less"),
    ">": (1, "more"),
    "<=": (1, "atMost"),
    ">=": (1, "atLeast"),
    "&": (2, "join"),
    "+": (3, "add"),
    "-": (3, "subtract"),
    "*": (4, "multiply"),
    "/": (4, "divide"),
    "^": (5, "power"),
}


def compile_spreadsheet(found: list[Token], columns: Columns, length: int) -> str:
    parser = _Parser([*found, Token("end", "", length)], columns)
    code = parser.expression()
    parser.expect("end", "")
    return code


class _Parser:
    def __init__(self, found: list[Token], columns: Columns) -> None:
        self.tokens = found
        self.columns = columns
        self.at = 0
        self.depth = 0

    @property
    def token(self) -> Token:
        return self.tokens[self.at]

    def take(self) -> Token:
        self.at += 1
        return self.tokens[self.at - 1]

    def expect(self, kind: str, text: str) -> None:
        token = self.take()
        if (token.kind, token.text) != (kind, text):
            wanted = f"“{text}”" if text else "the end"
            raise FormulaError(f"Expected {wanted}, found {_shown(token)}", token.start)

    def expression(self, level: int = 1) -> str:
        left = self.signed()
        while self.token.kind == "operator" and _BINARY.get(self.token.text, (0, ""))[0] >= level:
            found, name = _BINARY[self.take().text]
            left = f"S.{name}({left},{self.expression(found + 1)})"
        return left

    def signed(self) -> str:
        """A sign binds closer than a power, as in other spreadsheets: -2^2 is 4."""
        signs = []
        while self.token.text in ("+", "-"):
            signs.append(self.take().text)
        code = self.operand()
        while self.token.text == "%" and self.take():
            code = f"S.percent({code})"
        minuses = signs.count("-")
        return code if minuses == 0 else f"S.minus({code})" if minuses % 2 else f"S.minus(S.minus({code}))"

    def operand(self) -> str:
        token = self.take()
        if token.kind == "number":
            return _number(token)
        if token.kind == "text":
            quote = token.text[0]
            return msgspec.json.encode(token.text[1:-1].replace(quote * 2, quote)).decode()
        if token.kind == "column":
            return self.cell(token)
        if token.kind == "word":
            return self.call(token)
        if token.text == "(":
            return self.bracketed(token)
        raise FormulaError(f"Expected a value, found {_shown(token)}", token.start)

    def bracketed(self, token: Token) -> str:
        self.deeper(token)
        code = self.expression()
        self.expect("operator", ")")
        self.depth -= 1
        return f"({code})"

    def call(self, word: Token) -> str:
        if self.token.text != "(" and word.text in ("TRUE", "FALSE"):
            return word.text.lower()
        function = _function(word)
        self.expect("operator", "(")
        self.deeper(word)
        arguments = self.arguments(function)
        self.depth -= 1
        _count(function, len(arguments), word)
        if function.name == "IF":
            return f"(S.truth({arguments[0]})?{arguments[1]}:{[*arguments, 'false'][2]})"
        return f"S.{function.name}({','.join(arguments)})"

    def arguments(self, function: Function) -> list[str]:
        given: list[str] = []
        if self.token.text == ")":
            self.take()
            return given
        while True:
            given.append(self.argument(function))
            if self.token.text not in (",", ";"):
                self.expect("operator", ")")
                return given
            self.take()

    def argument(self, function: Function) -> str:
        start = self.at
        code = "null" if self.token.text in (",", ";", ")") else self.expression()
        if function.name in LAZY:
            return f"()=>{code}"
        alone = self.at == start + 1 and self.tokens[start].kind == "column"
        return self.range_of(self.tokens[start]) if alone and function.name in RANGES else code

    def cell(self, token: Token) -> str:
        cell = self.variable(token)
        return f'(typeof {cell}==="object"?S.value({cell}):{cell})'

    def range_of(self, token: Token) -> str:
        cell = self.variable(token)
        return f'(typeof {cell}==="number"?{cell}:[S.value({cell})])'

    def variable(self, token: Token) -> str:
        return self.columns.variable(read_reference(token.text, 0)[0])

    def deeper(self, token: Token) -> None:
        self.depth += 1
        if self.depth > DEEPEST:
            raise FormulaError(f"More than {DEEPEST} brackets within brackets", token.start)


def _number(token: Token) -> str:
    if not math.isfinite(float(token.text)):
        raise FormulaError("This number is too large", token.start)
    return repr(float(token.text))


def _function(word: Token) -> Function:
    if word.text in FUNCTIONS:
        return FUNCTIONS[word.text]
    close = get_close_matches(word.text, FUNCTIONS, 1)
    hint = f"; did you mean {close[0]}?" if close else ""
    raise FormulaError(f"There is no function {word.text}{hint}", word.start)


def _count(function: Function, given: int, word: Token) -> None:
    if given >= function.least and (function.most is None or given <= function.most):
        return
    call = f"{function.name}({function.arguments})"
    raise FormulaError(f"{call} was given {given} value{'' if given == 1 else 's'}", word.start)


def _shown(token: Token) -> str:
    return f"“{token.text}”" if token.text else "the end"
