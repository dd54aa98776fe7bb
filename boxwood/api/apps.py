"""Connected apps over HTTP: what an app asks for, the user's answer, and the list. The protocol is in `oauth`."""

from __future__ import annotations

from ..core.accounts import apps
from ..wire.shapes import apps as shapes
from ..wire.shapes.lists import SUCCESS, Results, Success
from .http.call import Call


def list_own(call: Call) -> Results[shapes.AppOut]:
    """The apps that you have connected, newest first."""
    limit, offset = call.page(1000)
    found = apps.list_own(call.ctx)[offset : offset + limit + 1]
    return Results([shapes.app(api_key, client) for api_key, client in found[:limit]], len(found) > limit)


def look(call: Call) -> shapes.AppRequestOut:
    """What an app asks for, before you answer."""
    given = call.parse(shapes.APP_REQUEST)
    return shapes.app_request(*apps.open_request(call.ctx, call.api.keys, given.get("request") or ""))


def allow(call: Call) -> shapes.AppAllowed:
    """Allow an app what it asks for, or less. An earlier connection of the same app ends.

    The browser then goes to `redirectUrl`, which gives the app a code for its tokens.
    """
    given = call.parse(shapes.APP_ALLOW)
    request, client = apps.open_request(call.ctx, call.api.keys, given.get("request") or "")
    api_key, code = apps.connect(call.ctx, request, client, given.get("access") or "", given.get("team_key") or None)
    return shapes.AppAllowed(shapes.app(api_key, client), request.answered(code=code))


def disconnect(call: Call) -> Success:
    """Disconnect an app. Its tokens stop working immediately."""
    apps.disconnect(call.ctx, call.path[0])
    return SUCCESS
