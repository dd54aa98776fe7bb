"""Records of users, and of persons: what other users see of a user."""

from __future__ import annotations

import msgspec

from ...db.records import Table


class UserSettings(msgspec.Struct, frozen=True, omit_defaults=True):
    """Settings that a user changes for themselves."""

    wants_task_digest: bool = True


class User(msgspec.Struct, frozen=True):
    """A user: signs in, acts, is assigned and is mentioned."""

    key: str
    email: str
    given_name: str
    family_name: str
    timezone: str | None
    image: str | None
    user_type: str
    settings: UserSettings
    invited: bool
    """Whether another user named this user by e-mail, and the user has not signed in yet."""
    created_at: int
    updated_at: int
    seen_at: int | None

    @property
    def full_name(self) -> str:
        return f"{self.given_name} {self.family_name}".strip() or self.email.partition("@")[0]

    @property
    def display_name(self) -> str:
        """Return the given name and the family name's first letter, as in "Kiss B"."""
        return f"{self.given_name} {self.family_name[:1]}".strip() or self.email.partition("@")[0]


class Person(msgspec.Struct, frozen=True, omit_defaults=True):
    """What other users see of a user. Events store it, because names may change later."""

    key: str
    email: str
    display_name: str
    full_name: str
    given_name: str = ""
    image: str | None = None
    user_type: str = "HUMAN"


USERS = Table("users", User)
