"""Event subscriptions over HTTP."""

from __future__ import annotations

from ..core.webhooks import subscriptions
from ..wire.shapes import webhooks as shapes
from ..wire.shapes.lists import SUCCESS, Results, Success
from .http.call import Call


def get(call: Call) -> shapes.WebhookOut:
    """A subscription."""
    return shapes.webhook(subscriptions.get(call.ctx, call.path[0]))


def list_of_pipeline(call: Call) -> Results[shapes.WebhookOut]:
    """The subscriptions to a pipeline: everybody's for those who may change it, else one's own."""
    limit, offset = call.page(1000)
    found = subscriptions.list_for_pipeline(call.ctx, call.path[0], limit=limit + 1, offset=offset)
    return Results([shapes.webhook(webhook) for webhook in found[:limit]], len(found) > limit)


def list_of_team(call: Call) -> Results[shapes.WebhookOut]:
    """The subscriptions to a whole team: everybody's for its owners, else one's own."""
    limit, offset = call.page(1000)
    found = subscriptions.list_for_team(call.ctx, call.path[0], limit=limit + 1, offset=offset)
    return Results([shapes.webhook(webhook) for webhook in found[:limit]], len(found) > limit)


def create(call: Call) -> shapes.WebhookOut:
    """Have what happens sent to `targetUrl`, from a pipeline or, with `teamKey`, from all of a team.

    `secret`, by which deliveries are signed, is in this answer alone.
    """
    return _created(call, call.parse(shapes.WEBHOOK_CREATE))


def create_in_pipeline(call: Call) -> shapes.WebhookOut:
    """The same for the pipeline in the path."""
    return _created(call, {**call.parse(shapes.WEBHOOK_CREATE), "pipeline_key": call.path[0]})


def create_in_team(call: Call) -> shapes.WebhookOut:
    """The same for the team in the path."""
    return _created(call, {**call.parse(shapes.WEBHOOK_CREATE), "pipeline_key": None, "team_key": call.path[0]})


def _created(call: Call, given: dict[str, object]) -> shapes.WebhookOut:
    return shapes.webhook(subscriptions.create(call.ctx, given, call.rules, call.api.most_subscriptions), secret=True)


def edit(call: Call) -> shapes.WebhookOut:
    """Change what is named. `active` switches it off and on; an empty `token` removes it."""
    return shapes.webhook(subscriptions.edit(call.ctx, call.path[0], call.parse(shapes.WEBHOOK_EDIT), call.rules))


def rotate(call: Call) -> shapes.WebhookOut:
    """A new `secret`, in this answer alone. For a day deliveries are signed with both."""
    return shapes.webhook(subscriptions.rotate(call.ctx, call.path[0]), secret=True)


def delete(call: Call) -> Success:
    """End a subscription; what waits to be sent is dropped."""
    subscriptions.delete(call.ctx, call.path[0])
    return SUCCESS
