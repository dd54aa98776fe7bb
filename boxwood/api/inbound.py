"""Inbound webhooks over HTTP: creating them, and looking at the requests they received. `api/inbound_door` receives."""

from __future__ import annotations

from typing import Any

from ..core.people import endpoint_quota
from ..core.webhooks import inbound_endpoints, inbound_requests
from ..core.webhooks.inbound_endpoints import Endpoint
from ..wire import inbound as wire
from ..wire.shapes import inbound as shapes
from ..wire.shapes.lists import SUCCESS, Results, Success
from .http.call import Call


def get(call: Call) -> shapes.InboundOut:
    """An inbound webhook."""
    return _shown(call, inbound_endpoints.get(call.ctx, call.path[0]))


def list_of_pipeline(call: Call) -> Results[shapes.InboundOut]:
    """The inbound webhooks of a pipeline: all for users who may change it, and their own for other users."""
    return _page(call, call.path[0], None)


def list_of_team(call: Call) -> Results[shapes.InboundOut]:
    """The inbound webhooks of a team: all of them for owners, and their own for other users."""
    return _page(call, None, call.path[0])


def create_in_pipeline(call: Call) -> shapes.InboundOut:
    """Create an inbound webhook: a URL that other programs call to start automations of a pipeline.

    `url` and `secret` are in this answer alone. It takes one of the team's native endpoints.
    """
    return _created(call, call.path[0], None)


def create_in_team(call: Call) -> shapes.InboundOut:
    """Create an inbound webhook that starts automations of a team."""
    return _created(call, None, call.path[0])


def edit(call: Call) -> shapes.InboundOut:
    """Update an inbound webhook.

    If the secret changes, only this response contains it. The previous secret stays valid for one day.
    """
    before = inbound_endpoints.get(call.ctx, call.path[0])
    after = inbound_endpoints.edit(call.ctx, call.path[0], call.parse(shapes.INBOUND_EDIT))
    return _shown(call, after, secret=after.secret != before.secret)


def rotate(call: Call) -> shapes.InboundOut:
    """Create a new URL, which only this response contains. The previous URLs stay valid for one day, or for
    `overlap`."""
    overlap = call.parse(shapes.INBOUND_ROTATE).get("overlap")
    endpoint, token = inbound_endpoints.rotate(call.ctx, call.path[0], overlap)
    return _shown(call, endpoint, token=token)


def end_token(call: Call) -> shapes.InboundOut:
    """End one of the tokens: requests with it fail from now on."""
    return _shown(call, inbound_endpoints.end_token(call.ctx, *call.path))


def delete(call: Call) -> Success:
    """Delete an inbound webhook and the requests it received."""
    inbound_endpoints.delete(call.ctx, call.path[0])
    return SUCCESS


def list_requests(call: Call) -> Results[shapes.ArrivalOut]:
    """The requests to an inbound webhook, newest first: the last 100 accepted and the last 100 not accepted."""
    limit, offset = call.page(100)
    found = inbound_requests.list_for_endpoint(call.ctx, call.path[0], limit=limit + 1, offset=offset)
    return Results([shapes.arrival(arrival) for arrival in found[:limit]], len(found) > limit)


def get_request(call: Call) -> shapes.ArrivalOut:
    """A request with its query, headers and body."""
    return shapes.arrival(inbound_requests.get(call.ctx, *call.path), whole=True)


def run_again(call: Call) -> shapes.ArrivalOut:
    """Process a request again: it starts its automations again."""
    endpoint, request = call.path
    return shapes.arrival(inbound_requests.run_again(call.ctx, endpoint, request, wire.content_of), whole=True)


def list_endpoints(call: Call) -> shapes.AllowanceOut:
    """What uses the endpoint quota of the team: inbound webhooks, and webhook steps of automations.

    `used` is the number of all; `results` has only those that you may see.
    """
    uses, used = endpoint_quota.list_uses(call.ctx, call.path[0])
    return shapes.allowance(uses, used, call.api.most_endpoints)


def _shown(call: Call, endpoint: Endpoint, **more: Any) -> shapes.InboundOut:
    base = call.base_url if more.get("token") else ""
    return shapes.endpoint(endpoint, inbound_endpoints.tokens(call.ctx, endpoint), base=base, **more)


def _page(call: Call, pipeline_key: str | None, team_key: str | None) -> Results[shapes.InboundOut]:
    limit, offset = call.page(1000)
    found = inbound_endpoints.list_in(call.ctx, pipeline_key, team_key, limit=limit + 1, offset=offset)
    return Results([_shown(call, endpoint) for endpoint in found[:limit]], len(found) > limit)


def _created(call: Call, pipeline_key: str | None, team_key: str | None) -> shapes.InboundOut:
    given = call.parse(shapes.INBOUND_CREATE)
    endpoint, token = inbound_endpoints.create(call.ctx, pipeline_key, team_key, given, call.api.most_endpoints)
    return _shown(call, endpoint, secret=True, token=token)
