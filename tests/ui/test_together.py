"""Editing the table together with others, while the server is unreachable, and after a session ended."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from boxwood.core.accounts import sign_in_links
from tests.conftest import Server, Store, World, ok
from tests.ui.conftest import LOOKS, Window
from tests.ui.test_table import boxes, cell, field, filled, opened, row

PASSWORD = "seven green owls"


def open_cell(page: Page, name: str, column: str, label: str) -> None:
    """Open the cell and wait until its control has the focus and its text is selected."""
    cell(page, name, column).click()
    page.keyboard.press("Enter")
    expect(page.get_by_role("textbox", name=label, exact=True)).to_be_focused()


def test_two_users_edit_the_same_cell_and_lose_no_typed_text(world: World, window: Any) -> None:
    pipeline = filled(world)
    size = field(pipeline, "Size")
    ada, bo = (opened(world, window, pipeline), window(world.bo).goto(f"/pipelines/{pipeline['key']}"))
    open_cell(ada, "Acme", size, "Size")
    ada.keyboard.type("4200")
    open_cell(bo, "Acme", size, "Size")
    bo.keyboard.type("7700")
    bo.keyboard.press("Enter")
    expect(ada.get_by_text("Changed by somebody else meanwhile")).to_be_visible()
    expect(ada.get_by_role("textbox", name="Size", exact=True)).to_have_value("4200")
    expect(cell(bo, "Acme", size)).to_have_text("7,700")
    ada.keyboard.press("Enter")
    for page in (ada, bo):
        expect(cell(page, "Acme", size)).to_have_text("4,200")
    expect(ada.get_by_role("alert").filter(has_text="Changed Size")).to_be_visible()
    ada.get_by_role("button", name="Undo").last.click()
    for page in (ada, bo):
        expect(cell(page, "Acme", size)).to_have_text("7,700")
    assert boxes(world, pipeline)["Acme"]["fields"][size] == 7700


def test_a_user_who_cancels_an_edit_sees_the_change_of_the_other_user(world: World, window: Any) -> None:
    pipeline = filled(world)
    page = opened(world, window, pipeline)
    open_cell(page, "Bolt", "name", "Name")
    page.keyboard.type("Bolt & Sons")
    key = boxes(world, pipeline)["Bolt"]["key"]
    ok(world.bo.http.post(f"/api/v1/boxes/{key}", json={"name": "Bolt Ltd", "stageKey": "5002"}))
    # The row is now in another group, and the typed text is still there.
    expect(page.get_by_role("button", name="Won 2")).to_be_visible()
    expect(page.get_by_text("Changed by somebody else meanwhile")).to_be_visible()
    expect(page.get_by_role("textbox", name="Name", exact=True)).to_have_value("Bolt & Sons")
    page.keyboard.press("Escape")
    expect(row(page, "Bolt Ltd")).to_have_count(1)
    assert boxes(world, pipeline)["Bolt Ltd"]["key"] == key


def test_typed_text_stays_while_scrolling(world: World, window: Any) -> None:
    pipeline = filled(world)
    size = field(pipeline, "Size")
    operations = [
        {"method": "POST", "path": f"/v2/pipelines/{pipeline['key']}/boxes", "body": {"name": f"More {at}"}}
        for at in range(200)
    ]
    ok(world.ada.http.post("/api/v2/batch", json={"operations": operations}))
    page = opened(world, window, pipeline)
    open_cell(page, "Acme", size, "Size")
    page.keyboard.type("123")
    page.get_by_role("grid").evaluate("(grid) => { grid.scrollTop = grid.scrollHeight; grid.scrollLeft = 2000; }")
    expect(row(page, "Delta")).to_be_in_viewport()
    expect(page.get_by_role("textbox", name="Size", exact=True)).to_have_value("123")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert").filter(has_text="Changed Size")).to_be_visible()
    assert boxes(world, pipeline)["Acme"]["fields"][size] == 123


@pytest.fixture
def restarting(fresh_store: Store, chromium: Browser) -> Iterator[tuple[Server, World, Window]]:
    """A separate server, which a test may stop, and Ada's browser on it."""
    server = Server(fresh_store.config(allow_private_webhooks=True)).start()
    world = World(server)
    screen = Window(chromium, world).sign_in(world.ada)
    yield server, world, screen
    assert screen.complaints == []
    screen.close()
    world.close()


@pytest.mark.slow
def test_edits_wait_for_a_server_that_restarts(restarting: tuple[Server, World, Window], fresh_store: Store) -> None:
    server, world, screen = restarting
    port = int(server.url.rpartition(":")[2])
    pipeline = filled(world)
    size = field(pipeline, "Size")
    page = screen.goto(f"/pipelines/{pipeline['key']}")
    open_cell(page, "Acme", size, "Size")
    page.keyboard.type("4200")
    server.stop(grace=1)
    page.keyboard.press("Enter")
    expect(page.get_by_text("One change waits and will be sent when it is back")).to_be_visible()
    expect(cell(page, "Acme", size)).to_have_text("4,200")
    page.keyboard.press("ArrowUp")  # Enter went down
    page.keyboard.press("Enter")
    expect(page.get_by_role("textbox", name="Size", exact=True)).to_be_focused()
    page.keyboard.type("4300")
    page.keyboard.press("Enter")
    expect(page.get_by_text("2 changes wait and will be sent when it is back")).to_be_visible()
    expect(cell(page, "Acme", size)).to_have_text("4,300")
    # An action that cannot wait for the server is refused with a message.
    page.get_by_role("button", name="Add a box").first.click()
    page.get_by_label("Name of the new box").fill("Echo")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert").filter(has_text="That was not saved")).to_be_visible()
    again = Server(fresh_store.config(allow_private_webhooks=True), port=port).start()
    try:
        expect(page.get_by_text("will be sent when it is back")).to_be_hidden()
        expect(page.get_by_role("alert").filter(has_text="Changed Size")).to_have_count(2)
        expect(cell(page, "Acme", size)).to_have_text("4,300")
        found = ok(world.ada.http.get(f"/api/v2/pipelines/{pipeline['key']}/boxes"))["results"]
        assert {box["name"]: box["fields"][size] for box in found if box["name"] in ("Acme", "Echo")} == {"Acme": 4300}
    finally:
        again.stop(grace=1)


def test_a_session_that_ends_during_an_edit_loses_no_typed_text(world: World, window: Any) -> None:
    path = world.server.engine.write(lambda db: sign_in_links.make(db, world.ada.user, "welcome", world.clock()))
    with world.client(None) as browser:
        ok(browser.post("/api/v2/session/link", json={"token": path.partition("#")[2], "password": PASSWORD}))
    pipeline = filled(world)
    size = field(pipeline, "Size")
    page = opened(world, window, pipeline)
    open_cell(page, "Acme", size, "Size")
    page.keyboard.type("4200")
    world.server.engine.write(lambda db: db.run("DELETE FROM sessions WHERE user_key = :user", user=world.ada.user_key))
    page.keyboard.press("Enter")
    again = page.get_by_role("dialog", name="Your session ended")
    expect(again.get_by_label("E-mail")).to_have_value(world.ada.email)
    expect(cell(page, "Acme", size)).to_have_text("4,200")
    again.get_by_role("textbox", name="Password").fill(PASSWORD)
    again.get_by_role("button", name="Sign in").click()
    expect(again).to_have_count(0)
    expect(page.get_by_role("alert").filter(has_text="Changed Size")).to_be_visible()
    assert boxes(world, pipeline)["Acme"]["fields"][size] == 4200


@pytest.mark.slow
def test_a_conflict_looks_right(world: World, window: Any) -> None:
    pipeline = filled(world)
    key, size = boxes(world, pipeline)["Acme"]["key"], field(pipeline, "Size")
    for at, (look, scheme) in enumerate(LOOKS):
        screen = window(world.ada, size=look, scheme=scheme)
        page = screen.goto(f"/pipelines/{pipeline['key']}")
        open_cell(page, "Acme", size if look[0] > 1000 else "name", "Size" if look[0] > 1000 else "Name")
        ok(world.bo.http.post(f"/api/v1/boxes/{key}", json={"name": "Acme", "fields": {size: 5000 + at}}))
        if look[0] > 1000:
            expect(page.get_by_text("Changed by somebody else meanwhile")).to_be_visible()
        screen.look("conflict")
