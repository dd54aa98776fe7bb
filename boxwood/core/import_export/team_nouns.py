"""What an archive of a team holds: each noun with its table, and where its rows belong.

Left out are secrets, what belongs to one user (notifications, preferences, sessions, drafts, snippets without a
pipeline), what is sent later (letters, mailings, sequences), records of work (deliveries, runs, imports) and the trash.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec

from ...db.records import Table
from ..activity.comments import COMMENTS, REACTIONS
from ..activity.files import FILES
from ..activity.forms import FORMS
from ..activity.mail.blocks import BLOCKS
from ..activity.mail.mails import MAIL_FILES, MAILS
from ..activity.mail.rules import RULES as MAIL_RULES
from ..activity.meetings import MEETINGS
from ..activity.messages import ROWS as MESSAGES
from ..activity.sending.suppressions import SUPPRESSIONS
from ..activity.snippets import SNIPPETS
from ..activity.tasks import TASKS
from ..activity.threads import THREADS
from ..automations.automations import AUTOMATIONS
from ..automations.definitions import Definition
from ..events import EVENTS
from ..people.contacts import CONTACTS
from ..people.organizations import ORGANIZATIONS
from ..pipelines.formulas import FORMULAS
from ..pipelines.validation_rules import RULES as VALIDATORS
from ..records import BOXES, FIELDS, PIPELINE_MEMBERS, PIPELINES, STAGES, TEAM_MEMBERS
from ..views.saved_views import VIEWS


class GoldenBox(msgspec.Struct, frozen=True):
    """The box that a pipeline shows as its example."""

    box_key: str
    pipeline_key: str
    marked_at: int


class EntryLink(msgspec.Struct, frozen=True):
    """A link from a contact or an organization to another."""

    key: str
    other_key: str
    other_noun: str
    is_magic: bool
    position: int
    created_at: int


class ThreadShareRow(msgspec.Struct, frozen=True):
    """What others see of a conversation."""

    thread_key: str
    box_key: str
    share: str
    owner_key: str


class MailId(msgspec.Struct, frozen=True):
    """The id of a mail of a conversation in a box, also of one that was removed from it."""

    box_key: str
    message_id: str
    thread_key: str


class BoardOrder(msgspec.Struct, frozen=True):
    """The order of the cards in a lane of a board."""

    pipeline_key: str
    by_key: str
    lane: str
    box_keys: list[str]


class AutomationVersion(msgspec.Struct, frozen=True):
    """An earlier definition of an automation."""

    automation_key: str
    version: int
    definition: Definition
    created_at: int


def _readable(table: Table[Any], *members: str) -> Table[Any]:
    """The same table, with members as JSON data that are undecoded JSON or none, which msgspec does not read."""
    fields: list[tuple[str, Any] | tuple[str, Any, Any]] = []
    for field in msgspec.structs.fields(table.record):
        kind = Any if field.name in members else field.type
        fields.append((field.name, kind) if field.required else (field.name, kind, field.default))
    return Table(table.name, msgspec.defstruct(f"Archived{table.record.__name__}", fields, frozen=True))


class ArchiveNoun(NamedTuple):
    """The rows of a table that belong to a team."""

    name: str
    table: Table[Any]
    where: str
    """The condition of its rows `t`. `{}` is the place of the condition for pipelines of the archive."""
    letter: str = ""
    """The first letter of their keys; empty if they have none of their own."""
    by: tuple[str, ...] = ("key",)
    """The columns that name a row, in whose order the rows are."""
    needs: Mapping[str, str] = {}
    """The members that must name a thing of the team, with its noun. A record without it is left out."""
    may_need: Mapping[str, str] = {}
    """The members that are emptied if what they name is not there."""
    users: tuple[str, ...] = ()
    """The members that name a user, or a list of users."""

    def condition(self, of_pipelines: str) -> str:
        return self.where.replace("{}", of_pipelines)


_PIPELINES = "SELECT p.key FROM pipelines p WHERE {}"


def _of_pipeline(alias: str = "t") -> str:
    return f"{alias}.pipeline_key IN ({_PIPELINES})"


def _of_box(alias: str = "t") -> str:
    return f"{alias}.box_key IN (SELECT b.key FROM boxes b WHERE {_of_pipeline('b')})"


def _shared(thread: str) -> str:
    """The exporting user sees the whole conversation."""
    return f"""NOT EXISTS (
        SELECT 1 FROM thread_shares s
        WHERE s.thread_key = {thread} AND s.share <> 'full' AND :viewer <> '' AND s.owner_key <> :viewer)"""


def _of_mail(alias: str = "t") -> str:
    return f"{_of_box(alias)} AND {_shared(f'{alias}.thread_key')}"


def _own_automation(alias: str = "t") -> str:
    return f"""{alias}.team_key = :team AND ({alias}.pipeline_key IS NULL OR {_of_pipeline(alias)})
        AND (:viewer = '' OR {alias}.user_key = :viewer)"""


_OF_TEAM = "t.team_key = :team"
_IN_PIPELINE = {"pipeline_key": "pipelines"}
_IN_BOX = {"box_key": "boxes", **_IN_PIPELINE}
_KINDS = (
    *("box.", "task.", "comment.", "meeting.", "file.", "thread.", "message.", "contact.", "organization."),
    *("pipeline.", "stage.", "field.", "view.", "validator."),
)
_EVENTS = f"""
    t.team_key = :team AND (t.pipeline_key IS NULL OR {_of_pipeline()})
    AND ({" OR ".join(f"t.kind LIKE '{prefix}%'" for prefix in _KINDS)})
"""

NOUNS: tuple[ArchiveNoun, ...] = (
    ArchiveNoun(
        "members",
        TEAM_MEMBERS,
        _OF_TEAM,
        by=("user_key",),
    ),
    ArchiveNoun("organizations", ORGANIZATIONS.table, _OF_TEAM, "o", users=("creator_key", "saved_by")),
    ArchiveNoun("contacts", CONTACTS.table, _OF_TEAM, "c", users=("creator_key", "saved_by")),
    ArchiveNoun("pipelines", PIPELINES, "t.key IN (" + _PIPELINES + ")", "p", users=("creator_key",)),
    ArchiveNoun("stages", STAGES, _of_pipeline(), by=("pipeline_key", "key"), needs=_IN_PIPELINE),
    ArchiveNoun(
        "fields", _readable(FIELDS, "default_value"), _of_pipeline(), by=("pipeline_key", "key"), needs=_IN_PIPELINE
    ),
    ArchiveNoun("formulas", FORMULAS, _of_pipeline(), by=("pipeline_key", "key"), needs=_IN_PIPELINE),
    ArchiveNoun("validators", VALIDATORS, _of_pipeline(), "y", needs=_IN_PIPELINE, users=("creator_key",)),
    ArchiveNoun(
        "pipelineMembers", PIPELINE_MEMBERS, _of_pipeline(), by=("pipeline_key", "user_key"), needs=_IN_PIPELINE
    ),
    ArchiveNoun(
        "views",
        VIEWS,
        f"{_of_pipeline()} AND (t.shared = TRUE OR :viewer = '' OR t.creator_key = :viewer)",
        "v",
        needs=_IN_PIPELINE,
        users=("creator_key",),
    ),
    ArchiveNoun("snippets", SNIPPETS, _of_pipeline(), "s", needs=_IN_PIPELINE, users=("user_key",)),
    ArchiveNoun(
        "boxes",
        BOXES,
        _of_pipeline(),
        "b",
        needs=_IN_PIPELINE,
        users=("creator_key", "assignee_keys", "follower_keys"),
    ),
    ArchiveNoun("goldenBoxes", Table("golden_boxes", GoldenBox), _of_box(), by=("box_key",), needs=_IN_BOX),
    ArchiveNoun(
        "boardOrders",
        Table("board_orders", BoardOrder),
        _of_pipeline(),
        by=("pipeline_key", "by_key", "lane"),
        needs=_IN_PIPELINE,
    ),
    ArchiveNoun(
        "links",
        Table("entry_links", EntryLink),
        """(t.key IN (SELECT c.key FROM contacts c WHERE c.team_key = :team)
            OR t.key IN (SELECT o.key FROM organizations o WHERE o.team_key = :team))""",
        by=("key", "other_key"),
        needs={"key": "entries", "other_key": "entries"},
    ),
    ArchiveNoun("meetings", MEETINGS, _of_box(), "m", needs=_IN_BOX, users=("creator_key",)),
    ArchiveNoun(
        "tasks",
        TASKS,
        _of_box(),
        "d",
        by=("number",),
        needs=_IN_BOX,
        may_need={"meeting_key": "meetings", "contact_key": "contacts"},
        users=("creator_key", "assignee_keys"),
    ),
    ArchiveNoun(
        "threads",
        THREADS,
        f"{_of_box()} AND {_shared('t.key')}",
        "h",
        needs=_IN_BOX,
        users=("creator_key",),
    ),
    ArchiveNoun(
        "threadShares",
        Table("thread_shares", ThreadShareRow),
        _of_mail(),
        by=("thread_key",),
        needs={"box_key": "boxes", "thread_key": "threads"},
        users=("owner_key",),
    ),
    ArchiveNoun(
        "mails",
        MAILS,
        f"""t.team_key = :team AND (:viewer = '' OR EXISTS (
            SELECT 1 FROM messages m WHERE m.mail_key = t.key
                AND {_of_mail("m")}))""",
        "g",
    ),
    ArchiveNoun(
        "messages",
        MESSAGES,
        _of_mail(),
        "e",
        needs={**_IN_BOX, "thread_key": "threads", "mail_key": "mails"},
        users=("creator_key", "owner_keys"),
    ),
    ArchiveNoun(
        "mailFiles",
        MAIL_FILES,
        f"""(t.mail_key IN (SELECT m.mail_key FROM messages m WHERE {_of_mail("m")})
            OR (:viewer = '' AND t.mail_key IN (SELECT l.key FROM mails l WHERE l.team_key = :team)))""",
        by=("mail_key", "position"),
        needs={"mail_key": "mails"},
    ),
    ArchiveNoun(
        "mailIds",
        Table("mail_ids", MailId),
        _of_mail(),
        by=("box_key", "message_id", "thread_key"),
        needs={"box_key": "boxes", "thread_key": "threads"},
    ),
    ArchiveNoun(
        "removedMailIds",
        Table("unboxed_mail_ids", MailId),
        _of_mail(),
        by=("box_key", "message_id"),
        needs={"box_key": "boxes"},
    ),
    ArchiveNoun(
        "files",
        FILES,
        _of_mail(),
        "f",
        needs={"box_key": "boxes"},
        may_need={"thread_key": "threads", "message_key": "messages"},
        users=("owner_key",),
    ),
    ArchiveNoun("events", _readable(EVENTS, "record", "before"), _EVENTS, by=("id",), users=("actor_key",)),
    ArchiveNoun(
        "comments",
        COMMENTS,
        _of_box(),
        "r",
        by=("created_at", "key"),
        needs=_IN_BOX,
        may_need={"parent_key": "comments"},
        users=("creator_key",),
    ),
    ArchiveNoun(
        "reactions",
        REACTIONS,
        f"t.comment_key IN (SELECT c.key FROM comments c WHERE {_of_box('c')})",
        by=("comment_key", "emoji", "user_key"),
        needs={"comment_key": "comments"},
        users=("user_key",),
    ),
    ArchiveNoun(
        "mailRules",
        MAIL_RULES,
        _of_pipeline(),
        "j",
        needs=_IN_PIPELINE,
        may_need={"box_key": "boxes"},
        users=("creator_key",),
    ),
    ArchiveNoun("mailBlocks", BLOCKS, f"{_OF_TEAM} AND t.user_key IS NULL", "x", users=("creator_key",)),
    ArchiveNoun("forms", FORMS, _of_pipeline(), "w", needs=_IN_PIPELINE),
    ArchiveNoun("suppressions", SUPPRESSIONS, _OF_TEAM, "x", users=("creator_key",)),
    ArchiveNoun(
        "automations",
        AUTOMATIONS,
        _own_automation(),
        "a",
        needs=_IN_PIPELINE,
    ),
    ArchiveNoun(
        "automationVersions",
        Table("automation_versions", AutomationVersion),
        f"t.automation_key IN (SELECT a.key FROM automations a WHERE {_own_automation('a')})",
        by=("automation_key", "version"),
        needs={"automation_key": "automations"},
    ),
)
"""In an order in which each refers only to those before it."""
BY_NAME = {noun.name: noun for noun in NOUNS}
