"""Hostile HTML in messages runs nothing and asks no other host, neither cleaned nor in its frame."""

from collections.abc import Iterator
from email.message import EmailMessage

import pytest
from playwright.sync_api import Browser, Page, Route

from boxwood.lib import html_cleaning
from tests.conftest import World, ok
from tests.hostile_html import payloads
from tests.receiver import Answer, Received, Receiver
from tests.ui.conftest import PATIENCE, Window

pytestmark = pytest.mark.slow

# What the browser does by itself after a page is there: errors of pictures, timers of refreshes, animations.
SETTLED = 300
FRAME = """async ([addresses, patience]) => {
    const frames = await Promise.all(addresses.map((address) => new Promise((resolve, reject) => {
        const frame = document.createElement("iframe");
        frame.sandbox = "allow-same-origin allow-popups allow-popups-to-escape-sandbox";
        frame.onload = () => resolve(frame);
        setTimeout(() => reject(new Error(address)), patience);
        frame.src = address;
        document.body.append(frame);
    })));
    await new Promise((resolve) => setTimeout(resolve, SETTLED));
    for (const frame of frames) {
        for (const each of frame.contentDocument?.querySelectorAll("*") ?? [])
            if (!/^(https?|mailto|tel):/.test(each.getAttribute("href") ?? "")) each.click?.();
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
    const places = frames.map((frame) => {
        try {
            return frame.contentWindow.location.href;
        } catch {
            return "a page of another origin";
        }
    });
    for (const frame of frames) frame.remove();
    return places;
}""".replace("SETTLED", str(SETTLED))
INLINE = """async (pages) => {
    const shown = pages.map((page) => {
        const frame = document.createElement("iframe");
        document.body.append(frame);
        frame.contentDocument.body.innerHTML = page;
        return frame;
    });
    await new Promise((resolve) => setTimeout(resolve, SETTLED));
    for (const frame of shown) frame.remove();
}""".replace("SETTLED", str(SETTLED))
AT_ONCE = 60


class Victim:
    """Ada's browser, and a stranger's host that the attacks ask: which payloads ran, and what the host was asked."""

    def __init__(self, browser: Browser, world: World) -> None:
        self.window = Window(browser, world).sign_in(world.ada)
        self.page: Page = self.window.page
        self.stranger = Receiver()
        self.stranger.answer = self._note
        self.asked: set[str] = set()
        self.attacks = payloads(self.stranger.url.removeprefix("http://"))

    def _note(self, request: Received) -> Answer:
        self.asked.add(request.path)
        return Answer(404)

    def close(self) -> None:
        self.window.close()
        self.stranger.close()

    def fresh(self) -> None:
        """A page of this server without a policy of its own, so that only ours protects it."""
        self.page.goto("/healthz")
        self.page.evaluate("window.ran = []")
        self.asked.clear()

    def ran(self) -> set[int]:
        return set(self.page.evaluate("window.ran"))

    def in_frames(self, addresses: list[str]) -> list[str]:
        """Open each address in a sandboxed frame, and click on everything there that does not lead to a usual page.
        Returns where the frames are at the end."""
        places: list[str] = []
        for start in range(0, len(addresses), AT_ONCE):
            places += self.page.evaluate(FRAME, [addresses[start : start + AT_ONCE], PATIENCE])
        return [place.removeprefix(self.window.url) for place in places]

    def inline(self, pages: list[str]) -> None:
        """Write each page into a frame that may do all that this page may do."""
        for start in range(0, len(pages), AT_ONCE):
            self.page.evaluate(INLINE, pages[start : start + AT_ONCE])


@pytest.fixture
def victim(chromium: Browser, world: World) -> Iterator[Victim]:
    made = Victim(chromium, world)
    yield made
    made.close()


def test_400_hostile_messages_run_nothing_and_ask_no_other_host(victim: Victim, world: World) -> None:
    attacks = victim.attacks
    assert len(attacks) >= 400
    box = world.box(world.pipeline())["key"]
    keys = [post(world, box, payload, number) for number, payload in enumerate(attacks)]

    # Both layers: the cleaned page in its frame.
    victim.fresh()
    addresses = [f"/api/v2/messages/{key}/page" for key in keys]
    assert victim.in_frames(addresses) == addresses
    assert (victim.ran(), victim.asked) == (set(), set())

    # Only the cleaning: the cleaned HTML in a frame without limits.
    victim.fresh()
    victim.inline([ok(world.ada.http.get(f"/api/v2/messages/{key}/view"))["html"] for key in keys])
    assert (victim.ran(), victim.asked) == (set(), set())

    # The attacks are real: without a layer they run, and ask other hosts.
    victim.fresh()
    victim.inline(attacks)
    assert len(victim.ran()) >= 40
    assert len(victim.asked) >= 40


def test_the_policy_of_the_frame_alone_stops_all_hostile_html(victim: Victim) -> None:
    attacks = victim.attacks

    def serve(route: Route) -> None:
        number = route.request.url.rpartition("/")[2]
        page = html_cleaning.page(attacks[int(number)] if number.isdecimal() else "")
        headers = {"content-security-policy": html_cleaning.POLICY.decode(), "content-type": "text/html"}
        route.fulfill(body=page, headers=headers)

    victim.page.route("**/uncleaned/*", serve)
    victim.fresh()
    victim.in_frames([f"/uncleaned/{number}" for number in range(len(attacks))])
    assert (victim.ran(), victim.asked) == (set(), set())


def post(world: World, box: str, page: str, number: int) -> str:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "eve@evil.example", "sales@firm.example", "Hello"
    mail["Message-ID"] = f"<{number}@evil.example>"
    mail.set_content(page, subtype="html", charset="utf-8", cte="base64")
    headers = {"Content-Type": "message/rfc822"}
    content = bytes(mail)
    key: str = ok(world.ada.http.post(f"/api/v2/boxes/{box}/messages", content=content, headers=headers))["key"]
    return key
