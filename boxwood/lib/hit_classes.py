"""Who or what loaded the picture of a letter, or followed one of its links: a person, a proxy or a machine.

Mail servers and programs load pictures and follow links before any person does. The times below are estimates,
because makers of scanners do not say what these do. They are few, so that they can be tuned.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import msgspec

from .durations import MINUTE, SECOND

SELF, SCANNER, PROXY, MACHINE, PERSON = CLASSES = ("self", "scanner", "proxy", "machine", "person")
"""`self`: a browser that is signed in here. `scanner`: a program that checks mail. `proxy`: a provider loads pictures
for a person who opens the mail. `machine`: a program loads pictures before the mail is opened. `person`: the rest."""
COUNTED = (PROXY, PERSON)
OPEN, CLICK, TRAP = "open", "click", "trap"
"""The picture, a link, and the link that people do not see."""
HEAD, PREFETCH, PROGRAM, READER = "head", "prefetch", "program", "reader"
"""What a request says of itself, besides SELF and PROXY."""
AT_ONCE = 10 * SECOND
"""After sending: only programs are so fast."""
PROXY_AT_ONCE = 60 * SECOND
"""After sending: a proxy loads the picture as the mail arrives."""
BURST, MOST_LINKS = 2 * SECOND, 3
"""A person follows at most so many links in this time."""
AROUND_TRAP = 10 * SECOND
SETTLED = AROUND_TRAP + SECOND
"""After this time, everything that decides about a hit has happened."""
AGAIN = 30 * MINUTE
"""Within this time, a picture or a link counts once."""
_PROXIES = re.compile(r"GoogleImageProxy|YahooMailProxy", re.I)
_PROGRAMS = re.compile(
    r"bot\b|crawl|spider|scan|preview|headless|phantomjs|selenium|playwright|puppeteer|barracuda|mimecast|proofpoint"
    r"|python|curl/|wget|go-http-client|okhttp|java/|libwww|httpclient|axios|node-fetch|symantec|trendmicro|sophos"
    r"|fireeye|forcepoint|safelinks|urldefense",
    re.I,
)
# Apple's programs load pictures for all mail at some time, through a proxy that names no program.
_NAMELESS = re.compile(r"(?:Mozilla/5\.0)?\s*")


class Hit(msgspec.Struct, frozen=True):
    link: int
    kind: str
    """OPEN, CLICK or TRAP."""
    at: int
    source: str


def source_of(method: str, headers: Mapping[str, str], *, signed_in: bool) -> str:
    """What a request says of itself. `headers` have names in lower case."""
    agent = headers.get("user-agent", "")
    if signed_in:
        return SELF
    if method != "GET":
        return HEAD
    if _PROXIES.search(agent):
        return PROXY
    if any("prefetch" in headers.get(name, "") for name in ("purpose", "sec-purpose", "x-purpose", "x-moz")):
        return PREFETCH
    if _PROGRAMS.search(agent):
        return PROGRAM
    return PREFETCH if _NAMELESS.fullmatch(agent) else READER


def class_of(hit: Hit, others: Sequence[Hit], sent_at: int) -> str:
    """The class of a hit. `others` are the hits of the same letter around it."""
    if hit.source == SELF:
        return SELF
    if hit.kind == TRAP or hit.source in (HEAD, PROGRAM):
        return SCANNER
    if hit.source == PROXY and hit.kind == OPEN:
        return PROXY if hit.at - sent_at > PROXY_AT_ONCE else MACHINE
    if hit.source == PREFETCH and hit.kind == OPEN:
        return MACHINE
    if hit.source != READER or hit.at - sent_at < AT_ONCE or _is_of_trap(hit, others) or _is_of_burst(hit, others):
        return SCANNER
    return PERSON


def _is_of_trap(hit: Hit, others: Sequence[Hit]) -> bool:
    return any(other.kind == TRAP and abs(other.at - hit.at) <= AROUND_TRAP for other in others)


def _is_of_burst(hit: Hit, others: Sequence[Hit]) -> bool:
    """Whether the hit is one of many links that were followed within the time of a burst."""
    near = [(it.at, it.link) for it in (hit, *others) if it.kind == CLICK and abs(it.at - hit.at) <= BURST]
    # Every burst with the hit begins with one of the hits before it.
    begins = {at for at, _ in near if at <= hit.at} | {hit.at}
    return any(len({link for at, link in near if begin <= at <= begin + BURST}) > MOST_LINKS for begin in begins)
