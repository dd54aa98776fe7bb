"""The frame of every screen: sidebar, palette, keyboard shortcuts, and an unreachable server."""

from playwright.sync_api import expect

from tests.conftest import World, ok
from tests.ui.conftest import LOOKS


def test_a_pipeline_is_created_from_a_template(world: World, window) -> None:
    page = window(world.ada).goto("/")
    page.get_by_role("main").get_by_role("button", name="New pipeline").first.click()
    page.get_by_role("radio", name="Hiring").click()
    page.get_by_role("button", name="Create", exact=True).click()
    expect(page.get_by_role("heading", name="Hiring")).to_be_visible()
    (hiring,) = [each for each in ok(world.ada.http.get("/api/v2/pipelines"))["results"] if each["name"] == "Hiring"]
    assert [hiring["stages"][key]["name"] for key in hiring["stageOrder"]][:2] == ["Applied", "Screening"]
    assert [field["name"] for field in hiring["fields"]][:2] == ["Role", "Interviewers"]
    assert hiring["fields"][0]["dropdownSettings"]["items"][0]["name"] == "Engineer"


def test_starred_pipelines_and_their_order_are_saved(world: World, window) -> None:
    for name in ("One", "Two", "Three"):
        world.pipeline(name=name)
    page = window(world.ada).goto("/")
    lines = page.get_by_role("navigation", name="Pipelines").get_by_role("link")
    expect(lines).to_have_count(3)
    names = [text.strip("0123456789") for text in lines.all_inner_texts()]
    last = names[-1].strip()
    page.get_by_role("button", name=f"More about {last}").click()
    page.get_by_role("menuitem", name="Star").click()
    expect(lines.first).to_contain_text(last)
    page.get_by_role("button", name=f"More about {last}").click()
    page.get_by_role("menuitem", name="Take the star off").click()
    expect(lines.last).to_contain_text(last)
    lines.last.drag_to(lines.first, target_position={"x": 40, "y": 3})
    expect(lines.first).to_contain_text(last)
    page.reload()
    expect(lines.first).to_contain_text(last)


def test_the_palette_finds_boxes_and_runs_commands(world: World, window) -> None:
    pipeline = world.pipeline(name="Ventures")
    world.box(pipeline, name="Zephyr Airlines")
    page = window(world.ada).goto("/")
    expect(page.get_by_role("link", name="Ventures").first).to_be_visible()
    page.keyboard.press("Control+k")
    page.get_by_placeholder("Find a box").fill("zeph")
    expect(page.get_by_role("button", name="Zephyr Airlines")).to_be_visible()
    page.get_by_placeholder("Find a box").fill("ventu")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Ventures")).to_be_visible()
    page.keyboard.press("Control+k")
    page.get_by_placeholder("Find a box").fill("theme dark")
    page.keyboard.press("Enter")
    expect(page.locator("html")).to_have_attribute("data-mantine-color-scheme", "dark")


def test_every_screen_is_in_the_palette(world: World, window) -> None:
    pipeline = world.pipeline(name="Ventures")
    page = window(world.ada).goto(f"/pipelines/{pipeline['key']}")
    expect(page.get_by_role("grid")).to_be_visible()
    page.keyboard.press("Control+k")
    expect(page.get_by_placeholder("Find a box")).to_be_focused()
    tabs = ("Table", "Board", "Reports", "Automations", "Integrations", "Settings", "Import & export")
    screens = (
        "Home", "Search", "Tasks", "Contacts", "Organizations", "Team", "Integrations", "Trash", "Your account",
    )  # fmt: skip
    for label in (*(f"{tab} of Ventures" for tab in tabs), *(f"Go to {screen}" for screen in screens)):
        expect(page.get_by_role("button", name=label, exact=False)).to_have_count(1)
    for words, label in (("API", "API reference"), ("sign out", "Sign out"), ("unread", "Notifications")):
        page.get_by_placeholder("Find a box").fill(words)
        expect(page.get_by_role("button", name=label).last).to_be_visible()
    page.get_by_placeholder("Find a box").fill("password")
    expect(page.get_by_role("button", name="Go to Your account")).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Your account")).to_be_visible()
    page.keyboard.press("g")
    page.keyboard.press("h")
    expect(page.get_by_role("heading", name="Home", level=1)).to_be_visible()


def test_the_keyboard_shortcuts_are_listed(world: World, window) -> None:
    page = window(world.ada).goto("/")
    expect(page.get_by_role("heading", name="Make your first pipeline")).to_be_visible()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keyboard shortcuts")).to_contain_text("New pipeline")


def test_pipelines_of_other_users_appear_without_reload(world: World, window) -> None:
    page = window(world.ada).goto("/")
    expect(page.get_by_role("heading", name="Make your first pipeline")).to_be_visible()
    ok(world.bo.http.post("/api/v2/pipelines", json={"name": "Bo's", "teamKey": world.team_key, "teamWide": True}))
    expect(page.get_by_role("link", name="Bo's").first).to_be_visible()


def test_unknown_and_unreachable_pages_are_not_found(world: World, window) -> None:
    page = window(world.ada).goto("/nowhere/at/all")
    expect(page.get_by_role("heading", name="There is no such page")).to_be_visible()
    hidden = ok(world.cy.http.post("/api/v2/pipelines", json={"name": "Hidden"}))
    page.goto(f"/pipelines/{hidden['key']}")
    expect(page.get_by_role("heading", name="Not found")).to_be_visible()


def test_the_ui_waits_for_an_unreachable_server(world: World, window) -> None:
    screen = window(world.ada)
    page = screen.goto("/")
    expect(page.get_by_role("heading", name="Make your first pipeline")).to_be_visible()
    page.get_by_role("main").get_by_role("button", name="New pipeline").first.click()
    expect(page.get_by_role("button", name="Create", exact=True)).to_be_enabled()
    screen.context.set_offline(True)
    page.get_by_label("Name", exact=True).fill("Later")
    page.get_by_role("button", name="Create", exact=True).click()
    expect(page.get_by_role("alert").first).to_contain_text("cannot be reached")
    screen.context.set_offline(False)
    expect(page.get_by_text("What you see may be old")).to_be_hidden()
    page.get_by_role("button", name="Create", exact=True).click()
    expect(page.get_by_role("heading", name="Later")).to_be_visible()


def test_the_home_screen_looks_right(world: World, window) -> None:
    for name, boxes in (("Sales", 3), ("Hiring", 1)):
        pipeline = world.pipeline(name=name)
        for at in range(boxes):
            world.box(pipeline, name=f"{name} {at}")
    for size, scheme in LOOKS:
        screen = window(world.ada, size=size, scheme=scheme)
        expect(screen.goto("/").get_by_role("main").get_by_role("link", name="Hiring")).to_be_visible()
        screen.look("home")


def test_the_first_requests_of_a_screen_start_before_the_script_runs(world: World, window) -> None:
    pipeline = world.pipeline(name="Ventures")
    world.box(pipeline, name="Zephyr Airlines")
    screen = window(world.ada)
    page = screen.goto(f"/pipelines/{pipeline['key']}")
    expect(page.get_by_role("row").filter(has_text="Zephyr Airlines")).to_be_visible()
    page.reload()
    expect(page.get_by_role("row").filter(has_text="Zephyr Airlines")).to_be_visible()
    began, ready = page.evaluate(
        """() => [
            performance.getEntriesByType("resource")
                .filter((each) => /\\/api\\/v2\\/(session|pipelines)/.test(each.name))
                .map((each) => [new URL(each.name).pathname.split("/").at(-1), each.startTime]),
            performance.getEntriesByType("navigation")[0].domInteractive,
        ]"""
    )
    early = {name for name, at in began if at < ready}
    assert {"session", pipeline["key"], "table"} <= early
    # Each is requested only once: the early answer is the one that is shown.
    assert [name for name, _ in began].count("session") == 1
    ok(world.ada.http.post(f"/api/v1/boxes/{world.box(pipeline, name='Later')['key']}", json={"name": "Latest"}))
    expect(page.get_by_role("row").filter(has_text="Latest")).to_be_visible()
    world.server.engine.write(lambda db: db.run("DELETE FROM sessions WHERE user_key = :user", user=world.ada.user_key))
    page.reload()
    expect(page.get_by_role("heading", name="Sign in to Boxwood")).to_be_visible()
    assert page.evaluate("localStorage.getItem('boxwood-early')") is None


def test_many_tabs_share_one_stream(world: World, window) -> None:
    """A browser opens six connections to a server. With a stream for each tab, the seventh tab would wait forever."""
    screen = window(world.ada)
    screen.goto("/")
    tabs = [screen.page, *(screen.context.new_page() for _ in range(6))]
    for tab in tabs[1:]:
        tab.goto("/")
        expect(tab.get_by_role("heading", name="Make your first pipeline")).to_be_visible()
    world.pipeline(name="Shared")
    for tab in tabs:
        expect(tab.get_by_role("link", name="Shared").first).to_be_visible()
    screen.page.close()  # another tab takes over
    world.pipeline(name="Later")
    for tab in tabs[1:]:
        expect(tab.get_by_role("link", name="Later").first).to_be_visible()
