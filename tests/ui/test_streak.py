"""Moving from Streak in the browser."""

from typing import Any

import pytest
from playwright.sync_api import expect

from tests.conftest import World


@pytest.mark.one_database
def test_a_user_counts_and_sees_why_an_import_failed(window: Any, world: World) -> None:
    page = window(world.ada).goto("/streak")
    expect(page.get_by_role("heading", name="No imports yet")).to_be_visible()
    page.get_by_label("API key of the source").fill("wrong")
    page.get_by_role("textbox", name="Address of the source").fill(world.server.url)
    page.get_by_role("button", name="Start").click()
    expect(page.get_by_role("status")).to_contain_text("the key is not accepted (invalid api key)")
    expect(page.get_by_role("table", name="Imports from Streak")).to_contain_text("Count what would come")
    expect(page.get_by_role("table", name="Imports from Streak")).to_contain_text("failed")
    world.pipeline(name="Deals")
    page.get_by_label("API key of the source").fill(world.ada.key)
    page.get_by_role("button", name="Start").click()
    expect(page.get_by_role("table", name="What came")).to_contain_text("pipelines1 same", timeout=60_000)
