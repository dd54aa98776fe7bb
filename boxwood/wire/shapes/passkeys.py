"""Passkeys on the wire."""

from __future__ import annotations

from typing import Any

import msgspec

from ...core.accounts.passkeys import Passkey
from ..codec import Shape
from ..kinds import NAME, OBJECT
from .base import Out, given

ADD = Shape(
    "PasskeyAdd",
    credential=OBJECT,
    name=NAME,
    required=("credential",),
    described={"credential": "The result of `navigator.credentials.create`, by its `toJSON()`."},
)
USE = Shape(
    "PasskeyUse",
    credential=OBJECT,
    required=("credential",),
    described={"credential": "The result of `navigator.credentials.get`, by its `toJSON()`."},
)
NOTHING = Shape("Nothing")


class PasskeyOptionsOut(Out, omit_defaults=False):
    """For `PublicKeyCredential.parseCreationOptionsFromJSON` or `parseRequestOptionsFromJSON`."""

    public_key: dict[str, Any]


class PasskeyOut(Out, omit_defaults=False):
    key: str
    name: str
    creation_timestamp: int
    last_used_timestamp: int | msgspec.UnsetType = msgspec.UNSET


def passkey(passkey: Passkey) -> PasskeyOut:
    return PasskeyOut(passkey.key, passkey.name, passkey.created_at, given(passkey.used_at))
