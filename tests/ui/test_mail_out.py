"""Writing, answering and sending e-mail in the UI."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.conftest import Person, World, ok
from tests.core.activity.sending.sent import a_sent_letter
from tests.jobs.webhooks import eventually
from tests.mail_servers.servers import MailServers
from tests.ui.conftest import LOOKS, serious
from tests.ui.test_mail import mail, post


def mailbox(world: World, person: Person, **more: Any) -> str:
    """A mailbox that can send. It is paused, so that the server does not look for its mail server."""
    server = {"host": "mail.example", "password": "an app password"}
    body = {"address": person.email, "teamKey": world.team_key, "imap": server, "smtp": server, **more}
    key = ok(person.http.post("/api/v2/mailboxes", json=body))["key"]
    ok(person.http.post(f"/api/v2/mailboxes/{key}/pause"))
    return str(key)


def add_recipient(page: Page, label: str, text: str) -> None:
    page.get_by_role("textbox", name=label, exact=True).fill(text)
    page.keyboard.press("Enter")


def drafts(world: World) -> Any:
    return ok(world.ada.http.get("/api/v2/drafts"))["results"]


def test_a_draft_survives_a_reload_and_two_tabs_and_is_sent_later(window: Any, world: World) -> None:
    mailbox(world, world.ada, sending={"signature": "<p>Ada, Sales</p>"})
    box = world.box(world.pipeline(), name="Twelve machines")
    ok(
        world.ada.http.post(
            f"/api/v2/teams/{world.team_key}/contacts",
            json={"givenName": "Zoe", "familyName": "Zuse", "emailAddresses": ["zoe@zuse.example"]},
        )
    )
    screen = window(world.ada)
    page = screen.goto(f"/boxes/{box['key']}")
    page.get_by_role("heading", name="Twelve machines").wait_for()
    page.keyboard.press("w")
    form = page.get_by_role("region", name="Write an e-mail")
    expect(form).to_be_visible()
    to = form.get_by_role("combobox", name="To", exact=True)
    to.fill("zuse")
    page.get_by_role("option", name="Zoe Zuse").click()
    form.get_by_label("Subject").fill("Our offer")
    text = form.get_by_role("textbox", name="Text")
    expect(text).to_contain_text("Ada, Sales")
    text.click()
    page.keyboard.press("Control+Home")
    page.keyboard.type("Dear {{contact.givenName|customer}}, see the attached list.")
    expect(form.get_by_text("Saved", exact=True)).to_be_visible()
    page.reload()
    expect(text).to_contain_text("see the attached list")
    expect(form.get_by_label("Subject")).to_have_value("Our offer")
    [draft] = drafts(world)
    assert draft["to"] == ["Zoe Zuse <zoe@zuse.example>"]

    # Another tab changes the draft, while this one does.
    ok(world.ada.http.post(f"/api/v2/drafts/{draft['key']}", json={"subject": "An offer of another tab"}))
    form.get_by_label("Subject").fill("Our best offer")
    expect(form.get_by_text("This draft was changed in another tab")).to_be_visible()
    form.get_by_role("button", name="Keep both").click()
    expect(form.get_by_text("Saved", exact=True).or_(form.get_by_label("Subject"))).to_be_visible()
    page.wait_for_url(lambda url: draft["key"] not in url)
    subjects = sorted(each["subject"] for each in drafts(world))
    assert subjects == ["An offer of another tab", "Our best offer"]
    ok(world.ada.http.delete(f"/api/v2/drafts/{draft['key']}"))

    # Sending warns of a forgotten attachment; the letter waits, and is taken back.
    form.get_by_role("button", name="Send later").click()
    page.get_by_role("menuitem", name="Tomorrow, 8:00").click()
    doubts = page.get_by_role("dialog", name="Before you send")
    expect(doubts).to_contain_text("speaks of an attachment")
    doubts.get_by_role("button", name="Send anyway").click()
    letter = page.get_by_role("group", name="Letter Our best offer")
    expect(letter).to_contain_text("08:00")
    assert drafts(world) == []
    letter.get_by_role("button", name="Cancel and edit Our best offer").click()
    expect(text).to_contain_text("see the attached list")
    [again] = drafts(world)
    assert again["subject"] == "Our best offer"
    form.get_by_role("button", name="Delete the draft").click()
    expect(page.get_by_role("heading", name="No e-mail yet")).to_be_visible()
    assert drafts(world) == []


def test_an_answer_quotes_the_message_and_uses_a_snippet_and_files(window: Any, world: World) -> None:
    mailbox(world, world.ada)
    box = world.box(world.pipeline(), name="Machines")
    post(world, box, mail("Machines", "Can you deliver?", number=1))
    ok(world.ada.http.post(f"/api/v2/boxes/{box['key']}/files", files={"file": ("list.txt", b"A", "text/plain")}))
    body = {"snippetName": "Delivery", "snippetText": "<p>We deliver in <b>May</b>.</p>", "snippetKeyShortcut": "may"}
    ok(world.ada.http.put("/api/v1/snippets", json=body))
    page = window(world.ada).goto(f"/boxes/{box['key']}?tab=email")
    page.get_by_role("button", name="Reply", exact=True).click()
    form = page.get_by_role("region", name="Write an e-mail")
    text = form.get_by_role("textbox", name="Text")
    expect(form.get_by_label("Subject")).to_have_value("Re: Machines")
    text.click()
    page.keyboard.type("Hello ;may ")
    expect(text.locator("strong")).to_have_text("May")
    form.get_by_role("button", name="Show quoted text").click()
    expect(form.get_by_text("Can you deliver?")).to_be_visible()
    form.get_by_role("button", name="Attach files").click()
    page.get_by_role("menuitem", name="list.txt").click()
    expect(form.get_by_role("list", name="Attachments")).to_contain_text("list.txt")
    form.locator("input[type=file]").set_input_files({"name": "b.txt", "mimeType": "text/plain", "buffer": b"B"})
    expect(form.get_by_role("list", name="Attachments")).to_contain_text("b.txt")
    expect(form.get_by_text("Saved", exact=True)).to_be_visible()
    form.get_by_role("button", name="Preview").click()
    preview = page.get_by_role("dialog", name="Re: Machines")
    expect(preview).to_contain_text("We deliver in May.")
    expect(preview).to_contain_text("zoe@zuse.example")
    page.keyboard.press("Escape")
    form.get_by_role("button", name="Close the draft").click()
    expect(page.get_by_role("button", name="Draft Re: Machines")).to_be_visible()
    [draft] = drafts(world)
    assert "gmail_quote" in draft["html"]
    assert "<strong>May</strong>" in draft["html"]
    assert [each["name"] for each in draft["files"]] == ["list.txt", "b.txt"]


def test_looks_of_writing(window: Any, world: World) -> None:
    mailbox(world, world.ada, sending={"signature": "<p>Ada Lovelace<br>Head of sales</p>"})
    box = world.box(world.pipeline(), name="Twelve machines for the new factory hall of Zuse Machines in Hünfeld")
    post(world, box, mail("Machines", "Can you deliver?", number=1))
    [thread] = ok(world.ada.http.get(f"/api/v1/boxes/{box['key']}/threads"))
    [message] = ok(world.ada.http.get(f"/api/v2/threads/{thread['key']}/messages"))["results"]
    body = {
        "kind": "reply",
        "messageKey": message["key"],
        "cc": [f"Colleague {n} <colleague-{n}@zuse.example>" for n in range(6)],
    }
    reply = ok(world.ada.http.post("/api/v2/drafts", json=body))
    later = {"sendAt": world.clock() + 86_400_000}
    for subject in ("Prices", "A very long subject about the delivery of twelve machines to the new factory hall"):
        new = ok(
            world.ada.http.post(
                "/api/v2/drafts", json={"boxKey": box["key"], "to": ["zoe@zuse.example"], "subject": subject}
            )
        )
        if subject == "Prices":
            ok(world.ada.http.post(f"/api/v2/drafts/{new['key']}/send", json=later))
    for size, scheme in LOOKS:
        screen = window(world.ada, size=size, scheme=scheme)
        page = screen.goto(f"/boxes/{box['key']}?tab=email&thread={thread['key']}&draft={reply['key']}")
        expect(page.get_by_role("textbox", name="Text")).to_contain_text("Head of sales")
        page.get_by_role("region", name="Write an e-mail").scroll_into_view_if_needed()
        screen.look("writing")
        page = screen.goto("/mail/sent")
        expect(page.get_by_role("row", name="Prices")).to_be_visible()
        screen.look("sent")


def test_a_mailbox_gets_a_signature_and_limits_and_a_team_a_list_of_addresses_without_mail(
    window: Any, world: World
) -> None:
    key = mailbox(world, world.ada)
    page = window(world.ada).goto("/mail/mailboxes")
    page.get_by_role("button", name=f"More about {world.ada.email}").click()
    page.get_by_role("menuitem", name="Signature and sending").click()
    form = page.get_by_role("dialog", name=f"Sending from {world.ada.email}")
    form.get_by_role("textbox", name="Signature").click()
    page.keyboard.type("Ada, Sales")
    form.get_by_label("Recipients in an hour").fill("40")
    form.get_by_label("They wait from").fill("18:30")
    form.get_by_label("until", exact=True).fill("07:00")
    form.get_by_role("button", name="Save").click()
    expect(form).to_be_hidden()
    sending = ok(world.ada.http.get(f"/api/v2/mailboxes/{key}"))["sending"]
    assert (
        sending["signature"],
        sending["perHour"],
        sending["quietFrom"],
        sending["quietTo"],
        sending["timeZone"],
    ) == (
        "<p>Ada, Sales</p>",
        40,
        "18:30",
        "07:00",
        "UTC",
    )

    page.goto("/team?section=email")
    page.get_by_label("Add an address").fill("zoe@zuse.example")
    page.get_by_role("button", name="Add", exact=True).click()
    row = page.get_by_role("row", name="zoe@zuse.example")
    expect(row).to_contain_text("Added by hand")
    row.get_by_role("button", name="Allow again").click()
    expect(page.get_by_text("No addresses yet")).to_be_visible()
    toast = page.get_by_role("alert").filter(has_text="allowed again")
    toast.get_by_role("button", name="Undo").click()
    expect(row).to_be_visible()


def test_looks_of_the_settings_of_sending(window: Any, world: World) -> None:
    mailbox(
        world,
        world.ada,
        sending={"signature": "<p>Ada Lovelace<br>Head of sales</p>", "quietFrom": "18:00", "quietTo": "08:00"},
    )
    for address in ("zoe@zuse.example", "a-very-long-address-of-somebody-who-wants-no-mail@department.client.example"):
        ok(world.ada.http.post("/api/v2/suppressions", json={"address": address, "teamKey": world.team_key}))
    for size, scheme in LOOKS:
        screen = window(world.ada, size=size, scheme=scheme)
        page = screen.goto("/team?section=email")
        expect(page.get_by_role("row", name="zoe@zuse.example")).to_be_visible()
        screen.look("no-mail")
        page = screen.goto("/mail/mailboxes")
        page.get_by_role("button", name=f"More about {world.ada.email}").click()
        page.get_by_role("menuitem", name="Signature and sending").click()
        expect(page.get_by_role("textbox", name="Signature")).to_contain_text("Head of sales")
        screen.look("sending")


def test_an_owner_allows_counting_opens_and_an_author_asks_for_it(window: Any, world: World) -> None:
    box = world.box(world.pipeline(), name="Machines")
    a_sent_letter(world, box["key"])
    page = window(world.ada).goto("/team?section=email")
    page.get_by_role("switch", name="E-mail may count opens and clicks").click()
    question = page.get_by_role("dialog", name="Count opens and clicks?")
    expect(question).to_contain_text("you need the consent of the recipients")
    assert serious(page) == []
    question.get_by_role("button", name="Turn it on").click()
    expect(page.get_by_role("switch", name="E-mail may count opens and clicks")).to_be_checked()
    page.goto(f"/boxes/{box['key']}?tab=email")
    expect(page.get_by_text("Not opened")).to_be_visible()
    page.get_by_role("button", name="Write", exact=True).click()
    form = page.get_by_role("region", name="Write an e-mail")
    form.get_by_role("switch", name="Count opens and clicks").check()
    expect(form.get_by_text("Saved", exact=True)).to_be_visible()
    [draft] = drafts(world)
    assert draft["track"] == {"opens": True, "clicks": True}
    assert serious(page) == []


@pytest.mark.slow
def test_an_answer_is_undone_then_sent_and_stands_in_its_conversation(
    window: Any, world: World, mail_servers: MailServers
) -> None:
    own, customer = mail_servers.account(), mail_servers.account()
    given = {"address": own.address, "imap": own.imap, "smtp": own.smtp, "teamKey": world.team_key}
    ok(world.ada.http.post("/api/v2/mailboxes", json=given))
    box = world.box(world.pipeline(), name="Machines")
    post(world, box, mail("Machines", "Can you deliver?", number=1, sender=f"Zoe Zuse <{customer.address}>"))
    page = window(world.ada).goto(f"/boxes/{box['key']}?tab=email")
    page.get_by_role("button", name="Reply", exact=True).click()
    text = page.get_by_role("region", name="Write an e-mail").get_by_role("textbox", name="Text")
    text.click()
    page.keyboard.type("In May.")
    page.keyboard.press("Control+Enter")
    page.get_by_role("alert").filter(has_text="Sent").get_by_role("button", name="Undo").click()
    expect(text).to_contain_text("In May.")
    assert customer.count() == 0
    text.click()
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("group", name="Letter Re: Machines")).to_contain_text("Being sent")
    # After the ten seconds in which it can be undone.
    article = page.get_by_role("article", name="E-mail from Ada Lovelace")
    expect(article.frame_locator("iframe").get_by_text("In May.")).to_be_visible()
    expect(page.get_by_role("group", name="Letter Re: Machines")).to_have_count(0)
    eventually(lambda: customer.count() == 1)
    page.goto("/mail/sent")
    rows = page.get_by_role("row", name="Re: Machines")
    expect(rows.filter(has_text="Cancelled")).to_have_count(1)
    expect(rows.filter(has_text="Sent")).to_have_count(1)


def test_the_author_says_whether_a_letter_in_doubt_was_sent(window: Any, world: World) -> None:
    box = world.box(world.pipeline(), name="Machines")
    mailbox(world, world.ada)
    for subject in ("First", "Second"):
        new = {"boxKey": box["key"], "to": ["zoe@zuse.example"], "subject": subject, "html": "<p>Hello</p>"}
        draft = ok(world.ada.http.post("/api/v2/drafts", json=new))
        ok(world.ada.http.post(f"/api/v2/drafts/{draft['key']}/send", json={"sendAt": world.clock() + 86_400_000}))
    sql = """
        UPDATE sent_letters SET state = 'doubtful', handed_at = :now, error = 'The connection broke'
        WHERE box_key = :box
    """
    world.server.engine.write(lambda db: db.run(sql, now=world.clock(), box=box["key"]))
    page = window(world.ada).goto(f"/boxes/{box['key']}?tab=email")
    first, second = (page.get_by_role("group", name=f"Letter {name}") for name in ("First", "Second"))
    expect(first).to_contain_text("Perhaps sent")
    expect(first).to_contain_text("The connection broke")
    assert serious(page) == []
    first.get_by_role("button", name="It was sent").click()
    expect(first).to_have_count(0)
    second.get_by_role("button", name="Make it a draft").click()
    form = page.get_by_role("region", name="Write an e-mail")
    expect(form.get_by_label("Subject")).to_have_value("Second")
