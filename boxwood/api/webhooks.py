"""Webhook subscriptions over HTTP."""

from __future__ import annotations

from ..core.webhooks import subscriptions
from ..wire.shapes import webhooks as shapes
from ..wire.shapes.lists import SUCCESS, Results, Success
from .http.call import Call


def get(call: Call) -> shapes.WebhookOut:
    """A webhook subscription."""
    return shapes.webhook(subscriptions.get(call.ctx, call.path[0]))


def list_of_pipeline(call: Call) -> Results[shapes.WebhookOut]:
    """The webhook subscriptions of a pipeline: all for users who may change it, and their own for other users."""
    limit, offset = call.page(1000)
    found = subscriptions.list_for_pipeline(call.ctx, call.path[0], limit=limit + 1, offset=offset)
    return Results([shapes.webhook(webhook) for webhook in found[:limit]], len(found) > limit)


def list_of_team(call: Call) -> Results[shapes.WebhookOut]:
    """The webhook subscriptions of a team: all of them for owners, and their own for other users."""
    limit, offset = call.page(1000)
    found = subscriptions.list_for_team(call.ctx, call.path[0], limit=limit + 1, offset=offset)
    return Results([shapes.webhook(webhook) for webhook in found[:limit]], len(found) > limit)


def create(call: Call) -> shapes.WebhookOut:
    """Create a webhook subscription: events of a pipeline or, with `teamKey`, of a team are sent to `targetUrl`.

    `secret`, by which deliveries are signed, is in this answer alone.
    """
    return _created(call, call.parse(shapes.WEBHOOK_CREATE))


def create_in_pipeline(call: Call) -> shapes.WebhookOut:
    """Create a webhook subscription for the pipeline in the path."""
    return _created(call, {**call.parse(shapes.WEBHOOK_CREATE), "pipeline_key": call.path[0]})


def create_in_team(call: Call) -> shapes.WebhookOut:
    """Create a webhook subscription for the team in the path."""
    return _created(call, {**call.parse(shapes.WEBHOOK_CREATE), "pipeline_key": None, "team_key": call.path[0]})


def _created(call: Call, given: dict[str, object]) -> shapes.WebhookOut:
    return shapes.webhook(subscriptions.create(call.ctx, given, call.rules, call.api.most_subscriptions), secret=True)


def edit(call: Call) -> shapes.WebhookOut:
    """Update a webhook subscription. `active` turns it on or off. An empty `token` removes the token."""
    return shapes.webhook(subscriptions.edit(call.ctx, call.path[0], call.parse(shapes.WEBHOOK_EDIT), call.rules))


def rotate(call: Call) -> shapes.WebhookOut:
    """Create a new `secret`, which only this response contains. For one day, deliveries are signed with both."""
    return shapes.webhook(subscriptions.rotate(call.ctx, call.path[0]), secret=True)


def delete(call: Call) -> Success:
    """Delete a webhook subscription. Deliveries that still wait are dropped."""
    subscriptions.delete(call.ctx, call.path[0])
    return SUCCESS
