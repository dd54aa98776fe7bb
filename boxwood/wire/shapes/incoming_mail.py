"""Mail that waits for a decision, blocked senders and rules for mail on the wire."""

from __future__ import annotations

import msgspec

from ...core.activity.mail.blocks import ADDRESS, MailBlock
from ...core.activity.mail.records import SHARES
from ...core.activity.mail.rules import FROM, SUBJECT, TO, MailRule
from ...core.activity.mail.suggestions import ShownSuggestion
from ..codec import Shape
from ..kinds import FLAG, KEY, NAME, NAMES, one_of
from .people import Out, given
from .threads import Correspondent, correspondent

THREAD_SHARE = Shape(
    "ThreadShare",
    required=("share",),
    share=one_of(*SHARES),
    described={
        "share": "What other users who see the box see: all; no text and no files; also no subject; or nothing."
    },
)
THREAD_BOX = Shape(
    "ThreadBox",
    required=("box_key",),
    box_key=KEY,
    move=FLAG,
    described={"move": "true removes the conversation from the box that has it now."},
)
THREAD_SPLIT = Shape(
    "ThreadSplit",
    required=("message_keys",),
    message_keys=NAMES,
    described={"message_keys": "The messages that begin a conversation of their own. At least one other must stay."},
)
SUGGESTION_BOX = Shape("SuggestionBox", required=("box_keys",), box_keys=NAMES, aliases={"boxKey": "box_keys"})
BLOCK_CREATE = Shape(
    "MailBlockCreate",
    address=NAME,
    domain=NAME,
    team_key=KEY,
    for_team=FLAG,
    described={
        "address": "An e-mail address. Give this or `domain`.",
        "domain": "A domain with its subdomains.",
        "team_key": "Default: your oldest team.",
        "for_team": "true blocks it for all mailboxes of the team; for owners of the team.",
    },
)
RULE_CREATE = Shape(
    "MailRuleCreate",
    {"from": NAME, "to": NAME, "subject": NAME},
    box_key=KEY,
    stage_key=KEY,
    described={
        "from": "An address, or a domain with its subdomains. Give one of `from`, `to` and `subject`.",
        "to": "An address or a domain of a recipient.",
        "subject": "A text that the subject contains, in any case.",
        "box_key": "The box that gets the mail. Without it, each new conversation becomes a box.",
        "stage_key": "The stage of new boxes. Default: the first.",
    },
)


class SuggestedBox(Out, omit_defaults=False):
    key: str
    name: str
    pipeline_key: str
    stage_key: str


class MailSuggestion(Out, omit_defaults=False):
    """A mail that waits for a decision. Of mail in your own mailbox, which is not stored, subject and people are there
    as long as the mailbox can be read."""

    key: str
    team_key: str
    mailbox_key: str
    creation_timestamp: int
    boxes: list[SuggestedBox]
    """The boxes that fit, as far as you can access them."""
    stored: bool
    """Whether the mail is stored: of mailboxes of the team, but not of your own."""
    folder: str | msgspec.UnsetType = msgspec.UNSET
    uidvalidity: int | msgspec.UnsetType = msgspec.UNSET
    uid: int | msgspec.UnsetType = msgspec.UNSET
    """Where mail that is not stored is in your mailbox: read its headers with `/v2/mailboxes/{mailbox}/headers`."""
    subject: str | msgspec.UnsetType = msgspec.UNSET
    from_: Correspondent | msgspec.UnsetType = msgspec.field(name="from", default=msgspec.UNSET)
    to: list[Correspondent] | msgspec.UnsetType = msgspec.UNSET
    timestamp: int | msgspec.UnsetType = msgspec.UNSET
    """When it was sent."""
    snippet: str | msgspec.UnsetType = msgspec.UNSET
    """The beginning of the text."""


MOST_SNIPPET = 200


def suggestion(shown: ShownSuggestion) -> MailSuggestion:
    it, mail = shown.suggestion, shown.mail
    found = MailSuggestion(
        key=it.key,
        team_key=it.team_key,
        mailbox_key=it.mailbox_key,
        creation_timestamp=it.created_at,
        boxes=[SuggestedBox(box.key, box.name, box.pipeline_key, box.stage_key) for box in shown.boxes],
        stored=mail is not None,
    )
    if mail is None:
        found.folder, found.uidvalidity, found.uid = given(it.folder), given(it.uidvalidity), given(it.uid)
    else:
        found.subject = mail.subject
        found.from_ = correspondent(mail.sender)
        found.to = [correspondent(each) for each in [*mail.recipients, *mail.cc]]
        found.timestamp = mail.sent_at
        found.snippet = " ".join(mail.text[: 5 * MOST_SNIPPET].split())[:MOST_SNIPPET]
    return found


class SuggestionBoxed(Out, omit_defaults=False):
    message_keys: list[str]
    """The messages on the boxes. Empty if the mail is fetched from your mailbox first, which takes some seconds."""


class MailBlockOut(Out, omit_defaults=False):
    key: str
    team_key: str
    for_team: bool
    creator_key: str
    creation_timestamp: int
    address: str | msgspec.UnsetType = msgspec.UNSET
    domain: str | msgspec.UnsetType = msgspec.UNSET


def block(block: MailBlock) -> MailBlockOut:
    return MailBlockOut(
        key=block.key,
        team_key=block.team_key,
        for_team=block.user_key is None,
        creator_key=block.creator_key,
        creation_timestamp=block.created_at,
        address=block.value if block.kind == ADDRESS else msgspec.UNSET,
        domain=block.value if block.kind != ADDRESS else msgspec.UNSET,
    )


class MailRuleOut(Out, omit_defaults=False):
    key: str
    pipeline_key: str
    creator_key: str
    creation_timestamp: int
    from_: str | msgspec.UnsetType = msgspec.field(name="from", default=msgspec.UNSET)
    to: str | msgspec.UnsetType = msgspec.UNSET
    subject: str | msgspec.UnsetType = msgspec.UNSET
    box_key: str | msgspec.UnsetType = msgspec.UNSET
    stage_key: str | msgspec.UnsetType = msgspec.UNSET


def rule(rule: MailRule) -> MailRuleOut:
    def condition(member: str) -> str | msgspec.UnsetType:
        return rule.value if rule.member == member else msgspec.UNSET

    return MailRuleOut(
        key=rule.key,
        pipeline_key=rule.pipeline_key,
        creator_key=rule.creator_key,
        creation_timestamp=rule.created_at,
        from_=condition(FROM),
        to=condition(TO),
        subject=condition(SUBJECT),
        box_key=given(rule.box_key),
        stage_key=given(rule.stage_key),
    )
