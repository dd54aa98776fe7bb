"""What API keys were used for, on the wire."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from ...core.accounts.key_usage import KeyRequest, Used
from ...lib import dates
from ...lib.durations import DAY
from .base import Out

THROTTLED = 429


class KeyDay(Out, omit_defaults=False):
    """The requests of a day in UTC, such as `2026-01-05`. `failed` are those with a status from 400 on."""

    day: str
    requests: int
    failed: int
    throttled: int


class KeyRoute(Out, omit_defaults=False):
    """The requests of a route with one status. `part` is true for operations of batches."""

    route: str
    status: int
    part: bool
    requests: int


class KeyUsageOut(Out, omit_defaults=False):
    """`requests`, `failed` and `throttled` leave out the operations of batches, which are `parts`. `unlimitedRoutes`
    are the used routes that need a key without scopes."""

    requests: int
    failed: int
    throttled: int
    parts: int
    days: list[KeyDay]
    routes: list[KeyRoute]
    suggested_scopes: list[str]
    unlimited_routes: list[str]


class KeyRequestOut(Out, omit_defaults=False):
    """`duration` is in milliseconds. `id` is the `X-Request-Id` of the answer, and `address` the client's."""

    id: str
    timestamp: int
    method: str
    route: str
    path: str
    status: int
    duration: float
    address: str


def usage(counts: Mapping[Used, int], suggested: list[str], unlimited: list[str]) -> KeyUsageOut:
    days: dict[int, Counter[str]] = {}
    routes: Counter[tuple[str, int, bool]] = Counter()
    parts = 0
    for used, count in counts.items():
        routes[used.route, used.status, used.part] += count
        if used.part:
            parts += count
            continue
        day = days.setdefault(used.day, Counter())
        day["requests"] += count
        day["failed"] += count if used.status >= 400 else 0
        day["throttled"] += count if used.status == THROTTLED else 0
    return KeyUsageOut(
        requests=sum(day["requests"] for day in days.values()),
        failed=sum(day["failed"] for day in days.values()),
        throttled=sum(day["throttled"] for day in days.values()),
        parts=parts,
        days=[
            KeyDay(dates.to_datetime(day * DAY).date().isoformat(), of["requests"], of["failed"], of["throttled"])
            for day, of in sorted(days.items())
        ],
        routes=[
            KeyRoute(route, status, part, count)
            for (route, status, part), count in sorted(routes.items(), key=lambda pair: (-pair[1], pair[0]))
        ],
        suggested_scopes=suggested,
        unlimited_routes=unlimited,
    )


def request(request: KeyRequest) -> KeyRequestOut:
    return KeyRequestOut(
        id=request.id,
        timestamp=request.at,
        method=request.method,
        route=request.route,
        path=request.path,
        status=request.status,
        duration=request.ms,
        address=request.address,
    )
