"""What API keys leave behind: webhooks, inbound webhooks, calendar feeds, automations and imports.

Each of these records holds its maker: the API key through which it was saved last, or None if a user saved it in a
session. It does no more than this key may do now, so that a key that is limited, expires or is revoked leaves nothing
behind that does more. What a key without limits has saved stays when the key is revoked.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from ...db.engine import Db
from ..context import Ctx
from ..records import Scopes
from ..records.scopes import READ
from .key_limits import Limits

NOTHING = Scopes({})
_limits = msgspec.json.Decoder(Limits).decode


def maker_of(ctx: Ctx) -> str | None:
    """The key of the API key that acts; None if none acts."""
    noun, _, key = ctx.via.partition(":")
    return key if noun == "key" else None


def rights_now(db: Db, maker: str | None, now: int) -> tuple[Scopes | None, bool]:
    """The scopes that the maker has now, None for all rights of its user, and whether it may only propose."""
    if not maker:
        return None, False
    row = db.row("SELECT limits, client_key, proposes FROM api_keys WHERE key = :key", key=maker)
    if row is None:
        return (NOTHING if _has_ended(db, maker) else None), False
    limits = _limits(row[0]) if row[0] else Limits()
    # The key of an app gets a later end whenever the app renews it.
    is_over = row[1] is None and limits.expires_at is not None and limits.expires_at <= now
    return (NOTHING if is_over else limits.scopes), bool(row[2])


def may(db: Db, maker: str | None, now: int, needs: Sequence[tuple[str, str]], pipeline_key: str | None) -> bool:
    """Whether the maker may do what needs these nouns and levels in this pipeline, or without one in the whole team."""
    scopes, proposes = rights_now(db, maker, now)
    if proposes and any(level != READ for _, level in needs):
        return False
    return scopes is None or (
        all(scopes.allows(noun, level) for noun, level in needs)
        and (not scopes.pipelines or pipeline_key in scopes.pipelines)
    )


def may_all(db: Db, maker: str | None, now: int) -> bool:
    """Whether the maker may do all that its user may do."""
    return rights_now(db, maker, now) == (None, False)


def is_limited(db: Db, maker: str | None) -> bool:
    """Whether the maker has any limit now, or had one when it was revoked."""
    if not maker:
        return False
    row = db.row("SELECT limits, proposes FROM api_keys WHERE key = :key", key=maker)
    return _has_ended(db, maker) if row is None else row[0] is not None or bool(row[1])


def note_end(db: Db, where: str, **params: object) -> None:
    """Remember the keys with limits that are deleted next. `where` is the SQL condition for them."""
    db.run(
        f"""
        INSERT INTO ended_keys (key) SELECT key FROM api_keys WHERE (limits IS NOT NULL OR proposes) AND ({where})
        ON CONFLICT (key) DO NOTHING
        """,
        **params,
    )


def _has_ended(db: Db, maker: str) -> bool:
    return db.row("SELECT 1 FROM ended_keys WHERE key = :key", key=maker) is not None
