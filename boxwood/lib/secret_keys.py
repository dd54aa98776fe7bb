"""Secrets that the server must read again, such as passwords of mailboxes, sealed with keys in a file.

The key file is neither in the database nor in backups. It has a line for each key: its id, and 32 bytes in base64. The
first key seals; the others still open what they sealed. The id of the key is in each sealed text.
"""

from __future__ import annotations

import base64
import contextlib
import os
import secrets
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

NONCE = 12
KEY_BYTES = 32
ID_LENGTH = 8
FORM = "k1"


class KeyMissing(Exception):
    """The key that sealed a text is not in the key file, or the text was sealed for something else."""


class SecretKeys:
    """The keys in a file. The file is created at the first use, readable by its owner only, and read again when it
    changes."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._keys: dict[str, bytes] = {}
        self._state: tuple[int, ...] = ()

    def seal(self, text: str, purpose: str) -> str:
        """Seal a text. Only a call of `open` with the same purpose, such as `mailbox:m1`, opens it."""
        key_id, key = next(iter(self._read(create=True).items()))
        nonce = secrets.token_bytes(NONCE)
        sealed = _cipher(key).encrypt(nonce, text.encode(), purpose.encode())
        return f"{FORM}:{key_id}:{base64.b64encode(nonce + sealed).decode()}"

    def open(self, sealed: str, purpose: str) -> str:
        """The text. Raises `KeyMissing`."""
        from cryptography.exceptions import InvalidTag

        form, _, rest = sealed.partition(":")
        key_id, _, content = rest.partition(":")
        key = self._read(create=False).get(key_id)
        if form != FORM or key is None:
            raise KeyMissing(f"the key {key_id} is not in {self.path}")
        data = base64.b64decode(content)
        try:
            return _cipher(key).decrypt(data[:NONCE], data[NONCE:], purpose.encode()).decode()
        except InvalidTag:
            raise KeyMissing("the stored secret was changed, or belongs to something else") from None

    def opens(self, sealed: str, purpose: str) -> bool:
        try:
            self.open(sealed, purpose)
        except KeyMissing:
            return False
        return True

    def is_current(self, sealed: str) -> bool:
        """Whether the newest key sealed the text."""
        return key_id_of(sealed) == next(iter(self._read(create=True)))

    def add(self) -> str:
        """Put a new key in front, which seals from now on. Returns its id."""
        key_id = secrets.token_hex(ID_LENGTH // 2)
        self._write({key_id: secrets.token_bytes(KEY_BYTES), **self._read(create=False)})
        return key_id

    def keep(self, used: set[str], newest: int) -> int:
        """Remove the keys that sealed none of the stored texts, but not the first `newest`. Returns how many were
        removed."""
        keys = self._read(create=True)
        kept = {key_id: key for at, (key_id, key) in enumerate(keys.items()) if at < newest or key_id in used}
        if len(kept) < len(keys):
            self._write(kept)
        return len(keys) - len(kept)

    def _read(self, *, create: bool) -> dict[str, bytes]:
        try:
            found = os.stat(self.path)
        except FileNotFoundError:
            if not create:
                return {}
            self._create()
            found = os.stat(self.path)
        state = (found.st_ino, found.st_mtime_ns, found.st_size)
        if state != self._state or not self._keys:
            self._keys, self._state = _parse(self.path), state
        return self._keys

    def _create(self) -> None:
        """Create the file, unless another process just did it: the first one counts."""
        written = self._temporary({secrets.token_hex(ID_LENGTH // 2): secrets.token_bytes(KEY_BYTES)})
        try:
            with contextlib.suppress(FileExistsError):
                os.link(written, self.path)
        finally:
            os.unlink(written)

    def _write(self, keys: dict[str, bytes]) -> None:
        os.replace(self._temporary(keys), self.path)

    def _temporary(self, keys: dict[str, bytes]) -> str:
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor, name = tempfile.mkstemp(prefix=f".{self.path.name}-", dir=self.path.parent)  # mode 0600
        with os.fdopen(descriptor, "w") as file:
            file.write("".join(f"{key_id} {base64.b64encode(key).decode()}\n" for key_id, key in keys.items()))
            file.flush()
            os.fsync(file.fileno())
        return name


def key_id_of(sealed: str) -> str:
    """The id of the key that sealed the text."""
    return sealed.partition(":")[2].partition(":")[0]


def _parse(path: Path) -> dict[str, bytes]:
    keys = {}
    for number, line in enumerate(path.read_text().splitlines(), 1):
        key_id, _, coded = line.partition(" ")
        try:
            key = base64.b64decode(coded, validate=True)
        except ValueError:
            key = b""
        if not key_id.isalnum() or len(key) != KEY_BYTES:
            raise OSError(f"line {number} of {path} is not a key: restore the file from your copy")
        keys[key_id] = key
    if not keys:
        raise OSError(f"{path} holds no key: restore the file from your copy")
    return keys


def _cipher(key: bytes) -> AESGCM:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # loaded at the first use: it takes 20 ms

    return AESGCM(key)
