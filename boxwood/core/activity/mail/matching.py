"""Which boxes a mail belongs to. Only its headers decide, so that the text of other mail is never read."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from ....errors import NotFound
from ....lib.mail import Mail
from ... import access, pipelines
from ...context import Ctx
from ...records import BOXES, Box
from . import blocks, rules
from .records import DROPBOX, PERSONAL, Mailbox
from .rules import MailRule

STORE, SKIP, SUGGEST = "store", "skip", "suggest"
MOST_CANDIDATES = 20
REPORT = "report"


class Decision(msgspec.Struct, frozen=True):
    """What happens with a mail."""

    kind: str
    """STORE, SKIP, or SUGGEST: the owner of the mailbox decides ("to be boxed")."""
    reason: str
    """Why: `thread`, `blocked`, `team`, `address`, `ambiguous`, `rule`, `list` or `unmatched`. `posted` or `chosen` if
    a user decided. REPORT: only the content says whether it is a mail server's report about a message of a box."""
    box_keys: list[str] = []
    """The boxes that get the mail."""
    candidates: list[str] = []
    """For SUGGEST: the boxes that fit."""
    rule_key: str = ""
    """The rule of a pipeline that fits. If `box_keys` is empty, it creates a box."""
    change_key: str = ""
    """The change in which a user decided."""


def decide(ctx: Ctx, mailbox: Mailbox, headers: list[Mail]) -> list[Decision]:
    """A decision for each mail, in their order. `headers` are at most 200 mails, of which only the headers are read. Of
    a mail server's report that was read whole, the message that it is about counts too.
    The actor is the mailbox's owner, or acts for the team; only boxes that the actor may change are matched."""
    known = _Known(ctx, mailbox, headers)
    return [known.decide(mail) for mail in headers]


class _Known:
    """What the decisions for a batch of mails need to know."""

    def __init__(self, ctx: Ctx, mailbox: Mailbox, headers: list[Mail]) -> None:
        self.mailbox = mailbox
        self.own = rules.team_addresses(ctx, mailbox.team_key) | {mailbox.address, *mailbox.aliases}
        self.blocked = blocks.for_mailbox(ctx, mailbox.team_key, mailbox.owner_key)
        self.by_id = _boxes_by_id(ctx, mailbox.team_key, {mail_id for mail in headers for mail_id in ids_of(mail)})
        self.unboxed = _unboxed(ctx, {mail_id for mail in headers for mail_id in ids_of(mail)})
        found = {address for mail in headers for address in addresses_of(mail) if not self._owns(address)}
        self.by_address = _boxes_by_address(ctx, mailbox.team_key, found)
        self.rules = rules.of_team(ctx, mailbox.team_key)
        keys = {key for found in (self.by_id, self.by_address) for keys in found.values() for key in keys}
        keys |= {rule.box_key for rule in self.rules if rule.box_key}
        self.boxes = _changeable(ctx, keys)
        if mailbox.kind == DROPBOX and mailbox.pipeline_key:
            self.boxes = {key: box for key, box in self.boxes.items() if box.pipeline_key == mailbox.pipeline_key}
            self.rules = [rule for rule in self.rules if rule.pipeline_key == mailbox.pipeline_key]

    def decide(self, mail: Mail) -> Decision:
        mail_ids = ids_of(mail)
        of_thread = {key for mail_id in mail_ids for key in self.by_id.get(mail_id, ()) if key in self.boxes}
        if of_thread:
            return Decision(STORE, "thread", sorted(of_thread))
        addresses = addresses_of(mail)
        if self._is_blocked(mail, addresses):
            return Decision(SKIP, "blocked")
        others = [address for address in addresses if not self._owns(address)]
        if not others:
            return self._unmatched("team")
        unboxed = {key for mail_id in mail_ids for key in self.unboxed.get(mail_id, ())}
        is_list = mail.list_id is not None
        fitting = self._fitting(others, is_list) - unboxed
        if len(fitting) == 1:
            return Decision(STORE, "address", sorted(fitting))
        if fitting:
            return Decision(SUGGEST, "ambiguous", candidates=sorted(fitting)[:MOST_CANDIDATES])
        if (rule := self._rule(mail, unboxed)) is not None:
            return Decision(STORE, "rule", [rule.box_key] if rule.box_key else [], rule_key=rule.key)
        if mail.may_report and not mail.digest and self.mailbox.kind == PERSONAL:
            return Decision(SKIP, REPORT)
        return self._unmatched("list" if is_list else "unmatched")

    def _owns(self, address: str) -> bool:
        return address in self.own or self.mailbox.owns(address)

    def _is_blocked(self, mail: Mail, found: list[str]) -> bool:
        """Whether the sender is blocked; for mail from the team: whether all other people are."""
        sender = mail.sender.email if mail.sender else ""
        if sender and sender not in self.own:
            return self._blocks(sender)
        others = [address for address in found if not self._owns(address)]
        return bool(others) and all(self._blocks(address) for address in others)

    def _blocks(self, address: str) -> bool:
        addresses, domains = self.blocked
        return address in addresses or blocks.is_within(address.rpartition("@")[2], domains)

    def _fitting(self, found: list[str], is_list: bool) -> set[str]:
        """The boxes that have one of these addresses. A box with the address on its whitelist comes before others. An
        address on a box's blacklist does not count for that box. Mail of a mailing list only fits whitelists, because
        its people are subscribers."""
        fitting: set[str] = set()
        listed: set[str] = set()
        for address in found:
            for key in self.by_address.get(address, ()):
                box = self.boxes.get(key)
                if box is None or address in box.emails.blacklist:
                    continue
                fitting.add(key)
                if address in box.emails.whitelist:
                    listed.add(key)
        return listed or (set() if is_list else fitting)

    def _rule(self, mail: Mail, unboxed: set[str]) -> MailRule | None:
        for rule in self.rules:
            gone = rule.box_key is not None and (rule.box_key not in self.boxes or rule.box_key in unboxed)
            if not gone and rule.fits(mail):
                return rule
        return None

    def _unmatched(self, reason: str) -> Decision:
        """A mailbox of the team keeps all its mail, for a user to decide."""
        if self.mailbox.kind == PERSONAL or reason == "team":
            return Decision(SKIP, reason)
        return Decision(SUGGEST, reason)


def ids_of(mail: Mail) -> list[str]:
    """The Message-IDs that say to which conversation a mail belongs: its own, and those that it refers to."""
    return [*([mail.message_id] if mail.message_id else []), *mail.references]


def addresses_of(mail: Mail) -> list[str]:
    return list(dict.fromkeys(person.email for person in mail.people if person.email))


def _grouped(rows: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for value, key in rows:
        found.setdefault(value, []).append(key)
    return found


def _boxes_by_id(ctx: Ctx, team_key: str, mail_ids: set[str]) -> dict[str, list[str]]:
    """The boxes of conversations by Message-ID. Private conversations of other users do not count: a match would show
    that they exist."""
    rows = ctx.db.rows(
        f"""
        SELECT DISTINCT i.message_id, i.box_key FROM mail_ids i
        JOIN boxes b ON b.key = i.box_key JOIN pipelines p ON p.key = b.pipeline_key
        WHERE {ctx.db.dialect.among("i.message_id", "ids")} AND p.team_key = :team AND p.trashed_at IS NULL
            AND {access.sees_mail("i.thread_key", access.PRIVATE_MAIL)}
        """,
        ids=ctx.db.texts(mail_ids),
        team=team_key,
        mail_owner=ctx.mail_owner,
    )
    return _grouped((row[0], row[1]) for row in rows)


def known_ids(ctx: Ctx, team_key: str, mail_ids: set[str]) -> set[str]:
    """Those of the Message-IDs that conversations of the team's boxes know."""
    return set(_boxes_by_id(ctx, team_key, mail_ids)) if mail_ids else set()


def _unboxed(ctx: Ctx, mail_ids: set[str]) -> dict[str, list[str]]:
    """The boxes from which the conversation with this Message-ID was removed."""
    among = ctx.db.dialect.among("message_id", "ids")
    rows = ctx.db.rows(f"SELECT message_id, box_key FROM unboxed_mail_ids WHERE {among}", ids=ctx.db.texts(mail_ids))
    return _grouped((row[0], row[1]) for row in rows)


def _boxes_by_address(ctx: Ctx, team_key: str, found: set[str]) -> dict[str, list[str]]:
    rows = ctx.db.rows(
        f"""
        SELECT a.address, a.box_key FROM box_addresses a
        JOIN boxes b ON b.key = a.box_key JOIN pipelines p ON p.key = b.pipeline_key
        WHERE {ctx.db.dialect.among("a.address", "addresses")} AND p.team_key = :team AND p.trashed_at IS NULL
        ORDER BY a.address, a.box_key
        """,
        addresses=ctx.db.texts(found),
        team=team_key,
    )
    return _grouped((row[0], row[1]) for row in rows)


def _changeable(ctx: Ctx, keys: set[str]) -> dict[str, Box]:
    """Those of the boxes that the actor may change."""
    among = ctx.db.dialect.among("key", "keys")
    rows = ctx.db.rows(f"SELECT {BOXES.columns} FROM boxes WHERE {among}", keys=ctx.db.texts(keys))
    found = {}
    for box in BOXES.load_all(rows):
        try:
            role = pipelines.reach(ctx, box.pipeline_key)[1]
        except NotFound:
            continue
        if access.allows(ctx, role, "BOX", "GET", box) and access.allows(ctx, role, "BOX", "UPDATE", box):
            found[box.key] = box
    return found
