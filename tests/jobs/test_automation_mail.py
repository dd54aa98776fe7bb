"""The step that sends an e-mail: through the letters of the server, to a real mail server."""

from collections.abc import Iterator

import pytest

from tests.api.automations import Rule, do
from tests.conftest import Server, Store, World, ok
from tests.mailbox import Mailbox, text


@pytest.fixture
def mailing(fresh_store: Store, mailbox: Mailbox) -> Iterator[World]:
    config = fresh_store.config(smtp_url=mailbox.url, mail_from="Boxwood <crm@example.com>")
    server = Server(config).start()
    yield (made := World(server))
    made.close()
    server.stop()


def test_an_email_is_sent_with_its_templates_filled(mailing: World, mailbox: Mailbox) -> None:
    pipeline = mailing.pipeline()
    rule = Rule(
        mailing,
        pipeline,
        "box.created",
        do(
            "email.send",
            to=["{{ box.assignees[0].email }}", "kim@kim.example"],
            bcc="boss@example.com",
            replyTo="ada@example.com",
            subject="About {{ box.name }}",
            text="It is {{ box.name }}.",
            html="<p>It is {{ box.name }}.</p>",
        ),
    )
    mailing.box(pipeline, name="A & B")
    assert rule.only()["steps"][0]["output"]["letter"].startswith("l")
    came = mailbox.wait(2)
    copy, mail = sorted(came, key=lambda letter: "kim" in str(letter["To"]))
    assert copy["To"] == "boss@example.com"
    assert (mail["To"], mail["Subject"]) == (f"{mailing.ada.email}, kim@kim.example", "About A & B")
    assert mail["Reply-To"] == "ada@example.com"
    assert text(mail).strip() == "It is A & B."
    html = mail.get_body(("html",))
    assert html is not None
    assert "<p>It is A &amp; B.</p>" in html.get_content()
    trial = ok(rule.http.post(f"{rule.own}/test", json={"boxKey": mailing.box(pipeline)["key"]}))
    assert trial["steps"][0]["input"]["subject"] == "About Acme"
    rule.ended(2)
    assert len(mailbox.wait(4)) == 4, "a test run sends nothing"


def test_without_a_mail_server_the_step_says_so(world: World) -> None:
    pipeline = world.pipeline()
    rule = Rule(world, pipeline, "box.created", do("email.send", to="a@example.com", subject="x", text="y"))
    world.box(pipeline)
    assert "there are no mail settings" in rule.only("FAILED")["reason"]
