"""Finds the earlier mail that a reply quotes, so that a screen can fold it. Nothing is removed from the mail.

A mail is read as lines, each with its kind. For a text, the kind follows from `>`; `reply_pages` makes lines of HTML.
One pass finds quotes and what introduces them: "On Monday … wrote:", a block of From, Sent and Subject, or "Original
Message". Every look at lines before or after is limited, so the time grows only linearly with the length of the mail.

Left unfolded: mail that is no reply, forwarded mail, answers between the lines of a quote, and mail in which nothing
else would stay visible.
"""

from __future__ import annotations

import enum
import re
from typing import NamedTuple

import msgspec

from . import reply_words as words

MOST_LINES = 20_000
MANY_LINES = 10
"""A quote before the answer is folded from this length on: the lines of a shorter one are what the answer is about."""

_LONGEST_INTRODUCTION = 400
_LINES_OF_INTRODUCTION = 4
_LINES_OF_HEADERS = 12
_MARKS = "\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff"
_AROUND = _MARKS + " \t\xa0"
_WROTE = re.compile(
    rf"(?<!\w)(?:{'|'.join(map(re.escape, sorted(words.WROTE, key=len, reverse=True)))})(?!\w)"
    rf"|{'|'.join(map(re.escape, sorted(words.WROTE_WITHIN)))}"
)
_TIME = re.compile(r"\d{1,2} ?[:.h時点點시] ?\d{2}|\d ?[ap]\.?m\b")
_DAY = re.compile(r"\d{4}|\d{1,2}[./-] ?\d{1,2}")
_DATE = re.compile(rf"{_DAY.pattern}|\d{{1,2}}:\d{{2}}")
_PREFIX = re.compile(r"[^\W\d]{1,5}(\[\d+\])?")
_ADDRESS = re.compile(r"[^\s@<>]@[^\s@<>]")
_NAMED = re.compile(r"[^<>]{0,100}<[^<>@ ]+@[^<>@ ]+>,?")
_VISIBLE = re.compile(r"[^\W_]|[\u2190-\u2bff\U0001f000-\U0001faff]")
_RULE = re.compile(r"[-_=*─—]{3,}")

_TABLES = {"to": words.TO, "subject": words.SUBJECT, "sent": words.SENT, "from": words.FROM}
_LABELS = {word: name for name, table in _TABLES.items() for word in table}


class Kind(enum.Enum):
    OWN = enum.auto()
    QUOTED = enum.auto()
    """Indented by the sender or the program: a quote, if something introduces it."""
    MARKED = enum.auto()
    """A mail program marked the line as a quote."""
    INTRODUCTION = enum.auto()
    """A mail program marked the line as the introduction of a quote."""
    REST = enum.auto()
    """A mail program marked that the earlier mail begins here and goes to the end."""
    SIGNATURE = enum.auto()
    FORWARDED = enum.auto()
    """A mail program marked the line as the beginning of a forwarded mail."""


_QUOTES = (Kind.QUOTED, Kind.MARKED)


class Line(NamedTuple):
    text: str
    kind: Kind = Kind.OWN


class Part(msgspec.Struct, frozen=True):
    """A part of a text. The texts of all parts are the whole text."""

    text: str
    quoted: bool


class _Block(NamedTuple):
    """Quoted lines, `start` to `end`, with the line where their introduction begins."""

    introduction: int | None
    start: int
    end: int


def is_reply(subject: str, references: list[str]) -> bool:
    """Whether a mail answers another mail. Only such mail is searched for quotes: a newsletter or the mail of a form
    may look alike, and forwarded mail is shown whole."""
    prefix, colon, _ = subject[:60].replace("：", ":").partition(":")
    prefix = prefix.strip(" [(").casefold()
    if colon and prefix in words.FORWARD_PREFIXES:
        return False
    return bool(references) or (bool(colon) and _PREFIX.fullmatch(prefix) is not None)


def parts(text: str) -> list[Part]:
    """The text of a reply in at most three parts, of which at most one is quoted."""
    ends = text.split("\n", MOST_LINES)
    found = find([Line(line, _kind(line)) for line in ends]) if len(ends) <= MOST_LINES else None
    if found is None:
        return [Part(text, quoted=False)]
    start, end = (sum(len(line) + 1 for line in ends[:number]) for number in found)
    pieces = ((text[:start], False), (text[start:end], True), (text[end:], False))
    return [Part(piece, quoted) for piece, quoted in pieces if piece]


def find(lines: list[Line]) -> tuple[int, int] | None:
    """The lines that can be folded, as the number of the first and the number after the last. None if none can."""
    blocks: list[_Block] = []
    introduced: tuple[int, int] | None = None
    number = 0
    while number < len(lines):
        line = lines[number]
        if line.kind in _QUOTES:
            end = _end_of_block(lines, number)
            blocks.append(_Block(_introduction(lines, introduced, number), number, end))
            number = end
            continue
        if _is_forward(line):
            return None
        found = _introduced(lines, number)
        if found:
            start, end, whole = found
            follows = _next(lines, end)
            if whole and (follows == len(lines) or lines[follows].kind not in _QUOTES):
                return _rest(lines, _from_rule(lines, start))
            introduced = start, end
            number = end
            continue
        number += 1
    return _choose(lines, blocks)


def _kind(line: str) -> Kind:
    return Kind.QUOTED if line.lstrip(_AROUND).startswith(">") else Kind.OWN


def _is_forward(line: Line) -> bool:
    if line.kind is Kind.FORWARDED:
        return True
    if len(line.text) > 120:
        return False
    if line.kind is Kind.INTRODUCTION and line.text.lstrip(_AROUND).startswith("-----"):
        return True
    phrase = line.text.strip("-_=*:： \t\xa0" + _MARKS).casefold()
    return phrase in words.FORWARDED or phrase.startswith(("forwarded by ", "weitergeleitet von "))


def _introduced(lines: list[Line], number: int) -> tuple[int, int, bool] | None:
    """The introduction of a quote at this line: its first line, the line after it, and whether it also introduces text
    without `>` that goes to the end of the mail."""
    line = lines[number]
    if line.kind is Kind.REST:
        return number, _end_of_kind(lines, number), True
    if line.kind is Kind.INTRODUCTION:
        return number, _end_of_kind(lines, number), False
    if line.kind is not Kind.OWN or len(line.text) > _LONGEST_INTRODUCTION or not line.text.strip():
        return None
    if _is_original(line.text):
        end = _next(lines, number + 1)
        return number, _end_of_headers(lines, end) or number + 1, True
    end_of_headers = _end_of_headers(lines, number)
    if end_of_headers is not None:
        return number, end_of_headers, True
    return _attribution(lines, number)


def _is_original(text: str) -> bool:
    """Whether the line is "-----Original Message-----" in some language."""
    text = text.strip(_AROUND)
    return text[:2] in ("--", "__", "==", "**", "——") and text.strip("-_=*—: \t\xa0").casefold() in words.ORIGINAL


def _end_of_headers(lines: list[Line], start: int) -> int | None:
    """The line after a block of headers such as From, Sent, To and Subject. None if there is no such block."""
    if start >= len(lines) or _label(lines[start]) is None:
        return None
    labels: set[str] = set()
    unlabelled = blank = 0
    has_address = False
    end = start
    for number in range(start, min(start + _LINES_OF_HEADERS, len(lines))):
        line = lines[number]
        if line.kind in _QUOTES:
            break
        if not line.text.strip(_AROUND):
            blank += 1
            if blank > 1:
                break
            continue
        label = _label(line)
        if label is None:
            unlabelled += 1
            if blank or unlabelled > 4:
                break
        else:
            labels.add(label)
            end = number + 1
        blank = 0
        has_address = has_address or "@" in line.text
    enough = "from" in labels and len(labels) >= 3 and ("subject" in labels or has_address)
    return end if enough else None


def _label(line: Line) -> str | None:
    """What the word before the line's colon names: From, Sent, To or Subject."""
    before, colon, _ = line.text[:60].replace("：", ":").partition(":")
    return _LABELS.get(before.strip("*|" + _AROUND).casefold()) if colon else None


def _attribution(lines: list[Line], number: int) -> tuple[int, int, bool] | None:
    """A line like "On Monday, Ada wrote:", which may begin up to three lines earlier."""
    last = lines[number].text.strip(_AROUND)
    is_zoho = last.startswith("---") and last.endswith("---")
    if not (is_zoho or last.endswith((":", "：", ":*"))):
        return None
    follows = _next(lines, number + 1)
    is_quote = follows < len(lines) and lines[follows].kind in _QUOTES
    folded = last.casefold()
    is_likely = _WROTE.search(folded) or _ADDRESS.search(folded)
    if not (is_quote or is_likely):
        return None
    joined = ""
    for start in range(number, max(number - _LINES_OF_INTRODUCTION, -1), -1):
        text = lines[start].text.strip(_AROUND)
        if lines[start].kind is not Kind.OWN or not text or len(joined) + len(text) > _LONGEST_INTRODUCTION:
            break
        joined = f"{text} {joined}".casefold()
        wrote, address = _WROTE.search(joined), _ADDRESS.search(joined)
        if (wrote or address) and _DATE.search(joined):
            is_dated = _TIME.search(joined) is not None and _DAY.search(joined) is not None
            whole = wrote is not None and is_dated and (address is not None or joined.startswith(words.ON))
            return (_first_line(lines, start), number + 1, whole) if is_quote or whole else None
    if is_quote and (is_likely or _DATE.search(folded)):
        return number, number + 1, False
    return None


def _first_line(lines: list[Line], start: int) -> int:
    """Where an introduction begins of which the part from `start` on is already complete."""
    before = lines[start - 1] if start else Line("")
    if before.kind is Kind.OWN and _NAMED.fullmatch(before.text[:200].strip(_AROUND)):
        return start - 1
    if lines[start].text.strip(_AROUND).casefold().startswith(words.ON):
        return start
    for number in range(start - 1, max(start - 3, -1), -1):
        text = lines[number].text.strip(_AROUND).casefold()
        if lines[number].kind is not Kind.OWN or not text:
            break
        if text.startswith(words.ON) and any(char.isdigit() for char in text):
            return number
    return start


def _introduction(lines: list[Line], introduced: tuple[int, int] | None, start: int) -> int | None:
    """Where the introduction of the block at `start` begins: only empty lines may stand between them. Some programs
    indent the introduction, too."""
    if introduced is not None and _next(lines, introduced[1]) == start:
        return _from_rule(lines, introduced[0])
    joined = " ".join(line.text.lstrip("> ")[:_LONGEST_INTRODUCTION] for line in lines[start : start + 3]).casefold()
    begins = joined.startswith(words.ON) or joined[:1].isdigit()
    return start if begins and _WROTE.search(joined) and _DATE.search(joined) and ":" in joined else None


def _from_rule(lines: list[Line], start: int) -> int:
    """The line of dashes before `start`, which Outlook writes, or `start`."""
    before = start - 1
    while before > max(start - 3, 0) and not lines[before].text.strip(_AROUND):
        before -= 1
    is_rule = before >= 0 and lines[before].kind is Kind.OWN and _RULE.fullmatch(lines[before].text.strip(_AROUND))
    return before if is_rule else start


def _end_of_block(lines: list[Line], start: int) -> int:
    """The line after the quoted lines; empty lines between them belong to the block."""
    end = number = start
    while number < len(lines) and (lines[number].kind in _QUOTES or not lines[number].text.strip(_AROUND)):
        number += 1
        if lines[number - 1].kind in _QUOTES:
            end = number
    return end


def _end_of_kind(lines: list[Line], start: int) -> int:
    end = start
    while end < len(lines) and lines[end].kind is lines[start].kind:
        end += 1
    return end


def _next(lines: list[Line], number: int) -> int:
    """The first line from `number` on that is not empty, at most three lines further."""
    end = min(number + 3, len(lines))
    while number < end and lines[number].kind not in _QUOTES and not lines[number].text.strip(_AROUND):
        number += 1
    return number


def _rest(lines: list[Line], start: int) -> tuple[int, int] | None:
    return (start, len(lines)) if _says_something(lines[:start]) else None


def _choose(lines: list[Line], blocks: list[_Block]) -> tuple[int, int] | None:
    """The last block, if all own text is before it, or the only block, if it is long."""
    if not blocks:
        return None
    block = blocks[-1]
    start = block.start if block.introduction is None else block.introduction
    is_only, is_long = len(blocks) == 1, block.end - block.start >= MANY_LINES
    before, after = lines[:start], lines[block.end :]
    if _says_something(after, in_footer=True):
        folds = is_only and is_long
    else:
        is_marked = lines[block.start].kind is Kind.MARKED
        folds = block.introduction is not None or (is_only and (is_marked or is_long))
        folds = folds and _says_something(before)
    return (start, block.end) if folds else None


def _says_something(lines: list[Line], *, in_footer: bool = False) -> bool:
    """Whether the sender wrote something there, besides a signature and the footer of a mailing list."""
    for line in lines:
        text = line.text.strip(_AROUND)
        if text == "--" or (in_footer and (text.startswith("-----BEGIN PGP") or _is_long_rule(text))):
            return False
        if line.kind is Kind.OWN and _VISIBLE.search(text):
            return True
    return False


def _is_long_rule(text: str) -> bool:
    return len(text) >= 20 and _RULE.fullmatch(text) is not None
