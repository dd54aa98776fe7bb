"""A pipeline's fields: what a box can hold besides its name, stage and notes."""

from __future__ import annotations

import msgspec

from ...db.records import Table
from .field_options import Option

FIELD_TYPES = (
    "TEXT_INPUT",
    "DROPDOWN",
    "CHECKBOX",
    "DATE",
    "PERSON",
    "FORMULA",
    "TAG",
    "TEAM_CONTACT",
    "TEAM_ORGANIZATION",
)


WITH_OPTIONS = ("DROPDOWN", "TAG")


class AiSettings(msgspec.Struct, frozen=True):
    """Kept for those who read it; nothing here fills fields by itself (ruling 3)."""

    prompt: str = ""
    source: str = "BOX_TIMELINE"


class DisplayFormat(msgspec.Struct, frozen=True, omit_defaults=True):
    """How numbers in texts and formulas are shown; what is stored is as it was written (ruling 27)."""

    type: str
    """NUMBER, CURRENCY or PERCENT."""
    currency: str | None = None
    """Of CURRENCY, as ISO 4217 has it."""
    decimals: int | None = None
    """How many digits behind the point; None for as many as there are."""


class Field(msgspec.Struct, frozen=True):
    pipeline_key: str
    key: str
    name: str
    type: str
    options: list[Option]
    default_value: msgspec.Raw | None
    """JSON; of a FORMULA, its text."""
    ai_settings: AiSettings
    default_updated_at: int | None
    updated_at: int
    display_format: DisplayFormat | None = None


FIELDS = Table("fields", Field)


FIRST_FIELD = 1001
