"""Automations: rules of a pipeline or a team that do steps when something happens, with the rights of their owner.

A user who changes what an automation does becomes its owner. So a user's rights are used only for steps that this
user has saved.
"""

from __future__ import annotations

from typing import Any

import msgspec

from ...db.engine import Db
from ...db.records import Table
from ...errors import Conflict, Forbidden, Insufficient, Invalid, NotFound
from ...lib import ids, signing
from ...lib.address_rules import Rules
from .. import access, events, pipelines, trash, undo_data
from ..accounts import makers
from ..context import Ctx
from ..people import endpoint_quota, teams
from ..records import PIPELINES, Pipeline
from ..webhooks import secret_rotation
from . import definitions, triggers
from .definitions import Definition
from .steps import flatten

MOST = 500
"""Automations of a pipeline or a team."""
MOST_SECRETS = 50
SHORTEST_SECRET = 8
"""Characters. Logs show dots in place of secrets, and shorter texts stand in too much other text."""


class Automation(msgspec.Struct, frozen=True):
    key: str
    scope_key: str
    """The pipeline's key or the team's."""
    pipeline_key: str | None
    team_key: str
    user_key: str
    name: str
    description: str | None
    enabled: bool
    off_reason: str | None
    version: int
    trigger_type: str
    requests: int
    """The number of steps that call a URL. Each counts against the team's quota of endpoints."""
    definition: Definition
    secrets: dict[str, str]
    signing_secret: str
    previous_secret: str | None
    previous_until: int | None
    next_at: int | None
    """When the trigger is checked next; None if the trigger does not depend on time."""
    looked_until: int
    """Times up to this one have been checked."""
    failures: int
    """The number of failed runs in a row."""
    refusals: int
    created_at: int
    updated_at: int
    maker: str | None = None
    """The API key through which it was saved last (see `accounts/makers`)."""

    def signing_secrets(self, now: int) -> list[str]:
        """The secrets that a request is signed with now: both during a rotation."""
        return secret_rotation.valid_secrets(self.signing_secret, self.previous_secret, self.previous_until, now)


class AutomationUpdate(msgspec.Struct, frozen=True):
    """What an event stores of an automation."""

    key: str
    name: str
    user_key: str
    enabled: bool


AUTOMATIONS = Table("automations", Automation)
EDITED = ("name", "description", "enabled", "definition", "secrets", "user_key")
"""The members that an edit may change."""
_definition = msgspec.json.Decoder(Definition).decode


def get(ctx: Ctx, key: str) -> Automation:
    """An automation that the caller owns, or whose runs they may see (in a team: as an owner of the team).

    Raises NotFound for every other automation."""
    return _reach(ctx, key, "", "FLOW_VIEW_LOGS")


def get_for_change(ctx: Ctx, key: str, action: str = "UPDATE") -> Automation:
    """The same, locked until the end of the transaction. Raises Forbidden if the caller may not change it."""
    automation = _reach(ctx, key, ctx.db.for_update, "FLOW_VIEW_LOGS")
    if automation.user_key != ctx.actor.key and not _governs(ctx, automation, action):
        raise Forbidden("Your role here may not change other people's automations")
    if automation.pipeline_key and not _governs(ctx, automation, action):
        raise Forbidden("Your role here may not change automations")
    return automation


def load(db: Db, key: str) -> Automation | None:
    """An automation by its key, without a check of access: for the server's own work."""
    sql = f"SELECT {AUTOMATIONS.columns} FROM automations WHERE key = :key"
    found = db.remember(("automation", key), lambda: AUTOMATIONS.load_all(db.rows(sql, key=key)))
    return found[0] if found else None


def version(db: Db, key: str, number: int) -> Definition:
    """The definition that this version of an automation has."""
    row = db.row(
        "SELECT definition FROM automation_versions WHERE automation_key = :key AND version = :number",
        key=key,
        number=number,
    )
    assert row is not None
    return _definition(row[0])


def _reach(ctx: Ctx, key: str, lock: str, action: str) -> Automation:
    row = ctx.db.row(f"SELECT {AUTOMATIONS.columns} FROM automations WHERE key = :key{lock}", key=key)
    if row is None:
        raise NotFound(key)
    automation = AUTOMATIONS.load(row)
    try:
        governs = _governs(ctx, automation, action)
    except NotFound:
        raise NotFound(key) from None
    if not governs and automation.user_key != ctx.actor.key:
        raise NotFound(key)
    return automation


def _governs(ctx: Ctx, automation: Automation, action: str) -> bool:
    """Whether the actor may do this with other people's automations here. NotFound if they cannot see the pipeline
    or team."""
    if automation.pipeline_key is not None:
        role = pipelines.reach(ctx, automation.pipeline_key)[1]
        return access.allows(ctx, role, "PIPELINE", action) and role.sees_all_boxes()
    try:
        teams.require_owner(ctx, teams.get_whole(ctx, automation.team_key))
    except Forbidden:
        return False
    return True


def list_for_pipeline(ctx: Ctx, key: str, *, limit: int, offset: int) -> list[Automation]:
    """The automations of a pipeline that the caller may see, the oldest first."""
    pipeline, role = pipelines.reach(ctx, key)
    sees = access.allows(ctx, role, "PIPELINE", "FLOW_VIEW_LOGS") and role.sees_all_boxes()
    return _list(ctx, pipeline.key, sees, limit, offset)


def list_for_team(ctx: Ctx, key: str, *, limit: int, offset: int) -> list[Automation]:
    """The automations of the team itself that the caller may see, without those of its pipelines."""
    team = teams.get_whole(ctx, key)
    try:
        teams.require_owner(ctx, team)
    except Forbidden:
        return _list(ctx, team.key, False, limit, offset)
    return _list(ctx, team.key, True, limit, offset)


def _list(ctx: Ctx, key: str, sees_all: bool, limit: int, offset: int) -> list[Automation]:
    own = "" if sees_all else "AND user_key = :actor"
    rows = ctx.db.rows(
        f"""
        SELECT {AUTOMATIONS.columns} FROM automations WHERE scope_key = :scope {own}
        ORDER BY created_at, key LIMIT :limit OFFSET :offset
        """,
        scope=key,
        limit=limit,
        offset=offset,
        **({} if sees_all else {"actor": ctx.actor.key}),
    )
    return AUTOMATIONS.load_all(rows)


# Changing


def create(ctx: Ctx, given: dict[str, Any], rules: Rules, most: int) -> Automation:
    """Create an automation. `given` holds `name`, `trigger`, `steps`, `pipeline_key` or `team_key`, and any other
    member that `edit` takes. The automation is enabled, unless `enabled` is false.

    `most` is the team's quota of endpoints; 0 means no limit."""
    pipeline, team_key = _scope(ctx, given)
    if not given.get("name"):
        raise Insufficient("Automation", "name")
    for member in ("trigger", "steps"):
        if not given.get(member):
            raise Invalid(member, "is missing")
    scope_key = pipeline.key if pipeline else team_key
    count = ctx.db.row("SELECT COUNT(*) FROM automations WHERE scope_key = :scope", scope=scope_key)
    if count and count[0] >= MOST:
        raise Invalid("automations", f"there are {MOST} already, which is the most; delete one first")
    automation = Automation(
        key=ids.new("a", ctx.now),
        scope_key=scope_key,
        pipeline_key=pipeline.key if pipeline else None,
        team_key=team_key,
        user_key=ctx.actor.key,
        name=given["name"],
        description=given.get("description") or None,
        enabled=given.get("enabled") is not False,
        off_reason=None,
        version=1,
        trigger_type="",
        requests=0,
        definition=Definition({}, []),
        secrets={},
        signing_secret=signing.new_secret(),
        previous_secret=None,
        previous_until=None,
        next_at=None,
        looked_until=ctx.now,
        failures=0,
        refusals=0,
        created_at=ctx.now,
        updated_at=ctx.now,
    )
    automation = _with_changes(ctx, automation, given, rules)
    endpoint_quota.require(ctx, team_key, most, automation.requests)
    automation = msgspec.structs.replace(automation, maker=makers.maker_of(ctx))
    AUTOMATIONS.insert(ctx.db, automation)
    _store_version(ctx, automation)
    record_event(ctx, "automation.created", automation)
    return automation


def _scope(ctx: Ctx, given: dict[str, Any]) -> tuple[Pipeline | None, str]:
    if ctx.within:
        raise Forbidden("Automations act for a person: create them with your own API key, not with a team's")
    if given.get("pipeline_key"):
        pipeline, role = pipelines.reach(ctx, given["pipeline_key"])
        access.require(ctx, role, "PIPELINE", "UPDATE", pipeline)
        return pipeline, pipeline.team_key
    if given.get("team_key"):
        return None, teams.get_to_work_in(ctx, given["team_key"]).key
    raise Invalid("pipelineKey", "is missing: give pipelineKey, or teamKey for an automation of a team")


def edit(ctx: Ctx, key: str, given: dict[str, Any], rules: Rules, most: int) -> Automation:
    """Apply the given members; members equal to the stored ones are ignored.

    If the trigger, filter, condition, steps or secrets change, the caller becomes the owner. Secrets of another owner
    are removed, so the caller must give them again. Runs in progress use the version that they started with."""
    before = get_for_change(ctx, key)
    if ctx.within:
        raise Forbidden("Automations act for a person: change them with your own API key, not with a team's")
    after = _with_changes(ctx, before, given, rules)
    if "enabled" in given and given["enabled"] is not None:
        after = _with_enabled(ctx, after, given["enabled"])
    if after == before:
        return before
    endpoint_quota.require(ctx, after.team_key, most, after.requests - before.requests)
    if after.definition != before.definition or after.user_key != before.user_key:
        after = msgspec.structs.replace(after, version=before.version + 1)
        _store_version(ctx, after)
    after = msgspec.structs.replace(after, updated_at=ctx.now, maker=makers.maker_of(ctx))
    AUTOMATIONS.update(ctx.db, after)
    event_id = record_event(ctx, "automation.edited", after)
    undo_data.store_members(ctx, event_id, before, after, EDITED)
    return after


def switch(ctx: Ctx, key: str, on: bool) -> Automation:
    """Switch an automation on or off. Once on, it starts runs for what happens from now on. Off does not end runs in
    progress: `runs.cancel` does."""
    before = get_for_change(ctx, key, "FLOW_PAUSE_RESUME")
    after = _with_enabled(ctx, before, on)
    if after != before:
        after = msgspec.structs.replace(after, updated_at=ctx.now)
        AUTOMATIONS.update(ctx.db, after)
        record_event(ctx, "automation.enabled" if on else "automation.disabled", after)
    return after


def _with_enabled(ctx: Ctx, automation: Automation, on: bool) -> Automation:
    if on == automation.enabled:
        return automation
    if not on:
        return msgspec.structs.replace(automation, enabled=False, off_reason="switched off by hand")
    automation = msgspec.structs.replace(automation, enabled=True, off_reason=None, failures=0, refusals=0)
    return _with_next_check(ctx, automation)


def rotate(ctx: Ctx, key: str) -> Automation:
    """Replace the secret that requests are signed with. For a day they are signed with both, the new and the old."""
    before = get_for_change(ctx, key)
    changes = secret_rotation.replace(before.signing_secret, signing.new_secret(), ctx.now, name="signing_secret")
    after = msgspec.structs.replace(before, **changes, updated_at=ctx.now)
    AUTOMATIONS.update(ctx.db, after, *changes, "updated_at")
    record_event(ctx, "automation.edited", after)
    return after


def delete(ctx: Ctx, key: str) -> None:
    """Delete an automation and its runs, also those in progress. The trash stores the automation without its runs."""
    automation = get_for_change(ctx, key)
    trash.store(ctx, "automation", key, automation.name)
    ctx.db.run("DELETE FROM automations WHERE key = :key", key=automation.key)
    record_event(ctx, "automation.deleted", automation)


def restore(ctx: Ctx, rows: dict[str, Any]) -> None:
    """Restore an automation from the trash. It has no runs and is switched off, because its pipeline may have changed
    since it was deleted."""
    row = rows["automations"][0]
    if row["pipeline_key"] and not trash.existing_keys(ctx.db, PIPELINES.name, [row["pipeline_key"]]):
        raise Conflict("The automation's pipeline was deleted and cannot be restored")
    row = {**row, "enabled": False, "off_reason": "it was deleted and restored", "next_at": None}
    trash.put_back(ctx.db, "automations", [row])
    trash.put_back(ctx.db, "automation_versions", rows["automation_versions"])
    restored = load(ctx.db, row["key"])
    assert restored is not None
    record_event(ctx, "automation.restored", restored)


def pause(ctx: Ctx, automation: Automation, reason: str) -> None:
    """Switch an automation off on behalf of the server; the owner is notified and sees the reason."""
    if ctx.db.run(
        "UPDATE automations SET enabled = :off, off_reason = :reason, updated_at = :now WHERE key = :key AND enabled",
        off=False,
        reason=reason,
        now=ctx.now,
        key=automation.key,
    ):
        record_event(ctx, "automation.paused", msgspec.structs.replace(automation, enabled=False), reason=reason)


def _store_version(ctx: Ctx, automation: Automation) -> None:
    ctx.db.run(
        """
        INSERT INTO automation_versions (automation_key, version, definition, created_at)
        VALUES (:key, :version, :definition, :now)
        """,
        key=automation.key,
        version=automation.version,
        definition=msgspec.json.encode(automation.definition).decode(),
        now=ctx.now,
    )


def record_event(ctx: Ctx, kind: str, automation: Automation, *, reason: str = "") -> int:
    """Record an event about an automation; returns the event's number."""
    update = AutomationUpdate(automation.key, automation.name, automation.user_key, automation.enabled)
    pipeline = pipelines.get(ctx, automation.pipeline_key) if automation.pipeline_key else None
    team_key = None if pipeline else automation.team_key
    return events.record(
        ctx, kind, update, pipeline=pipeline, team_key=team_key, subject=automation.name, reason=reason
    )


# What an edit may change


def _with_changes(ctx: Ctx, before: Automation, given: dict[str, Any], rules: Rules) -> Automation:
    changes: dict[str, Any] = {}
    if "name" in given:
        if not given["name"]:
            raise Invalid("name", "must not be empty")
        changes["name"] = given["name"]
    if "description" in given:
        changes["description"] = given["description"] or None
    names = ("trigger", "filter", "condition", "steps", "allow_self")
    if not any(name in given for name in (*names, "secrets")):
        return msgspec.structs.replace(before, **changes)
    secrets = _secrets(ctx, before, given.get("secrets") or {})
    wanted = {name: given[name] if name in given else getattr(before.definition, name) for name in names}
    definition = definitions.check(ctx, before.pipeline_key, before.scope_key, wanted, list(secrets), rules)
    after = msgspec.structs.replace(
        before,
        **changes,
        definition=definition,
        secrets=secrets,
        trigger_type=definition.trigger["type"],
        requests=sum(step.type == "http.request" for step in flatten(definition.steps)),
    )
    if (after.definition, after.secrets) != (before.definition, before.secrets):
        after = msgspec.structs.replace(after, user_key=ctx.actor.key)
    return after if after.definition.trigger == before.definition.trigger else _with_next_check(ctx, after)


def _secrets(ctx: Ctx, before: Automation, given: dict[str, Any]) -> dict[str, str]:
    """The stored secrets with the given ones; null removes a secret. Secrets of another owner are dropped."""
    secrets = dict(before.secrets) if before.user_key == ctx.actor.key else {}
    for name, value in given.items():
        if not name.isidentifier() or not name.isascii() or len(name) > 60:
            raise Invalid(
                f"secrets.{name[:60]}",
                "the name must have up to 60 letters, digits and _, and must not begin with a digit",
            )
        if value is None:
            secrets.pop(name, None)
        elif not isinstance(value, str) or not SHORTEST_SECRET <= len(value.strip()) <= len(value) <= 8000:
            raise Invalid(f"secrets.{name}", f"must be a text of {SHORTEST_SECRET} to 8,000 characters")
        else:
            secrets[name] = value
    if len(secrets) > MOST_SECRETS:
        raise Invalid("secrets", f"must not be more than {MOST_SECRETS}")
    return secrets


def _with_next_check(ctx: Ctx, automation: Automation) -> Automation:
    """The automation with the time of its next check. Times in the past start no runs, unless the trigger includes
    boxes that were untouched before (`existing`)."""
    trigger, next_at = automation.definition.trigger, None
    if trigger["type"] == "schedule":
        next_at = triggers.next_time(trigger["cron"], triggers.zone(trigger.get("timeZone")), ctx.now)
    elif trigger["type"] in triggers.TIMED:
        next_at = ctx.now
    looked_until = 0 if trigger.get("existing") else ctx.now
    return msgspec.structs.replace(automation, next_at=next_at, looked_until=looked_until)
