"""Tools that read."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec

from . import shown
from .arguments import WrongArgument
from .operations import Operations, Refused, perform
from .paths import at

Given = dict[str, Any]
LIMIT = 25
MOST_MATCHES = 100
"""The most results of each noun that a search returns."""
MOST_TOKENS = 8000


async def _get(operations: Operations, path: str, **query: Any) -> Any:
    return (await perform(operations, "GET", path, query)).json()


async def search(operations: Operations, given: Given) -> Any:
    limit = min(given.get("limit", LIMIT), MOST_MATCHES)
    found = await _get(
        operations, "/v2/search/matches", query=given["query"], pipelineKey=given.get("pipeline"), limit=limit
    )
    names = await _names_of_stages(operations) if any("pipelineKey" in each for each in found["results"]) else {}
    return shown.found(found, names)


async def _names_of_stages(operations: Operations) -> dict[tuple[str, str], tuple[str, str]]:
    """The names of each pipeline and stage, by their keys. Empty for a connection that may not read pipelines."""
    try:
        pipelines = (await _get(operations, "/v2/pipelines", counts="false", limit=1000))["results"]
    except Refused:
        return {}
    return {
        (pipeline["key"], key): (pipeline["name"], stage["name"])
        for pipeline in pipelines
        for key, stage in pipeline["stages"].items()
    }


async def list_boxes(operations: Operations, given: Given) -> Any:
    path = at("/v2/pipelines/{}/boxes", pipeline=given["pipeline"])
    found = await _get(
        operations,
        path,
        stageKey=given.get("stage"),
        filter=msgspec.json.encode(given["filter"]).decode() if "filter" in given else None,
        sort=given.get("sort", "-lastUpdatedTimestamp"),
        limit=given.get("limit", LIMIT),
        cursor=given.get("cursor"),
        names="true",
    )
    boxes = {"boxes": [shown.box(box) for box in found["results"]]}
    return {**boxes, "cursor": found["cursor"]} if found.get("cursor") else boxes


async def list_tasks(operations: Operations, given: Given) -> Any:
    found = await _get(
        operations,
        "/v2/tasks",
        direction="asc" if given.get("upcoming") else "desc",
        includeCompleted="true" if given.get("includeDone") else None,
        userKeys=",".join(given["users"]) if given.get("users") else None,
        pipelineKey=given.get("pipeline"),
        limit=given.get("limit", LIMIT),
    )
    return {"tasks": [shown.task(task) for task in found["results"]]}


_NOUNS = {
    "b": "/v1/boxes/{}",
    "c": "/v2/contacts/{}",
    "o": "/v2/organizations/{}",
    "d": "/v2/tasks/{}",
    "r": "/v2/comments/{}",
    "m": "/v2/meetings/{}",
    "h": "/v1/threads/{}",
    "e": "/v2/messages/{}",
    "p": "/v2/pipelines/{}",
}
"""The path of a thing by the first letter of its key."""
_SHORT = {"b": shown.box, "c": shown.entry, "o": shown.entry, "d": shown.task, "p": shown.pipeline}
_WITH_HISTORY = ("b", "c", "o", "p")


async def read(operations: Operations, given: Given) -> Any:
    key = given["key"]
    noun = key[:1]
    if noun not in _NOUNS or key[1:2] != "-":
        raise WrongArgument(
            f"key: {key[:100]!r} is no key: use `search` or `list_boxes` to find one, such as b-OiCNbe…"
        )
    path = at(_NOUNS[noun], key=key)
    history = given.get("history", 0)
    if history and noun not in _WITH_HISTORY:
        raise WrongArgument("history: only boxes, contacts, organizations and pipelines have one: leave it out")
    changes = await _history(operations, path, history) if history else []
    if noun == "b" and given.get("format", "markdown") == "markdown":
        most = given.get("maxTokens", MOST_TOKENS)
        document = (await perform(operations, "GET", f"{path}/md", {"maxTokens": most})).body.decode()
        return document if not changes else f"{document}\n## History\n\n{_lines(changes)}\n"
    found = await _any(operations, path, noun)
    short = _SHORT[noun](found) if noun in _SHORT else found
    return {**short, "history": changes} if changes else short


async def _any(operations: Operations, path: str, noun: str) -> Any:
    try:
        return await _get(operations, path, **({"names": "true"} if noun == "b" else {}))
    except Refused as refused:
        if noun == "r" and refused.status == 404:
            return await _get(operations, path.replace("/comments/", "/proposals/"))
        raise


async def _history(operations: Operations, path: str, limit: int) -> list[shown.Json]:
    found = await _get(operations, f"{path.replace('/v1/', '/v2/')}/history", limit=limit)
    return [shown.change(each) for each in found["results"]]


def _lines(changes: list[shown.Json]) -> str:
    return "\n".join(f"- {each.get('when')} {each.get('what')} (change {each.get('change')})" for each in changes)


async def describe_pipelines(operations: Operations, given: Given) -> Any:
    if name := given.get("pipeline"):
        return shown.pipeline(await _get(operations, at("/v2/pipelines/{}", pipeline=name)), counts=True)
    me = await _get(operations, "/v1/users/me")
    teams = await _get(operations, "/v2/users/me/teams", limit=100)
    pipelines = await _get(operations, "/v2/pipelines", counts="false", limit=200)
    overview = [shown.pipeline(pipeline) for pipeline in pipelines["results"]]
    return {
        "me": {"key": me["key"], "email": me["email"], "name": me.get("displayName")},
        "teams": [shown.team(team) for team in teams["results"]],
        "pipelines": [{k: v for k, v in pipeline.items() if k != "fields"} for pipeline in overview],
    }


_ONLY_FOR = {"by": ("totals",), "sums": ("totals", "over-time"), "interval": ("over-time",)}


async def report(operations: Operations, given: Given) -> Any:
    kind = given["kind"]
    for name, kinds in _ONLY_FOR.items():
        if name in given and kind not in kinds:
            raise WrongArgument(f"{name}: is for the report {' or '.join(kinds)}, not {kind!r}: leave it out")
    path = at("/v2/pipelines/{}/reports/", pipeline=given["pipeline"]) + kind
    return await _get(
        operations,
        path,
        **{
            "filter": msgspec.json.encode(given["filter"]).decode() if "filter" in given else None,
            "from": _day(given, "from"),
            "to": _day(given, "to"),
            "by": given.get("by", "stage") if kind == "totals" else None,
            "sums": ",".join(given["sums"]) if "sums" in given else None,
            "interval": given.get("interval"),
        },
    )


def _day(given: Given, name: str) -> int | None:
    if name not in given:
        return None
    try:
        day = datetime.fromisoformat(given[name])
    except ValueError:
        raise WrongArgument(f"{name}: must be a day such as 2026-01-31, not {given[name][:50]!r}") from None
    return int((day if day.tzinfo else day.replace(tzinfo=UTC)).timestamp() * 1000)
