"""Mailings in the UI: who gets them, what they say, each letter, and their progress."""

from typing import Any

from playwright.sync_api import Page, expect

from tests.conftest import World, ok
from tests.ui.conftest import LOOKS
from tests.ui.test_mail_out import mailbox


def a_box(world: World, pipeline: Any, name: str, given: str, *addresses: str) -> Any:
    body = {"givenName": given, "emailAddresses": list(addresses)}
    contact = ok(world.ada.http.post(f"/api/v2/teams/{world.team_key}/contacts", json=body))
    return world.box(pipeline, name=name, contacts=[{"key": contact["key"], "isStarred": False}])


def boxes(world: World) -> Any:
    pipeline = world.pipeline(name="Customers")
    a_box(world, pipeline, "Twelve machines", "Zoe", "zoe@zuse.example")
    a_box(world, pipeline, "Tools", "Rex", "rex@client.example")
    a_box(world, pipeline, "More tools", "Rex", "rex@client.example")
    a_box(world, pipeline, "Screws", "Kim")
    return pipeline


def step(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def test_a_mailing_is_prepared_from_a_selection_changed_for_one_and_started(window: Any, world: World) -> None:
    mailbox(world, world.ada)
    pipeline = boxes(world)
    page = window(world.ada).goto(f"/pipelines/{pipeline['key']}")
    page.get_by_role("row", name="Twelve machines").wait_for()
    page.get_by_role("checkbox", name="Select all").first.check()
    page.get_by_role("toolbar", name="Selected boxes").get_by_role("button", name="E-mail").click()
    page.get_by_label("Name", exact=True).fill("Spring prices")
    page.get_by_role("combobox", name="From").click()
    page.get_by_role("option", name=world.ada.email).click()
    page.get_by_label("Subject").fill("Prices for {{box.name}}")
    page.get_by_role("textbox", name="Text").click()
    page.keyboard.type("Dear {{contact.givenName}}, our prices fell.")
    step(page, "Next")
    letter = page.get_by_label("Text of the letter")
    expect(letter).to_contain_text("our prices fell")
    expect(page.get_by_text("1 of 2")).to_be_visible()
    page.get_by_role("button", name="Change only this letter").click()
    form = page.get_by_role("dialog")
    form.get_by_label("Subject").fill("Only for you")
    form.get_by_role("button", name="Save").click()
    expect(page.get_by_text("This letter differs from the others.")).to_be_visible()
    page.get_by_role("button", name="Next recipient").click()
    expect(page.get_by_text("2 of 2")).to_be_visible()
    step(page, "Next")
    expect(page.get_by_text("2 recipients get")).to_be_visible()
    expect(page.get_by_text("the same address twice 1")).to_be_visible()
    page.get_by_role("button", name="Start later").click()
    page.get_by_label("When").fill("in 3 days")
    page.get_by_role("dialog").get_by_role("button", name="Send later").click()
    expect(page.get_by_text("0 of 2 sent, 2 waiting")).to_be_visible()
    [mailing] = ok(world.ada.http.get("/api/v2/mailings"))["results"]
    assert (mailing["name"], mailing["state"]) == ("Spring prices", "scheduled")
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_role("button", name="Resume")).to_be_visible()
    page.get_by_role("button", name="End the mailing").click()
    page.get_by_role("button", name="End it").click()
    expect(page.get_by_role("row", name="Zoe")).to_contain_text("Cancelled")
    page.get_by_role("link", name="Mailings").click()
    expect(page.get_by_role("row", name="Spring prices")).to_contain_text("Cancelled")


def test_looks_of_mailings(window: Any, world: World) -> None:
    key = mailbox(world, world.ada)
    pipeline = boxes(world)
    names = (
        "Spring prices",
        "An invitation to the day of the open door of our new factory hall, with a tour and lunch",
    )
    for name in names:
        text = {"subject": "Prices for {{box.name}}", "html": "<p>Dear {{contact.givenName|customer}},</p><p>less!</p>"}
        made = ok(world.ada.http.post("/api/v2/mailings", json={"name": name, "mailboxKey": key, **text}))
        path = f"/api/v2/mailings/{made['key']}"
        ok(world.ada.http.post(f"{path}/recipients", json={"pipelineKey": pipeline["key"]}))
        if name == names[0]:
            draft = made["key"]
        else:
            running = made["key"]
            ok(world.ada.http.post(f"{path}/start", json={"sendAt": world.clock() + 86_400_000}))
    for size, scheme in LOOKS:
        screen = window(world.ada, size=size, scheme=scheme)
        page = screen.goto("/mail/mailings")
        expect(page.get_by_role("row", name="Spring prices")).to_be_visible()
        screen.look("mailings")
        page = screen.goto(f"/mail/mailings/{draft}?step=who")
        expect(page.get_by_text("2 recipients chosen")).to_be_visible()
        screen.look("mailing-who")
        page = screen.goto(f"/mail/mailings/{draft}?step=what")
        expect(page.get_by_role("textbox", name="Text")).to_contain_text("less!")
        screen.look("mailing-what")
        page = screen.goto(f"/mail/mailings/{draft}?step=preview")
        expect(page.get_by_label("Text of the letter")).to_contain_text("less!")
        screen.look("mailing-preview")
        page = screen.goto(f"/mail/mailings/{running}")
        expect(page.get_by_role("row", name="Zoe")).to_be_visible()
        screen.look("mailing")


def test_a_sequence_is_written_started_on_a_box_and_stopped(window: Any, world: World) -> None:
    mailbox(world, world.ada)
    pipeline = boxes(world)
    page = window(world.ada).goto("/mail/sequences")
    page.get_by_role("button", name="New sequence").first.click()
    page.get_by_role("menuitem", name="Customers").click()
    steps = page.get_by_role("list", name="Steps")
    expect(steps.get_by_role("listitem")).to_have_count(3)
    page.get_by_role("textbox", name="Name", exact=True).fill("After the fair")
    steps.get_by_label("Working days").fill("4")
    page.get_by_role("button", name="Add a step").click()
    page.get_by_role("menuitem", name="Task").click()
    steps.get_by_label("What is to be done").fill("Call {{contact.name}}")
    page.get_by_role("button", name="Move step 4 up").click()
    page.get_by_role("checkbox", name="The box moves to another stage").uncheck()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", name="After the fair")).to_be_visible()
    [sequence] = ok(world.ada.http.get("/api/v2/sequences"))["results"]
    assert [each["type"] for each in sequence["steps"]] == ["mail", "wait", "task", "mail"]
    assert (sequence["steps"][1]["days"], "stage" in sequence["settings"]["stopOn"]) == (4, False)

    page.goto(f"/pipelines/{pipeline['key']}")
    for name in ("Twelve machines", "Screws"):
        page.get_by_role("row", name=name).get_by_role("checkbox").check()
    page.get_by_role("toolbar", name="Selected boxes").get_by_role("button", name="Sequence").click()
    form = page.get_by_role("dialog", name="Start a sequence on 2 boxes")
    form.get_by_role("combobox", name="Sequence").click()
    page.get_by_role("option", name="After the fair").click()
    form.get_by_role("button", name="Start").click()
    expect(form).to_contain_text("It was not started on 1 box")
    form.get_by_role("button", name="Close").last.click()
    page.goto(f"/mail/sequences/{sequence['key']}")
    page.get_by_role("row", name="zoe@zuse.example").get_by_role("button", name="Stop").click()
    expect(page.get_by_role("row", name="zoe@zuse.example")).to_contain_text("Stopped")


def test_looks_of_sequences(window: Any, world: World) -> None:
    mailbox(world, world.ada)
    pipeline = boxes(world)
    steps = [
        {"type": "mail", "subject": "Nice to meet you", "html": "<p>Dear {{contact.givenName|customer}},</p>"},
        {"type": "wait", "days": 3},
        {"type": "condition", "condition": "box.name != ''", "else": "stop"},
        {"type": "task", "text": "Call {{contact.name|them}}", "dueInDays": 2},
        {"type": "mail", "html": "<p>Did you have time?</p>"},
    ]
    body = {"name": "After the fair in Hanover, for all visitors who left a card", "steps": steps}
    made = ok(world.ada.http.post("/api/v2/sequences", json={**body, "pipelineKey": pipeline["key"]}))
    keys = [each["key"] for each in ok(world.ada.http.get(f"/api/v1/pipelines/{pipeline['key']}/boxes"))]
    ok(world.ada.http.post(f"/api/v2/sequences/{made['key']}/start", json={"boxKeys": keys}))
    for size, scheme in LOOKS:
        screen = window(world.ada, size=size, scheme=scheme)
        page = screen.goto("/mail/sequences")
        expect(page.get_by_role("row", name="After the fair")).to_be_visible()
        screen.look("sequences")
        page = screen.goto(f"/mail/sequences/{made['key']}")
        expect(page.get_by_role("textbox", name="Text").last).to_contain_text("Did you have time?")
        expect(page.get_by_role("row", name="zoe@zuse.example")).to_be_visible()
        screen.look("sequence")
