"""How each member that a client sends changes a box. Nothing is written here: `boxes.save` writes the box."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from ...errors import Invalid, NotFound
from .. import persons
from ..accounts import invitations
from ..context import Ctx
from ..people import contact_access
from ..pipelines import field_values, names, schema
from ..records import Box, BoxLink, Pipeline, StageStay
from . import lookup

MOST_LINKS = 1000


def _name(ctx: Ctx, pipeline: Pipeline, box: Box, name: str) -> Box:
    return msgspec.structs.replace(box, name=name)


def _notes(ctx: Ctx, pipeline: Pipeline, box: Box, notes: str | None) -> Box:
    return msgspec.structs.replace(box, notes=notes or None)


def _stage(ctx: Ctx, pipeline: Pipeline, box: Box, stage_key: str | None) -> Box:
    return box if not stage_key else change_stage(ctx, box, names.stage_for_box(ctx, pipeline, stage_key).key)


def change_stage(ctx: Ctx, box: Box, stage_key: str) -> Box:
    """The box in another stage. The time of its stay is added to the old stage. The caller saves the box."""
    if stage_key == box.stage_key:
        return box
    history = []
    for stay in box.stage_history:
        if stay.stage_key == box.stage_key:
            spent = stay.finished_ms + ctx.now - box.stage_changed_at
            stay = msgspec.structs.replace(stay, finished_ms=spent)
        history.append(stay)
    earlier = next((stay for stay in history if stay.stage_key == stage_key), None)
    entered = StageStay(stage_key, ctx.now, earlier.finished_ms if earlier else 0)
    history = [stay for stay in history if stay is not earlier] + [entered]
    return msgspec.structs.replace(box, stage_key=stage_key, stage_history=history, stage_changed_at=ctx.now)


def merge_fields(ctx: Ctx, pipeline: Pipeline, box: Box, given: dict[str, Any]) -> Box:
    """Merge field values key by key. Fields may be given by name.

    Values for formula fields are ignored: clients may send a box as they got it.
    """
    if not given:
        return box
    by_key = schema.fields_by_key(ctx, pipeline.key)
    merged = dict(box.fields)
    for key, value in names.by_field_key(by_key, given).items():
        name = f"fields.{key}"
        if by_key[key].type == "FORMULA" or (key in merged and merged[key] == value):
            continue
        checked = field_values.check(ctx, pipeline, by_key[key], value, name)
        merged.pop(key, None)
        if checked is not None:
            merged[key] = checked
    return msgspec.structs.replace(box, fields=dict(sorted(merged.items())))


def _assignees(ctx: Ctx, pipeline: Pipeline, box: Box, given: list[dict[str, str]]) -> Box:
    keys = [_user_key(ctx, pipeline, entry, "assignedToSharingEntries", box.assignee_keys) for entry in given]
    return msgspec.structs.replace(box, assignee_keys=list(dict.fromkeys(keys)))


def _user_key(ctx: Ctx, pipeline: Pipeline, named: dict[str, str], member: str, known: list[str]) -> str:
    return invitations.find_user_key(ctx, named, member, known, pipeline)


def _followers(ctx: Ctx, pipeline: Pipeline, box: Box, keys: list[str]) -> Box:
    keys = [_user_key(ctx, pipeline, {"user_key": key}, "followerKeys", box.follower_keys) for key in keys]
    return msgspec.structs.replace(box, follower_keys=list(dict.fromkeys(keys)))


def _linked(ctx: Ctx, pipeline: Pipeline, box: Box, keys: list[str]) -> Box:
    keys = [key for key in dict.fromkeys(keys) if key != box.key]
    if len(keys) > MOST_LINKS:
        raise Invalid("linkedBoxKeys", f"at most {MOST_LINKS} boxes can be linked")
    for key in keys:
        if key not in box.linked_box_keys:
            try:
                lookup.get(ctx, key)
            except NotFound:
                raise Invalid("linkedBoxKeys", f"there is no box {key[:100]!r} that you may see") from None
    return msgspec.structs.replace(box, linked_box_keys=keys)


def _replace_links(table: str, member: str) -> Callable[[Ctx, Pipeline, Box, list[dict[str, Any]]], Box]:
    """A change that replaces the contacts (or organizations) of a box. Those that are new must be the team's."""

    def change(ctx: Ctx, pipeline: Pipeline, box: Box, given: list[dict[str, Any]]) -> Box:
        links = list({link["key"]: BoxLink(**link) for link in given}.values())
        if len(links) > MOST_LINKS:
            raise Invalid(member, f"at most {MOST_LINKS} can be linked")
        known = {link.key for link in getattr(box, member)}
        keys = [link.key for link in links if link.key not in known]
        found = contact_access.known(ctx, table, pipeline.team_key, keys)
        for at, link in enumerate(links):
            if link.key not in known | found:
                raise Invalid(f"{member}[{at}].key", f"{link.key[:100]!r} is not the key of one of the team's {table}")
        return msgspec.structs.replace(box, **{member: links})

    return change


def _list_of_addresses(member: str, field: str) -> Callable[[Ctx, Pipeline, Box, list[str]], Box]:
    """A change that replaces the addresses that never belong to a box, or those that always do. An address that is put
    on one of the two lists leaves the other."""

    def change(ctx: Ctx, pipeline: Pipeline, box: Box, given: list[str]) -> Box:
        if len(given) > MOST_LISTED:
            raise Invalid(field, f"must not have more than {MOST_LISTED} addresses")
        listed = list(dict.fromkeys(persons.check_email(address, field) for address in given))
        emails = msgspec.structs.replace(box.emails, **{member: listed})
        if member == "blacklist":
            emails = msgspec.structs.replace(
                emails,
                addresses=[address for address in emails.addresses if address not in listed],
                extracted=[address for address in emails.extracted if address not in listed],
            )
        other = "whitelist" if member == "blacklist" else "blacklist"
        left = [address for address in getattr(emails, other) if address not in listed]
        emails = msgspec.structs.replace(emails, **{other: left})
        return msgspec.structs.replace(box, emails=emails)

    return change


MOST_LISTED = 500
# In the order in which events are recorded.
CHANGES: dict[str, Callable[[Ctx, Pipeline, Box, Any], Box]] = {
    "stage_key": _stage,
    "name": _name,
    "notes": _notes,
    "fields": merge_fields,
    "assignees": _assignees,
    "follower_keys": _followers,
    "linked_box_keys": _linked,
    "contacts": _replace_links("contacts", "contacts"),
    "organizations": _replace_links("organizations", "organizations"),
    "email_blacklist": _list_of_addresses("blacklist", "emailAddressesBlacklist"),
    "email_whitelist": _list_of_addresses("whitelist", "emailAddressesWhitelist"),
}
