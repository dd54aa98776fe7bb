"""Hits of prefetching proxies and scanners are distinguished from those of people."""

from boxwood.lib.durations import MINUTE, SECOND
from boxwood.lib.hit_classes import CLICK, OPEN, TRAP, Hit, class_of, source_of

CHROME = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0 Safari/537.36"
GOOGLE = "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)"
SENT = 1_000_000
REQUESTS = {
    "a browser": ("GET", {"user-agent": CHROME}, False, "reader"),
    "Outlook": ("GET", {"user-agent": "Mozilla/4.0 (compatible; ms-office; MSOffice 16)"}, False, "reader"),
    "Gmail": ("GET", {"user-agent": GOOGLE}, False, "proxy"),
    "Yahoo": ("GET", {"user-agent": "YahooMailProxy; https://help.yahoo.com/"}, False, "proxy"),
    "Apple": ("GET", {"user-agent": "Mozilla/5.0"}, False, "prefetch"),
    "no agent": ("GET", {}, False, "prefetch"),
    "a browser that prefetches": (
        "GET",
        {"user-agent": CHROME, "sec-purpose": "prefetch;prerender"},
        False,
        "prefetch",
    ),
    "only the headers": ("HEAD", {"user-agent": CHROME}, False, "head"),
    "a script": ("GET", {"user-agent": "python-requests/2.32"}, False, "program"),
    "a link preview": ("GET", {"user-agent": f"{CHROME} BingPreview/1.0b"}, False, "program"),
    "a signed-in user": ("GET", {"user-agent": CHROME}, True, "self"),
}


def test_a_request_says_what_it_comes_from() -> None:
    found = {name: source_of(method, headers, signed_in=own) for name, (method, headers, own, _) in REQUESTS.items()}
    assert found == {name: source for name, (*_, source) in REQUESTS.items()}


def hit(seconds: float, kind: str = OPEN, source: str = "reader", link: int = 1) -> Hit:
    return Hit(link, kind, SENT + int(seconds * SECOND), source)


def burst(start: float, links: int, step: float) -> list[Hit]:
    return [hit(start + at * step, CLICK, link=at) for at in range(links)]


CASES = {
    "a person opens it": ([hit(300)], ["person"]),
    "a person reads it at once after it arrived": ([hit(10)], ["person"]),
    "a gateway loads it on arrival": ([hit(2), hit(9.9, CLICK)], ["scanner"] * 2),
    "Gmail on arrival": ([hit(20, source="proxy")], ["machine"]),
    "Gmail when a person opens it": ([hit(61, source="proxy")], ["proxy"]),
    "Gmail follows no links": ([hit(600, CLICK, source="proxy")], ["scanner"]),
    "Apple at some time": ([hit(3600, source="prefetch")], ["machine"]),
    "a click without an agent": ([hit(3600, CLICK, source="prefetch")], ["scanner"]),
    "the headers of the picture": ([hit(3600, source="head")], ["scanner"]),
    "the user looks at what was sent": ([hit(3600, source="self")], ["self"]),
    "all links within a moment": (burst(3600, 5, 0.2), ["scanner"] * 5),
    "a picture and two links": ([hit(3600), *burst(3601, 2, 0.5)], ["person"] * 3),
    "four links, slowly": (burst(3600, 4, 1.5), ["person"] * 4),
    "the same link often": ([hit(3600 + at / 10, CLICK) for at in range(8)], ["person"] * 8),
    "the hidden link, and others before and after it": (
        [hit(3600, CLICK, link=1), hit(3605, TRAP, link=9), hit(3609), hit(3700, CLICK, link=1)],
        ["scanner", "scanner", "scanner", "person"],
    ),
}


def test_only_people_and_the_proxies_they_use_count() -> None:
    found = {name: [class_of(each, hits, SENT) for each in hits] for name, (hits, _) in CASES.items()}
    assert found == {name: classes for name, (_, classes) in CASES.items()}
    assert class_of(hit(5 * MINUTE / SECOND), [], SENT) == "person"
