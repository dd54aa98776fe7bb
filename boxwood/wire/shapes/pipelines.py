"""Pipelines, stages and fields on the wire (spec 3). One shape serves both generations: v1's members are
a superset that v2's readers ignore."""

from __future__ import annotations

from typing import Any

import msgspec

from ...core.pipelines.schema import stage_colours
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
    mapping,
    nullable,
    one_of,
    record,
    records,
)
from . import options
from .base import Out, given

_ACTIONS = (
    "GET UPDATE DELETE CREATE CHANGE_PERMISSIONS CHANGE_ADMINS SET_TEAM RESTRICT_SHARING OVERRIDE_VALIDATOR "
    "OVERRIDE_SHARING_RESTRICTION RESIZE HIDE FREEZE OPTIONS FORMAT ORDER SUMMARY EXPORT FLOW_PAUSE_RESUME "
    "FLOW_VIEW_LOGS GET_BOXES"
).split()
_CHECKS = ["NONE", "ASSIGNED_TO", "FIELD_COMPARISON", "STAGE", "CREATOR", "BOX_UPDATE", "BOX_VIEW", "UNARCHIVED"]


class Color(Out):
    foreground_color: str
    background_color: str


class StageOut(Out, omit_defaults=False):
    key: str
    name: str
    color: Color
    is_color_from_theme: bool
    pipeline_key: str
    last_updated_timestamp: int
    box_count: int | msgspec.UnsetType = msgspec.UNSET


def stage(pipeline: Pipeline, one: Stage, counts: dict[str, int] | None = None) -> StageOut:
    return stage_as(one, stage_colours(pipeline, one), counts)


def stage_as(one: Stage, shown: tuple[str, str], counts: dict[str, int] | None = None) -> StageOut:
    """In these colours, its own or its theme's."""
    return StageOut(
        key=one.key,
        name=one.name,
        color=Color(*shown),
        is_color_from_theme=not (one.foreground or one.background),
        pipeline_key=one.pipeline_key,
        last_updated_timestamp=one.updated_at,
        box_count=msgspec.UNSET if counts is None else counts.get(one.key, 0),
    )


_COLOR = Shape(
    "ColorEdit",
    foreground=TEXT,
    background=TEXT,
    aliases={"foregroundColor": "foreground", "backgroundColor": "background"},
)
STAGE = Shape("StageEdit", name=NAME, color=record(_COLOR), described={"color": "Both empty: the theme's again."})


class AiSettingsOut(Out):
    prompt: str
    source: str


class DisplayFormatOut(Out, omit_defaults=False):
    """`type` is NUMBER, CURRENCY (of `currency`, such as EUR) or PERCENT; `decimals` behind the point."""

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
    """Of texts and formulas: how their numbers are shown."""


FORMULA_PREVIEW = Shape("FormulaPreview", formula=TEXT, required=("formula",))


class FormulaValueOut(Out, omit_defaults=False):
    """`value` as a box would hold it, absent where it is unset; an object with `error` where it fails."""

    box_key: str
    name: str
    value: Any = msgspec.UNSET


def formula_value(box: Box, value: Any) -> FormulaValueOut:
    return FormulaValueOut(box.key, box.name, given(value))


def field(one: Field) -> FieldOut:
    dropdown, tags = options.settings(one.type, one.options)
    return FieldOut(
        key=one.key,
        name=one.name,
        type=one.type,
        last_updated_timestamp=one.updated_at,
        ai_settings=AiSettingsOut(one.ai_settings.prompt, one.ai_settings.source),
        default_value=given(one.default_value),
        last_default_value_updated_timestamp=given(one.default_updated_at),
        dropdown_settings=dropdown,
        tag_settings=tags,
        display_format=_display_format(one.display_format),
    )


def _display_format(one: DisplayFormat | None) -> DisplayFormatOut | msgspec.UnsetType:
    if one is None:
        return msgspec.UNSET
    return DisplayFormatOut(one.type, given(one.currency), given(one.decimals))


_FIELD_MEMBERS: dict[str, Kind] = {
    "name": NAME,
    "type": NAME,
    "default_value": ANYTHING,
    **options.MEMBERS,
    "ai_settings": record(Shape("AiSettingsEdit", prompt=TEXT, source=NAME)),
    "display_format": nullable(
        record(Shape("DisplayFormatEdit", type=NAME, currency=nullable(NAME), decimals=nullable(INTEGER)))
    ),
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
    one: Pipeline,
    fields: list[Field],
    stages: dict[str, Stage],
    members: list[tuple[PipelineMember, Person]],
    counts: dict[str, int] | None = None,
) -> PipelineOut:
    """`counts` gives the boxes of each stage where they were asked for."""
    entries = [_acl_entry(member, person) for member, person in members]
    return PipelineOut(
        key=one.key,
        pipeline_key=one.key,
        creator_key=one.creator_key,
        team_key=one.team_key,
        name=one.name,
        icon=one.icon,
        fields=[field(each) for each in fields],
        stages={key: stage(one, stages[key], counts) for key in one.stage_order},
        stage_order=one.stage_order,
        stage_color_theme=one.stage_theme,
        creation_timestamp=one.created_at,
        last_updated_timestamp=one.updated_at,
        last_saved_timestamp=one.saved_at,
        creation_source_type=one.source,
        custom_permission_sets={name: permission_set(each) for name, each in one.permission_sets.items()},
        default_permission_set_name=one.default_permission_set,
        acl_entries=entries,
        sharing_restricted_to_team=one.restricted_to_team,
        sharing_restricted_to_org=one.restricted_to_team,
        team_wide=one.shared_with_team,
        org_wide=one.shared_with_team,
        owner=next((entry for entry in entries if entry.is_owner), msgspec.UNSET),
        description=given(one.description),
        formulas_last_updated_timestamp=given(one.formulas_updated_at),
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


def permission_set(one: PermissionSet) -> PermissionSetOut:
    permissions = [
        Permission(grant.entity_type, grant.action, grant.conditional_check, grant.params or None)
        for grant in one.permissions
    ]
    return PermissionSetOut(permissions, one.user_assignable)


_GRANT = Shape(
    "Permission",
    entity_type=NAME,
    action=one_of(*_ACTIONS),
    conditional_check=one_of(*_CHECKS),
    params=nullable(OBJECT),
)
_PERMISSION_SET = Shape("PermissionSet", permissions=records(_GRANT), user_assignable=FLAG)


def permission_sets(read: dict[str, Any]) -> dict[str, PermissionSet | None]:
    """Sets as core holds them; null removes one."""
    return {name: None if one is None else _core_set(one) for name, one in read.items()}


def _core_set(one: dict[str, Any]) -> PermissionSet:
    grants = [
        Grant(
            grant.get("entity_type", ""),
            grant.get("action", "GET"),
            grant.get("conditional_check", "NONE"),
            {name: None if value is None else str(value) for name, value in (grant.get("params") or {}).items()},
        )
        for grant in one.get("permissions", [])
    ]
    return PermissionSet(grants, one.get("user_assignable", True))


_ACL = Shape(
    "SharingEntryEdit",
    user_key=KEY,
    email=TEXT,
    permission_set=NAME,
    aliases={"permissionSetName": "permission_set"},
)
_SHARED: dict[str, Kind] = {
    "name": NAME,
    "description": nullable(TEXT),
    "icon": TEXT,
    "team_key": nullable(KEY),
    "default_permission_set": NAME,
    "restricted_to_team": nullable(FLAG),
    "shared": nullable(FLAG),
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
    described={"stages": "Names in order.", "shared": "Everyone in the team can reach it."},
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
