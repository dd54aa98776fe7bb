"""Suppressions: addresses to which a team sends no mail, because mail to them bounced, or their owners want none."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from ....db.engine import Db
from ....db.records import Table
from ....errors import Conflict, Forbidden, Insufficient, Invalid, NotFound
from ....lib import ids
from ... import events, persons, trash
from ...context import Ctx
from ...people import teams

BOUNCE, COMPLAINT, UNSUBSCRIBE, MANUAL = REASONS = ("bounce", "complaint", "unsubscribe", "manual")
"""`bounce`: a mail server said that the address does not work. `complaint`: the recipient marked a mail as spam.
`unsubscribe`: the recipient wants no mailings. `manual`: a user added it."""
BY_HAND = (MANUAL, UNSUBSCRIBE)
STOPS_LETTERS = (BOUNCE, MANUAL)
"""The reasons that also stop what a user writes to one person. A recipient who unsubscribed may still get an answer."""
MOST = 200_000
"""Of a team."""
LONGEST_TEXT = 500
_SAID = {BOUNCE: "the address does not work", COMPLAINT: "the recipient complained", UNSUBSCRIBE: "unsubscribed"}


class Suppression(msgspec.Struct, frozen=True):
    key: str
    team_key: str
    address: str
    """In lower case."""
    reason: str
    letter_key: str | None
    """The letter that bounced, or that the recipient answered by unsubscribing."""
    code: str
    """What the mail server answered, such as 5.1.1; empty if no server did."""
    text: str
    """The words of the mail server, or a note of the user who added it."""
    creator_key: str | None
    """The user who added it; None if Boxwood did."""
    created_at: int


SUPPRESSIONS = Table("suppressions", Suppression)
# An API key that is limited to some pipelines does not see the list: it is of the whole team.
_VISIBLE = f"""
    SELECT {SUPPRESSIONS.columns} FROM suppressions
    WHERE :only = '' AND (:within = '' OR team_key = :within)
        AND team_key IN (SELECT team_key FROM team_members WHERE user_key = :actor AND role IN ('Member', 'Owner'))
"""


# Reading


def page(
    ctx: Ctx, *, team_key: str = "", reason: str = "", address: str = "", limit: int, offset: int
) -> list[Suppression]:
    """The suppressions of the actor's teams, the newest first; of one team, with one reason, or of addresses that
    contain the text, if these are given."""
    if reason and reason not in REASONS:
        raise Invalid("reason", f"must be one of {', '.join(REASONS)}")
    rows = ctx.db.rows(
        f"""
        {_VISIBLE} AND (:team = '' OR team_key = :team) AND (:reason = '' OR reason = :reason)
            AND (:address = '' OR address LIKE :like ESCAPE '!')
        ORDER BY created_at DESC, key DESC LIMIT :limit OFFSET :offset
        """,
        **ctx.who,
        team=team_key,
        reason=reason,
        address=address,
        like=f"%{_escaped(address.strip().lower())}%",
        limit=limit,
        offset=offset,
    )
    return SUPPRESSIONS.load_all(rows)


def _escaped(text: str) -> str:
    return text.replace("!", "!!").replace("%", "!%").replace("_", "!_")


def get(ctx: Ctx, key: str) -> Suppression:
    row = ctx.db.row(f"{_VISIBLE} AND key = :key", key=key, **ctx.who)
    if row is None:
        raise NotFound(key)
    return SUPPRESSIONS.load(row)


# Adding and removing


def create(ctx: Ctx, given: dict[str, Any]) -> Suppression:
    """Add an address by hand. If it is on the list for this reason already, returns that entry."""
    if ctx.only:
        raise Forbidden("The list is that of the whole team: use an API key that is not limited to pipelines")
    team = teams.get_to_work_in(ctx, given["team_key"]) if given.get("team_key") else teams.oldest(ctx)
    if not given.get("address"):
        raise Insufficient("Suppression", "address")
    reason = given.get("reason") or MANUAL
    if reason not in BY_HAND:
        raise Invalid("reason", f"must be one of {', '.join(BY_HAND)}")
    address = persons.check_email(given["address"], "address")
    if known := _of(ctx.db, team.key, [address], [reason]):
        return known[0]
    row = ctx.db.row("SELECT COUNT(*) FROM suppressions WHERE team_key = :team", team=team.key)
    if row and row[0] >= MOST:
        raise Invalid("address", f"the team has {MOST:,} suppressions already: remove some first")
    found = Suppression(
        key=ids.new("x", ctx.now),
        team_key=team.key,
        address=address,
        reason=reason,
        letter_key=None,
        code="",
        text=(given.get("text") or "")[:LONGEST_TEXT],
        creator_key=ctx.actor.key,
        created_at=ctx.now,
    )
    SUPPRESSIONS.insert(ctx.db, found)
    record_event(ctx, "suppression.created", found)
    return found


def delete(ctx: Ctx, key: str) -> None:
    """Allow mail to the address again. Only owners of the team may do this against the wish of the recipient."""
    found = get(ctx, key)
    if found.reason in (COMPLAINT, UNSUBSCRIBE) and teams.role_of(ctx, teams.get(ctx, found.team_key)) != "Owner":
        raise Forbidden("Only an owner of the team may allow mail to a recipient who wants none")
    trash.store(ctx, "suppression", key, found.address, team_key=found.team_key)
    ctx.db.run("DELETE FROM suppressions WHERE key = :key", key=key)
    record_event(ctx, "suppression.deleted", found)


def restore(ctx: Ctx, rows: list[dict[str, Any]]) -> None:
    """Put a deleted suppression back. Raises `Conflict` if the address was suppressed again since."""
    row = rows[0]
    if _of(ctx.db, row["team_key"], [row["address"]], [row["reason"]]):
        raise Conflict(f"{row['address']} is on the list again already")
    trash.put_back(ctx.db, "suppressions", rows)
    record_event(ctx, "suppression.restored", get(ctx, row["key"]))


def record_event(ctx: Ctx, kind: str, found: Suppression) -> None:
    events.record(ctx, kind, found, team_key=found.team_key, subject=found.address)


def notice(
    ctx: Ctx, team_key: str, address: str, reason: str, letter_key: str | None, *, code: str = "", text: str = ""
) -> Suppression | None:
    """Add an address because of what a mail server or the recipient said. Returns None if it is on the list for this
    reason already."""
    found = Suppression(
        key=ids.new("x", ctx.now),
        team_key=team_key,
        address=address.strip().lower(),
        reason=reason,
        letter_key=letter_key,
        code=code[:20],
        text=text[:LONGEST_TEXT],
        creator_key=None,
        created_at=ctx.now,
    )
    columns, values = SUPPRESSIONS.columns, ", ".join(f":{name}" for name in SUPPRESSIONS.names)
    added = ctx.db.run(
        f"INSERT INTO suppressions ({columns}) VALUES ({values}) ON CONFLICT (team_key, address, reason) DO NOTHING",
        **SUPPRESSIONS.params(found),
    )
    if not added:
        return None
    events.record(
        ctx, "suppression.noticed", found, team_key=team_key, subject=found.address, reason=_SAID.get(reason, reason)
    )
    return found


# Before a letter is sent


def _of(db: Db, team_key: str, addresses: Iterable[str], reasons: Iterable[str]) -> list[Suppression]:
    among, of_reasons = db.dialect.among("address", "addresses"), db.dialect.among("reason", "reasons")
    rows = db.rows(
        f"""
        SELECT {SUPPRESSIONS.columns} FROM suppressions WHERE team_key = :team AND {among} AND {of_reasons}
        ORDER BY address, created_at, key
        """,
        team=team_key,
        addresses=db.texts(address.strip().lower() for address in addresses),
        reasons=db.texts(reasons),
    )
    return SUPPRESSIONS.load_all(rows)


def stopping(
    db: Db, team_key: str, addresses: Iterable[str], *, automatic: bool, overrides: bool = False
) -> Suppression | None:
    """The suppression that stops a letter to these addresses; None if it may be sent.

    `automatic` letters, of mailings, sequences and automations, are stopped for every reason. What a user writes is
    stopped for `STOPS_LETTERS`; `overrides` says that the user wants to write to a bounced address nevertheless.
    """
    reasons = REASONS if automatic else [reason for reason in STOPS_LETTERS if not (overrides and reason == BOUNCE)]
    return next(iter(_of(db, team_key, addresses, reasons)), None)


def warnings(db: Db, team_key: str, addresses: Iterable[str]) -> list[Suppression]:
    """All suppressions of these addresses, to show them before a letter is sent."""
    return _of(db, team_key, addresses, REASONS)


def refusal(found: Suppression) -> str:
    """Why a letter to the address is not sent, and what the user can do."""
    if found.reason == BOUNCE:
        return f"{sentence(found)}. Correct the address, or send with overrideBounces to this recipient alone"
    return f"{sentence(found)}: remove it from the list first"


def sentence(found: Suppression) -> str:
    """Why no mail is sent to the address, in a sentence for users."""
    match found.reason:
        case "bounce":
            answer = f": {found.text or found.code}" if found.text or found.code else ""
            return f"Mail to {found.address} came back{answer}"
        case "complaint":
            return f"{found.address} marked an earlier mail as spam"
        case "unsubscribe":
            return f"{found.address} unsubscribed"
    return f"{found.address} is on the list of addresses that get no mail"
