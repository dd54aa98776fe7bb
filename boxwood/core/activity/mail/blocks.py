"""Blocked senders: mail from these addresses or domains is never stored, for one user or for a team."""

from __future__ import annotations

from typing import Any

import msgspec

from ....db.records import Table
from ....errors import Forbidden, Insufficient, Invalid, NotFound
from ....lib import addresses, ids
from ... import events, persons, trash
from ...context import Ctx
from ...people import teams

ADDRESS, DOMAIN = "address", "domain"
MOST = 1000


class MailBlock(msgspec.Struct, frozen=True):
    """A blocked address or domain."""

    key: str
    team_key: str
    user_key: str | None
    """The user whose mailboxes it applies to; None for all mailboxes of the team."""
    kind: str
    value: str
    """In lower case. A domain includes its subdomains."""
    creator_key: str
    created_at: int


BLOCKS = Table("mail_blocks", MailBlock)
_VISIBLE = f"""
    SELECT {BLOCKS.columns} FROM mail_blocks
    WHERE (user_key = :actor AND :within = '' OR user_key IS NULL) AND (:within = '' OR team_key = :within)
        AND team_key IN (SELECT team_key FROM team_members WHERE user_key = :actor AND role IN ('Member', 'Owner'))
"""


def page(ctx: Ctx, *, limit: int, offset: int) -> list[MailBlock]:
    """The actor's blocks, and those of the actor's teams, the oldest first."""
    sql = f"{_VISIBLE} ORDER BY created_at, key LIMIT :limit OFFSET :offset"
    return BLOCKS.load_all(ctx.db.rows(sql, **ctx.who, limit=limit, offset=offset))


def get(ctx: Ctx, key: str) -> MailBlock:
    row = ctx.db.row(f"{_VISIBLE} AND key = :key", key=key, **ctx.who)
    if row is None:
        raise NotFound(key)
    return BLOCKS.load(row)


def create(ctx: Ctx, given: dict[str, Any]) -> MailBlock:
    """Block the `address` or the `domain`, for the actor, or for all of the team with `for_team`, which only owners of
    the team may do. If it is blocked already, returns that block."""
    team = teams.get_to_work_in(ctx, given["team_key"]) if given.get("team_key") else teams.oldest(ctx)
    for_team = bool(given.get("for_team"))
    if for_team:
        teams.require_owner(ctx, team)
    elif ctx.within:
        raise Invalid("forTeam", "must be true: a team's API key has no mailbox of its own")
    kind, value = _value(given)
    same = ctx.db.row(
        f"""
        SELECT {BLOCKS.columns} FROM mail_blocks WHERE team_key = :team AND kind = :kind AND value = :value
            AND COALESCE(user_key, '') = :user
        """,
        team=team.key,
        kind=kind,
        value=value,
        user="" if for_team else ctx.actor.key,
    )
    if same:
        return BLOCKS.load(same)
    row = ctx.db.row("SELECT COUNT(*) FROM mail_blocks WHERE team_key = :team", team=team.key)
    if row and row[0] >= MOST:
        raise Invalid(kind, f"the team has {MOST:,} blocks already: remove some, or block domains")
    block = MailBlock(
        key=ids.new("x", ctx.now),
        team_key=team.key,
        user_key=None if for_team else ctx.actor.key,
        kind=kind,
        value=value,
        creator_key=ctx.actor.key,
        created_at=ctx.now,
    )
    BLOCKS.insert(ctx.db, block)
    record_event(ctx, "mail_block.created", block)
    return block


def _value(given: dict[str, Any]) -> tuple[str, str]:
    if bool(given.get("address")) == bool(given.get("domain")):
        raise (
            Insufficient("Block", "address")
            if not given.get("address")
            else Invalid("domain", "must not be given together with address: create two blocks")
        )
    if given.get("address"):
        return ADDRESS, persons.check_email(given["address"], "address")
    return DOMAIN, checked_domain(given["domain"], "domain")


def checked_domain(given: str, field: str) -> str:
    """The domain in lower case. Raises Invalid for `field` if it is none."""
    found = addresses.domain(given.strip().removeprefix("@"))
    if not found:
        raise Invalid(field, f"{given.strip()[:100]!r} is not a domain such as acme.example")
    return found


def delete(ctx: Ctx, key: str) -> None:
    """Move a block to the trash. Mail that it kept out is not fetched later."""
    block = get(ctx, key)
    if block.user_key is None:
        teams.require_owner(ctx, teams.get(ctx, block.team_key))
    elif block.user_key != ctx.actor.key:
        raise Forbidden("Only the user who blocked this address may remove the block")
    trash.store(ctx, "mail_block", key, block.value, team_key=block.team_key)
    ctx.db.run("DELETE FROM mail_blocks WHERE key = :key", key=key)
    record_event(ctx, "mail_block.deleted", block)


def record_event(ctx: Ctx, kind: str, block: MailBlock) -> None:
    # A user's own blocks are not the team's business: their events have no team, so that only the user sees them.
    team_key = block.team_key if block.user_key is None else None
    events.record(ctx, kind, block, team_key=team_key, subject=block.value)


def for_mailbox(ctx: Ctx, team_key: str, user_key: str | None) -> tuple[frozenset[str], frozenset[str]]:
    """The blocked addresses and the blocked domains for a mailbox of this user (None: of the team)."""
    rows = ctx.db.rows(
        "SELECT kind, value FROM mail_blocks WHERE team_key = :team AND (user_key IS NULL OR user_key = :user)",
        team=team_key,
        user=user_key or "",
    )
    both = {kind: frozenset(value for of, value in rows if of == kind) for kind in (ADDRESS, DOMAIN)}
    return both[ADDRESS], both[DOMAIN]


def is_within(domain: str, domains: frozenset[str]) -> bool:
    """Whether the domain is one of these, or a subdomain of one."""
    labels = domain.split(".")
    return any(".".join(labels[at:]) in domains for at in range(len(labels)))
