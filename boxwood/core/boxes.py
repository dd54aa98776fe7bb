"""Boxes: the things a pipeline moves along - deals, candidates, tickets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import msgspec

from ..db.records import Table
from ..errors import Insufficient, Invalid, NotFound
from ..lib import ids
from . import access, box_links, directory, events, fields, formulas, pipelines, search, stages, users, values
from .access import Role
from .context import Ctx
from .pipelines import PIPELINES, Pipeline
from .users import USERS, Person


class Stay(msgspec.Struct, frozen=True):
    """The time a box has spent in one stage: finished stays are added up when it leaves."""

    stage_key: str
    entered_at: int
    finished_ms: int


class Link(msgspec.Struct, frozen=True, omit_defaults=True):
    """A contact or an organization of the box."""

    key: str
    is_starred: bool = False
    is_autoboxed: bool = False


class Emails(msgspec.Struct, frozen=True, omit_defaults=True):
    """Addresses that belong to the box, and how they came there."""

    addresses: list[str] = []
    extracted: list[str] = []
    blacklist: list[str] = []
    whitelist: list[str] = []


class Activity(msgspec.Struct, frozen=True, omit_defaults=True):
    """What its tasks, comments, files, meetings and mail add up to; each noun keeps its own members.

    Times are milliseconds since the epoch, durations milliseconds.
    """

    comment_count: int = 0
    last_comment_at: int | None = None
    file_count: int = 0
    thread_count: int = 0
    emails_total: int = 0
    emails_sent: int = 0
    emails_received: int = 0
    first_email_at: int | None = None
    first_email_from: str | None = None
    first_received_at: int | None = None
    first_sent_at: int | None = None
    last_email_at: int | None = None
    last_email_from: str | None = None
    last_received_at: int | None = None
    last_sent_at: int | None = None
    task_total: int = 0
    task_complete: int = 0
    task_overdue: int = 0
    reminder_count: int = 0
    """Tasks with a date, which are the old API's reminders."""
    task_assignee_keys: list[str] = []
    incomplete_task_assignee_keys: list[str] = []
    overdue_task_assignee_keys: list[str] = []
    earliest_overdue_at: int | None = None
    soonest_due_at: int | None = None
    call_count: int = 0
    call_ms: int = 0
    first_call_at: int | None = None
    last_call_at: int | None = None
    meeting_count: int = 0
    meeting_ms: int = 0
    first_meeting_at: int | None = None
    last_meeting_at: int | None = None
    touched_at: int | None = None
    touched_by: str | None = None
    """What the last touchpoint was: EMAIL, CALL_LOG or MEETING_NOTES."""


class Box(msgspec.Struct, frozen=True):
    key: str
    pipeline_key: str
    stage_key: str
    name: str
    notes: str | None
    creator_key: str
    source: str
    fields: dict[str, Any]
    """Values by field key; unset ones are absent."""
    assignee_keys: list[str]
    follower_keys: list[str]
    linked_box_keys: list[str]
    contacts: list[Link]
    organizations: list[Link]
    emails: Emails
    stage_history: list[Stay]
    activity: Activity
    violations: list[dict[str, Any]]
    created_at: int
    updated_at: int
    saved_at: int
    stage_changed_at: int

    def people(self) -> list[str]:
        """The users it names."""
        return [
            self.creator_key,
            *self.assignee_keys,
            *self.follower_keys,
            *self.activity.task_assignee_keys,
        ]


BOXES = Table("boxes", Box)
PARTS = ("tasks", "comments", "meetings")
"""The tables of what hangs on a box and names its pipeline."""
MOST_LINKS = 1000
# The box, its pipeline's own permission sets and the actor's set there (None: out of reach).
_REACHED = f"""
    SELECT {BOXES.of("b")}, (SELECT p.permission_sets FROM pipelines p WHERE p.key = b.pipeline_key),
        (SELECT {access.ROLE} FROM pipelines p WHERE p.key = b.pipeline_key)
    FROM boxes b WHERE b.key = :key
"""


def get(ctx: Ctx, key: str) -> Box:
    """The box, if the actor may see it."""
    return _reached(ctx, key, "")[0]


def reach(ctx: Ctx, key: str, action: str | None = None) -> tuple[Box, Pipeline, Role]:
    """The box, its pipeline and the actor's role there; with `action`, to do that to it, alone."""
    box, role = _reached(ctx, key, ctx.db.for_update if action else "")
    if action:
        access.require(ctx, role, "BOX", action, box)
    return box, pipeline_of(ctx, box), role


def _reached(ctx: Ctx, key: str, lock: str) -> tuple[Box, Role]:
    row = ctx.db.row(_REACHED + lock, key=key, **ctx.who)
    if row is None or row[-1] is None:
        raise NotFound(key)
    box, role = BOXES.load(row), access.role(row[-1], pipelines.sets(row[-2]))
    if not access.allows(ctx, role, "BOX", "GET", box):
        raise NotFound(key)
    return box, role


def hold(ctx: Ctx, key: str) -> tuple[Box, Pipeline] | None:
    """The box alone, whoever may reach it; for what happens by itself."""
    row = ctx.db.row(f"SELECT {BOXES.columns} FROM boxes WHERE key = :key{ctx.db.for_update}", key=key)
    if row is None:
        return None
    box = BOXES.load(row)
    return box, pipeline_of(ctx, box)


def readers(ctx: Ctx, box: Box, pipeline: Pipeline) -> list[Person]:
    """Everyone who may see the box."""
    rows = ctx.db.rows(
        f"""
        SELECT {USERS.of("u")}, {access.ROLE_OF_EACH} FROM users u CROSS JOIN pipelines p
        WHERE p.key = :pipeline AND u.key IN (
            SELECT pm.user_key FROM pipeline_members pm WHERE pm.pipeline_key = :pipeline
            UNION SELECT tm.user_key FROM team_members tm WHERE tm.team_key = :team)
        """,
        pipeline=pipeline.key,
        team=pipeline.team_key,
    )
    found = []
    for row in rows:
        user, role = USERS.load(row), access.role(row[-1] or "", pipeline.permission_sets)
        if access.allows(replace(ctx, actor=user), role, "BOX", "GET", box):
            found.append(users.person(user))
    return sorted(found, key=lambda person: person.key)


def pipeline_of(ctx: Ctx, box: Box) -> Pipeline:
    row = ctx.db.row(f"SELECT {PIPELINES.columns} FROM pipelines WHERE key = :key", key=box.pipeline_key)
    assert row is not None
    return PIPELINES.load(row)


def create(ctx: Ctx, pipeline_key: str, given: dict[str, Any]) -> Box:
    """`name`, and what `edit` takes. Without a stage it is in the first; without assignees, the creator's."""
    pipeline, role = pipelines.reach(ctx, pipeline_key)
    access.require(ctx, role, "BOX", "CREATE")
    name = given.get("name")
    if not name or not name.strip():
        raise Insufficient("Box", "name")
    stage = stages.for_box(ctx, pipeline, given.get("stage_key"))
    box = Box(
        key=ids.new("b", ctx.now),
        pipeline_key=pipeline.key,
        stage_key=stage.key,
        name=name,
        notes=given.get("notes") or None,
        creator_key=ctx.actor.key,
        source="HUMAN",
        fields={},
        assignee_keys=[ctx.actor.key],
        follower_keys=[ctx.actor.key],
        linked_box_keys=[],
        contacts=[],
        organizations=[],
        emails=Emails(),
        stage_history=[Stay(stage.key, ctx.now, 0)],
        activity=Activity(),
        violations=[],
        created_at=ctx.now,
        updated_at=ctx.now,
        saved_at=ctx.now,
        stage_changed_at=ctx.now,
    )
    for member, change in _CHANGES.items():
        if member in given and member not in ("name", "notes", "stage_key"):
            box = change(ctx, pipeline, box, given[member])
    box = formulas.computed(ctx, pipeline, box)
    box = box_links.with_addresses(ctx, box, None)
    BOXES.insert(ctx.db, box)
    _assign(ctx, box, [])
    _link_back(ctx, box, [])
    box_links.note(ctx, box, None)
    _tell(ctx, "box.created", box, pipeline)
    _tell_addresses(ctx, pipeline, box, None)
    search.note(ctx, "box", box.key)
    return box


def edit(ctx: Ctx, key: str, changes: dict[str, Any]) -> Box:
    """Change what differs; each kind of change is an event. An echo of what is so already is no news."""
    if changes.get("pipeline_key"):
        move_pipeline(ctx, key, changes["pipeline_key"], changes.get("stage_key"))
    box, pipeline, _ = reach(ctx, key, "UPDATE")
    if "name" in changes and not (changes["name"] or "").strip():
        raise Invalid("name", "may not be empty")
    before = box
    for member, change in _CHANGES.items():
        if member in changes:
            box = change(ctx, pipeline, box, changes[member])
    return save(ctx, pipeline, before, box)


def save(ctx: Ctx, pipeline: Pipeline, before: Box, box: Box) -> Box:
    """Write what changed and say so: the last event of several is the one that webhooks hear as the edit."""
    changed = [member for member in _NEWS if getattr(box, member) != getattr(before, member)]
    if not changed:
        return before
    box = formulas.computed(ctx, pipeline, box, before)
    box = box_links.with_addresses(ctx, box, before)
    box = msgspec.structs.replace(box, updated_at=ctx.now, saved_at=ctx.now)
    written = [name for name in BOXES.names if getattr(box, name) != getattr(before, name)]
    BOXES.update(ctx.db, box, *written)
    if "assignee_keys" in changed:
        _assign(ctx, box, before.assignee_keys)
    if "linked_box_keys" in changed:
        _link_back(ctx, box, before.linked_box_keys)
    if {"contacts", "organizations", "fields"} & set(changed):
        box_links.note(ctx, box, before)
    edits = [member for member in changed if member != "stage_key"]
    for member in changed:
        names = {"part": "yes"} if member in edits[:-1] else {}
        if edits and member == edits[-1]:
            names["changed"] = ",".join(_changed(before, box, edits))
        names |= _names(ctx, member, before, box)
        old = {member: getattr(before, member)}
        if member == "fields":
            old = {"fields": {key: before.fields.get(key) for key in _changed_fields(before, box)}}
        _tell(ctx, _NEWS[member], box, pipeline, before=old, **names)
    _tell_addresses(ctx, pipeline, box, before)
    search.note(ctx, "box", box.key)
    return box


def locked(ctx: Ctx, keys: list[str]) -> list[Box]:
    """These boxes, alone, whoever reaches them: for what must hold in all of them."""
    among = ctx.db.dialect.among("key", "keys")
    sql = f"SELECT {BOXES.columns} FROM boxes WHERE {among} ORDER BY key{ctx.db.for_update}"
    return BOXES.load_all(ctx.db.rows(sql, keys=ctx.db.texts(keys)))


def add_addresses(ctx: Ctx, before: Box, found: list[str]) -> Box:
    """The box with these e-mail addresses too, saved and told where any of them is new to it. Asks for no right."""
    emails = box_links.with_found(before.emails, found)
    if emails is before.emails:
        return before
    box = msgspec.structs.replace(before, emails=emails, updated_at=ctx.now, saved_at=ctx.now)
    BOXES.update(ctx.db, box, "emails", "updated_at", "saved_at")
    _tell_addresses(ctx, pipeline_of(ctx, box), box, before)
    search.note(ctx, "box", box.key)
    return box


def _tell_addresses(ctx: Ctx, pipeline: Pipeline, box: Box, before: Box | None) -> None:
    for address in box_links.appeared(box, before):
        _tell(ctx, "box.email_added", box, pipeline, email=address)


def note(ctx: Ctx, box: Box, *, touched: bool = True, **changed: Any) -> Box:
    """Write what its tasks, comments, files, meetings and mail now add up to, where that differs.

    The caller holds the box (`reach` with an action, or `hold`) and has counted since. Someone's doing makes
    the box newer; what comes by itself (a task falls due) is `touched=False`. No event: the part has its own.
    """
    activity = _touch(msgspec.structs.replace(box.activity, **changed))
    if activity == box.activity:
        return box
    updated_at = ctx.now if touched else box.updated_at
    box = msgspec.structs.replace(box, activity=activity, updated_at=updated_at, saved_at=ctx.now)
    BOXES.update(ctx.db, box, "activity", "updated_at", "saved_at")
    return box


def _touch(told: Activity) -> Activity:
    """The latest of mail, calls and meetings is the last touchpoint."""
    at, by = max(
        (told.last_email_at or 0, "EMAIL"),
        (told.last_call_at or 0, "CALL_LOG"),
        (told.last_meeting_at or 0, "MEETING_NOTES"),
    )
    return msgspec.structs.replace(told, touched_at=at or None, touched_by=by if at else None)


_NEWS = {
    "stage_key": "box.moved",
    "name": "box.renamed",
    "notes": "box.notes_edited",
    "fields": "box.fields_edited",
    "assignee_keys": "box.assigned",
    "follower_keys": "box.followed",
    "linked_box_keys": "box.linked",
    "contacts": "box.contacts_edited",
    "organizations": "box.organizations_edited",
}


def _tell(ctx: Ctx, kind: str, box: Box, pipeline: Pipeline, *, before: Any = None, **names: str) -> None:
    """The box's event; the people it names are kept with it, so it can be shown as it was."""
    names.setdefault("stage_key", box.stage_key)
    events.record(ctx, kind, box, pipeline=pipeline, box=box, before=before, people=box.people(), **names)


def _names(ctx: Ctx, member: str, before: Box, box: Box) -> dict[str, str]:
    """What the sentence of this change needs."""
    match member:
        case "stage_key":
            names = {key: stage.name for key, stage in stages.of(ctx, [box.pipeline_key])[box.pipeline_key].items()}
            old = before.stage_key
            return {
                "stage_name": names[box.stage_key],
                "old_stage_key": old,
                "old_stage_name": names.get(old, old),
            }
        case "name":
            return {"old_name": before.name}
        case "fields":
            by_key = fields.by_key(ctx, box.pipeline_key)
            keys = _changed_fields(before, box)
            return {"what": ", ".join(by_key[key].name for key in keys), "field_keys": ",".join(keys)}
        case "assignee_keys":
            known = users.people(ctx, box.assignee_keys)
            return {"what": ", ".join(known[key].full_name for key in box.assignee_keys) or "nobody"}
    return {}


def _changed(before: Box, box: Box, edits: list[str]) -> list[str]:
    """Of a whole edit: its members, and for `fields` the keys of those that changed."""
    return [one for one in edits if one != "fields"] + _changed_fields(before, box)


def _changed_fields(before: Box, box: Box) -> list[str]:
    keys = sorted(before.fields.keys() | box.fields.keys())
    return [key for key in keys if before.fields.get(key) != box.fields.get(key)]


# How each member of an edit changes the box; in the order told.


def _name(ctx: Ctx, pipeline: Pipeline, box: Box, name: str) -> Box:
    return msgspec.structs.replace(box, name=name)


def _notes(ctx: Ctx, pipeline: Pipeline, box: Box, notes: str | None) -> Box:
    return msgspec.structs.replace(box, notes=notes or None)


def _stage(ctx: Ctx, pipeline: Pipeline, box: Box, stage_key: str | None) -> Box:
    return box if not stage_key else move(ctx, box, stages.for_box(ctx, pipeline, stage_key).key)


def move(ctx: Ctx, box: Box, stage_key: str) -> Box:
    """The box in another stage: the stay that ends is added to that stage's time. The caller saves it."""
    if stage_key == box.stage_key:
        return box
    history = []
    for stay in box.stage_history:
        if stay.stage_key == box.stage_key:
            spent = stay.finished_ms + ctx.now - box.stage_changed_at
            stay = msgspec.structs.replace(stay, finished_ms=spent)
        history.append(stay)
    was = next((stay for stay in history if stay.stage_key == stage_key), None)
    entered = Stay(stage_key, ctx.now, was.finished_ms if was else 0)
    history = [stay for stay in history if stay is not was] + [entered]
    return msgspec.structs.replace(box, stage_key=stage_key, stage_history=history, stage_changed_at=ctx.now)


def _fields(ctx: Ctx, pipeline: Pipeline, box: Box, given: dict[str, Any]) -> Box:
    """Merge values key by key. A formula's value in an echo is left alone."""
    if not given:
        return box
    by_key = fields.by_key(ctx, pipeline.key)
    merged = dict(box.fields)
    for key, value in given.items():
        name = f"fields.{key}"
        if key not in by_key:
            raise Invalid(name, f"no field {key[:50]!r} in this pipeline")
        if by_key[key].type == "FORMULA" or (key in merged and merged[key] == value):
            continue
        checked = values.check(ctx, pipeline, by_key[key], value, name)
        merged.pop(key, None)
        if checked is not None:
            merged[key] = checked
    return msgspec.structs.replace(box, fields=dict(sorted(merged.items())))


def set_field(ctx: Ctx, key: str, field_key: str, value: Any) -> Any:
    """One field's value; what is stored, None for unset."""
    box, pipeline, _ = reach(ctx, key, "UPDATE")
    field = fields.get(ctx, pipeline, field_key)
    values.check(ctx, pipeline, field, value, "value")
    return save(ctx, pipeline, box, _fields(ctx, pipeline, box, {field_key: value})).fields.get(field_key)


def _assignees(ctx: Ctx, pipeline: Pipeline, box: Box, given: list[dict[str, str]]) -> Box:
    keys = [users.named(ctx, one, "assignedToSharingEntries") for one in given]
    return msgspec.structs.replace(box, assignee_keys=list(dict.fromkeys(keys)))


def _followers(ctx: Ctx, pipeline: Pipeline, box: Box, keys: list[str]) -> Box:
    keys = [users.named(ctx, {"user_key": key}, "followerKeys") for key in keys]
    return msgspec.structs.replace(box, follower_keys=list(dict.fromkeys(keys)))


def _linked(ctx: Ctx, pipeline: Pipeline, box: Box, keys: list[str]) -> Box:
    keys = [key for key in dict.fromkeys(keys) if key != box.key]
    if len(keys) > MOST_LINKS:
        raise Invalid("linkedBoxKeys", f"at most {MOST_LINKS} boxes can be linked")
    for key in keys:
        if key not in box.linked_box_keys:
            try:
                get(ctx, key)
            except NotFound:
                raise Invalid("linkedBoxKeys", f"no box {key[:100]!r} within your reach") from None
    return msgspec.structs.replace(box, linked_box_keys=keys)


def _of_team(table: str, member: str) -> Callable[[Ctx, Pipeline, Box, list[dict[str, Any]]], Box]:
    """Replace the contacts (organizations) with those named, which must be the team's."""

    def change(ctx: Ctx, pipeline: Pipeline, box: Box, given: list[dict[str, Any]]) -> Box:
        links = list({one["key"]: Link(**one) for one in given}.values())
        if len(links) > MOST_LINKS:
            raise Invalid(member, f"at most {MOST_LINKS} can be linked")
        known = {link.key for link in getattr(box, member)}
        keys = [link.key for link in links if link.key not in known]
        found = directory.known(ctx, table, pipeline.team_key, keys)
        for at, link in enumerate(links):
            if link.key not in known | found:
                raise Invalid(f"{member}[{at}].key", f"no one of the team's {table} has the key {link.key[:100]!r}")
        return msgspec.structs.replace(box, **{member: links})

    return change


_CHANGES: dict[str, Callable[[Ctx, Pipeline, Box, Any], Box]] = {
    "stage_key": _stage,
    "name": _name,
    "notes": _notes,
    "fields": _fields,
    "assignees": _assignees,
    "follower_keys": _followers,
    "linked_box_keys": _linked,
    "contacts": _of_team("contacts", "contacts"),
    "organizations": _of_team("organizations", "organizations"),
}


def _assign(ctx: Ctx, box: Box, before: list[str]) -> None:
    """Keep the rows by which a person's boxes are found."""
    gone = [key for key in before if key not in box.assignee_keys]
    if gone:
        ctx.db.run(
            f"DELETE FROM assignments WHERE box_key = :box AND {ctx.db.dialect.among('user_key', 'users')}",
            box=box.key,
            users=ctx.db.texts(gone),
        )
    for key in box.assignee_keys:
        if key not in before:
            ctx.db.run("INSERT INTO assignments (user_key, box_key) VALUES (:user, :box)", user=key, box=box.key)


def _link_back(ctx: Ctx, box: Box, before: list[str]) -> None:
    """A link holds both ways: tell the other boxes, which is a change of theirs."""
    for key in set(before) ^ set(box.linked_box_keys):
        held = hold(ctx, key)
        if held is None:
            continue
        other, pipeline = held
        keys = [one for one in other.linked_box_keys if one != box.key]
        if key in box.linked_box_keys:
            keys.append(box.key)
        if keys != other.linked_box_keys:
            after = msgspec.structs.replace(other, linked_box_keys=keys, updated_at=ctx.now, saved_at=ctx.now)
            after = formulas.computed(ctx, pipeline, after, other)
            BOXES.update(ctx.db, after, "linked_box_keys", "fields", "updated_at", "saved_at")
            was = {"linked_box_keys": other.linked_box_keys}
            _tell(ctx, "box.linked", after, pipeline, before=was, changed="linked_box_keys")


def upsert(ctx: Ctx, pipeline_key: str, match: str, given: dict[str, Any]) -> tuple[Box, bool]:
    """Edit the box whose name (`match="name"`) or field (`match` its key) is the one given, or create it.

    The second answer is whether it was created. Of several that match it is the oldest; two callers at
    once cannot both create it, as each holds the pipeline.
    """
    pipeline, role = pipelines.reach(ctx, pipeline_key, change=True)
    if match == "name":
        column, value = "b.name", given.get("name")
    else:
        field = fields.by_key(ctx, pipeline.key).get(match)
        if field is None or field.type not in ("TEXT_INPUT", "DATE", "DROPDOWN"):
            raise Invalid("match", "is name, or the key of a text, date or dropdown field")
        column = f"CAST({ctx.db.dialect.field_value('b.fields', field.key)} AS TEXT)"
        value = values.check(ctx, pipeline, field, given.get("fields", {}).get(match), f"fields.{match}")
    if value is None or value == "":
        raise Invalid(match if match == "name" else f"fields.{match}", "is what boxes are matched by, and is missing")
    row = ctx.db.row(
        f"""
        SELECT b.key FROM boxes b WHERE b.pipeline_key = :pipeline AND {column} = :value AND {access.visible(role)}
        ORDER BY b.created_at, b.key LIMIT 1
        """,
        pipeline=pipeline.key,
        value=str(value),
        **({} if role.sees_all_boxes() else {"actor": ctx.actor.key}),
    )
    if row is None:
        return create(ctx, pipeline.key, given), True
    return edit(ctx, row[0], given), False


def delete(ctx: Ctx, key: str) -> None:
    """With its tasks, comments, files and mail."""
    box, pipeline, _ = reach(ctx, key, "DELETE")
    _link_back(ctx, msgspec.structs.replace(box, linked_box_keys=[]), box.linked_box_keys)
    ctx.db.run("DELETE FROM boxes WHERE key = :key", key=key)
    _tell(ctx, "box.deleted", box, pipeline)
    search.note(ctx, "box", key)


def move_pipeline(ctx: Ctx, key: str, pipeline_key: str, stage_key: str | None = None) -> Box:
    """To another pipeline: to the stage named, else one of the same name, else the first.

    Values go with it into fields of the same name and type, options by their names; the rest are left
    behind in the event, from which they can be had again.
    """
    box, old, role = reach(ctx, key, "UPDATE")
    if pipeline_key == old.key:
        return box
    new, new_role = pipelines.reach(ctx, pipeline_key)
    access.require(ctx, role, "BOX", "DELETE", box)
    access.require(ctx, new_role, "BOX", "CREATE")
    stage = stages.for_box(ctx, new, stage_key or _same_stage(ctx, old, new, box.stage_key))
    same_team = old.team_key == new.team_key
    after = msgspec.structs.replace(
        box,
        pipeline_key=new.key,
        stage_key=stage.key,
        fields=_carried(ctx, old, new, box.fields),
        contacts=box.contacts if same_team else [],
        organizations=box.organizations if same_team else [],
        stage_history=[Stay(stage.key, ctx.now, 0)],
        stage_changed_at=ctx.now,
        updated_at=ctx.now,
        saved_at=ctx.now,
    )
    after = formulas.computed(ctx, new, after)
    after = box_links.with_addresses(ctx, after, box)
    BOXES.update(ctx.db, after)
    box_links.note(ctx, after, box)
    for table in PARTS:
        ctx.db.run(f"UPDATE {table} SET pipeline_key = :pipeline WHERE box_key = :box", pipeline=new.key, box=key)
    before = {"pipeline_key": old.key, "stage_key": box.stage_key, "fields": box.fields}
    names = {"old_pipeline_key": old.key, "old_pipeline_name": old.name, "old_stage_key": box.stage_key}
    _tell(ctx, "box.moved_pipeline", after, new, before=before, **names)
    search.note(ctx, "box", key)
    return after


def _same_stage(ctx: Ctx, old: Pipeline, new: Pipeline, key: str) -> str | None:
    both = stages.of(ctx, [old.key, new.key])
    name = both[old.key][key].name
    return next((one for one in new.stage_order if both[new.key][one].name == name), None)


def _carried(ctx: Ctx, old: Pipeline, new: Pipeline, held: dict[str, Any]) -> dict[str, Any]:
    both = fields.of(ctx, [old.key, new.key])
    targets = {(field.name, field.type): field for field in reversed(both[new.key])}
    carried = {}
    for field in both[old.key]:
        target = targets.get((field.name, field.type))
        if target is None or field.key not in held or field.type == "FORMULA":
            continue
        if field.type in ("TEAM_CONTACT", "TEAM_ORGANIZATION") and old.team_key != new.team_key:
            continue
        value = held[field.key]
        if field.type in fields.WITH_OPTIONS:
            value = _same_options(field, target, value)
        if value:
            carried[target.key] = value
    return carried


def _same_options(field: fields.Field, target: fields.Field, value: Any) -> Any:
    """The target's options of the same names."""
    names = {option.key: option.name for option in field.options}
    keys = {option.name: option.key for option in target.options}
    if isinstance(value, list):
        return [keys[names[one]] for one in value if names.get(one) in keys]
    return keys.get(names.get(value, ""))
