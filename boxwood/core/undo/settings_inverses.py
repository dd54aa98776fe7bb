"""What undoes an edit of settings: of a team, its subscriptions, inbound webhooks, automations and rules."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from ...errors import Conflict, Invalid
from ...lib.address_rules import Rules
from .. import undo_data
from ..accounts import team_settings
from ..automations import automations
from ..contacts import custom_fields
from ..context import Ctx
from ..events import Event
from ..people import teams
from ..pipelines import validation_rules
from ..records import TEAM_LISTS, Team, TeamSettings
from ..webhooks import inbound_endpoints, subscriptions

Values = dict[str, Any]


def _team(ctx: Ctx, event: Event) -> bool:
    """Its name, its settings, or the fields of its contacts or organizations with what entries held in them."""
    key, before = event.subject_key or "", msgspec.json.decode(event.before or b"{}")
    after = msgspec.json.decode(event.record, type=Team)
    changed: Values = before.get("settings", {})
    old = msgspec.convert({**undo_data.plain(after.settings), **changed}, TeamSettings)
    for name in TEAM_LISTS:
        if (member := f"{name}_fields") in changed:
            was, became = getattr(old, member), getattr(after.settings, member)
            return custom_fields.put_back(ctx, name, key, was, became, undo_data.values(ctx, event))
    teams.require_owner(ctx, teams.get(ctx, key))
    team = teams.lock(ctx, key)
    names = {"name": (team.name, before.get("name", team.name), after.name)}
    names |= {one: (getattr(team.settings, one), getattr(old, one), getattr(after.settings, one)) for one in changed}
    wanted = {one: was for one, (now, was, became) in names.items() if now != was}
    for one in wanted:
        if names[one][0] != names[one][2]:
            raise Conflict(f"{one.replace('_', ' ')} was changed since")
    title = wanted.pop("name", team.name)
    return team_settings.save(ctx, team, wanted, name=title) != team


_ALLOWED_ONCE = Rules(allow_private=True)
"""What was in force may be again; whether it may be called is asked at each call."""


def _back_kept(ctx: Ctx, event: Event, now: Any) -> Values:
    """The same of members that the event does not tell."""
    held = undo_data.find(ctx, event.id)
    return undo_data.unless_changed(held["before"], held["after"], now)


def _webhook(ctx: Ctx, event: Event) -> bool:
    webhook = subscriptions.get_for_change(ctx, event.subject_key or "")
    wanted = _back_kept(ctx, event, webhook)
    if wanted:
        subscriptions.edit(ctx, webhook.key, wanted, _ALLOWED_ONCE)
    return bool(wanted)


def _inbound(ctx: Ctx, event: Event) -> bool:
    endpoint = inbound_endpoints.get(ctx, event.subject_key or "")
    wanted = _back_kept(ctx, event, endpoint)
    by, at = wanted.pop("repeat_by", endpoint.repeat_by), wanted.pop("repeat_at", endpoint.repeat_at)
    if (by, at) != (endpoint.repeat_by, endpoint.repeat_at):
        wanted["repeat_header" if by == inbound_endpoints.BY_HEADER else "repeat_path"] = at
    if wanted:
        inbound_endpoints.edit(ctx, endpoint.key, wanted)
    return bool(wanted)


def _automation(ctx: Ctx, event: Event) -> bool:
    """Whoever takes it back is its owner from then on, as with any other edit: secrets come back that were his."""
    automation = automations.get_for_change(ctx, event.subject_key or "")
    wanted = _back_kept(ctx, event, automation)
    owner, secrets = wanted.pop("user_key", automation.user_key), wanted.pop("secrets", automation.secrets)
    does = wanted.pop("definition", {})
    if does:
        wanted |= {"filter": None, "condition": None, "allow_self": False, **does}
    if owner == ctx.actor.key and (does or secrets != automation.secrets):
        wanted["secrets"] = {**dict.fromkeys(automation.secrets), **secrets}
    if not wanted:
        return False
    try:
        automations.edit(ctx, automation.key, wanted, _ALLOWED_ONCE, 0)
    except Invalid as invalid:
        raise Conflict(f"what it did can be no more: {invalid}") from None
    return True


def _switched(ctx: Ctx, event: Event) -> bool:
    automation = automations.get_for_change(ctx, event.subject_key or "", "FLOW_PAUSE_RESUME")
    on = event.kind == "automation.disabled"
    if automation.enabled == on:
        return False
    automations.switch(ctx, automation.key, on)
    return True


def _validator(ctx: Ctx, event: Event) -> bool:
    rule = validation_rules.get(ctx, event.pipeline_key or "", event.subject_key or "")
    before, after = msgspec.json.decode(event.before or b"{}"), msgspec.json.decode(event.record)
    wanted = undo_data.unless_changed(before, after, rule, but=("due_at", "overruns", "saved_at"))
    demands: Values = {name: wanted.pop(name) for name in ("assertion", "source", "denies") if name in wanted}
    if source := demands.pop("source", None):
        demands["formula"] = validation_rules.formula_of(ctx, msgspec.structs.replace(rule, source=source))
    wanted |= {name: value for name, value in demands.items() if value}
    if wanted:
        validation_rules.edit(ctx, rule.pipeline_key, rule.key, wanted)
    return bool(wanted)


def _validator_deleted(ctx: Ctx, event: Event) -> bool:
    validation_rules.put_back(ctx, msgspec.json.decode(event.record, type=validation_rules.Validator))
    return True


UNDO: dict[str, Callable[[Ctx, Event], bool]] = {
    "team.edited": _team,
    "webhook.edited": _webhook,
    "inbound.edited": _inbound,
    "automation.edited": _automation,
    "automation.enabled": _switched,
    "automation.disabled": _switched,
    "validator.edited": _validator,
    "validator.deleted": _validator_deleted,
}
