"""Cleans the HTML of an e-mail, so that a browser can show it: nothing in it runs, and nothing is loaded from other
hosts.

Two layers protect a reader, and each is enough alone: the cleaned HTML has only harmless elements, attributes and
styles, and the page around it (`page`) allows no script and no request to another host. The parser of the library is
native, and its time grows with the square of nested elements, so it runs in a process of its own, like formulas.
"""

from __future__ import annotations

import html
from collections.abc import Mapping
from pathlib import Path

import msgspec

from . import sandbox

ENGINE = sandbox.Sandbox(Path(__file__).with_name("html_cleaning_worker.py"), "nh3", "nh3")

POLICY = (
    b"default-src 'none'; img-src 'self' data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; "
    b"frame-ancestors 'self'; sandbox allow-same-origin allow-popups allow-popups-to-escape-sandbox"
)
"""The content security policy of a page with cleaned HTML. `allow-same-origin` lets the page around its frame measure
its height; as no script runs in it, it gives the e-mail nothing."""


class Uncleanable(Exception):
    """The HTML is too complex: cleaning it took too long or too much memory."""


class Cleaned(msgspec.Struct, frozen=True):
    html: str
    remote: dict[str, str]
    """The addresses of the pictures on other hosts, by id."""
    shown: list[str]
    """The addresses of the parts that the HTML shows."""


def clean(page: str, *, parts: Mapping[str, str], pictures: str = "") -> Cleaned:
    """The HTML without everything that runs, loads or tracks. Raises Uncleanable.

    `parts` has the address of each part of the e-mail by its Content-ID. Pictures on other hosts are left out; with
    `pictures`, their address becomes `pictures` and their id.
    """
    known = {**{part.lower(): address for part, address in parts.items()}, **parts}
    asked = msgspec.json.encode({"parts": known, "pictures": pictures})
    try:
        _, reply = ENGINE.ask(asked, page.encode("utf-8", "replace"))
    except (sandbox.Overrun, sandbox.Gone) as error:
        raise Uncleanable from error
    return msgspec.json.decode(reply, type=Cleaned)


def of_text(text: str) -> str:
    """A plain text as HTML."""
    return f"<pre>{html.escape(text)}</pre>"


def folded(content: str) -> str:
    """HTML that a browser shows only after a click, without a script."""
    return f"{_FOLD}{content}{_END_OF_FOLD}"


def fold_between(cleaned: str, before: str, after: str) -> str:
    """The cleaned HTML with what stands between two marks folded, and without the marks. Nothing is folded if cleaning
    lost a mark."""
    start, end = cleaned.find(before), cleaned.find(after)
    if 0 <= start < end:
        return f"{cleaned[:start]}{folded(cleaned[start + len(before) : end])}{cleaned[end + len(after) :]}"
    return cleaned.replace(before, "").replace(after, "")


_FOLD = '<details class="quote"><summary aria-label="Show quoted text">…</summary>'
_END_OF_FOLD = "</details>"


def page(cleaned: str) -> bytes:
    """A whole page that shows cleaned HTML. Send it with POLICY."""
    return f"{_BEFORE}{cleaned}{_AFTER}".encode()


# The colours of an e-mail are chosen for a white page, so it stays white in dark colour schemes.
_BEFORE = """<!doctype html>
<html><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><meta name="referrer" \
content="no-referrer"><title>E-mail</title><style>
:root { color-scheme: light; background: #fff; color: #1f2328; overflow-y: hidden }
body { margin: 0; padding: 12px 16px; font: 14px/1.5 system-ui, sans-serif; overflow-wrap: anywhere }
img { max-width: 100% }
img:not([src]) { color: inherit; font-size: 12px; opacity: 0.7 }
table { max-width: 100% !important }
blockquote { margin: 8px 0 8px 4px; padding-left: 12px; border-left: 2px solid #d0d7de }
pre { margin: 0; font: inherit; white-space: pre-wrap }
a { color: #0550ae }
summary { cursor: pointer; width: fit-content; margin: 8px 0; padding: 0 8px; border-radius: 6px; color: #57606a; \
background: #eaeef2; line-height: 14px; font-weight: 700; list-style: none; user-select: none }
summary:hover { background: #d0d7de }
summary::-webkit-details-marker { display: none }
</style></head><body>
"""
_AFTER = "\n</body></html>\n"
