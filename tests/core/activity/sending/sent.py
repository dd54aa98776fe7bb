"""Letters that were sent, for tests of what happens afterwards."""

from typing import Any

from boxwood.core.activity.mail.mailbox_records import MAILBOXES
from boxwood.core.activity.mail.matching import Decision
from boxwood.core.activity.sending import letters
from boxwood.core.activity.sending.letter_events import load
from boxwood.core.activity.sending.records import LetterContent, LetterRecord, Track
from boxwood.core.context import Ctx
from boxwood.lib.mail import Address
from tests.conftest import World, ok
from tests.mail_in import mailbox_of, raw_mail, receive

HTML = (
    '<html><body><p>See <a class="x" href="https://shop.example/a?b=1&amp;c=2#d">the shop</a>, '
    "<a href='https://café.example/ x'>a café</a> or <a href=\"mailto:ada@team.example\">write</a>.</p>"
    '<img src="https://team.example/logo.png"></body></html>'
)
ZOE = "zoe@client.example"


def mailbox_key(world: World) -> str:
    """Ada's mailbox, which is not read."""
    address = f"ada-{world.number}@mail.example"
    known = ok(world.ada.http.get("/api/v2/mailboxes"))["results"]
    if known:
        return str(known[0]["key"])
    server = {"host": "mail.example", "user": address, "password": "secret"}
    given = {"address": address, "teamKey": world.team_key, "imap": server, "smtp": server}
    key = ok(world.ada.http.post("/api/v2/mailboxes", json=given))["key"]
    ok(world.ada.http.post(f"/api/v2/mailboxes/{key}/pause"))
    return str(key)


def a_sent_letter(
    world: World,
    box_key: str = "",
    *,
    to: tuple[str, ...] = (ZOE,),
    opens: bool = True,
    clicks: bool = True,
    **more: Any,
) -> LetterRecord:
    """A letter of Ada that was just sent; with a box, its message is on the box."""
    key = mailbox_key(world)

    def write(ctx: Ctx) -> LetterRecord:
        row = ctx.db.row(f"SELECT {MAILBOXES.columns} FROM mailboxes WHERE key = :key", key=key)
        assert row is not None
        content = LetterContent([Address(it) for it in to], "Offer", HTML, track=Track(opens, clicks))
        return letters.schedule(
            ctx, content, mailbox=MAILBOXES.load(row), box_key=box_key, thread_key=None, due_at=ctx.now, **more
        )

    letter: LetterRecord = world.as_("ada", write)
    message = None
    if box_key:
        raw = raw_mail(subject="Offer", sender=world.ada.email, to=", ".join(to)).replace(
            b"<1@client.example>", f"<{letter.message_id}>".encode()
        )
        chosen = Decision("store", "chosen", [box_key])
        message = receive(world, "ada", mailbox_of(world, "ada"), raw, decision=chosen).message_keys[0]
    sql = """
        UPDATE sent_letters SET state = 'sent', handed_at = :now, sent_at = :now, message_key = :message
        WHERE key = :key
    """
    now = world.clock()
    world.server.engine.write(lambda db: db.run(sql, now=now, message=message, key=letter.key))
    found: LetterRecord = world.server.engine.read(lambda db: load(db, letter.key))
    return found
