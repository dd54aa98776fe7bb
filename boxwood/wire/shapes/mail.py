"""Mail settings on the wire."""

from __future__ import annotations

import msgspec

from ...core.mail_settings import Settings
from ..codec import Shape
from ..kinds import NAME
from .base import Out, given

MAIL_EDIT = Shape(
    "MailEdit",
    smtp_url=NAME,
    sender=NAME,
    base_url=NAME,
    aliases={"from": "sender"},
    described={
        "smtp_url": "smtp://user:password@host:587, or smtps://…. Empty: no mail.",
        "sender": "The sender of mail, such as Boxwood <crm@example.com>.",
        "base_url": "The beginning of links in mail, such as https://crm.example.com.",
    },
)
MAIL_TEST = Shape("MailTest", to=NAME, described={"to": "Default: your own address."})


class MailOut(Out, omit_defaults=False):
    configured: bool
    smtp_url: str
    sender: str = msgspec.field(name="from")
    base_url: str
    by_environment: bool
    waiting: int
    sent: int
    dead: int
    last_error: str | msgspec.UnsetType = msgspec.UNSET


def mail(settings: Settings, counts: dict[str, int], last_error: str | None) -> MailOut:
    return MailOut(
        configured=bool(settings.smtp_url),
        smtp_url=settings.shown_url,
        sender=settings.sender,
        base_url=settings.base_url,
        by_environment=settings.fixed,
        **counts,
        last_error=given(last_error),
    )


class MailTestOut(Out, omit_defaults=False):
    success: bool
    to: str
    error: str | msgspec.UnsetType = msgspec.UNSET
