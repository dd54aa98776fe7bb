"""The board in a browser: first useful paint, scrolling, and a card that is moved.

    bin/bench board [--boxes N] [--rounds N]

The figures are medians of the rounds. The limit is a page of as many plain elements, scrolled the same way in the same
browser, so that a busy machine is not taken for a slow board.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import httpx
from playwright.sync_api import Page, sync_playwright

from bench import http
from bench.http import ROOT, Server

STAGES = ["Lead", "Talks", "Offer", "Won", "Lost"]
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
SCROLL = """async (element) => {
    const frames = [];
    let last = performance.now();
    for (let at = 0; at < 120; at++) {
        element.scrollBy(0, 90);
        await new Promise(requestAnimationFrame);
        const now = performance.now();
        frames.push(now - last);
        last = now;
    }
    return frames;
}"""
PLAIN = """<div style="height:600px;overflow:auto" id="list">
<script>for (let at = 0; at < 500; at++) {
    const item = document.createElement("div");
    item.textContent = "Box " + at; item.style = "height:120px;border:1px solid"; list.append(item);
}</script></div>"""


def main() -> None:
    parser = argparse.ArgumentParser(prog="bin/bench board")
    parser.add_argument("--boxes", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as data,
        http.served(Path(data), None) as server,
        sync_playwright() as playwright,
    ):
        path = filled(server, options.boxes)
        browser = playwright.chromium.launch(executable_path=program(), args=["--headless", "--no-sandbox"])
        context = browser.new_context(base_url=server.url, viewport={"width": 1440, "height": 900})
        page = context.new_page()
        sign_in(page, server, Path(data))
        figures = [measured(page, path) for _ in range(options.rounds)]
        page.set_content(PLAIN)
        frames = page.locator("#list").evaluate(SCROLL)
        browser.close()
    for name in figures[0]:
        print(f"{name:44} {statistics.median(each[name] for each in figures):8.0f}")
    print(f"{'a plain page, longest frame, ms':44} {max(frames):8.0f}")


def program() -> str:
    for name in CHROMIUM:
        found = subprocess.run(["which", name], capture_output=True, text=True, check=False).stdout.strip()
        if found:
            return found
    sys.exit("no Chromium: bin/setup dev installs it")


def filled(server: Server, boxes: int) -> str:
    """Create a pipeline with this many boxes in five stages. Returns the path of its board."""
    client = httpx.Client(base_url=server.url, auth=(server.key, ""), trust_env=False, timeout=120)
    made = client.post("/api/v2/pipelines", json={"name": "Deals", "stages": STAGES}).raise_for_status().json()
    path = f"/api/v2/pipelines/{made['key']}"
    for name, kind in (("Value", "TEXT_INPUT"), ("Close by", "DATE")):
        client.post(f"{path}/fields", json={"name": name, "type": kind}).raise_for_status()
    rows = "".join(f"Deal {at},{STAGES[at % 5]},{at * 7},2026-12-{at % 28 + 1:02}\n" for at in range(boxes))
    table = f"Name,Stage,Value,Close by\n{rows}".encode()
    started = (
        client.post(f"{path}/import", content=table, headers={"content-type": "text/csv"}).raise_for_status().json()
    )
    while started["state"] in ("waiting", "running"):
        time.sleep(0.05)
        started = client.get(f"/api/v2/imports/{started['key']}").json()
    if started["created"] != boxes:
        sys.exit(f"the import failed: {started}")
    return f"/pipelines/{made['key']}/board"


def sign_in(page: Page, server: Server, data: Path) -> None:
    command = [sys.executable, "-m", "boxwood", "user", "link", "bench@example.com", "--data", str(data)]
    link = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.strip().split()[-1]
    page.goto(link[link.index("/", link.index("//") + 2) :])
    page.get_by_label("A password for next time").fill("seven green owls")
    page.get_by_label("A password for next time").press("Enter")
    page.get_by_role("link", name="Deals").first.wait_for()


def measured(page: Page, path: str) -> dict[str, float]:
    began = time.perf_counter()
    page.goto(path)
    page.locator("[data-card]").first.wait_for()
    painted = (time.perf_counter() - began) * 1000
    cards = page.get_by_role("list", name="Cards in Lead")
    frames = cards.evaluate(SCROLL)
    moved = page.evaluate(
        """async () => {
            const card = document.querySelector("[data-card]");
            card.focus();
            const key = card.dataset.card;
            const began = performance.now();
            const answered = new Promise((then) => {
                const watch = new PerformanceObserver((list) => {
                    const found = list.getEntries().find((each) => each.name.includes("/boxes/" + key));
                    if (found) { watch.disconnect(); then(found.responseEnd - began); }
                });
                watch.observe({ type: "resource" });
            });
            const pressed = { key: "ArrowRight", shiftKey: true, bubbles: true };
            card.dispatchEvent(new KeyboardEvent("keydown", pressed));
            const lane = card.closest("section");
            let shown = 0;
            while (lane.contains(document.querySelector(`[data-card="${key}"]`))) {
                await new Promise(requestAnimationFrame);
                if (performance.now() - began > 5000) throw new Error("the card did not move");
            }
            shown = performance.now() - began;
            return { shown, confirmed: await answered };
        }"""
    )
    return {
        "first cards of the board, ms": painted,
        "scrolling, median frame, ms": statistics.median(frames),
        "scrolling, longest frame, ms": max(frames),
        "frames over 50 ms of 120": sum(each > 50 for each in frames),
        "a move is seen, ms": moved["shown"],
        "a move is confirmed, ms": moved["confirmed"],
    }
