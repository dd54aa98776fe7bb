"""Records of pipelines, their members and their stages."""

from __future__ import annotations

import msgspec

from ...db.records import Table
from . import permissions
from .permissions import PermissionSet

STAGE_KINDS = ("OPEN", "WON", "LOST")
PIPELINE_SOURCES = ("HUMAN", "SYSTEM_ONBOARDING", "AI_PIPELINE_CREATOR")


class Pipeline(msgspec.Struct, frozen=True):
    """A pipeline: a process with stages, fields and boxes."""

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
    """The permission set of team members who have no entry of their own in the pipeline's access list."""
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
    """When the pipeline's validation rules last changed; None if it never had any."""

    @property
    def shared_with_team(self) -> bool:
        return self.default_permission_set != permissions.NO_ACCESS


class PipelineMember(msgspec.Struct, frozen=True):
    """A user's entry in the access list of a pipeline."""

    pipeline_key: str
    user_key: str
    permission_set: str
    is_owner: bool
    added_at: int


PIPELINES = Table("pipelines", Pipeline)


PIPELINE_MEMBERS = Table("pipeline_members", PipelineMember)


class Stage(msgspec.Struct, frozen=True):
    """A stage of a pipeline. Every box is in one stage."""

    pipeline_key: str
    key: str
    name: str
    foreground: str
    """The colour of the text; empty if the colours come from the pipeline's theme."""
    background: str
    updated_at: int
    kind: str = "OPEN"
    """One of `STAGE_KINDS`: what it means for a box to be in this stage."""


STAGES = Table("stages", Stage)


FIRST_STAGE = 5001
