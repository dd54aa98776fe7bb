"""Letters leave once what they tell is committed, are tried again, and are never sent of what was undone."""

import asyncio
from collections.abc import Iterator
from functools import partial

import pytest

from boxwood.core import mail_settings, outgoing_mail
from boxwood.core.context import Ctx
from boxwood.core.mail_settings import Settings
from boxwood.core.outgoing_mail import Letter
from boxwood.db.open import open_engine
from boxwood.errors import Conflict, Invalid
from boxwood.jobs import outgoing_mail as job
from tests.conftest import Server, Store, World, refused
from tests.jobs.webhooks import eventually
from tests.mailbox import Mailbox, text


@pytest.fixture
def mailing(fresh_store: Store, mailbox: Mailbox) -> Iterator[World]:
    """A world whose server has a mail server, by its environment."""
    config = fresh_store.config(
        smtp_url=mailbox.url, mail_from="Boxwood <crm@example.com>", base_url="https://crm.example"
    )
    server = Server(config).start()
    yield (made := World(server))
    made.close()
    server.stop()


def post(ctx: Ctx, to: str = "bo@example.com", subject: str = "News") -> Letter:
    return outgoing_mail.post(ctx, [to], subject, "There is news.\n", about="test")


def states(world: World) -> list[str]:
    rows = world.server.engine.read(lambda db: db.rows("SELECT state FROM letters ORDER BY key"))
    return [row[0] for row in rows]


def state(world: World, key: str) -> str:
    found = world.server.engine.read(lambda db: outgoing_mail.get(db, key))
    assert found is not None
    return found.state


def test_a_letter_is_sent_after_the_commit_and_then_forgets_what_it_said(mailing: World, mailbox: Mailbox) -> None:
    letter = mailing.as_("ada", post)
    came = mailbox.wait()[0]
    assert (came["To"], came["Subject"], text(came)) == ("bo@example.com", "News", "There is news.\n")
    assert came["From"] == "Boxwood <crm@example.com>"
    eventually(lambda: states(mailing) == ["sent"])
    kept = mailing.server.engine.read(lambda db: outgoing_mail.get(db, letter.key))
    assert kept is not None
    assert (kept.text, kept.attempts) == ("", 1)


def test_nothing_is_sent_of_what_was_undone(mailing: World, mailbox: Mailbox) -> None:
    def fail(ctx: Ctx) -> None:
        post(ctx, subject="Never")
        raise Invalid("x", "undone")

    with pytest.raises(Invalid):
        mailing.as_("ada", fail)
    mailing.as_("ada", partial(post, subject="Later"))
    assert [one["Subject"] for one in mailbox.wait()] == ["Later"]
    assert len(states(mailing)) == 1


def test_what_fails_is_tried_again_and_what_is_refused_is_not(mailing: World, mailbox: Mailbox) -> None:
    mailbox.says = "451 try later"
    letter = mailing.as_("ada", post)
    engine = mailing.server.engine

    def now() -> Letter:
        found = engine.read(lambda db: outgoing_mail.get(db, letter.key))
        assert found is not None
        return found

    eventually(lambda: now().error == "451 try later")
    assert now().state == "waiting"
    mailbox.says = "250 taken"
    mailing.clock.advance(ms=outgoing_mail.RETRIES[0] + 1)
    assert asyncio.run(job.send_some(engine, mailing.clock)) in (0, 1)  # or the server's own job was first
    assert mailbox.wait()[0]["Message-ID"] == f"<{letter.key}@example.com>"
    eventually(lambda: now().state == "sent")
    mailbox.says = "554 spam"
    other = mailing.as_("ada", post)
    eventually(lambda: state(mailing, other.key) == "dead")
    assert engine.read(outgoing_mail.last_error) == "554 spam"


def test_nobody_answers_for_two_days_and_the_letter_is_given_up(mailing: World, mailbox: Mailbox) -> None:
    mailbox.says = "451 try later"
    letter = mailing.as_("ada", post)
    engine = mailing.server.engine

    def now() -> Letter:
        found = engine.read(lambda db: outgoing_mail.get(db, letter.key))
        assert found is not None
        return found

    for wait in outgoing_mail.RETRIES:
        eventually(lambda wait=wait: now().due_at > mailing.clock() + wait * 0.9 and now().error is not None)
        mailing.clock.advance(ms=wait + 1)
        asyncio.run(job.send_some(engine, mailing.clock))
    eventually(lambda: now().state == "dead")
    assert now().attempts == len(outgoing_mail.RETRIES) + 1
    assert mailbox.came == []


def test_a_letter_whose_sender_died_comes_due_again(mailing: World) -> None:
    engine, clock = mailing.server.engine, mailing.clock

    def take_and_die(ctx: Ctx) -> str:
        key = post(ctx).key
        assert [one.key for one in outgoing_mail.claim_due(ctx.db, ctx.now, 10)] == [key]
        return key

    key = mailing.as_("ada", take_and_die)
    assert engine.write(lambda db: outgoing_mail.claim_due(db, clock(), 10)) == []
    later = engine.write(lambda db: outgoing_mail.claim_due(db, clock() + outgoing_mail.LEASE + 1, 10))
    assert [(one.key, one.attempts) for one in later] == [(key, 2)]


def test_what_is_worth_nothing_any_more_is_not_sent(mailing: World, mailbox: Mailbox) -> None:

    def late(ctx: Ctx) -> str:
        return outgoing_mail.post(ctx, ["bo@example.com"], "Late", "x", about="test", ends_at=ctx.now).key

    key = mailing.as_("ada", late)
    eventually(lambda: state(mailing, key) == "dead")
    mailing.as_("ada", post)
    assert [one["Subject"] for one in mailbox.wait()] == ["News"]


def test_what_cannot_be_mail_is_refused_before_it_is_kept(mailing: World) -> None:
    for to, reply in (("nobody", ""), ("a@b\nBcc: c@d", ""), ("bo@example.com", "x")):
        with pytest.raises(Invalid):
            mailing.as_(
                "ada",
                lambda ctx, to=to, reply=reply: outgoing_mail.post(ctx, [to], "x", "x", about="t", reply_to=reply),
            )
    with pytest.raises(Invalid):
        mailing.as_("ada", lambda ctx: outgoing_mail.post(ctx, [], "x", "x", about="t"))
    assert states(mailing) == []


def test_without_settings_nothing_can_be_posted(world: World) -> None:
    with pytest.raises(Conflict, match="BOXWOOD_SMTP_URL"):
        world.as_("ada", post)


def test_what_the_environment_says_stands_above_the_api(fresh_store: Store) -> None:
    engine = open_engine(fresh_store.url, fresh_store.config().sqlite_path)
    try:
        adopt = mail_settings.adopt
        engine.write(lambda db: adopt(db, "smtp://a", "x@y.z", "http://one", known=False))
        assert engine.read(mail_settings.find) == Settings("smtp://a", "x@y.z", "http://one", True)
        # Without it in the environment there is no mail any more.
        engine.write(lambda db: adopt(db, "", "", "http://two", known=False))
        assert engine.read(mail_settings.find) == Settings("", "", "http://two", False)
        assert not engine.read(mail_settings.configured)
    finally:
        engine.close()


def test_only_the_owners_of_the_first_team_set_mail_up(world: World) -> None:
    refused(world.ada.http.get("/api/v2/settings/mail"), 403, "first team")
    refused(world.ada.http.post("/api/v2/settings/mail", json={"smtpUrl": "smtp://m"}), 403, "first team")
    refused(world.ada.http.post("/api/v2/settings/mail/test", json={}), 403, "first team")
