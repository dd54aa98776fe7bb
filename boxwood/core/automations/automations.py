"""Automations: a rule of a pipeline (or a team) that does steps when something happens, with its owner's rights.

Whoever saves what a rule does becomes its owner: nobody can have another's rights used for what he wrote.
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
from ..context import Ctx
from ..people import endpoint_quota, teams
from ..records import PIPELINES, Pipeline
from ..webhooks import secret_rotation
from . import definitions, triggers
from .definitions import Definition
from .steps import flatten

MOST = 500
"""Of a pipeline or a team."""
MOST_SECRETS = 50


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
    """Steps that call a URL: each takes one of the team's native endpoints."""
    definition: Definition
    secrets: dict[str, str]
    signing_secret: str
    previous_secret: str | None
    previous_until: int | None
    next_at: int | None
    """When time may begin it; of those that go by time."""
    looked_until: int
    failures: int
    """Runs in a row that failed, and those that were refused within the hour."""
    refusals: int
    created_at: int
    updated_at: int

    def signing_secrets(self, now: int) -> list[str]:
        """The secrets that a request is signed with now: both during a rotation."""
        return secret_rotation.valid_secrets(self.signing_secret, self.previous_secret, self.previous_until, now)


class AutomationUpdate(msgspec.Struct, frozen=True):
    """What an event says of a rule."""

    key: str
    name: str
    user_key: str
    enabled: bool


AUTOMATIONS = Table("automations", Automation)
EDITED = ("name", "description", "enabled", "definition", "secrets", "user_key")
"""What an edit may change."""
_definition = msgspec.json.Decoder(Definition).decode


def get(ctx: Ctx, key: str) -> Automation:
    """One's own, or anyone's where one may see its runs (of a team: where one owns it)."""
    return _reach(ctx, key, "", "FLOW_VIEW_LOGS")


def change(ctx: Ctx, key: str, action: str = "UPDATE") -> Automation:
    """The same, to be changed, alone."""
    automation = _reach(ctx, key, ctx.db.for_update, "FLOW_VIEW_LOGS")
    if automation.user_key != ctx.actor.key and not _governs(ctx, automation, action):
        raise Forbidden("Your role here may not change other people's automations")
    if automation.pipeline_key and not _governs(ctx, automation, action):
        raise Forbidden("Your role here may not change automations")
    return automation


def load(db: Db, key: str) -> Automation | None:
    """Whoever reaches it: for what happens by itself."""
    sql = f"SELECT {AUTOMATIONS.columns} FROM automations WHERE key = :key"
    found = db.remember(("automation", key), lambda: AUTOMATIONS.load_all(db.rows(sql, key=key)))
    return found[0] if found else None


def version(db: Db, key: str, number: int) -> Definition:
    """What it did then."""
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
    """Whether the actor has such a say over other people's; NotFound out of reach."""
    if automation.pipeline_key is not None:
        role = pipelines.reach(ctx, automation.pipeline_key)[1]
        return access.allows(ctx, role, "PIPELINE", action) and role.sees_all_boxes()
    try:
        teams.require_owner(ctx, teams.get(ctx, automation.team_key))
    except Forbidden:
        return False
    return True


def of_pipeline(ctx: Ctx, key: str, *, limit: int, offset: int) -> list[Automation]:
    """The oldest first."""
    pipeline, role = pipelines.reach(ctx, key)
    sees = access.allows(ctx, role, "PIPELINE", "FLOW_VIEW_LOGS") and role.sees_all_boxes()
    return _of_scope(ctx, pipeline.key, sees, limit, offset)


def of_team(ctx: Ctx, key: str, *, limit: int, offset: int) -> list[Automation]:
    """Those of the team itself, not of its pipelines."""
    team = teams.get(ctx, key)
    try:
        teams.require_owner(ctx, team)
    except Forbidden:
        return _of_scope(ctx, team.key, False, limit, offset)
    return _of_scope(ctx, team.key, True, limit, offset)


def _of_scope(ctx: Ctx, key: str, sees: bool, limit: int, offset: int) -> list[Automation]:
    own = "" if sees else "AND user_key = :actor"
    rows = ctx.db.rows(
        f"""
        SELECT {AUTOMATIONS.columns} FROM automations WHERE scope_key = :scope {own}
        ORDER BY created_at, key LIMIT :limit OFFSET :offset
        """,
        scope=key,
        limit=limit,
        offset=offset,
        **({} if sees else {"actor": ctx.actor.key}),
    )
    return AUTOMATIONS.load_all(rows)


# Changing


def create(ctx: Ctx, given: dict[str, Any], rules: Rules, most: int) -> Automation:
    """`name`, `trigger`, `steps`, what `edit` takes; `pipeline_key` or `team_key`. On, unless `enabled` is false.
    `most` is the team's allowance of native endpoints, 0 for no limit."""
    pipeline, team_key = _scope(ctx, given)
    if not given.get("name"):
        raise Insufficient("Automation", "name")
    for member in ("trigger", "steps"):
        if not given.get(member):
            raise Invalid(member, "is missing")
    scope_key = pipeline.key if pipeline else team_key
    count = ctx.db.row("SELECT COUNT(*) FROM automations WHERE scope_key = :scope", scope=scope_key)
    if count and count[0] >= MOST:
        raise Invalid("automations", f"there are {MOST} here already, the most there can be")
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
    automation = _changed(ctx, automation, given, rules)
    endpoint_quota.require(ctx, team_key, most, automation.requests)
    AUTOMATIONS.insert(ctx.db, automation)
    _keep_version(ctx, automation)
    tell(ctx, "automation.created", automation)
    return automation


def _scope(ctx: Ctx, given: dict[str, Any]) -> tuple[Pipeline | None, str]:
    if ctx.within:
        raise Forbidden("Automations act for a person: make them with a key of your own, not a team's")
    if given.get("pipeline_key"):
        pipeline, role = pipelines.reach(ctx, given["pipeline_key"])
        access.require(ctx, role, "PIPELINE", "UPDATE", pipeline)
        return pipeline, pipeline.team_key
    if given.get("team_key"):
        return None, teams.get(ctx, given["team_key"]).key
    raise Invalid("pipelineKey", "name a pipeline, or a team with teamKey")


def edit(ctx: Ctx, key: str, given: dict[str, Any], rules: Rules, most: int) -> Automation:
    """Change what is named and differs. Whoever changes what it does is its owner from then on, and must bring the
    secrets anew that were another's. Runs under way go on as they began."""
    before = change(ctx, key)
    if ctx.within:
        raise Forbidden("Automations act for a person: change them with a key of your own, not a team's")
    after = _changed(ctx, before, given, rules)
    if "enabled" in given and given["enabled"] is not None:
        after = _switched(ctx, after, given["enabled"])
    if after == before:
        return before
    endpoint_quota.require(ctx, after.team_key, most, after.requests - before.requests)
    if after.definition != before.definition or after.user_key != before.user_key:
        after = msgspec.structs.replace(after, version=before.version + 1)
        _keep_version(ctx, after)
    after = msgspec.structs.replace(after, updated_at=ctx.now)
    AUTOMATIONS.update(ctx.db, after)
    undo_data.store_members(ctx, tell(ctx, "automation.edited", after), before, after, EDITED)
    return after


def switch(ctx: Ctx, key: str, on: bool) -> Automation:
    """On (beginning with what happens now) or off: runs under way end where they are only by `runs.cancel`."""
    before = change(ctx, key, "FLOW_PAUSE_RESUME")
    after = _switched(ctx, before, on)
    if after != before:
        after = msgspec.structs.replace(after, updated_at=ctx.now)
        AUTOMATIONS.update(ctx.db, after)
        tell(ctx, "automation.enabled" if on else "automation.disabled", after)
    return after


def _switched(ctx: Ctx, automation: Automation, on: bool) -> Automation:
    if on == automation.enabled:
        return automation
    if not on:
        return msgspec.structs.replace(automation, enabled=False, off_reason="switched off by hand")
    automation = msgspec.structs.replace(automation, enabled=True, off_reason=None, failures=0, refusals=0)
    return _timed(ctx, automation)


def rotate(ctx: Ctx, key: str) -> Automation:
    """A new secret to sign requests with; for a day they are signed with both."""
    before = change(ctx, key)
    changes = secret_rotation.replace(before.signing_secret, signing.new_secret(), ctx.now, name="signing_secret")
    after = msgspec.structs.replace(before, **changes, updated_at=ctx.now)
    AUTOMATIONS.update(ctx.db, after, *changes, "updated_at")
    tell(ctx, "automation.edited", after)
    return after


def delete(ctx: Ctx, key: str) -> None:
    """With its runs, those under way too; the trash keeps it without them."""
    automation = change(ctx, key)
    trash.store(ctx, "automation", key, automation.name)
    ctx.db.run("DELETE FROM automations WHERE key = :key", key=automation.key)
    tell(ctx, "automation.deleted", automation)


def put_back(ctx: Ctx, held: dict[str, Any]) -> None:
    """Out of the trash: without its runs, and switched off, for much may have changed since."""
    row = held["automations"][0]
    if row["pipeline_key"] and not trash.existing_keys(ctx.db, PIPELINES.name, [row["pipeline_key"]]):
        raise Conflict("The pipeline it belonged to is gone for good")
    row = {**row, "enabled": False, "off_reason": "it was deleted and brought back", "next_at": None}
    trash.put_back(ctx.db, "automations", [row])
    trash.put_back(ctx.db, "automation_versions", held["automation_versions"])
    restored = load(ctx.db, row["key"])
    assert restored is not None
    tell(ctx, "automation.restored", restored)


def pause(ctx: Ctx, automation: Automation, reason: str) -> None:
    """Switched off by the server, for its owner to see."""
    if ctx.db.run(
        "UPDATE automations SET enabled = :off, off_reason = :reason, updated_at = :now WHERE key = :key AND enabled",
        off=False,
        reason=reason,
        now=ctx.now,
        key=automation.key,
    ):
        tell(ctx, "automation.paused", msgspec.structs.replace(automation, enabled=False), reason=reason)


def _keep_version(ctx: Ctx, automation: Automation) -> None:
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


def tell(ctx: Ctx, kind: str, automation: Automation, *, reason: str = "") -> int:
    """The event's number."""
    news = AutomationUpdate(automation.key, automation.name, automation.user_key, automation.enabled)
    pipeline = pipelines.get(ctx, automation.pipeline_key) if automation.pipeline_key else None
    team_key = None if pipeline else automation.team_key
    return events.record(ctx, kind, news, pipeline=pipeline, team_key=team_key, subject=automation.name, reason=reason)


# What an edit may change


def _changed(ctx: Ctx, before: Automation, given: dict[str, Any], rules: Rules) -> Automation:
    changes: dict[str, Any] = {}
    if "name" in given:
        if not given["name"]:
            raise Invalid("name", "may not be empty")
        changes["name"] = given["name"]
    if "description" in given:
        changes["description"] = given["description"] or None
    doing = {one for one in ("trigger", "filter", "condition", "steps", "allow_self", "secrets") if one in given}
    if not doing:
        return msgspec.structs.replace(before, **changes)
    secrets = _secrets(ctx, before, given.get("secrets") or {})
    names = ("trigger", "filter", "condition", "steps", "allow_self")
    wanted = {one: given[one] if one in given else getattr(before.definition, one) for one in names}
    definition = definitions.check(ctx, before.pipeline_key, before.scope_key, wanted, list(secrets), rules)
    after = msgspec.structs.replace(
        before,
        **changes,
        definition=definition,
        secrets=secrets,
        trigger_type=definition.trigger["type"],
        requests=sum(op.type == "http.request" for op in flatten(definition.steps)),
    )
    if (after.definition, after.secrets) != (before.definition, before.secrets):
        after = msgspec.structs.replace(after, user_key=ctx.actor.key)
    return after if after.definition.trigger == before.definition.trigger else _timed(ctx, after)


def _secrets(ctx: Ctx, before: Automation, given: dict[str, Any]) -> dict[str, str]:
    """Those that are there and those given; null takes one away. Another's are not taken over."""
    kept = dict(before.secrets) if before.user_key == ctx.actor.key else {}
    for name, value in given.items():
        if not name.isidentifier() or not name.isascii() or len(name) > 60:
            raise Invalid(f"secrets.{name[:60]}", "a secret's name is letters, digits and _")
        if value is None:
            kept.pop(name, None)
        elif not isinstance(value, str) or not value or len(value) > 8000:
            raise Invalid(f"secrets.{name}", "is a text of 1 to 8,000 characters")
        else:
            kept[name] = value
    if len(kept) > MOST_SECRETS:
        raise Invalid("secrets", f"holds more than {MOST_SECRETS}")
    return kept


def _timed(ctx: Ctx, automation: Automation) -> Automation:
    """Time begins now: what is past already begins nothing."""
    trigger, next_at = automation.definition.trigger, None
    if trigger["type"] == "schedule":
        next_at = triggers.next_time(trigger["cron"], triggers.zone(trigger.get("timeZone")), ctx.now)
    elif trigger["type"] in triggers.TIMED:
        next_at = ctx.now
    looked_until = 0 if trigger.get("existing") else ctx.now
    return msgspec.structs.replace(automation, next_at=next_at, looked_until=looked_until)
