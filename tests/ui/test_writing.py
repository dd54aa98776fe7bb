"""Writing e-mail in the UI: snippets, and the editor in which users write."""

from typing import Any

from playwright.sync_api import expect

from tests.conftest import World, ok
from tests.ui.conftest import LOOKS


def test_a_snippet_is_written_with_formats_and_merge_fields_then_changed_and_deleted(window: Any, world: World) -> None:
    pipeline = world.pipeline(name="Sales")
    page = window(world.ada).goto("/mail/snippets")
    page.get_by_role("heading", name="No snippets yet").wait_for()
    page.keyboard.press("c")
    form = page.get_by_role("dialog", name="Add a snippet")
    form.get_by_label("Name").fill("Introduction")
    form.get_by_label("Shortcut").fill("intro")
    text = form.get_by_role("textbox", name="Text")
    text.click()
    page.keyboard.type("Dear {{given")
    expect(page.get_by_role("option").first).to_contain_text("Given name of the contact")
    page.keyboard.press("Enter")
    page.keyboard.type(", we ")
    page.keyboard.press("Control+b")
    page.keyboard.type("deliver")
    page.keyboard.press("Control+b")
    page.keyboard.press("Enter")
    page.keyboard.type("- twelve machines")
    form.get_by_label("Who can use it").click()
    page.get_by_role("option", name="Everybody with access to Sales").click()
    form.get_by_role("button", name="Save").click()
    expect(form).to_be_hidden()
    row = page.get_by_role("row", name="Introduction")
    expect(row).to_contain_text(";intro")
    expect(row).to_contain_text("Sales")
    [stored] = ok(world.ada.http.get("/api/v1/snippets"))
    assert stored["snippetText"]["value"] == (
        "<p>Dear {{contact.givenName|there}}, we <strong>deliver</strong></p><ul><li><p>twelve machines</p></li></ul>"
    )
    assert stored["pipelineKey"] == pipeline["key"]

    row.get_by_role("button", name="Edit Introduction").click()
    form = page.get_by_role("dialog", name="Edit the snippet")
    expect(form.get_by_role("textbox", name="Text")).to_contain_text("twelve machines")
    form.get_by_label("Subject").fill("Our machines")
    form.get_by_role("button", name="Save").click()
    expect(row).to_contain_text("Our machines")
    row.get_by_role("button", name="Delete Introduction").click()
    expect(page.get_by_role("heading", name="No snippets yet")).to_be_visible()


def test_looks_of_snippets(window: Any, world: World) -> None:
    texts = {
        "Introduction": "<p>Dear {{contact.givenName|customer}},</p><p>we build machines.</p>",
        "Answer to questions about delivery times, prices and terms of payment of large machines": "<p>In May.</p>",
    }
    for number, (name, text) in enumerate(texts.items()):
        more = {"snippetKeyShortcut": f"text{number}", "subject": "About our machines"} if number else {}
        ok(world.ada.http.put("/api/v1/snippets", json={"snippetName": name, "snippetText": text, **more}))
    for size, scheme in LOOKS:
        screen = window(world.ada, size=size, scheme=scheme)
        page = screen.goto("/mail/snippets")
        page.get_by_role("row", name="Introduction").wait_for()
        screen.look("snippets")
        page.get_by_role("button", name="Edit Introduction").click()
        expect(page.get_by_role("textbox", name="Text")).to_contain_text("we build machines")
        screen.look("snippet")
