"""Columns: everything of a box that lists can show, filter and sort by.

These are the box's own members, the counts and dates of its activity, and its pipeline's fields. `MAGIC` lists the
columns that every box has. A column's SQL reads box `b`; its parameter `:now` is the time of the request.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from ...db.engine import Dialect
from ...errors import Invalid
from ...lib.durations import DAY
from ..context import Ctx
from ..records import Box, Field, Pipeline
from . import names

UNSET = "1e302"
WORDS = "1e301"
"""What unset values and words are sorted by among numbers: larger than any stored number (at most 1e300)."""
PREFIX = 120
"""Texts are sorted by this many letters, because indexes do not take longer texts."""

Reads = Callable[[Box, int], Any]


class Column(msgspec.Struct, frozen=True):
    """A column of one pipeline: how its value is read from a box, and its SQL."""

    name: str
    kind: str
    """number, moment, text (numbers and words), words, key, user, flag, or a list: users, keys, people, texts."""
    reads: Reads
    """Returns the value of a box at a time."""
    sorts: tuple[str, ...] = ()
    """SQL expressions that are never NULL, by which the column is compared and sorted; empty for a list."""
    raw: str = ""
    """SQL of the whole text in lower case."""
    text: str = ""
    """SQL of the whole text as it is stored."""
    items: str = ""
    """For a list: an SQL FROM item with the list's texts in the SQL column `value`."""
    unset: str = "(1 = 0)"
    """An SQL condition that holds if the column has no value."""
    params: dict[str, Any] = {}
    """The parameters of the SQL."""
    field: Field | None = None
    """The field, if the column shows a field."""
    form: str = ""
    """Which kind of index serves the column (see `views/field_indexes`); empty for none."""
    order: str = ""
    """SQL by which the column is sorted, if it differs from `sorts`."""

    @property
    def is_set(self) -> str:
        """An SQL condition that holds if the column has a value, in a form that an index can serve."""
        return f"{self.sorts[0]} > ''" if self.unset.endswith("= ''") else f"{self.sorts[0]} < {UNSET}"

    @property
    def holds_days(self) -> bool:
        """Whether a date in it may be a day. Users write these dates; all other dates are moments."""
        return self.field is not None or self.name in HOLD_DAYS

    @property
    def is_list(self) -> bool:
        """Whether the value is a list."""
        return bool(self.items)


class Magic(msgspec.Struct, frozen=True):
    """A column that every box has."""

    kind: str
    reads: Reads
    sql: Callable[[Dialect], str]
    """Returns the column's SQL in the dialect of a database."""
    live: bool = False
    """Whether the value changes with time alone. Such columns are returned only if the request names them
    (ruling 18)."""


def _row(kind: str, member: str) -> Magic:
    return Magic(kind, lambda box, now: getattr(box, member), lambda dialect: f"b.{member}")


def _list(kind: str, member: str) -> Magic:
    return Magic(kind, lambda box, now: getattr(box, member), lambda dialect: dialect.each_text(f"b.{member}"))


def _activity(kind: str, member: str) -> Magic:
    """A column that reads this member of the box's activity."""
    reads: Reads = lambda box, now: getattr(box.activity, member)  # noqa: E731
    if kind == "number":
        return Magic(kind, reads, lambda dialect: f"COALESCE({dialect.field_number('b.activity', member)}, 0)")
    if kind == "moment":
        return Magic(kind, reads, lambda dialect: dialect.field_number("b.activity", member))
    if kind == "users":
        return Magic(kind, reads, lambda dialect: dialect.each_text(dialect.member("b.activity", member)))
    return Magic(kind, reads, lambda dialect: dialect.field_value("b.activity", member))


def _links(member: str) -> Magic:
    """A column with the keys of the box's contacts or organizations."""

    def sql(dialect: Dialect) -> str:
        return f"(SELECT {dialect.field_value('j.value', 'key')} AS value FROM {dialect.each(f'b.{member}')} j)"

    return Magic("keys", lambda box, now: [link.key for link in getattr(box, member)], sql)


def _length(member: str) -> Magic:
    return Magic("number", lambda box, now: len(getattr(box, member)), lambda dialect: dialect.length(f"b.{member}"))


def _addresses(member: str) -> Magic:
    def sql(dialect: Dialect) -> str:
        return dialect.each_text(dialect.member("b.emails", member))

    return Magic("texts", lambda box, now: getattr(box.emails, member), sql)


def _days(magic: Magic) -> Magic:
    """A column with the whole days since the time in another column."""

    def reads(box: Box, now: int) -> int | None:
        at = magic.reads(box, now)
        return None if at is None else (now - at) // DAY

    return Magic("number", reads, lambda dialect: f"FLOOR((:now - {magic.sql(dialect)}) / {DAY}.0)", True)


def _open_tasks(dialect: Dialect) -> str:
    total, complete = (
        f"COALESCE({dialect.field_number('b.activity', member)}, 0)" for member in ("task_total", "task_complete")
    )
    return f"({total} - {complete})"


def _percentage(dialect: Dialect) -> str:
    total, complete = (dialect.field_number("b.activity", member) for member in ("task_total", "task_complete"))
    return f"(100.0 * COALESCE({complete}, 0) / NULLIF({total}, 0))"


def _read_percentage(box: Box, now: int) -> float | None:
    total, complete = box.activity.task_total, box.activity.task_complete
    return round(100 * complete / total, 2) if total else None


def _freshness(box: Box, now: int) -> float:
    return round(14 / (14 + max(0, (now - box.updated_at) // DAY)), 4)


def _address_count(dialect: Dialect) -> str:
    return dialect.length(dialect.member("b.emails", "addresses"))


def _violations(dialect: Dialect) -> str:
    return f"(SELECT {dialect.field_value('j.value', 'key')} AS value FROM {dialect.each('b.violations')} j)"


_LAST_EMAIL, _TOUCHED = _activity("moment", "last_email_at"), _activity("moment", "touched_at")
_DUE, _COMMENTED = _activity("moment", "soonest_due_at"), _activity("moment", "last_comment_at")
MAGIC: dict[str, Magic] = {
    "name": _row("words", "name"),
    "notes": _row("words", "notes"),
    "stage": _row("key", "stage_key"),
    "key": _row("key", "key"),
    "assignee": _list("users", "assignee_keys"),
    "assigneeCount": _length("assignee_keys"),
    "follower": _list("users", "follower_keys"),
    "followerCount": _length("follower_keys"),
    "creator": _row("user", "creator_key"),
    "creationSourceType": _row("key", "source"),
    "creationTimestamp": _row("moment", "created_at"),
    "lastUpdatedTimestamp": _row("moment", "updated_at"),
    "lastSavedTimestamp": _row("moment", "saved_at"),
    "lastStageChangeTimestamp": _row("moment", "stage_changed_at"),
    "daysSinceCreation": _days(_row("moment", "created_at")),
    "daysSinceUpdate": _days(_row("moment", "updated_at")),
    "daysInStage": _days(_row("moment", "stage_changed_at")),
    "freshness": Magic(
        "number", _freshness, lambda dialect: f"(14.0 / (14 + FLOOR((:now - b.updated_at) / {DAY}.0)))", True
    ),
    "linkedBoxKeys": _list("keys", "linked_box_keys"),
    "linkedBoxCount": _length("linked_box_keys"),
    "contacts": _links("contacts"),
    "contactCount": _length("contacts"),
    "organizations": _links("organizations"),
    "organizationCount": _length("organizations"),
    "emailAddresses": _addresses("addresses"),
    "emailAddressesAutoExtracted": _addresses("extracted"),
    "emailAddressCount": Magic("number", lambda box, now: len(box.emails.addresses), _address_count),
    "violations": Magic("keys", lambda box, now: [violation["key"] for violation in box.violations], _violations),
    "totalNumberOfEmails": _activity("number", "emails_total"),
    "totalNumberOfSentEmails": _activity("number", "emails_sent"),
    "totalNumberOfReceivedEmails": _activity("number", "emails_received"),
    "totalNumberOfSentEmailsViews": _activity("number", "sent_views"),
    "totalNumberOfLastSentEmailViews": _activity("number", "last_sent_views"),
    "totalNumberOfLastSentEmailLinksClicks": _activity("number", "last_sent_clicks"),
    "gmailThreadCount": _activity("number", "thread_count"),
    "firstEmailFrom": _activity("words", "first_email_from"),
    "lastEmailFrom": _activity("words", "last_email_from"),
    "firstEmailTimestamp": _activity("moment", "first_email_at"),
    "firstEmailReceivedTimestamp": _activity("moment", "first_received_at"),
    "firstEmailSentTimestamp": _activity("moment", "first_sent_at"),
    "lastEmailUpdatedTimestamp": _LAST_EMAIL,
    "lastEmailReceivedTimestamp": _activity("moment", "last_received_at"),
    "lastEmailSentTimestamp": _activity("moment", "last_sent_at"),
    "daysSinceLastEmail": _days(_LAST_EMAIL),
    "fileCount": _activity("number", "file_count"),
    "commentCount": _activity("number", "comment_count"),
    "lastCommentTimestamp": _COMMENTED,
    "daysSinceLastComment": _days(_COMMENTED),
    "taskTotal": _activity("number", "task_total"),
    "taskCompleteCount": _activity("number", "task_complete"),
    "taskIncompleteCount": Magic(
        "number", lambda box, now: box.activity.task_total - box.activity.task_complete, _open_tasks
    ),
    "taskOverdueCount": _activity("number", "task_overdue"),
    "taskPercentageComplete": Magic("number", _read_percentage, _percentage),
    "soonestTaskDueDate": _DUE,
    "earliestOverdueTaskDueDate": _activity("moment", "earliest_overdue_at"),
    "taskAssigneeKeySet": _activity("users", "task_assignee_keys"),
    "incompleteTaskAssigneeKeySet": _activity("users", "incomplete_task_assignee_keys"),
    "overdueTaskAssigneeKeySet": _activity("users", "overdue_task_assignee_keys"),
    "reminderCount": _activity("number", "reminder_count"),
    "callLogCount": _activity("number", "call_count"),
    "totalCallLogDuration": _activity("number", "call_ms"),
    "firstCallLogTimestamp": _activity("moment", "first_call_at"),
    "mostRecentCallLogTimestamp": _activity("moment", "last_call_at"),
    "meetingNotesCount": _activity("number", "meeting_count"),
    "totalMeetingNotesDuration": _activity("number", "meeting_ms"),
    "firstMeetingNotesTimestamp": _activity("moment", "first_meeting_at"),
    "mostRecentMeetingNotesTimestamp": _activity("moment", "last_meeting_at"),
    "lastTouchpointTimestamp": _TOUCHED,
    "lastTouchpointType": _activity("key", "touched_by"),
    "daysSinceLastTouchpoint": _days(_TOUCHED),
}
ALIASES = {
    "stageKey": "stage",
    "assignees": "assignee",
    "assignedToSharingEntries": "assignee",
    "followers": "follower",
    "followerKeys": "follower",
    "creatorKey": "creator",
    "createdTimestamp": "creationTimestamp",
    "updatedTimestamp": "lastUpdatedTimestamp",
    "emailAddress": "emailAddresses",
}
GROUPED = {
    "assignee": "b.assignee_keys",
    "follower": "b.follower_keys",
    "linkedBoxKeys": "b.linked_box_keys",
    "contacts": "b.contacts",
    "organizations": "b.organizations",
}
"""Lists that all boxes have, as stored. Boxes with exactly the same list form a group."""
HOLD_DAYS = frozenset(
    name for name in MAGIC if name.endswith(("TaskDueDate", "CallLogTimestamp", "MeetingNotesTimestamp"))
)
TIME_IN_STAGE, STAGE_ENTERED = "timeInStage.", "stageEntered."
"""Prefixes of a stage's key in a column name: how many milliseconds the box has been in the stage, with the present
stay, and when it last entered the stage."""


def find(ctx: Ctx, pipeline: Pipeline, fields: Mapping[str, Field], name: str, where: str) -> Column:
    """Return the column with this name. Raise `Invalid` for `where` if there is none in this pipeline.

    A field may be given by its name: names of columns and keys of fields win over it.
    """
    name = ALIASES.get(name, name)
    if name in fields:
        return of_field(ctx.db.dialect, fields[name])
    if name == "stage":
        return _stage(ctx.db.dialect, pipeline)
    if name in MAGIC:
        return _of_magic(ctx.db.dialect, name, MAGIC[name])
    for prefix, make in ((TIME_IN_STAGE, _time_in_stage), (STAGE_ENTERED, _stage_entered)):
        if name.startswith(prefix):
            stage_key = names.stage_key(ctx, pipeline, name.removeprefix(prefix), where)
            return make(ctx.db.dialect, f"{prefix}{stage_key}", stage_key)
    if field := names.find_field(fields, name, where):
        return of_field(ctx.db.dialect, field)
    raise Invalid(
        where,
        f"no column {name[:50]!r} in this pipeline: give the key or name of a field, or one of {', '.join(MAGIC)}",
    )


def key_of(ctx: Ctx, pipeline: Pipeline, fields: Mapping[str, Field], name: str, where: str) -> str:
    """Return the column's name as it is stored: of a field its key, of others the name as it is given."""
    if name in fields or name in ALIASES or name in MAGIC:
        return name
    return find(ctx, pipeline, fields, name, where).name


def _of_magic(dialect: Dialect, name: str, magic: Magic) -> Column:
    sql = magic.sql(dialect)
    if magic.kind in ("users", "keys", "texts"):
        return _listed(name, magic.kind, magic.reads, sql)
    if magic.kind in ("number", "moment"):
        return _numbered(name, magic.kind, magic.reads, sql, sql.startswith("b."))
    return _worded(dialect, name, magic.kind, magic.reads, sql)


def field_number(dialect: Dialect, field: Field) -> str:
    """SQL of the number that a box `b` has in a field; NULL if its value is unset or is no number."""
    texts = "b.numbers" if field.type in ("TEXT_INPUT", "FORMULA") else ""
    return dialect.field_number("b.fields", field.key, texts)


def of_field(dialect: Dialect, field: Field) -> Column:
    """Return the column of a field."""
    key, reads = field.key, _reads_field(field.key)
    value, number = dialect.field_value("b.fields", key), field_number(dialect, field)
    match field.type:
        case "TEXT_INPUT" | "FORMULA":
            short = dialect.folded(f"substr({value}, 1, {PREFIX})")
            first = f"COALESCE({number}, CASE WHEN {value} IS NULL THEN {UNSET} ELSE {WORDS} END)"
            column = Column(
                key,
                "text",
                reads,
                (first, f"COALESCE({short}, '')"),
                dialect.folded(value),
                value,
                unset=f"{first} = {UNSET}",
            )
            return msgspec.structs.replace(column, field=field, form="text")
        case "DATE":
            column = _numbered(key, "moment", reads, number, False)
            return msgspec.structs.replace(column, field=field, form="number")
        case "CHECKBOX":
            flag = dialect.field_flag("b.fields", key)
            return Column(key, "flag", reads, (flag,), unset=f"{value} IS NULL", field=field, form="flag")
        case "DROPDOWN":
            # The index of this column holds boxes of all pipelines: the same key may name a field of long texts.
            column = _worded(dialect, key, "key", reads, f"substr({value}, 1, {PREFIX})")
            return msgspec.structs.replace(column, field=field, form="key")
        case "PERSON":
            each = dialect.each(dialect.member("b.fields", key))
            emails, keys = (dialect.field_value("j.value", member) for member in ("email", "userKey"))
            items = f"(SELECT {emails} AS value FROM {each} j UNION ALL SELECT {keys} AS value FROM {each} j)"
            column = _listed(key, "people", reads, items)
        case _:
            column = _listed(key, "keys", reads, dialect.each_text(dialect.member("b.fields", key)))
    return msgspec.structs.replace(column, field=field)


def _reads_field(key: str) -> Reads:
    return lambda box, now: box.fields.get(key)


def _numbered(name: str, kind: str, reads: Reads, sql: str, always: bool) -> Column:
    if always:
        return Column(name, kind, reads, (sql,))
    sorts = f"COALESCE({sql}, {UNSET})"
    return Column(name, kind, reads, (sorts,), unset=f"{sorts} = {UNSET}")


def _worded(dialect: Dialect, name: str, kind: str, reads: Reads, sql: str) -> Column:
    """A column with a text. A key is compared whole and as it is stored."""
    if sql.startswith("b.") and kind != "words":
        return Column(name, kind, reads, (sql,), sql)
    short = dialect.folded(f"substr({sql}, 1, {PREFIX})") if kind == "words" else dialect.exact(sql)
    sorts = f"COALESCE({short}, '')"
    return Column(name, kind, reads, (sorts,), dialect.folded(sql), sql, unset=f"{sorts} = ''")


def _listed(name: str, kind: str, reads: Reads, items: str) -> Column:
    return Column(name, kind, reads, items=items, unset=f"NOT EXISTS (SELECT 1 FROM {items} v)")


def _stage(dialect: Dialect, pipeline: Pipeline) -> Column:
    """The stage column, sorted in the order of the pipeline's stages."""
    whens = " ".join(f"WHEN :stage_{key} THEN {at}" for at, key in enumerate(pipeline.stage_order))
    column = _of_magic(dialect, "stage", MAGIC["stage"])
    params = {f"stage_{key}": key for key in pipeline.stage_order}
    return msgspec.structs.replace(column, order=f"(CASE b.stage_key {whens} ELSE -1 END)", params=params)


def _time_in_stage(dialect: Dialect, name: str, stage_key: str) -> Column:
    def reads(box: Box, now: int) -> int:
        spent = sum(stay.finished_ms for stay in box.stage_history if stay.stage_key == stage_key)
        return spent + (now - box.stage_changed_at if box.stage_key == stage_key else 0)

    stay = f"stage_{stage_key}"
    sql = f"""(COALESCE((SELECT SUM({dialect.field_number("j.value", "finished_ms")})
        FROM {dialect.each("b.stage_history")} j WHERE {dialect.field_value("j.value", "stage_key")} = :{stay}), 0)
        + CASE WHEN b.stage_key = :{stay} THEN :now - b.stage_changed_at ELSE 0 END)"""
    return msgspec.structs.replace(_numbered(name, "number", reads, sql, False), params={stay: stage_key})


def _stage_entered(dialect: Dialect, name: str, stage_key: str) -> Column:
    def reads(box: Box, now: int) -> int | None:
        return max((stay.entered_at for stay in box.stage_history if stay.stage_key == stage_key), default=None)

    stay = f"stage_{stage_key}"
    sql = f"""(SELECT MAX({dialect.field_number("j.value", "entered_at")})
        FROM {dialect.each("b.stage_history")} j WHERE {dialect.field_value("j.value", "stage_key")} = :{stay})"""
    return msgspec.structs.replace(_numbered(name, "moment", reads, sql, False), params={stay: stage_key})
