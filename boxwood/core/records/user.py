"""Users, and what others see of them."""

from __future__ import annotations

import msgspec

from ...db.records import Table


class UserSettings(msgspec.Struct, frozen=True, omit_defaults=True):
    automatically_send_invoice_emails: bool = False
    emails_to_send_invoice_to: list[str] = []
    customer_invoice_data: str | None = None
    wants_task_digest: bool = True


class User(msgspec.Struct, frozen=True):
    key: str
    email: str
    given_name: str
    family_name: str
    timezone: str | None
    image: str | None
    user_type: str
    settings: UserSettings
    invited: bool
    """Named by someone else and not seen yet."""
    created_at: int
    updated_at: int
    seen_at: int | None

    @property
    def full_name(self) -> str:
        return f"{self.given_name} {self.family_name}".strip() or self.email.partition("@")[0]

    @property
    def display_name(self) -> str:
        """The given name and the family name's first letter, as in "Kiss B"."""
        return f"{self.given_name} {self.family_name[:1]}".strip() or self.email.partition("@")[0]


class Person(msgspec.Struct, frozen=True, omit_defaults=True):
    """What others see of a user; stored with events, since names change."""

    key: str
    email: str
    display_name: str
    full_name: str
    given_name: str = ""
    image: str | None = None
    user_type: str = "HUMAN"


USERS = Table("users", User)
