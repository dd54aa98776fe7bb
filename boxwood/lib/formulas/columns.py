"""Reads references such as `$'Column name'` in a formula's text, and gives each a variable in the compiled code."""

from boxwood.lib.formulas.values import FormulaError


class Columns:
    """The columns a formula names, in the order it first names them."""

    def __init__(self, text: str) -> None:
        self.names: dict[str, str] = {}
        self.prefix = "$c"
        while self.prefix in text:  # our variables must not collide with the author's
            self.prefix += "_"

    def variable(self, name: str) -> str:
        return self.names.setdefault(name, f"{self.prefix}{len(self.names)}")


def read_reference(text: str, start: int) -> tuple[str, int]:
    """The name in the reference that starts at this position, and the position where the reference ends."""
    name, at = "", start + 2
    while at < len(text):
        two = text[at : at + 2]
        if two in ("\\'", "\\\\", "''") and not (two == "''" and not name):
            name, at = name + two[1], at + 2
        elif text[at] == "'":
            return _named(name, start), at + 1
        else:
            name, at = name + text[at], at + 1
    raise FormulaError("This column name is not closed by a quote", start)


def _named(name: str, start: int) -> str:
    if not name.strip():
        raise FormulaError("This column name is empty", start)
    return name


def reference(name: str) -> str:
    """The reference to a name, as it is written in a formula."""
    return "$'" + name.replace("\\", "\\\\").replace("'", "\\'") + "'"
