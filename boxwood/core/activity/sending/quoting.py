"""What a draft takes over from the mail that it answers or forwards: recipients, subject, ids and the quoted text."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from email.utils import format_datetime

from ....db.engine import Db
from ....lib import html_cleaning
from ....lib.html_cleaning import Uncleanable
from ....lib.mail import Address
from ....lib.mail.reply_words import FORWARD_PREFIXES
from ..files import MailFile
from ..messages import Message
from . import tracking

MOST_REFERENCES = 20
"""The first id and the last 19: longer headers are refused by some mail servers."""
RE, FWD = "Re:", "Fwd:"
_REPLY_PREFIXES = "re aw antw antwort sv vs svar ref rif res odp ynt cevap r vá 回复 答复 回覆 返信 ответ отв".split()
_PICTURES, _PARTS = "/quoted-pictures/", "/quoted-parts/"
_BRACES = re.compile(r"\{(?=(?:<[^<>]*>|\s)*\{)")
_COUNTED = re.compile(r"[\[(]\d+[\])]$")
_PICTURE = re.compile(rf'"{_PICTURES}([^"]*)"')
_PART = re.compile(rf'"{_PARTS}(\d+)"')


def recipients(message: Message, own: Iterable[str], *, everyone: bool) -> tuple[list[Address], list[Address]]:
    """To and Cc of an answer, without the answering user's own addresses. An answer to an own mail goes to its
    recipients again."""
    mine = set(own)
    if message.sender.email in mine:
        to, others = message.recipients, message.cc
    else:
        to = message.reply_to or [message.sender]
        others = [*message.recipients, *message.cc]
    to = _distinct(to, mine) or _distinct(to, set())
    cc = _distinct(others, mine | {each.email for each in to}) if everyone else []
    return [each for each in to if each.email], cc


def _distinct(people: Iterable[Address], without: set[str]) -> list[Address]:
    found = {each.email: each for each in people if each.email and each.email not in without}
    return list(found.values())


def subject(message: Message, mark: str) -> str:
    """The subject with `Re:` or `Fwd:` once, also if a mail program wrote the same mark in another language."""
    known = _REPLY_PREFIXES if mark == RE else FORWARD_PREFIXES
    bare = " ".join(message.subject.split())
    while True:
        prefix, colon, _ = bare[:60].replace("：", ":").partition(":")
        if not colon or _COUNTED.sub("", prefix.strip()).casefold() not in known:
            return without_fields(f"{mark} {bare}".strip())
        bare = bare[len(prefix) + 1 :].strip()


def without_fields(text: str) -> str:
    """The text of a correspondent with an invisible character between `{{`. Otherwise a stranger could write merge
    fields into a mail, whose answer would then tell them values of the box."""
    return _BRACES.sub("{\u200b", text)


def references(message: Message) -> list[str]:
    """The References of an answer to the message."""
    ids = [*message.mail_references, *([message.message_id] if message.message_id else [])]
    ids = list(dict.fromkeys(ids))
    return ids if len(ids) <= MOST_REFERENCES else [ids[0], *ids[1 - MOST_REFERENCES :]]


def quoted(db: Db, message: Message, attached: list[MailFile], *, forwards: bool) -> str:
    """The message as HTML, for the end of a draft: without scripts, and without our own tracking."""
    page = _clean(tracking.without_ours(db, message.html), attached) if message.html else ""
    page = without_fields(page or "<br>".join(html.escape(message.text).split("\n")))
    sent = format_datetime(datetime.fromtimestamp(message.sent_at / 1000, UTC))
    if not forwards:
        by = without_fields(html.escape(_shown(message.sender)))
        return (
            f'<div class="gmail_quote"><div>On {sent}, {by} wrote:</div>'
            f'<blockquote class="gmail_quote" type="cite">{page}</blockquote></div>'
        )
    head: list[tuple[str, str]] = [("From", _shown(message.sender)), ("Date", sent), ("Subject", message.subject)]
    head += [("To", ", ".join(map(_shown, message.recipients))), ("Cc", ", ".join(map(_shown, message.cc)))]
    lines = without_fields("<br>".join(f"{name}: {html.escape(value)}" for name, value in head if value))
    return f'<div class="gmail_quote"><div>---------- Forwarded message ---------<br>{lines}</div><br>{page}</div>'


def _shown(person: Address) -> str:
    return f"{person.name} <{person.email}>" if person.name else person.email


def _clean(page: str, attached: list[MailFile]) -> str:
    """The HTML without what runs. Pictures stay where they are: on other hosts, or attached. Empty if the HTML is too
    complex: then the text is quoted."""
    parts = [file.content_id for file in attached if file.content_id]
    places = {content_id: f"{_PARTS}{number}" for number, content_id in enumerate(parts)}
    try:
        cleaned = html_cleaning.clean(page, parts=places, pictures=_PICTURES)
    except Uncleanable:
        return ""
    shown = _PICTURE.sub(lambda found: f'"{html.escape(cleaned.remote.get(found[1], ""))}"', cleaned.html)
    return _PART.sub(lambda found: f'"cid:{html.escape(parts[int(found[1])])}"', shown)
