"""The record of a pipeline's field: a value that boxes can hold besides name, stage and notes."""

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
    """What an import from Streak brought. Boxwood does not fill fields with AI (ruling 3)."""

    prompt: str = ""
    source: str = "BOX_TIMELINE"


class DisplayFormat(msgspec.Struct, frozen=True, omit_defaults=True):
    """How clients show the numbers of a text or formula field. Values are stored as they were written (ruling 27)."""

    type: str
    """NUMBER, CURRENCY or PERCENT."""
    currency: str | None = None
    """The ISO 4217 code, for CURRENCY."""
    decimals: int | None = None
    """How many digits to show after the decimal point; None for all digits."""


class Field(msgspec.Struct, frozen=True):
    """A field of a pipeline."""

    pipeline_key: str
    key: str
    name: str
    type: str
    options: list[Option]
    default_value: msgspec.Raw | None
    """The default value as JSON; for a FORMULA field, the text of the formula."""
    ai_settings: AiSettings
    default_updated_at: int | None
    updated_at: int
    display_format: DisplayFormat | None = None


FIELDS = Table("fields", Field)


FIRST_FIELD = 1001
