"""Mail that waits for a decision, blocked senders, and rules for mail over HTTP."""

from __future__ import annotations

from ..core.activity.mail import blocks, rules, suggestions
from ..wire.shapes import incoming_mail as shapes
from ..wire.shapes.lists import SUCCESS, Results, Success
from .http.call import Call

PAGE = 50


def list_suggestions(call: Call) -> Results[shapes.MailSuggestion]:
    """Mail that waits for your decision ("to be boxed"), newest first, 50 per page.

    Mail in your own mailbox that fits several boxes, and mail of the team's mailboxes that fits none.
    """
    limit, offset = call.page(PAGE)
    found = suggestions.page(call.ctx, limit=limit + 1, offset=offset)
    return Results([shapes.suggestion(each) for each in found[:limit]], len(found) > limit)


def get_suggestion(call: Call) -> shapes.MailSuggestion:
    """A mail that waits for your decision."""
    return shapes.suggestion(suggestions.get(call.ctx, call.path[0]))


def box_suggestion(call: Call) -> shapes.SuggestionBoxed:
    """Put the mail into boxes."""
    given = call.parse(shapes.SUGGESTION_BOX)
    return shapes.SuggestionBoxed(suggestions.box(call.ctx, call.path[0], given.get("box_keys") or []))


def dismiss_suggestion(call: Call) -> Success:
    """Leave the mail out of all boxes."""
    suggestions.dismiss(call.ctx, call.path[0])
    return SUCCESS


def list_blocks(call: Call) -> Results[shapes.MailBlockOut]:
    """The addresses and domains whose mail is never stored: your own blocks and those of your teams, 50 per page."""
    limit, offset = call.page(PAGE)
    found = blocks.page(call.ctx, limit=limit + 1, offset=offset)
    return Results([shapes.block(each) for each in found[:limit]], len(found) > limit)


def get_block(call: Call) -> shapes.MailBlockOut:
    """A blocked address or domain."""
    return shapes.block(blocks.get(call.ctx, call.path[0]))


def create_block(call: Call) -> shapes.MailBlockOut:
    """Block mail from an address or a domain. Mail that is stored already stays."""
    return shapes.block(blocks.create(call.ctx, call.parse(shapes.BLOCK_CREATE)))


def delete_block(call: Call) -> Success:
    """Allow mail from a blocked address or domain again."""
    blocks.delete(call.ctx, call.path[0])
    return SUCCESS


def list_rules(call: Call) -> list[shapes.MailRuleOut]:
    """The rules for mail of a pipeline, in the order in which they are tried."""
    return [shapes.rule(rule) for rule in rules.list_for_pipeline(call.ctx, call.path[0])]


def get_rule(call: Call) -> shapes.MailRuleOut:
    """A rule for mail."""
    return shapes.rule(rules.get(call.ctx, *call.path))


def create_rule(call: Call) -> shapes.MailRuleOut:
    """Add a rule: mail that fits it goes to a box, or becomes a new box. For users who may change the pipeline.

    Rules are tried after conversations and addresses of boxes, the oldest first.
    """
    return shapes.rule(rules.create(call.ctx, call.path[0], call.parse(shapes.RULE_CREATE)))


def delete_rule(call: Call) -> Success:
    """Delete a rule for mail."""
    rules.delete(call.ctx, *call.path)
    return SUCCESS
