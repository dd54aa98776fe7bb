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
_PASSED = re.compile(rb"\b(?:dmarc|dkim|spf)\s*=\s*pass\b", re.IGNORECASE)
_FAILED = re.compile(rb"\bdmarc\s*=\s*(?:fail|reject|quarantine)\b", re.IGNORECASE)


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
    wanted = {token for token in tokens if len(token) == TOKEN}
    if not wanted:
        return None
    sql = "SELECT key FROM pipelines WHERE team_key = :team AND trashed_at IS NULL ORDER BY key"
    for (key,) in db.rows(sql, team=mailbox.team_key):
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
    if row is not None and is_authentic(headers):
        return decision
    return Decision(SUGGEST, "sender", candidates=decision.box_keys or decision.candidates)


def is_authentic(headers: bytes) -> bool:
    """Whether the last mail server on the way confirmed the sender. Only the first such header is its own."""
    found = _RESULTS.search(headers)
    return bool(found and _PASSED.search(found[1]) and not _FAILED.search(found[1]))


def _token(db: Db, pipeline_key: str) -> str:
    row = db.row("SELECT value FROM secrets WHERE name = 'links'")
    assert row is not None
    return hmac.digest(bytes.fromhex(row[0]), f"dropbox:{pipeline_key}".encode(), hashlib.sha256).hex()[:TOKEN]
