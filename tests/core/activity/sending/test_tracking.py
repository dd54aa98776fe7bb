"""Opens and clicks of letters: what is rewritten, which hits count, and that a link leads nowhere else."""

import re

import httpx
import pytest

from boxwood.core.activity.mail.matching import Decision
from boxwood.core.activity.sending import hits, tracking
from boxwood.core.activity.sending.records import LetterRecord
from boxwood.lib.durations import MINUTE, SECOND
from tests.api.automations import Rule, do
from tests.conftest import World, ok, refused
from tests.core.activity.sending.sent import HTML, a_sent_letter
from tests.mail_in import mailbox_of, raw_mail, receive

HOST = "links.team.example"
CHROME = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0 Safari/537.36"
GOOGLE = "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)"


def turn_on(world: World) -> None:
    ok(world.ada.http.post(f"/api/v2/teams/{world.team_key}", json={"mailTracking": True, "trackingHost": HOST}))


def prepared(world: World, letter: LetterRecord, html: str = HTML) -> str:
    page: str = world.server.engine.write(lambda db: tracking.prepared(db, letter, html))
    return page


def paths(page: str) -> list[str]:
    """The paths of the links and pictures that lead to this server, in their order."""
    return re.findall(rf'(?:href|src)="https://{HOST}(/[tu]/[^"]+)"', page)


class Visitor:
    """A program that loads pictures and follows links, without credentials."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.http = world.client(None)
        world.stack.callback(self.http.close)

    def __call__(self, path: str, agent: str = CHROME, method: str = "GET", **headers: str) -> httpx.Response:
        given = {
            "User-Agent": agent,
            "Host": HOST,
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }
        return self.http.request(method, path, headers=given, follow_redirects=False)

    def later(self, seconds: float) -> None:
        self.world.clock.advance(ms=int(seconds * SECOND))

    def settle(self) -> None:
        """Let the time pass after which hits have a class, and give it to them."""
        self.later(12)
        while keys := self.world.server.engine.read(lambda db: hits.waiting(db, self.world.clock())):
            for key in keys:
                self.world.server.engine.write(lambda db, key=key: hits.settle(db, key, self.world.clock()))


@pytest.fixture
def visitor(world: World) -> Visitor:
    return Visitor(world)


def test_a_letter_is_tracked_only_if_the_team_and_its_author_want_it(world: World, visitor: Visitor) -> None:
    letter = a_sent_letter(world)
    assert prepared(world, letter) == HTML
    team = f"/api/v2/teams/{world.team_key}"
    refused(world.bo.http.post(team, json={"mailTracking": True}), 403)
    for wrong in ("links", "a b", "127.0.0.1"):
        refused(world.ada.http.post(team, json={"trackingHost": wrong}), 400)
    turn_on(world)
    assert ok(world.ada.http.get(team))["trackingHost"] == HOST
    assert ok(world.ada.http.get(f"{team}/audit"))["results"][0]["before"] == {
        "settings": {"mailTracking": False, "trackingHost": ""}
    }
    page = prepared(world, letter)
    assert prepared(world, letter) == page
    assert [path[:3] for path in paths(page)] == ["/t/"] * 4
    assert page.count("<img") == 2
    assert 'href="mailto:ada@team.example"' in page
    assert '<img src="https://team.example/logo.png">' in page
    quoted = world.server.engine.read(lambda db: tracking.without_ours(db, page))
    assert quoted.replace("<a></a>", "") == HTML.replace("'", '"')
    # A user who reads an answer that quotes the letter does not count as a recipient.
    answer = raw_mail(7, subject="Re: Offer", files={}).replace(b"text/plain", b"text/html")
    answer = answer.replace(b"The price is 1200", page.encode("ascii", "xmlcharrefreplace"))
    chosen = Decision("store", "chosen", [world.box(world.pipeline())["key"]])
    (message,) = receive(world, "ada", mailbox_of(world, "ada"), answer, decision=chosen).message_keys
    shown = ok(world.ada.http.get(f"/api/v2/messages/{message}/view", params={"images": "true"}))
    assert HOST not in str(shown["html"])
    assert "https://shop.example/a" in shown["html"]
    only_opens = prepared(world, a_sent_letter(world, clicks=False))
    assert len(paths(only_opens)) == 1
    assert paths(prepared(world, a_sent_letter(world, opens=False, clicks=False))) == []

    # The team turns it off: links still lead to their targets, and nothing is counted.
    ok(world.ada.http.post(team, json={"mailTracking": False}))
    assert visitor(paths(page)[0]).headers["location"] == "https://shop.example/a?b=1&c=2#d"
    visitor.settle()
    assert ok(world.ada.http.get(f"/api/v2/letters/{letter.key}/hits"))["results"] == []


def test_a_link_leads_to_its_own_target_and_nowhere_else(world: World, visitor: Visitor) -> None:
    turn_on(world)
    first, second = a_sent_letter(world), a_sent_letter(world)
    own, other = paths(prepared(world, first)), paths(prepared(world, second))
    assert [visitor(path).headers.get("location") for path in own[:2]] == [
        "https://shop.example/a?b=1&c=2#d",
        "https://caf%C3%A9.example/%20x",
    ]
    picture = visitor(own[3])
    assert (picture.status_code, picture.headers["content-type"], len(picture.content)) == (200, "image/gif", 42)
    assert picture.headers["cache-control"] == "no-store"
    assert "set-cookie" not in picture.headers
    assert visitor(own[2]).status_code == 200, "the link that people do not see leads nowhere"

    number, _, tag = own[0].removeprefix("/t/").partition("-")
    foreign = other[0].rpartition("-")[2]
    wrong = [
        f"/t/{number}-{foreign}",  # the signature of another letter
        f"/t/{number}-{tag[:-1]}{'A' if tag[-1] != 'A' else 'B'}",
        f"/t/{number}-{tag}.gif",
        own[3].removesuffix(".gif"),
        f"/u/{number}-{tag}",
        f"/t/{int(number, 36) + 10**6}-{tag}",
        f"/t/{'9' * 13}-{tag}",
        "/t/",
        "/t/https://bad.example",
        f"/t/{number}-{tag}/https://bad.example",
    ]
    assert {path: visitor(path).status_code for path in wrong} == dict.fromkeys(wrong, 404)
    asked = visitor(f"{own[0]}?url=https://bad.example&to=//bad.example")
    assert asked.headers["location"] == "https://shop.example/a?b=1&c=2#d"
    assert visitor(own[0], method="POST").status_code == 405
    visitor.settle()
    assert signals(world, second) == (0, 0, 0)


def signals(world: World, letter: LetterRecord) -> tuple[int, int, int]:
    found = world.server.engine.read(lambda db: hits.signals(db, [letter.key]))[letter.key]
    return found.opens, found.machine_opens, found.clicks


def test_scanners_and_proxies_that_prefetch_do_not_count_and_a_person_does(world: World, visitor: Visitor) -> None:
    turn_on(world)
    pipeline = world.pipeline()
    box = world.box(pipeline)["key"]
    rule = Rule(world, pipeline, "message.clicked", do("comment.create", message="{{ message.subject }}"))
    letter = a_sent_letter(world, box)
    first, second, trap, picture = paths(prepared(world, letter))

    visitor(picture, "Barracuda Sentinel (EE)")  # a gateway, as the mail arrives
    visitor(picture, CHROME)  # a gateway that looks like a browser, as the mail arrives
    for path in (first, second, trap, picture):  # SafeLinks and the like, minutes later
        visitor(path, method="HEAD")
    visitor.later(20)
    visitor(picture, GOOGLE)  # Gmail, before a person opened the mail
    visitor.later(100)
    for path in (first, second, picture, trap):  # a scanner that follows all links, also the hidden link
        visitor(path, CHROME)
    visitor.later(100)
    visitor(picture, "Mozilla/5.0")  # Apple loads pictures for everybody
    visitor(first, "python-requests/2.32")
    visitor(picture, CHROME, Cookie="boxwood_session=x")  # the user looks at the mail in this browser
    visitor(picture, CHROME, Sec_Purpose="prefetch")
    visitor.settle()
    assert signals(world, letter) == (0, 1, 0)
    assert not {"message.opened", "message.clicked"} & set(world.events(box))

    visitor(picture, GOOGLE)  # a person opens the mail in Gmail
    visitor.later(5)
    visitor(picture, GOOGLE)
    visitor(first, CHROME)  # and follows a link, twice
    visitor.later(60)
    visitor(first, CHROME)
    visitor.settle()
    assert signals(world, letter) == (1, 1, 1)
    visitor.later(31 * MINUTE / SECOND)
    visitor(picture, CHROME)
    visitor.settle()
    assert signals(world, letter) == (2, 1, 1)
    assert [world.events(box).count(kind) for kind in ("message.opened", "message.clicked")] == [2, 1]

    shown = ok(world.bo.http.get(f"/api/v1/boxes/{box}"))
    assert shown["totalNumberOfSentEmailsViews"] == shown["totalNumberOfLastSentEmailViews"] == 2
    assert shown["totalNumberOfLastSentEmailLinksClicks"] == 1
    assert shown["mostRecentSentEmailsViewsTimestamp"] == shown["mostRecentLastSentEmailViewsTimestamp"]
    wanted = {"filter": '{"field": "totalNumberOfSentEmailsViews", "op": "gt", "value": 1}'}
    listed = ok(world.ada.http.get(f"/api/v2/pipelines/{pipeline['key']}/boxes", params=wanted))
    assert [it["key"] for it in listed["results"]] == [box]
    assert rule.only()["boxKey"] == box
    listed = ok(world.ada.http.get(f"/api/v2/letters/{letter.key}/hits", params={"limit": 100}))["results"]
    classes = [it["class"] for it in listed]
    assert {name: classes.count(name) for name in sorted(set(classes))} == {
        "machine": 3,
        "person": 3,
        "proxy": 2,
        "scanner": 11,
        "self": 1,
    }
    assert [it["url"] for it in listed if it["kind"] == "click" and it["counted"]] == [
        "https://shop.example/a?b=1&c=2#d"
    ]
    refused(world.cy.http.get(f"/api/v2/letters/{letter.key}/hits"), 404)
    # A colleague who may not read the text sees that links were followed, but not which.
    thread = ok(world.ada.http.get(f"/api/v2/messages/{letter.message_key}"))["threadKey"]
    for share, shows in (("full", True), ("subject", False), ("metadata", False)):
        ok(world.ada.http.post(f"/api/v2/threads/{thread}/share", json={"share": share}))
        answer = world.bo.http.get(f"/api/v2/letters/{letter.key}/hits", params={"limit": 100})
        assert len(ok(answer)["results"]) == len(listed)
        assert ("shop.example" in answer.text) == shows, share
    stored = world.server.engine.read(lambda db: db.rows("SELECT * FROM hits"))
    assert "Mozilla" not in repr(stored)
    assert "127.0.0.1" not in repr(stored)
