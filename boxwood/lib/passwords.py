"""Passwords as they are kept: argon2id, with a salt of their own. Slow on purpose: never in the writer's thread."""

from __future__ import annotations

import unicodedata
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from argon2 import PasswordHasher


def hashed(password: str) -> str:
    return _hasher().hash(_plain(password))


def verify(kept: str | None, password: str) -> bool:
    """Whether it is the password. Where there is none it takes as long to say so, and tells nobody which it was."""
    from argon2.exceptions import InvalidHashError, VerificationError

    try:
        return _hasher().verify(kept or _decoy(), _plain(password)) and kept is not None
    except (VerificationError, InvalidHashError):
        return False


def is_old(kept: str) -> bool:
    """Whether it was made with other settings than today's."""
    return _hasher().check_needs_rehash(kept)


def _plain(password: str) -> str:
    """One text for what keyboards of two kinds write as different characters (NIST SP 800-63B 3.1.1.2)."""
    return unicodedata.normalize("NFKC", password)


@cache
def _hasher() -> PasswordHasher:
    # Loaded when first asked for. One of OWASP's equal choices: 46 MB, one pass, one thread; about 30 ms.
    from argon2 import PasswordHasher

    return PasswordHasher(time_cost=1, memory_cost=47_104, parallelism=1)


@cache
def _decoy() -> str:
    return _hasher().hash("nobody has this password")
