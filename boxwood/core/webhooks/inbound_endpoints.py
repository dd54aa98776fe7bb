"""Inbound webhooks: secret URLs that other programs call to start automations.

The URL of an endpoint contains a token of 32 random bytes; the token is stored as a digest. Several tokens can be valid
at once during a rotation.
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
from ..accounts import makers
from ..context import Ctx
from ..people import endpoint_quota, teams
from ..records import Pipeline, Team
from ..records.scopes import ADMIN
from . import secret_rotation

METHODS = ("GET", "POST", "PATCH", "PUT")
NONE, STANDARD, GITHUB, STRIPE, SHARED, SLACK, ZOOM, DROPBOX = SIGNATURES = (
    *("NONE", "STANDARD", "GITHUB", "STRIPE", "SHARED"),
    *("SLACK", "ZOOM", "DROPBOX"),
)
_ISSUERS = {STRIPE: "Stripe, where it begins with whsec_", SLACK: "Slack: Signing Secret", ZOOM: "Zoom: Secret Token"}
_ISSUERS[DROPBOX] = "Dropbox: App secret"
"""Where users find the secrets that only the sender issues."""
BY_NOTHING, BY_HEADER, BY_PATH = "", "header", "path"
CONDITION_NAMES = ("method", "query", "headers", "body")
"""The names in a condition."""
SHARED_HEADER = "X-Webhook-Secret"
# Where a sender of this kind puts the id of a request, if the endpoint names no other place.
_ID_PLACES = {STANDARD: (BY_HEADER, "webhook-id"), GITHUB: (BY_HEADER, "X-GitHub-Delivery"), STRIPE: (BY_PATH, "id")}
_ID_PLACES[SLACK] = (BY_PATH, "event_id")
MOST_TOKENS = 8
MOST_ADDRESSES = 200
PREFIX_LENGTH = 6
"""Characters of a token that are stored, so that users recognize it."""


class Endpoint(msgspec.Struct, frozen=True):
    """An inbound webhook of a pipeline or a team."""

    key: str
    name: str
    pipeline_key: str | None
    team_key: str | None
    user_key: str
    method: str
    signature: str
    signature_header: str
    """The header that contains the secret, for signature `SHARED`."""
    secret: str | None
    previous_secret: str | None
    previous_until: int | None
    addresses: list[str]
    """The addresses and networks that may call it; empty for all."""
    repeat_by: str
    repeat_at: str
    """Where the id of a request is, which repetitions share: a header's name, or a path or template in the body."""
    condition: str
    """In CEL: only requests for which it is true start automations; empty for all."""
    active: bool
    created_at: int
    updated_at: int
    verify_digest: str = ""
    """The digest of the verify token that Meta shows when it checks the address; empty if there is none."""
    maker: str | None = None
    """The API key through which it was saved last (see `accounts/makers`)."""

    def secrets(self, now: int) -> list[str]:
        """The secrets that a request may be signed with now."""
        return secret_rotation.valid_secrets(self.secret, self.previous_secret, self.previous_until, now)


class Token(msgspec.Struct, frozen=True):
    """The secret part of an endpoint's URL, as it is stored."""

    digest: str
    key: str
    endpoint_key: str
    prefix: str
    created_at: int
    ends_at: int | None
    """When it expires; None if it does not."""


class EndpointUpdate(msgspec.Struct, frozen=True):
    """What an event reports about an endpoint: nothing that helps to call it."""

    key: str
    name: str
    method: str
    user_key: str


INBOUND = Table("inbound", Endpoint)
EDITED = (
    *("name", "method", "active", "addresses", "condition", "repeat_by", "repeat_at"),
    *("signature", "signature_header", "secret", "verify_digest"),
)
"""What an edit may change."""
TOKENS = Table("inbound_tokens", Token)


# Reading


def find(db: Db, token: str, now: int) -> Endpoint | None:
    """The active endpoint that the token belongs to. Every token takes the same time: one look-up by its digest."""
    row = db.row(
        f"""
        SELECT {INBOUND.of("i")} FROM inbound_tokens t JOIN inbound i ON i.key = t.endpoint_key
        WHERE t.digest = :digest AND (t.ends_at IS NULL OR t.ends_at > :now) AND i.active
            AND (EXISTS (
                SELECT 1 FROM pipelines p
                WHERE p.key = i.pipeline_key AND {access.role_of("i.user_key")} IS NOT NULL
            ) OR EXISTS (
                SELECT 1 FROM team_members m
                WHERE m.team_key = i.team_key AND m.user_key = i.user_key AND m.role IN ('Member', 'Owner')))
        """,
        digest=digest(token),
        now=now,
    )
    endpoint = INBOUND.load(row) if row else None
    if endpoint is None or not makers.may(db, endpoint.maker, now, [("webhooks", ADMIN)], endpoint.pipeline_key):
        return None
    return endpoint


def digest(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def get(ctx: Ctx, key: str) -> Endpoint:
    """The actor's own endpoint, or any endpoint of a pipeline the actor may change, or a team the actor owns.

    Raises `NotFound`.
    """
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
    if endpoint.user_key != ctx.actor.key and not _may_change_all(ctx, pipeline, role, team):
        raise NotFound(key)
    return endpoint


def _place(
    ctx: Ctx, pipeline_key: str | None, team_key: str | None
) -> tuple[Pipeline | None, Role | None, Team | None]:
    if pipeline_key is not None:
        return *pipelines.reach(ctx, pipeline_key), None
    return None, None, teams.get_whole(ctx, team_key or "")


def _may_change_all(ctx: Ctx, pipeline: Pipeline | None, role: Role | None, team: Team | None) -> bool:
    if pipeline is not None and role is not None:
        return access.allows(ctx, role, "PIPELINE", "UPDATE", pipeline)
    assert team is not None
    try:
        teams.require_owner(ctx, team)
    except Forbidden:
        return False
    return True


def list_in(ctx: Ctx, pipeline_key: str | None, team_key: str | None, *, limit: int, offset: int) -> list[Endpoint]:
    """Endpoints of a pipeline or a team, the oldest first: all for users who may change it, else the actor's own."""
    pipeline, role, team = _place(ctx, pipeline_key, team_key)
    own = "" if _may_change_all(ctx, pipeline, role, team) else "AND user_key = :actor"
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
    """The valid tokens of the endpoint, the oldest first."""
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
    """Returns the new endpoint and its token, which cannot be read later.

    A team may have `most` native endpoints; 0 means any number.
    """
    pipeline, role, team = _place(ctx, pipeline_key, team_key)
    if pipeline is not None and role is not None:
        access.require(ctx, role, "PIPELINE", "UPDATE", pipeline)
    if team is not None:
        teams.get_to_work_in(ctx, team.key)
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
    endpoint = _with_changes(ctx, blank, given)
    if not {"repeat_header", "repeat_path"} & given.keys() and endpoint.signature in _ID_PLACES:
        by, at = _ID_PLACES[endpoint.signature]
        endpoint = msgspec.structs.replace(endpoint, repeat_by=by, repeat_at=at)
    endpoint = msgspec.structs.replace(endpoint, maker=makers.maker_of(ctx))
    INBOUND.insert(ctx.db, endpoint)
    token = _new_token(ctx, endpoint)
    record_event(ctx, "inbound.created", endpoint)
    return endpoint, token


def edit(ctx: Ctx, key: str, given: dict[str, Any]) -> Endpoint:
    """Apply the given values that differ. A replaced secret stays valid for a day."""
    before = _reach(ctx, key, ctx.db.for_update)
    after = _with_changes(ctx, before, given)
    if after == before:
        return before
    after = msgspec.structs.replace(after, updated_at=ctx.now, maker=makers.maker_of(ctx))
    INBOUND.update(ctx.db, after)
    undo_data.store_members(ctx, record_event(ctx, "inbound.edited", after), before, after, EDITED)
    return after


def rotate(ctx: Ctx, key: str, overlap: int | None) -> tuple[Endpoint, str]:
    """Add a new token, which is returned. Previous tokens stay valid for `overlap` milliseconds, by default a day."""
    endpoint = _reach(ctx, key, ctx.db.for_update)
    overlap = secret_rotation.check_overlap(overlap)
    if len(tokens(ctx, endpoint)) >= MOST_TOKENS and overlap:
        raise Conflict(f"At most {MOST_TOKENS} tokens are valid at once: end one first")
    ctx.db.run(
        "UPDATE inbound_tokens SET ends_at = :end WHERE endpoint_key = :key AND (ends_at IS NULL OR ends_at > :end)",
        key=key,
        end=ctx.now + overlap,
    )
    ctx.db.run("DELETE FROM inbound_tokens WHERE endpoint_key = :key AND ends_at <= :now", key=key, now=ctx.now)
    token = _new_token(ctx, endpoint)
    endpoint = msgspec.structs.replace(endpoint, maker=makers.maker_of(ctx))
    INBOUND.update(ctx.db, endpoint, "maker")
    record_event(ctx, "inbound.edited", endpoint)
    return endpoint, token


def end_token(ctx: Ctx, key: str, token_key: str) -> Endpoint:
    """End a token at once: requests with it are refused."""
    endpoint = _reach(ctx, key, ctx.db.for_update)
    if not ctx.db.run(
        "DELETE FROM inbound_tokens WHERE endpoint_key = :key AND key = :token", key=endpoint.key, token=token_key
    ):
        raise NotFound(token_key)
    record_event(ctx, "inbound.edited", endpoint)
    return endpoint


def delete(ctx: Ctx, key: str) -> None:
    """Move it and its tokens to the trash. Its stored requests are deleted."""
    endpoint = _reach(ctx, key, ctx.db.for_update)
    trash.store(ctx, "inbound", key, endpoint.name or endpoint.method)
    ctx.db.run("DELETE FROM inbound WHERE key = :key", key=endpoint.key)
    record_event(ctx, "inbound.deleted", endpoint)


def _new_token(ctx: Ctx, endpoint: Endpoint) -> str:
    token = secrets.token_urlsafe(32)
    TOKENS.insert(
        ctx.db, Token(digest(token), ids.new("q", ctx.now), endpoint.key, token[:PREFIX_LENGTH], ctx.now, None)
    )
    return token


def record_event(ctx: Ctx, kind: str, endpoint: Endpoint) -> int:
    """Record an event that only the owner sees, as for subscriptions. Returns the event's number."""
    update = EndpointUpdate(endpoint.key, endpoint.name, endpoint.method, endpoint.user_key)
    return events.record(ctx, kind, update, subject=endpoint.name or f"of {endpoint.method} requests")


# What an edit may change


def _with_changes(ctx: Ctx, endpoint: Endpoint, given: dict[str, Any]) -> Endpoint:
    changes: dict[str, Any] = {}
    for name in ("name", "method", "active"):
        if given.get(name) is not None:
            changes[name] = given[name]
    if "addresses" in given:
        changes["addresses"] = _addresses(given["addresses"])
    if "condition" in given:
        changes["condition"] = (given["condition"] or "").strip()
        if changes["condition"]:
            cel.check(changes["condition"], CONDITION_NAMES, "condition")
    if "verify_token" in given:
        changes["verify_digest"] = _verify_digest(given["verify_token"] or "")
    changes |= _signature_changes(ctx, endpoint, given)
    changes |= _repeat_changes(given)
    return msgspec.structs.replace(endpoint, **changes)


def _addresses(texts: list[str]) -> list[str]:
    if len(texts) > MOST_ADDRESSES:
        raise Invalid("addresses", f"must not have more than {MOST_ADDRESSES} entries")
    try:
        return [str(network) for network in client_address.read_networks(texts)]
    except ValueError as error:
        raise Invalid("addresses", str(error)) from None


def _signature_changes(ctx: Ctx, endpoint: Endpoint, given: dict[str, Any]) -> dict[str, Any]:
    """The signature and secret from now on: the given secret, else the present one, else a new one."""
    signature = given.get("signature") or endpoint.signature
    header = given.get("signature_header") or endpoint.signature_header
    if not is_header_name(header):
        raise Invalid("signatureHeader", "must be the name of a header")
    changes: dict[str, Any] = {"signature": signature, "signature_header": header}
    if signature == NONE:
        if given.get("secret"):
            raise Invalid("secret", "must be empty without a signature")
        return {**changes, "secret": None, "previous_secret": None, "previous_until": None}
    if given.get("secret"):
        secret = _checked_secret(signature, given["secret"])
    elif signature == endpoint.signature:
        return changes
    elif signature in _ISSUERS:
        raise Invalid("secret", f"is missing: copy it from {_ISSUERS[signature]}")
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
        raise Invalid("secret", "must be 8 to 512 characters of plain ASCII")
    return secret


def _verify_digest(token: str) -> str:
    if token and not 8 <= len(token) <= 200:
        raise Invalid("verifyToken", "must be 8 to 200 characters")
    return digest(token) if token else ""


def _repeat_changes(given: dict[str, Any]) -> dict[str, str]:
    """Where the id of a request is: in a header, in the body, or nowhere."""
    if not {"repeat_header", "repeat_path"} & given.keys():
        return {}
    header, path = str(given.get("repeat_header") or ""), str(given.get("repeat_path") or "")
    if header and path:
        raise Invalid("repeatPath", "name either a header or a path, not both")
    if header:
        if not is_header_name(header):
            raise Invalid("repeatHeader", "must be the name of a header")
        return {"repeat_by": BY_HEADER, "repeat_at": header}
    if path:
        try:
            repeat_template(path)
        except TemplateError as error:
            raise Invalid("repeatPath", str(error)) from None
        return {"repeat_by": BY_PATH, "repeat_at": path}
    return {"repeat_by": BY_NOTHING, "repeat_at": ""}


def repeat_template(text: str) -> templates.Template:
    """A template over the body, from `data.id`, `$.data.id`, or a text such as `{{ type }}-{{ data.id }}`."""
    return templates.parse(text if "{{" in text else f"{{{{ {text.removeprefix('$.')} }}}}")
