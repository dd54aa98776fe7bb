"""Pipelines, their members and their stages."""

from __future__ import annotations

import msgspec

from ...db.records import Table
from . import permissions
from .permissions import PermissionSet

PIPELINE_SOURCES = ("HUMAN", "SYSTEM_ONBOARDING", "AI_PIPELINE_CREATOR")


class Pipeline(msgspec.Struct, frozen=True):
    key: str
    team_key: str
    creator_key: str
    name: str
    description: str | None
    icon: str
    stage_order: list[str]
    stage_theme: str
    permission_sets: dict[str, PermissionSet]
    default_permission_set: str
    """What a member of the team has who has no entry of his own."""
    restricted_to_team: bool
    source: str
    next_stage: int
    next_field: int
    next_option: int
    formulas_updated_at: int | None
    created_at: int
    updated_at: int
    saved_at: int
    validators_updated_at: int | None = None
    """When its validation rules last changed; None where it never had any."""

    @property
    def shared_with_team(self) -> bool:
        return self.default_permission_set != permissions.NO_ACCESS


class PipelineMember(msgspec.Struct, frozen=True):
    """An entry of the pipeline's access list."""

    pipeline_key: str
    user_key: str
    permission_set: str
    is_owner: bool
    added_at: int


PIPELINES = Table("pipelines", Pipeline)


PIPELINE_MEMBERS = Table("pipeline_members", PipelineMember)


class Stage(msgspec.Struct, frozen=True):
    pipeline_key: str
    key: str
    name: str
    foreground: str
    """Empty where the colours come from the pipeline's theme."""
    background: str
    updated_at: int


STAGES = Table("stages", Stage)


FIRST_STAGE = 5001
