"""The table of a large pipeline in Chromium: first useful paint, frames in scrolling, an edit until it is confirmed.

    bin/bench screens [--boxes N] [--rounds N]

The server runs in this process, and Playwright controls the system's Chromium. The first useful paint is the first
readable row. It is timed from the navigation, with the files in the browser's cache, as for a returning user.
"""

import argparse
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, sync_playwright

from boxwood.core import boxes, pipelines
from boxwood.core.accounts import sessions
from boxwood.core.context import Ctx
from boxwood.core.people import teams, users
from boxwood.core.pipelines import fields
from boxwood.db import schema
from boxwood.db.engine import Db
from tests.conftest import Server, Store
from tests.ui.conftest import OPTIONS, build_ui, find_chromium

FIRST_ROW = """() => new Promise((done) => {
    const look = () => {
        const row = document.querySelector('[role="row"] [data-column="name"] [class*="value"]');
        row && row.textContent ? done(performance.now()) : requestAnimationFrame(look);
    };
    look();
})"""
SCROLL = """(pixels) => new Promise((done) => {
    const grid = document.querySelector('[role="grid"]');
    const frames = [], long = [];
    new PerformanceObserver((list) => long.push(...list.getEntries().map((each) => each.duration)))
        .observe({ type: "longtask" });
    let last = performance.now(), moved = 0;
    const step = (now) => {
        frames.push(now - last);
        last = now;
        if (moved >= pixels) return setTimeout(() => done({ frames: frames.slice(2), long }), 100);
        grid.scrollTop += 60;
        moved += 60;
        requestAnimationFrame(step);
    };
    requestAnimationFrame(step);
})"""


def main() -> None:
    parser = argparse.ArgumentParser(prog="bin/bench screens")
    parser.add_argument("--boxes", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    build_ui()
    with tempfile.TemporaryDirectory() as data:
        store = Store("sqlite", Path(data), None)
        schema.migrate(None, store.config().sqlite_path)
        server = Server(store.config()).start()
        try:
            run(server, options.boxes, options.rounds)
        finally:
            server.stop()


def run(server: Server, count: int, rounds: int) -> None:
    pipeline_key, secret = server.engine.write(lambda db: fill(server, db, count))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=OPTIONS)
        context = browser.new_context(base_url=server.url, viewport={"width": 1440, "height": 900})
        context.add_cookies([{"name": "boxwood_session", "value": secret, "url": server.url}])
        page = context.new_page()
        path = f"/pipelines/{pipeline_key}"
        page.goto(path)
        page.evaluate(FIRST_ROW)
        paints = [paint(page, path) for _ in range(rounds)]
        scrolled = [page.evaluate(SCROLL, 24_000) for _ in range(3)]
        edits = [edit(page, f"{4200 + at}") for at in range(rounds)]
        browser.close()
    frames = sorted(frame for scroll in scrolled for frame in scroll["frames"])
    long = [task for scroll in scrolled for task in scroll["long"]]
    print(f"{count:,} boxes in Chromium, medians of {rounds}")
    print(f"first useful paint   {statistics.median(paints):7.0f} ms   {statistics.median(paints) / 1000:.2f} of 1 s")
    within = frames[len(frames) * 99 // 100]
    print(f"frames in scrolling  {statistics.median(frames):7.1f} ms   99 of 100 within {within:.1f} ms")
    print(
        f"tasks over 50 ms     {len(long):7d}      the longest {max(long, default=0):.0f} ms, of {len(frames):,} frames"
    )
    print(f"an edit, confirmed   {statistics.median(edits):7.0f} ms   {statistics.median(edits) / 200:.2f} of 200 ms")


def paint(page: Page, path: str) -> float:
    page.goto("about:blank")
    page.goto(path, wait_until="commit")
    return float(page.evaluate(FIRST_ROW))


def edit(page: Page, value: str) -> float:
    """From Enter until the server's answer is in."""
    target = page.locator('[role="row"] [data-column="1001"][role="gridcell"]').nth(3)
    target.click()
    page.keyboard.press("Enter")
    page.keyboard.type(value)
    with page.expect_response(lambda answer: answer.request.method == "POST" and "/boxes/" in answer.url) as answered:
        started = time.perf_counter()
        page.keyboard.press("Enter")
    assert answered.value.ok
    return (time.perf_counter() - started) * 1000


def fill(server: Server, db: Db, count: int) -> tuple[str, str]:
    now = server.clock()
    user = users.create(db, "ada@bench.example", now, given_name="Ada", family_name="Lovelace")
    team = teams.create(db, "Bench", user, now)
    ctx = Ctx(db, now, user)
    stages = ["Lead", "Contacted", "Pitched", "Won", "Lost"]
    pipeline = pipelines.create(ctx, {"name": "Deals", "team_key": team.key, "stages": stages})
    made = [fields.create(ctx, pipeline.key, field) for field in FIELDS]
    size, words, day, source = (field.key for field in made)
    options = [option.key for option in made[3].options]
    for at in range(count):
        held: dict[str, Any] = {size: at * 7919 % 99_991, words: f"note {at}", day: now + at * 3_600_000}
        given = {
            "name": f"Company {at}",
            "stage_key": pipeline.stage_order[at * 5 // count],
            "fields": {**held, source: options[at % len(options)]},
        }
        boxes.create(ctx, pipeline.key, given)
    return pipeline.key, sessions.start(ctx, "Chromium", "127.0.0.1", "a benchmark")[1]


FIELDS: list[dict[str, Any]] = [
    {"name": "Size", "type": "TEXT_INPUT"},
    {"name": "Remark", "type": "TEXT_INPUT"},
    {"name": "Close date", "type": "DATE"},
    {"name": "Source", "type": "DROPDOWN", "options": [{"name": "Website"}, {"name": "Referral"}]},
]
