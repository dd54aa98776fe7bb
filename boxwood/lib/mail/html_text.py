"""The text of an HTML page."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from typing import Any

MOST_DEPTH = 500
"""Elements in elements. The parser takes the square of the depth: 0.7 s of processor time for 20,000."""
_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9:-]*)")
_MARKUP = re.compile(r"<!--[\s\S]*?(?:-->|$)|</?[a-zA-Z!?][^<>]*>")
_HIDDEN = re.compile(r"display\s*:\s*none", re.I)
_SPACE = re.compile(r"[ \t\r\n\f\xa0]+")
_RUN = re.compile(r" ?[\x01-\x05][ \x01-\x05]*")
_MARKS = re.compile(r"[\x00-\x08]")
_FLAT = frozenset(
    "area base br col embed hr img input link meta param source track wbr p li td th tr option dt dd".split()
)
_SKIPPED = frozenset("head script style title template noscript iframe object svg math select textarea".split())
# A line break, an empty line, a line break of <br>, a space between cells; and the space that <pre> keeps.
_LINE, _PARAGRAPH, _BR, _CELL, _KEPT_SPACE = "\x01", "\x02", "\x03", "\x04", "\x06"
_AROUND = {
    **dict.fromkeys(
        "address article aside blockquote body center dd details div dl dt fieldset figcaption figure footer form"
        " header hr legend li main nav ol p pre section summary table tbody tfoot thead tr ul caption".split(),
        _LINE,
    ),
    **dict.fromkeys("h1 h2 h3 h4 h5 h6".split(), _LINE),
    **dict.fromkeys("td th".split(), _CELL),
}


def plain(page: str) -> str:
    """The text that a browser shows of a page: blocks in lines of their own, and cells of a row with a space
    between."""
    if is_too_deep(page):
        return _tidy(html.unescape(_MARKUP.sub(_LINE, page)))
    from selectolax.lexbor import LexborHTMLParser

    root: Any = LexborHTMLParser(page).root
    return "" if root is None else _tidy("".join(_walk(root)))


def is_too_deep(page: str) -> bool:
    """Whether a page has more elements in elements than a tree of it should have."""
    if page.count("<") <= MOST_DEPTH:
        return False
    depth = 0
    for tag in _TAG.finditer(page):
        if tag[1]:
            depth = max(depth - 1, 0)
        elif tag[2].lower() not in _FLAT:
            depth += 1
            if depth > MOST_DEPTH:
                return True
    return False


def _walk(root: Any) -> Iterator[str]:
    """The texts of a tree and the marks between them, without recursion."""
    open_: list[Any] = [root]
    in_pre = 0
    while open_:
        node = open_.pop()
        if isinstance(node, str):
            in_pre -= node == "/pre"
            yield _LINE if node == "/pre" else node
            continue
        tag = node.tag
        if tag == "-text":
            yield _kept(node.text_content) if in_pre else _SPACE.sub(" ", _MARKS.sub("", node.text_content))
        elif tag == "br":
            yield _BR
        elif tag not in _SKIPPED and not tag.startswith(("-", "!")) and not _is_hidden(node):
            around = _AROUND.get(tag, "")
            in_pre += tag == "pre"
            yield around
            if around:
                open_.append("/pre" if tag == "pre" else around)
            child = node.last_child
            while child is not None:
                open_.append(child)
                child = child.prev


def _is_hidden(node: Any) -> bool:
    style = node.attributes.get("style")
    return bool(style and _HIDDEN.search(style))


def _kept(text: str) -> str:
    lines = _MARKS.sub("", text).replace("\r\n", "\n").replace("\t", "    ").split("\n")
    return _BR.join(line.replace(" ", _KEPT_SPACE) for line in lines)


def _tidy(text: str) -> str:
    text = _RUN.sub(_break, _SPACE.sub(" ", text))
    return text.replace(_KEPT_SPACE, " ").strip()


def _break(run: re.Match[str]) -> str:
    marks = run[0]
    if _LINE not in marks and _PARAGRAPH not in marks and _BR not in marks:
        return " "
    return "\n" * min(max(marks.count(_BR), 1), 2)
