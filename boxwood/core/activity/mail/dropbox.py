"""Dropbox addresses: mail to the address of a pipeline goes to that pipeline.

A mailbox of the kind dropbox, such as drop@crm.example, takes the mail of all addresses of its team:
`drop+TOKEN@crm.example`. The token names one pipeline, and cannot be guessed.
"""

from __future__ import annotations

import hashlib
import hmac
import re

from ....db.engine import Db
from ....errors import Conflict
from ....lib.mail import Mail
from ... import pipelines
from ...context import Ctx
from .matching import SUGGEST, Decision
from .records import DROPBOX, Mailbox

TOKEN = 20
_RESULTS = re.compile(rb"^authentication-results[ \t]*:((?:.*(?:\r?\n[ \t].*)*))", re.IGNORECASE | re.MULTILINE)
_COMMENT = re.compile(r"\([^()]*\)")
_FAILED = ("fail", "reject", "quarantine")
_CONFIRMS = {"dkim": ("header.d", "header.i"), "spf": ("smtp.mailfrom",)}
"""The methods that confirm a domain, and the properties that say which."""


def address(ctx: Ctx, pipeline_key: str) -> str:
    """The address of a pipeline. Raises `Conflict` if the team has no dropbox mailbox."""
    pipeline, _ = pipelines.reach(ctx, pipeline_key)
    row = ctx.db.row(
        f"SELECT address FROM mailboxes WHERE team_key = :team AND kind = '{DROPBOX}' ORDER BY created_at LIMIT 1",
        team=pipeline.team_key,
    )
    if row is None:
        raise Conflict("The team has no dropbox mailbox: an owner of the team adds a mailbox of the kind dropbox first")
    user, _, domain = row[0].partition("@")
    return f"{user.partition('+')[0]}+{_token(ctx.db, pipeline.key)}@{domain}"


def pipeline_of(db: Db, mailbox: Mailbox, mail: Mail) -> str | None:
    """The pipeline whose address the mail was sent to."""
    tokens = {
        address.email.partition("@")[0].partition("+")[2]
        for address in [*mail.to, *mail.cc, *mail.bcc]
        if address.email.partition("@")[2] == mailbox.address.partition("@")[2]
    }
    return pipeline_with(db, mailbox.team_key, tokens)


def pipeline_with(db: Db, team_key: str, tokens: set[str]) -> str | None:
    """The pipeline of the team whose address has one of these tokens."""
    wanted = {token for token in tokens if len(token) == TOKEN}
    if not wanted:
        return None
    sql = "SELECT key FROM pipelines WHERE team_key = :team AND trashed_at IS NULL ORDER BY key"
    for (key,) in db.rows(sql, team=team_key):
        if _token(db, key) in wanted:
            return str(key)
    return None


def checked(db: Db, mailbox: Mailbox, mail: Mail, headers: bytes, decision: Decision) -> Decision:
    """The decision, if the mail comes from a member of the team and our mail server confirmed the sender. Other mail
    waits, so that strangers cannot write on boxes."""
    sender = mail.sender.email if mail.sender else ""
    row = db.row(
        "SELECT 1 FROM users u JOIN team_members m ON m.user_key = u.key "
        "WHERE m.team_key = :team AND u.email = :sender AND m.role IN ('Member', 'Owner')",
        team=mailbox.team_key,
        sender=sender,
    )
    if row is not None and is_authentic(headers, sender):
        return decision
    return Decision(SUGGEST, "sender", candidates=decision.box_keys or decision.candidates)


def is_authentic(headers: bytes, sender: str) -> bool:
    """Whether the last mail server on the way confirmed the sender: by DMARC, or by a DKIM signature or the SPF record
    of the sender's own domain, or because the sender signed in there. Only the first such header is its own."""
    found = _RESULTS.search(headers)
    if found is None or not sender:
        return False
    results = [_result(part) for part in _COMMENT.sub(" ", found[1].decode("latin-1").lower()).split(";")[1:]]
    if any(method == "dmarc" and verdict in _FAILED for method, verdict, _ in results):
        return False
    return any(
        verdict == "pass"
        and (
            method == "dmarc"
            or (method == "auth" and properties.get("smtp.auth") == sender)
            or any(_is_of(properties.get(name, ""), sender) for name in _CONFIRMS.get(method, ()))
        )
        for method, verdict, properties in results
    )


def _result(part: str) -> tuple[str, str, dict[str, str]]:
    """Method, verdict and properties of a result such as `dkim=pass header.d=example.com`."""
    words = [word.partition("=") for word in re.sub(r"\s*=\s*", "=", part).split()]
    if not words:
        return "", "", {}
    return words[0][0], words[0][2], {name: value.strip('"') for name, _, value in words[1:]}


def _is_of(confirmed: str, sender: str) -> bool:
    """Whether the domain that was confirmed, alone or in an address, belongs to the sender."""
    domain, own = confirmed.rpartition("@")[2], sender.rpartition("@")[2]
    return bool(domain) and (domain == own or own.endswith(f".{domain}") or domain.endswith(f".{own}"))


def _token(db: Db, pipeline_key: str) -> str:
    row = db.row("SELECT value FROM secrets WHERE name = 'links'")
    assert row is not None
    return hmac.digest(bytes.fromhex(row[0]), f"dropbox:{pipeline_key}".encode(), hashlib.sha256).hex()[:TOKEN]
