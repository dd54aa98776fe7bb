"""The first five minutes in the browser."""

from typing import Any

import pytest
from playwright.sync_api import expect

from boxwood import sample
from boxwood.core.context import Ctx
from tests.conftest import World, ok
from tests.ui.conftest import LOOKS


def load_sample(world: World) -> str:
    """Ada's, as a first start makes it; the pipeline's key."""
    now = world.clock()
    key: str = world.server.engine.write(lambda db: sample.load(Ctx(db, now, world.ada.user)))
    return key


def step(page: Any, label: str) -> Any:
    steps = page.get_by_role("region", name="First steps")
    return steps.get_by_role("listitem").filter(has_text=label)


def test_the_first_steps_are_ticked_by_what_is_there_and_put_away(world: World, window) -> None:
    key = load_sample(world)
    page = window(world.ada).goto("/")
    expect(step(page, "Make a pipeline").get_by_label("Not done yet")).to_be_visible()
    expect(step(page, "Add a webhook").get_by_label("Not done yet")).to_be_visible()
    hook = {"targetUrl": "https://receiver.example/hook", "event": "BOX_CREATE"}
    ok(world.ada.http.post(f"/api/v2/pipelines/{key}/webhooks", json=hook))
    mine = world.pipeline(name="Mine")
    path, headers = f"/api/v2/pipelines/{mine['key']}/import?wait=20", {"content-type": "text/csv"}
    ok(world.ada.http.post(path, content=b"name\nAcme\n", headers=headers))
    page.reload()
    for label in ("Make a pipeline", "Call the API", "Add a webhook", "Import a CSV"):
        expect(step(page, label).get_by_label("Done", exact=True)).to_be_visible()
    step(page, "Import a CSV").get_by_role("link").click()
    expect(page).to_have_url(f"{world.server.url}/pipelines/{mine['key']}/import")
    page.go_back()
    page.get_by_role("button", name="Do not show the first steps again").click()
    expect(page.get_by_role("region", name="First steps")).to_have_count(0)
    page.reload()
    expect(page.get_by_role("main").get_by_role("link", name="Mine")).to_be_visible()
    expect(page.get_by_role("region", name="First steps")).to_have_count(0)


def test_a_colleague_is_invited_by_a_link(world: World, window) -> None:
    page = window(world.cy).goto("/")
    step(page, "Invite a colleague").get_by_role("button").click()
    page.get_by_label("E-mail address").fill("new@example.com")
    page.keyboard.press("Enter")
    expect(page.get_by_label("Invitation link", exact=True)).to_contain_text("/invitation#")
    page.get_by_role("button", name="I have it").click()
    expect(step(page, "Invite a colleague").get_by_label("Done", exact=True)).to_be_visible()


def test_sample_data_is_cleared_and_brought_back(world: World, window) -> None:
    key = load_sample(world)
    page = window(world.ada).goto("/")
    page.get_by_role("button", name="Clear sample data").click()
    expect(page.get_by_role("link", name="Sales (sample)")).to_have_count(0)
    expect(page.get_by_role("button", name="Clear sample data")).to_have_count(0)
    assert world.ada.http.get(f"/api/v2/pipelines/{key}").status_code == 404
    page.get_by_role("alert").filter(has_text="Sample data cleared").get_by_role("button", name="Undo").click()
    expect(page.get_by_role("main").get_by_role("link", name="Sales (sample)")).to_contain_text("12 boxes")
    expect(page.get_by_role("button", name="Clear sample data")).to_be_visible()


@pytest.mark.slow
def test_the_first_steps_look_right(world: World, window) -> None:
    load_sample(world)
    for size, scheme in LOOKS:
        one = window(world.ada, size=size, scheme=scheme)
        expect(step(one.goto("/"), "Invite a colleague")).to_be_visible()
        one.look("first")
