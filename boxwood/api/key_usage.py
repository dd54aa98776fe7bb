"""What API keys were used for, over HTTP, and the least scopes that it needs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from ..core.accounts import api_keys
from ..core.accounts.key_usage import STORED, Used
from ..core.records import scopes
from ..lib.durations import DAY
from ..wire.shapes import key_usage as shapes
from ..wire.shapes.lists import Results
from .http.call import Call

DEFAULT_DAYS = 30
FREE_READS = {
    "/search": "boxes:read contacts:read organizations:read mail:read",
    "/search/matches": "*:read",
    "/events": "*:read",
    "/events/stream": "*:read",
    "/newsfeed": "*:read",
    "/pipelines/{pipeline}/newsfeed": "*:read",
    "/pipelines/{pipeline}/newsfeed/export/full": "*:read",
    "/trash": "*:write",
    "/trash/{trashed}": "*:write",
    "/trash/{trashed}/restore": "*:write",
    "/undo": "*:write",
}
"""What a key needs to get the same from a route that returns only what the key may see."""


def get(call: Call) -> shapes.KeyUsageOut:
    """What an API key was used for in the last `days` days (30, at most 90): its requests by day and by route and
    status, and the least scopes that would have allowed them.

    `parts` are the operations of batches. `throttled` are the requests with status 429.
    """
    api_key = api_keys.get_governed(call.ctx, call.path[0])
    days = call.number("days", DEFAULT_DAYS, least=1, most=STORED)
    since = call.ctx.now // DAY - days + 1
    counts = call.api.usage.counts(call.ctx.db, api_key.key, since)
    suggested, unlimited = suggestion(call, counts)
    return shapes.usage(counts, suggested, unlimited)


def list_requests(call: Call) -> Results[shapes.KeyRequestOut]:
    """The last 100 requests with an API key, newest first, without their queries and bodies."""
    api_key = api_keys.get_governed(call.ctx, call.path[0])
    found = call.api.usage.last_requests(call.ctx.db, api_key.key)
    return Results([shapes.request(request) for request in found], False)


def suggestion(call: Call, counts: Mapping[Used, int]) -> tuple[list[str], list[str]]:
    """The least scopes that allow what succeeded, and the routes that only a key without scopes may use."""
    routes = {f"{route.verb} {route.path}": route for route in call.router.routes}
    needed: Counter[str] = Counter()
    unlimited = set()
    for name in {used.route for used in counts if used.status < 400}:
        route = routes.get(name)
        if route is None or route.open:
            continue
        if route.needs is None:
            unlimited.add(name)
            continue
        for noun, level in (*route.needs, *_free(route.path)):
            needed[noun] = max(needed[noun], scopes.LEVELS.index(level) + 1)
    least = needed[scopes.ALL_NOUNS]
    order = (*scopes.NOUNS, scopes.ALL_NOUNS)
    kept = [noun for noun in order if needed[noun] > (0 if noun == scopes.ALL_NOUNS else least)]
    return [f"{noun}:{scopes.LEVELS[needed[noun] - 1]}" for noun in kept], sorted(unlimited)


def _free(path: str) -> Iterable[tuple[str, str]]:
    for scope in FREE_READS.get(path[len("/v1") :], "").split():
        noun, _, level = scope.partition(":")
        yield noun, level
