"""What becomes of the HTML of a letter whose sender wants to know of opens and clicks."""

from __future__ import annotations

import html as html_texts
import re

from ....db.engine import Db
from ....lib.hit_classes import CLICK, OPEN, TRAP
from . import tracked_links, unsubscribe
from .records import LetterRecord
from .tracked_links import PICTURE_END, TRACK_PREFIX, UNSUBSCRIBE, UNSUBSCRIBE_PREFIX

MOST_LINKS = 200
"""Links of a letter that are tracked; further ones lead straight to their targets."""
_TAG = re.compile(r"<(a|img)\b((?:[^>\"']|\"[^\"]*\"|'[^']*')*)>", re.I)
_ADDRESS = re.compile(r"(\s(?:href|src)\s*=\s*)(\"[^\"]*\"|'[^']*'|[^\s>\"']+)", re.I)
_OURS = re.compile(
    rf"https?://[^/\s\"'<>]+({re.escape(TRACK_PREFIX)}|{re.escape(UNSUBSCRIBE_PREFIX)})([0-9a-z]+-[A-Za-z0-9_-]{{22}})"
    rf"({re.escape(PICTURE_END)})?",
    re.I,
)
_HIDDEN = "display:none;visibility:hidden;font-size:0;line-height:0;max-height:0;overflow:hidden"


def prepared(db: Db, letter: LetterRecord, html: str) -> str:
    """The HTML as it is sent, in a transaction that writes. It is changed only if the sender asks for it and the team
    allows it. Letters of mailings and sequences also get a link to unsubscribe."""
    html = unsubscribe.with_link(db, letter, html)
    if not html or not (letter.track.opens or letter.track.clicks):
        return html
    settings = tracked_links.settings_of(db, letter.team_key)
    base = tracked_links.base_url(db, settings)
    if not settings.mail_tracking or not base:
        return html
    at_end = ""
    if letter.track.clicks:
        html, count = _with_links(db, letter, html, base)
        if count:
            trap = tracked_links.store(db, letter, TRAP, 0, "")
            at_end += f'<a href="{base}{TRACK_PREFIX}{trap}" style="{_HIDDEN}" tabindex="-1" aria-hidden="true"></a>'
    if letter.track.opens:
        picture = f"{base}{TRACK_PREFIX}{tracked_links.store(db, letter, OPEN, 0, '')}{PICTURE_END}"
        at_end += f'<img src="{picture}" alt="" width="1" height="1" style="border:0">'
    return tracked_links.with_end(html, at_end)


def _with_links(db: Db, letter: LetterRecord, html: str, base: str) -> tuple[str, int]:
    count = 0

    def replaced(tag: re.Match[str]) -> str:
        nonlocal count
        found = _ADDRESS.search(tag[2])
        if tag[1].lower() != "a" or found is None or count >= MOST_LINKS:
            return tag[0]
        target = html_texts.unescape(found[2].strip("\"'")).strip()
        if not target.lower().startswith(("http://", "https://")) or _OURS.match(target):
            return tag[0]
        token = tracked_links.store(db, letter, CLICK, count, target)
        count += 1
        address = f'{found[1]}"{base}{TRACK_PREFIX}{token}"'
        return f"<{tag[1]}{tag[2][: found.start()]}{address}{tag[2][found.end() :]}>"

    return _TAG.sub(replaced, html), count


def without_ours(db: Db, html: str) -> str:
    """The HTML of a mail without our own pictures that count, and with the links that we replaced. What only looks
    like ours stays."""
    if not _OURS.search(html):
        return html

    def replaced(tag: re.Match[str]) -> str:
        found = _ADDRESS.search(tag[2])
        ours = _OURS.fullmatch(html_texts.unescape(found[2].strip("\"'")).strip()) if found else None
        link = tracked_links.find(db, ours[2], CLICK, OPEN, TRAP, UNSUBSCRIBE) if ours else None
        if found is None or link is None:
            return tag[0]
        if tag[1].lower() == "img":
            return ""
        if link.kind == TRAP:
            return "<a>"
        address = f'{found[1]}"{html_texts.escape(link.target)}"' if link.kind == CLICK else ""
        return f"<{tag[1]}{tag[2][: found.start()]}{address}{tag[2][found.end() :]}>"

    return _TAG.sub(replaced, html)
