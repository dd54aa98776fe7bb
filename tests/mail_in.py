"""Mail as it comes from a mailbox, for tests: decided and stored as the synchronization does it."""

from email.message import EmailMessage
from email.utils import formatdate
from typing import Any

from boxwood.core import stored_files
from boxwood.core.activity.files import Upload
from boxwood.core.activity.mail import matching, storing
from boxwood.core.activity.mail.matching import Decision
from boxwood.core.activity.mail.records import Mailbox
from boxwood.core.activity.mail.storing import StoredMail
from boxwood.core.context import Ctx
from boxwood.lib import mail
from boxwood.lib.blobs import new_id
from boxwood.lib.mail import Mail
from tests.conftest import World

CLIENT = "zoe@client.example"


def raw_mail(
    number: int = 1,
    *,
    subject: str = "Offer",
    text: str = "The price is 1200",
    sender: str = f"Zoe Zuse <{CLIENT}>",
    to: str = "ada@team.example",
    answers: int = 0,
    at: int = 1_790_000_000,
    files: dict[str, bytes] | None = None,
    **headers: str,
) -> bytes:
    """The bytes of a message whose Message-ID has this number; `answers` is the number of the message before it."""
    message = EmailMessage()
    message["Message-ID"] = f"<{number}@client.example>"
    message["From"], message["To"], message["Subject"] = sender, to, subject
    message["Date"] = formatdate(at + number)
    if answers:
        message["In-Reply-To"] = f"<{answers}@client.example>"
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    message.set_content(text)
    for name, content in (files or {}).items():
        message.add_attachment(content, maintype="application", subtype="octet-stream", filename=name)
    return message.as_bytes()


def mailbox_of(world: World, name: str, share: str = "full", **more: Any) -> Mailbox:
    """The mailbox of a user."""
    person = getattr(world, name)
    return Mailbox(
        key=f"mailbox-of-{name}",
        team_key=world.team_key,
        owner_key=person.user_key,
        address=person.email,
        aliases=["ada@team.example"],
        share=share,
        **more,
    )


def shared_mailbox(world: World) -> Mailbox:
    return Mailbox(key="sales", team_key=world.team_key, owner_key=None, address="sales@team.example", kind="shared")


def decide(world: World, name: str, mailbox: Mailbox, *raws: bytes) -> list[Decision]:
    headers = [mail.parse(raw, sender_required=False) for raw in raws]
    return list(world.as_(name, lambda ctx: matching.decide(ctx, mailbox, headers)))


def receive(
    world: World, name: str, mailbox: Mailbox, raw: bytes, *, old: bool = False, decision: Decision | None = None
) -> StoredMail:
    """Store a mail as the synchronization of a mailbox does, which acts for this user."""
    read, original, uploads = prepared(world, raw)

    def work(ctx: Ctx) -> StoredMail:
        decided = decision or matching.decide(ctx, mailbox, [read])[0]
        return storing.store(ctx, mailbox, read, original, uploads, decided, old=old)

    found: StoredMail = world.as_(name, work)
    return found


def receive_old(world: World, name: str, mailbox: Mailbox, raws: list[bytes], decision: Decision) -> list[StoredMail]:
    """Store old mails in one transaction, as a backfill does."""
    ready = [prepared(world, raw) for raw in raws]

    def work(ctx: Ctx) -> list[StoredMail]:
        batch = storing.Batch()
        found = [storing.store(ctx, mailbox, *each, decision, old=True, batch=batch) for each in ready]
        storing.count(ctx, batch)
        return found

    return list(world.as_(name, work))


def prepared(world: World, raw: bytes) -> tuple[Mail, Upload, list[Upload]]:
    """The parsed mail, its original bytes and its attachments, which are stored."""
    store, read = world.server.boxwood.store, mail.parse(raw, sender_required=False)
    ids = [new_id() for _ in range(1 + len(read.attachments))]
    world.server.engine.write(lambda db: stored_files.announce(db, ids, world.clock()))
    original = Upload("message.eml", "message/rfc822", store.write([raw], ids[0]))
    uploads = [
        Upload(each.name, "text/plain", store.write([each.content], blob))
        for each, blob in zip(read.attachments, ids[1:], strict=True)
    ]
    return read, original, uploads
