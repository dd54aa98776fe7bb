"""Finds the quoted mail in the HTML of a reply, as `replies` does in a text, and puts marks around it.

The lines of a page get their kinds from how mail programs mark quotes: Gmail, Outlook, Apple Mail, Thunderbird, Yahoo,
Proton, Zoho, GMX and others each have their own elements, classes and ids. The marks are texts in the tree, so they
stay in place when the page is cleaned.
"""

from __future__ import annotations

import hashlib
import re
from typing import Any, NamedTuple

import msgspec

from .html_text import is_too_deep
from .replies import Kind, Line, find

MOST_ELEMENTS = 30_000
LONGEST_LINE = 500
_BREAKS = frozenset(
    "address article aside blockquote body br center dd details div dl dt fieldset footer form h1 h2 h3 h4 h5 h6 header"
    " hr li main nav ol p pre section table tbody tfoot thead tr ul".split()
)
_SKIPPED = frozenset("head script style title template noscript iframe object svg math select textarea".split())
# Where a page may hold a text and blocks. In others, such as the rows of a table, a browser moves texts away.
_HOLDS_BLOCKS = frozenset(
    "article aside b blockquote body center dd div em font footer form header i li main section span td u".split()
)
_SPACE = re.compile(r"[ \t\r\n\f]+")
_CLASSES = {
    "gmail_attr": Kind.INTRODUCTION,
    "gmail_signature": Kind.SIGNATURE,
    "moz-cite-prefix": Kind.INTRODUCTION,
    "moz-forward-container": Kind.FORWARDED,
    "moz-signature": Kind.SIGNATURE,
    "mailru-blockquote": Kind.MARKED,
    "outlookmessageheader": Kind.REST,
    "protonmail_quote": Kind.MARKED,
    "protonmail_signature_block": Kind.SIGNATURE,
    "ms-outlook-mobile-reference-message": Kind.REST,
    "tutanota_quote": Kind.MARKED,
    "yahoo_quoted": Kind.MARKED,
    "yahoo-quoted": Kind.MARKED,
    "zmail_extra": Kind.MARKED,
    "front-blockquote": Kind.MARKED,
    "iosymail": Kind.MARKED,
}
_IDS = {
    "blockquote_zmail": Kind.MARKED,
    "divrplyfwdmsg": Kind.REST,
    "divrpf": Kind.REST,
    "isreplycontent": Kind.MARKED,
    "mail-editor-reference-message-container": Kind.REST,
    "ms-outlook-mobile-signature": Kind.SIGNATURE,
    "olk_src_body_section": Kind.REST,
    "signature": Kind.SIGNATURE,
    "replycontent": Kind.MARKED,
}
_RULES = {"zwchr": Kind.REST, "stopspelling": Kind.REST}
"""Ids of `hr` after which the earlier mail begins: Zimbra, and Outlook on the web."""


class _Found(NamedTuple):
    """The page as lines, with the numbers of the first and the last node of each line. Nodes are numbered in the order
    of the page; only nodes with something visible have a number."""

    lines: list[Line]
    first: list[int]
    last: list[int]
    nodes: list[Any]
    spans: dict[int, tuple[int, int]]
    """The numbers of the first and the last node in each element, by the element's id in memory."""


class Marked(msgspec.Struct, frozen=True):
    page: str
    before: str
    """The text that stands before the quoted mail."""
    after: str
    """The text that stands after it, in the same element."""


def mark(page: str) -> Marked | None:
    """Put marks around the mail that a reply quotes. Returns None if nothing can be folded.

    A sender cannot write the marks, because they depend on the whole page.
    """
    if page.count("<") > MOST_ELEMENTS or is_too_deep(page):
        return None
    from selectolax.lexbor import LexborHTMLParser

    tree = LexborHTMLParser(page)
    body = tree.body
    if body is None:
        return None
    found = _Reader(body).found
    lines = find(found.lines)
    ends = _siblings(found, lines) if lines else None
    if ends is None:
        return None
    digest = hashlib.sha256(page.encode("utf-8", "replace")).hexdigest()[:32]
    before, after = f"[quote {digest}]", f"[end {digest}]"
    ends[0].insert_before(before)
    ends[1].insert_after(after)
    return Marked(tree.html or "", before, after)


class _Reader:
    """Walks a tree without recursion and collects its lines."""

    def __init__(self, body: Any) -> None:
        self.found = _Found([], [], [], [], {})
        self._text: list[str] = []
        self._length = 0
        self._first: int | None = None
        self._kind = Kind.OWN
        self._walk(body)
        self._break()

    def _walk(self, body: Any) -> None:
        open_: list[tuple[Any, Kind, int | None]] = [(body, Kind.OWN, None)]
        nodes = self.found.nodes
        while open_:
            node, kind, since = open_.pop()
            tag = node.tag
            if since is not None:
                if tag in _BREAKS:
                    self._break()
                if len(nodes) > since:
                    self.found.spans[node.mem_id] = since, len(nodes) - 1
            elif tag == "-text":
                self._add(node, kind, node.text_content or "")
            elif tag == "img":
                self._add(node, kind, "\ufffc")
            elif tag == "hr":
                self._break()
                self._add(node, _rule_kind(node, kind), "-----")
                self._break()
            elif tag == "br":
                self._break()
            elif tag not in _SKIPPED and not tag.startswith(("-", "!")):
                if tag in _BREAKS:
                    self._break()
                elif tag in ("td", "th"):
                    self._text.append(" ")
                open_.append((node, kind, len(nodes)))
                inner = _kind_of(node, tag, kind)
                child = node.last_child
                while child is not None:
                    open_.append((child, inner, None))
                    child = child.prev

    def _add(self, node: Any, kind: Kind, text: str) -> None:
        text = _SPACE.sub(" ", text)
        if not text.strip(" \xa0"):
            self._text.append(" ")
            return
        if self._first is None:
            self._first, self._kind = len(self.found.nodes), kind
        self.found.nodes.append(node)
        if self._length < LONGEST_LINE:
            self._text.append(text[:LONGEST_LINE])
            self._length += len(text)

    def _break(self) -> None:
        if self._first is not None:
            self.found.lines.append(Line("".join(self._text).strip(), self._kind))
            self.found.first.append(self._first)
            self.found.last.append(len(self.found.nodes) - 1)
        self._text, self._length, self._first = [], 0, None


def _kind_of(node: Any, tag: str, outer: Kind) -> Kind:
    """The kind of the lines in an element. Within a quote, all is quoted."""
    if outer in (Kind.MARKED, Kind.QUOTED):
        return outer
    attributes = node.attributes
    kind = _marked(tag, attributes)
    if kind is Kind.MARKED and tag != "blockquote" and _holds_quote(node):
        return outer  # answers may stand between the quotes in it
    return kind or outer


def _marked(tag: str, attributes: dict[str, str | None]) -> Kind | None:
    if not attributes and tag != "blockquote":
        return None
    for name in (attributes.get("class") or "").lower().split()[:20]:
        if name in _CLASSES:
            return _CLASSES[name]
    id_ = (attributes.get("id") or "").lower()
    if id_ in _IDS or id_.rstrip("0123456789") in _IDS:
        return _IDS.get(id_) or _IDS[id_.rstrip("0123456789")]
    if id_.startswith(("yahoo_quoted", "yiv")) and "quoted" in id_:
        return Kind.MARKED
    if (attributes.get("name") or "").lower() in ("quote", "replycontent"):
        return Kind.MARKED
    if attributes.get("data-marker") == "__QUOTED_TEXT__":
        return Kind.MARKED
    if tag == "blockquote":
        # Gmail gives the class also to the element around the quote, and to forwarded mail.
        is_gmail = "gmail_quote" in (attributes.get("class") or "")
        is_cited = is_gmail or (attributes.get("type") or "").lower() == "cite" or "cite" in attributes
        return Kind.MARKED if is_cited else Kind.QUOTED
    return None


def _holds_quote(node: Any) -> bool:
    child = node.first_child
    while child is not None:
        if child.tag == "blockquote":
            return True
        child = child.next
    return False


def _rule_kind(node: Any, outer: Kind) -> Kind:
    if outer is not Kind.OWN:
        return outer
    attributes = node.attributes
    return _RULES.get((attributes.get("id") or "").lower(), outer)


def _siblings(found: _Found, lines: tuple[int, int]) -> tuple[Any, Any] | None:
    """The first and the last node of the quote: children of one element, with nothing else in them or between them.
    None if there are none, for example because the quote begins within a row of a table and ends after it."""
    first, last = found.first[lines[0]], found.last[lines[1] - 1]
    start = _whole(found, found.nodes[first], first, last)
    end = _whole(found, found.nodes[last], first, last)
    parent = start.parent
    if parent is None or parent.mem_id != end.parent.mem_id or parent.tag not in _HOLDS_BLOCKS:
        return None
    return start, end


def _whole(found: _Found, node: Any, first: int, last: int) -> Any:
    """The largest element around the node that holds nothing besides the quote."""
    while node.parent is not None and node.tag != "body":
        span = found.spans.get(node.parent.mem_id)
        if span is None or span[0] < first or span[1] > last or node.parent.tag == "body":
            break
        node = node.parent
    return node
