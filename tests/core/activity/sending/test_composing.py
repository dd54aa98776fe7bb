"""Letters as bytes: nothing that a name, a subject or another mail says becomes a header of its own."""

from email import message_from_bytes

import msgspec
import pytest

from boxwood.core.activity.mail.mailbox_records import MAILBOXES
from boxwood.core.activity.sending import composing, letters
from boxwood.core.activity.sending.records import LetterContent, LetterRecord, OutgoingFile
from boxwood.core.context import Ctx
from boxwood.lib.mail import Address
from tests.conftest import World
from tests.core.activity.sending.sent import a_sent_letter, mailbox_key

BREAKS = ("\r", "\n", "\r\n", "\u2028", "\u2029", "\0", "\x0b", "\x85")


@pytest.mark.one_database
def test_nothing_that_a_letter_says_adds_a_header(world: World) -> None:
    letter = a_sent_letter(world)
    trap = "Zoë{0}Bcc: spy@evil.example{0}{0}Hi", "Zoe{0}Bcc: spy@evil.example{0} x"
    for line_break in BREAKS:
        for text in trap:
            evil = text.format(line_break)
            file = OutgoingFile("f1", letter.key, evil, f"text/pl{line_break}X: y", 1, "b", "", f"a{line_break}X: y")
            changed = msgspec.structs.replace(
                letter,
                subject=evil,
                sender=Address(letter.sender.email, evil),
                recipients=[Address("zoe@client.example", evil)],
                cc=[Address("kim@client.example", evil)],
                in_reply_to=f"1{line_break}X: y@client.example",
                mail_references=[f"1{line_break}X: y@client.example", "2@client.example"],
            )
            raw = composing.composed(changed, "<p>Hi</p>", "Hi", [file], lambda _: b"A", world.clock(), {})
            for copy in (raw, composing.with_bcc(raw, [Address("rex@client.example", evil)])):
                assert copy.isascii()
                assert copy.count(b"\r") == copy.count(b"\n") == copy.count(b"\r\n"), repr(line_break)
                read = message_from_bytes(copy)
                names = sorted({name for part in read.walk() for name in part if name.startswith(("B", "X", "I", "R"))})
                assert names == ["Bcc"] * (copy is not raw) + ["References"], (repr(line_break), names)
                assert read["References"] == "<2@client.example>"
                assert len(list(read.walk())) == 5
                assert read.defects == []


@pytest.mark.one_database
def test_letters_are_stored_with_subjects_and_names_on_one_line(world: World) -> None:
    key = mailbox_key(world)

    def write(ctx: Ctx) -> LetterRecord:
        row = ctx.db.row(f"SELECT {MAILBOXES.columns} FROM mailboxes WHERE key = :key", key=key)
        assert row is not None
        content = LetterContent(
            [Address("zoe@client.example", "Zoe\r\nBcc: x")], "Offer\r\nBcc: x@y.example\u2028\n", "A"
        )
        return letters.schedule(
            ctx, content, mailbox=MAILBOXES.load(row), box_key=None, thread_key=None, due_at=ctx.now + 1_000_000
        )

    letter = world.as_("ada", write)
    assert (letter.subject, letter.recipients[0].name) == ("Offer Bcc: x@y.example", "Zoe Bcc: x")


@pytest.mark.one_database
def test_an_answer_names_no_ids_that_headers_cannot_have(world: World) -> None:
    letter = msgspec.structs.replace(
        a_sent_letter(world), in_reply_to="ä@client.example", mail_references=["1@client.example", "ä@client.example"]
    )
    read = message_from_bytes(composing.composed(letter, "", "Hi", [], lambda _: b"", world.clock(), {}))
    assert read["In-Reply-To"] is None
    assert read["References"] == "<1@client.example>"
