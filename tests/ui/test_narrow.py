"""On a phone only the table of a pipeline is wider than the screen."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.conftest import World, ok
from tests.ui.conftest import NARROW

WIDER = """() => [...document.querySelectorAll("main, main *")]
    .filter((each) => each.scrollWidth > each.clientWidth + 1 && each.clientWidth > 0)
    .filter((each) => ["auto", "scroll"].includes(getComputedStyle(each).overflowX))
    .map((each) => each.className + " " + each.scrollWidth + " > " + each.clientWidth)"""


def wider(page: Page) -> list[str]:
    """Return the elements that need horizontal scrolling."""
    found: list[str] = page.evaluate(WIDER)
    return found


@pytest.fixture
def filled(world: World) -> dict[str, str]:
    """Return the paths of screens with lists, each with a text that is visible when the list has loaded."""
    pipeline = world.pipeline(name="Sales")
    http, team = world.ada.http, world.team_key
    long = "a-rather-long-address-of-somebody@subdomain-of.some-company.example"
    ok(http.post(f"/api/v2/teams/{team}/contacts", json={"givenName": "Grace", "emailAddresses": [long]}))
    ok(http.post(f"/api/v2/teams/{team}/organizations", json={"name": "Navy", "domains": ["navy.example"]}))
    ok(http.post(f"/api/v2/teams/{team}/invitations", json={"email": long, "role": "Member"}))
    ok(
        http.post(
            f"/api/v2/pipelines/{pipeline['key']}/webhooks",
            json={"event": "BOX_CREATE", "targetUrl": f"http://127.0.0.1:9/{'long/' * 12}"},
        )
    )
    ok(http.delete(f"/api/v1/boxes/{world.box(pipeline, name='A box with a rather long name, ' * 3)['key']}"))
    return {
        "/contacts": "Grace",
        "/organizations": "Navy",
        "/team": "Bo Diddley",
        "/team?show=audit": "Audit log",
        "/integrations": "Custom integrations",
        f"/pipelines/{pipeline['key']}/integrations": "A box is created",
        "/trash": "A box with a rather long name",
        "/account": "this one",
    }


@pytest.mark.slow
def test_lists_are_read_on_a_phone_without_scrolling_sideways(
    world: World, window: Any, filled: dict[str, str]
) -> None:
    page = window(world.ada, size=NARROW).page
    found = {}
    for path, words in filled.items():
        page.goto(path)
        expect(page.get_by_role("main").get_by_text(words).first).to_be_visible()
        # The tabs of a pipeline are a separate row that scrolls.
        found[path] = [each for each in wider(page) if "tabs" not in each]
    assert {path: those for path, those in found.items() if those} == {}


def test_the_cells_of_a_row_are_stacked_with_their_headings(world: World, window: Any) -> None:
    page = window(world.ada, size=NARROW).goto("/team")
    bo = page.get_by_role("row").filter(has_text="Bo Diddley")
    expect(bo).to_be_visible()
    name, email = bo.get_by_text("Bo Diddley").bounding_box(), bo.get_by_text(world.bo.email).bounding_box()
    assert name
    assert email
    assert email["y"] > name["y"] + 10
    heading = bo.get_by_role("cell").nth(1).evaluate("(cell) => getComputedStyle(cell, '::before').content")
    assert heading == '"E-mail"'
    remove = bo.get_by_role("button", name="Remove").bounding_box()
    assert remove
    assert remove["x"] + remove["width"] <= NARROW[0]
