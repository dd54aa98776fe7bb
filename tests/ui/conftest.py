"""A browser on the real server: the installed Chromium, controlled by Playwright."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Request, expect, sync_playwright

from boxwood.core.accounts import sessions
from boxwood.core.context import Ctx
from boxwood.web import pages
from tests.conftest import Person, World
from tests.house.tree import ROOT

OPTIONS = [
    *"--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking".split(),
    *"--disable-component-update --disable-sync".split(),
    # The browser reaches no other host. Playwright's request interception would disable the browser cache.
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1 , EXCLUDE localhost",
]
WIDE, NARROW = (1440, 900), (390, 844)
# How long a test waits, in milliseconds. A busy machine needs a long time.
PATIENCE = 60_000
expect.set_options(timeout=PATIENCE)
AXE = ROOT / "ui" / "node_modules" / "axe-core" / "axe.min.js"
# The directory for screenshots; without it, none are taken.
PICTURES = os.environ.get("BOXWOOD_PICTURES", "")
# Console messages of the browser about error answers that the tests expect.
EXPECTED = re.compile(r"Failed to load resource: (the server responded with a status of (4\d\d|503)|net::ERR_)")


def build_ui() -> None:
    """Build the UI from the current files in ui/."""
    done = subprocess.run([sys.executable, ROOT / "ui" / "backend.py"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    pages.template.cache_clear()


BROWSERS = ("chromium", "chromium-browser", "google-chrome")
# The headless shell draws no windows: a context costs a third of what it costs in other builds.
SHELL = "chromium-headless-shell"


def find_chromium(*names: str) -> str:
    program = next((path for name in names or BROWSERS if (path := shutil.which(name))), None)
    assert program, "no Chromium: bin/setup dev installs it"
    return program


@pytest.fixture(scope="session")
def built() -> None:
    """Makes sure that the UI is built."""
    build_ui()


@pytest.fixture(scope="package")
def chromium(built: None) -> Iterator[Browser]:
    """Ends after this folder: until then Playwright's event loop runs in this thread, other tests have their own."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(SHELL, *BROWSERS), args=OPTIONS)
        yield browser
        browser.close()


class Window:
    """The browser of a person: `goto` opens screens, `page` is Playwright's page. Console errors fail the test."""

    def __init__(
        self,
        browser: Browser,
        world: World,
        size: tuple[int, int] = WIDE,
        scheme: str = "light",
        touch: bool = False,
        zone: str = "UTC",
    ) -> None:
        self.world = world
        self.url = world.server.url
        self.context: BrowserContext = browser.new_context(
            base_url=self.url,
            viewport={"width": size[0], "height": size[1]},
            color_scheme=scheme,  # type: ignore[arg-type]
            locale="en-GB",
            timezone_id=zone,
            reduced_motion="reduce",
            has_touch=touch,
            is_mobile=touch,
        )
        self.context.set_default_timeout(PATIENCE)
        self.context.on("request", self._only_here)
        self.complaints: list[str] = []
        self.page: Page = self.context.new_page()
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _only_here(self, request: Request) -> None:
        """Fail the test if the browser requests another host."""
        # The PDF viewer of the browser requests its own files.
        if not request.url.startswith((self.url, "blob:", "data:", "chrome:", "chrome-extension:")):
            self.complaints.append(f"asked another host: {request.url}")

    def _hear(self, message: Any) -> None:
        if message.type in ("error", "warning") and not EXPECTED.match(message.text):
            self.complaints.append(message.text)

    def sign_in(self, person: Person) -> "Window":
        """Sign the person in with a new session, without the sign-in form."""
        now = self.world.clock()
        _, secret = self.world.server.engine.write(
            lambda db: sessions.start(Ctx(db, now, person.user), "Chromium", "127.0.0.1", "a test")
        )
        self.context.add_cookies([{"name": "boxwood_session", "value": secret, "url": self.world.server.url}])
        return self

    def goto(self, path: str) -> Page:
        self.page.goto(path)
        return self.page

    def look(self, name: str) -> None:
        """Fail the test on serious accessibility faults found by axe; take a screenshot if screenshots are wanted."""
        found = serious(self.page)
        assert found == [], found
        self.picture(name)

    def picture(self, name: str) -> None:
        if PICTURES:
            folder = Path(PICTURES)
            folder.mkdir(parents=True, exist_ok=True)
            size = self.page.viewport_size or {"width": 0}
            scheme = self.page.evaluate("document.documentElement.dataset.mantineColorScheme")
            self.page.screenshot(path=folder / f"{name}-{scheme}-{size['width']}.png")

    def close(self) -> None:
        self.context.close()


def serious(page: Page) -> list[str]:
    """Return the faults of the current screen that axe calls serious or critical."""
    if not page.evaluate("'axe' in window"):
        # Through the debugger, to which the policy of the page does not apply.
        page.evaluate(AXE.read_text())
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{each['id']}: {node['html'][:200]} {node.get('failureSummary', '')}"
        for each in found["violations"]
        if each["impact"] in ("serious", "critical")
        for node in each["nodes"]
    ]


@pytest.fixture
def window(chromium: Browser, world: World) -> Iterator[Callable[..., Window]]:
    """Opens windows: `window(world.ada)` is Ada's, `window()` a stranger's; `size` and `scheme` are optional."""
    windows: list[Window] = []

    def make(person: Person | None = None, **how: Any) -> Window:
        opened = Window(chromium, world, **how)
        windows.append(opened)
        return opened.sign_in(person) if person else opened

    yield make
    for opened in windows:
        opened.close()
    assert [complaint for opened in windows for complaint in opened.complaints] == []


LOOKS = [(WIDE, "light"), (NARROW, "dark")] + ([(WIDE, "dark"), (NARROW, "light")] if PICTURES else [])
"""The sizes and colour schemes in which every screen is checked, in the tests of how it looks: each once, and in all
combinations if screenshots are wanted."""


def pytest_itemcollected(item: pytest.Item) -> None:
    """A browser does not see which database the server has, and tests of the API run on both."""
    item.add_marker("one_database")
