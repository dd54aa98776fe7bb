"""Hashing of passwords: argon2id, with a salt for each. It is slow on purpose, so never call it in the writer's
thread."""

from __future__ import annotations

import unicodedata
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from argon2 import PasswordHasher


def hashed(password: str) -> str:
    return _hasher().hash(_plain(password))


def verify(stored: str | None, password: str) -> bool:
    """Whether the stored hash is that of the password. Without a hash (None) the check takes as long, so that a caller
    cannot find out whether a user has a password."""
    from argon2.exceptions import InvalidHashError, VerificationError

    try:
        return _hasher().verify(stored or _decoy(), _plain(password)) and stored is not None
    except (VerificationError, InvalidHashError):
        return False


def is_old(stored: str) -> bool:
    """Whether the hash was created with other settings than the current ones."""
    return _hasher().check_needs_rehash(stored)


def _plain(password: str) -> str:
    """The password in Unicode form NFKC, since keyboards may produce different characters for the same letter
    (NIST SP 800-63B 3.1.1.2)."""
    return unicodedata.normalize("NFKC", password)


@cache
def _hasher() -> PasswordHasher:
    # Imported at the first use. OWASP recommends these settings: 46 MB, one pass, one thread. A hash takes about 30 ms.
    from argon2 import PasswordHasher

    return PasswordHasher(time_cost=1, memory_cost=47_104, parallelism=1)


@cache
def _decoy() -> str:
    return _hasher().hash("no user has this password")
