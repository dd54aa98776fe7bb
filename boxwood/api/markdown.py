"""A box as Markdown over HTTP, complete or within a number of tokens."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from ..core import persons
from ..core.activity import overview, timeline
from ..core.context import Ctx
from ..errors import Invalid, Unavailable
from ..lib import tokens
from ..wire import markdown
from .http.call import Call
from .http.replies import Reply

MARKDOWN = b"text/markdown;charset=utf-8"
PAGE = 100
MOST_ENTRIES = 2000
MOST_TOKENS = 10_000_000


def of_box(call: Call) -> Reply:
    """A box as a Markdown document: its members, what it links to, and its timeline, newest first.

    `maxTokens` limits the whole document, counted with the OpenAI encoding o200k_base. The sections come first, then
    as many timeline entries as fit, and a note if entries are missing. If the sections alone need more tokens, the
    request fails with the number they need.
    """
    asked = call.number("maxTokens", 0, least=1, most=MOST_TOKENS) if call.text("maxTokens") else None
    head = f"{markdown.sections(overview.for_box(call.ctx, call.path[0]))}\n\n{markdown.TIMELINE}"
    entries = _entries(call.ctx, call.path[0])
    try:
        text = _whole(head, entries) if asked is None else _within(head, entries, asked)
    except tokens.Uncountable:
        raise Unavailable("The tokens cannot be counted now: try again, or leave maxTokens out") from None
    return Reply(text.encode(), content_type=MARKDOWN)


def _entries(ctx: Ctx, box_key: str) -> Iterator[str]:
    """The timeline entries as Markdown, read page by page as the caller takes them."""
    after = None
    while True:
        found = timeline.page(ctx, box_key, kinds=timeline.DEFAULT_FILTERS, newest_first=True, limit=PAGE, after=after)
        people = persons.by_key(ctx, {key for entry in found for key in markdown.named(entry)})
        yield from (markdown.entry(entry, people) for entry in found)
        if len(found) < PAGE:
            return
        after = found[-1].place


def _whole(head: str, entries: Iterator[str]) -> str:
    return _joined(head, list(islice(entries, MOST_ENTRIES)), next(entries, None) is None)


def _joined(head: str, entries: list[str], complete: bool) -> str:
    return "\n\n".join([head, *entries, *([] if complete else [markdown.LEFT_OUT])]) + "\n"


def _within(head: str, entries: Iterator[str], most: int) -> str:
    """The document with as many of the newest entries as fit. The tokens of each entry are an estimate. Those of
    the document itself decide."""
    chosen: list[str] = []
    left, complete = most - tokens.count(head), False
    while left >= 0 and len(chosen) < MOST_ENTRIES:
        entry = next(entries, None)
        if entry is None:
            complete = True
            break
        chosen.append(entry)
        left -= tokens.count(f"\n\n{entry}")
    while True:
        text = _joined(head, chosen, complete)
        if (size := tokens.count(text)) <= most:
            return text
        if not chosen:
            raise Invalid("maxTokens", f"is too small: the sections of this box need {size}")
        chosen.pop()
        complete = False
