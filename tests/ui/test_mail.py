"""E-mail in the UI: conversations of a box, their messages, attachments and pictures."""

import base64
import re
from collections.abc import Iterator
from email.message import EmailMessage
from html import escape
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from boxwood.core.activity.mail import suggestions
from boxwood.core.activity.mail.matching import SUGGEST, Decision
from tests.conftest import World, ok
from tests.jobs.webhooks import eventually
from tests.mail_in import raw_mail, receive, shared_mailbox
from tests.mail_servers.servers import Account
from tests.receiver import Answer, Receiver
from tests.ui.conftest import LOOKS, NARROW, Window

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAoAAAAKCAIAAAACUFjqAAAAEklEQVR4nGNgSFuGB41KYycNAB1qkrYcAjBaAAAAAElFTkSuQmCC"
)
OFFER = """
<html><body style="background:#f4f6f8"><table width="100%" cellpadding="0" cellspacing="0"><tr><td align="center">
<table width="560" style="background:#ffffff;border:1px solid #d0d7de"><tr><td style="background:#1d5fa8;padding:18px">
<img src="{host}/logo.png" width="40" height="40" alt="Zuse Machines">
<span style="color:#ffffff;font-size:20px">Your offer is ready</span></td></tr>
<tr><td style="padding:18px"><p>Dear Ada,</p><p>we can deliver <b>twelve machines</b> in March. The price holds until
Friday. <a href="https://zuse.example/offer/12">Read the offer</a> or answer this e-mail.</p>
<p style="color:#57606a">Zoe Zuse<br>Zuse Machines</p></td></tr></table></td></tr></table></body></html>
"""


@pytest.fixture
def pictures() -> Iterator[Receiver]:
    receiver = Receiver()
    receiver.answer = lambda request: Answer(200, {"content-type": "image/png"}, body=PNG)
    yield receiver
    receiver.close()


def mail(
    subject: str, text: str, *, html: str = "", sender: str = "Zoe Zuse <zoe@zuse.example>", number: int, **more: Any
) -> EmailMessage:
    made = EmailMessage()
    made["From"], made["To"], made["Subject"] = sender, "Ada Lovelace <ada@firm.example>", subject
    made["Message-ID"], made["Date"] = f"<{number}@zuse.example>", f"Mon, 0{number} Nov 2026 10:00:00 +0000"
    if "answers" in more:
        made["References"] = f"<{more['answers']}@zuse.example>"
    made.set_content(text)
    if html:
        made.add_alternative(html, subtype="html")
    for name, content in more.get("files", {}).items():
        made.add_attachment(content, maintype="application", subtype="octet-stream", filename=name)
    return made


def post(world: World, box: dict[str, Any], message: EmailMessage) -> dict[str, Any]:
    headers = {"Content-Type": "message/rfc822"}
    return ok(world.ada.http.post(f"/api/v2/boxes/{box['key']}/messages", content=bytes(message), headers=headers))


def a_box_with_mail(world: World, host: str) -> dict[str, Any]:
    """A box with an answered conversation, the newest message with HTML and an attachment, and another one."""
    box = world.box(world.pipeline(), name="Twelve machines")
    post(
        world,
        box,
        mail(
            "Twelve machines",
            "Hello,\n\ncan you deliver twelve machines?\nhttps://firm.example/list\n",
            number=1,
            sender=f"Ada Lovelace <{world.ada.email}>",
        ),
    )
    files = {"offer.pdf": b"%PDF-1.4\n%", "machine.png": PNG}
    post(
        world, box, mail("Re: Twelve machines", "Yes.", html=OFFER.format(host=host), number=2, answers=1, files=files)
    )
    post(world, box, mail("Address", "Our new address is Main Street 1.\n", number=3))
    return box


def email_tab(screen: Window, box: dict[str, Any]) -> Page:
    page = screen.goto(f"/boxes/{box['key']}?tab=email")
    expect(page.get_by_role("listitem", name="Twelve machines", exact=True)).to_be_visible()
    return page


def test_a_conversation_is_read_with_its_attachments_and_its_pictures_on_demand(
    window: Any, world: World, pictures: Receiver
) -> None:
    box = a_box_with_mail(world, pictures.url)
    page = email_tab(window(world.ada), box)
    conversations = page.get_by_role("list", name="Conversations").locator("> li")
    expect(conversations).to_have_count(2)
    conversation = page.get_by_role("listitem", name="Twelve machines", exact=True)
    conversation.get_by_role("button", expanded=False).first.click()
    first, second = (conversation.get_by_role("article").nth(at) for at in (0, 1))
    expect(first).to_contain_text("can you deliver twelve machines?")
    inside = second.frame_locator("iframe")
    expect(inside.get_by_text("twelve machines")).to_be_visible()
    link = inside.get_by_role("link", name="Read the offer")
    expect(link).to_have_attribute("target", "_blank")
    # The frame is as high as its content.
    expect(link).to_be_in_viewport()
    page.wait_for_function(
        "(() => { const frame = document.querySelector('iframe'); "
        "return frame.contentDocument.documentElement.scrollHeight === frame.clientHeight })()"
    )
    attachments = second.get_by_role("list", name="Attachments")
    expect(attachments.get_by_role("listitem")).to_have_count(2)
    assert pictures.received("/logo.png") == []
    second.get_by_role("button", name="Show pictures").click()
    expect(inside.get_by_alt_text("Zuse Machines")).to_have_js_property("naturalWidth", 10)
    assert len(pictures.received("/logo.png")) == 1
    first.get_by_role("button", expanded=False).click()
    expect(first.get_by_role("link", name="https://firm.example/list")).to_be_visible()
    attachments.get_by_role("button", name="machine.png").click()
    expect(page.get_by_role("dialog").get_by_alt_text("machine.png")).to_be_visible()


def test_the_mail_that_a_reply_quotes_is_folded_in_text_and_in_html(window: Any, world: World) -> None:
    box = world.box(world.pipeline(), name="Machines")
    intro = "On Mon, Nov 2, 2026 at 10:00 AM Ada Lovelace <ada@firm.example> wrote:"
    lines = "".join(f"> Machine {number}\n" for number in range(30))
    post(world, box, mail("Re: Machines", f"We can deliver.\n\n{intro}\n{lines}", number=2))
    cited = f'<blockquote class="gmail_quote">{"<br>".join(["Machine"] * 30)}</blockquote>'
    html = f'<div>Only in May.</div><div class="gmail_quote">{escape(intro)}{cited}</div>'
    post(world, box, mail("Re: Machines", "Only in May.", html=html, number=3, answers=2))
    page = window(world.ada).goto(f"/boxes/{box['key']}?tab=email")
    first, second = (page.get_by_role("article").nth(at) for at in (0, 1))

    inside = second.frame_locator("iframe")
    expect(inside.get_by_text("Only in May.")).to_be_visible()
    expect(inside.get_by_text("Ada Lovelace")).to_be_hidden()
    fold = inside.get_by_label("Show quoted text")
    fits = "frame.contentDocument.documentElement.scrollHeight === frame.clientHeight"
    height = page.wait_for_function(
        f"(() => {{ const frame = document.querySelector('iframe'); return {fits} && frame.clientHeight }})()"
    ).json_value()
    fold.focus()
    page.keyboard.press("Enter")
    expect(inside.get_by_text("Ada Lovelace")).to_be_visible()
    # The frame grows with its content.
    page.wait_for_function(
        f"(least) => {{ const frame = document.querySelector('iframe'); return {fits} && frame.clientHeight > least }}",
        arg=height + 300,
    )
    fold.click()
    expect(inside.get_by_text("Ada Lovelace")).to_be_hidden()
    page.wait_for_function("(height) => document.querySelector('iframe').clientHeight === height", arg=height)

    first.get_by_role("button", expanded=False).first.click()
    expect(first.get_by_text("We can deliver.")).to_be_visible()
    expect(first.get_by_text("Machine 7")).to_be_hidden()
    button = first.get_by_role("button", name="Show quoted text")
    button.click()
    expect(button).to_have_attribute("aria-expanded", "true")
    expect(first.get_by_text("Machine 7")).to_be_visible()
    button.click()
    expect(first.get_by_text("Machine 7")).to_be_hidden()


def test_wide_mail_fits_on_a_phone(window: Any, world: World) -> None:
    box = world.box(world.pipeline(), name="Machines")
    post(world, box, mail("Offer", "Yes.", html=OFFER.format(host="https://zuse.example"), number=2))
    page = window(world.ada, size=NARROW).goto(f"/boxes/{box['key']}?tab=email")
    expect(page.frame_locator("iframe").get_by_role("link", name="Read the offer")).to_be_visible()
    page.wait_for_function(
        """(() => {
            const frame = document.querySelector("iframe"), root = frame.contentDocument.documentElement;
            return root.scrollWidth <= root.clientWidth && frame.clientHeight > 100
                && Math.abs(frame.contentDocument.body.getBoundingClientRect().bottom - frame.clientHeight) < 40;
        })()"""
    )


def test_new_mail_appears_in_the_open_conversation(window: Any, world: World) -> None:
    box = world.box(world.pipeline(), name="Machines")
    post(world, box, mail("Machines", "Hello", number=1))
    page = window(world.ada).goto(f"/boxes/{box['key']}?tab=email")
    expect(page.get_by_role("article", name="E-mail from Zoe Zuse")).to_have_count(1)
    post(world, box, mail("Re: Machines", "One more thing", number=2, answers=1))
    expect(page.get_by_text("One more thing")).to_be_visible()
    expect(page.get_by_role("article", name="E-mail from Zoe Zuse")).to_have_count(2)


def test_new_mail_appears_although_the_conversation_was_loading_when_the_stream_began(
    window: Any, world: World
) -> None:
    box = world.box(world.pipeline(), name="Machines")
    post(world, box, mail("Machines", "Hello", number=1))
    page = window(world.ada).page
    held: dict[str, Route] = {}

    def hold(route: Route) -> None:
        """Hold the first request of each address."""
        name = "stream" if route.request.url.endswith("stream") else "messages"
        if held.setdefault(name, route) is not route:
            route.continue_()

    page.route(re.compile(r"/events/stream$|/messages\b"), hold)
    page.goto(f"/boxes/{box['key']}?tab=email")
    while len(held) < 2:
        page.wait_for_timeout(20)
    before = held["messages"].fetch()
    post(world, box, mail("Re: Machines", "One more thing", number=2, answers=1))
    with page.expect_response("**/events/stream"):
        held["stream"].continue_()
    # The answer that was read before the mail came arrives long after the stream began.
    page.wait_for_timeout(1500)
    held["messages"].fulfill(response=before)
    expect(page.get_by_role("article", name="E-mail from Zoe Zuse")).to_have_count(2)


def test_a_box_without_mail_says_what_belongs_there(window: Any, world: World) -> None:
    box = world.box(world.pipeline())
    page = window(world.ada).goto(f"/boxes/{box['key']}")
    page.get_by_role("radiogroup", name="What happened").get_by_text("E-mail").click()
    expect(page.get_by_role("heading", name="No e-mail yet")).to_be_visible()
    expect(page).to_have_url(f"{world.server.url}/boxes/{box['key']}?tab=email")


def test_looks_of_conversations(window: Any, world: World, pictures: Receiver) -> None:
    box = a_box_with_mail(world, pictures.url)
    thread = ok(world.ada.http.get(f"/api/v1/boxes/{box['key']}/threads"))[0]["key"]
    for size, scheme in LOOKS:
        screen = window(world.ada, size=size, scheme=scheme)
        page = screen.goto(f"/boxes/{box['key']}?tab=email&thread={thread}")
        expect(page.frame_locator("iframe").get_by_text("Dear Ada")).to_be_visible()
        page.get_by_role("list", name="Conversations").scroll_into_view_if_needed()
        screen.look("mail")


def test_a_conversation_is_shared_split_moved_and_removed_and_each_is_undone(window: Any, world: World) -> None:
    pipeline = world.pipeline()
    box, other = world.box(pipeline, name="Machines"), world.box(pipeline, name="Tools")
    post(world, box, mail("Machines", "Hello", number=1))
    post(world, box, mail("Re: Machines", "One more thing", number=2, answers=1))
    page = window(world.ada).goto(f"/boxes/{box['key']}?tab=email")
    conversations = page.get_by_role("list", name="Conversations").locator("> li")
    expect(conversations).to_have_count(1)

    def choose(item: str) -> None:
        page.get_by_role("button", name="More about Machines").click()
        page.get_by_role("menuitem", name=item).click()

    def undo(says: str) -> None:
        toast = page.get_by_role("alert").filter(has_text=says)
        toast.get_by_role("button", name="Undo").click()
        expect(toast).to_have_count(0)

    choose("Only people and times")
    expect(conversations).to_contain_text("People only")
    undo("Sharing of the conversation changed")
    expect(conversations).not_to_contain_text("People only")

    choose("Split")
    page.get_by_role("dialog").get_by_role("checkbox").last.check()
    page.get_by_role("dialog").get_by_role("button", name="Split").click()
    expect(conversations).to_have_count(2)
    undo("Conversation split")
    expect(conversations).to_have_count(1)

    choose("Move to another box")
    page.get_by_role("combobox", name="Box").fill("Tools")
    page.get_by_role("option", name="Tools").click()
    page.get_by_role("dialog").get_by_role("button", name="Move").click()
    expect(page.get_by_role("heading", name="No e-mail yet")).to_be_visible()
    assert len(ok(world.ada.http.get(f"/api/v1/boxes/{other['key']}/threads"))) == 1
    undo("Conversation moved")
    expect(conversations).to_have_count(1)
    assert ok(world.ada.http.get(f"/api/v1/boxes/{other['key']}/threads")) == []

    choose("Remove from this box")
    expect(page.get_by_role("heading", name="No e-mail yet")).to_be_visible()
    undo("Conversation removed from the box")
    expect(conversations).to_have_count(1)


def test_a_contact_and_its_organization_show_their_conversations_and_change_them_with_undo(
    window: Any, world: World
) -> None:
    pipeline = world.pipeline()
    boxes = [world.box(pipeline, name=name) for name in ("Machines", "Tools")]
    for number, box in enumerate(boxes, 1):
        post(world, box, mail(f"About {box['name']}", "Hello", number=number))
    team = f"/api/v2/teams/{world.team_key}"
    given = {"givenName": "Zoe", "emailAddresses": ["zoe@zuse.example"]}
    contact = ok(world.ada.http.post(f"{team}/contacts", json=given))["key"]
    organization = ok(world.ada.http.post(f"{team}/organizations", json={"name": "Zuse", "domains": ["zuse.example"]}))
    page = window(world.ada).goto(f"/contacts/{contact}")
    page.get_by_role("radiogroup", name="What is shown").get_by_text("E-mail").click()
    conversations = page.get_by_role("list", name="Conversations").locator("> li")
    expect(conversations).to_have_count(2)
    expect(conversations.first).to_contain_text("About Tools")
    conversations.first.get_by_role("button", expanded=False).first.click()
    expect(page.get_by_role("article", name="E-mail from Zoe Zuse")).to_contain_text("Hello")
    page.reload()
    expect(page.get_by_role("article", name="E-mail from Zoe Zuse")).to_contain_text("Hello")

    def choose(item: str) -> None:
        page.get_by_role("button", name="More about About Tools").click()
        page.get_by_role("menuitem", name=item).click()

    def undo(says: str) -> None:
        toast = page.get_by_role("alert").filter(has_text=says)
        toast.get_by_role("button", name="Undo").click()
        expect(toast).to_have_count(0)

    choose("Nothing")
    expect(conversations.first).to_contain_text("Private")
    undo("Sharing of the conversation changed")
    expect(conversations.first).not_to_contain_text("Private")
    choose("Remove from this box")
    expect(conversations).to_have_count(1)
    undo("Conversation removed from the box")
    expect(conversations).to_have_count(2)
    page.goto(f"/organizations/{organization['key']}?tab=email")
    expect(conversations).to_have_count(2)
    choose("Move to another box")
    page.get_by_role("combobox", name="Box").fill("Machines")
    page.get_by_role("option", name="Machines").click()
    page.get_by_role("dialog").get_by_role("button", name="Move").click()
    expect(page.get_by_role("link", name="Machines")).to_have_count(2)
    undo("Conversation moved")
    expect(page.get_by_role("link", name="Machines")).to_have_count(1)
    post(world, boxes[0], mail("One more", "Hello", number=3))
    expect(conversations).to_have_count(3)
    conversations.last.get_by_role("link", name="Machines").click()
    expect(page.get_by_role("heading", name="Machines", exact=True)).to_be_visible()


def suggest(world: World, *boxes: dict[str, Any], number: int) -> None:
    """Mail in the team's mailbox that waits for a decision."""
    raw = raw_mail(number, subject=f"Question {number}", text="Which machine do you mean?")
    decision = Decision(SUGGEST, "ambiguous", candidates=[box["key"] for box in boxes])
    mailbox = shared_mailbox(world)
    stored = receive(world, "ada", mailbox, raw, decision=decision)
    world.as_("ada", lambda ctx: suggestions.add(ctx, mailbox, None, stored.mail_key, decision))


def test_mail_that_waits_for_a_decision_is_boxed_and_left_out_by_keyboard_with_undo(window: Any, world: World) -> None:
    pipeline = world.pipeline()
    box, other = world.box(pipeline, name="Machines"), world.box(pipeline, name="Tools")
    for number in (1, 2, 3):
        suggest(world, box, other, number=number)
    page = window(world.ada).goto("/mail")
    waiting = page.get_by_role("list", name="E-mail to be boxed").locator("> li")
    expect(waiting).to_have_count(3)
    page.keyboard.press("j")
    expect(waiting.nth(1)).to_have_attribute("aria-current", "true")
    expect(waiting.nth(1)).to_be_focused()
    page.keyboard.press("ArrowUp")
    first = waiting.first.get_by_role("strong").inner_text()
    page.keyboard.press("e")
    expect(waiting).to_have_count(2)
    expect(page.get_by_role("listitem", name=first, exact=True)).to_have_count(0)
    page.get_by_role("alert").filter(has_text="Left out").get_by_role("button", name="Undo").click()
    expect(waiting).to_have_count(3)
    expect(waiting.first).to_have_accessible_name(first)
    page.keyboard.press("e")
    expect(waiting).to_have_count(2)
    page.keyboard.press("b")
    expect(page.get_by_role("combobox", name="Box")).to_have_value("Machines")
    page.get_by_role("dialog").get_by_role("button", name="Put into the box").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(waiting).to_have_count(1)
    page.keyboard.press("2")
    expect(page.get_by_role("heading", name="Nothing to decide")).to_be_visible()

    def boxed(each: dict[str, Any]) -> int:
        return len(ok(world.ada.http.get(f"/api/v1/boxes/{each['key']}/threads")))

    # The e-mail leaves the list at once; the toast says that the server has the decision.
    expect(page.get_by_role("alert").filter(has_text="Put into Tools")).to_be_visible()
    assert (boxed(box), boxed(other)) == (1, 1)
    page.keyboard.press("Control+z")
    expect(waiting).to_have_count(1)
    eventually(lambda: (boxed(box), boxed(other)) == (1, 0))
    waiting.get_by_role("button", name="Tools").click()
    expect(page.get_by_role("heading", name="Nothing to decide")).to_be_visible()
    eventually(lambda: (boxed(box), boxed(other)) == (1, 1))


def test_mail_in_the_users_own_mailbox_is_read_from_there_while_it_waits(
    window: Any, world: World, account: Account
) -> None:
    pipeline = world.pipeline()
    box, other = (world.box(pipeline, name=f"{name} kim@client.example")["key"] for name in ("Machines", "Tools"))
    given = {"address": account.address, "imap": account.imap, "teamKey": world.team_key}
    mailbox = ok(world.ada.http.post("/api/v2/mailboxes", json=given))["key"]
    eventually(lambda: ok(world.ada.http.get(f"/api/v2/mailboxes/{mailbox}"))["state"] == "ready")
    for number in (1, 2):
        account.deliver(raw_mail(number, subject=f"Question {number}", sender="Kim <kim@client.example>"))
    page = window(world.ada).goto("/mail")
    waiting = page.get_by_role("list", name="E-mail to be boxed").locator("> li")
    expect(waiting).to_have_count(2)
    line = page.get_by_role("listitem", name="Question 1", exact=True)
    expect(line).to_contain_text("Kim to ada@team.example")

    def stored() -> int:
        return int(world.server.engine.read(lambda db: db.rows("SELECT COUNT(*) FROM mails"))[0][0])

    before = stored()
    line.get_by_role("button", name="Tools").click()
    expect(waiting).to_have_count(1)
    eventually(lambda: len(ok(world.ada.http.get(f"/api/v1/boxes/{other}/threads"))) == 1)
    page.get_by_role("alert").filter(has_text="Put into Tools").get_by_role("button", name="Undo").click()
    expect(line).to_be_visible()
    assert ok(world.ada.http.get(f"/api/v1/boxes/{other}/threads")) == []
    second = page.get_by_role("listitem", name="Question 2", exact=True)
    second.get_by_role("button", name="Leave out Question 2").click()
    expect(waiting).to_have_count(1)
    assert stored() == before + 1, "only the boxed mail was stored"
    ok(world.ada.http.post(f"/api/v2/mailboxes/{mailbox}", json={"imap": {**account.imap, "password": "wrong"}}))
    page.reload()
    expect(waiting).to_contain_text("Your mailbox cannot be read now")
    assert ok(world.ada.http.get(f"/api/v1/boxes/{box}/threads")) == []


def test_looks_of_to_be_boxed(window: Any, world: World) -> None:
    pipeline = world.pipeline()
    box, other = world.box(pipeline, name="Machines"), world.box(pipeline, name="Tools")
    suggest(world, box, other, number=1)
    suggest(world, number=2)
    for size, scheme in LOOKS:
        screen = window(world.ada, size=size, scheme=scheme)
        expect(screen.goto("/mail").get_by_text("Question 2")).to_be_visible()
        screen.look("to-be-boxed")
