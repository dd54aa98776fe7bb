"""Pipelines of an import: with their stages, fields, options, formulas and members."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, NamedTuple

import msgspec

from ....errors import Conflict, Invalid
from ... import events
from ...context import Ctx
from ...pipelines import formulas, saving, schema, stage_colours
from ...pipelines.stages import kind_of
from ...records import (
    FIELD_TYPES,
    FIELDS,
    FIRST_FIELD,
    FIRST_OPTION,
    FIRST_STAGE,
    PIPELINE_MEMBERS,
    PIPELINES,
    STAGES,
    USERS,
    AiSettings,
    DisplayFormat,
    Field,
    Grant,
    Option,
    PermissionSet,
    Pipeline,
    PipelineMember,
    Stage,
    permissions,
)
from . import imports
from .imports import CHANGED, CONFLICT, NEW, REFUSED, Report, StreakImport, Thing
from .reading import Json, Names, key_of, moment, text

COMPARED = (
    "name",
    "description",
    "icon",
    "stage_order",
    "stage_theme",
    "permission_sets",
    "default_permission_set",
    "restricted_to_team",
)


class Schema(NamedTuple):
    """A pipeline with its stages, fields and members."""

    pipeline: Pipeline
    stages: list[Stage]
    fields: list[Field]
    members: list[PipelineMember]

    def compared(self) -> dict[str, Any]:
        """The members by which a pipeline at the source and here are compared."""
        found: dict[str, Any] = msgspec.to_builtins(
            {
                **{name: getattr(self.pipeline, name) for name in COMPARED},
                "stages": {stage.key: [stage.name, stage.foreground, stage.background] for stage in self.stages},
                "fields": {
                    field.key: [
                        field.name,
                        field.type,
                        field.options,
                        msgspec.json.decode(field.default_value) if field.default_value else None,
                        field.ai_settings,
                        field.display_format,
                    ]
                    for field in self.fields
                },
            }
        )
        return found


def read(given: Json, names: Names) -> Schema:
    """A pipeline of the source."""
    key = key_of(given, "pipeline")
    created_at = moment(given, "creationTimestamp", "lastSavedTimestamp", default=1)
    updated_at = moment(given, "lastUpdatedTimestamp", default=created_at)
    given_stages = {str(stage): members for stage, members in (given.get("stages") or {}).items()}
    order = [str(stage) for stage in given.get("stageOrder") or [] if str(stage) in given_stages]
    order += [stage for stage in given_stages if stage not in order]
    if not order:
        raise Invalid("stages", "are missing")
    stages = [_stage(key, stage, given_stages[stage], updated_at) for stage in order]
    fields = [_field(key, field, updated_at) for field in given.get("fields") or []]
    sets = {name: _permission_set(each) for name, each in (given.get("customPermissionSets") or {}).items() if each}
    default = text(given.get("defaultPermissionSetName"))
    if default not in {**permissions.BUILT_IN, **sets}:
        shared = given.get("teamWide") or given.get("orgWide")
        default = permissions.EDITOR if shared or default is not None else permissions.NO_ACCESS
    theme = text(given.get("stageColorTheme")) or "DEFAULT"
    pipeline = Pipeline(
        key=key,
        team_key=names.team_key,
        creator_key=names.user(given.get("creatorKey")),
        name=text(given.get("name")) or "(no name)",
        description=text(given.get("description")),
        icon=text(given.get("icon")) or "",
        stage_order=order,
        stage_theme=theme if theme in stage_colours.THEMES else "DEFAULT",
        permission_sets=sets,
        default_permission_set=default or permissions.NO_ACCESS,
        restricted_to_team=bool(given.get("sharingRestrictedToTeam")),
        source=text(given.get("creationSourceType")) or "HUMAN",
        next_stage=_next(FIRST_STAGE, order),
        next_field=_next(FIRST_FIELD, [field.key for field in fields]),
        next_option=_next(FIRST_OPTION, [option.key for field in fields for option in field.options]),
        formulas_updated_at=None,
        created_at=created_at,
        updated_at=updated_at,
        saved_at=moment(given, "lastSavedTimestamp", default=updated_at),
    )
    return Schema(pipeline, stages, fields, _members(given, pipeline, names))


def _next(first: int, keys: list[str]) -> int:
    return max([first - 1, *(int(key) for key in keys if key.isdecimal() and len(key) < 12)]) + 1


def _stage(pipeline_key: str, key: str, given: Json, updated_at: int) -> Stage:
    color = {} if given.get("isColorFromTheme", "color" not in given) else given.get("color") or {}
    return Stage(
        pipeline_key,
        key,
        text(given.get("name")) or key,
        str(color.get("foregroundColor") or ""),
        str(color.get("backgroundColor") or ""),
        moment(given, "lastUpdatedTimestamp", default=updated_at),
        kind_of(text(given.get("name")) or ""),
    )


def _field(pipeline_key: str, given: Json, updated_at: int) -> Field:
    kind = given.get("type")
    default = given.get("defaultValue")
    ai, display = given.get("aiSettings") or {}, given.get("displayFormat")
    return Field(
        pipeline_key=pipeline_key,
        key=str(given.get("key")),
        name=text(given.get("name")) or str(given.get("key")),
        type=kind if kind in FIELD_TYPES else "DROPDOWN" if "dropdownSettings" in given else "TEXT_INPUT",
        options=options(given),
        default_value=None if default is None else msgspec.Raw(msgspec.json.encode(default)),
        ai_settings=AiSettings(str(ai.get("prompt") or ""), str(ai.get("source") or "BOX_TIMELINE")),
        default_updated_at=moment(given, "lastDefaultValueUpdatedTimestamp") or None,
        updated_at=moment(given, "lastUpdatedTimestamp", default=updated_at),
        display_format=DisplayFormat(str(display["type"]), display.get("currency"), display.get("decimals"))
        if isinstance(display, dict) and display.get("type")
        else None,
    )


def options(given: Json) -> list[Option]:
    """The options of a dropdown or of tags."""
    items = (given.get("dropdownSettings") or {}).get("items") or (given.get("tagSettings") or {}).get("tags") or []
    return [Option(str(item.get("key")), str(item.get("name") or item.get("tag") or "")) for item in items]


def _permission_set(given: Json) -> PermissionSet:
    grants = [
        Grant(
            str(grant.get("entityType")),
            str(grant.get("action")),
            str(grant.get("conditionalCheck") or "NONE"),
            grant.get("params") or {},
        )
        for grant in given.get("permissions") or []
    ]
    return PermissionSet(grants, bool(given.get("userAssignable", True)))


def _members(given: Json, pipeline: Pipeline, names: Names) -> list[PipelineMember]:
    found = {}
    for entry in given.get("aclEntries") or []:
        for user_key in names.named([entry]):
            wanted = entry.get("permissionSetName")
            is_owner = bool(entry.get("isOwner"))
            known = wanted in {**permissions.BUILT_IN, **pipeline.permission_sets}
            granted = wanted if known else permissions.ADMIN if is_owner else permissions.EDITOR
            found[user_key] = PipelineMember(pipeline.key, user_key, granted, is_owner, pipeline.created_at)
    if not any(member.is_owner for member in found.values()):
        owner = pipeline.creator_key
        found[owner] = PipelineMember(pipeline.key, owner, permissions.ADMIN, True, pipeline.created_at)
    if names.owner_key not in found:
        # The importing user must be able to run the import again.
        member = PipelineMember(pipeline.key, names.owner_key, permissions.ADMIN, False, pipeline.created_at)
        found[names.owner_key] = member
    return list(found.values())


def here(ctx: Ctx, key: str) -> Schema | None:
    """The pipeline as it is here; None if there is none, or it is in the trash."""
    row = ctx.db.row(f"SELECT {PIPELINES.columns} FROM pipelines WHERE key = :key AND trashed_at IS NULL", key=key)
    if row is None:
        return None
    pipeline = PIPELINES.load(row)
    members = ctx.db.rows(f"SELECT {PIPELINE_MEMBERS.columns} FROM pipeline_members WHERE pipeline_key = :key", key=key)
    return Schema(
        pipeline,
        list(schema.stages(ctx, [key])[key].values()),
        list(schema.fields_by_key(ctx, key).values()),
        PIPELINE_MEMBERS.load_all(members),
    )


def take(ctx: Ctx, job: StreakImport, wanted: Schema, report: Report) -> bool:
    """Create or update a pipeline. Returns whether boxes can be imported into it."""
    pipeline = wanted.pipeline
    thing = imports.known(ctx, [pipeline.key]).get(pipeline.key)
    present = here(ctx, pipeline.key)
    if thing is None and present is None and _is_taken(ctx, pipeline.key):
        raise Conflict(f"The pipeline {pipeline.name} is in the trash here: restore it, or remove it for good")
    there = wanted.compared()
    verdict = imports.judge(thing, there, present.compared() if present else None)
    if thing is not None and thing.import_key != job.key:
        verdict = REFUSED
    if verdict == NEW:
        _create(ctx, wanted, report)
    elif verdict == CHANGED and present is not None:
        _update(ctx, wanted, present, report)
    elif verdict == CONFLICT:
        report.note(
            "pipelines", pipeline.key, pipeline.name, "it was changed at the source and here: this stays as it is"
        )
    elif verdict == REFUSED:
        report.note("pipelines", pipeline.key, pipeline.name, "it is in this server already, and not by this import")
    report.count("pipelines", verdict)
    if verdict in (NEW, CHANGED):
        now = here(ctx, pipeline.key)
        assert now is not None
        digests = imports.digest(there), imports.digest(now.compared())
        imports.keep(ctx, [Thing(pipeline.key, job.key, "pipeline", pipeline.key, *digests)])
    return verdict != REFUSED and (present is not None or verdict == NEW)


def _is_taken(ctx: Ctx, key: str) -> bool:
    return ctx.db.row("SELECT 1 FROM pipelines WHERE key = :key", key=key) is not None


def _create(ctx: Ctx, wanted: Schema, report: Report) -> None:
    pipeline = wanted.pipeline
    PIPELINES.insert(ctx.db, pipeline)
    for stage in wanted.stages:
        STAGES.insert(ctx.db, stage)
    for member in wanted.members:
        PIPELINE_MEMBERS.insert(ctx.db, member)
    report.count("stages", NEW, len(wanted.stages))
    _add_fields(ctx, pipeline, wanted.fields, report)
    events.record(
        acting_as(ctx, pipeline.creator_key, pipeline.created_at), "pipeline.created", pipeline, pipeline=pipeline
    )


def _add_fields(ctx: Ctx, pipeline: Pipeline, fields: list[Field], report: Report) -> Pipeline:
    """Insert fields, then the formulas, which may read any of them."""
    for field in fields:
        FIELDS.insert(ctx.db, field)
        report.count("fields", NEW)
    for field in fields:
        pipeline = _set_formula(ctx, pipeline, field, report)
    return saving.save(ctx, pipeline)


def _set_formula(ctx: Ctx, pipeline: Pipeline, field: Field, report: Report) -> Pipeline:
    """Store the formula of a field. A formula that cannot be computed here is left out, and reported with its text."""
    if field.type != "FORMULA":
        return pipeline
    try:
        return ctx.db.attempt(lambda: formulas.set_from_default(ctx, pipeline, field))
    except Invalid as problem:
        shown = msgspec.json.decode(field.default_value) if field.default_value else ""
        report.note("fields", field.key, field.name, f"its formula {str(shown)[:500]!r} cannot be computed: {problem}")
        report.count("formulas", REFUSED)
        sql = "UPDATE fields SET default_value = NULL WHERE pipeline_key = :pipeline AND key = :key"
        ctx.db.run(sql, pipeline=pipeline.key, key=field.key)
        return pipeline


def _update(ctx: Ctx, wanted: Schema, present: Schema, report: Report) -> None:
    """Change what differs. Stages and fields that are no longer at the source stay here."""
    before, name_of = present.pipeline, wanted.pipeline.name
    stages = {stage.key: stage for stage in present.stages}
    for stage in wanted.stages:
        if stage.key not in stages:
            STAGES.insert(ctx.db, stage)
            report.count("stages", NEW)
        elif _shown(stage) != _shown(stages[stage.key]):
            _write(ctx, "stages", stage, "name", "foreground", "background", "updated_at")
            report.count("stages", CHANGED)
    left = [key for key in stages if key not in wanted.pipeline.stage_order]
    for key in left:
        report.note("stages", key, stages[key].name, f"it is no longer in {name_of} at the source, and stays here")
    fields = {field.key: field for field in present.fields}
    pipeline = msgspec.structs.replace(
        before,
        **{name: getattr(wanted.pipeline, name) for name in COMPARED},
        updated_at=wanted.pipeline.updated_at,
        saved_at=ctx.now,
    )
    pipeline = msgspec.structs.replace(
        pipeline,
        stage_order=[*wanted.pipeline.stage_order, *left],
        next_stage=max(before.next_stage, wanted.pipeline.next_stage),
        next_field=max(before.next_field, wanted.pipeline.next_field),
        next_option=max(before.next_option, wanted.pipeline.next_option),
    )
    pipeline = _add_fields(ctx, pipeline, [field for field in wanted.fields if field.key not in fields], report)
    for field in wanted.fields:
        old = fields.get(field.key)
        if old is not None and _defined(field) != _defined(old) and field.type == old.type:
            names = ("name", "options", "default_value", "ai_settings", "display_format", "default_updated_at")
            _write(ctx, "fields", field, *names, "updated_at")
            if field.default_value != old.default_value:
                pipeline = _set_formula(ctx, pipeline, field, report)
            formulas.update_after_field_edit(ctx, pipeline, old, field)
            report.count("fields", CHANGED)
    wanted_fields = {field.key for field in wanted.fields}
    for key in fields:
        if key not in wanted_fields:
            report.note("fields", key, fields[key].name, f"it is no longer in {name_of} at the source, and stays here")
    known = {member.user_key for member in present.members}
    for member in wanted.members:
        if member.user_key not in known:
            PIPELINE_MEMBERS.insert(ctx.db, member)
    saving.save(ctx, pipeline)
    old_values = {name: getattr(before, name) for name in COMPARED if getattr(before, name) != getattr(pipeline, name)}
    events.record(
        ctx, "pipeline.edited", pipeline, pipeline=pipeline, before=old_values, what="what changed at the source"
    )


def _shown(stage: Stage) -> tuple[str, str, str]:
    return stage.name, stage.foreground, stage.background


def _defined(field: Field) -> tuple[Any, ...]:
    return field.name, field.options, field.default_value, field.ai_settings, field.display_format


def _write(ctx: Ctx, table: str, record: Stage | Field, *names: str) -> None:
    of: Any = STAGES if table == "stages" else FIELDS
    settings = ", ".join(f"{name} = :{name}" for name in names)
    sql = f"UPDATE {table} SET {settings} WHERE pipeline_key = :pipeline_key AND key = :key"
    ctx.db.run(sql, **of.params(record, (*names, "pipeline_key", "key")))


def acting_as(ctx: Ctx, user_key: str, at: int) -> Ctx:
    """The context in which another user did something earlier. It notifies no one, and starts no automation."""
    if user_key == ctx.actor.key:
        return replace(ctx, now=at, silent=True)
    row = ctx.db.remember(
        ("importing", user_key),
        lambda: ctx.db.row(f"SELECT {USERS.columns} FROM users WHERE key = :key", key=user_key),
    )
    return replace(ctx, actor=USERS.load(row) if row else ctx.actor, now=at, silent=True)
