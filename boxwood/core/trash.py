"""The trash: deleted things are stored whole for 30 days.

A function that deletes a thing first stores it here, in the same transaction: its rows and the rows of everything that
belongs to it, as they are in their tables. `undo/restore` restores each kind of thing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from ..db.engine import Db
from ..db.records import Table
from ..lib.durations import DAY
from . import stored_files
from .context import Ctx

DAYS = 30
LASTS = DAYS * DAY
AT_ONCE = 500
Rows = list[dict[str, Any]]

_OF_BOX = "box_key = :key"
_OF_TASK = "task_key IN (SELECT key FROM tasks WHERE box_key = :key)"
_OF_COMMENT = "comment_key IN (SELECT key FROM comments WHERE box_key = :key)"
# The tables of a thing and the condition of its rows, in an order in which the rows can be inserted again.
HELD: dict[str, tuple[tuple[str, str], ...]] = {
    "pipeline": (),
    "box": (
        ("boxes", "key = :key"),
        ("meetings", _OF_BOX),
        ("tasks", _OF_BOX),
        ("task_assignees", _OF_TASK),
        ("comments", _OF_BOX),
        ("reactions", _OF_COMMENT),
        ("threads", _OF_BOX),
        ("messages", _OF_BOX),
        ("mail_ids", _OF_BOX),
        ("unboxed_mail_ids", _OF_BOX),
        ("files", _OF_BOX),
        ("golden_boxes", _OF_BOX),
    ),
    "task": (("tasks", "key = :key"), ("task_assignees", "task_key = :key")),
    "comment": (("comments", "key = :key"), ("reactions", "comment_key = :key")),
    "meeting": (("meetings", "key = :key"),),
    "file": (("files", "key = :key"),),
    "thread": (
        ("threads", "key = :key"),
        ("messages", "thread_key = :key"),
        ("mail_ids", "thread_key = :key"),
        ("files", "thread_key = :key"),
    ),
    "contact": (("contacts", "key = :key"), ("merges", "survivor_key = :key")),
    "organization": (("organizations", "key = :key"), ("merges", "survivor_key = :key")),
    "stage": (("stages", "pipeline_key = :pipeline AND key = :key"),),
    "field": (
        ("fields", "pipeline_key = :pipeline AND key = :key"),
        ("formulas", "pipeline_key = :pipeline AND key = :key"),
    ),
    "view": (("views", "key = :key"),),
    "snippet": (("snippets", "key = :key"),),
    "mail_block": (("mail_blocks", "key = :key"),),
    "mail_rule": (("mail_rules", "key = :key"),),
    "suppression": (("suppressions", "key = :key"),),
    "sequence": (("sequences", "key = :key"),),
    "form": (("forms", "key = :key"),),
    "webhook": (("webhooks", "key = :key"),),
    "inbound": (("inbound", "key = :key"), ("inbound_tokens", "endpoint_key = :key")),
    "automation": (("automations", "key = :key"), ("automation_versions", "automation_key = :key")),
}
DERIVED = ("assignments", "box_links", "box_addresses")
"""Tables whose rows are derived from the box's row when the box is restored."""


class Trashed(msgspec.Struct, frozen=True):
    key: str
    """The thing's key; for a stage or a field, the pipeline's key, a dot and the thing's key."""
    noun: str
    name: str
    team_key: str | None
    pipeline_key: str | None
    box_key: str | None
    actor_key: str
    """The user who deleted the thing."""
    about: dict[str, Any]
    """For a box, a contact or an organization: the members that decide who may see it (`access.About`)."""
    deleted_at: int

    @property
    def until(self) -> int:
        """When the thing leaves the trash for good."""
        return self.deleted_at + LASTS


TRASH = Table("trash", Trashed)
_INSERT = f"""
    INSERT INTO trash ({TRASH.columns}, held) VALUES ({", ".join(f":{name}" for name in TRASH.names)}, :held)
"""


def key_of(noun: str, key: str, pipeline_key: str | None) -> str:
    """Return the key of a thing in the trash (see `Trashed.key`)."""
    return f"{pipeline_key}.{key}" if noun in ("stage", "field") else key


def store(
    ctx: Ctx,
    noun: str,
    key: str,
    name: str,
    *,
    team_key: str | None = None,
    pipeline: Any = None,
    box_key: str | None = None,
    about: dict[str, Any] | None = None,
    **more: Any,
) -> None:
    """Store the thing and everything that belongs to it; the caller deletes them next. `more` is stored beside the
    rows and holds what they do not say."""
    pipeline_key = pipeline.key if pipeline is not None else None
    filled = _filled(ctx.db, noun, key) if noun == "box" else {table for table, _ in HELD[noun]}
    held: dict[str, Any] = {
        table: _rows(ctx.db, table, where, key, pipeline_key or "") if table in filled else []
        for table, where in HELD[noun]
    }
    trash_key = key_of(noun, key, pipeline_key)
    ctx.db.run("DELETE FROM trash WHERE key = :key", key=trash_key)
    trashed = Trashed(
        key=trash_key,
        noun=noun,
        name=name,
        team_key=team_key or (pipeline.team_key if pipeline is not None else None),
        pipeline_key=pipeline_key,
        box_key=box_key,
        actor_key=ctx.actor.key,
        about=about or {},
        deleted_at=ctx.now,
    )
    ctx.db.run(_INSERT, **TRASH.params(trashed), held=msgspec.json.encode({**held, **more}).decode())
    blobs = [row["blob"] for row in held.get("files", ()) if row["blob"]]
    ctx.db.many(
        "INSERT INTO trash_files (blob, trash_key) VALUES (:blob, :key)",
        [{"blob": blob, "key": trash_key} for blob in dict.fromkeys(blobs)],
    )
    ctx.db.many(
        "INSERT INTO trash_mails (mail_key, trash_key) VALUES (:mail, :key)",
        [
            {"mail": mail, "key": trash_key}
            for mail in dict.fromkeys(row["mail_key"] for row in held.get("messages", ()))
        ],
    )


def _filled(db: Db, noun: str, key: str) -> set[str]:
    """The tables that have rows of the thing. Most boxes have rows in few of them, and this is a single statement."""
    tests = ", ".join(f"EXISTS (SELECT 1 FROM {table} WHERE {where})" for table, where in HELD[noun])
    row = db.row(f"SELECT {tests}", key=key)
    assert row is not None
    return {table for (table, _), has_rows in zip(HELD[noun], row, strict=True) if has_rows}


def _rows(db: Db, table: str, where: str, key: str, pipeline_key: str) -> Rows:
    names = db.column_names(table)
    params = {"key": key, "pipeline": pipeline_key} if ":pipeline" in where else {"key": key}
    return [
        dict(zip(names, row, strict=True))
        for row in db.rows(f"SELECT {', '.join(names)} FROM {table} WHERE {where}", **params)
    ]


def find(db: Db, key: str) -> Trashed | None:
    row = db.row(f"SELECT {TRASH.columns} FROM trash WHERE key = :key", key=key)
    return TRASH.load(row) if row else None


def take(db: Db, key: str, now: int) -> dict[str, Any] | None:
    """Take a thing out of the trash and return its stored rows, by table.

    Return None if the thing is not in the trash, or another transaction takes it out at the same time.
    """
    row = db.row(f"SELECT held FROM trash WHERE key = :key{db.for_update}", key=key)
    if row is None:
        return None
    db.run(
        "UPDATE blobs SET at = :now WHERE id IN (SELECT blob FROM trash_files WHERE trash_key = :key)",
        key=key,
        now=now,
    )
    db.run("DELETE FROM trash WHERE key = :key", key=key)
    held: dict[str, Any] = msgspec.json.decode(row[0])
    return held


def put_back(db: Db, table: str, rows: Sequence[dict[str, Any]]) -> None:
    """Insert the stored rows again, in the SQL columns that the table still has."""
    if rows:
        names = [name for name in db.column_names(table) if name in rows[0]]
        sql = f"INSERT INTO {table} ({', '.join(names)}) VALUES ({', '.join(f':{name}' for name in names)})"
        db.many(sql, [{name: row[name] for name in names} for row in rows])


def existing_keys(db: Db, table: str, keys: Iterable[str]) -> set[str]:
    """Return which of these keys exist in the table."""
    sql = f"SELECT key FROM {table} WHERE {db.dialect.among('key', 'keys')}"
    return {row[0] for row in db.rows(sql, keys=db.texts(keys))}


def forget(ctx: Ctx, key: str) -> None:
    """Let the next purge delete the thing for good. The caller has checked the actor's permission."""
    ctx.db.run("UPDATE trash SET deleted_at = 0 WHERE key = :key", key=key)


# Purging after 30 days


def purge(db: Db, now: int) -> int:
    """Delete some of the things that are older than 30 days, for good. Return how many; 0 if none is left.

    A pipeline's boxes are deleted a slice at a time, so that other writers do not wait long.
    """
    rows = db.rows(
        "SELECT key, noun FROM trash WHERE deleted_at < :before ORDER BY deleted_at, key LIMIT :limit",
        before=now - LASTS,
        limit=AT_ONCE,
    )
    for at, (key, noun) in enumerate(rows):
        if noun == "pipeline":
            return _purge_pipeline(db, key) + at
        _purge(db, key)
    return len(rows)


def _purge(db: Db, key: str) -> None:
    for (blob,) in db.rows("SELECT blob FROM trash_files WHERE trash_key = :key", key=key):
        stored_files.free(db, blob)
    db.run("DELETE FROM trash WHERE key = :key", key=key)


def _purge_pipeline(db: Db, key: str) -> int:
    rows = db.rows("SELECT key FROM boxes WHERE pipeline_key = :key LIMIT :limit", key=key, limit=AT_ONCE)
    boxes = [row[0] for row in rows]
    if boxes:
        db.many("INSERT INTO search_chores (kind, key) VALUES ('box', :key)", [{"key": box} for box in boxes])
        among = db.dialect.among("box_key", "boxes")
        for table in ("messages", "tasks", "comments", "meetings", "files"):
            of_boxes = f"SELECT '{table[:-1]}', key FROM {table} WHERE {among}"
            db.run(f"INSERT INTO search_chores (kind, key) {of_boxes}", boxes=db.texts(boxes))
        files = db.rows(f"SELECT blob FROM files WHERE {among} AND blob IS NOT NULL", boxes=db.texts(boxes))
        for (blob,) in files:
            stored_files.free(db, blob)
        db.run(f"DELETE FROM boxes WHERE {db.dialect.among('key', 'boxes')}", boxes=db.texts(boxes))
        return len(boxes)
    for (other_key,) in db.rows("SELECT key FROM trash WHERE pipeline_key = :key", key=key):
        _purge(db, other_key)
    _purge(db, key)
    return 1 + db.run("DELETE FROM pipelines WHERE key = :key AND trashed_at IS NOT NULL", key=key)
