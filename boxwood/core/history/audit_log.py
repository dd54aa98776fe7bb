"""The audit log: changes of a team, its members, keys, pipelines and automations; and a chain of digests that shows
whether events were changed or removed.

The chain is extended after the commit, by blocks of up to a thousand events, so that writes take no longer. Events are
chained in an order in which no event can appear later. The digest of a block includes the digest of the block before.
So a person who changes an event must compute all later blocks again, and the last digest, stored elsewhere, shows it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any, NamedTuple

import msgspec

from ...db.engine import Db
from ...errors import Invalid
from ..accounts import failed_sign_ins
from ..context import Ctx
from ..event_kinds import QUIET
from ..events import EVENTS, Event
from ..people import teams
from . import event_stream
from .event_stream import Cursor

BLOCK = 1000
MOST_KINDS = 200
START = "0" * 64
_ONLY_HERE = (failed_sign_ins.KIND, "pipeline.exported", "team.exported")
"""Quiet kinds of events that only the audit log shows."""
_LEFT_OUT = ("contact.", "organization.", "snippet.")
_COLUMNS = ", ".join(EVENTS.names)


class Block(NamedTuple):
    number: int
    event_ids: list[int]
    digest: str


class Verdict(NamedTuple):
    """The result of verifying the chain."""

    wrong: list[str]
    """What is wrong, in sentences."""
    events: int
    head: str
    """The digest of the last block."""


# Reading


def page(
    ctx: Ctx,
    team_key: str,
    *,
    kinds: list[str] | None = None,
    actor: str = "",
    since: int = 0,
    until: int | None = None,
    behind: int = 2**62,
    limit: int,
) -> list[Event]:
    """Events of a team and of its members (sign-ins, keys, subscriptions), without those of boxes, contacts and
    snippets, the newest first. Only for owners of the team. `kinds` may be prefixes, such as `member.`."""
    teams.require_owner(ctx, teams.get_whole(ctx, team_key))
    if len(kinds or []) > MOST_KINDS:
        raise Invalid("kind", f"must not have more than {MOST_KINDS} kinds: give prefixes, such as member.")
    tests: list[str] = []
    params: dict[str, Any] = {}
    for at, kind in enumerate(kinds or []):
        tests.append(f"(e.kind = :kind_{at} OR substr(e.kind, 1, :length_{at}) = :kind_{at})")
        params |= {f"kind_{at}": kind, f"length_{at}": len(kind)}
    wanted = f"AND ({' OR '.join(tests)})" if tests else ""
    others = " AND ".join(f"e.kind NOT LIKE '{prefix}%'" for prefix in _LEFT_OUT)
    rows = ctx.db.rows(
        f"""
        SELECT {EVENTS.of("e")} FROM events e
        WHERE e.box_key IS NULL AND e.id < :behind AND e.at >= :since AND e.at < :until
            AND (e.team_key = :team OR (e.team_key IS NULL AND e.pipeline_key IS NULL AND e.actor_key IN (
                SELECT m.user_key FROM team_members m WHERE m.team_key = :team)))
            AND (:actor = '' OR e.actor_key = :actor) AND {others} {wanted}
        ORDER BY e.id DESC LIMIT :limit
        """,
        team=team_key,
        behind=behind,
        since=since,
        until=until if until is not None else 2**62,
        actor=actor,
        limit=limit,
        **params,
    )
    return [event for event in EVENTS.load_all(rows) if event.kind not in QUIET or event.kind in _ONLY_HERE]


# The chain


def head(db: Db) -> tuple[int, Cursor, str]:
    """The number of the last block, the place after it, and its digest."""
    row = db.row("SELECT number, last_txid, last_id, digest FROM audit_chain ORDER BY number DESC LIMIT 1")
    return (row[0], Cursor(row[1], row[2]), row[3]) if row else (0, Cursor(0, 0), START)


def extend(db: Db, now: int) -> int:
    """Add a block with the events that are not chained yet. Returns how many. If several processes do this at once,
    only one of them adds the block."""
    number, after, digest = head(db)
    after = event_stream.placed(db, after)
    rows = db.rows(
        f"""
        SELECT {_COLUMNS}, txid FROM events
        WHERE {db.dialect.behind} AND txid < {db.dialect.oldest_transaction}
        ORDER BY txid, id LIMIT {BLOCK}
        """,
        txid=after.txid,
        id=after.id,
    )
    if not rows:
        return 0
    inserted = db.run(
        """
        INSERT INTO audit_chain (number, event_ids, last_txid, last_id, digest, at)
        VALUES (:number, :ids, :txid, :id, :digest, :now) ON CONFLICT DO NOTHING
        """,
        number=number + 1,
        ids=msgspec.json.encode([row[0] for row in rows]).decode(),
        txid=rows[-1][-1],
        id=rows[-1][0],
        digest=_digest(digest, [row[:-1] for row in rows]),
        now=now,
    )
    return len(rows) if inserted else 0


def _digest(before: str, rows: list[Any]) -> str:
    found = hashlib.sha256(before.encode())
    for row in rows:
        found.update(msgspec.json.encode([None if value is None else str(value) for value in row]))
        found.update(b"\n")
    return found.hexdigest()


def blocks(db: Db) -> Iterator[Block]:
    """All blocks of the chain, the first block first."""
    number = 0
    while row := db.row(
        "SELECT number, event_ids, digest FROM audit_chain WHERE number > :number ORDER BY number LIMIT 1",
        number=number,
    ):
        number = row[0]
        yield Block(number, msgspec.json.decode(row[1], type=list[int]), row[2])


def verify(db: Db) -> Verdict:
    """Compute all blocks again and compare them with the stored digests."""
    wrong: list[str] = []
    digest, expected, count = START, 1, 0
    for block in blocks(db):
        if block.number != expected:
            wrong.append(f"blocks {expected} to {block.number - 1} of the audit chain are missing")
        rows = {row[0]: row for row in _events(db, block.event_ids)}
        missing = [event_id for event_id in block.event_ids if event_id not in rows]
        if missing:
            wrong.append(f"{len(missing)} events were removed, the first n{missing[0]:012d} (block {block.number})")
        elif _digest(digest, [rows[event_id] for event_id in block.event_ids]) != block.digest:
            span = f"n{block.event_ids[0]:012d} to n{block.event_ids[-1]:012d}"
            wrong.append(f"an event from {span} was changed, or the chain before it (block {block.number})")
        digest, expected, count = block.digest, block.number + 1, count + len(block.event_ids)
    return Verdict(wrong, count, digest)


def compute_again(db: Db) -> None:
    """Compute the digest of each block again, after a move to another database: it writes the JSON of events in another
    form. Verify the chain before the move."""
    digest = START
    for block in blocks(db):
        rows = {row[0]: row for row in _events(db, block.event_ids)}
        digest = _digest(digest, [rows[event_id] for event_id in block.event_ids])
        db.run("UPDATE audit_chain SET digest = :digest WHERE number = :number", digest=digest, number=block.number)


def _events(db: Db, ids: list[int]) -> list[Any]:
    first, last = min(ids), max(ids)
    if last - first < 20 * BLOCK:
        sql = f"SELECT {_COLUMNS} FROM events WHERE id >= :first AND id <= :last"
        return db.rows(sql, first=first, last=last)
    sql = f"SELECT {_COLUMNS} FROM events WHERE id = :id"
    return [row for event_id in ids if (row := db.row(sql, id=event_id))]
