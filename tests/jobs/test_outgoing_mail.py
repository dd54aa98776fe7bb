"""Letters are sent after the commit, tried again after a failure, and never sent for a change that was rolled back."""

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
from boxwood.lib.secret_keys import SecretKeys
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


def test_a_letter_is_sent_after_the_commit_and_then_its_text_is_deleted(mailing: World, mailbox: Mailbox) -> None:
    letter = mailing.as_("ada", post)
    came = mailbox.wait()[0]
    assert (came["To"], came["Subject"], text(came)) == ("bo@example.com", "News", "There is news.\n")
    assert came["From"] == "Boxwood <crm@example.com>"
    eventually(lambda: states(mailing) == ["sent"])
    stored = mailing.server.engine.read(lambda db: outgoing_mail.get(db, letter.key))
    assert stored is not None
    assert (stored.text, stored.attempts) == ("", 1)


def test_a_letter_of_a_change_that_is_rolled_back_is_not_sent(mailing: World, mailbox: Mailbox) -> None:
    def fail(ctx: Ctx) -> None:
        post(ctx, subject="Never")
        raise Invalid("x", "undone")

    with pytest.raises(Invalid):
        mailing.as_("ada", fail)
    mailing.as_("ada", partial(post, subject="Later"))
    assert [letter["Subject"] for letter in mailbox.wait()] == ["Later"]
    assert len(states(mailing)) == 1


def test_a_failed_letter_is_tried_again_and_a_refused_letter_is_not(mailing: World, mailbox: Mailbox) -> None:
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
    assert asyncio.run(job.send_some(engine, mailing.server.boxwood.keys, mailing.clock)) in (
        0,
        1,
    )  # or the server's own job was first
    assert mailbox.wait()[0]["Message-ID"] == f"<{letter.key}@example.com>"
    eventually(lambda: now().state == "sent")
    mailbox.says = "554 spam"
    other = mailing.as_("ada", post)
    eventually(lambda: state(mailing, other.key) == "dead")
    assert engine.read(outgoing_mail.last_error) == "554 spam"


def test_a_letter_is_given_up_after_two_days_of_failures(mailing: World, mailbox: Mailbox) -> None:
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
        asyncio.run(job.send_some(engine, mailing.server.boxwood.keys, mailing.clock))
    eventually(lambda: now().state == "dead")
    assert now().attempts == len(outgoing_mail.RETRIES) + 1
    assert mailbox.came == []


def test_a_letter_whose_sender_died_comes_due_again(mailing: World) -> None:
    engine, clock = mailing.server.engine, mailing.clock

    def take_and_die(ctx: Ctx) -> str:
        key = post(ctx).key
        assert [letter.key for letter in outgoing_mail.claim_due(ctx.db, ctx.now, 10)] == [key]
        return key

    key = mailing.as_("ada", take_and_die)
    assert engine.write(lambda db: outgoing_mail.claim_due(db, clock(), 10)) == []
    later = engine.write(lambda db: outgoing_mail.claim_due(db, clock() + outgoing_mail.LEASE + 1, 10))
    assert [(letter.key, letter.attempts) for letter in later] == [(key, 2)]


def test_an_expired_letter_is_not_sent(mailing: World, mailbox: Mailbox) -> None:

    def late(ctx: Ctx) -> str:
        return outgoing_mail.post(ctx, ["bo@example.com"], "Late", "x", about="test", ends_at=ctx.now).key

    key = mailing.as_("ada", late)
    eventually(lambda: state(mailing, key) == "dead")
    mailing.as_("ada", post)
    assert [letter["Subject"] for letter in mailbox.wait()] == ["News"]


def test_an_invalid_letter_is_refused_and_not_stored(mailing: World) -> None:
    for to, reply in (("no-address", ""), ("a@b\nBcc: c@d", ""), ("bo@example.com", "x")):
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


def test_mail_settings_of_the_environment_win_over_those_of_the_api(fresh_store: Store) -> None:
    engine = open_engine(fresh_store.url, fresh_store.config().sqlite_path)
    try:
        adopt, keys = mail_settings.adopt, SecretKeys(fresh_store.config().key_file)
        engine.write(lambda db: adopt(db, keys, "smtp://a", "x@y.z", "http://one", known=False))
        assert engine.read(mail_settings.find) == Settings("smtp://a", "x@y.z", "http://one", True)
        # Without the setting in the environment, mail is switched off.
        engine.write(lambda db: adopt(db, keys, "", "", "http://two", known=False))
        assert engine.read(mail_settings.find) == Settings("", "", "http://two", False)
        assert not engine.read(mail_settings.configured)
    finally:
        engine.close()


def test_only_owners_of_the_first_team_change_mail_settings(world: World) -> None:
    refused(world.ada.http.get("/api/v2/settings/mail"), 403, "first team")
    refused(world.ada.http.post("/api/v2/settings/mail", json={"smtpUrl": "smtp://m"}), 403, "first team")
    refused(world.ada.http.post("/api/v2/settings/mail/test", json={}), 403, "first team")
