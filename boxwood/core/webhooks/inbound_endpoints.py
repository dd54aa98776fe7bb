"""Inbound webhooks: secret addresses that other programs call to start something here.

An endpoint's address holds a token of 32 random bytes, stored as a digest. Several are good at once while one
replaces another.
"""

from __future__ import annotations

import hashlib
import secrets
from typing import Any

import msgspec

from ...db.engine import Db
from ...db.records import Table
from ...errors import Conflict, Forbidden, Invalid, NotFound
from ...lib import client_address, ids, signing, templates
from ...lib.address_rules import is_header_name
from ...lib.template_filters import TemplateError
from .. import access, cel, events, pipelines, trash, undo_data
from ..access import Role
from ..context import Ctx
from ..people import endpoint_quota, teams
from ..records import Pipeline, Team
from . import secret_rotation

METHODS = ("GET", "POST", "PATCH", "PUT")
NONE, STANDARD, GITHUB, STRIPE, SHARED = SIGNATURES = ("NONE", "STANDARD", "GITHUB", "STRIPE", "SHARED")
BY_NOTHING, BY_HEADER, BY_PATH = "", "header", "path"
NAMES = ("method", "query", "headers", "body")
"""What a condition may ask about."""
SHARED_HEADER = "X-Webhook-Secret"
# What a sender of this kind tells repetitions of one request by, where the endpoint says nothing else.
_REPEATS = {STANDARD: (BY_HEADER, "webhook-id"), GITHUB: (BY_HEADER, "X-GitHub-Delivery"), STRIPE: (BY_PATH, "id")}
MOST_TOKENS = 8
MOST_ADDRESSES = 200
SHOWN = 6


class Endpoint(msgspec.Struct, frozen=True):
    key: str
    name: str
    pipeline_key: str | None
    team_key: str | None
    user_key: str
    method: str
    signature: str
    signature_header: str
    """Of a shared secret: the header that shows it."""
    secret: str | None
    previous_secret: str | None
    previous_until: int | None
    addresses: list[str]
    """Only from these addresses and networks; empty for all."""
    repeat_by: str
    repeat_at: str
    """Where a request says by what its repetitions are told: a header's name, or a path (template) in the body."""
    condition: str
    """In CEL: only requests of which it holds start something; empty for all."""
    active: bool
    created_at: int
    updated_at: int

    def secrets(self, now: int) -> list[str]:
        """The secrets that a request may be signed with now."""
        return secret_rotation.valid_secrets(self.secret, self.previous_secret, self.previous_until, now)


class Token(msgspec.Struct, frozen=True):
    digest: str
    key: str
    endpoint_key: str
    prefix: str
    created_at: int
    ends_at: int | None
    """Good until then; None for as long as the endpoint is."""


class EndpointUpdate(msgspec.Struct, frozen=True):
    """What an event says of an endpoint: nothing by which it could be called."""

    key: str
    name: str
    method: str
    user_key: str


INBOUND = Table("inbound", Endpoint)
EDITED = (
    *("name", "method", "active", "addresses", "condition", "repeat_by", "repeat_at"),
    *("signature", "signature_header", "secret"),
)
"""What an edit may change."""
TOKENS = Table("inbound_tokens", Token)


# Looking


def find(db: Db, token: str, now: int) -> Endpoint | None:
    """Whose token it is. One look-up by a digest, whatever was given: it takes the same time for all."""
    row = db.row(
        f"""
        SELECT {INBOUND.of("i")} FROM inbound_tokens t JOIN inbound i ON i.key = t.endpoint_key
        WHERE t.digest = :digest AND (t.ends_at IS NULL OR t.ends_at > :now) AND i.active
            AND NOT EXISTS (SELECT 1 FROM pipelines p WHERE p.key = i.pipeline_key AND p.trashed_at IS NOT NULL)
        """,
        digest=digest(token),
        now=now,
    )
    return INBOUND.load(row) if row else None


def digest(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def get(ctx: Ctx, key: str) -> Endpoint:
    """One's own, or anyone's where one may change the pipeline (owns the team)."""
    return _reach(ctx, key, "")


def _reach(ctx: Ctx, key: str, lock: str) -> Endpoint:
    row = ctx.db.row(f"SELECT {INBOUND.columns} FROM inbound WHERE key = :key{lock}", key=key)
    if row is None:
        raise NotFound(key)
    endpoint = INBOUND.load(row)
    try:
        pipeline, role, team = _place(ctx, endpoint.pipeline_key, endpoint.team_key)
    except NotFound:
        raise NotFound(key) from None
    if endpoint.user_key != ctx.actor.key and not _governs(ctx, pipeline, role, team):
        raise NotFound(key)
    return endpoint


def _place(
    ctx: Ctx, pipeline_key: str | None, team_key: str | None
) -> tuple[Pipeline | None, Role | None, Team | None]:
    if pipeline_key is not None:
        return *pipelines.reach(ctx, pipeline_key), None
    return None, None, teams.get(ctx, team_key or "")


def _governs(ctx: Ctx, pipeline: Pipeline | None, role: Role | None, team: Team | None) -> bool:
    if pipeline is not None and role is not None:
        return access.allows(ctx, role, "PIPELINE", "UPDATE", pipeline)
    assert team is not None
    try:
        teams.require_owner(ctx, team)
    except Forbidden:
        return False
    return True


def in_place(ctx: Ctx, pipeline_key: str | None, team_key: str | None, *, limit: int, offset: int) -> list[Endpoint]:
    """Those of a pipeline or of a team: everybody's for those who govern it, else one's own. The oldest first."""
    pipeline, role, team = _place(ctx, pipeline_key, team_key)
    own = "" if _governs(ctx, pipeline, role, team) else "AND user_key = :actor"
    rows = ctx.db.rows(
        f"""
        SELECT {INBOUND.columns} FROM inbound
        WHERE {"pipeline_key" if pipeline else "team_key"} = :place {own}
        ORDER BY created_at, key LIMIT :limit OFFSET :offset
        """,
        place=pipeline_key if pipeline else team_key,
        limit=limit,
        offset=offset,
        **({"actor": ctx.actor.key} if own else {}),
    )
    return INBOUND.load_all(rows)


def tokens(ctx: Ctx, endpoint: Endpoint) -> list[Token]:
    """Those that are good now, the oldest first."""
    rows = ctx.db.rows(
        f"""
        SELECT {TOKENS.columns} FROM inbound_tokens
        WHERE endpoint_key = :endpoint AND (ends_at IS NULL OR ends_at > :now) ORDER BY created_at, key
        """,
        endpoint=endpoint.key,
        now=ctx.now,
    )
    return TOKENS.load_all(rows)


# Changing


def create(
    ctx: Ctx, pipeline_key: str | None, team_key: str | None, given: dict[str, Any], most: int
) -> tuple[Endpoint, str]:
    """The endpoint and its token, which is nowhere else. `most` native endpoints may a team have; 0 for any."""
    pipeline, role, team = _place(ctx, pipeline_key, team_key)
    if pipeline is not None and role is not None:
        access.require(ctx, role, "PIPELINE", "UPDATE", pipeline)
    endpoint_quota.require(ctx, pipeline.team_key if pipeline else team.key if team else "", most)
    blank = Endpoint(
        key=ids.new("h", ctx.now),
        name="",
        pipeline_key=pipeline.key if pipeline else None,
        team_key=team.key if team else None,
        user_key=ctx.actor.key,
        method="POST",
        signature=NONE,
        signature_header=SHARED_HEADER,
        secret=None,
        previous_secret=None,
        previous_until=None,
        addresses=[],
        repeat_by=BY_NOTHING,
        repeat_at="",
        condition="",
        active=True,
        created_at=ctx.now,
        updated_at=ctx.now,
    )
    endpoint = _changed(ctx, blank, given)
    if not {"repeat_header", "repeat_path"} & given.keys() and endpoint.signature in _REPEATS:
        by, at = _REPEATS[endpoint.signature]
        endpoint = msgspec.structs.replace(endpoint, repeat_by=by, repeat_at=at)
    INBOUND.insert(ctx.db, endpoint)
    token = _new_token(ctx, endpoint)
    tell(ctx, "inbound.created", endpoint)
    return endpoint, token


def edit(ctx: Ctx, key: str, given: dict[str, Any]) -> Endpoint:
    """Change what is named and differs. A secret that is replaced stays good for a day."""
    before = _reach(ctx, key, ctx.db.for_update)
    after = _changed(ctx, before, given)
    if after == before:
        return before
    after = msgspec.structs.replace(after, updated_at=ctx.now)
    INBOUND.update(ctx.db, after)
    undo_data.store_members(ctx, tell(ctx, "inbound.edited", after), before, after, EDITED)
    return after


def rotate(ctx: Ctx, key: str, overlap: int | None) -> tuple[Endpoint, str]:
    """A new token. Those before stay good for `overlap` ms (a day)."""
    endpoint = _reach(ctx, key, ctx.db.for_update)
    overlap = secret_rotation.check_overlap(overlap)
    if len(tokens(ctx, endpoint)) >= MOST_TOKENS and overlap:
        raise Conflict(f"{MOST_TOKENS} tokens are good at once at most: end one first")
    ctx.db.run(
        "UPDATE inbound_tokens SET ends_at = :end WHERE endpoint_key = :key AND (ends_at IS NULL OR ends_at > :end)",
        key=key,
        end=ctx.now + overlap,
    )
    ctx.db.run("DELETE FROM inbound_tokens WHERE endpoint_key = :key AND ends_at <= :now", key=key, now=ctx.now)
    token = _new_token(ctx, endpoint)
    tell(ctx, "inbound.edited", endpoint)
    return endpoint, token


def end_token(ctx: Ctx, key: str, token_key: str) -> Endpoint:
    """Refuse it from now on."""
    endpoint = _reach(ctx, key, ctx.db.for_update)
    if not ctx.db.run(
        "DELETE FROM inbound_tokens WHERE endpoint_key = :key AND key = :token", key=endpoint.key, token=token_key
    ):
        raise NotFound(token_key)
    tell(ctx, "inbound.edited", endpoint)
    return endpoint


def delete(ctx: Ctx, key: str) -> None:
    """With what was sent to it; the trash keeps it and its tokens."""
    endpoint = _reach(ctx, key, ctx.db.for_update)
    trash.store(ctx, "inbound", key, endpoint.name or endpoint.method)
    ctx.db.run("DELETE FROM inbound WHERE key = :key", key=endpoint.key)
    tell(ctx, "inbound.deleted", endpoint)


def _new_token(ctx: Ctx, endpoint: Endpoint) -> str:
    token = secrets.token_urlsafe(32)
    TOKENS.insert(ctx.db, Token(digest(token), ids.new("q", ctx.now), endpoint.key, token[:SHOWN], ctx.now, None))
    return token


def tell(ctx: Ctx, kind: str, endpoint: Endpoint) -> int:
    """Only its owner is told, as of a subscription. The event's number."""
    news = EndpointUpdate(endpoint.key, endpoint.name, endpoint.method, endpoint.user_key)
    return events.record(ctx, kind, news, subject=endpoint.name or f"of {endpoint.method} requests")


# What an edit may change


def _changed(ctx: Ctx, endpoint: Endpoint, given: dict[str, Any]) -> Endpoint:
    changes: dict[str, Any] = {}
    for name in ("name", "method", "active"):
        if given.get(name) is not None:
            changes[name] = given[name]
    if "addresses" in given:
        changes["addresses"] = _addresses(given["addresses"])
    if "condition" in given:
        changes["condition"] = (given["condition"] or "").strip()
        if changes["condition"]:
            cel.check(changes["condition"], NAMES, "condition")
    changes |= _signed(ctx, endpoint, given)
    changes |= _repeated(given)
    return msgspec.structs.replace(endpoint, **changes)


def _addresses(texts: list[str]) -> list[str]:
    if len(texts) > MOST_ADDRESSES:
        raise Invalid("addresses", f"at most {MOST_ADDRESSES}")
    try:
        return [str(network) for network in client_address.read_networks(texts)]
    except ValueError as error:
        raise Invalid("addresses", str(error)) from None


def _signed(ctx: Ctx, endpoint: Endpoint, given: dict[str, Any]) -> dict[str, Any]:
    """How it is signed from now on, with what secret: one that is given, else the one there is, else a new one."""
    signature = given.get("signature") or endpoint.signature
    header = given.get("signature_header") or endpoint.signature_header
    if not is_header_name(header):
        raise Invalid("signatureHeader", "is no header's name")
    changes: dict[str, Any] = {"signature": signature, "signature_header": header}
    if signature == NONE:
        if given.get("secret"):
            raise Invalid("secret", "is of use only with a signature")
        return {**changes, "secret": None, "previous_secret": None, "previous_until": None}
    if given.get("secret"):
        secret = _checked_secret(signature, given["secret"])
    elif signature == endpoint.signature:
        return changes
    elif signature == STRIPE:
        raise Invalid("secret", "is missing: Stripe gives it to you as whsec_…")
    else:
        secret = signing.new_secret() if signature == STANDARD else secrets.token_urlsafe(32)
    if secret == endpoint.secret:
        return changes
    replaced = endpoint.secret if signature == endpoint.signature else None
    return {**changes, **secret_rotation.replace(replaced, secret, ctx.now)}


def _checked_secret(signature: str, secret: str) -> str:
    if signature == STANDARD:
        try:
            signing.check_verifying_secret(secret)
        except signing.BadSecret as bad:
            raise Invalid("secret", str(bad)) from None
    elif not (secret.isascii() and secret.isprintable() and 8 <= len(secret) <= 512):
        raise Invalid("secret", "is 8 to 512 characters of plain ASCII")
    return secret


def _repeated(given: dict[str, Any]) -> dict[str, str]:
    """By what repetitions are told: one of the two ways, or none."""
    if not {"repeat_header", "repeat_path"} & given.keys():
        return {}
    header, path = str(given.get("repeat_header") or ""), str(given.get("repeat_path") or "")
    if header and path:
        raise Invalid("repeatPath", "name either a header or a path, not both")
    if header:
        if not is_header_name(header):
            raise Invalid("repeatHeader", "is no header's name")
        return {"repeat_by": BY_HEADER, "repeat_at": header}
    if path:
        try:
            repeat_template(path)
        except TemplateError as error:
            raise Invalid("repeatPath", str(error)) from None
        return {"repeat_by": BY_PATH, "repeat_at": path}
    return {"repeat_by": BY_NOTHING, "repeat_at": ""}


def repeat_template(text: str) -> templates.Template:
    """`data.id`, `$.data.id`, or a template such as `{{ type }}-{{ data.id }}`, over the body."""
    return templates.parse(text if "{{" in text else f"{{{{ {text.removeprefix('$.')} }}}}")
