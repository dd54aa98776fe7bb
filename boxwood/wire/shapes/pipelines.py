"""Pipelines, stages and fields on the wire (spec 3). One shape serves both generations: v1's members are
a superset that v2's readers ignore."""

from __future__ import annotations

from typing import Any

import msgspec

from ...core.records import (
    FIELD_TYPES,
    Box,
    DisplayFormat,
    Field,
    Grant,
    PermissionSet,
    Person,
    Pipeline,
    PipelineMember,
    Stage,
)
from ..codec import Shape
from ..kinds import (
    ANYTHING,
    FLAG,
    INTEGER,
    KEY,
    NAME,
    NAMES,
    OBJECT,
    TEXT,
    Kind,
    clearable,
    mapping,
    one_of,
    record,
    records,
)
from . import options
from .base import Out, given
from .stages import StageOut, stage

_ACTIONS = (
    "GET UPDATE DELETE CREATE CHANGE_PERMISSIONS CHANGE_ADMINS SET_TEAM RESTRICT_SHARING OVERRIDE_VALIDATOR "
    "OVERRIDE_SHARING_RESTRICTION RESIZE HIDE FREEZE OPTIONS FORMAT ORDER SUMMARY EXPORT FLOW_PAUSE_RESUME "
    "FLOW_VIEW_LOGS GET_BOXES"
).split()
_CHECKS = ["NONE", "ASSIGNED_TO", "FIELD_COMPARISON", "STAGE", "CREATOR", "BOX_UPDATE", "BOX_VIEW", "UNARCHIVED"]


class AiSettingsOut(Out):
    prompt: str
    source: str


class DisplayFormatOut(Out, omit_defaults=False):
    """`type` is NUMBER, CURRENCY (with `currency`, such as EUR) or PERCENT. `decimals` is the number of decimal
    places."""

    type: str
    currency: str | msgspec.UnsetType = msgspec.UNSET
    decimals: int | msgspec.UnsetType = msgspec.UNSET


class FieldOut(Out, omit_defaults=False):
    key: str
    name: str
    type: str
    last_updated_timestamp: int
    ai_settings: AiSettingsOut
    default_value: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    last_default_value_updated_timestamp: int | msgspec.UnsetType = msgspec.UNSET
    dropdown_settings: options.DropdownSettings | msgspec.UnsetType = msgspec.UNSET
    tag_settings: options.TagSettings | msgspec.UnsetType = msgspec.UNSET
    display_format: DisplayFormatOut | msgspec.UnsetType = msgspec.UNSET
    """Of text and formula fields: how numbers are shown."""


FORMULA_PREVIEW = Shape("FormulaPreview", formula=TEXT, required=("formula",))


class FormulaValueOut(Out, omit_defaults=False):
    """`value` is the value for the box. It is absent if there is none, and an object with `error` if the formula
    fails."""

    box_key: str
    name: str
    value: Any = msgspec.UNSET


def formula_value(box: Box, value: Any) -> FormulaValueOut:
    return FormulaValueOut(box.key, box.name, given(value))


def field(field: Field) -> FieldOut:
    dropdown, tags = options.settings(field.type, field.options)
    return FieldOut(
        key=field.key,
        name=field.name,
        type=field.type,
        last_updated_timestamp=field.updated_at,
        ai_settings=AiSettingsOut(field.ai_settings.prompt, field.ai_settings.source),
        default_value=given(field.default_value),
        last_default_value_updated_timestamp=given(field.default_updated_at),
        dropdown_settings=dropdown,
        tag_settings=tags,
        display_format=_display_format(field.display_format),
    )


def _display_format(display_format: DisplayFormat | None) -> DisplayFormatOut | msgspec.UnsetType:
    if display_format is None:
        return msgspec.UNSET
    return DisplayFormatOut(display_format.type, given(display_format.currency), given(display_format.decimals))


_FIELD_MEMBERS: dict[str, Kind] = {
    "name": NAME,
    "type": NAME,
    "default_value": clearable(ANYTHING),
    **options.MEMBERS,
    "ai_settings": record(Shape("AiSettingsEdit", prompt=TEXT, source=NAME)),
    "display_format": clearable(record(Shape("DisplayFormatEdit", type=NAME, currency=NAME, decimals=INTEGER))),
}
FIELD_CREATE = Shape("FieldCreate", _FIELD_MEMBERS, required=("name", "type"))
FIELD_EDIT = Shape("FieldEdit", _FIELD_MEMBERS, add_only=FLAG)
FIELD_TYPE = one_of(*FIELD_TYPES)


def field_changes(read: dict[str, Any]) -> dict[str, Any]:
    """`dropdownSettings` and `tagSettings` (or n8n's `enumValues`) as our `options`."""
    plain = ("name", "type", "default_value", "ai_settings", "display_format")
    changes = {name: value for name, value in read.items() if name in plain}
    if (found := options.read(read)) is not None:
        changes["options"] = found
    return changes


class AclEntry(Out, omit_defaults=False):
    user_key: str
    email: str
    display_name: str
    full_name: str
    given_name: str
    permission_set_name: str
    is_owner: bool
    is_read_only: bool
    user_type: str
    image: str | msgspec.UnsetType = msgspec.UNSET


class Permission(Out):
    entity_type: str
    action: str
    conditional_check: str
    params: dict[str, str | None] | None = None


class PermissionSetOut(Out, omit_defaults=False):
    permissions: list[Permission]
    user_assignable: bool


class PipelineOut(Out, omit_defaults=False):
    key: str
    pipeline_key: str
    creator_key: str
    team_key: str
    name: str
    icon: str
    fields: list[FieldOut]
    stages: dict[str, StageOut]
    stage_order: list[str]
    stage_color_theme: str
    creation_timestamp: int
    last_updated_timestamp: int
    last_saved_timestamp: int
    creation_source_type: str
    custom_permission_sets: dict[str, PermissionSetOut]
    default_permission_set_name: str
    acl_entries: list[AclEntry]
    sharing_restricted_to_team: bool
    sharing_restricted_to_org: bool
    team_wide: bool
    org_wide: bool
    owner: AclEntry | msgspec.UnsetType = msgspec.UNSET
    description: str | msgspec.UnsetType = msgspec.UNSET
    formulas_last_updated_timestamp: int | msgspec.UnsetType = msgspec.UNSET
    box_count: int | msgspec.UnsetType = msgspec.UNSET


def pipeline(
    pipeline: Pipeline,
    fields: list[Field],
    stages: dict[str, Stage],
    members: list[tuple[PipelineMember, Person]],
    counts: dict[str, int] | None = None,
) -> PipelineOut:
    """`counts` is the number of boxes of each stage, or None if it was not requested."""
    entries = [_acl_entry(member, person) for member, person in members]
    return PipelineOut(
        key=pipeline.key,
        pipeline_key=pipeline.key,
        creator_key=pipeline.creator_key,
        team_key=pipeline.team_key,
        name=pipeline.name,
        icon=pipeline.icon,
        fields=[field(each) for each in fields],
        stages={key: stage(pipeline, stages[key], counts) for key in pipeline.stage_order},
        stage_order=pipeline.stage_order,
        stage_color_theme=pipeline.stage_theme,
        creation_timestamp=pipeline.created_at,
        last_updated_timestamp=pipeline.updated_at,
        last_saved_timestamp=pipeline.saved_at,
        creation_source_type=pipeline.source,
        custom_permission_sets={name: permission_set(each) for name, each in pipeline.permission_sets.items()},
        default_permission_set_name=pipeline.default_permission_set,
        acl_entries=entries,
        sharing_restricted_to_team=pipeline.restricted_to_team,
        sharing_restricted_to_org=pipeline.restricted_to_team,
        team_wide=pipeline.shared_with_team,
        org_wide=pipeline.shared_with_team,
        owner=next((entry for entry in entries if entry.is_owner), msgspec.UNSET),
        description=given(pipeline.description),
        formulas_last_updated_timestamp=given(pipeline.formulas_updated_at),
        box_count=msgspec.UNSET if counts is None else sum(counts.values()),
    )


def _acl_entry(member: PipelineMember, person: Person) -> AclEntry:
    return AclEntry(
        user_key=person.key,
        email=person.email,
        display_name=person.display_name,
        full_name=person.full_name,
        given_name=person.given_name,
        permission_set_name=member.permission_set,
        is_owner=member.is_owner,
        is_read_only=member.permission_set.startswith("__view"),
        user_type=person.user_type,
        image=given(person.image),
    )


def permission_set(permission_set: PermissionSet) -> PermissionSetOut:
    permissions = [
        Permission(grant.entity_type, grant.action, grant.conditional_check, grant.params or None)
        for grant in permission_set.permissions
    ]
    return PermissionSetOut(permissions, permission_set.user_assignable)


_GRANT = Shape(
    "Permission",
    entity_type=NAME,
    action=one_of(*_ACTIONS),
    conditional_check=one_of(*_CHECKS),
    params=OBJECT,
)
_PERMISSION_SET = Shape("PermissionSet", permissions=records(_GRANT), user_assignable=FLAG)


def permission_sets(read: dict[str, Any]) -> dict[str, PermissionSet | None]:
    """Permission sets as core stores them. None removes a set."""
    return {name: None if given is None else _core_set(given) for name, given in read.items()}


def _core_set(given: dict[str, Any]) -> PermissionSet:
    grants = [
        Grant(
            grant.get("entity_type", ""),
            grant.get("action", "GET"),
            grant.get("conditional_check", "NONE"),
            {name: None if value is None else str(value) for name, value in (grant.get("params") or {}).items()},
        )
        for grant in given.get("permissions", [])
    ]
    return PermissionSet(grants, given.get("user_assignable", True))


_ACL = Shape(
    "SharingEntryEdit",
    user_key=KEY,
    email=TEXT,
    permission_set=NAME,
    aliases={"permissionSetName": "permission_set"},
)
_SHARED: dict[str, Kind] = {
    "name": NAME,
    "description": clearable(TEXT),
    "icon": TEXT,
    "team_key": KEY,
    "default_permission_set": NAME,
    "restricted_to_team": FLAG,
    "shared": FLAG,
}
_ALIASES = {
    "defaultPermissionSetName": "default_permission_set",
    "sharingRestrictedToTeam": "restricted_to_team",
    "orgWide": "shared",
    "teamWide": "shared",
}
PIPELINE_CREATE = Shape(
    "PipelineCreate",
    _SHARED,
    required=("name",),
    stages=NAMES,
    stage_names=NAMES,
    fields=records(Shape("NewField", name=NAME, type=FIELD_TYPE, default_value=ANYTHING)),
    field_names=NAMES,
    field_types=NAMES,
    template_type=NAME,
    aliases=_ALIASES,
    described={"stages": "Names, in order.", "shared": "All members of the team can access it."},
)
PIPELINE_EDIT = Shape(
    "PipelineEdit",
    _SHARED,
    stage_order=NAMES,
    stage_theme=NAME,
    permission_sets=mapping(_PERMISSION_SET),
    members=records(_ACL, bare="email"),
    aliases={
        **_ALIASES,
        "stageColorTheme": "stage_theme",
        "customPermissionSets": "permission_sets",
        "aclEntries": "members",
    },
)
