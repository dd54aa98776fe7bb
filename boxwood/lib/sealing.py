"""Texts that only a caller with the same secrets can read again: stored sealed, under keys made of the secrets."""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

NONCE = 12


class Seal:
    """Seals texts with AES-256-GCM. The keys come from all `secrets` together and are stored nowhere."""

    def __init__(self, secrets: Iterable[str]) -> None:
        mixed = hashlib.blake2b(person=b"boxwood seal")
        for secret in secrets:
            content = secret.encode()
            mixed.update(len(content).to_bytes(8, "big") + content)
        self._key, self._mark_key = mixed.digest()[:32], mixed.digest()[32:]

    def mark(self, content: bytes) -> str:
        """A hash of the content that can only be compared by a caller with the same secrets."""
        return hashlib.blake2b(content, key=self._mark_key, digest_size=16).hexdigest()

    def close(self, content: bytes) -> str:
        nonce = secrets.token_bytes(NONCE)
        return base64.b64encode(nonce + _cipher(self._key).encrypt(nonce, content, None)).decode()

    def open(self, sealed: str) -> bytes:
        """The content. The caller has compared a mark before, so that the secrets are the same."""
        data = base64.b64decode(sealed)
        return _cipher(self._key).decrypt(data[:NONCE], data[NONCE:], None)


def _cipher(key: bytes) -> AESGCM:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # loaded at the first use: it takes 20 ms

    return AESGCM(key)
