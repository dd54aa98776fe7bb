"""Web forms in the browser: the editor with its preview, and the page of a visitor without JavaScript."""

from typing import Any

from playwright.sync_api import expect

from tests.conftest import World, ok
from tests.ui.conftest import LOOKS


def test_a_form_is_made_previewed_and_filled_in_by_a_visitor_without_scripts(window: Any, world: World) -> None:
    pipeline = world.pipeline()
    world.field(pipeline, "DROPDOWN", "Kind", dropdownSettings={"items": [{"name": "Offer"}, {"name": "Other"}]})
    page = window(world.ada).goto(f"/pipelines/{pipeline['key']}/forms")
    expect(page.get_by_role("heading", name="No forms yet")).to_be_visible()
    page.get_by_role("button", name="New form").first.click()
    preview = page.frame_locator("iframe[title='Preview of the form']")
    expect(preview.get_by_label("Your name *")).to_be_visible()
    page.get_by_role("button", name="Add a question").click()
    question = page.get_by_role("listitem", name="Question 4")
    question.get_by_role("textbox", name="Label").fill("What is it about?")
    question.get_by_role("combobox", name="Goes to").click()
    page.get_by_role("option", name="Kind").click()
    page.get_by_role("textbox", name="Heading", exact=True).fill("Write to us")
    page.get_by_role("button", name="Save").click()
    expect(preview.get_by_label("What is it about?")).to_be_visible()
    expect(preview.get_by_role("heading", name="Write to us")).to_be_visible()
    page.get_by_role("textbox", name="Websites that may embed the form").fill("no website")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("is not a website such as").first).to_be_visible()
    (form,) = ok(world.ada.http.get(f"/api/v2/pipelines/{pipeline['key']}/forms"))["results"]

    browser = page.context.browser
    assert browser is not None
    context = browser.new_context(java_script_enabled=False)
    try:
        visitor = context.new_page()
        visitor.goto(f"{world.server.url}/forms/{form['key']}")
        world.clock.advance(ms=5000)
        visitor.get_by_label("Your name *").fill("Kim Lee")
        visitor.get_by_label("Your e-mail address *").fill("kim@acme.example")
        visitor.get_by_label("What is it about?").select_option("Offer")
        visitor.get_by_role("button", name="Send").click()
        expect(visitor.get_by_role("status")).to_contain_text("Thank you")
    finally:
        context.close()
    (box,) = ok(world.ada.http.get(f"/api/v1/pipelines/{pipeline['key']}/boxes"))
    assert box["name"] == "Kim Lee"


def test_looks_of_the_forms_screen(window: Any, world: World) -> None:
    pipeline = world.pipeline()
    ok(world.ada.http.post(f"/api/v2/pipelines/{pipeline['key']}/forms", json={"name": "Contact us", "enabled": False}))
    for size, scheme in LOOKS:
        screen = window(world.ada, size=size, scheme=scheme)
        page = screen.goto(f"/pipelines/{pipeline['key']}/forms")
        expect(page.get_by_role("heading", name="Questions")).to_be_visible()
        screen.look("forms")
